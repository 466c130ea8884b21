"""A file is looked at with the normals and tangents that it states."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapes import sphere_mesh

from bench.viewed import viewed
from relicscan.delivery.glb import write_glb
from relicscan.formats.images import png_of
from relicscan.geometry.tangents import corner_tangents
from relicscan.relic import Material, Mesh

UP = np.array([0.6, 0.0, 0.8])


def ball(*, mapped: bool = False) -> Mesh:
    """A ball of 40 mm whose normals all point one way, which no triangle says."""
    mesh = sphere_mesh(40.0)
    uv = 0.5 + mesh.vertices[mesh.faces][..., :2] / 100
    flat = png_of(np.full((8, 8, 3), (128, 128, 255), np.uint8), "flat")
    return replace(
        mesh,
        normals=np.tile(UP, (len(mesh.vertices), 1)),
        corner_uv=uv,
        materials=(Material(texture=flat, normal=flat if mapped else None),),
    )


def write(path: Path, mesh: Mesh, geometry: str) -> Path:
    metres = np.diag([0.001, 0.001, 0.001, 1.0])
    write_glb(path, mesh, T_model_mesh=metres, generator="test", geometry=geometry)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(("geometry", "most_off_deg"), [("plain", 1e-3), ("meshopt", 1.0)])
def test_normals_are_the_files_and_not_the_triangles(
    tmp_path: Path, geometry: str, most_off_deg: float
) -> None:
    shown = viewed(write(tmp_path / "ball.glb", ball(), geometry))
    assert shown.as_read.normals is None
    assert shown.tangents is None
    assert shown.mesh.normals is not None
    off = np.degrees(np.arccos(np.clip(shown.mesh.normals @ UP, -1, 1)))
    assert off.max() < most_off_deg
    corners = [m.vertices[m.faces] for m in (shown.mesh, shown.as_read)]
    assert np.array_equal(corners[0], corners[1])


def test_what_is_put_elsewhere_takes_its_normals_and_tangents_along(tmp_path: Path) -> None:
    path = write(tmp_path / "ball.glb", ball(mapped=True), "plain")
    quarter = np.array([[0.0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 1, 7], [0, 0, 0, 1]])
    quarter[:3, :3] *= 1000
    here, there = viewed(path), viewed(path, quarter)
    assert np.linalg.norm(there.mesh.vertices - [5, 6, 7], axis=1) == pytest.approx(40, abs=0.01)
    assert here.mesh.normals is not None
    assert there.mesh.normals is not None
    assert np.allclose(there.mesh.normals, [0.0, 0.6, 0.8], atol=1e-5)
    assert here.tangents is not None
    assert there.tangents is not None
    x, y, z, w = np.moveaxis(here.tangents, -1, 0)
    assert np.allclose(there.tangents, np.stack([-y, x, z, w], axis=-1), atol=1e-6)
    made = corner_tangents(here.mesh)
    assert np.einsum("fck,fck->fc", made, here.tangents).min() > 1.999


def test_more_than_one_primitive_is_refused(tmp_path: Path) -> None:
    mesh = ball()
    two = replace(
        mesh,
        materials=(*mesh.materials, Material("other")),
        face_material=np.arange(len(mesh.faces)) % 2,
    )
    with pytest.raises(ValueError, match="more than one primitive"):
        viewed(write(tmp_path / "two.glb", two, "plain"))
