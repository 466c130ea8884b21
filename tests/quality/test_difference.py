"""Rendered difference: nothing for the same, more for worse, and colours as they were painted."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from relicscan.errors import StageError
from relicscan.quality.difference import (
    Difference,
    Pictures,
    Reference,
    Views,
    difference,
    look,
    pictures,
    views,
)
from relicscan.relic import Material, Mesh, Texture


def sphere(rings: int = 60, radius: float = 50.0) -> Mesh:
    """A sphere with texture coordinates of longitude and latitude, the seam between corners."""
    t = np.pi * np.arange(rings + 1) / rings
    p = 2 * np.pi * np.arange(2 * rings + 1) / (2 * rings)
    theta, phi = np.meshgrid(t, p, indexing="ij")
    unit = np.stack(
        [np.sin(theta) * np.sin(phi), np.cos(theta), np.sin(theta) * np.cos(phi)], axis=-1
    )
    uv = np.stack([phi / (2 * np.pi), theta / np.pi], axis=-1).reshape(-1, 2)
    grid = np.arange(theta.size).reshape(theta.shape)
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    faces = np.vstack([np.stack(q, -1).reshape(-1, 3) for q in ((a, c, b), (b, c, d))])
    vertices = radius * unit.reshape(-1, 3)
    keep = (
        np.linalg.norm(
            np.cross(
                vertices[faces[:, 1]] - vertices[faces[:, 0]],
                vertices[faces[:, 2]] - vertices[faces[:, 0]],
            ),
            axis=1,
        )
        > 1e-6
    )
    faces = faces[keep]
    return Mesh(vertices, faces, corner_uv=uv[faces].astype(np.float32))


def coded(pixels: NDArray[np.uint8], how: str = "PNG", **options: int) -> Texture:
    out = io.BytesIO()
    if how == "WEBP" and not options:
        options = {"quality": 80}
    Image.fromarray(pixels).save(out, how, **options)
    height, width = pixels.shape[:2]
    return Texture("t", out.getvalue(), f"image/{how.lower()}", width, height)  # type: ignore[arg-type]


def painted(mesh: Mesh, texture: Texture, normal: Texture | None = None) -> Mesh:
    return replace(mesh, materials=(Material("m", texture=texture, normal=normal),))


def pattern(height: int = 512, width: int = 1024) -> NDArray[np.uint8]:
    """Blobs of paint, of some texels to some hundred."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(5)
    total = np.zeros((height, width, 3))
    for sigma in (1.5, 5, 20):
        layer = gaussian_filter(rng.random((height, width, 3)), (sigma, sigma, 0), mode="wrap")
        total += (layer - layer.mean()) / layer.std()
    return np.clip(128 + 45 * total, 0, 255).astype(np.uint8)


def seen(mesh: Mesh, cameras: Views) -> Pictures:
    return pictures(look(mesh, cameras), mesh)


def compared(master: Mesh, level: Mesh, size_px: int = 256) -> Difference:
    cameras = views(master, size_px=size_px)
    return difference(Reference(seen(master, cameras)), seen(level, cameras))


def lab(srgb: NDArray[Any]) -> NDArray[np.float64]:
    """CIELAB (n, 3) of sRGB colours (n, 3), 0..255, under D65."""
    matrix = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    s = np.asarray(srgb, dtype=float) / 255
    xyz = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4) @ matrix.T
    x = xyz / matrix.sum(axis=1)
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1
    )


