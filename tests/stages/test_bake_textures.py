"""unwrap_uv and bake_textures: a coloured cloud becomes a model with a picture on it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapes import Array, cloud_relic, sphere_mesh, sphere_points
from tiny_scans import write_ply, write_toml

from relicscan import formats
from relicscan.batch.run import run
from relicscan.delivery.khronos import validate_many, what_is_missing
from relicscan.geometry.bake import texels_of
from relicscan.relic import Mesh, PointCloud, Relic
from relicscan.stages.bake_textures import bake_textures
from relicscan.stages.unwrap_uv import unwrap_uv

RED, BLUE = np.array([200, 30, 30]), np.array([30, 40, 190])


def painted_ball(count: int = 60_000) -> PointCloud:
    """Red above and blue below."""
    points = sphere_points(count)
    colors = np.where(points[:, 2:] > 0, RED, BLUE)
    return PointCloud(points, colors=colors.astype(np.uint8))


def baked(quality: int = 100, side: int = 256) -> Relic:
    ball = replace(cloud_relic(painted_ball()), mesh=sphere_mesh(rows=60, columns=120))
    return bake_textures(unwrap_uv(ball, gaps=64), side=side, quality=quality)


def pixels(mesh: Mesh) -> Array:
    texture = mesh.materials[0].texture
    assert texture is not None
    return np.asarray(Image.open(io.BytesIO(texture.data)), dtype=float)


def test_every_texel_away_from_an_edge_has_the_colour_of_the_scan() -> None:
    relic = baked()
    mesh = relic.the_mesh()
    texels = texels_of(mesh, 256)
    seen = pixels(mesh)[texels.row, texels.column]
    expected = np.where(texels.place[:, 2:] > 0, RED, BLUE)
    off = np.abs(seen - expected).max(axis=1)
    edge = np.abs(texels.place[:, 2]) < 5
    assert off[~edge].max() <= 12, "JPEG of quality 100"
    assert np.median(off[~edge]) <= 2
    assert relic.figures["texels"] == len(texels.row)


@pytest.fixture
def textured(tmp_path: Path) -> Path:
    """A run of a pipeline that bakes, from a coloured cloud."""
    preview = Path(__file__).parents[2] / "pipelines" / "preview.toml"
    text = preview.read_text(encoding="utf-8")
    before = '[[stage]]\nuse = "build_levels"'
    assert before in text
    more = '[[stage]]\nuse = "unwrap_uv"\n\n[[stage]]\nuse = "bake_textures"\nside = 512\n\n'
    (tmp_path / "baked.toml").write_text(text.replace(before, more + before), encoding="utf-8")
    (tmp_path / "ball").mkdir()
    write_ply(tmp_path / "ball" / "ball.ply", painted_ball(30_000))
    write_toml(tmp_path / "ball")
    (outcome,) = run(tmp_path / "ball", tmp_path / "out", pipeline=str(tmp_path / "baked.toml"))
    assert outcome.verdict == "pass", outcome.reasons
    return tmp_path / "out" / "ball"


def test_models_carry_the_picture_and_are_conformant(textured: Path) -> None:
    levels = sorted((textured / "web").glob("*.glb"))
    assert levels
    for level in levels:
        mesh = formats.read(level)[0].geometry
        assert isinstance(mesh, Mesh)
        assert mesh.textured
        assert mesh.corner_uv is not None
        where = mesh.vertices[mesh.faces].mean(axis=1)[:, 1]  # +Y is up in a model
        u, v = np.clip((mesh.corner_uv.mean(axis=1) * 512).astype(int), 0, 511).T
        seen = pixels(mesh)[v, u]
        away = np.abs(where) > 0.1 * np.ptp(mesh.vertices[:, 1])
        red = seen[:, 0] > seen[:, 2]
        assert (red == (where > 0))[away].mean() > 0.995
    if what_is_missing() is None:
        reports = validate_many(levels)
        assert reports is not None
        assert all(report.clean for report in reports)
    assert list((textured / "master").glob("texture-*.jpeg"))
