"""E57: laser scans with their poses, through pye57's binding of libE57.

Stands on ASTM E2807-11. pye57's own `read_scan_raw` refuses files with normals
or extension fields and colours of 16 bits; so the fields that are known are
read one level lower, each as double, in chunks. Points stay in the frame of
their scan; the pose goes along.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats import Peek, no_geometry
from relicscan.formats._attributes import colors_8bit, intensity_0_1, rescale, unit_normals
from relicscan.formats._checks import COPY_AGAIN, require_few_scans, require_room
from relicscan.formats._columns import Attributes
from relicscan.formats._e57_guard import check_structure
from relicscan.relic import ByteArray, FloatArray, PointCloud, Scan

EXTENSIONS = (".e57",)

_UNIT, _UNIT_BASIS = "m", "E57 specification"
_UP, _UP_BASIS = "+Z", "E57 convention"
_CHUNK_POINTS = 500_000
_LONGEST_NAME = 200
#: A field of one constant value takes no bits at all, and any number of points no file. Three
#: coordinates of fewer bits than this make no scan.
_LEAST_BITS = 16
_CARTESIAN = ("cartesianX", "cartesianY", "cartesianZ")
_SPHERICAL = ("sphericalRange", "sphericalAzimuth", "sphericalElevation")
_INVALID_STATE: dict[tuple[str, ...], str] = {
    _CARTESIAN: "cartesianInvalidState",
    _SPHERICAL: "sphericalInvalidState",
}
_COLORS = ("colorRed", "colorGreen", "colorBlue")
_NORMALS = ("nor:normalX", "nor:normalY", "nor:normalZ")
_FLAGS = ("isColorInvalid", "isIntensityInvalid")


@dataclass(frozen=True)
class _Entry:
    """One scan of the file before its points are read. `node` is libE57's."""

    node: Any
    name: str
    count: int
    fields: tuple[str, ...]
    bits: int

    @property
    def coordinates(self) -> tuple[str, ...]:
        for names in (_CARTESIAN, _SPHERICAL):
            if set(names) <= set(self.fields):
                return names
        raise ScanError(
            f"the scan '{self.name}' has neither Cartesian nor spherical coordinates",
            remedy="export the scan again with its coordinates",
        )

    @property
    def posed(self) -> bool:
        return bool(self.node.isDefined("pose"))


def peek(path: Path) -> Peek:
    """What the header says; points that are flagged as invalid are still counted."""
    with _opened(path) as (_, entries, images):
        fields = {field for entry in entries for field in entry.fields}
        notes = [f"with {images} images"] if images else []
        return Peek(
            kind="cloud",
            points=sum(entry.count for entry in entries),
            scans=len(entries),
            colors=set(_COLORS) <= fields,
            normals=set(_NORMALS) <= fields,
            posed=all(entry.posed for entry in entries),
            unit=_UNIT,
            detail=", ".join(notes),
        )


@np.errstate(over="ignore", invalid="ignore")  # a hostile value may overflow in any cast
def read(path: Path) -> list[Scan]:
    """One Scan per scan with points, in its own frame. Raises ScanError, OSError.

    Points whose state is invalid are dropped. `viewpoints` are the scanner's
    position, the origin of the scan's frame, where a pose or spherical
    coordinates show that the frame is the scanner's.
    """
    scans = []
    with _opened(path) as (image_file, entries, images):
        for entry in entries:
            scan = _read_entry(path, image_file, entry, images)
            if scan is not None:
                scans.append(scan)
    if not scans:
        raise no_geometry(path)
    return scans


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, list[_Entry], int]]:
    """The open file, its scans with points, and its number of images; all errors as ScanError."""
    size = check_structure(path)
    from pye57 import libe57

    image_file = None
    try:
        image_file = libe57.ImageFile(str(path), "r")
        root = image_file.root()
        data = root["data3D"] if root.isDefined("data3D") else []
        require_few_scans(len(data))
        entries = [_entry(data[k], path, k + 1) for k in range(len(data))]
        entries = [entry for entry in entries if entry.count]
        if not entries:
            raise no_geometry(path)
        bits = sum(entry.count * max(entry.bits, _LEAST_BITS) for entry in entries)
        count = sum(entry.count for entry in entries)
        require_room(count, bits / 8 / count, size, "points")
        images = len(root["images2D"]) if root.isDefined("images2D") else 0
        yield image_file, entries, images
    except (ScanError, MemoryError):
        raise
    except Exception as error:  # nodes of the wrong type fail in as many ways as there are types
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ScanError(f"the file cannot be decoded ({reason[:200]})", remedy=COPY_AGAIN) from None
    finally:
        if image_file is not None:
            image_file.close()


