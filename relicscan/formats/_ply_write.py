"""PLY out: binary little endian, whole or not there at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.durable import write_durably
from relicscan.errors import OutputError, ScanError
from relicscan.formats._ply_header import read_header
from relicscan.relic import Mesh, PointCloud

#: A column: property name, NumPy type, values (n,), or (n, k) for a list of k.
_Column = tuple[str, str, NDArray[Any]]
_NAMES = {"<f4": "float", "<f8": "double", "u1": "uchar", "<i4": "int"}


def write_cloud(
    path: Path, cloud: PointCloud, comments: Sequence[str] = (), *, double: bool = False
) -> str:
    """Write points with their normals, colours and intensity; returns the file's SHA-256.

    Positions are float32, or float64 with `double`. Each of `comments` becomes a
    line of the header. Raises OutputError where the file did not arrive whole.
    """
    return _write(path, comments, [("vertex", _vertex_columns(cloud, cloud.points, double))])


def write_mesh(
    path: Path,
    mesh: Mesh,
    comments: Sequence[str] = (),
    *,
    texture_names: Sequence[str] = (),
    double: bool = False,
) -> str:
    """Write a mesh with what belongs to it; returns the file's SHA-256.

    Normals, colours, `filled` (1 where a vertex was made up, where any was) and texture
    coordinates.

    Texture coordinates become a `texcoord` list per face, v up, as MeshLab and
    most programs read them. `texture_names` are the image files beside the PLY,
    in the order of `mesh.materials`; with several, each face says its own in
    `texnumber`. Otherwise as `write_cloud`.
    """
    faces: list[_Column] = [("vertex_indices", "<i4", mesh.faces)]
    if mesh.corner_uv is not None:
        u, v = mesh.corner_uv[..., 0], mesh.corner_uv[..., 1]
        faces.append(("texcoord", "<f4", np.stack([u, 1 - v], axis=-1).reshape(-1, 6)))
    if len(texture_names) > 1 and mesh.face_material is not None:
        faces.append(("texnumber", "<i4", mesh.face_material))
    comments = [*comments, *(f"TextureFile {name}" for name in texture_names)]
    vertices = _vertex_columns(mesh, mesh.vertices, double)
    return _write(path, comments, [("vertex", vertices), ("face", faces)])


def _vertex_columns(
    owner: PointCloud | Mesh, positions: NDArray[Any], double: bool
) -> list[_Column]:
    kind = "<f8" if double else "<f4"
    columns: list[_Column] = [(axis, kind, positions[:, k]) for k, axis in enumerate("xyz")]
    if owner.normals is not None:
        columns += [(f"n{axis}", "<f4", owner.normals[:, k]) for k, axis in enumerate("xyz")]
    if owner.colors is not None:
        names = ("red", "green", "blue")
        columns += [(name, "u1", owner.colors[:, k]) for k, name in enumerate(names)]
    if isinstance(owner, PointCloud) and owner.intensity is not None:
        columns.append(("intensity", "<f4", owner.intensity))
    if isinstance(owner, Mesh) and owner.filled is not None and owner.filled.any():
        columns.append(("filled", "u1", owner.filled))
    return columns


def _write(
    path: Path, comments: Sequence[str], elements: Sequence[tuple[str, list[_Column]]]
) -> str:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {' '.join(comment.split())}" for comment in comments]
    counts, bodies = {}, []
    for name, columns in elements:
        body, properties = _records(columns)
        counts[name] = len(body)
        bodies.append(body.tobytes())
        lines += [f"element {name} {len(body)}", *properties]
    header = "\n".join([*lines, "end_header", ""]).encode()
    digest = write_durably(path, [header, *bodies])
    _check_arrived(path, len(header) + sum(map(len, bodies)), counts)
    return digest


def _records(columns: Sequence[_Column]) -> tuple[NDArray[np.void], list[str]]:
    """The columns as records (n,) in file order, and the lines that describe them."""
    layout: list[tuple[Any, ...]] = []
    properties = []
    for name, kind, values in columns:
        if values.ndim == 2:
            layout += [(f"{name} count", "u1"), (name, kind, values.shape[1:])]
            properties.append(f"property list uchar {_NAMES[kind]} {name}")
        else:
            layout.append((name, kind))
            properties.append(f"property {_NAMES[kind]} {name}")
    records = np.empty(len(columns[0][2]), np.dtype(layout))
    for name, _, values in columns:
        records[name] = values
        if values.ndim == 2:
            records[f"{name} count"] = values.shape[1]
    return records, properties


def _check_arrived(path: Path, size: int, counts: dict[str, int]) -> None:
    """Open the file again: Open3D's writers return True on a full disk, so nothing is believed."""
    try:
        header = read_header(path)
        arrived = header.size == size and {e.name: e.count for e in header.elements} == counts
    except (ScanError, OSError):
        arrived = False
    if not arrived:
        raise OutputError(
            "the file that was written is not whole",
            scan=str(path),
            remedy="check the free space of the disk that holds the output, and run again",
        )
