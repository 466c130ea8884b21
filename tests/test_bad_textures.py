"""Bad and odd appearance from scan folder to model: one clear message, nothing half-written.

All relics of a kind lie under one root and are run as one batch, so each is also a test that it
costs no other anything. Models are written with lossless pictures: colours are exact.
"""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.commands import in_a_process
from PIL import Image
from shapes import cube_mesh, sphere_mesh
from tiny_scans import box, checked_output

from relicscan import formats
from relicscan.batch.job import Outcome
from relicscan.batch.record import peak_memory_bytes
from relicscan.batch.run import run
from relicscan.color import srgb_of
from relicscan.geometry.normal_map import shares_texels
from relicscan.geometry.sampling import bilinear
from relicscan.relic import FloatArray, Mesh

RED, BLUE, GREEN = (200, 30, 30), (30, 40, 190), (26, 179, 51)
TOML = '[scan]\nunit = "mm"\nup = "+Y"\nfront = "+Z"\n'

PIPELINE = """
targets = ["house.toml"]
[[stage]]
use = "clean_mesh"
[[stage]]
use = "unwrap_uv"
[[stage]]
use = "bake_textures"
occlusion_directions = 0
[[stage]]
use = "build_levels"
ceilings = { low = 4_000 }
"""

#: A museum's own target file.
HOUSE = """
description = "The app of the house"
geometry = "plain"
images = "source"
[[level]]
name = "low"
max_bytes = 1_000_000
max_triangles = 4_000
maps = ["normal"]
"""

BALL = sphere_mesh(rows=12, columns=24)
HEIGHT = BALL.vertices[BALL.faces].mean(axis=1)[:, 1]


def most_memory() -> float:
    """800 MB; the system counts for a process what the one that started it held by then."""
    return max(800e6, 1.05 * peak_memory_bytes())


def projected() -> FloatArray:
    """Texture coordinates (m, 3, 2) of the ball seen from the front, v up: both halves share."""
    return BALL.vertices[BALL.faces][..., :2] / 100 + 0.5


def encoded(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(out, kind, **options)
    return out.getvalue()


def plain(color: tuple[int, ...], side: int = 32) -> bytes:
    return encoded(np.broadcast_to(np.array(color), (side, side, 3)))


def halves() -> bytes:
    """Red above and blue below, the border in the middle."""
    return encoded(np.repeat([RED] * 32 + [BLUE] * 32, 64, axis=0).reshape(64, 64, 3))


def bomb(side: int) -> bytes:
    """A real PNG of side x side white pixels in a few hundred kilobytes."""
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    row = b"\0" + b"\xff" * -(-side // 8)
    pack = zlib.compressobj(9)
    body = b"".join(pack.compress(row) for _ in range(side)) + pack.flush()
    out = b"\x89PNG\r\n\x1a\n"
    for kind, content in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b"")):
        out += struct.pack(">I", len(content)) + kind + content
        out += struct.pack(">I", zlib.crc32(kind + content))
    return out


def noise_jpeg() -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    return encoded(noise, "JPEG", quality=90)


def write_obj(
    folder: Path,
    mesh: Mesh = BALL,
    uv: FloatArray | None = None,
    materials: dict[str, str] | None = None,
    which: Any = None,
    colors: Any = None,
    **pictures: bytes,
) -> Path:
    """A relic: m.obj, m.mtl with a statement for each material, and pictures by their names.

    `which` (m,) is the number of each face's material; colours (n, 3) are 0..1.
    """
    folder.mkdir(parents=True)
    (folder / "relic.toml").write_text(TOML, encoding="utf-8")
    lines = ["mtllib m.mtl"] if materials else []
    rows = mesh.vertices if colors is None else np.hstack([mesh.vertices, colors])
    lines += ["v " + " ".join(f"{x:.6f}" for x in row) for row in rows]
    if uv is not None:
        lines += [f"vt {u} {v}" for u, v in uv.reshape(-1, 2)]
    which = np.zeros(len(mesh.faces), dtype=int) if which is None else which
    for number, name in enumerate(materials or {"": ""}):
        lines += [f"usemtl {name}"] if name else []
        for f in np.flatnonzero(which == number):
            corners = (
                f"{v + 1}" if uv is None else f"{v + 1}/{3 * f + k + 1}"
                for k, v in enumerate(mesh.faces[f])
            )
            lines.append("f " + " ".join(corners))
    (folder / "m.obj").write_text("\n".join(lines) + "\n", encoding="utf-8")
    described = (f"newmtl {name}\n{text}\n" for name, text in (materials or {}).items())
    (folder / "m.mtl").write_text("".join(described), encoding="utf-8")
    for name, data in pictures.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def painted(folder: Path, data: bytes | None, name: str = "skin.png", **options: Any) -> Path:
    """A ball with that picture."""
    pictures = {} if data is None else {name.replace(".", "_"): data}
    materials = {"skin": f"Kd 0.8 0.8 0.8\nmap_Kd {name}"}
    return write_obj(folder, **{"uv": projected(), "materials": materials, **pictures, **options})