def _entry(node: Any, path: Path, number: int) -> _Entry:
    from pye57 import libe57
    from pye57.utils import get_fields

    points = node["points"]
    prototype = libe57.StructureNode(points.prototype())
    fields = tuple(get_fields(prototype))
    given = node["name"].value().strip() if node.isDefined("name") else ""
    name = "".join(c if c.isprintable() else "?" for c in given[:_LONGEST_NAME])
    bits = sum(_bits(prototype[field]) for field in fields)
    return _Entry(node, name or f"{path.stem} scan {number}", points.childCount(), fields, bits)


def _bits(node: Any) -> int:
    """Bits that a value of a field takes in the file at least."""
    from pye57 import libe57

    if isinstance(node, libe57.FloatNode):
        return 32 if node.precision() == libe57.FloatPrecision.E57_SINGLE else 64
    if isinstance(node, (libe57.IntegerNode, libe57.ScaledIntegerNode)):
        return int(node.maximum() - node.minimum()).bit_length()
    return 0


def _read_entry(path: Path, image_file: Any, entry: _Entry, images: int) -> Scan | None:
    columns, dropped = _read_columns(image_file, entry)
    names = entry.coordinates
    points = np.stack([columns[name] for name in names], axis=1)
    if not len(points):
        return None
    if names is _SPHERICAL:
        points = _from_spherical(points)
    warnings = [f"{dropped:,} points flagged as invalid were dropped"] if dropped else []
    if images:
        warnings.append(f"{images} images inside the file are not used")
    pose = _pose(entry.node, warnings) if entry.posed else None
    knows_scanner = entry.posed or names is _SPHERICAL
    viewpoints = np.zeros((len(points), 3), np.float32) if knows_scanner else None
    return Scan(
        entry.name,
        PointCloud(points, viewpoints=viewpoints, **_attributes(entry.node, columns)),
        file=path.name,
        pose=pose,
        unit=_UNIT,
        unit_basis=_UNIT_BASIS,
        up=_UP,
        up_basis=_UP_BASIS,
        warnings=tuple(warnings),
    )


def _read_columns(image_file: Any, entry: _Entry) -> tuple[dict[str, FloatArray], int]:
    """The known fields (n,) of all valid points, and how many were invalid."""
    from pye57 import libe57

    state = _INVALID_STATE[entry.coordinates]
    wanted = {*entry.coordinates, *_COLORS, *_NORMALS, *_FLAGS, "intensity", state}
    names = [name for name in entry.fields if name in wanted]
    capacity = min(entry.count, _CHUNK_POINTS)
    arrays = {name: np.empty(capacity) for name in names}
    buffers = libe57.VectorSourceDestBuffer()
    for name, array in arrays.items():
        buffers.append(libe57.SourceDestBuffer(image_file, name, array, capacity, True, True))
    reader = entry.node["points"].reader(buffers)
    parts: dict[str, list[FloatArray]] = {name: [] for name in names if name != state}
    total = dropped = 0
    while (count := reader.read()) > 0:
        total += count
        valid = arrays[state][:count] == 0 if state in arrays else np.ones(count, bool)
        dropped += count - int(np.count_nonzero(valid))
        for name, part in parts.items():
            part.append(arrays[name][:count][valid])
    reader.close()
    if total != entry.count:
        raise ScanError(
            f"'{entry.name}' announces {entry.count:,} points, but {total:,} could be read",
            remedy=COPY_AGAIN,
        )
    return {name: np.concatenate(part) for name, part in parts.items()}, dropped


