"""What lies in a relic's folder at the end, and that it can be read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relicscan import formats
from relicscan.delivery.outputs import write_outputs
from relicscan.metadata.canonical import file_sha256
from relicscan.relic import Level, Material, Mesh, Relic
from tests.delivery.glb_shapes import cube, painted, texture


def test_a_textured_master_is_whole(tmp_path: Path) -> None:
    mesh = painted(Material("glaze", texture=texture("jpeg", (16, 8))))
    relic = Relic("cube", mesh=mesh, levels=(Level("low", 40, mesh),))
    master, levels, files = write_outputs(relic, tmp_path)
    assert [f.path for f in files] == ["master/texture-0.jpeg"]
    assert mesh.materials[0].texture is not None
    assert (tmp_path / files[0].path).read_bytes() == mesh.materials[0].texture.data
    again = formats.read(tmp_path / master.path)[0].geometry
    assert isinstance(again, Mesh)
    assert again.textured
    assert np.allclose(again.corner_uv, mesh.corner_uv, atol=1e-6)
    for record in (master, *levels, *files):
        assert record.sha256 == file_sha256(tmp_path / record.path)


def test_without_textures_there_are_none(tmp_path: Path) -> None:
    relic = Relic("cube", mesh=cube(), levels=(Level("low", 40, cube()),))
    master, levels, files = write_outputs(relic, tmp_path)
    assert files == []
    assert master.triangles == levels[0].triangles == 12
    assert sorted(p.name for p in tmp_path.rglob("*.*")) == ["low.glb", "mesh.ply"]
