"""What lies in a relic's folder at the end, and that it can be read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan import formats
from relicscan.delivery.outputs import (
    levels_as_they_are,
    write_master,
    write_models,
    write_pictures,
)
from relicscan.delivery.sources import Sources
from relicscan.delivery.target import Target, TargetLevel
from relicscan.delivery.usdz import what_is_missing
from relicscan.metadata.canonical import file_sha256
from relicscan.metadata.figures import DifferenceRecord
from relicscan.relic import Level, Material, Mesh, Relic
from tests.delivery.glb_shapes import cube, painted, texture


def test_a_textured_master_is_whole(tmp_path: Path) -> None:
    mesh = painted(Material("glaze", texture=texture("jpeg", (16, 8))))
    master, files = write_master(Relic("cube", mesh=mesh), tmp_path)
    assert [f.path for f in files] == ["master/texture-0.jpeg"]
    assert mesh.materials[0].texture is not None
    assert (tmp_path / files[0].path).read_bytes() == mesh.materials[0].texture.data
    again = formats.read(tmp_path / master.path)[0].geometry
    assert isinstance(again, Mesh)
    assert again.textured
    assert np.allclose(again.corner_uv, mesh.corner_uv, atol=1e-6)
    for record in (master, *files):
        assert record.sha256 == file_sha256(tmp_path / record.path)


def relic_of(mesh: Mesh) -> Relic:
    return Relic("cube", mesh=mesh, levels=(Level("low", 40, mesh), Level("high", 400, mesh)))


def test_without_targets_each_level_is_delivered_as_it_is(tmp_path: Path) -> None:
    relic = relic_of(cube())
    made = write_models(Sources(relic), [levels_as_they_are(relic)], tmp_path)
    assert [level.path for level in made.levels] == ["web/low.glb", "web/high.glb"]
    assert [level.ceiling for level in made.levels] == [40, 400]
    assert [level.surface for level in made.levels] == ["high", "high"], "they are one mesh"
    assert made.files == []
    for level in made.levels:
        assert level.triangles == 12
        assert level.sha256 == file_sha256(tmp_path / level.path)
        assert level.difference is None
        assert level.texture_side is None


def test_a_target_says_what_each_model_is_and_why(tmp_path: Path) -> None:
    mesh = painted(Material("glaze", texture=texture("jpeg", (16, 8))))
    level = TargetLevel(
        name="one", screen_px=64, max_difference=0.5, max_bytes=10_000, prefer="smallest"
    )
    target = Target(name="house", description="-", images="jpeg", usdz=True, level=(level,))
    made = write_models(Sources(relic_of(mesh)), [target], tmp_path)
    (record,) = made.levels
    assert (record.target, record.name, record.path) == ("house", "one", "house/one.glb")
    assert record.bytes == (tmp_path / record.path).stat().st_size <= 10_000
    assert record.texture_side is not None
    assert record.difference is not None
    assert record.difference.screen_px == 64
    assert record.difference.shaded.flip <= record.difference.threshold_flip == 0.5
    assert record.difference.passes is True
    with pytest.raises(ValueError, match="must follow"):
        DifferenceRecord(**{**dict(record.difference), "passes": False})
    assert record.unmet == ()
    assert record.decided is not None
    assert "0.5" in record.decided
    if what_is_missing() is None:
        assert [file.path for file in made.files] == ["house/one.usdz"]
        assert made.files[0].sha256 == file_sha256(tmp_path / "house/one.usdz")
    else:
        assert "usd-core" in made.warnings[0]


def test_the_number_of_threads_changes_no_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Levels are solved side by side, and share what they are solved from."""
    mesh = painted(Material("glaze", texture=texture("png", (64, 64))))
    levels = tuple(
        TargetLevel(name=name, screen_px=px, max_difference=0.5, max_triangles=most)
        for name, px, most in (("a", 64, 12), ("b", 96, 400), ("c", 64, None))
    )
    targets = [
        Target(name=name, description="-", images="webp", geometry=geometry, level=levels)
        for name, geometry in (("one", "meshopt"), ("two", "plain"))
    ]
    made = {}
    for count in ("1", "3"):
        monkeypatch.setenv("RELICSCAN_THREADS", count)
        folder = tmp_path / count
        folder.mkdir()
        made[count] = write_models(Sources(relic_of(mesh)), targets, folder).levels
    assert [level.path for level in made["1"]] == [
        f"{t}/{n}.glb" for t in ("one", "two") for n in "abc"
    ]
    assert made["1"] == made["3"]


def test_pictures_are_listed_with_their_sums(tmp_path: Path) -> None:
    records = write_pictures(relic_of(cube()), tmp_path)
    assert {record.path for record in records} == {
        path.relative_to(tmp_path).as_posix() for path in (tmp_path / "preview").iterdir()
    }
    assert {"preview/poster.webp", "preview/turn-7.webp"} <= {record.path for record in records}
    assert all(record.sha256 == file_sha256(tmp_path / record.path) for record in records)
