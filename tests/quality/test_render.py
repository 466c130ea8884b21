"""Pictures with known answers: where things are, how large, and of what colour."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from relicscan.errors import StageError
from relicscan.quality.camera import FIELD_OF_VIEW_DEG, MARGIN, fit_camera
from relicscan.quality.canvas import tone_mapped
from relicscan.quality.light import interreflected, studio
from relicscan.quality.pictures import contact_sheet, save_png, save_webp, side_by_side
from relicscan.quality.render import render
from relicscan.relic import Material, Mesh, PointCloud, Texture

SMALL: dict[str, Any] = {"width": 120, "height": 120}
EXACT: dict[str, Any] = {**SMALL, "shading": "none", "background": "transparent"}


def ball(radius: float = 40.0, rings: int = 40, centre: tuple[float, ...] = (0, 0, 0)) -> Mesh:
    theta = np.pi * np.arange(rings + 1) / rings
    phi = 2 * np.pi * np.arange(2 * rings) / (2 * rings)
    t, p = np.meshgrid(theta, phi, indexing="ij")
    unit = np.stack([np.sin(t) * np.cos(p), np.cos(t), -np.sin(t) * np.sin(p)], axis=-1)
    grid = np.arange(t.size).reshape(t.shape)
    a, b = grid[:-1], np.roll(grid, -1, axis=1)[:-1]
    c, d = grid[1:], np.roll(grid, -1, axis=1)[1:]
    faces = np.vstack(
        [np.stack([a, c, b], -1).reshape(-1, 3), np.stack([b, c, d], -1).reshape(-1, 3)]
    )
    return Mesh(radius * unit.reshape(-1, 3) + centre, faces)


def square(texture: Texture | None = None, color: tuple[float, ...] = (1, 1, 1, 1)) -> Mesh:
    """Two units wide in the plane of x and y, facing +z, with its picture upright."""
    vertices = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=float)
    uv = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], dtype=np.float32)
    faces = np.array([[0, 1, 2], [0, 2, 3]])
    material = Material("m", color, texture)  # type: ignore[arg-type]
    return Mesh(vertices, faces, corner_uv=uv[faces], materials=(material,))


def texture_of(pixels: list[list[tuple[int, int, int]]], size: int = 64) -> Texture:
    """A PNG of flat fields."""
    field = np.array(pixels, dtype=np.uint8)
    field = field.repeat(size // len(pixels), axis=0).repeat(size // len(pixels[0]), axis=1)
    out = io.BytesIO()
    Image.fromarray(field).save(out, "PNG")
    return Texture("t", out.getvalue(), "image/png", field.shape[1], field.shape[0])


def covered(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(image[..., 3] > 127)


def test_colours_without_shading_are_exact() -> None:
    """Every value of a byte comes through linear light and averaging unchanged."""
    for value in range(0, 256, 15):
        color = (value, 255 - value, 200)
        sphere = ball(rings=12)
        image = render(
            replace(sphere, colors=np.tile(color, (len(sphere.vertices), 1))),
            **EXACT,
            elevation_deg=0,
        )
        assert image[60, 60].tolist() == [*color, 255]
        assert (image[covered(image) & (image[..., 3] == 255)][:, :3] == color).all()


def test_cloud_colours_without_shading_are_exact() -> None:
    points = ball(rings=60).vertices
    image = render(PointCloud(points, colors=np.tile([180, 20, 33], (len(points), 1))), **EXACT)
    assert (image[image[..., 3] == 255][:, :3] == [180, 20, 33]).all()
    assert image[60, 60].tolist() == [180, 20, 33, 255]


def test_red_stays_red_in_the_studio() -> None:
    sphere = ball()
    red = render(replace(sphere, colors=np.tile([200, 10, 10], (len(sphere.vertices), 1))), **SMALL)
    r, g, b, a = (int(v) for v in red[60, 60])
    assert a == 255
    assert r > 150
    assert max(g, b) < 40


def test_silhouette_of_a_sphere_has_its_area() -> None:
    """A sphere of radius one at distance d shows as a circle of slope 1 / sqrt(d^2 - 1)."""
    for geometry in (ball(rings=80), PointCloud(ball(rings=160).vertices)):
        image = render(geometry, width=200, height=200, shading="none", background="transparent")
        focal = 100 / np.tan(np.radians(FIELD_OF_VIEW_DEG / 2))
        # Fitted: the outline touches the margin.
        radius = 100 * (1 - 2 * MARGIN)
        assert (image[..., 3] / 255).sum() == pytest.approx(np.pi * radius**2, rel=0.03)
        assert focal > radius


@pytest.mark.parametrize("as_cloud", [False, True])
def test_right_is_right_and_up_is_up(as_cloud: bool) -> None:
    """Seen from +Z, a red ball on +X lies right of the middle and a green one on +Y above it."""
    parts = [ball(10, 24, (0, 0, 0)), ball(10, 24, (60, 0, 0)), ball(10, 24, (0, 60, 0))]
    colors = [(0, 0, 255), (255, 0, 0), (0, 255, 0)]
    vertices = np.vstack([p.vertices for p in parts])
    counts = np.cumsum([0] + [len(p.vertices) for p in parts[:-1]])
    faces = np.vstack([p.faces + n for p, n in zip(parts, counts, strict=True)])
    color = np.vstack([np.tile(c, (len(parts[0].vertices), 1)) for c in colors])
    mesh: Mesh | PointCloud = Mesh(vertices, faces, colors=color)
    if as_cloud:
        mesh = PointCloud(vertices, colors=color)

    def where(image: NDArray[np.uint8], channel: int) -> NDArray[np.float64]:
        mask = covered(image) & (image[..., channel] > 200)
        return np.argwhere(mask).mean(axis=0)  # row, column

    front = render(mesh, **EXACT, azimuth_deg=0, elevation_deg=0)
    red, green, blue = (where(front, c) for c in (0, 1, 2))
    assert red[1] > blue[1] + 20
    assert abs(red[0] - blue[0]) < 3
    assert green[0] < blue[0] - 20
    assert abs(green[1] - blue[1]) < 3
    # From +X the red ball stands before the blue one; from behind it is on the left.
    side = render(mesh, **EXACT, azimuth_deg=90, elevation_deg=0)
    assert (side[..., 2] > 200).sum() < 0.3 * (side[..., 0] > 200).sum()
    back = render(mesh, **EXACT, azimuth_deg=180, elevation_deg=0)
    assert where(back, 0)[1] < where(back, 2)[1] - 20
    # From above, what is up comes towards the camera, and red is still on the right.
    above = render(mesh, **EXACT, azimuth_deg=0, elevation_deg=90)
    assert where(above, 0)[1] > where(above, 1)[1] + 20
    # A scan with +Z up, turned upright: what was on its +Z is on top.
    upright = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
    lying = replace_points(mesh, vertices @ upright)
    again = render(lying, **EXACT, azimuth_deg=0, elevation_deg=0, R_model_work=upright)
    assert np.abs(again.astype(int) - front).max() <= 1


def replace_points(geometry: Mesh | PointCloud, points: NDArray[np.float64]) -> Mesh | PointCloud:
    if isinstance(geometry, Mesh):
        return replace(geometry, vertices=points)
    return replace(geometry, points=points)


def test_texture_is_the_right_way_up() -> None:
    corners = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (250, 240, 20)]]
    image = render(square(texture_of(corners)), **EXACT, azimuth_deg=0, elevation_deg=0)
    for row, column, color in ((30, 30, 0), (30, 90, 1), (90, 30, 2), (90, 90, 3)):
        assert image[row, column, :3].tolist() == list(corners[color // 2][color % 2])


def test_fine_texture_is_averaged_in_linear_light() -> None:
    """Black and white texels, far smaller than a pixel, are half the light: sRGB 188, not 128."""
    fine = (np.indices((1024, 1024)).sum(axis=0) % 2 * 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(fine).save(out, "PNG")
    mesh = square(Texture("t", out.getvalue(), "image/png", 1024, 1024))
    image = render(mesh, **EXACT, azimuth_deg=0, elevation_deg=0)
    assert abs(int(image[60, 60, 0]) - 188) <= 1


@pytest.mark.parametrize("how", ["PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (129, 65), (1500, 1100)])
def test_a_texture_of_one_colour_is_that_colour(how: str, size: tuple[int, int]) -> None:
    """However it is coded, and however much smaller it has to be made."""
    out = io.BytesIO()
    field = np.tile(np.array([203, 97, 14], dtype=np.uint8), (size[1], size[0], 1))
    options = {"lossless": True} if how == "WEBP" else {}
    Image.fromarray(field).save(out, how, **options)
    mime: Any = f"image/{how.lower()}"
    mesh = square(Texture("t", out.getvalue(), mime, *size))
    image = render(mesh, **EXACT, azimuth_deg=30, elevation_deg=40)
    whole = image[image[..., 3] == 255]
    assert len(whole) > 3000
    assert (whole[:, :3] == [203, 97, 14]).all()


def test_each_face_has_the_texture_as_fine_as_it_needs() -> None:
    """A checkerboard of single texels: one triangle shows 500 of them a side, the other four."""
    fine = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(fine).save(out, "PNG")
    mesh = square(Texture("t", out.getvalue(), "image/png", 512, 512))
    assert mesh.corner_uv is not None
    uv = mesh.corner_uv.copy()
    uv[1] /= 128
    image = render(replace(mesh, corner_uv=uv), **EXACT, azimuth_deg=0, elevation_deg=0)
    inner = image[20:100, 20:100, 0].astype(int)
    row, column = np.indices(inner.shape)
    even = inner[row + column > 84]  # on the lower right of the square's diagonal
    spotted = inner[row + column < 74]
    assert np.abs(even - 188).max() <= 3
    assert spotted.min() < 20
    assert spotted.max() > 235


def test_a_normal_map_bends_the_light() -> None:
    """A plate whose map leans all normals to the upper left, to the light, or away from it."""
    light = {}
    for name, x, y in (("towards", -0.4, 0.4), ("away", 0.4, -0.4), ("down", -0.4, -0.4)):
        n = np.array([x, y, np.sqrt(1 - x * x - y * y)])
        r, g, b = (round(float(v + 1) * 127.5) for v in n)
        mesh = square()
        material = Material("m", normal=texture_of([[(r, g, b)]]))
        mapped = replace(mesh, materials=(material,))
        leaning = replace(mesh, normals=np.tile(n, (4, 1)))
        view: dict[str, Any] = {**SMALL, "azimuth_deg": 0, "elevation_deg": 0}
        shown, meant = (render(m, **view)[40:80, 40:80, 0].astype(int) for m in (mapped, leaning))
        assert np.abs(shown - meant).max() <= 3
        light[name] = shown.mean()
    assert light["towards"] > light["down"] + 20
    assert light["down"] > light["away"] + 10


def test_thin_things_are_not_black() -> None:
    """What falls between the places where light is found has the light that is usual."""
    x = np.linspace(-1, 1, 21)
    blades = [[[a, -1, 0], [a + 0.004, -1, 0], [a, 1, 0]] for a in x]
    mesh = Mesh(np.array(blades).reshape(-1, 3), np.arange(63).reshape(-1, 3))
    image = render(
        mesh, **{**EXACT, "shading": "clay"}, azimuth_deg=0, elevation_deg=0, ground_shadow=False
    )
    lit = image[image[..., 3] > 0]
    assert len(lit) > 500
    assert lit[:, 0].min() > 100


def test_texture_repeats_outside_its_edge_and_base_colour_multiplies() -> None:
    mesh = square(texture_of([[(255, 255, 255), (0, 0, 0)]]), (0.5, 0.5, 0.5, 1))
    assert mesh.corner_uv is not None
    mesh = replace(mesh, corner_uv=mesh.corner_uv + np.float32(1))
    image = render(mesh, **EXACT, azimuth_deg=0, elevation_deg=0)
    assert image[60, 30, 0] == 188
    assert image[60, 90, 0] == 0


def test_several_materials() -> None:
    mesh = replace(
        square(texture_of([[(10, 200, 30)]])),
        face_material=np.array([0, 1]),
        materials=(
            Material("a", texture=texture_of([[(10, 200, 30)]])),
            Material("b", (1, 0, 0, 1)),
        ),
    )
    image = render(mesh, **EXACT, azimuth_deg=0, elevation_deg=0)
    assert image[80, 80].tolist() == [10, 200, 30, 255]
    assert image[40, 40].tolist() == [255, 0, 0, 255]


def test_the_picture_is_filled_and_nothing_is_cut() -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        shape = ball(centre=tuple(rng.normal(size=3) * 1e4))
        vertices = shape.vertices * rng.uniform(0.1, 3, 3)
        image = render(
            replace(shape, vertices=vertices),
            width=160,
            height=100,
            azimuth_deg=float(rng.uniform(-180, 180)),
            elevation_deg=float(rng.uniform(-60, 60)),
            shading="none",
            background="transparent",
        )
        rows, columns = np.nonzero(covered(image))
        across = (columns.max() - columns.min() + 1) / 160
        down = (rows.max() - rows.min() + 1) / 100
        assert max(across, down) == pytest.approx(1 - 2 * MARGIN, abs=0.03)
        assert (image[0] == 0).all()
        assert (image[:, -1] == 0).all()


def test_turntable_keeps_the_distance() -> None:
    points = ball().vertices * [3, 1, 0.5]
    options: dict[str, Any] = {"width_px": 100, "height_px": 100, "elevation_deg": 10.0}
    table = [
        fit_camera(points, azimuth_deg=a, fit="turntable", **options) for a in (0.0, 45.0, 200.0)
    ]
    lengths = [np.linalg.norm(c.position) for c in table]
    assert max(lengths) / min(lengths) < 1.01
    view = [fit_camera(points, azimuth_deg=a, **options) for a in (0.0, 90.0)]
    assert np.linalg.norm(view[1].position) < 0.6 * np.linalg.norm(view[0].position)
    for camera in table:
        column, row, depth = camera.project(points)
        assert depth.min() > 0
        assert min(column.min(), row.min()) > 0
        assert max(column.max(), row.max()) < 100


def test_camera_axes_are_right_handed_and_rays_meet_projections() -> None:
    camera = fit_camera(
        ball().vertices, width_px=90, height_px=60, azimuth_deg=33, elevation_deg=20
    )
    assert np.allclose(camera.axes @ camera.axes.T, np.eye(3))
    assert np.linalg.det(camera.axes) == pytest.approx(1)
    rays = camera.rays()
    assert rays.shape == (60, 90, 6)
    column, row, _ = camera.project(
        (rays[..., :3] + 70 * rays[..., 3:]).reshape(-1, 3).astype(float)
    )
    assert np.allclose(column.reshape(60, 90), np.arange(90) + 0.5, atol=1e-3)
    assert np.allclose(row.reshape(60, 90), (np.arange(60) + 0.5)[:, None], atol=1e-3)


def test_like_takes_the_view_of_the_other() -> None:
    half = ball(20)
    alone = render(half, **EXACT)
    beside = render(half, **EXACT, like=ball(40))
    assert (beside[..., 3] / 255).sum() == pytest.approx((alone[..., 3] / 255).sum() / 4, rel=0.1)


def test_light_comes_from_above_and_shadow_lies_below() -> None:
    clay = render(ball(), **SMALL, shading="clay", elevation_deg=10, background="transparent")
    column = clay[10:110, 60, :3].astype(int).sum(axis=1)
    assert column[15] > column[85] + 60
    plain = render(
        ball(), **SMALL, ground_shadow=False, elevation_deg=20, background=(255, 255, 255)
    )
    shadow = render(
        ball(), **SMALL, ground_shadow=True, elevation_deg=20, background=(255, 255, 255)
    )
    darker = plain[..., :3].astype(int) - shadow[..., :3]
    assert darker.min() >= 0
    assert darker[100:].max() > 15
    assert darker[:40].max() < 15
    assert darker[[0, -1]].max() <= 1
    assert darker[:, [0, -1]].max() <= 1


def test_hollows_are_darker_than_what_is_open() -> None:
    """A deep open box seen from above: its floor gets less light than its rim."""
    box = np.array([[x, y, z] for y in (0, 2) for x, z in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    faces = [[0, 2, 1], [0, 3, 2]]
    for i in range(4):
        j = (i + 1) % 4
        faces += [[i, j, j + 4], [i, j + 4, i + 4]]
    floor = Mesh(box.astype(float), np.array(faces[:2]))
    deep = Mesh(box.astype(float), np.array(faces))
    view: dict[str, Any] = {**SMALL, "elevation_deg": 90, "shading": "clay", "azimuth_deg": 0}
    open_floor = int(render(floor, **view, like=deep)[60, 60, 0])
    assert int(render(deep, **view)[60, 60, 0]) < 0.75 * open_floor


def test_studio_is_exposed_for_white() -> None:
    for azimuth in (0.0, 77.0, 200.0):
        lights = studio(azimuth)
        a = np.radians(azimuth)
        towards = np.array([[np.sin(a), 0, np.cos(a)]], dtype=np.float32)
        assert 0.6 < lights.irradiance(towards).mean() < 1.1
    shares = np.linspace(0, 1, 11, dtype=np.float32)
    for albedo in (0.0, 0.5, 1.0):
        out = interreflected(shares, np.full((11, 3), albedo, dtype=np.float32))
        assert (out >= shares[:, None]).all()
        assert out[-1].max() == pytest.approx(1, abs=0.01)
        assert (np.diff(out[:, 0]) > 0).all()


def test_tone_curve_keeps_colours_below_its_knee_and_never_reaches_white() -> None:
    x = np.linspace(0, 3, 301, dtype=np.float32)
    y = tone_mapped(x)
    assert np.array_equal(y[x <= 0.75], x[x <= 0.75])
    assert (np.diff(y) > 0).all()
    assert y.max() < 1


def test_dense_clouds_have_no_holes_and_show_their_near_side() -> None:
    """A sphere of 40,000 points, near half white, far half black: no black comes through."""
    i = np.arange(40_000) + 0.5
    y = 1 - 2 * i / len(i)
    turn = i * np.pi * (3 - np.sqrt(5))
    r = np.sqrt(1 - y * y)
    points = np.column_stack([r * np.cos(turn), y, r * np.sin(turn)])
    rng = np.random.default_rng(0)
    points = points[rng.random(len(points)) < 0.8]  # as uneven as real ones
    colors = np.where(points[:, 2:] > 0, 255, 0).repeat(3, axis=1)
    front = {"azimuth_deg": 0.0, "elevation_deg": 0.0}
    image = render(
        PointCloud(points, colors=colors), width=300, height=300, shading="none", **front
    )
    yy, xx = np.mgrid[:300, :300] - 149.5
    inner = np.hypot(xx, yy) < 110
    assert image[inner][:, :3].min() == 255


def test_cloud_normals_shade_whatever_their_sign() -> None:
    points = ball(rings=80).vertices
    normals = points / 40 * np.where(np.arange(len(points)) % 2, 1, -1)[:, None]
    image = render(PointCloud(points, normals=normals), **SMALL, elevation_deg=0)
    same = render(PointCloud(points, normals=points / 40), **SMALL, elevation_deg=0)
    assert np.abs(image.astype(int) - same)[40:80, 40:80].max() <= 2
    assert image[30, 50, 0] > int(image[95, 60, 0]) + 30


def test_clouds_without_normals_or_colour_still_show_their_form() -> None:
    image = render(PointCloud(ball(rings=80).vertices), **SMALL, elevation_deg=10)
    assert image[30, 50, 0] > int(image[95, 60, 0]) + 30


def test_stray_points_do_not_make_the_relic_small() -> None:
    points = np.vstack([ball(rings=60).vertices, [[4000, 0, 0], [0, -9000, 0]]])
    image = render(
        PointCloud(points), width=200, height=200, shading="none", background="transparent"
    )
    assert covered(image).mean() > 0.4


def test_odd_geometry_is_shown_and_none_is_refused() -> None:
    one = PointCloud(np.array([[5.0, 5, 5]]))
    assert render(one, **EXACT)[..., 3].any()
    flat = PointCloud(np.random.default_rng(0).random((50, 3)) * [1, 0, 0])
    assert covered(render(flat, **SMALL)).any()
    nan = ball()
    vertices = nan.vertices.copy()
    vertices[100] = np.nan
    assert covered(render(replace(nan, vertices=vertices), **SMALL)).any()
    stray = PointCloud(np.vstack([ball().vertices, np.full((3, 3), np.inf)]))
    assert covered(render(stray, **SMALL)).any()
    for empty in (PointCloud(np.zeros((0, 3))), Mesh(np.zeros((3, 3)), np.zeros((0, 3)))):
        with pytest.raises(StageError, match="there is no"):
            render(empty)


def test_survey_coordinates_do_not_shake() -> None:
    near = render(ball(1.0), **SMALL)
    far = render(ball(1.0, centre=(4.5e6, 5.2e6, 300)), **SMALL)
    assert np.abs(near.astype(int) - far).max() <= 3


def test_damaged_texture_is_an_error_in_words() -> None:
    good = texture_of([[(1, 2, 3)]])
    with pytest.raises(StageError, match="image 't' cannot be decoded"):
        render(square(replace(good, data=good.data[:60])), **SMALL)


def test_same_scene_same_bytes_and_the_input_stays() -> None:
    mesh = ball()
    before = mesh.vertices.copy()
    assert np.array_equal(render(mesh, **SMALL), render(mesh, **SMALL))
    assert np.array_equal(mesh.vertices, before)


def test_backgrounds() -> None:
    assert (
        render(ball(), **SMALL, background=(10, 20, 30), ground_shadow=False)[0, 0]
        == [10, 20, 30, 255]
    ).all()
    paper = render(ball(), **SMALL)
    assert (paper[..., 3] == 255).all()
    assert paper[5, 60, 0] > paper[0, 0, 0]


def read(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_pictures_come_back_from_files(tmp_path: Path) -> None:
    image = render(ball(), **EXACT)
    save_png(tmp_path / "a.png", image)
    assert np.array_equal(read(tmp_path / "a.png"), image)
    opaque = render(ball(), **SMALL)
    save_png(tmp_path / "b.png", opaque)
    assert np.array_equal(read(tmp_path / "b.png"), opaque[..., :3])
    save_webp(tmp_path / "c.webp", opaque)
    assert np.abs(read(tmp_path / "c.webp").astype(int) - opaque[..., :3]).mean() < 3


def test_contact_sheet() -> None:
    tiles = [np.full((40, 60, 4), v, dtype=np.uint8) for v in (255, 255, 255)]
    for i, tile in enumerate(tiles):
        tile[..., :3] = (50 * i, 10, 10)
    sheet = side_by_side(tiles, ["raw", "cleaned", "web"], columns=2, gap_px=4)
    assert sheet.shape[1:] == (124, 4)
    assert sheet[20, 30].tolist() == [0, 10, 10, 255]
    assert sheet[20, 94].tolist() == [50, 10, 10, 255]
    caption = sheet[40 : sheet.shape[0] // 2, :60, 0]
    assert (caption < 128).any()
    assert side_by_side(tiles).shape == (40, 60 * 3 + 16, 4)


def test_contact_sheet_of_pictures_of_any_size() -> None:
    wide = np.full((50, 100, 3), (10, 200, 30), dtype=np.uint8)
    square_one = np.full((30, 30, 4), (200, 10, 30, 255), dtype=np.uint8)
    sheet = contact_sheet([wide, square_one, wide], ["a", "b", "c"], columns=2, tile_px=80)
    assert sheet.shape[1] == 168
    assert sheet[40, 40].tolist() == [10, 200, 30, 255]
    assert sheet[5, 40].tolist() == [255, 255, 255, 255]
    assert sheet[5, 128].tolist() == [200, 10, 30, 255]


def test_pictures_before_grey() -> None:
    grey = render(ball(), **SMALL, background="grey")
    corner = grey[0, 0].astype(int)
    assert (grey[..., 3] == 255).all()
    assert 110 < corner[0] < 160
    assert np.ptp(corner[:3]) < 8


@pytest.mark.real
def test_real_scans_make_pictures(shared: Path) -> None:
    """The statue stands upright in the middle of its picture."""
    from relicscan import formats

    scan = formats.read(shared / "scans/pc_guanyin/Guanyin.ply")[0]
    image = render(scan.geometry, **EXACT)
    assert 0.15 < covered(image).mean() < 0.6
