"""Scan files as instruments write them, and the same bytes every time.

What formats make unlike from one run to the next (dates, GUIDs, the names of
programs and their versions) is fixed here. PLY is written by
`relicscan.formats.ply`; these are the formats that relicscan only reads.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import Mesh, PointCloud

Array = NDArray[np.float64]

DATE = datetime.date(2026, 11, 1)
_SOFTWARE = "relicscan virtual scanner"
_COLORS = ("colorRed", "colorGreen", "colorBlue")
_GUID_SPACE = uuid.UUID("5a3f6c1e-0000-4000-8000-72656c696373")


def write_e57(path: Path, scans: Sequence[tuple[str, PointCloud, Array]], step_mm: float) -> None:
    """Scans as (name, cloud in mm in the scanner's frame, T_common_scan (4, 4) in mm).

    Metres, as E57 has it (ASTM E2807-11); coordinates as scaled integers of
    `step_mm`, which takes half the bytes of doubles; colours, intensities, poses.
    """
    from pye57 import libe57

    file = libe57.ImageFile(str(path), "w")
    file.extensionsAdd("", libe57.E57_V1_0_URI)
    root = file.root()
    root.set("formatName", libe57.StringNode(file, "ASTM E57 3D Imaging Data File"))
    root.set("guid", libe57.StringNode(file, _guid(path.name)))
    root.set("versionMajor", libe57.IntegerNode(file, libe57.E57_FORMAT_MAJOR))
    root.set("versionMinor", libe57.IntegerNode(file, libe57.E57_FORMAT_MINOR))
    root.set("e57LibraryVersion", libe57.StringNode(file, _SOFTWARE))
    root.set("coordinateMetadata", libe57.StringNode(file, ""))
    data3d = libe57.VectorNode(file, True)
    root.set("data3D", data3d)
    root.set("images2D", libe57.VectorNode(file, True))
    for name, cloud, T_common_scan in scans:
        _append_e57_scan(libe57, file, data3d, name, cloud, T_common_scan, step_mm)
    file.close()


def _append_e57_scan(
    libe57: Any,
    file: Any,
    data3d: Any,
    name: str,
    cloud: PointCloud,
    T_common_scan: Array,
    step_mm: float,
) -> None:
    scan = libe57.StructureNode(file)
    scan.set("guid", libe57.StringNode(file, _guid(name)))
    scan.set("name", libe57.StringNode(file, name))
    scan.set("sensorModel", libe57.StringNode(file, _SOFTWARE))
    pose = libe57.StructureNode(file)
    for part, names, values in (
        ("rotation", "wxyz", _quaternion(T_common_scan[:3, :3])),
        ("translation", "xyz", T_common_scan[:3, 3] / 1000.0),
    ):
        node = libe57.StructureNode(file)
        for axis, value in zip(names, values, strict=True):
            node.set(axis, libe57.FloatNode(file, float(value)))
        pose.set(part, node)
    scan.set("pose", pose)

    assert cloud.colors is not None
    assert cloud.intensity is not None
    step_m = step_mm / 1000.0
    prototype = libe57.StructureNode(file)
    buffers = libe57.VectorSourceDestBuffer()
    held: list[NDArray[Any]] = []  # the buffers point into these arrays

    def column(field: str, values: NDArray[Any], node: Any) -> None:
        held.append(np.ascontiguousarray(values))
        prototype.set(field, node)
        buffer = libe57.SourceDestBuffer(file, field, held[-1], len(values), True, True)
        buffers.append(buffer)

    for k, axis in enumerate("XYZ"):
        values = cloud.points[:, k] / 1000.0
        low, high = (int(v) for v in (values.min() // step_m, values.max() // step_m + 1))
        node = libe57.ScaledIntegerNode(file, low, low, high, step_m, 0.0)
        column(f"cartesian{axis}", values, node)
    for k, name in enumerate(_COLORS):
        column(name, cloud.colors[:, k], libe57.IntegerNode(file, 0, 0, 255))
    steps = libe57.ScaledIntegerNode(file, 0, 0, 255, 1.0 / 255.0, 0.0)
    column("intensity", np.asarray(cloud.intensity, np.float64), steps)
    _set_limits(libe57, file, scan, "intensityLimits", ("intensity",), 1.0)
    _set_limits(libe57, file, scan, "colorLimits", _COLORS, 255)
    points = libe57.CompressedVectorNode(file, prototype, libe57.VectorNode(file, True))
    scan.set("points", points)
    data3d.append(scan)
    writer = points.writer(buffers)
    writer.write(len(cloud))
    writer.close()


def _set_limits(
    libe57: Any, file: Any, scan: Any, name: str, fields: tuple[str, ...], high: float
) -> None:
    limits = libe57.StructureNode(file)
    kind = libe57.IntegerNode if isinstance(high, int) else libe57.FloatNode
    for field in fields:
        limits.set(f"{field}Minimum", kind(file, type(high)(0)))
        limits.set(f"{field}Maximum", kind(file, high))
    scan.set(name, limits)


def _guid(name: str) -> str:
    return "{" + str(uuid.uuid5(_GUID_SPACE, name)) + "}"


def _quaternion(R: Array) -> Array:
    """(w, x, y, z), unit, w >= 0, of a rotation (3, 3)."""
    from scipy.spatial.transform import Rotation

    x, y, z, w = Rotation.from_matrix(R).as_quat(canonical=True)
    return np.array([w, x, y, z])


def write_laz(path: Path, clouds: Sequence[PointCloud], offset_m: Array, step_m: float) -> None:
    """Clouds in mm, one frame, as LAZ (LAS 1.4, point format 7) in metres: local + offset_m.

    Colours have 16 bits, intensity too; each cloud has its own point source id.
    """
    import laspy

    header = laspy.LasHeader(point_format=7, version="1.4")
    header.creation_date = DATE
    header.generating_software = _SOFTWARE
    header.system_identifier = "virtual scanner"
    header.uuid = uuid.uuid5(_GUID_SPACE, path.name)
    header.scales = np.full(3, step_m)
    header.offsets = np.floor(offset_m)
    las = laspy.LasData(header)
    points = np.concatenate([cloud.points for cloud in clouds]) / 1000.0 + offset_m
    las.x, las.y, las.z = points.T
    colors = np.concatenate([np.asarray(cloud.colors, np.uint16) for cloud in clouds]) * 257
    las.red, las.green, las.blue = colors.T
    las.intensity = np.rint(np.concatenate([np.asarray(c.intensity) for c in clouds]) * 65535)
    las.return_number = np.ones(len(points), np.uint8)
    las.number_of_returns = np.ones(len(points), np.uint8)
    las.point_source_id = np.repeat(np.arange(len(clouds)) + 1, [len(c) for c in clouds])
    las.write(str(path))


def write_obj(path: Path, mesh: Mesh) -> None:
    """A mesh with one texture as OBJ, MTL and image, in millimetres; v of `vt` counts upwards."""
    texture = mesh.materials[0].texture
    assert texture is not None
    assert mesh.corner_uv is not None
    uv, index = np.unique(mesh.corner_uv.reshape(-1, 2), axis=0, return_inverse=True)
    corner = index.reshape(-1, 3) + 1
    faces = mesh.faces + 1
    text = [f"# {_SOFTWARE}", f"mtllib {path.with_suffix('.mtl').name}"]
    text += [f"v {x:.3f} {y:.3f} {z:.3f}" for x, y, z in mesh.vertices.tolist()]
    text += [f"vt {u:.5f} {1 - v:.5f}" for u, v in uv.tolist()]
    text += ["usemtl glazed"]
    text += [
        f"f {a}/{i} {b}/{j} {c}/{k}"
        for (a, b, c), (i, j, k) in zip(faces.tolist(), corner.tolist(), strict=True)
    ]
    path.write_bytes("\n".join([*text, ""]).encode())
    material = ["newmtl glazed", "Kd 1.000 1.000 1.000", f"map_Kd {texture.name}", ""]
    path.with_suffix(".mtl").write_bytes("\n".join(material).encode())
    (path.parent / texture.name).write_bytes(texture.data)
