"""build_levels: ceilings are kept, coarse to fine, each dressed from the full surface."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from shapes import mesh_relic, sphere_mesh, volume

from relicscan.errors import StageError
from relicscan.relic import Mesh
from relicscan.stages.build_levels import DEFAULT_CEILINGS, build_levels


def test_levels_come_from_coarse_to_fine_under_their_ceilings() -> None:
    ball = sphere_mesh(rows=100, columns=200)
    after = build_levels(mesh_relic(ball), ceilings={"high": 10_000, "thumb": 500, "low": 2000})
    assert [(level.name, level.ceiling) for level in after.levels] == [
        ("thumb", 500),
        ("low", 2000),
        ("high", 10_000),
    ]
    for level in after.levels:
        assert 0.95 * level.ceiling <= len(level.mesh.faces) <= level.ceiling
        outward = level.mesh.vertices / np.linalg.norm(level.mesh.vertices, axis=1, keepdims=True)
        cosine = np.einsum("ij,ij->i", level.mesh.normals, outward)
        assert cosine.min() > 0.97
        np.testing.assert_allclose(np.linalg.norm(level.mesh.normals, axis=1), 1, atol=1e-6)
    volumes = [volume(level.mesh) for level in after.levels]
    assert volumes == sorted(volumes), "the coarser, the smaller"
    assert volumes[-1] == pytest.approx(volume(ball), rel=1e-3)
    assert after.mesh is ball or np.array_equal(after.mesh.faces, ball.faces)
    assert not after.warnings


def test_a_scan_with_fewer_triangles_keeps_what_it_has() -> None:
    ball = sphere_mesh()
    after = build_levels(mesh_relic(ball))
    assert [level.name for level in after.levels] == ["thumb", "low", "medium", "high"]
    assert [level.ceiling for level in after.levels] == list(DEFAULT_CEILINGS.values())
    for level in after.levels:
        np.testing.assert_array_equal(level.mesh.faces, ball.faces)


def test_colours_do_not_wash_out_from_level_to_level() -> None:
    ball = sphere_mesh(rows=80, columns=160)
    up = ball.vertices[:, 2:] > 0
    colors = np.where(up, [255, 255, 255], [0, 0, 0])
    ceilings = {f"l{i}": 11_000 - 1000 * i for i in range(10)}
    after = build_levels(mesh_relic(replace(ball, colors=colors)), ceilings=ceilings)
    coarsest = after.levels[0].mesh
    sure = np.abs(coarsest.vertices[:, 2]) > 2.01  # a row of the full surface
    np.testing.assert_array_equal(
        coarsest.colors[sure], np.where(coarsest.vertices[sure, 2:] > 0, [255] * 3, [0] * 3)
    )


def test_a_ceiling_that_cannot_be_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["relicscan.stages.build_levels"]
    monkeypatch.setattr(module, "bare", lambda mesh, ceiling: mesh)
    after = build_levels(mesh_relic(sphere_mesh()), ceilings={"thumb": 100})
    assert "level thumb has 6,240 triangles, over its ceiling of 100" in after.warnings[0]


def test_a_surface_that_vanishes_is_refused() -> None:
    nothing = Mesh(np.zeros((3, 3)), [[0, 1, 2]] * 40)
    with pytest.raises(StageError, match="nothing is left of the surface at 10 triangles"):
        build_levels(mesh_relic(nothing), ceilings={"thumb": 10})


def test_what_cannot_collapse_stays_and_is_told() -> None:
    spine = [[0, 0, 0], [0, 0, 1]]
    pages = [[np.cos(a), np.sin(a), 0] for a in np.linspace(0, 6, 40)]
    book = Mesh([*spine, *pages], [[0, 1, 2 + i] for i in range(40)])
    after = build_levels(mesh_relic(book), ceilings={"thumb": 10})
    assert len(after.levels[0].mesh.faces) == 40
    assert "level thumb has 40 triangles, over its ceiling of 10" in after.warnings[0]
