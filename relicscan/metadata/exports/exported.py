"""What all exchange formats share: a relic as it is exported, and what a format cannot carry.

An exporter is one module with four things: NAME and TITLE, CARRIES (for every field of ours
that the format takes, where it goes: docs/metadata.md is made from it) and

    write(relics, folder, base_url) -> list of Loss

What CARRIES does not name is lost, and is told where a relic states it (`losses`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
from pydantic import BaseModel

from relicscan.metadata.manifest import LevelRecord, RelicManifest
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.sounds import sound_path
from relicscan.relic import FloatArray

#: Parts of relic.json besides `metadata` that a format may carry.
PARTS = ("id", "models", "posters", "master", "sources", "steps", "deviation", "checksums")

#: What is in `metadata` for our own use, and is in no exchange format's field of work.
OWN = ("languages", "scan", "crop", "pipeline")


@dataclass(frozen=True)
class Exported:
    """A relic that is done, and the folder of its output, which holds what its manifest lists.

    `published` is the day on which what is exported is published, if whoever exports says so.
    """

    manifest: RelicManifest
    folder: Path
    published: str | None = None

    @property
    def id(self) -> str:
        return self.manifest.id


class Loss(NamedTuple):
    """A field that a relic states and a format cannot carry, or not in a language, and why.

    Where that keeps the relic out of the export as a whole, it is `left_out`.
    """

    relic: str
    field: str
    reason: str
    left_out: bool = False


Write = Callable[[Sequence[Exported], Path, str | None], list[Loss]]


class Exporter(NamedTuple):
    """One exchange format: see the module's head."""

    name: str
    title: str
    carries: Mapping[str, str]
    write: Write


class PlacedHotspot(NamedTuple):
    """A hotspot in the coordinates of the delivered models: metres where the scale is known,
    +Y up, +Z front. `camera` and `target` are where it is looked at from, and at what.
    """

    id: str
    position: FloatArray
    normal: FloatArray | None
    camera: FloatArray | None
    target: FloatArray
    title: Mapping[str, str]
    text: Mapping[str, str]


def fields() -> tuple[str, ...]:
    """Every field that a relic can have, by its path: of its metadata, then PARTS."""
    described = [path for path in _below(RelicToml, "") if path.split(".")[0] not in OWN]
    return (*described, *(part for part in PARTS if part not in described))


def stated_fields(relic: Exported) -> dict[str, Any]:
    """Every field that the metadata of a relic states, by its path without positions.

    A text by languages is one field. Of "hotspot.title" that of every hotspot, in a list.
    """
    found: dict[str, Any] = {}
    for path, value in _leaves(relic.manifest.metadata.stated(), ""):
        if path.split(".")[0] in OWN:
            continue
        if path in found or _in_list(path):
            found.setdefault(path, []).append(value)
        else:
            found[path] = value
    return found


def parts(manifest: RelicManifest) -> tuple[str, ...]:
    """The PARTS that a manifest has."""
    there = {
        "id": manifest.id,
        "models": manifest.levels,
        "posters": poster(manifest),
        "master": manifest.master,
        "sources": manifest.sources,
        "steps": manifest.steps,
        "deviation": any(level.deviation for level in manifest.levels),
        "checksums": manifest.delivered,
    }
    return tuple(part for part in PARTS if there[part])


def losses(relic: Exported, carries: Mapping[str, str]) -> list[Loss]:
    """The fields and parts of a relic that `carries` leaves out."""
    there = dict.fromkeys((*stated_fields(relic), *parts(relic.manifest)))
    return [
        Loss(relic.id, field, "the format has no place for it")
        for field in there
        if field not in carries
    ]


def untold_models(manifest: RelicManifest, taken: Collection[str]) -> list[Loss]:
    """A Loss for every model that is not among the paths that a format takes."""
    return [
        Loss(manifest.id, "models", f"the format has no place for {path}")
        for path in (*(level.path for level in manifest.levels), *packed_models(manifest))
        if path not in taken
    ]


def packed_models(manifest: RelicManifest) -> list[str]:
    """The paths of the models in USDZ, which are files beside the levels."""
    return [file.path for file in manifest.files if file.path.endswith(".usdz")]


