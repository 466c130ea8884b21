"""What was put on a body is found, where it is and how large; what is noise is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from relicscan.errors import StageError, Undecided
from relicscan.geometry.change import Changes, measure, signed_change
from relicscan.relic import Mesh
from tests.geometry.change.bodies import Chip, enclosed, pose, scanned, smooth_body
from tests.shapes import rotation, sphere_mesh

CHIP = Chip((1, 0.2, 0), radius=10, depth=0.3)
LOSS = Chip((0, -0.3, 1), radius=14, depth=5.0, flat=True)
FLAKE = Chip((-1, 0.1, 0.2), radius=8, depth=0.3, flat=True)
SHELL = Chip((0, -1, -0.2), radius=12, depth=5.0)
SPOT = Chip((0, 1, 0.1), radius=15, depth=0.0)


@pytest.fixture
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places twice as far apart: a quarter of the time."""
    monkeypatch.setattr(measure, "LEAST_SHARE", 1 / 150)


@pytest.fixture(scope="module")
def body() -> Mesh:
    return smooth_body()


@pytest.fixture(scope="module")
def chipped() -> tuple[Mesh, Changes]:
    fine = smooth_body(7)
    after = scanned(fine, 2, chips=(CHIP, LOSS, FLAKE, SHELL), T=pose())
    return fine, signed_change(scanned(fine, 1), after)


def test_chips_and_losses_are_found_and_nothing_else(chipped: tuple[Mesh, Changes]) -> None:
    _, changes = chipped
    assert [region.kind for region in changes.regions] == ["loss"] * 4
    assert not any(region.cut_off or region.through for region in changes.regions)
    assert not changes.gaps
    assert changes.remarks == ()


@pytest.mark.parametrize(("number", "put"), [(0, LOSS), (1, SHELL), (2, FLAKE), (3, CHIP)])
def test_where_they_are_and_how_large(
    chipped: tuple[Mesh, Changes], number: int, put: Chip
) -> None:
    fine, changes = chipped
    region = changes.regions[number]
    area, volume = put.truth(fine)
    assert np.linalg.norm(region.centroid - put.center) < 1.5
    assert region.area == pytest.approx(area, rel=0.1)
    assert region.volume == pytest.approx(volume, rel=0.1)
    assert -region.deepest == pytest.approx(put.depth, rel=0.1)
    assert abs(region.area - area) < region.area_uncertainty
    assert region.length == pytest.approx(2 * put.radius, rel=0.15)
    assert region.width == pytest.approx(2 * put.radius, rel=0.15)
    assert abs(region.volume - volume) < region.volume_uncertainty


def test_it_was_aligned_from_anywhere_without_being_drawn_to_the_loss(
    chipped: tuple[Mesh, Changes],
) -> None:
    _, changes = chipped
    alignment = changes.alignment
    off = alignment.T_before_after @ pose() - np.eye(4)
    assert np.abs(off[:3, :3]).max() * 100 < 0.02
    assert np.abs(off[:3, 3]).max() < 0.02
    assert alignment.residual == pytest.approx(0.05, rel=0.3)
    assert abs(alignment.scale - 1) < 5 * alignment.scale_error
    assert alignment.error_at(changes.places).max() < 0.02


def test_the_level_of_detection_is_that_of_the_noise(chipped: tuple[Mesh, Changes]) -> None:
    _, changes = chipped
    assert 0.008 < changes.noise < 0.03
    assert 0.04 < changes.detectable < 0.25
    quiet = ~changes.significant & np.isfinite(changes.change)
    beyond = np.abs(changes.change[quiet]) > changes.lod95[quiet]
    assert beyond.mean() < 0.06


@pytest.mark.usefixtures("coarse")
@pytest.mark.parametrize(
    "seed", [3, 4, *(pytest.param(s, marks=pytest.mark.slow) for s in range(5, 15))]
)
def test_nothing_is_found_between_two_noisy_scans(body: Mesh, seed: int) -> None:
    changes = signed_change(scanned(body, 1), scanned(body, seed), frames="same")
    assert changes.regions == ()
    assert not changes.significant.any()


@pytest.mark.usefixtures("coarse")
def test_what_was_lost_one_way_is_gained_the_other(body: Mesh) -> None:
    whole, less = scanned(body, 1), scanned(body, 2, chips=(LOSS,))
    (gain,) = signed_change(less, whole, frames="same").regions
    assert gain.kind == "gain"
    assert gain.volume == pytest.approx(LOSS.truth(body)[1], rel=0.1)
    assert gain.deepest == pytest.approx(5, rel=0.1)


