"""A small valid file of every point cloud format, and the pieces that tests build others from.

`EXAMPLES` maps an extension to a function that writes such a file at a path and
returns how many points and faces reading it must give; `VARIANTS` are further
ways to write those formats, by a name that ends in the extension.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Writer = Callable[[Path], tuple[int, int]]

N = 60
_RNG = np.random.default_rng(7)
#: Points on a sphere of radius 0.5 around (100, 200, 300), with normals, colours, intensity.
NORMALS = _RNG.normal(size=(N, 3))
NORMALS /= np.linalg.norm(NORMALS, axis=1, keepdims=True)
POINTS = np.array([100.0, 200.0, 300.0]) + np.rint(NORMALS * 500) / 1000
COLORS = _RNG.integers(0, 256, (N, 3)).astype(np.uint8)
COLORS[0] = 255
INTENSITY = np.linspace(0, 1, N)

IDENTITY = ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def ply(header: str, body: bytes) -> bytes:
    """A PLY from the lines between `ply` and `end_header`."""
    return f"ply\n{header.strip()}\nend_header\n".encode() + body


def ply_header(encoding: str, *, faces: int = 0) -> str:
    """Of the 60 points with normals and colours, and of faces."""
    lines = [f"format {encoding} 1.0", f"element vertex {N}"]
    lines += [f"property float {name}" for name in ("x", "y", "z", "nx", "ny", "nz")]
    lines += [f"property uchar {name}" for name in ("red", "green", "blue")]
    if faces:
        lines += [f"element face {faces}", "property list uchar int vertex_indices"]
    return "\n".join(lines)


def vertex_records(byte_order: str) -> np.ndarray:
    """The 60 points as `ply_header` describes them."""
    layout = [("p", f"{byte_order}f4", 3), ("n", f"{byte_order}f4", 3), ("c", "u1", 3)]
    records = np.zeros(N, layout)
    records["p"], records["n"], records["c"] = POINTS, NORMALS, COLORS
    return records


def pcd(fields: str, sizes: str, types: str, count: int, encoding: str, body: bytes) -> bytes:
    """A PCD without viewpoint, one value a field."""
    counts = " ".join("1" for _ in fields.split())
    lines = ["# .PCD v0.7", "VERSION 0.7", f"FIELDS {fields}", f"SIZE {sizes}", f"TYPE {types}"]
    lines += [f"COUNT {counts}", f"WIDTH {count}", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0"]
    return "\n".join([*lines, f"POINTS {count}", f"DATA {encoding}", ""]).encode() + body


def lzf_literals(data: bytes) -> bytes:
    """`data` as an LZF stream that copies nothing: the simplest valid one."""
    pieces = [data[at : at + 32] for at in range(0, len(data), 32)]
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)


def ptx_scan(
    rows: Sequence[Sequence[float]], matrix: Sequence[Sequence[float]] = IDENTITY, columns: int = 1
) -> str:
    """One scan of a PTX; `matrix` is written as it is."""
    head = [f"{columns}", f"{len(rows) // columns}", "0 0 0", "1 0 0", "0 1 0", "0 0 1"]
    head += [" ".join(map(str, row)) for row in matrix]
    return "\n".join([*head, *(" ".join(map(str, row)) for row in rows), ""])


def text_rows(*columns: np.ndarray, separator: str = " ") -> str:
    """The columns side by side, one line a point."""
    parts = [c if c.ndim == 2 else c[:, None] for c in columns]
    rows = zip(*(part.tolist() for part in parts), strict=True)
    return "".join(separator.join(str(v) for p in row for v in p) + "\n" for row in rows)


def las(path: Path, point_format: int = 3, version: str = "1.2", **dimensions: Any) -> None:
    """A LAS, or a LAZ by its extension, of the 60 points in millimetres."""
    import laspy

    header = laspy.LasHeader(point_format=point_format, version=version)
    header.scales, header.offsets = [0.001] * 3, [100.0, 200.0, 300.0]
    cloud = laspy.LasData(header)
    cloud.x, cloud.y, cloud.z = POINTS.T
    for name, values in dimensions.items():
        cloud[name] = values
    cloud.write(path)


def e57(path: Path, *scans: dict[str, Any]) -> None:
    """An E57 of scans in float32 as pye57 writes them: `data`, `rotation`, `translation`."""
    from pye57 import E57

    with E57(str(path), mode="w") as file:
        for scan in scans:
            file.write_scan_raw(**scan)


def e57_data(points: np.ndarray = POINTS, **more: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of a scan by E57's names."""
    names = ("cartesianX", "cartesianY", "cartesianZ")
    return {**{name: points[:, k] for k, name in enumerate(names)}, **more}


