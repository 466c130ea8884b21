"""What a report shows is gathered from a relic at the end of its run, and harms none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapes import cube_mesh, mesh_relic

from relicscan.quality.report import gather
from relicscan.quality.report.page import relic_page
from relicscan.relic import Relic
from tests.quality.report.conftest import STRAYS, Made, Outline, ball, run_of

Outlined = Callable[[str], Outline]


def test_scan_master_and_every_level_are_seen(made: Made) -> None:
    shown = made.measured.models
    assert list(shown) == ["scan", "master", "web/high.glb", "web/low.glb"]
    assert set(shown["scan"]) == set(shown["web/high.glb"]) == {"three-quarter", "front"}
    assert made.measured.missing == ()


def test_what_was_removed_has_a_colour_for_each_step(made: Made) -> None:
    removed, known = made.measured.removed, made.relic.as_scanned
    assert removed is not None
    assert known is not None
    (step,) = removed.colors
    assert made.relic.history[step].stage == "remove_outliers"
    assert (known.removed_by == step).sum() >= STRAYS


def test_the_density_is_that_of_the_scan(made: Made) -> None:
    found = made.measured.density
    assert found is not None
    assert found.total == 4505
    assert found.density == pytest.approx(5000 / (4 * np.pi * 50**2), rel=0.05)
    assert found.sigma == pytest.approx(0.1, rel=0.1)


def test_texels_are_counted_along_the_surface() -> None:
    from relicscan.relic import Material, Texture

    mesh = cube_mesh(20, steps=2)  # 40 mm a side
    texture = Texture("x", b"", "image/png", 160, 160)
    corners = mesh.vertices[mesh.faces]
    flat = np.abs(np.diff(corners, axis=1)).sum(axis=1).argsort(axis=1)[:, 1:]
    uv = np.take_along_axis(corners, flat[:, None, :].repeat(3, axis=1), axis=2) / 40
    textured = replace(mesh, corner_uv=uv, materials=(Material(texture=texture),))
    assert gather._texels(textured) == pytest.approx(4.0)  # 160 pixels over 40 mm


def test_what_cannot_be_made_is_left_out_and_said(made: Made, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "VIEW_PX", 32)
        patch.setattr(gather, "SCAN_PX", 32)
        found = gather.measure(made.relic, made.levels, [], tmp_path)  # no models lie there
    assert found.models == {}
    assert found.deviation is not None
    assert any(said.startswith("pictures of the scan and the models: ") for said in found.missing)


def test_a_relic_without_a_model_shows_its_scans(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "SCAN_PX", 32)
        apart = gather.measure(ball(), [], [], tmp_path)
        whole = gather.measure(mesh_relic(cube_mesh(20)), [], [], tmp_path)
        nothing = gather.measure(Relic("lost"), [], [], tmp_path)
    assert list(apart.scans) == ["scan 0"]
    assert list(whole.scans) == ["all scans"]
    assert (nothing.scans, nothing.missing) == ({}, ())


def test_points_that_nobody_followed_are_called_cleaned(made: Made, outline: Outlined) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "VIEW_PX", 32)
        relic = replace(made.relic, as_scanned=None)
        found = gather.measure(relic, made.levels, [], made.folder)
    assert next(iter(found.models)) == "cleaned scan"
    assert (found.removed, found.density, found.missing) == (None, None, ())
    text = outline(relic_page(made.manifest, run_of(made.manifest), found)).text
    assert "Cleaned scan and model, by the same camera" in text
