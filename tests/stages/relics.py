"""What the contract feeds to every stage: a relic that carries everything, and broken ones."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from shapes import MM, cube_mesh, noisy, sphere_mesh, sphere_points, square_points

from relicscan.formats.images import png_of
from relicscan.relic import (
    PRODUCTS,
    Level,
    Material,
    Mesh,
    PointCloud,
    Relic,
    Scan,
    SourceFile,
)
from relicscan.stage import Stage


def rich_relic() -> Relic:
    """A sphere of 50 mm radius that carries every product there is."""
    points = noisy(sphere_points(2000), 0.05)
    cloud = _dressed(points)
    half = len(cloud) // 2
    scans = (
        Scan("left", cloud.take(np.arange(half)), "a.ply", pose=np.eye(4), unit="mm"),
        Scan("right", cloud.take(np.arange(half, len(cloud))), "b.ply", pose=np.eye(4), unit="mm"),
    )
    mesh = _textured(sphere_mesh(rows=24, columns=48))
    relic = Relic(
        id="rich",
        scans=scans,
        cloud=cloud,
        mesh=mesh,
        levels=(Level("thumb", 20_000, mesh),),
        painted=mesh,
        frame=MM,
        metadata={"title": "A ball"},
        sources=(SourceFile("a.ply", "scan", 1, "0" * 64),),
        seed=7,
    )
    missing = set(PRODUCTS) - relic.products
    assert not missing, f"the contract's relic must carry {missing}"
    return relic


def input_of(stage: Stage) -> Relic:
    """The rich relic without what the stage is there to make."""
    relic = rich_relic()
    for product in sorted(stage.makes - stage.needs, reverse=True):
        relic = _without(relic, product)
    return relic


def digest(value: object) -> str:
    """SHA-256 over everything in a relic, arrays byte by byte."""
    state = hashlib.sha256()
    _feed(state, value)
    return state.hexdigest()


def degenerate_relics() -> dict[str, Relic]:
    """Inputs that a stage may refuse, but must not break on."""
    rng = np.random.default_rng(5)
    ball = sphere_points(400)
    some_nan, one_inf, one_far, huge = ball.copy(), ball.copy(), ball.copy(), ball.copy()
    some_nan[::7, 1] = np.nan
    one_inf[5] = np.inf
    one_far[5] = 1e30
    huge[5] = [1.7e308, -1.7e308, 1.7e308]
    line = np.linspace(-1, 1, 400)[:, None] * np.array([[30.0, 20.0, 10.0]])
    clouds = {
        "no points": np.zeros((0, 3)),
        "one point": np.zeros((1, 3)),
        "three points": np.eye(3),
        "100 points in one place": np.full((100, 3), 3.7),
        "all points in a plane": square_points(50, 5),
        "all points on a slanting line": line,
        "some NaN": some_nan,
        "all NaN": np.full((400, 3), np.nan),
        "an infinite point": one_inf,
        "a point at 1e30": one_far,
        "points at both ends of double precision": huge,
        "survey coordinates": ball + np.array([512_345_678.0, 5_412_345_678.0, 123_456.0]),
        "random points in a cube": rng.uniform(-50, 50, (400, 3)),
    }
    cube = cube_mesh(steps=3)
    nan_vertices = cube.vertices.copy()
    nan_vertices[3] = np.nan
    meshes = {
        "no triangles": Mesh(cube.vertices, np.zeros((0, 3))),
        "no vertices": Mesh(np.zeros((0, 3)), np.zeros((0, 3))),
        "one triangle": Mesh(np.eye(3), [[0, 1, 2]]),
        "triangles without area": Mesh(line, np.arange(399).reshape(-1, 3)),
        "all vertices in one place": Mesh(np.zeros_like(cube.vertices), cube.faces),
        "a NaN vertex": Mesh(nan_vertices, cube.faces),
        "all vertices NaN": Mesh(np.full_like(cube.vertices, np.nan), cube.faces),
        "every face twice": Mesh(cube.vertices, np.vstack([cube.faces, cube.faces[:, ::-1]])),
        "a vertex at 1e30": Mesh(np.vstack([cube.vertices[:-1], [[1e30] * 3]]), cube.faces),
        "soup": Mesh(rng.uniform(-50, 50, (300, 3)), np.arange(300).reshape(-1, 3)),
    }
    rich = rich_relic()
    cases = {}
    for name, points in clouds.items():
        cloud = _dressed(points)
        cases[name] = replace(rich, scans=(Scan("a", cloud, unit="mm"),), cloud=cloud, painted=None)
    for name, mesh in meshes.items():
        cases[name] = replace(rich, cloud=_dressed(ball), mesh=_textured(mesh), painted=None)
    return cases


def _dressed(points: np.ndarray) -> PointCloud:
    n = len(points)
    rng = np.random.default_rng(4)
    with np.errstate(all="ignore"):
        normals = np.nan_to_num(points / np.linalg.norm(points, axis=1, keepdims=True))
    colors = rng.integers(0, 256, (n, 3))
    return PointCloud(points, normals, colors, rng.uniform(size=n), np.full((n, 3), 500.0))


def _textured(mesh: Mesh) -> Mesh:
    n, m = len(mesh.vertices), len(mesh.faces)
    rng = np.random.default_rng(6)
    texture = png_of(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), "paint")
    return replace(
        mesh,
        normals=np.tile([0, 0, 1], (n, 1)),
        colors=rng.integers(0, 256, (n, 3)),
        corner_uv=rng.uniform(size=(m, 3, 2)),
        face_material=np.zeros(m),
        materials=(Material("clay", texture=texture),),
        filled=np.arange(n) % 7 == 0,
    )


def _without(relic: Relic, product: str) -> Relic:
    owner, _, attribute = ("mesh.uv" if product == "atlas" else product).partition(".")
    if product == "textures" and relic.mesh is not None:
        plain = tuple(replace(material, texture=None) for material in relic.mesh.materials)
        return replace(relic, mesh=replace(relic.mesh, materials=plain))
    if not attribute:
        return replace(relic, **{product: () if product in ("scans", "levels") else None})
    part = getattr(relic, owner)
    if part is None:
        return relic
    return replace(
        relic, **{owner: replace(part, **{"corner_uv" if attribute == "uv" else attribute: None})}
    )


def _feed(state: hashlib._Hash, value: object) -> None:
    if isinstance(value, np.ndarray):
        state.update(f"{value.dtype}{value.shape}".encode())
        state.update(np.ascontiguousarray(value).tobytes())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        state.update(type(value).__name__.encode())
        for field in dataclasses.fields(value):
            state.update(field.name.encode())
            _feed(state, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key in sorted(value):
            state.update(repr(key).encode())
            _feed(state, value[key])
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
        for item in value:
            _feed(state, item)
    else:
        state.update(repr(value).encode())
