"""Is a USDZ file what phones can rely on: its zip, its layer, and what Pixar's validators say.

The zip is read here ("Usdz File Format Specification" 1.3, Pixar), without unpacking a byte of
it. Only a sound one is opened by usd-core, which is C++ that trusts its input: so that happens in
a process of its own (`usdz_inspect`), within limits of time and memory. No file can raise an
exception here.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from relicscan.delivery.findings import Document, Finding
from relicscan.delivery.model_figures import ImageFigures, ModelFigures, image_figures
from relicscan.delivery.usdz import ALIGNMENT, what_is_missing
from relicscan.errors import unreadable
from relicscan.processes import ending_with_us

_LAYERS = frozenset({".usd", ".usda", ".usdc"})
_IMAGES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
#: A relic has one layer and a few images; a package of a million empty files is no model.
_MAX_FILES = 1000
#: Enough of an image to find its size, behind whatever a camera has written before it.
_IMAGE_HEAD_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20
_TIME_LIMIT_S = 60.0


@dataclass(frozen=True)
class UsdzRead:
    """What was found, worst first; figures are None where the zip is not sound.

    What only usd-core can tell (triangles, materials) is None in them where it did not run.
    """

    findings: tuple[Finding, ...]
    figures: ModelFigures | None


def read_usdz(path: Path) -> UsdzRead:
    """Check a USDZ file and measure it. Raises ScanError only where it cannot be opened."""
    doc, images, figures = Document(), [], None
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as stream:
            images = _check_zip(stream, size_bytes, doc)
    except OSError as error:
        raise unreadable(error, scan=path.name) from None
    if not any(finding.severity == "error" for finding in doc.findings):
        seen = _inspected(path, doc)
        figures = ModelFigures(
            bytes=size_bytes,
            triangles=seen.get("triangles"),
            vertices=seen.get("vertices"),
            primitives=seen.get("primitives"),
            materials=seen.get("materials"),
            uv_sets=seen.get("uv_sets"),
            geometry_gpu_bytes=seen.get("geometry_gpu_bytes"),
            images=tuple(images),
        )
    return UsdzRead(tuple(doc.sorted_findings()), figures)


def _check_zip(stream: IO[bytes], size_bytes: int, doc: Document) -> list[ImageFigures]:
    """The package as such; returns its images."""
    try:
        with zipfile.ZipFile(stream) as package:
            entries = sorted(package.infolist(), key=lambda entry: entry.header_offset)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error):
        doc.error("USDZ_NO_ZIP", "the file is no USDZ: it is no zip that can be read")
        return []
    if not entries or len(entries) > _MAX_FILES:
        message = f"the package has {len(entries):,} files; a model has a layer and a few images"
        doc.error("USDZ_FILES", message)
        return []
    images: list[ImageFigures] = []
    end, names = 0, set[str]()
    for position, entry in enumerate(entries):
        name, where = entry.filename, f"/{position}"
        if name in names:
            doc.error("USDZ_NAME", f"{name} is there twice", where)
        names.add(name)
        _check_name(name, first=position == 0, doc=doc, where=where)
        start = _start_of(stream, entry)
        if start is None or entry.header_offset < end or start + entry.compress_size > size_bytes:
            doc.error("USDZ_EXTENT", f"{name} overlaps another or ends beyond the file", where)
            return []
        end = start + entry.compress_size
        if entry.flag_bits & 1:
            doc.error("USDZ_ENCRYPTED", f"{name} is encrypted", where)
        elif entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            message = f"{name} is compressed: every file has to be stored as it is"
            doc.error("USDZ_COMPRESSED", message, where)
        elif start % ALIGNMENT:
            message = f"{name} begins at byte {start:,}, no multiple of {ALIGNMENT}"
            doc.error("USDZ_ALIGNMENT", message, where)
        elif _checksum(stream, start, entry.file_size) != entry.CRC:
            doc.error("USDZ_CHECKSUM", f"{name} is damaged: its checksum is wrong", where)
        elif (suffix := PurePosixPath(name).suffix.lower()) in _IMAGES:
            stream.seek(start)
            head = stream.read(min(entry.file_size, _IMAGE_HEAD_BYTES))
            image = image_figures(name, head)
            images.append(image)
            if image.type != _IMAGES[suffix] or not image.side:
                message = f"{name} is no {_IMAGES[suffix]} that can be read"
                doc.error("USDZ_IMAGE", message, where)
    return images


def _check_name(name: str, *, first: bool, doc: Document, where: str) -> None:
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or name[-1:] == "/":
        doc.error("USDZ_NAME", f"{name} is no path of a file inside the package", where)
    elif suffix not in _LAYERS and suffix not in _IMAGES:
        message = f"{name} is no layer (usdc), JPEG or PNG: a phone shows nothing else of a relic"
        doc.error("USDZ_FILE_TYPE", message, where)
    elif first and suffix != ".usdc":
        message = f"the first file is {name}: Quick Look wants the binary layer (.usdc) first"
        doc.error("USDZ_FIRST_FILE", message, where)


def _start_of(stream: IO[bytes], entry: zipfile.ZipInfo) -> int | None:
    """Where a file's bytes begin, from its local header (APPNOTE 6.3, section 4.3.7)."""
    if entry.header_offset < 0:
        return None
    stream.seek(entry.header_offset)
    header = stream.read(30)
    if len(header) < 30 or header[:4] != b"PK\3\4":
        return None
    name, extra = struct.unpack_from("<HH", header, 26)
    return int(entry.header_offset + 30 + name + extra)


def _checksum(stream: IO[bytes], start: int, size: int) -> int:
    stream.seek(start)
    crc, left = 0, size
    while left and (block := stream.read(min(left, _BLOCK_BYTES))):
        crc, left = zlib.crc32(block, crc), left - len(block)
    return crc


def _inspected(path: Path, doc: Document) -> dict[str, Any]:
    """What usd-core finds in a package whose zip is sound; says so where it could not look."""
    missing = what_is_missing()
    if missing is not None:
        message = f"the layer was not opened and pxr.UsdValidation did not run: {missing}"
        doc.info("USD_NOT_CHECKED", message)
        return {}
    command = [sys.executable, "-m", "relicscan.delivery.usdz_inspect", str(path.resolve())]
    try:
        done = subprocess.run(
            ending_with_us(command),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIME_LIMIT_S,
            env={**os.environ, "PXR_WORK_THREAD_LIMIT": "1"},
            check=True,
        )
        seen: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        doc.error("USD_UNREADABLE", f"usd-core had not read it after {_TIME_LIMIT_S:.0f} s")
        return {}
    except subprocess.CalledProcessError as error:
        message = f"usd-core broke down on it, or needed too much memory (exit {error.returncode})"
        doc.error("USD_UNREADABLE", message)
        return {}
    except (OSError, ValueError) as error:
        doc.error("USD_UNREADABLE", f"usd-core could not be run on it ({error})")
        return {}
    for severity, code, message, where in seen.pop("findings"):
        say = {"error": doc.error, "warning": doc.warning}.get(severity, doc.info)
        say(code, message, where)
    return seen
