"""Finished models of the real scans, made small by us and by gltf-transform: `bench.same_size`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import gltf_transform
from bench.measured import measured, python, say
from bench.subjects import shared_folder
from bench.tables_delivery import same_size

#: What the page calls them, and where they lie among the real scans.
MODELS = {
    "Whale skull, normal map and occlusion": "tex_whale_skull/whale_cranium.glb",
    "Fuze bottle, base colour, from its OBJ": "tex_fuze_bottle/fuze.obj",
}


def made(folder: Path, scans: Path | None = None) -> str:
    """The comparison of every model, or in words why it was left out."""
    scans = shared_folder() / "scans" if scans is None else scans
    missing = gltf_transform.what_is_missing() if _any_there(scans) else None
    told: list[tuple[str, Mapping[str, Any] | str]] = []
    for title, path in MODELS.items():
        source = scans / path
        if not source.is_file():
            why = f"there is no {path} in {scans.name}/ beside this checkout (RELICSCAN_SHARED)."
            told.append((title, why))
        elif missing is not None:
            told.append((title, f"{missing}."))
        else:
            say(f"{path}: by gltf-transform and by us")
            told.append((title, _compared(source, folder / source.stem)))
        if isinstance(told[-1][1], str):
            say(f"{path}: left out: {told[-1][1]}")
    return same_size(told)


def _any_there(scans: Path) -> bool:
    """Whether there is anything for which the peer would have to be fetched."""
    return any((scans / path).is_file() for path in MODELS.values())


def _compared(source: Path, folder: Path) -> Mapping[str, Any] | str:
    folder.mkdir(parents=True, exist_ok=True)
    original, peer, log = source, folder / "gltf-transform.glb", folder / "log"
    if source.suffix != ".glb":
        original = folder / "original.glb"
        done = measured(python("bench.same_size", "plain", source, original), log)
        if done.ending:
            return f"a GLB for gltf-transform {done.ending}: {done.last_line}."
    done = gltf_transform.optimize(original, peer, log)
    if done.ending:
        return f"gltf-transform {done.ending}: {done.last_line}."
    done = measured(python("bench.same_size", "compare", original, peer, folder), log)
    if done.ending:
        return f"the comparison {done.ending}: {done.last_line}."
    compared: dict[str, Any] = json.loads((folder / "same_size.json").read_text(encoding="utf-8"))
    return compared
