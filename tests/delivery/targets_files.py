"""Small GLB and USDZ files that keep to a target, and changes that break one limit each."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from delivery.glb_shapes import painted, texture, write

from relicscan.relic import Material

Change = Callable[[dict[str, Any]], object]


def plain_glb(path: Path, side: int = 8, kind: str = "jpeg") -> Path:
    """A textured cube in core glTF: 12 triangles, 24 vertices, one material, one image."""
    write(path, painted(Material("paint", texture=texture(kind, (side, side)))))
    return path


def changed(path: Path, change: Change) -> Path:
    """The GLB with its JSON changed in place; its BIN chunk stays as it is."""
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    doc = json.loads(data[20 : 20 + size])
    change(doc)
    text = json.dumps(doc).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    head = struct.pack("<4sIII4s", b"glTF", 2, 20 + len(text) + len(rest), len(text), b"JSON")
    path.write_bytes(head + text + rest)
    return path


def zipped(path: Path, files: dict[str, bytes], *, align: int = 64, deflate: bool = False) -> Path:
    """A zip by the standard library, its files at multiples of `align`."""
    kind = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as package:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = kind
            assert package.fp is not None
            start = package.fp.tell() + 30 + len(name.encode()) + 4
            padding = -start % align
            info.extra = struct.pack("<HH", 0x1986, padding) + bytes(padding)
            package.writestr(info, data)
    return path


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}