def settings(folder: Path, house: str = HOUSE) -> Path:
    (folder / "house.toml").write_text(house, encoding="utf-8")
    path = folder / "small.toml"
    path.write_text(PIPELINE, encoding="utf-8")
    return path


def of_batch(folder: Path, root: Path) -> dict[str, Outcome]:
    outcomes = run(root, folder / "out", pipeline=str(settings(folder)), jobs=2)
    checked_output(folder / "out")
    return {outcome.id: outcome for outcome in outcomes}


def said_nothing_in_its_log(folder: Path, relic: str) -> bool:
    log = folder / "out" / ".relicscan" / "logs" / f"{relic}.log"
    return not log.exists() or b"Traceback" not in log.read_bytes()


def model(folder: Path, relic: str) -> Mesh:
    (scan,) = formats.read(folder / "out" / relic / "house" / "low.glb")
    assert isinstance(scan.geometry, Mesh)
    return scan.geometry


def seen(mesh: Mesh) -> tuple[FloatArray, FloatArray]:
    """The middle (m, 3) of each triangle in millimetres, and its sRGB colour (m, 3)."""
    (material,) = mesh.materials
    light = np.ones((len(mesh.faces), 3), dtype=np.float32)
    if material.texture is not None:
        assert mesh.corner_uv is not None
        pixels = np.asarray(Image.open(BytesIO(material.texture.data)).convert("RGB"))
        light = bilinear(pixels, mesh.corner_uv.mean(axis=1))
    elif mesh.colors is not None:
        raise AssertionError("colours of vertices belong into the picture")
    light = light * np.array(material.base_color[:3], dtype=np.float32)
    return mesh.vertices[mesh.faces].mean(axis=1) * 1000, srgb_of(light).astype(float)


# What is wrong with the picture: the surface is kept, and the reason said


def _link(at: Path) -> None:
    painted(at, None)
    (at / "skin.png").symlink_to("../secret.png")


BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "absolute": (
        lambda at: painted(at, None, materials={"skin": f"map_Kd {at.parent / 'secret.png'}"}),
        "an absolute path: only files in its own folder are read; put 'secret.png' into",
    ),
    "bomb": (
        lambda at: painted(at, bomb(30_000)),
        "'skin.png' says that it has 30000 x 30000 pixels; 16384 x 16384 are the limit; export",
    ),
    "cut": (lambda at: painted(at, noise_jpeg()[:3000], "skin.jpg"), "is truncated.*; export"),
    "garbage": (
        lambda at: painted(
            at,
            noise_jpeg()[:3000] + bytes(range(255, -1, -1)) * 8 + noise_jpeg()[5048:],
            "skin.jpg",
        ),
        "'skin.jpg' cannot be decoded .*; export the texture again",
    ),
    **(
        {"link": (_link, "a symbolic link that leads out of the folder: only files in its own")}
        if os.name == "posix"
        else {}
    ),
    "missing": (lambda at: painted(at, None), "'skin.png', which is missing; copy the missing"),
    "parent": (
        lambda at: painted(at, None, materials={"skin": "map_Kd ../secret.png"}),
        "'../secret.png', a path that leaves the folder: only .*; put 'secret.png' into",
    ),
    "text": (
        lambda at: painted(at, b"just text\n" * 50),
        "'skin.png' cannot be decoded .it is no image .*; export the texture again as JPEG, PNG",
    ),
    "without-uv": (
        lambda at: painted(at, plain(RED), uv=None),
        "it has a texture and no texture coordinates, so it is read without; export it again",
    ),
}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Outcome]]:
    folder = tmp_path_factory.mktemp("bad")
    root = folder / "scans"
    for name, (make, _) in BAD.items():
        make(root / name)
    (root / "secret.png").write_bytes(plain(GREEN))
    (root / "broken").mkdir()
    (root / "broken" / "relic.toml").write_text(TOML, encoding="utf-8")
    (root / "broken" / "m.obj").write_text("v 0 0 0\nf 1 2 3\n", encoding="utf-8")
    painted(root / "sound", halves())
    return folder, of_batch(folder, root)


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_with_a_picture_is_one_message(
    bad: tuple[Path, dict[str, Outcome]], name: str
) -> None:
    folder, outcomes = bad
    outcome = outcomes[name]
    assert (outcome.state, outcome.reasons) == ("done", ())
    assert said_nothing_in_its_log(folder, name)
    (warning,) = (text for text in outcome.warnings if "plain white" not in text)
    assert re.search(rf"^m\.obj: .*{BAD[name][1]}.*run again", warning), warning
    _, colors = seen(model(folder, name))
    assert (colors == 255).all(), "it is white, and not the colour of anything that was not shown"
    assert outcome.peak_memory_bytes < most_memory()


