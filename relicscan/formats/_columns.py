"""What a column of a point cloud means, from its name or, without names, from its values.

PLY, PCD and delimited text name the same things in a few dozen ways; they are
brought to one set of roles here: x y z, nx ny nz, red green blue, intensity, u v.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats._attributes import colors_8bit, intensity_0_1, unit_normals
from relicscan.relic import ByteArray, Float32Array, FloatArray

_NAMES = {
    "x": "x xcoord xcoordinate posx px easting east",
    "y": "y ycoord ycoordinate posy py northing north",
    "z": "z zcoord zcoordinate posz pz elevation height altitude",
    "nx": "nx normalx xnormal",
    "ny": "ny normaly ynormal",
    "nz": "nz normalz znormal",
    "red": "red r rf diffuser diffusered colorr colorred",
    "green": "green g gf diffuseg diffusegreen colorg colorgreen",
    "blue": "blue b bf diffuseb diffuseblue colorb colorblue",
    "intensity": "intensity i scalarintensity reflectance reflectivity scalarreflectance",
    "u": "u s textureu texu",
    "v": "v t texturev texv",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split()}


class Attributes(TypedDict, total=False):
    """Keyword arguments of PointCloud besides its points."""

    normals: Float32Array
    colors: ByteArray
    intensity: Float32Array


def role_of(name: str) -> str | None:
    """The role of a column called `name` ("diffuse_red", "X[m]", "scalar_Intensity"), or None."""
    bare = re.sub(r"[\[(].*", "", name.lower())
    return _ROLES.get(re.sub(r"[^a-z0-9]", "", bare))


def roles_of(names: Sequence[str]) -> dict[str, int]:
    """Column index by role. Raises ScanError unless x, y and z are there once each."""
    roles: dict[str, int] = {}
    twice = set()
    for index, name in enumerate(names):
        role = role_of(name)
        if role in roles:
            twice.add(role)
        elif role is not None:
            roles[role] = index
    wrong = [axis for axis in "xyz" if axis not in roles or axis in twice]
    if wrong:
        listed = ", ".join(name[:30] for name in names[:20]) or "none"
        raise ScanError(
            f"the columns are named {listed}: {' and '.join(wrong)} must be there exactly once",
            remedy="name the columns of the coordinates x, y and z",
        )
    return roles


def attributes(
    columns: Mapping[str, NDArray[Any]], *, integer_colors: bool | None = None
) -> Attributes:
    """Normals, colours and intensity from the (n,) columns by role that are there.

    `integer_colors` as in `colors_8bit`.
    """
    found: Attributes = {}
    if {"nx", "ny", "nz"} <= columns.keys():
        found["normals"] = unit_normals(_stack(columns, "nx", "ny", "nz"))
    if {"red", "green", "blue"} <= columns.keys():
        colors = colors_8bit(_stack(columns, "red", "green", "blue"), integer=integer_colors)
        if colors is not None:
            found["colors"] = colors
    if "intensity" in columns:
        found["intensity"] = intensity_0_1(columns["intensity"])
    return found


def points(columns: Mapping[str, NDArray[Any]]) -> FloatArray:
    """(n, 3) float64 from the columns x, y and z."""
    stacked = np.empty((len(columns["x"]), 3))
    for axis, name in enumerate("xyz"):
        stacked[:, axis] = columns[name]
    return stacked


def guess_roles(rows: FloatArray) -> dict[str, int]:
    """Roles of the columns (n, c) of a table without names: x, y, z, then by their ranges.

    From left to right: three columns that are unit vectors are normals, three
    that can be colours are colours, a single one is the intensity once; a
    constant column that follows colours is their alpha. The rest has no role.
    """
    roles = {"x": 0, "y": 1, "z": 2}
    column, width = 3, rows.shape[1]
    while column < width:
        three = rows[:, column : column + 3] if column + 3 <= width else None
        if three is not None and "nx" not in roles and _are_unit_vectors(three):
            roles |= {"nx": column, "ny": column + 1, "nz": column + 2}
            column += 3
        elif three is not None and "red" not in roles and _are_colors(three):
            roles |= {"red": column, "green": column + 1, "blue": column + 2}
            column += 3
        else:
            if "intensity" not in roles and not _is_alpha(rows, column, roles):
                roles["intensity"] = column
            column += 1
    return roles


def _are_unit_vectors(three: FloatArray) -> bool:
    length = np.sqrt(np.einsum("ij,ij->i", three, three))
    given = length[length > 1e-6]  # exporters write 0 0 0 where they know no normal
    # Written with as few as three decimals; 99 % because single ones are always spoilt.
    return bool(
        len(given) > 0
        and (three < 0).any()
        and np.count_nonzero(abs(given - 1) < 0.01) >= 0.99 * len(given)
    )


def _are_colors(three: FloatArray) -> bool:
    if not np.isfinite(three).all() or three.min() < 0:
        return False
    high = three.max()
    return bool(high <= 1 or (high <= 65535 and (three == np.rint(three)).all()))


def _is_alpha(rows: FloatArray, column: int, roles: Mapping[str, int]) -> bool:
    values = rows[:, column]
    return roles.get("blue") == column - 1 and bool(
        values[0] in (1, 255, 65535) and (values == values[0]).all()
    )


def _stack(columns: Mapping[str, NDArray[Any]], *names: str) -> NDArray[Any]:
    return np.stack([columns[name] for name in names], axis=1)
