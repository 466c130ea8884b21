"""Our chain runs what the pipeline says and ends in the scan's own coordinates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shapes import sphere_mesh

from bench.chain import laps
from bench.chain_ours import run, until, until_surface
from bench.even import noisy_scan
from bench.scan import RELIC_TOML
from relicscan.formats.ply import write_cloud
from relicscan.pipeline import read_pipeline
from relicscan.relic import Mesh, PointCloud


def test_the_pipeline_ends_with_the_surface_or_before_its_levels() -> None:
    whole = read_pipeline("web")
    for before, product in ((until_surface(whole), "atlas"), (until(whole, "levels"), "levels")):
        assert before.stages == whole.stages[: len(before.stages)]
        assert product in whole.stages[len(before.stages)].stage.makes
        assert until_surface(before) == until_surface(whole)
    assert not any("textures" in p.stage.makes for p in until_surface(whole).stages)
    assert any("textures" in p.stage.makes for p in until(whole, "levels").stages)


def test_laps_add_up() -> None:
    ticks, work = iter([0.0, 1.0, 3.0, 6.0]), iter([0.0, 2.0, 2.5, 3.5])
    lap, took = laps(lambda: next(ticks), lambda: next(work))
    for step in ("read", "solve", "read"):
        lap(step)
    assert took == {"read": (4.0, 3.0), "solve": (2.0, 0.5)}


def test_ours_ends_where_the_scan_is(tmp_path: Path) -> None:
    ball = sphere_mesh(40.0)
    truth = Mesh(ball.vertices, ball.faces, colors=np.full(ball.vertices.shape, 90, np.uint8))
    scan = noisy_scan(truth, 30_000)
    moved = PointCloud(np.add(scan.points, [500.0, -200.0, 90.0]), colors=scan.colors)
    write_cloud(tmp_path / "scan.ply", moved)
    (tmp_path / "relic.toml").write_text(RELIC_TOML, encoding="utf-8")
    lap, steps = laps()
    vertices, faces = run(tmp_path, 5_000, lap)
    off = np.linalg.norm(vertices - [500.0, -200.0, 90.0], axis=1) - 40.0
    assert np.sqrt(np.mean(off**2)) < 0.2
    assert 4_000 < len(faces) <= 5_000
    assert next(iter(steps)) == "read"
    assert list(steps)[-1] == "decimate"


@pytest.mark.parametrize("name", ["open3d", "pymeshlab"])
def test_a_peer_can_be_imported_or_says_that_it_is_missing(name: str) -> None:
    import importlib

    module = importlib.import_module(f"bench.chain_{name}")
    if name == "pymeshlab":
        pytest.importorskip("pymeshlab")
    assert module.load().lower().startswith(name)
