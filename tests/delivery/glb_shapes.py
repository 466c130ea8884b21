"""Meshes with known answers, images made on the spot, and a small independent reader of GLB."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.delivery.glb import GlbSummary, write_glb
from relicscan.relic import Material, Mesh, Texture

#: Millimetres to metres, nothing else.
MM = np.diag([0.001, 0.001, 0.001, 1.0])


def sphere(radius: float = 50.0, rings: int = 24) -> Mesh:
    """A closed sphere around the origin; its vertices lie exactly on the radius."""
    theta = np.pi * np.arange(1, rings) / rings
    phi = np.pi * np.arange(2 * rings) / rings
    t, p = (a.ravel() for a in np.meshgrid(theta, phi, indexing="ij"))
    ring = np.column_stack([np.sin(t) * np.cos(p), np.cos(t), -np.sin(t) * np.sin(p)])
    vertices = radius * np.vstack([ring, [[0, 1, 0], [0, -1, 0]]])
    n = 2 * rings
    i = np.arange(n)
    j = (i + 1) % n
    north, south = len(ring), len(ring) + 1
    faces = [np.column_stack([np.full(n, north), i, j])]
    for row in range(rings - 2):
        a, b = row * n + i, row * n + j
        faces += [np.column_stack([a, a + n, b]), np.column_stack([b, a + n, b + n])]
    last = (rings - 2) * n
    faces.append(np.column_stack([last + i, np.full(n, south), last + j]))
    return Mesh(vertices, np.vstack(faces))


def cube(side: float = 2.0) -> Mesh:
    """Eight vertices, twelve triangles, around the origin."""
    corners = (
        np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float) / 2
    )
    quads = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return Mesh(side * corners, np.array(faces))


def cube_uv() -> np.ndarray:
    """Every side of the cube its own cell of a 3 by 2 atlas, none touching another: (12, 3, 2)."""
    uv = []
    for side in range(6):
        u, v = (side % 3) / 3, (side // 3) / 2
        a, b, c, d = ([u, v], [u + 0.3, v], [u + 0.3, v + 0.4], [u, v + 0.4])
        uv += [[a, b, c], [a, c, d]]
    return np.array(uv, dtype=np.float32)


def image(
    kind: str = "png", size: tuple[int, int] = (8, 8), mode: str = "RGB", **save: Any
) -> bytes:
    """Random pixels, encoded."""
    from PIL import Image

    rng = np.random.default_rng(size)
    pixels = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    out = io.BytesIO()
    pixels.convert(mode).save(out, kind, **save)
    return out.getvalue()


def texture(kind: str = "png", size: tuple[int, int] = (8, 8)) -> Texture:
    return Texture("photo", image(kind, size), f"image/{kind}", *size)  # type: ignore[arg-type]


def painted(material: Material) -> Mesh:
    """The cube with its atlas and one material."""
    shape = cube()
    return Mesh(shape.vertices, shape.faces, corner_uv=cube_uv(), materials=(material,))


def in_atlas(mesh: Mesh, material: Material) -> Mesh:
    """A closed mesh with texture coordinates by longitude and latitude, a seam down the back."""
    unit = mesh.vertices / np.linalg.norm(mesh.vertices, axis=1)[:, None]
    u = (np.arctan2(unit[:, 0], unit[:, 2]) / (2 * np.pi) + 0.5)[mesh.faces]
    u = np.where((np.ptp(u, axis=1) > 0.5)[:, None] & (u < 0.5), u + 1, u)
    v = (np.arccos(np.clip(unit[:, 1], -1, 1)) / np.pi)[mesh.faces]
    uv = np.stack([u / 2 + 0.01, v * 0.9 + 0.05], axis=2)
    return replace(mesh, corner_uv=uv.astype(np.float32), materials=(material,))


def write(path: Path, mesh: Mesh, T: np.ndarray = MM, **more: Any) -> GlbSummary:
    return write_glb(path, mesh, T_model_mesh=T, generator="relicscan test", **more)


class Glb:
    """A GLB read back without any of the code that wrote it."""

    def __init__(self, file: Path | bytes) -> None:
        data = file if isinstance(file, bytes) else file.read_bytes()
        size = struct.unpack_from("<I", data, 12)[0]
        self.doc = json.loads(data[20 : 20 + size])
        self.bin = data[28 + size :]

    def view(self, index: int) -> bytes:
        view = self.doc["bufferViews"][index]
        return self.bin[view.get("byteOffset", 0) :][: view["byteLength"]]

    def array(self, index: int) -> np.ndarray:
        """An accessor's numbers, as they are stored."""
        accessor = self.doc["accessors"][index]
        types = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
        dtype = np.dtype(types[accessor["componentType"]])
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        stride = self.doc["bufferViews"][accessor["bufferView"]].get("byteStride")
        rows = np.frombuffer(self.view(accessor["bufferView"]), np.uint8)
        rows = rows.reshape(-1, stride or dtype.itemsize * width)
        assert len(rows) == accessor["count"]
        data = np.ascontiguousarray(rows[:, : dtype.itemsize * width]).view(dtype)
        return data if width > 1 else data[:, 0]

    def floats(self, name: str, primitive: int = 0) -> np.ndarray:
        """An attribute as a viewer sees it: normalized numbers, placed positions."""
        stored = self.attribute(name, primitive)
        accessor = self.doc["accessors"][self.primitives[primitive]["attributes"][name]]
        values = stored.astype(float)
        if accessor.get("normalized"):
            values = np.maximum(values / np.iinfo(stored.dtype).max, -1)
        if name == "POSITION":
            node = self.doc["nodes"][0]
            values = values * node.get("scale", [1, 1, 1]) + node.get("translation", [0, 0, 0])
        return values

    @property
    def primitives(self) -> list[dict[str, Any]]:
        return self.doc["meshes"][0]["primitives"]

    def attribute(self, name: str, primitive: int = 0) -> np.ndarray:
        return self.array(self.primitives[primitive]["attributes"][name])

    def triangles(self, primitive: int = 0) -> np.ndarray:
        return self.array(self.primitives[primitive]["indices"]).reshape(-1, 3)
