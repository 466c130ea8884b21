"""A Relic as one file, and back, bit for bit: what the cache of stage results holds.

A ZIP of NumPy arrays (as numpy.savez writes it, nothing compressed: it is read once or
twice and then dropped) and one JSON that says how they belong together. No pickle: a cache on
a shared disk must not be able to run code. ZIP's checksums tell a torn file.
"""

from __future__ import annotations

import json
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.relic import (
    Arrangement,
    AsScanned,
    Deviation,
    Distances,
    Doubt,
    Frame,
    KnownDistance,
    Level,
    Material,
    Mesh,
    PointCloud,
    Relic,
    Scan,
    SourceFile,
    Step,
    Texture,
)

#: What a Relic is made of; nothing else is ever made from a file.
_TYPES = {
    kind.__name__: kind
    for kind in (
        *(Relic, Scan, PointCloud, Mesh, Material, Texture),
        *(Level, Deviation, Distances, Frame, KnownDistance, SourceFile),
        *(Step, Doubt, Arrangement, AsScanned),
    )
}
_STRUCTURE = "structure"


class Torn(Exception):
    """A file that does not hold a whole Relic."""


def freeze(relic: Relic, path: Path) -> int:
    """Write a Relic to a file and return its size in bytes. Raises OSError.

    The file takes its name when it is whole.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    structure = json.dumps(_taken_apart(relic, arrays))
    # Several machines may write the same result, under the same process number.
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}.part")
    try:
        arrays[_STRUCTURE] = np.frombuffer(structure.encode(), np.uint8)
        with zipfile.ZipFile(part, "w") as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                    np.lib.format.write_array(stream, array, allow_pickle=False)
        size = part.stat().st_size
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return size


def thaw(path: Path) -> Relic:
    """The Relic that `freeze` wrote. Raises Torn where it is not whole, OSError if it is gone."""
    try:
        with zipfile.ZipFile(path) as archive:
            arrays = {
                name.removesuffix(".npy"): _read(archive, name) for name in archive.namelist()
            }
        relic = _put_together(json.loads(arrays[_STRUCTURE].tobytes()), arrays)
    except OSError:
        raise
    except Exception as error:  # damaged bytes may be anything at all to a parser
        raise Torn(f"{type(error).__name__}: {error}") from None
    if not isinstance(relic, Relic):
        raise Torn("no relic")
    return relic


def _read(archive: zipfile.ZipFile, name: str) -> np.ndarray[Any, Any]:
    with archive.open(name) as stream:
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _taken_apart(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if is_dataclass(value):
        parts = {f.name: _taken_apart(getattr(value, f.name), arrays) for f in fields(value)}
        return {"is": type(value).__name__, "with": parts}
    if isinstance(value, bytes):
        return {"is": "bytes", "with": _put_away(np.frombuffer(value, np.uint8), arrays)}
    if isinstance(value, np.ndarray):
        return {"is": "array", "with": _put_away(value, arrays)}
    if isinstance(value, tuple):
        return {"is": "tuple", "with": [_taken_apart(item, arrays) for item in value]}
    if isinstance(value, Mapping):
        return {"is": "map", "with": {k: _taken_apart(v, arrays) for k, v in value.items()}}
    if isinstance(value, list):
        return [_taken_apart(item, arrays) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a Relic should not hold a {type(value).__name__}")


def _put_away(array: np.ndarray[Any, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = array
    return name


def _put_together(value: Any, arrays: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, list):
        return [_put_together(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    kind, content = value["is"], value["with"]
    match kind:
        case "array":
            return arrays[content]
        case "bytes":
            return arrays[content].tobytes()
        case "tuple":
            return tuple(_put_together(item, arrays) for item in content)
        case "map":
            return {k: _put_together(v, arrays) for k, v in content.items()}
    return _TYPES[kind](**{k: _put_together(v, arrays) for k, v in content.items()})