def with_checksums(data: bytes) -> bytes:
    """The E57 with the CRC-32C of every page as it should be, after it was tampered with."""
    table = []
    for code in range(256):
        for _ in range(8):
            code = (code >> 1) ^ (0x82F63B78 if code & 1 else 0)
        table.append(code)
    out = bytearray(data)
    for page in range(0, len(out), 1024):
        checksum = 0xFFFFFFFF
        for byte in out[page : page + 1020]:
            checksum = table[(checksum ^ byte) & 255] ^ (checksum >> 8)
        out[page + 1020 : page + 1024] = struct.pack(">I", checksum ^ 0xFFFFFFFF)
    return bytes(out)


def _write_ply(path: Path) -> tuple[int, int]:
    header = ply_header("binary_little_endian")
    path.write_bytes(ply(header, vertex_records("<").tobytes()))
    return N, 0


def _write_ply_mesh(path: Path) -> tuple[int, int]:
    faces = np.zeros(20, [("n", "u1"), ("v", ">i4", 3)])
    faces["n"], faces["v"] = 3, np.arange(N).reshape(20, 3)
    header = ply_header("binary_big_endian", faces=20)
    path.write_bytes(ply(header, vertex_records(">").tobytes() + faces.tobytes()))
    return N, 20


def _write_ply_text(path: Path) -> tuple[int, int]:
    body = text_rows(POINTS, NORMALS, COLORS) + "4 0 1 2 3\n3 4 5 6\n5 7 8 9 10 11\n"
    path.write_bytes(ply(ply_header("ascii", faces=3), body.encode()))
    return N, 6


def _write_pcd(path: Path) -> tuple[int, int]:
    records = np.zeros(N, [("p", "<f4", 3), ("c", "<u4")])
    records["p"], records["c"] = POINTS, COLORS.astype(np.uint32) @ [1 << 16, 1 << 8, 1]
    path.write_bytes(pcd("x y z rgb", "4 4 4 4", "F F F U", N, "binary", records.tobytes()))
    return N, 0


def _write_pcd_text(path: Path) -> tuple[int, int]:
    path.write_bytes(pcd("x y z", "8 8 8", "F F F", N, "ascii", text_rows(POINTS).encode()))
    return N, 0


def _write_pcd_compressed(path: Path) -> tuple[int, int]:
    plain = POINTS.T.astype("<f4").tobytes()
    packed = lzf_literals(plain)
    body = struct.pack("<II", len(packed), len(plain)) + packed
    path.write_bytes(pcd("x y z", "4 4 4", "F F F", N, "binary_compressed", body))
    return N, 0


def _write_xyz(path: Path) -> tuple[int, int]:
    path.write_text(text_rows(POINTS, COLORS, NORMALS))
    return N, 0


def _write_asc(path: Path) -> tuple[int, int]:
    path.write_text(f"//X Y Z Intensity\n{N}\n" + text_rows(POINTS, INTENSITY))
    return N, 0


def _write_txt(path: Path) -> tuple[int, int]:
    path.write_text('"X";"Y";"Z";"R";"G";"B"\r\n' + text_rows(POINTS, COLORS, separator=";"))
    return N, 0


def _write_pts(path: Path) -> tuple[int, int]:
    intensity = np.rint(INTENSITY * 4095 - 2048).astype(int)
    path.write_text(f"{N}\n" + text_rows(POINTS, intensity, COLORS))
    return N, 0


def _write_ptx(path: Path) -> tuple[int, int]:
    rows = np.column_stack([POINTS, INTENSITY]).tolist()
    path.write_text(ptx_scan([*rows[:40], [0, 0, 0, 0.5]], columns=1) + ptx_scan(rows[40:]))
    return N, 0


def _write_las(path: Path) -> tuple[int, int]:
    red, green, blue = COLORS.T.astype(np.uint16)
    las(path, red=red, green=green, blue=blue, intensity=np.arange(N))
    return N, 0


def _write_laz(path: Path) -> tuple[int, int]:
    red, green, blue = COLORS.T.astype(np.uint16) * 257
    las(path, 7, "1.4", red=red, green=green, blue=blue, intensity=np.arange(N) * 1000)
    return N, 0


def _write_e57(path: Path) -> tuple[int, int]:
    red, green, blue = COLORS.T
    colors = {"colorRed": red, "colorGreen": green, "colorBlue": blue}
    first = {"data": e57_data(POINTS[:40], **{k: v[:40] for k, v in colors.items()})}
    e57(path, first, {"data": e57_data(POINTS[40:]), "translation": np.array([1.0, 2.0, 3.0])})
    return N, 0


EXAMPLES: dict[str, Writer] = {
    ".ply": _write_ply,
    ".pcd": _write_pcd,
    ".xyz": _write_xyz,
    ".asc": _write_asc,
    ".txt": _write_txt,
    ".pts": _write_pts,
    ".ptx": _write_ptx,
    ".las": _write_las,
    ".laz": _write_laz,
    ".e57": _write_e57,
}

VARIANTS: dict[str, Writer] = {
    "mesh.ply": _write_ply_mesh,
    "text.ply": _write_ply_text,
    "text.pcd": _write_pcd_text,
    "compressed.pcd": _write_pcd_compressed,
    "old.laz": _write_las,
}
