"""What a report shows is gathered from a relic at the end of its run, and harms none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapes import cube_mesh, mesh_relic

from relicscan.metadata.manifest import Reason, relic_manifest
from relicscan.quality.report import gather
from relicscan.quality.report.measured import Picture
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
    assert list(found.models) == ["scan", "master"]
    assert found.deviation is not None
    for level, said in zip(("high", "low"), found.missing, strict=True):
        assert said.startswith(f"pictures of web/{level}.glb: the file cannot be read")


def test_one_picture_that_fails_costs_no_other(made: Made) -> None:
    def broken(*_: object) -> None:
        raise MemoryError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "VIEW_PX", 32)
        patch.setattr(gather, "SCAN_PX", 32)
        patch.setattr(gather.maps, "seen_colors", broken)
        found = gather.measure(made.relic, made.levels, [], made.folder)
    assert found.missing == ("the map of what was seen: MemoryError: ",)
    assert list(found.models) == list(made.measured.models)
    assert found.seen == {}
    assert found.removed is not None


def test_all_are_seen_by_the_same_camera(made: Made) -> None:
    """So each fills the same part of its picture, strays or not, but for two pixels of 48."""
    boxes = {name: box(views["three-quarter"]) for name, views in made.measured.models.items()}
    assert np.ptp(boxes["master"], axis=1).min() > 24
    for name, found in boxes.items():
        assert found == pytest.approx(boxes["master"], abs=2), name


def box(picture: Picture) -> np.ndarray:
    """First and last row, and column, of the orange of the ball (2, 2)."""
    with Image.open(BytesIO(picture.data)) as image:
        red, _, blue = np.moveaxis(np.asarray(image.convert("RGB"), dtype=int), 2, 0)
    places = np.argwhere(red - blue > 30)
    return np.stack([places.min(axis=0), places.max(axis=0)], axis=1)


def test_a_relic_without_a_model_shows_its_scans(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "SCAN_PX", 32)
        apart = gather.measure(ball(), [], [], tmp_path)
        whole = gather.measure(mesh_relic(cube_mesh(20)), [], [], tmp_path)
        nothing = gather.measure(Relic("lost"), [], [], tmp_path)
    assert list(apart.scans) == ["scan 0"]
    assert apart.scans_not_shown == 0
    assert list(whole.scans) == ["all scans"]
    assert (nothing.scans, nothing.missing) == ({}, ())


def test_of_very_many_scans_some_are_shown_and_the_others_counted(
    tmp_path: Path, outline: Outlined
) -> None:
    one = ball()
    many = tuple(replace(one.scans[0], name=f"scan {n}") for n in range(gather.MOST_SCANS + 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "SCAN_PX", 16)
        found = gather.measure(replace(one, scans=many), [], [], tmp_path)
    assert (len(found.scans), found.scans_not_shown) == (gather.MOST_SCANS, 3)
    undecided = relic_manifest(
        one,
        state="failed",
        verdict=None,
        reproducible=False,
        reasons=[Reason(text="no", remedy=None)],
    )
    page = relic_page(undecided, run_of(undecided), found)
    assert "3 more scans not shown." in outline(page).text


def test_points_that_nobody_followed_are_called_cleaned(made: Made, outline: Outlined) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "VIEW_PX", 32)
        relic = replace(made.relic, as_scanned=None)
        found = gather.measure(relic, made.levels, [], made.folder)
    assert next(iter(found.models)) == "cleaned scan"
    assert (found.removed, found.density, found.missing) == (None, None, ())
    text = outline(relic_page(made.manifest, run_of(made.manifest), found)).text
    assert "Cleaned scan and model, by the same camera" in text