def test_one_broken_relic_costs_no_other(bad: tuple[Path, dict[str, Outcome]]) -> None:
    folder, outcomes = bad
    assert outcomes["broken"].state == "rejected"
    ((reason, remedy),) = outcomes["broken"].reasons
    assert "line 2" in reason
    assert remedy
    assert not (folder / "out" / "broken" / "house").exists()
    assert (outcomes["sound"].verdict, outcomes["sound"].warnings) == ("pass", ())
    places, colors = seen(model(folder, "sound"))
    away = np.abs(places[:, 1]) > 5
    np.testing.assert_array_equal(
        colors[away], np.where(places[away, 1:2] > 0, [RED], [BLUE]), "the picture of the folder"
    )


def test_nothing_from_outside_its_folder_is_published(
    bad: tuple[Path, dict[str, Outcome]],
) -> None:
    folder, _ = bad
    secret = (folder / "scans" / "secret.png").read_bytes()
    delivered = [path for path in (folder / "out").rglob("*") if path.is_file()]
    assert len(delivered) > 20
    assert not [path for path in delivered if secret in path.read_bytes()]


# What is odd about the surface or its coordinates: the colours are right


def _tiles(at: Path) -> Path:
    """UDIM-like: each half has a picture of its own in a tile of its own."""
    right = BALL.vertices[BALL.faces].mean(axis=1)[:, 0] > 0
    uv = projected() / 2 + np.where(right, 1.0, 0.0)[:, None, None] * [1, 0] + [0, 2]
    materials = {"t1021": "map_Kd a.1021.png", "t1022": "map_Kd a.1022.png"}
    pictures = {"a_1021_png": plain(RED), "a_1022_png": plain(BLUE)}
    return write_obj(at, uv=uv, materials=materials, which=np.where(right, 1, 0), **pictures)


def _several(at: Path) -> Path:
    which = np.digitize(HEIGHT, [-15, 15])
    materials = {"low": "map_Kd gone.png", "mid": "Kd 0.102 0.702 0.2", "top": "map_Kd skin.png"}
    return write_obj(at, uv=projected(), materials=materials, which=which, skin_png=plain(RED))


def _loose(at: Path) -> Path:
    """120 parts of four triangles, red or blue."""
    corner = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    faces = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
    places = np.random.default_rng(3).permutation(1000)[:120]
    places = np.stack(np.unravel_index(places, (10, 10, 10)), axis=1) * 10.0
    vertices = (places[:, None] + corner).reshape(-1, 3)
    every = (4 * np.arange(120)[:, None, None] + faces).reshape(-1, 3)
    red = np.repeat(places[:, 1] < 45, 4)[:, None]
    return write_obj(at, Mesh(vertices, every), colors=np.where(red, RED, BLUE) / 255)


