"""Output folders to make sites of, written without a run."""

from __future__ import annotations

import copy
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.exports.exported import Exported
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import FileRecord, LevelRecord
from relicscan.metadata.relic_toml import RelicToml
from tests.delivery.glb_shapes import sphere, write
from tests.engines.models import RADIUS_MM, paints
from tests.metadata.exports.conftest import EVERYTHING, exported

CC_BY = "https://creativecommons.org/licenses/by/4.0/"


def everything(relic_id: str, **changed: Any) -> dict[str, Any]:
    """What the relic that says everything says, under another id; keys as "object.title"."""
    stated: dict[str, Any] = copy.deepcopy(EVERYTHING) | {"id": relic_id}
    for path, value in changed.items():
        *tables, key = path.split("__")
        table = stated
        for name in tables:
            table = table.setdefault(name, {})
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    return stated


def write_output(out: Path, *stated: dict[str, Any], models: bool = False, **manifest: Any) -> Path:
    """An output folder with these relics and their index; `manifest` changes parts of each.

    With `models` the levels are painted spheres that a browser can show, else bytes.
    """
    entries = []
    for one in stated:
        relic = exported(out, RelicToml.model_validate(one))
        picture(relic.folder / "preview" / "poster.webp")
        made = relic.manifest.model_copy(
            update={
                **({"levels": spheres(relic)} if models else {}),
                "files": tuple(FileRecord.of(relic.folder, f.path) for f in relic.manifest.files),
                **manifest,
            }
        )
        write_json_atomically(relic.folder / "relic.json", made)
        entries.append(IndexEntry.of(made))
    merge_index(out, entries)
    return out


def spheres(relic: Exported) -> tuple[LevelRecord, ...]:
    """Every level of a relic as a sphere of 100 mm, each turned to other paints."""
    levels = []
    for turn, level in enumerate(relic.manifest.levels):
        shape = sphere(RADIUS_MM, 16 + 8 * turn)
        x, y, _ = shape.vertices.T
        painted = replace(
            shape,
            colors=paints(turn)[(x > 0) + 2 * (y < 0)],
            filled=y < -RADIUS_MM * np.sqrt(0.5),
        )
        write(relic.folder / level.path, painted, geometry="meshopt")
        made = FileRecord.of(relic.folder, level.path)
        box = ((-RADIUS_MM / 1000,) * 3, (RADIUS_MM / 1000,) * 3)
        known = {"bytes": made.bytes, "sha256": made.sha256, "bounds_m": box}
        levels.append(level.model_copy(update=known))
    return tuple(levels)


def picture(path: Path, side: int = 1200) -> None:
    """A transparent picture with a disc in it."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    image = np.zeros((side, side, 4), np.uint8)
    image[x**2 + y**2 < 0.6] = (180, 90, 40, 255)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "WEBP", quality=70, method=0)
    path.write_bytes(stream.getvalue())