def delta_e_2000(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 142-2001 between CIELAB colours (n, 3)."""
    (l1, a1, b1), (l2, a2, b2) = first.T, second.T
    c_mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(c_mean**7 / (c_mean**7 + 25.0**7)))
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    dh = (h2 - h1 + 180) % 360 - 180
    h = (h1 + dh / 2) % 360
    dhue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    t = (
        1
        - 0.17 * np.cos(np.radians(h - 30))
        + 0.24 * np.cos(np.radians(2 * h))
        + 0.32 * np.cos(np.radians(3 * h + 6))
        - 0.20 * np.cos(np.radians(4 * h - 63))
    )
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rt = (
        -2
        * np.sqrt(cm**7 / (cm**7 + 25.0**7))
        * np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    )
    dl, dc = (l2 - l1) / sl, (c2 - c1) / sc
    return np.asarray(np.sqrt(dl**2 + dc**2 + (dhue / sh) ** 2 + rt * dc * dhue / sh))


def test_the_colour_difference_of_this_test_is_right() -> None:
    """Pairs of Sharma, Wu & Dalal, The CIEDE2000 Color-Difference Formula, 2005, table 1."""
    pairs = np.array(
        [
            [[50, 2.6772, -79.7751], [50, 0, -82.7485]],
            [[50, 2.5, 0], [73, 25, -18]],
            [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387]],
        ]
    )
    found = delta_e_2000(pairs[:, 0], pairs[:, 1])
    assert np.allclose(found, [2.0425, 27.1492, 1.2644], atol=1e-4)


@pytest.mark.parametrize("how", ["vertex colours", "PNG", "JPEG", "WEBP"])
def test_a_red_sphere_stays_red(how: str) -> None:
    red = (178, 34, 28)
    mesh = sphere()
    if how == "vertex colours":
        mesh = replace(mesh, colors=np.tile(red, (len(mesh.vertices), 1)))
    else:
        mesh = painted(mesh, coded(np.full((256, 512, 3), red, dtype=np.uint8), how))
    made = seen(mesh, views(mesh, size_px=200))
    for albedo, where in zip(made.albedo, made.seen, strict=True):
        inner = albedo[where & (np.abs(albedo.astype(int) - 128).sum(axis=2) > 150)]
        assert len(inner) > 20_000
        found = inner[np.abs(inner.astype(int) - red).max(axis=1) < 30]
        assert len(found) > 0.97 * len(inner)  # the rest is the rim, half background
        assert delta_e_2000(lab(found), lab(np.tile(red, (len(found), 1)))).mean() < 2
        if how in ("vertex colours", "PNG"):
            middle = albedo[60:140, 60:140]
            assert (middle == red).all()


def test_the_same_model_does_not_differ() -> None:
    mesh = painted(sphere(), coded(pattern()))
    order = np.random.default_rng(0).permutation(len(mesh.faces))
    for level in (mesh, mesh.take_faces(order)):
        found = compared(mesh, level)
        assert found.shaded.flip < 1e-4
        assert found.albedo.flip < 1e-4
    same = compared(mesh, mesh)
    assert (same.shaded.flip, same.shaded.psnr_db) == (0.0, None)
    assert (same.albedo.flip, same.albedo.psnr_db) == (0.0, None)
    assert same.pixels > 50_000


def test_worse_textures_differ_more() -> None:
    from scipy.ndimage import gaussian_filter

    mesh, pixels = sphere(), pattern()
    master = painted(mesh, coded(pixels))
    cameras = views(master, size_px=384)
    reference = Reference(seen(master, cameras))
    geometry = look(mesh, cameras)

    def flip_of(texture: Texture) -> Difference:
        return difference(reference, pictures(geometry, painted(mesh, texture)))

    fine, coarse = (flip_of(coded(pixels, "JPEG", quality=q)) for q in (95, 30))
    shifted = flip_of(coded(np.roll(pixels, 12, axis=1)))
    blurred = flip_of(coded(gaussian_filter(pixels, (6, 6, 0))))
    webp = flip_of(coded(pixels, "WEBP", quality=90))
    small = flip_of(coded(np.asarray(Image.fromarray(pixels).reduce(4))))
    for part in ("albedo", "shaded"):
        f, c, s, b, w, r = (getattr(x, part) for x in (fine, coarse, shifted, blurred, webp, small))
        assert 0 < f.flip < c.flip < min(s.flip, b.flip)
        assert w.flip < min(s.flip, b.flip) / 2
        assert f.flip < r.flip < s.flip
        assert f.psnr_db > c.psnr_db > max(s.psnr_db, b.psnr_db)


def test_psnr_is_what_its_formula_says() -> None:
    """One grey for another, all over: the rim is mixed, so a little less than the colours."""
    mesh = sphere()
    a, b = (replace(mesh, colors=np.full((len(mesh.vertices), 3), v)) for v in (100, 110))
    found = compared(a, b).albedo.psnr_db
    assert found == pytest.approx(20 * np.log10(255 / 10), abs=0.05)


def test_a_missing_half_is_noticed() -> None:
    mesh = painted(sphere(), coded(pattern()))
    middle = mesh.vertices[mesh.faces].mean(axis=1)
    half = mesh.take_faces(middle[:, 1] < 0)
    whole = compared(mesh, mesh)
    found = compared(mesh, half)
    assert found.pixels == whole.pixels
    assert found.albedo.flip > 0.1
    assert found.shaded.flip > 0.1


def test_what_sticks_out_is_noticed() -> None:
    mesh = sphere()
    spike = Mesh(
        np.vstack([mesh.vertices, [[48, 0, 0], [58, 3, 0], [58, -3, 0]]]),
        np.vstack([mesh.faces, len(mesh.vertices) + np.array([[0, 1, 2], [0, 2, 1]])]),
    )
    cameras = views(mesh, size_px=256, azimuths_deg=(0.0,), elevation_deg=0.0)
    reference = Reference(seen(mesh, cameras))
    found = difference(reference, seen(spike, cameras))
    itself = difference(reference, seen(mesh, cameras))
    assert found.pixels > itself.pixels + 100
    assert found.shaded.flip > 0
    # What is looked at does not depend on how far around is looked.
    spiked = Reference(seen(spike, cameras))
    back = difference(spiked, seen(mesh, cameras))
    assert back.shaded.flip == pytest.approx(found.shaded.flip, rel=1e-6)
    assert back.pixels == found.pixels


def bump(height: float, steps: int = 160, texels: int = 256) -> tuple[Mesh, Mesh, Mesh]:
    """A plate with a real bump; a flat one with its normal map; one with green upside down."""
    sigma = 0.3
    x, y = np.meshgrid(np.linspace(-1, 1, steps + 1), np.linspace(-1, 1, steps + 1))
    z = height * np.exp(-(x**2 + y**2) / (2 * sigma**2))
    grid = np.arange(x.size).reshape(x.shape)
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    faces = np.vstack([np.stack(q, -1).reshape(-1, 3) for q in ((a, b, c), (b, d, c))])
    real = Mesh(np.column_stack([x.ravel(), y.ravel(), z.ravel()]), faces)
    u, v = np.meshgrid((np.arange(texels) + 0.5) / texels, (np.arange(texels) + 0.5) / texels)
    tx, ty = 2 * u - 1, 1 - 2 * v  # v runs down
    tz = height * np.exp(-(tx**2 + ty**2) / (2 * sigma**2))
    normal = np.stack([tx * tz / sigma**2, ty * tz / sigma**2, np.ones_like(tz)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    flat = Mesh(
        np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]),
        np.array([[0, 1, 2], [0, 2, 3]]),
    )
    corners = np.array([[0, 1], [1, 1], [1, 0], [0, 0]], dtype=np.float32)[flat.faces]
    flat = replace(flat, corner_uv=corners)
    maps = [coded(np.round((normal * (1, g, 1) + 1) * 127.5).astype(np.uint8)) for g in (1, -1)]
    right, wrong = (replace(flat, materials=(Material("m", normal=texture),)) for texture in maps)
    return real, right, wrong


def test_a_normal_map_looks_like_the_relief_it_was_made_of() -> None:
    real, right, wrong = bump(0.08)
    cameras = views(real, size_px=256, azimuths_deg=(0.0, 20.0), elevation_deg=5.0)
    reference = Reference(seen(real, cameras))
    flat = difference(reference, seen(replace(right, materials=()), cameras)).shaded
    good = difference(reference, seen(right, cameras)).shaded
    bad = difference(reference, seen(wrong, cameras)).shaded
    assert good.flip < 0.3 * flat.flip
    assert bad.flip > flat.flip
    assert good.psnr_db is not None
    assert good.psnr_db > 50


def test_a_mirrored_chart_is_lit_from_the_same_side() -> None:
    """The same relief with its picture mirrored in u: the handedness of the tangents."""
    real, right, _ = bump(0.08)
    assert right.corner_uv is not None
    texture = right.materials[0].normal
    assert texture is not None
    with Image.open(io.BytesIO(texture.data)) as image:
        pixels = np.asarray(image)[:, ::-1].copy()
    pixels[..., 0] = 255 - pixels[..., 0]  # along u, which now runs to the left
    mirrored = replace(
        right,
        corner_uv=np.stack([1 - right.corner_uv[..., 0], right.corner_uv[..., 1]], axis=-1),
        materials=(Material("m", normal=coded(pixels)),),
    )
    cameras = views(real, size_px=200, azimuths_deg=(10.0,), elevation_deg=5.0)
    a, b = (seen(mesh, cameras).shaded[0].astype(int) for mesh in (right, mirrored))
    assert np.abs(a - b).max() <= 2


def test_a_turned_model_keeps_its_relief() -> None:
    """R_model_work turns normals and tangents with the model."""
    _, right, _ = bump(0.08)
    upright = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
    lying = replace(right, vertices=right.vertices @ upright)
    a = pictures(look(right, views(right, size_px=128)), right)
    cameras = views(lying, upright, size_px=128)
    b = pictures(look(lying, cameras), lying)
    for first, second in zip(a.shaded, b.shaded, strict=True):
        assert np.abs(first.astype(int) - second).max() <= 1


def test_pictures_of_a_geometry_looked_at_before_are_the_same() -> None:
    mesh = sphere(40)
    first, second = (painted(mesh, coded(np.roll(pattern(), n, axis=0))) for n in (0, 100))
    cameras = views(mesh, size_px=160)
    geometry = look(first, cameras)
    pictures(geometry, first)
    again, anew = pictures(geometry, second), seen(second, cameras)
    for name in ("shaded", "albedo", "seen"):
        for a, b in zip(getattr(again, name), getattr(anew, name), strict=True):
            assert np.array_equal(a, b)
    assert not np.array_equal(again.albedo[0], pictures(geometry, first).albedo[0])


def test_odd_normals_and_texture_coordinates_are_survived() -> None:
    """Not a warning, and what is sound is pictured as ever."""
    plain = sphere(24)
    mesh = painted(
        plain, coded(pattern(64, 128)), coded(np.full((8, 8, 3), (128, 128, 255), np.uint8))
    )
    assert mesh.corner_uv is not None
    uv = mesh.corner_uv.copy()
    uv[:3] = ((np.nan, 0), (np.inf, 1), (0, -np.inf))
    normals = (mesh.vertices / 50).astype(np.float32)
    normals[:9] = ((np.nan, 0, 0), (np.inf, 0, 0), (0, 0, 0)) * 3
    odd = replace(mesh, corner_uv=uv, normals=normals)
    found = compared(mesh, odd, size_px=128)
    assert found.albedo.flip < 0.02
    assert found.shaded.flip < 0.02


def test_the_number_of_threads_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    master = painted(sphere(), coded(pattern()))
    level = painted(sphere(24), coded(pattern(), "JPEG", quality=60))
    found = []
    for count in ("1", "3"):
        monkeypatch.setenv("RELICSCAN_THREADS", count)
        found.append(compared(master, level))
    assert found[0] == found[1]


def test_what_cannot_be_compared_is_refused() -> None:
    mesh = painted(sphere(12), coded(pattern(64, 64)))
    cameras = views(mesh, size_px=64)
    geometry = look(mesh, cameras)
    with pytest.raises(ValueError, match="its faces are not the same"):
        pictures(geometry, sphere(13))
    assert mesh.corner_uv is not None
    with pytest.raises(ValueError, match="its corner_uv are not the same"):
        pictures(geometry, replace(mesh, corner_uv=mesh.corner_uv / 2))
    other = seen(mesh, views(mesh, size_px=65))
    with pytest.raises(ValueError, match="not of the same views"):
        difference(Reference(seen(mesh, cameras)), other)
    nowhere = mesh.vertices.copy()
    nowhere[3] = np.nan
    with pytest.raises(StageError, match="not finite"):
        look(replace(mesh, vertices=nowhere), cameras)
    with pytest.raises(StageError, match="no triangle to show"):
        views(mesh.take_faces(np.zeros(0, dtype=int)))
    damaged = mesh.materials[0].texture
    assert damaged is not None
    with pytest.raises(StageError, match="cannot be decoded"):
        pictures(geometry, painted(mesh, replace(damaged, data=damaged.data[:50])))
