"""Output folders to make sites of, written without a run."""

from __future__ import annotations

import copy
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import FileRecord
from relicscan.metadata.relic_toml import RelicToml
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


def write_output(out: Path, *stated: dict[str, Any], **manifest: Any) -> Path:
    """An output folder with these relics and their index; `manifest` changes parts of each."""
    entries = []
    for one in stated:
        relic = exported(out, RelicToml.model_validate(one))
        picture(relic.folder / "preview" / "poster.webp")
        made = relic.manifest.model_copy(
            update={
                "files": tuple(FileRecord.of(relic.folder, f.path) for f in relic.manifest.files),
                **manifest,
            }
        )
        write_json_atomically(relic.folder / "relic.json", made)
        entries.append(IndexEntry.of(made))
    merge_index(out, entries)
    return out


def picture(path: Path, side: int = 1200) -> None:
    """A transparent picture with a disc in it."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    image = np.zeros((side, side, 4), np.uint8)
    image[x**2 + y**2 < 0.6] = (180, 90, 40, 255)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "WEBP", quality=70, method=0)
    path.write_bytes(stream.getvalue())
