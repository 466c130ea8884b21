"""A scene for Voyager, the Smithsonian's viewer: `scene.svx.json` and the models beside it.

The format is the SVX document 2.0 of Smithsonian/dpo-voyager (source/client/schema/json); what
the schema leaves open is done as Voyager's source reads it (commit 268e2b1, 2026).

Voyager sets some texts as HTML: the title of the scene and its intro, titles and leads of tours,
leads of annotations. Those are escaped; the others it shows as they are, and so they stay. It
knows nine languages; a text in another is left out and told.

Where the scale is unknown, the model's unit is `inherit`, the schema's word for saying nothing,
the scene has none, and the tools are hidden, because they would measure in one. An annotation
must have a direction and a step of a tour must have a view: where a hotspot states none, it is
seen from outside the middle of the model, and that is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import numpy as np

from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.exports.exported import (
    Exported,
    Loss,
    losses,
    models,
    placed_hotspots,
    poster,
    silent,
    sounds,
    stated_fields,
    untold_models,
)
from relicscan.metadata.exports.files import copy_files
from relicscan.metadata.exports.media_types import media_type
from relicscan.metadata.exports.svx_setup import Box, hotspot_annotations, setup
from relicscan.metadata.exports.svx_texts import by_path, said, voyager_language, voyager_languages
from relicscan.metadata.languages import UNDETERMINED, one_text
from relicscan.metadata.manifest import FileRecord, LevelRecord, RelicManifest

NAME = "svx"
TITLE = "Smithsonian Voyager scene"
FILE = "scene.svx.json"

_COLLECTION = "metas[0].collection, by its path in relic.toml"
_PROCESS = "metas[0].process, by its path in relic.toml"
CARRIES: Mapping[str, str] = {
    "id": "scenes[0].name",
    "object.title": "metas[0].collection.titles",
    "object.description": "metas[0].collection.intros",
    **dict.fromkeys(
        [
            *("object.type.label", "object.type.aat", "object.material", "object.culture"),
            *("object.place", "object.maker", "object.inventory_number", "object.dating.edtf"),
            *("object.dating.display", "object.dimension.kind", "object.dimension.value"),
            *("object.dimension.unit", "object.dimension.uncertainty", "object.dimension.part"),
            *("object.represents", "museum.name", "museum.url", "museum.id"),
            *("rights.object.uri", "rights.object.holder", "rights.object.attribution"),
            *("rights.object.restrictions", "rights.digital.uri", "rights.digital.holder"),
            *("rights.digital.attribution", "rights.digital.restrictions"),
            *("related.relation", "related.id", "related.uri", "related.label"),
        ],
        _COLLECTION,
    ),
    **dict.fromkeys(
        [
            *("capture.method", "capture.device", "capture.software", "capture.operator"),
            *("capture.date", "capture.calibration", "capture.scale", "capture.scale_basis"),
            "capture.notes",
        ],
        _PROCESS,
    ),
    "hotspot.id": "models[0].annotations[].id",
    "hotspot.position": "models[0].annotations[].position, in the model's coordinates",
    "hotspot.normal": "models[0].annotations[].direction",
    "hotspot.camera.position": "setups[0].snapshots.states[], as orbit and offset",
    "hotspot.camera.target": "setups[0].snapshots.states[], as orbit and offset",
    "hotspot.title": "models[0].annotations[].titles",
    "hotspot.text": "models[0].annotations[].leads",
    "hotspot.audio": "metas[0].audio[], with the files, and models[0].annotations[].audioId",
    "tour.title": "setups[0].tours[].titles",
    "tour.text": "setups[0].tours[].leads",
    "tour.steps": "setups[0].tours[].steps[]",
    "models": "models[0].derivatives[].assets[], with the files",
    "posters": "metas[0].images[], with the file",
    "checksums": "metas[0].process, as <path>.sha256",
}

_QUALITIES = {
    "thumb": "Thumb",
    "low": "Low",
    "medium": "Medium",
    "high": "High",
    "ultra": "Highest",
}


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """`<id>/scene.svx.json` with its models, sounds and poster, all addresses relative to it."""
    lost = []
    for relic in relics:
        place = folder / relic.id
        place.mkdir(exist_ok=True)
        derivatives, paths, unused = _derivatives(relic.manifest)
        picture = poster(relic.manifest)
        paths += [path for clip in _spoken(relic.manifest).values() for path in clip.values()]
        copy_files(relic, [*paths, *([picture] if picture else [])], place)
        write_json_atomically(place / FILE, _document(relic, derivatives, paths))
        lost += [*_lost(relic), *unused]
    return lost


def _document(relic: Exported, derivatives: list[Any], paths: list[str]) -> dict[str, Any]:
    manifest = relic.manifest
    model: dict[str, Any] = {"units": "inherit", "derivatives": derivatives}
    scene: dict[str, Any] = {"name": relic.id, "nodes": [0, 1, 3], "setup": 0, "meta": 0}
    if manifest.scale_known:
        # Delivered models are in metres.
        model["units"] = scene["units"] = "m"
    box = _box(manifest)
    if box is not None:
        model["boundingBox"] = {"min": box[0], "max": box[1]}
    hotspots = placed_hotspots(manifest)
    if hotspots:
        model["annotations"] = hotspot_annotations(hotspots, box, _spoken(manifest))
    asset = {
        "type": "application/si-dpo-3d.document+json",
        "version": "2.0",
        "generator": "relicscan",
    }
    digital = manifest.metadata.rights.digital
    if credit := one_text(digital.credit):
        asset["copyright"] = credit
    return {
        "asset": asset,
        "scene": 0,
        "scenes": [scene],
        # What Voyager's own template has: a camera it moves, and light from all around.
        "nodes": [
            {"name": "Camera", "camera": 0},
            {"name": "Lights", "children": [2]},
            {"name": "Environment", "light": 0},
            {"name": "Model", "model": 0},
        ],
        "cameras": [
            {"type": "perspective", "perspective": {"yfov": 52, "znear": 0.01, "zfar": 10_000}}
        ],
        "lights": [{"type": "environment", "enabled": True, "intensity": 1}],
        "models": [model],
        "metas": [_meta(relic, paths)],
        "setups": [setup(manifest, hotspots, box)],
    }


# --- Models


def _derivatives(manifest: RelicManifest) -> tuple[list[dict[str, Any]], list[str], list[Loss]]:
    """Derivatives, the paths of their files, and the models for which Voyager has no place."""
    found, paths, unused = [], [], []
    web = models(manifest)
    qualities = {level.path: _QUALITIES.get(level.name) for level in web}
    if web and not any(qualities.values()):
        # Levels under names of one's own: the finest is what is to be seen.
        qualities[web[-1].path] = "High"
    taken = set()
    for level in web:
        quality = qualities[level.path]
        if quality is None or quality in taken:
            reason = f"Voyager has no quality for {level.path}"
            unused.append(Loss(manifest.id, "models", reason))
            continue
        taken.add(quality)
        found.append(_derivative("Web3D", quality, level, level))
        paths.append(level.path)
    if not web:
        unused.append(Loss(manifest.id, "models", "there is no model for the web to show"))
    files = {file.path: file for file in manifest.files}
    for level in models(manifest, "ar")[-1:]:
        found += [_derivative(usage, "AR", level, level) for usage in ("Web3D", "App3D")]
        paths.append(level.path)
        usdz = files.get(str(PurePosixPath(level.path).with_suffix(".usdz")))
        if usdz:
            found.append(_derivative("iOSApp3D", "AR", usdz, level))
            paths.append(usdz.path)
    for level in models(manifest, "ar")[:-1]:
        unused.append(
            Loss(manifest.id, "models", f"Voyager has one model for AR: not {level.path}")
        )
    told = [level.path for level in (*web, *models(manifest, "ar"))]
    return found, paths, [*unused, *untold_models(manifest, [*told, *paths])]


def _derivative(usage: str, quality: str, file: FileRecord, level: LevelRecord) -> dict[str, Any]:
    figures = {
        "byteSize": file.bytes,
        "numFaces": level.triangles,
        "imageSize": level.texture_side,
        "mimeType": media_type(file.path),
    }
    known = {name: value for name, value in figures.items() if value}
    return {
        "usage": usage,
        "quality": quality,
        "assets": [{"uri": quote(file.path), "type": "Model", **known}],
    }


def _box(manifest: RelicManifest) -> Box | None:
    """The bounds of the finest model, in its coordinates."""
    shown = models(manifest) or models(manifest, "ar")
    if not shown:
        return None
    low, high = shown[-1].bounds_m
    return np.asarray(low), np.asarray(high)


# --- Metadata


def _meta(relic: Exported, paths: Sequence[str]) -> dict[str, Any]:
    """Collection record, process and poster; whatever has no name in Voyager keeps ours."""
    manifest = relic.manifest
    told = manifest.metadata
    collection = said("title", "titles", told.object.title, as_html=True)
    collection |= said("intro", "intros", told.object.description, as_html=True)
    of_the_object = told.object.model_copy(update={"title": None, "description": None})
    record = {"object": of_the_object, "museum": told.museum, "rights": told.rights}
    for name, table in {**record, "related": told.related}.items():
        collection |= by_path(table, name)
    process = by_path(told.capture, "capture")
    checksums = {file.path: file.sha256 for file in manifest.delivered}
    process |= {f"{path}.sha256": checksums[path] for path in paths}
    meta: dict[str, Any] = {"collection": collection, "process": process}
    if spoken := _spoken(manifest):
        meta["audio"] = [_clip(hotspot, clip) for hotspot, clip in spoken.items()]
    if picture := poster(manifest):
        size = next(file.bytes for file in manifest.files if file.path == picture)
        image = {"uri": quote(picture), "quality": "High", "usage": "Render"}
        meta["images"] = [{**image, **({"byteSize": size} if size else {})}]
    return meta


def _spoken(manifest: RelicManifest) -> dict[str, dict[str, str]]:
    """By hotspot and Voyager's name for a language, the paths of the sounds that it can play."""
    found = {
        hotspot: {name: clip[tag] for tag, name in voyager_languages(clip).items()}
        for hotspot, clip in sounds(manifest).items()
    }
    return {hotspot: clip for hotspot, clip in found.items() if clip}


