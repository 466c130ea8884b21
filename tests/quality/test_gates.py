"""Each gate finds in a finished relic what was put there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import MM, box_points, cube_mesh, mesh_relic, sphere_mesh, sphere_points

from relicscan.metadata.figures import DifferenceRecord, PictureDifference
from relicscan.metadata.manifest import LevelRecord
from relicscan.quality.gate import NotMeasured, get_gate
from relicscan.quality.gates import Finished
from relicscan.relic import (
    Deviation,
    Distances,
    Frame,
    Level,
    Material,
    Mesh,
    PointCloud,
    Relic,
    Step,
    Texture,
)

OPEN = cube_mesh(20, steps=8)
OPEN = OPEN.take_faces(OPEN.vertices[OPEN.faces].mean(axis=1)[:, 2] > -20)


def measured(name: str, relic: Relic, *levels: LevelRecord) -> bool | float:
    return get_gate(name).measure(Finished(relic, levels))


def with_levels(**more: object) -> Relic:
    """A relic with two levels, the finer one 0.3 mm off one way and 0.4 the other."""
    coarse, fine = sphere_mesh(50, 10, 20), sphere_mesh(50, 20, 40)

    def off(there: float, back: float | None) -> Deviation:
        ways = [None if d is None else Distances(d, 2 * d, 9.0, 1000) for d in (there, back)]
        return Deviation("points", ways[0], ways[1], 0.07, 3.0, 0.2, 200.0)

    levels = (Level("low", 800, coarse, off(5, 5)), Level("high", 2000, fine, off(0.3, 0.4)))
    return replace(mesh_relic(fine, levels=levels), **more)


def compared(flip: float | None) -> LevelRecord:
    difference = None
    if flip is not None:
        picture = PictureDifference(flip=flip, psnr_db=30.0)
        difference = DifferenceRecord(screen_px=256, shaded=picture, albedo=picture)
    return LevelRecord(
        path=f"web/{flip}.glb", bytes=1, sha256="0" * 64, target="web", name="low", surface="low",
        ceiling=9, triangles=9, vertices=9, bounds_m=((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        difference=difference,
    )  # fmt: skip


def test_deviation_is_that_of_the_finest_level_and_of_the_worse_way() -> None:
    relic = with_levels()
    assert measured("max_deviation_rms_mm", relic) == 0.4
    assert measured("max_deviation_p95_mm", relic) == 0.8
    assert measured("max_deviation_rms_of_diagonal", relic) == pytest.approx(0.4 / 200)
    assert measured("max_deviation_p95_of_diagonal", relic) == pytest.approx(0.8 / 200)
    assert measured("max_left_out_share", relic) == 0.07


def test_without_a_scale_there_are_shares_and_no_millimetres() -> None:
    relic = with_levels(frame=Frame())
    assert measured("max_deviation_rms_of_diagonal", relic) == pytest.approx(0.4 / 200)
    for name in ("max_deviation_rms_mm", "max_deviation_p95_mm", "min_points_per_mm"):
        with pytest.raises(NotMeasured, match="scale of the scan is unknown") as missing:
            measured(name, relic)
        assert "unit" in missing.value.remedy
    assert measured("scale_known", relic) is False
    assert measured("scale_known", with_levels()) is True


def test_what_no_stage_measured_has_no_figure() -> None:
    bare = with_levels()
    bare = replace(bare, levels=tuple(replace(level, deviation=None) for level in bare.levels))
    for relic in (bare, mesh_relic(OPEN)):
        with pytest.raises(NotMeasured, match="no level was measured"):
            measured("max_left_out_share", relic)
    with pytest.raises(NotMeasured, match="fill_holes was skipped"):
        measured("max_filled_share", bare)
    with pytest.raises(NotMeasured, match="no picture"):
        measured("min_texels_per_mm", bare)
    with pytest.raises(NotMeasured, match="no model was compared"):
        measured("max_difference", bare, compared(None))


def test_a_box_without_a_bottom_is_open_and_was_seen_by_five_sixths() -> None:
    relic = mesh_relic(OPEN)
    assert measured("min_coverage", relic) == pytest.approx(5 / 6)
    assert measured("watertight", relic) is False
    assert measured("watertight", mesh_relic(cube_mesh())) is True


def test_what_was_filled_is_what_the_stage_says() -> None:
    figures = {
        "holes_filled": 1, "filled_area_mm2": 1600.0, "filled_area_share": 1 / 6,
        "holes_left_open": 0, "widest_opening_mm": 0.0,
    }  # fmt: skip
    relic = mesh_relic(cube_mesh(20), history=(Step("fill_holes", {}, figures=figures),))
    assert measured("max_filled_share", relic) == pytest.approx(1 / 6)
    assert measured("min_coverage", relic) == pytest.approx(5 / 6)
    skipped = replace(relic.history[0], skipped="there is no mesh")
    assert measured("min_coverage", replace(relic, history=(skipped,))) == 1


def test_the_worst_picture_counts() -> None:
    assert measured("max_difference", with_levels(), compared(0.03), compared(0.07)) == 0.07


def test_resolution_of_points_of_vertices_and_of_a_picture() -> None:
    box = box_points(30.0, 0.6)[0]
    for points, area in ((sphere_points(30_000, 50.0), 4 * np.pi * 50**2), (box, 6 * 60**2)):
        relic = replace(with_levels(), cloud=PointCloud(points))
        a_mm = np.sqrt(len(points) / area)
        assert measured("min_points_per_mm", relic) == pytest.approx(a_mm, rel=0.02)
    few = replace(with_levels(), cloud=PointCloud(sphere_points(50, 50.0)))
    with pytest.raises(NotMeasured, match="too few points"):
        measured("min_points_per_mm", few)
    square = Mesh(
        [[0, 0, 0], [20, 0, 0], [20, 10, 0], [0, 10, 0]],
        [[0, 1, 2], [0, 2, 3]],
        corner_uv=[[[0, 0], [0.5, 0], [0.5, 1]], [[0, 0], [0.5, 1], [0, 1]]],
        face_material=[0, 0],
        materials=(Material(texture=Texture("t", b"", "image/png", 400, 100)),),
    )
    assert measured("min_texels_per_mm", mesh_relic(square)) == pytest.approx(10)
    assert measured("min_points_per_mm", mesh_relic(square)) == pytest.approx(np.sqrt(4 / 200))


def test_rights_of_the_object_and_of_its_copy_are_two_things() -> None:
    uri = "https://creativecommons.org/licenses/by/4.0/"
    for which, other in (("object", "digital"), ("digital", "object")):
        relic = with_levels(metadata={"rights": {which: {"uri": uri}}})
        assert measured(f"{which}_rights_known", relic) is True
        assert measured(f"{other}_rights_known", relic) is False


@pytest.mark.parametrize(("stated", "agrees"), [("10", True), ("9.9", True), ("11", False)])
def test_stated_dimensions_are_held_against_the_model(stated: str, agrees: bool) -> None:
    dimension = {"kind": "height", "value": stated, "unit": "cm"}
    relic = with_levels(metadata={"object": {"dimension": [dimension]}})
    assert relic.frame is MM
    assert measured("dimensions_agree", relic) is agrees
    assert measured("dimensions_agree", replace(relic, frame=Frame())) is True
    assert measured("dimensions_agree", with_levels()) is True