def sounds(manifest: RelicManifest) -> dict[str, dict[str, str]]:
    """By hotspot and language, the paths of the sound files that were delivered."""
    there = {file.path for file in manifest.files}
    found = {
        hotspot.id: {
            tag: path
            for tag, given in (hotspot.audio or {}).items()
            if (path := sound_path(hotspot.id, tag, given)) in there
        }
        for hotspot in manifest.metadata.hotspot
    }
    return {hotspot: by_language for hotspot, by_language in found.items() if by_language}


def silent(manifest: RelicManifest) -> list[Loss]:
    """A Loss for every sound that a relic states and that was not delivered."""
    delivered = sounds(manifest)
    return [
        Loss(manifest.id, f"hotspot.audio@{tag}", f"the sound of {hotspot.id!r} was not delivered")
        for hotspot in manifest.metadata.hotspot
        for tag in hotspot.audio or {}
        if tag not in delivered.get(hotspot.id, {})
    ]


def placed_hotspots(manifest: RelicManifest) -> list[PlacedHotspot]:
    """The hotspots on the delivered models; none of a relic of which nothing was read."""
    if manifest.frame is None:
        return []
    T = np.asarray(manifest.frame.T_model_source, dtype=np.float64)

    def at(place: Sequence[float]) -> FloatArray:
        return np.asarray(T[:3, :3] @ np.asarray(place) + T[:3, 3])

    def turned(direction: Sequence[float]) -> FloatArray:
        along = T[:3, :3] @ np.asarray(direction)
        return np.asarray(along / np.linalg.norm(along))

    return [
        PlacedHotspot(
            id=hotspot.id,
            position=at(hotspot.position),
            normal=turned(hotspot.normal) if hotspot.normal else None,
            camera=at(hotspot.camera.position) if hotspot.camera else None,
            target=at((hotspot.camera and hotspot.camera.target) or hotspot.position),
            title=hotspot.title or {},
            text=hotspot.text or {},
        )
        for hotspot in manifest.metadata.hotspot
    ]


def models(manifest: RelicManifest, target: str = "web") -> list[LevelRecord]:
    """The models of a target from the smallest file to the largest."""
    found = [level for level in manifest.levels if level.target == target]
    return sorted(found, key=lambda level: level.bytes)


def poster(manifest: RelicManifest) -> str | None:
    """The path of its picture for catalogues in the relic's folder, if it has one."""
    paths = {file.path for file in manifest.files}
    return next(
        (p for p in ("preview/poster.webp", "preview/poster-grey.webp") if p in paths), None
    )


def address(base_url: str | None, relic_id: str, path: str) -> str:
    """Where a file of a relic is: below `base_url`, or relative to the folder of all relics.

    Every character that means something in an address is escaped (RFC 3986).
    """
    from urllib.parse import quote

    below = f"{quote(relic_id)}/{quote(path)}"
    return f"{base_url.rstrip('/')}/{below}" if base_url else below


def _below(model: type[BaseModel], path: str) -> Iterator[str]:
    for name, info in model.model_fields.items():
        table, here = _table_in(info.annotation), f"{path}.{name}".lstrip(".")
        if table is None:
            yield here
        else:
            yield from _below(table, here)


def _table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((table for table in map(_table_in, get_args(annotation)) if table), None)


def _in_list(path: str) -> bool:
    return path.split(".")[0] in ("hotspot", "tour", "related") or path.startswith(
        "object.dimension"
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Paths and values; a text by languages and a list of numbers or texts are leaves."""
    if isinstance(value, dict) and not _by_language(path):
        for key, inside in value.items():
            yield from _leaves(inside, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inside in value:
            yield from _leaves(inside, path)
    else:
        yield path, value


#: Ends of the paths of texts by language.
_TEXTS = (
    *("title", "description", "label", "material", "culture", "place", "maker", "display"),
    *("name", "holder", "attribution", "restrictions", "method", "calibration", "scale_basis"),
    *("notes", "part", "text", "audio"),
)


def _by_language(path: str) -> bool:
    return path.rpartition(".")[2] in _TEXTS