def _clip(hotspot: str, clip: Mapping[str, str]) -> dict[str, Any]:
    """Voyager reads captions and durations of a clip without asking whether there are any."""
    uris = {name: quote(path) for name, path in clip.items()}
    return {"id": hotspot, "name": hotspot, "uris": uris, "captionUris": {}, "durations": {}}


# --- What is lost


def _lost(relic: Exported) -> Iterator[Loss]:
    yield from losses(relic, CARRIES)
    for field, value in stated_fields(relic).items():
        if field in CARRIES:
            yield from _untold(relic, field, value if isinstance(value, list) else [value])
    yield from silent(relic.manifest)
    for spoken, clip in sounds(relic.manifest).items():
        if UNDETERMINED in clip:
            why = f"Voyager plays no sound without a language, as that of {spoken!r} is"
            yield Loss(relic.id, f"hotspot.audio@{UNDETERMINED}", why)
    metadata = relic.manifest.metadata
    if relic.manifest.frame is None:
        for field in ("hotspot", "tour"):
            if getattr(metadata, field):
                yield Loss(relic.id, field, "there is no model for it to be on")
        return
    toured = {step for tour in metadata.tour for step in tour.steps}
    made_up = "Voyager must have one, which is from outside the middle of the model"
    for hotspot in metadata.hotspot:
        why = f"{hotspot.id!r} states none: {made_up}"
        if hotspot.normal is None:
            yield Loss(relic.id, "hotspot.normal", why)
        if hotspot.camera is None and hotspot.id in toured:
            yield Loss(relic.id, "hotspot.camera.position", why)


def _untold(relic: Exported, field: str, values: Sequence[Any]) -> Iterator[Loss]:
    """The languages of a field that Voyager does not know, or knows once."""
    lost = {
        tag
        for texts in values
        if isinstance(texts, dict)
        for tag in set(texts) - set(voyager_languages(texts)) - {UNDETERMINED}
    }
    for tag in sorted(lost):
        name = voyager_language(tag)
        reason = f"Voyager has one text in {name}" if name else f"Voyager knows no texts in {tag}"
        yield Loss(relic.id, f"{field}@{tag}", reason)