def _from_spherical(points: FloatArray) -> FloatArray:
    """(n, 3) range in m, azimuth and elevation in radians, to x y z (E2807, 8.4.4.4)."""
    distance, azimuth, elevation = points.T
    across = distance * np.cos(elevation)
    return np.stack(
        [across * np.cos(azimuth), across * np.sin(azimuth), distance * np.sin(elevation)], axis=1
    )


def _attributes(node: Any, columns: Mapping[str, FloatArray]) -> Attributes:
    found: Attributes = {}
    if set(_NORMALS) <= columns.keys():
        found["normals"] = unit_normals(np.stack([columns[name] for name in _NORMALS], axis=1))
    if set(_COLORS) <= columns.keys() and not _all_flagged(columns, "isColorInvalid"):
        colors = _scaled_colors(node, columns)
        if colors is not None:
            found["colors"] = colors
    if "intensity" in columns and not _all_flagged(columns, "isIntensityInvalid"):
        values = columns["intensity"]
        limits = _limits(node, "intensityLimits", "intensity")
        found["intensity"] = rescale(values, *limits) if limits else intensity_0_1(values)
    return found


def _scaled_colors(node: Any, columns: Mapping[str, FloatArray]) -> ByteArray | None:
    """By colorLimits where all three are stated, else by the values of the whole scan."""
    limits = [_limits(node, "colorLimits", name) for name in _COLORS]
    if all(limits):
        scaled = [
            rescale(columns[n], *pair) for n, pair in zip(_COLORS, limits, strict=True) if pair
        ]
        return np.rint(np.stack(scaled, axis=1) * 255).astype(np.uint8)
    return colors_8bit(np.stack([columns[name] for name in _COLORS], axis=1))


def _limits(node: Any, group: str, name: str) -> tuple[float, float] | None:
    """The least and greatest value that the scan states for a field, if they leave a range."""
    if not node.isDefined(group):
        return None
    limits, keys = node[group], (f"{name}Minimum", f"{name}Maximum")
    if not all(limits.isDefined(key) for key in keys):
        return None
    low, high = (_number(limits[key]) for key in keys)
    return (low, high) if np.isfinite([low, high]).all() and low < high else None


def _pose(node: Any, warnings: list[str]) -> FloatArray | None:
    """T_common_scan from the unit quaternion w x y z and the translation in m."""
    pose, T_common_scan = node["pose"], np.eye(4)
    if pose.isDefined("rotation"):
        w, x, y, z = (_number(pose["rotation"][key]) for key in "wxyz")
        norm = np.sqrt(w * w + x * x + y * y + z * z)
        if not abs(norm - 1) < 0.01:  # written with as few as three decimals; nan is refused too
            warnings.append("the rotation is no unit quaternion: the pose was left out")
            return None
        w, x, y, z = w / norm, x / norm, y / norm, z / norm
        T_common_scan[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    if pose.isDefined("translation"):
        T_common_scan[:3, 3] = [_number(pose["translation"][key]) for key in "xyz"]
    if not np.isfinite(T_common_scan).all():
        warnings.append("the pose holds something that is not a number: it was left out")
        return None
    return T_common_scan


def _number(node: Any) -> float:
    return float(node.scaledValue() if hasattr(node, "scaledValue") else node.value())


def _all_flagged(columns: Mapping[str, NDArray[Any]], flag: str) -> bool:
    return flag in columns and bool((columns[flag] != 0).all())