def _vertex_colors(mesh: Mesh) -> FloatArray:
    """Red below and blue above the middle, along the second axis."""
    middle = np.median(mesh.vertices[:, 1])
    return np.where(mesh.vertices[:, 1:2] < middle, RED, BLUE) / 255


CUBE = box()
SHEET = Mesh([[0, 0, 0], [90, 0, 0], [90, 50, 0], [0, 50, 0]], [[0, 1, 2], [0, 2, 3]])
NEEDLE = cube_mesh(steps=2)
NEEDLE = Mesh(NEEDLE.vertices * [5e-3, 100, 5e-3], NEEDLE.faces)
TRIANGLE = Mesh([[0, 0, 0], [10, 0, 0], [0, 10, 0]], [[0, 1, 2]])

ODD: dict[str, Callable[[Path], Any]] = {
    "cube": lambda at: write_obj(at, CUBE, colors=CUBE.vertices / 50 + 0.1),
    "flat-uv": lambda at: painted(at, plain(RED), uv=projected() * 0 + 0.5),
    "kd": lambda at: write_obj(at, materials={"green": "Kd 0.102 0.702 0.2"}),
    "loose": _loose,
    "nan-uv": lambda at: painted(
        at, plain(RED), uv=np.where(HEIGHT[:, None, None] > 40, np.nan, projected())
    ),
    "needle": lambda at: write_obj(at, NEEDLE, colors=_vertex_colors(NEEDLE)),
    "overlap": lambda at: painted(at, halves()),
    "several": _several,
    "sheet": lambda at: write_obj(at, SHEET, colors=_vertex_colors(SHEET)),
    "tiled": lambda at: painted(at, halves(), uv=projected() * [1, 3] - [4, 1]),
    "tiles": _tiles,
    "triangle": lambda at: write_obj(at, TRIANGLE, colors=np.tile([0.2, 0.4, 0.6], (3, 1))),
    "uncoloured": lambda at: write_obj(at),
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Outcome]]:
    folder = tmp_path_factory.mktemp("odd")
    for name, make in ODD.items():
        make(folder / "scans" / name)
    return folder, of_batch(folder, folder / "scans")


@pytest.mark.parametrize("name", ODD)
def test_whatever_is_odd_becomes_a_model(odd: tuple[Path, dict[str, Outcome]], name: str) -> None:
    folder, outcomes = odd
    assert (outcomes[name].verdict, outcomes[name].reasons) == ("pass", ())
    assert said_nothing_in_its_log(folder, name)
    assert outcomes[name].peak_memory_bytes < most_memory()


def test_repeated_and_numbered_tiles_become_one_picture(
    odd: tuple[Path, dict[str, Outcome]],
) -> None:
    folder, _ = odd
    places, colors = seen(model(folder, "tiled"))
    v = 3 * (places[:, 1] / 100 + 0.5)
    away = np.abs(v * 2 - np.rint(v * 2)) > 0.15
    upper = v - np.floor(v) > 0.5
    np.testing.assert_array_equal(colors[away], np.where(upper[away, None], [RED], [BLUE]))
    places, colors = seen(model(folder, "tiles"))
    away = np.abs(places[:, 0]) > 5
    expected = np.where(places[:, :1] > 0, [BLUE], [RED])
    np.testing.assert_array_equal(colors[away], expected[away])
    for name in ("tiled", "tiles"):
        uv = model(folder, name).corner_uv
        assert uv is not None
        assert 0 <= uv.min() <= uv.max() <= 1


def test_materials_with_and_without_pictures_keep_their_colours(
    odd: tuple[Path, dict[str, Outcome]],
) -> None:
    folder, outcomes = odd
    places, colors = seen(model(folder, "several"))
    expected = np.array([(255, 255, 255), GREEN, RED])[np.digitize(places[:, 1], [-15, 15])]
    np.testing.assert_array_equal(colors, expected)
    assert "'gone.png', which is missing" in outcomes["several"].warnings[0]
    assert np.abs(seen(model(folder, "kd"))[1] - GREEN).max() <= 1


def test_coordinates_that_are_no_numbers_or_all_one_are_said(
    odd: tuple[Path, dict[str, Outcome]],
) -> None:
    folder, outcomes = odd
    for name, told in (("nan-uv", "no numbers"), ("flat-uv", "one place of the texture only")):
        (warning,) = outcomes[name].warnings
        assert told in warning
        assert "export it again" in warning
        assert (seen(model(folder, name))[1] == RED).all()


