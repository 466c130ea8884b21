"""What `inspect` says will go wrong, of scans of which it is known, and of good ones nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from quality.test_patches import ball
from tiny_scans import box, sphere, write_ply, write_toml

from relicscan.batch.inspect import Inspection, inspect
from relicscan.relic import FloatArray, PointCloud

DENSE = 120_000
SPHERE_DIMENSION = '[[object.dimension]]\nkind = "{kind}"\nvalue = "{value}"\nunit = "mm"\n'


def inspected(folder: Path, cloud: PointCloud | FloatArray, toml: str) -> Inspection:
    write_toml(folder, toml)
    cloud = cloud if isinstance(cloud, PointCloud) else PointCloud(cloud)
    write_ply(folder / "a.ply", cloud, double=True)
    (found,) = inspect(folder)
    assert found.error is None, found.error
    return found


def doubts(folder: Path, cloud: PointCloud | FloatArray, toml: str) -> str:
    return "\n".join(inspected(folder, cloud, toml).doubts)


MM = '[scan]\nunit = "mm"\nup = "+Z"\n'


# Coverage


@pytest.mark.parametrize(
    ("direction", "said"),
    [
        ((0, 0, -1), "nothing was seen from below (-Z): a lid there would be 20% of the surface"),
        ((0, 0, 1), "nothing was seen from above (+Z)"),
        ((0, 1, 0), "nothing was seen from the side of +Y"),
    ],
)
def test_the_side_that_was_not_seen_is_named_in_the_axes_of_the_scan(
    tmp_path: Path, direction: tuple[int, int, int], said: str
) -> None:
    points = ball(DENSE, 50.0)
    assert said in doubts(tmp_path, points[points @ np.array(direction) < 25], MM)


def test_uneven_coverage_says_how_much_and_where(tmp_path: Path) -> None:
    points = ball(DENSE, 50.0)
    thinned = (points[:, 0] < 20) | (np.arange(DENSE) % 16 == 0)
    said = doubts(tmp_path, points[thinned], MM)
    assert "the object is covered unevenly: on " in said
    assert "most of them from the side of +X" in said
    assert "unevenly" not in doubts(tmp_path / "even", points, MM)


# Places


def test_a_scan_that_is_off_its_place_is_named(tmp_path: Path) -> None:
    write_toml(tmp_path, '[scan]\nunit = "mm"\nup = "+Z"\nframe = "common"\n')
    for number, off in (("a", 0.0), ("b", 0.0), ("c", 3.0)):
        points = ball(20_000, 50.0, seed=ord(number))
        write_ply(tmp_path / f"{number}.ply", PointCloud(points + np.array([off, 0, 0])))
    (found,) = inspect(tmp_path)
    said = "\n".join(found.doubts)
    assert "c does not lie on the scans beside it (2 of them)" in said
    assert "half of the places that both show are more than " in said
    (tmp_path / "b.ply").unlink()
    (found,) = inspect(tmp_path)
    assert "The place of one of them is wrong" in "\n".join(found.doubts), "of two, which is it?"
    write_ply(tmp_path / "c.ply", PointCloud(ball(20_000, 50.0, seed=9)))
    (found,) = inspect(tmp_path)
    assert "beside it" not in "\n".join(found.doubts)


# Units


def test_a_unit_that_the_catalogue_denies_is_told_with_the_one_that_fits(tmp_path: Path) -> None:
    stated = MM + SPHERE_DIMENSION.format(kind="height", value=1000)
    said = doubts(tmp_path, sphere(DENSE), stated)
    assert "the catalogue says height 1000 mm, the scan has " in said
    assert "check the unit (unit cm would fit)" in said
    right = MM + SPHERE_DIMENSION.format(kind="height", value=100)
    assert "catalogue" not in doubts(tmp_path / "right", sphere(DENSE), right)


def test_an_unknown_unit_is_read_off_the_catalogue(tmp_path: Path) -> None:
    in_metres = replace(sphere(DENSE), points=sphere(DENSE).points / 1000)
    stated = '[scan]\nup = "+Z"\n' + SPHERE_DIMENSION.format(kind="height", value=100)
    said = doubts(tmp_path, in_metres, stated)
    assert 'write unit = "m" (or another)' in said
    assert "The catalogue's dimensions fit if it is m" in said


# Levels


def test_levels_that_a_scan_is_too_sparse_for_and_what_would_fill_them(tmp_path: Path) -> None:
    found = inspected(tmp_path, sphere(100_000), MM)
    (said,) = [doubt for doubt in found.doubts if "sparse" in doubt]
    assert "too sparse for high: the scan makes about 75,000 triangles, and high may have" in said
    assert "To fill high scan 2.0 times as many points, 0.41 mm apart" in said
    assert [one.name for one in found.expected.coarse] == ["high"]  # type: ignore[union-attr]


def test_a_mesh_has_the_triangles_that_it_has(tmp_path: Path) -> None:
    write_toml(tmp_path, MM)
    write_ply(tmp_path / "cup.ply", box(100))
    (found,) = inspect(tmp_path)
    assert found.expected is not None
    assert (found.expected.triangles, found.expected.rms_mm) == (12, 0.0)
    assert any("the mesh has 12 triangles" in doubt for doubt in found.doubts)


# Colours


def test_colours_that_were_written_in_another_range(tmp_path: Path) -> None:
    cloud = sphere(DENSE)
    assert cloud.colors is not None
    said = doubts(tmp_path, replace(cloud, colors=cloud.colors // 16), MM)
    assert "a: its colours are nearly black (brightest value 14 of 255), as 12 bits" in said


# What is expected


@pytest.mark.parametrize("noise", [0.05, 0.3])
def test_the_deviation_is_that_of_noise_and_of_what_triangles_lose(
    tmp_path: Path, noise: float
) -> None:
    found = inspected(tmp_path, sphere(20_000, 50.0, noise), MM)
    assert found.expected is not None
    assert found.expected.rms_mm is not None
    area = 4 * np.pi * 50**2 / found.expected.triangles
    lost = 0.16 * 2**0.5 / 50 * area
    assert found.expected.rms_mm == pytest.approx(np.hypot(noise, lost), rel=0.25)
    assert found.expected.rms_of_diagonal == pytest.approx(found.expected.rms_mm / 177, rel=0.05)


def test_a_table_that_a_run_removes_is_no_part_of_what_is_expected(tmp_path: Path) -> None:
    vase = ball(40_000, 50.0) * [1, 1, 1.4] + [0, 0, 68]
    vase = vase[vase[:, 2] > 1]
    rng = np.random.default_rng(0)
    around = rng.uniform(-200, 200, (60_000, 2))
    around = around[np.linalg.norm(around, axis=1) > 15]
    table = np.column_stack([around, rng.normal(0, 0.05, len(around))])
    alone = inspected(tmp_path / "alone", vase, MM).expected
    on_it = inspected(tmp_path / "on-it", np.concatenate([vase, table]), MM).expected
    assert alone is not None
    assert on_it is not None
    assert on_it.triangles == pytest.approx(alone.triangles, rel=0.1)
    assert on_it.rms_mm == pytest.approx(alone.rms_mm, rel=0.2)


def test_of_scans_without_a_place_yet_the_points_count_and_no_side_is_missed(
    tmp_path: Path,
) -> None:
    write_toml(tmp_path, MM)
    for number in (1, 2):
        points = ball(60_000, 50.0, seed=number)
        write_ply(tmp_path / f"{number}.ply", PointCloud(points[points[:, 2] > 0]))
    (found,) = inspect(tmp_path)
    assert found.expected is not None
    one = inspected(tmp_path / "one", ball(60_000, 50.0), MM).expected
    assert one is not None
    assert found.expected.triangles == pytest.approx(one.triangles, rel=0.02)
    assert "nothing was seen" not in "\n".join(found.doubts)


def test_minus_nothing_is_nothing_and_near_is_not_the_same(tmp_path: Path) -> None:
    points = ball(1000, 50.0)
    points[:3] = [[0.0, 0.0, 0.0], [-0.0, 0.0, -0.0], [0.0, 0.0, 5e-324]]
    (scan,) = inspected(tmp_path, points, MM).scans
    assert scan.duplicates == 1
