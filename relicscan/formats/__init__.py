"""File formats: one module each, found by file name extension.

A format module has

    EXTENSIONS: tuple[str, ...]        lower case, with the dot
    def peek(path) -> Peek             what the header says, in milliseconds
    def read(path) -> list[Scan]       everything, in the file's own unit and axes

    def stream(path) -> Stream | None  a cloud piece by piece, where the format can

and checks what a header claims against the size of the file before it spends
memory, and every index after reading. Both raise ScanError in words that a
technician can act on, never anything else. What a file cannot hold is None;
points that are not finite are kept (a stage removes and counts them).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from relicscan.errors import ScanError, unreadable
from relicscan.relic import Scan


@dataclass(frozen=True)
class Peek:
    """What a file says of itself before it is read. Counts are -1 where only reading tells."""

    kind: Literal["cloud", "mesh"]
    points: int
    faces: int = 0
    scans: int = 1
    colors: bool = False
    normals: bool = False
    textured: bool = False
    posed: bool = False
    unit: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Stream:
    """A cloud that can be read in pieces, and more than once.

    `pieces()` gives columns (n,) by role, x y z in the file's own unit; `scan` makes the
    scan of columns like them. Both raise ScanError, OSError.
    """

    points: int
    pieces: Callable[[], Iterator[dict[str, NDArray[Any]]]]
    scan: Callable[[Mapping[str, NDArray[Any]]], Scan]


class Format(Protocol):
    """What a format module offers."""

    EXTENSIONS: tuple[str, ...]

    def peek(self, path: Path) -> Peek: ...

    def read(self, path: Path) -> list[Scan]: ...


#: Module by extension; written out so that a lookup imports nothing.
MODULES = {
    ".ply": "ply",
    ".pcd": "pcd",
    ".xyz": "xyz",
    ".asc": "xyz",
    ".txt": "xyz",
    ".pts": "pts",
    ".ptx": "ptx",
    ".las": "las",
    ".laz": "las",
    ".e57": "e57",
    ".obj": "obj",
    ".stl": "stl",
    ".off": "off",
    ".glb": "gltf",
    ".gltf": "gltf",
}


def is_scan_file(path: Path) -> bool:
    """Whether the name is one of a format that we read. `.txt` is so only beside no other scan."""
    return path.suffix.lower() in MODULES


def format_name(path: Path) -> str:
    """The module that reads this file, by name. Raises ScanError naming the formats there are."""
    name = MODULES.get(path.suffix.lower())
    if name is None:
        raise ScanError(
            f"{path.suffix or 'a file without extension'} is not a format that relicscan reads",
            scan=path.name,
            remedy="convert it to one of " + ", ".join(sorted(MODULES)),
        )
    return name


def format_of(path: Path) -> Format:
    """The module that reads this file, imported. Raises ScanError."""
    module: Format = importlib.import_module(f"relicscan.formats.{format_name(path)}")
    return module


def peek(path: Path) -> Peek:
    """What the header says. Raises ScanError."""
    try:
        return format_of(path).peek(path)
    except ScanError as error:
        raise error.at(scan=path.name) from None
    except OSError as error:
        raise unreadable(error, scan=path.name) from None


def read(path: Path) -> list[Scan]:
    """All scans of a file, at least one, each with at least one point or triangle.

    Raises ScanError, also where the file holds no geometry.
    """
    try:
        scans = format_of(path).read(path)
    except ScanError as error:
        raise error.at(scan=path.name) from None
    except OSError as error:
        raise unreadable(error, scan=path.name) from None
    if not scans:
        raise no_geometry(path)
    return scans


def stream(path: Path) -> Stream | None:
    """The cloud of a file in pieces; None where it is a mesh, or its format has to be read whole.

    Raises ScanError.
    """
    module = format_of(path)
    if not hasattr(module, "stream"):
        return None
    try:
        found: Stream | None = module.stream(path)
    except ScanError as error:
        raise error.at(scan=path.name) from None
    except OSError as error:
        raise unreadable(error, scan=path.name) from None
    return found


def no_geometry(path: Path) -> ScanError:
    """The error for a well-formed file that holds nothing."""
    return ScanError(
        "the file holds no geometry: no points and no triangles",
        scan=path.name,
        remedy="export the scan again, or remove the file from the folder",
    )