@pytest.mark.usefixtures("coarse")
def test_a_hole_is_missing_and_no_loss(body: Mesh) -> None:
    changes = signed_change(scanned(body, 1), scanned(body, 2, hole=SPOT), frames="same")
    assert changes.regions == ()
    (gap,) = changes.gaps
    assert gap.area == pytest.approx(np.pi * 15**2, rel=0.2)
    assert np.linalg.norm(gap.centroid - SPOT.center) < 3
    back = signed_change(scanned(body, 2, hole=SPOT), scanned(body, 1), frames="same")
    assert back.regions == ()
    assert back.gaps == ()
    shown = back.after_places.area[back.missing_before].sum()
    assert shown == pytest.approx(np.pi * 15**2, rel=0.2)


@pytest.mark.usefixtures("coarse")
def test_a_hole_in_one_side_of_a_wall_is_not_measured_to_its_other_side() -> None:
    """A bowl with walls of 4 mm; the second scan has a hole in the inner side."""
    outer, inner = sphere_mesh(60.0, 120, 240), sphere_mesh(56.0, 120, 240)
    normals = np.vstack([outer.vertices, -inner.vertices])
    bowl = Mesh(
        np.vstack([outer.vertices, inner.vertices]),
        np.vstack([outer.faces, inner.faces[:, ::-1] + len(outer.vertices)]),
    )
    inside = (normals @ [0, 0, -1] > 0) & (np.linalg.norm(bowl.vertices - [0, 0, 56], axis=1) < 22)
    holed = Mesh(bowl.vertices, bowl.faces[~inside[bowl.faces].any(axis=1)])
    changes = signed_change(bowl, holed, frames="same")
    assert changes.regions == ()
    assert changes.gaps[0].area == pytest.approx(np.pi * 22**2, rel=0.15)


@pytest.mark.usefixtures("coarse")
def test_a_loss_that_a_hole_cuts_is_told_as_cut_off(body: Mesh) -> None:
    hole = Chip((0.22, -0.22, 1), radius=12, depth=0)
    after = scanned(body, 2, chips=(LOSS,), hole=hole)
    (region,) = signed_change(scanned(body, 1), after, frames="same").regions
    assert region.cut_off
    assert region.area < 0.95 * LOSS.truth(body)[0]


@pytest.mark.usefixtures("coarse")
def test_what_closes_a_hole_is_no_change(body: Mesh) -> None:
    """The same hole, filled by a surface that is 3 mm too low."""
    near = np.linalg.norm(body.vertices - SPOT.center, axis=1) < SPOT.radius
    low = replace(SPOT, depth=3.0)
    filled = replace(scanned(body, 2, chips=(low,)), filled=near)
    changes = signed_change(scanned(body, 1), filled, frames="same")
    assert changes.regions == ()
    assert changes.gaps[0].area == pytest.approx(np.pi * 15**2, rel=0.25)


@pytest.mark.usefixtures("coarse")
def test_a_part_that_broke_off_is_a_loss_with_its_volume(body: Mesh) -> None:
    """A horn of 40 mm, some 20 mm across at its foot."""
    up = body.vertices / np.linalg.norm(body.vertices, axis=1, keepdims=True)
    off = np.arccos(np.clip(up @ [0, 0, 1], -1, 1))
    horned = Mesh(body.vertices + up * (40 * np.exp(-((off / 0.09) ** 2)))[:, None], body.faces)
    changes = signed_change(horned, body, frames="same")
    assert {region.kind for region in changes.regions} == {"loss"}
    gone = enclosed(horned.vertices, body) - enclosed(body.vertices, body)
    assert changes.regions[0].volume == pytest.approx(gone, rel=0.15)
    assert -changes.regions[0].deepest > 25
    assert not changes.gaps


@pytest.mark.usefixtures("coarse")
def test_the_same_twice(body: Mesh) -> None:
    one = signed_change(body, body, frames="same")
    again = signed_change(body, body, frames="same")
    assert np.array_equal(one.change, again.change, equal_nan=True)
    assert np.nanmax(np.abs(one.change)) < 1e-3


@pytest.mark.usefixtures("coarse")
def test_a_larger_copy_is_told_and_not_scaled(body: Mesh) -> None:
    larger = scanned(body, 2)
    larger = replace(larger, vertices=larger.vertices * 1.004)
    changes = signed_change(scanned(body, 1), larger, frames="same")
    assert "0.40% larger throughout" in changes.remarks[0]
    assert np.nanmedian(changes.change) == pytest.approx(0.3, abs=0.1)


