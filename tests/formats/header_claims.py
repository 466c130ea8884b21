"""Files whose headers claim any number of elements, and hold one or none.

`CLAIMS` maps an extension to a function that writes such a file: with a huge
count it must be refused before memory is spent, with 0 for holding no geometry.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

from tests.formats import cloud_examples, mesh_examples


def _las_header(count: int, code: int = 3) -> bytes:
    head = bytearray(375)
    head[:4], head[24:26] = b"LASF", b"\1\4"
    struct.pack_into("<HIIBHI", head, 94, 375, 375, 0, code, 34, 0)
    struct.pack_into("<3d", head, 131, 0.001, 0.001, 0.001)
    struct.pack_into("<Q", head, 247, count)
    return bytes(head)


def _ply_claim(path: Path, count: int) -> None:
    header = f"format binary_little_endian 1.0\nelement vertex {count}\n"
    header += "".join(f"property float {axis}\n" for axis in "xyz")
    path.write_bytes(cloud_examples.ply(header, bytes(120)))


def _pcd_claim(path: Path, count: int) -> None:
    body = struct.pack("<II", 8, 0xFFFFFFFF) + bytes(8) if count else b""
    encoding = "binary_compressed" if count else "binary"
    path.write_bytes(cloud_examples.pcd("x y z", "4 4 4", "F F F", count, encoding, body))


def _text_claim(path: Path, count: int) -> None:
    path.write_text(f"//X Y Z\n{count}\n" + "1 2 3\n" * bool(count))


def _pts_claim(path: Path, count: int) -> None:
    path.write_text(f"{count}\n" + "1 2 3\n" * bool(count))


def _ptx_claim(path: Path, count: int) -> None:
    text = cloud_examples.ptx_scan([[1, 2, 3, 0.5]] * bool(count))
    path.write_text(text.replace("1\n1\n", f"{count}\n1\n", 1))


def _las_claim(path: Path, count: int) -> None:
    path.write_bytes(_las_header(count) + bytes(34))


def _laz_claim(path: Path, count: int) -> None:
    path.write_bytes(_las_header(count, code=0x80 | 3) + bytes(34))


def _e57_claim(path: Path, count: int) -> None:
    if count:
        cloud_examples.EXAMPLES[".e57"](path)
        path.write_bytes(_with_record_count(path.read_bytes(), count))
    else:
        cloud_examples.e57(path)


def _with_record_count(data: bytes, count: int) -> bytes:
    """The E57 with another count in its description, and everything that depends on that."""
    start, length = struct.unpack_from("<QQ", data, 24)
    payload = b"".join(data[at : at + 1020] for at in range(start // 1024 * 1024, len(data), 1024))
    skip = start % 1024
    xml = payload[skip : skip + length]
    assert b'recordCount="40"' in xml
    xml = xml.replace(b'recordCount="40"', b'recordCount="%d"' % count)
    payload = payload[:skip] + xml
    pages = [payload[at : at + 1020].ljust(1024, b"\0") for at in range(0, len(payload), 1020)]
    out = bytearray(data[: start // 1024 * 1024] + b"".join(pages))
    struct.pack_into("<QQQ", out, 16, len(out), start, len(xml))
    return cloud_examples.with_checksums(bytes(out))


def _obj_claim(path: Path, count: int) -> None:
    path.write_text(f"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 {count}\n" if count else "# nothing\n")


def _stl_claim(path: Path, count: int) -> None:
    path.write_bytes(
        bytes(80) + struct.pack("<I", min(count, 0xFFFFFFFF)) + bytes(50 * bool(count))
    )


def _off_claim(path: Path, count: int) -> None:
    path.write_text(f"OFF\n{count} {count} 0\n" + "0 0 0\n" * bool(count))


def _gltf_json(count: int) -> dict[str, object]:
    described: dict[str, object] = {"asset": {"version": "2.0"}}
    if count:
        described["buffers"] = [{"byteLength": count * 12, "uri": "data:;base64,AAAA"}]
        described["bufferViews"] = [{"buffer": 0, "byteLength": count * 12}]
        accessor = {"bufferView": 0, "componentType": 5126, "count": count, "type": "VEC3"}
        described["accessors"] = [accessor]
        described["meshes"] = [{"primitives": [{"attributes": {"POSITION": 0}}]}]
        described["nodes"] = [{"mesh": 0}]
    return described


def _gltf_claim(path: Path, count: int) -> None:
    path.write_text(json.dumps(_gltf_json(count)))


def _glb_claim(path: Path, count: int) -> None:
    path.write_bytes(mesh_examples.glb(json.dumps(_gltf_json(count)).encode()))


CLAIMS: dict[str, Callable[[Path, int], None]] = {
    ".ply": _ply_claim,
    ".pcd": _pcd_claim,
    ".xyz": _text_claim,
    ".asc": _text_claim,
    ".txt": _text_claim,
    ".pts": _pts_claim,
    ".ptx": _ptx_claim,
    ".las": _las_claim,
    ".laz": _laz_claim,
    ".e57": _e57_claim,
    ".obj": _obj_claim,
    ".stl": _stl_claim,
    ".off": _off_claim,
    ".glb": _glb_claim,
    ".gltf": _gltf_claim,
}
