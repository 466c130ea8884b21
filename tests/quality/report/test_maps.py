"""Maps agree with the figures of the manifest, and show what was put there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shapes import cloud_relic, mesh_relic, sphere_mesh, sphere_points

from relicscan.geometry.deviation import deviations
from relicscan.quality.report import maps
from relicscan.relic import PointCloud
from tests.quality.report.conftest import Made

LOOK = {"front": (0.0, 0.0)}


def test_the_map_has_the_root_mean_square_of_the_manifest(made: Made) -> None:
    found = made.measured.deviation
    assert found is not None
    level = next(level for level in made.manifest.levels if level.path == found.path)
    assert level.deviation is not None
    there = level.deviation.scan_to_level
    assert there is not None
    assert level.name == "high"
    assert found.rms == pytest.approx(there.rms_mm, rel=1e-3)
    assert found.p95 == pytest.approx(there.p95_mm, rel=1e-3)
    assert found.places == found.of == there.samples


def test_of_a_scanned_mesh_as_well() -> None:
    scan, level = sphere_mesh(50, 60, 120), sphere_mesh(50, 10, 20)
    (measured,) = deviations([level], scan, None, samples=50_000)
    spread = maps.distances(mesh_relic(scan), level, None)
    rms = np.sqrt((spread.distance**2).mean())
    assert measured.scan_to_level is not None
    assert rms == pytest.approx(measured.scan_to_level.rms, rel=0.02)


def test_every_place_counts_once_in_the_histogram(made: Made) -> None:
    found = made.measured.deviation
    assert found is not None
    assert sum(found.bins) + found.beyond == pytest.approx(1)
    assert found.top >= found.p95 >= found.p50 > 0


def test_a_dent_is_dark_where_it_is() -> None:
    points = sphere_points(20_000)
    dented = points[:, 2] > 45
    points[dented] *= 0.96  # 2 mm inside of the sphere
    level = sphere_mesh(50, 40, 80)
    spread = maps.distances(cloud_relic(PointCloud(points)), level, None)
    rms = maps._over_vertices(spread, level)
    top = level.vertices[:, 2] > 47
    assert np.allclose(rms[top], 2, atol=0.05)
    assert rms[level.vertices[:, 2] < 42].max() < 0.1


def test_what_is_in_no_model_is_not_measured() -> None:
    points = np.vstack([sphere_points(2000), [[0, 0, 90.0]]])
    spread = maps.distances(cloud_relic(PointCloud(points)), sphere_mesh(50, 20, 40), 5.0)
    assert (len(spread.distance), spread.of) == (2000, 2001)


def test_filled_and_open_places_have_their_colours() -> None:
    mesh = sphere_mesh(50, 20, 40)
    mesh = mesh.take_faces(mesh.vertices[mesh.faces].mean(axis=1)[:, 2] > -30)
    filled = mesh.vertices[:, 2] > 45
    colors = maps.seen_colors(replace(mesh, filled=filled))
    used = np.unique(mesh.faces)
    height = mesh.vertices[used, 2]
    is_open = (colors[used] == maps.OPEN).all(axis=1)
    assert (colors[filled] == maps.FILLED).all()
    assert is_open[height < -30].all()
    assert not is_open[height > -10].any()
    assert (colors[used][(height > 0) & (height < 40)] == maps.SEEN).all()


def test_a_map_shows_its_colours() -> None:
    from io import BytesIO

    from PIL import Image

    mesh = sphere_mesh(50, 20, 40)
    red = np.tile(np.uint8([200, 30, 30]), (len(mesh.vertices), 1))
    (picture,) = maps.painted(mesh, red, LOOK, np.eye(3), 64).values()
    with Image.open(BytesIO(picture.data)) as image:
        middle = np.asarray(image.convert("RGB"), dtype=int)[32, 32]
    assert np.abs(middle - [200, 30, 30]).max() < 12