@pytest.mark.usefixtures("coarse")
def test_inside_out_is_turned_and_told(body: Mesh) -> None:
    after = scanned(body, 2)
    turned = replace(after, faces=after.faces[:, ::-1])
    changes = signed_change(scanned(body, 1), turned, frames="same")
    assert changes.regions == ()
    assert "inside out" in changes.remarks[0]


@pytest.mark.usefixtures("coarse")
def test_a_mirror_image_is_refused(body: Mesh) -> None:
    after = scanned(body, 2, T=pose())
    mirrored = Mesh(after.vertices * [-1, 1, 1], after.faces[:, ::-1])
    with pytest.raises(Undecided, match="mirror image"):
        signed_change(scanned(body, 1), mirrored)


@pytest.mark.slow
@pytest.mark.usefixtures("coarse")
def test_another_object_is_refused(body: Mesh) -> None:
    with pytest.raises(Undecided, match="not sure that they are the same object"):
        signed_change(scanned(body, 1), scanned(smooth_body(phase=1.3), 2))


@pytest.mark.usefixtures("coarse")
def test_another_object_is_refused_where_it_lies(body: Mesh) -> None:
    with pytest.raises(Undecided, match="do not lie on each other"):
        signed_change(scanned(body, 1), scanned(smooth_body(phase=1.3), 2), frames="same")


@pytest.mark.usefixtures("coarse")
def test_what_is_round_is_refused_unless_it_is_aligned() -> None:
    ball = sphere_mesh(60.0, 120, 240)
    after = scanned(ball, 1)
    with pytest.raises(Undecided, match="round or repeats") as caught:
        signed_change(ball, after)
    assert "--aligned" in (caught.value.remedy or "")
    assert signed_change(ball, after, frames="same").regions == ()


@pytest.mark.usefixtures("coarse")
def test_what_is_round_is_aligned_from_where_it_nearly_lies() -> None:
    """Turned by 3 degrees and moved by 2 mm: the turn cannot be seen, the way back can."""
    ball = sphere_mesh(60.0, 120, 240)
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = rotation([1, 2, 3], 3.0), [1.2, -1.2, 1.0]
    changes = signed_change(ball, scanned(ball, 1, T=moved), frames="near")
    assert changes.regions == ()
    middle = changes.alignment.T_before_after @ moved @ [0, 0, 0, 1]
    assert np.abs(middle[:3]).max() < 0.01
    assert 1.9 < changes.alignment.moves < 2.1


@pytest.mark.usefixtures("coarse")
def test_from_where_it_nearly_lies_a_loss_is_no_pull(body: Mesh) -> None:
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = rotation([1, 2, 3], 4.0), [3, -2, 4]
    after = scanned(body, 2, chips=(LOSS,), T=moved)
    changes = signed_change(scanned(body, 1), after, frames="near")
    (region,) = changes.regions
    assert region.volume == pytest.approx(LOSS.truth(body)[1], rel=0.1)
    off = changes.alignment.T_before_after @ moved - np.eye(4)
    assert np.abs(off[:3, 3]).max() < 0.05


@pytest.mark.usefixtures("coarse")
def test_colours_align_what_is_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LEAST_SHARE", 1 / 60)
    ball = sphere_mesh(60.0, 60, 120)
    x, y, z = ball.vertices.T / 60
    red = 0.5 + 0.3 * np.sin(3 * x + 1 + 2 * y) + 0.2 * np.cos(5 * z + 2 * x * y)
    green = 0.5 + 0.3 * np.sin(4 * y + z) + 0.2 * np.cos(3 * x - 2 * z)
    paint = np.clip(255 * np.stack([red, green, 1 - red * green], axis=1), 0, 255).astype(np.uint8)
    before, after = (
        replace(scanned(ball, k, T=T), colors=paint) for k, T in ((1, None), (2, pose()))
    )
    changes = signed_change(before, after)
    T = changes.alignment.T_before_after @ pose()
    off = ball.vertices @ T[:3, :3].T + T[:3, 3] - ball.vertices
    assert np.linalg.norm(off, axis=1).max() < 1.0
    assert changes.regions == ()


@pytest.mark.parametrize("factor", [1000.0, 1 / 1000, 25.4])
def test_another_unit_is_recognised(body: Mesh, factor: float) -> None:
    with pytest.raises(Undecided, match="units that differ by") as caught:
        signed_change(body, Mesh(body.vertices * factor, body.faces))
    assert "--unit" in (caught.value.remedy or "")


def test_no_triangles(body: Mesh) -> None:
    with pytest.raises(StageError, match="no triangles"):
        signed_change(body, Mesh(body.vertices, np.empty((0, 3))))