def test_a_picture_that_places_share_is_kept_and_has_no_normal_map(
    odd: tuple[Path, dict[str, Outcome]],
) -> None:
    folder, _ = odd
    mesh = model(folder, "overlap")
    assert shares_texels(mesh), "what would be drawn for one place would show on another"
    (material,) = mesh.materials
    assert material.texture is not None
    assert material.texture.data == (folder / "scans" / "overlap" / "skin.png").read_bytes()
    assert material.normal is None


@pytest.mark.parametrize("name", ["loose", "needle", "sheet"])
def test_colours_of_vertices_become_a_picture(
    odd: tuple[Path, dict[str, Outcome]], name: str
) -> None:
    folder, _ = odd
    mesh = model(folder, name)
    places, colors = seen(mesh)
    if name == "loose":
        split = places[:, 1] - (mesh.bounds[0, 1] * 1000) < 45
        np.testing.assert_array_equal(colors, np.where(split[:, None], [RED], [BLUE]))
    low, high = np.minimum(RED, BLUE), np.maximum(RED, BLUE)
    assert ((colors >= low - 1) & (colors <= high + 1)).all()
    assert colors[np.argmin(places[:, 1]), 0] > colors[np.argmax(places[:, 1]), 0]


def test_small_meshes_have_the_colours_of_their_corners(
    odd: tuple[Path, dict[str, Outcome]],
) -> None:
    folder, _ = odd
    assert np.abs(seen(model(folder, "triangle"))[1] - [51, 102, 153]).max() <= 1
    # At a third or two thirds of the way, in light, between corners of 0.1 and of 0.9.
    _, colors = seen(model(folder, "cube"))
    linear = [((c + 0.055) / 1.055) ** 2.4 for c in (0.1, 0.9)]
    shares = np.array([0, 1 / 3, 2 / 3, 1])
    expected = srgb_of(linear[0] + shares * (linear[1] - linear[0])).astype(float)
    assert np.abs(colors[..., None] - expected).min(axis=2).max() <= 3
    assert (seen(model(folder, "uncoloured"))[1] == 255).all()


# Budgets that cannot be met


def test_a_budget_that_cannot_be_met_is_a_failure_with_the_nearest_model(tmp_path: Path) -> None:
    painted(tmp_path / "scans" / "ball", halves())
    pipeline = settings(tmp_path, HOUSE.replace("1_000_000", "1_000"))
    said = in_a_process(
        "run", tmp_path / "scans", "-o", tmp_path / "out", "--pipeline", pipeline, code=1
    )
    manifest = checked_output(tmp_path / "out")["ball"]
    assert (manifest["state"], manifest["verdict"]) == ("done", "fail")
    (level,) = manifest["levels"]
    assert level["unmet"] == [f"{level['bytes']:,} bytes, over 1,000"]
    (reason,) = manifest["reasons"]
    assert f"{level['bytes']:,} bytes, over 1,000" in reason["text"]
    assert "the nearest that could be made" in reason["text"]
    assert "target file" in reason["remedy"]
    flat = " ".join(said.err.split())
    assert f"ball (fail): {reason['text']}" in flat
    assert f"what would work: {reason['remedy']}" in flat
    assert seen(formats.read(tmp_path / "out" / "ball" / level["path"])[0].geometry)[1].any()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("house", "told"),
    [
        (HOUSE.replace("1_000_000", '"1 MB"'), "line 7: max_bytes"),
        (HOUSE.replace("1_000_000", "0"), "line 7: max_bytes"),
        (HOUSE.replace('"source"', '"gif"'), "line 4: images"),
    ],
)
def test_a_target_file_of_the_house_that_is_wrong_stops_before_anything_is_read(
    tmp_path: Path, house: str, told: str
) -> None:
    painted(tmp_path / "scans" / "ball", halves())
    pipeline = settings(tmp_path, house)
    said = in_a_process(
        "run", tmp_path / "scans", "-o", tmp_path / "out", "--pipeline", pipeline, code=2
    )
    assert told.split(": ")[1] in said.err
    assert "house.toml" in said.err
    assert not (tmp_path / "out").exists()
