"""unwrap_uv and bake_textures: a coloured cloud becomes a model with a picture on it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapes import Array, cloud_relic, cube_mesh, mesh_relic, sphere_mesh, sphere_points
from tiny_scans import write_ply, write_toml

from relicscan import formats
from relicscan.batch.run import run
from relicscan.delivery.khronos import validate_many, what_is_missing
from relicscan.formats.images import png_of
from relicscan.geometry.bake import texels_of
from relicscan.geometry.neighbours import point_spacing
from relicscan.relic import Material, Mesh, PointCloud, Relic
from relicscan.stages.bake_textures import bake_textures
from relicscan.stages.unwrap_uv import unwrap_uv

RED, BLUE = np.array([200, 30, 30]), np.array([30, 40, 190])


def painted_ball(count: int = 60_000) -> PointCloud:
    """Red above and blue below."""
    points = sphere_points(count)
    colors = np.where(points[:, 2:] > 0, RED, BLUE)
    return PointCloud(points, colors=colors.astype(np.uint8))


def baked(cloud: PointCloud, max_side: int = 256) -> Relic:
    ball = replace(cloud_relic(cloud), mesh=sphere_mesh(rows=60, columns=120))
    return bake_textures(unwrap_uv(ball, gaps=64), max_side=max_side)


def pixels(mesh: Mesh) -> Array:
    texture = mesh.materials[0].texture
    assert texture is not None
    return np.asarray(Image.open(io.BytesIO(texture.data)).convert("RGB"), dtype=float)


def checkered(places: Array, cells: float = 20.0) -> tuple[Array, Array]:
    """The colours (n, 3) of a chess board in space, and how far (n,) each place is from an edge."""
    where = places / cells
    odd = np.floor(where).astype(int).sum(axis=1) % 2
    away = np.abs(where - np.rint(where)).min(axis=1) * cells
    return np.where(odd[:, None] == 1, RED, BLUE), away


def test_a_checkerboard_is_exact_away_from_its_edges() -> None:
    points = sphere_points(60_000)
    colors, _ = checkered(points)
    relic = baked(PointCloud(points, colors=colors.astype(np.uint8)), max_side=512)
    mesh = relic.the_mesh()
    texels = texels_of(mesh, 512)
    expected, away = checkered(texels.place)
    spacing = point_spacing(points)
    texel = np.sqrt(4 * np.pi * 50**2 / len(texels.row))
    assert spacing + texel < 2, "most of each field is away from its edges"
    exact = away > spacing + texel
    assert exact.mean() > 0.5
    seen = pixels(mesh)[texels.row, texels.column]
    np.testing.assert_array_equal(seen[exact], expected[exact])
    assert relic.figures["texels"] == len(texels.row)
    assert relic.figures["texture_side"] == 512


def test_the_picture_is_as_fine_as_the_scan() -> None:
    assert baked(painted_ball(2_000), 4096).figures["texture_side"] == 512
    assert baked(painted_ball(150_000), 4096).figures["texture_side"] == 1024
    assert baked(painted_ball(30_000), 300).figures["texture_side"] == 256


def test_the_back_of_a_thin_wall_keeps_its_own_colour() -> None:
    outer, inner = sphere_points(20_000), sphere_points(20_000) * 0.99
    both = PointCloud(
        np.vstack([outer, inner]),
        normals=np.vstack([outer, -inner]) / 50,
        colors=np.repeat([RED, BLUE], 20_000, axis=0).astype(np.uint8),
    )
    mesh = baked(both).the_mesh()
    texels = texels_of(mesh, 256)
    seen = pixels(mesh)[texels.row, texels.column]
    assert point_spacing(outer) > 1, "wider than the wall is thick"
    np.testing.assert_array_equal(seen, np.broadcast_to(RED, seen.shape))


def test_a_scan_without_colours_gets_ambient_occlusion_alone() -> None:
    relic = baked(PointCloud(sphere_points(5_000)))
    (material,) = relic.the_mesh().materials
    assert material.texture is None
    assert material.occlusion is not None
    seen = np.asarray(Image.open(io.BytesIO(material.occlusion.data)))
    assert seen.min() > 250, "nothing is in the way of a ball's sky"


def test_without_colours_and_occlusion_the_picture_is_white_and_says_so() -> None:
    relic = bake_textures(unwrap_uv(mesh_relic(sphere_mesh()), gaps=64), occlusion_directions=0)
    (warning,) = relic.warnings
    assert "occlusion_directions is 0" in warning
    assert (pixels(relic.the_mesh()) == 255).all()


@pytest.mark.parametrize("values", [(255, 128, 20), (1, 254, 127)])
def test_a_colour_of_the_scan_is_that_of_the_picture(values: tuple[int, ...]) -> None:
    """White stays white and mid grey mid grey: nothing darkens on the way through light."""
    points = sphere_points(20_000)
    band = np.digitize(points[:, 2], [-15, 15])
    grey = np.array(values, dtype=np.uint8)[band]
    mesh = baked(PointCloud(points, colors=np.repeat(grey[:, None], 3, axis=1))).the_mesh()
    texels = texels_of(mesh, 256)
    away = np.abs(np.abs(texels.place[:, 2]) - 15) > 2 * point_spacing(points)
    expected = np.array(values)[np.digitize(texels.place[:, 2], [-15, 15])]
    seen = pixels(mesh)[texels.row, texels.column]
    np.testing.assert_array_equal(seen[away], np.repeat(expected[away, None], 3, axis=1))


def test_colours_of_materials_are_painted_like_pictures() -> None:
    """An OBJ with Kd and no pictures, or a glTF with base colours: they are not white."""
    ball = sphere_mesh(rows=60, columns=120)
    up = ball.vertices[ball.faces].mean(axis=1)[:, 2] > 0
    materials = (Material("red", (0.5, 0.0, 0.0, 1.0)), Material("green", (0.0, 0.2, 0.0, 1.0)))
    mesh = replace(ball, face_material=np.where(up, 0, 1), materials=materials)
    relic = bake_textures(unwrap_uv(mesh_relic(mesh), gaps=64))
    (material,) = relic.the_mesh().materials
    assert material.base_color == (1.0, 1.0, 1.0, 1.0)
    side = relic.figures["texture_side"]
    texels = texels_of(relic.the_mesh(), side)
    seen = pixels(relic.the_mesh())[texels.row, texels.column]
    away = np.abs(texels.place[:, 2]) > 2.7
    # sRGB of 0.5 is 188, of 0.2 is 124 (IEC 61966-2-1).
    expected = np.where(texels.place[:, 2:] > 0, [188, 0, 0], [0, 124, 0])
    np.testing.assert_array_equal(seen[away], expected[away])


def test_a_needle_is_not_black() -> None:
    """No middle of a texel lies in any of its triangles."""
    needle = cube_mesh(steps=2)
    colors = np.full((len(needle.vertices), 3), RED, dtype=np.uint8)
    needle = replace(needle, vertices=needle.vertices * [1e-3, 1e-3, 100], colors=colors)
    relic = bake_textures(unwrap_uv(mesh_relic(needle)), occlusion_directions=0)
    assert (pixels(relic.the_mesh()) == RED).all()


def test_a_mesh_with_several_pictures_is_painted_into_one() -> None:
    ball = sphere_mesh(rows=60, columns=120)
    up = ball.vertices[ball.faces].mean(axis=1)[:, 2] > 0
    tiled = ball.vertices[ball.faces][:, :, :2] / 7  # far outside of 0..1
    pictures = [png_of(np.full((8, 8, 3), c, dtype=np.uint8), "plain") for c in (RED, BLUE)]
    mesh = replace(
        ball,
        corner_uv=tiled,
        face_material=np.where(up, 0, 1),
        materials=tuple(Material(p.name, texture=p) for p in pictures),
    )
    relic = Relic("ball", mesh=mesh)
    assert not relic.has("atlas")
    unwrapped = unwrap_uv(relic, gaps=64)
    assert unwrapped.has("atlas")
    assert unwrapped.painted is mesh
    relic = bake_textures(unwrapped)
    assert relic.painted is None
    seen_mesh = relic.the_mesh()
    side = relic.figures["texture_side"]
    texels = texels_of(seen_mesh, side)
    seen = pixels(seen_mesh)[texels.row, texels.column]
    expected = np.where(texels.place[:, 2:] > 0, RED, BLUE)
    away = np.abs(texels.place[:, 2]) > 2.7  # a row of triangles
    np.testing.assert_array_equal(seen[away], expected[away])


@pytest.fixture
def textured(tmp_path: Path) -> Path:
    """A run of a pipeline that bakes, from a coloured cloud."""
    preview = Path(__file__).parents[2] / "pipelines" / "preview.toml"
    text = preview.read_text(encoding="utf-8")
    before = '[[stage]]\nuse = "build_levels"'
    assert before in text
    more = '[[stage]]\nuse = "unwrap_uv"\n\n[[stage]]\nuse = "bake_textures"\nmax_side = 512\n\n'
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
    assert list((textured / "master").glob("texture-*.png"))
