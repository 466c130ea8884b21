"""The unit of length that a coordinate reference system states, from WKT or GeoTIFF keys.

Only the unit is looked at: where on Earth the object stood is not needed here.
Stands on OGC 01-009 (WKT 1), OGC 18-010 (WKT 2, ISO 19162:2019) and the GeoTIFF
specification 1.1 (OGC 19-008).
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Metres per unit, as EPSG defines them; the two feet differ by two millionths.
METRES = {
    "m": 1.0,
    "mm": 0.001,
    "cm": 0.01,
    "dm": 0.1,
    "in": 0.0254,
    "ft": 0.3048,
    "us-ft": 1200 / 3937,
}

_HORIZONTAL = {"PROJCS", "PROJCRS", "PROJECTEDCRS", "LOCAL_CS", "ENGCRS", "ENGINEERINGCRS"}
_VERTICAL = {"VERT_CS", "VERTCS", "VERTCRS", "VERTICALCRS"}
_ON_EARTH = {"GEOGCS", "GEOGCRS", "GEOGRAPHICCRS", "GEOCCS", "GEODCRS", "GEODETICCRS"}
_UNITS = {"UNIT", "LENGTHUNIT"}
_DEEPEST = 32
_TOKEN = re.compile(
    r'"(?:[^"]|"")*"|[A-Za-z_][A-Za-z0-9_]*|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|[\[\]()]'
)

#: GeoTIFF keys and what is needed of their values.
_MODEL_TYPE, _PROJECTED_SYSTEM, _LINEAR_UNIT, _VERTICAL_UNIT = 1024, 3072, 3076, 4099
_GEOGRAPHIC = 2
_EPSG_UNITS = {9001: 1.0, 9002: 0.3048, 9003: 1200 / 3937}
#: Universal Transverse Mercator on WGS 84, ETRS89 and NAD83: metres by definition.
_UTM = (range(32601, 32661), range(32701, 32761), range(25828, 25839), range(26901, 26924))


@dataclass(frozen=True)
class LengthUnit:
    """A key of METRES or None, and for None a warning that says why, if a system was stated."""

    unit: str | None = None
    warning: str | None = None


@dataclass
class _Node:
    keyword: str
    values: list[str] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)

    def walk(self) -> Iterator[_Node]:
        yield self
        for child in self.children:
            yield from child.walk()


def unit_of_wkt(wkt: str) -> LengthUnit:
    """The unit of all three axes; none where they differ, or are angles. Never raises."""
    nodes = [node for root in _parse(wkt) for node in root.walk()]
    horizontal = next((node for node in nodes if node.keyword in _HORIZONTAL), None)
    vertical = next((node for node in nodes if node.keyword in _VERTICAL), None)
    if horizontal is None:
        horizontal = next((node for node in nodes if node.keyword in _ON_EARTH), None)
    if horizontal is None:
        return LengthUnit(warning="the coordinate system of the file is not understood")
    is_geographic = horizontal.keyword.startswith("GEOG") or any(
        node.keyword == "CS" and "ellipsoidal" in map(str.lower, node.values)
        for node in horizontal.children
    )
    if is_geographic:
        return _degrees()
    return _agreed(_metres(horizontal), None if vertical is None else _metres(vertical))


def unit_of_geotiff(keys: bytes) -> LengthUnit:
    """The same from a GeoKeyDirectory, little endian. Never raises."""
    count = len(keys) // 8
    entries = struct.unpack_from(f"<{4 * count}H", keys)
    value = {
        entries[k]: entries[k + 3] for k in range(4, 4 * count, 4) if entries[k + 1] == 0
    }  # values that lie elsewhere are texts and parameters
    if value.get(_MODEL_TYPE) == _GEOGRAPHIC:
        return _degrees()
    linear = _EPSG_UNITS.get(value.get(_LINEAR_UNIT, 0))
    if linear is None and any(value.get(_PROJECTED_SYSTEM, 0) in zones for zones in _UTM):
        linear = 1.0
    vertical = value.get(_VERTICAL_UNIT)
    return _agreed(linear, None if vertical is None else _EPSG_UNITS.get(vertical))


def _agreed(horizontal: float | None, vertical: float | None) -> LengthUnit:
    if horizontal is None:
        return LengthUnit(warning="the coordinate system of the file states no unit of length")
    if vertical is not None and not math.isclose(horizontal, vertical, rel_tol=1e-7):
        return LengthUnit(
            warning=f"a unit across is {horizontal:g} m but a unit of height {vertical:g} m: "
            "either the object is distorted or its coordinate system is stated wrongly"
        )
    for unit, metres in METRES.items():
        if math.isclose(horizontal, metres, rel_tol=1e-7):
            return LengthUnit(unit)
    return LengthUnit(warning=f"the unit of the coordinate system, {horizontal:g} m, has no name")


def _degrees() -> LengthUnit:
    return LengthUnit(
        warning="the coordinates are degrees of longitude and latitude, not lengths: "
        "export the scan in a projected or local system"
    )


def _metres(system: _Node) -> float | None:
    """Metres per unit: of the system itself (WKT 1), or of its first axis (WKT 2)."""
    axes = [child for child in system.children if child.keyword == "AXIS"]
    for holder in [system, *axes]:
        for child in holder.children:
            if child.keyword in _UNITS and child.values:
                try:
                    return float(child.values[-1])
                except ValueError:
                    return None
    return None


def _parse(wkt: str) -> list[_Node]:
    """The text as trees; what is wrong in it ends up in no tree."""
    root = _Node("")
    stack = [root]
    word = ""
    for token in _TOKEN.findall(wkt[: 1 << 20]):
        if token in "[(":
            node = _Node(word.upper())
            if len(stack) < _DEEPEST:
                stack[-1].children.append(node)
            stack.append(node)
            word = ""
        elif token in "])":
            if word:
                stack[-1].values.append(word)
            stack, word = stack[:-1] or [root], ""
        else:
            if word:
                stack[-1].values.append(word)
            word = token.strip('"')
    return root.children
