"""IIIF Presentation API 4.0: a manifest with one 3D scene for every relic, and a collection.

Version 4.0 is a draft (VERSION) and may still change: https://iiif.io/api/presentation/4.0/ and
its "Data Model", https://iiif.io/api/presentation/4.0/model/. Earlier versions know no scenes.

    <id>/manifest.json   Manifest: Scene, AnnotationPages, seeAlso
    collection.json      Collection of all manifests

To be published where the output is: each manifest beside the models of its relic. The scene has
the coordinates of the delivered models, and a `spatialScale` of a metre where the scale is known.
The models are a Choice whose first is what a viewer shows. A hotspot is a commenting annotation
on a point, whose texts and sounds are a Choice; its camera is painted hidden and is what `scope`
names. A tour is a hidden page of such annotations with the behavior `sequence`: Ranges hold
Canvases only in this draft.
A manifest must have a label: that of a relic without a title is its id, and this is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relicscan.errors import OutputError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.exports.exported import (
    Exported,
    Loss,
    address,
    losses,
    models,
    packed_models,
    placed_hotspots,
    poster,
    silent,
    untold_models,
)
from relicscan.metadata.exports.iiif_metadata import (
    FIELDS,
    entries,
    label,
    value,
    words,
)
from relicscan.metadata.exports.iiif_scene import file_of, filled, scene_of
from relicscan.metadata.exports.licences import canonical

NAME = "iiif"
VERSION = "4.0-draft"
TITLE = f"IIIF Presentation API {VERSION}"

CONTEXT = "http://iiif.io/api/presentation/4/context.json"

CARRIES: Mapping[str, str] = {
    "id": "id of the Manifest",
    "models": "body of the painting Annotation; rendering for augmented reality",
    "posters": "thumbnail",
    "object.title": "label",
    "object.description": "summary",
    **dict.fromkeys(FIELDS, "metadata"),
    **dict.fromkeys((f"object.dimension.{key}" for key in ("kind", "value", "unit")), "metadata"),
    **dict.fromkeys((f"object.dimension.{key}" for key in ("uncertainty", "part")), "metadata"),
    "museum.name": "provider.label",
    "museum.url": "provider.id and provider.homepage",
    "rights.digital.uri": "rights, or metadata where rights has no place for it",
    "rights.digital.attribution": "requiredStatement",
    "hotspot.id": "id of a commenting Annotation",
    "hotspot.position": "target.selector, a PointSelector in the Scene",
    "hotspot.camera.position": "target of a hidden PerspectiveCamera, named by scope",
    "hotspot.camera.target": "lookAt of that camera",
    "hotspot.title": "label, and TextualBody in languages without a text",
    "hotspot.text": "body, a Choice of TextualBody",
    "hotspot.audio": "body, Audio in the same Choice",
    "tour.id": "id of an AnnotationPage with the behavior sequence",
    "tour.title": "label of that page",
    "tour.text": "summary of that page",
    "tour.steps": "items of that page",
    "related.relation": "label in metadata",
    "related.id": "metadata; seeAlso where it is exported too",
    "related.uri": "metadata",
    "related.label": "metadata",
}

_WHY = {"hotspot.normal": "a point of a Scene faces nowhere"}

_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`/?#]+(/[^\s<>\"{}|\\^`?#]*)?")

Json = dict[str, Any]


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """A manifest for every relic, and their collection; what cannot be carried.

    Raises OutputError without the address at which all will be published.
    """
    if base_url is None or not _ADDRESS.fullmatch(base_url):
        given = "is not given" if base_url is None else f"{base_url[:80]!r} is no web address"
        raise OutputError(
            f"IIIF names everything by its address on the web, and that of the output {given}",
            remedy="say where it will be published: --base-url https://museum.example/3d",
        )
    base_url = base_url.rstrip("/")
    ids = {relic.id for relic in relics}
    lost: list[Loss] = []
    for relic in relics:
        (folder / relic.id).mkdir(exist_ok=True)
        write_json_atomically(
            folder / relic.id / "manifest.json", manifest_of(relic, base_url, exported=ids)
        )
        lost += _losses(relic)
    write_json_atomically(folder / "collection.json", collection_of(relics, base_url))
    return lost


def manifest_of(relic: Exported, base_url: str, *, exported: set[str]) -> Json:
    """The Manifest of a relic. `exported` are the ids of relics that have one too."""
    stated = relic.manifest.metadata
    digital = stated.rights.digital
    own = address(base_url, relic.id, "manifest.json")
    attribution = digital.attribution
    also = [
        _reference(base_url, o.id, o.label) for o in stated.related if o.id and o.id in exported
    ]
    return filled(
        {
            "@context": CONTEXT,
            "id": own,
            "type": "Manifest",
            "label": _label(relic),
            "summary": value(stated.object.description or {}),
            "metadata": entries(relic),
            "requiredStatement": attribution
            and {"label": words("attribution"), "value": value(attribution)},
            "rights": digital.uri and canonical(digital.uri),
            "provider": _provider(relic, own),
            "thumbnail": _thumbnail(relic, base_url),
            "rendering": [
                file_of(base_url, relic, path, "Model", label(path.rpartition("/")[2]))
                for path in _for_augmented_reality(relic)
            ],
            "seeAlso": also,
            "partOf": [{"id": f"{base_url}/collection.json", "type": "Collection"}],
            "items": [scene_of(relic, base_url)],
        }
    )


def collection_of(relics: Sequence[Exported], base_url: str) -> Json:
    """The Collection of all relics; it has a provider where they are all of one museum."""
    own = f"{base_url}/collection.json"
    providers = [_provider(relic, own) for relic in relics]
    one = providers[0] if providers and all(p == providers[0] for p in providers) else []
    return {
        **filled(
            {
                "@context": CONTEXT,
                "id": own,
                "type": "Collection",
                "label": words("collection"),
                "provider": one,
            }
        ),
        "items": [
            filled(
                {
                    "id": address(base_url, relic.id, "manifest.json"),
                    "type": "Manifest",
                    "label": _label(relic),
                    "thumbnail": _thumbnail(relic, base_url),
                }
            )
            for relic in relics
        ],
    }


def _label(relic: Exported) -> Json:
    return label(relic.manifest.metadata.object.title or relic.id)


def _provider(relic: Exported, own: str) -> list[Json]:
    """The museum, named by its page on the web, or else as a part of the document `own`."""
    museum = relic.manifest.metadata.museum
    named = museum.name or museum.url
    if not named:
        return []
    page = {
        "id": museum.url,
        "type": "Text",
        "label": label(named),
        "format": "text/html",
    }
    return [
        filled(
            {
                "id": museum.url or f"{own}#museum",
                "type": "Agent",
                "label": label(named),
                "homepage": [page] if museum.url else [],
            }
        )
    ]


def _thumbnail(relic: Exported, base_url: str) -> list[Json]:
    path = poster(relic.manifest)
    return [file_of(base_url, relic, path, "Image")] if path else []


def _for_augmented_reality(relic: Exported) -> list[str]:
    levels = [level.path for level in models(relic.manifest, "ar")]
    return [*levels, *packed_models(relic.manifest)]


def _reference(base_url: str, relic_id: str, texts: Mapping[str, str] | None) -> Json:
    return {
        "id": address(base_url, relic_id, "manifest.json"),
        "type": "Manifest",
        "label": label(texts or relic_id),
        "format": "application/ld+json",
    }


def _losses(relic: Exported) -> list[Loss]:
    stated = relic.manifest.metadata
    lost = [
        loss._replace(reason=_WHY.get(loss.field, loss.reason)) for loss in losses(relic, CARRIES)
    ]
    if not stated.object.title:
        lost.append(Loss(relic.id, "object.title", "not stated: the id is the label it must have"))
    if (uri := stated.rights.digital.uri) and not canonical(uri):
        why = "rights takes Creative Commons and rightsstatements.org only: it is in metadata"
        lost.append(Loss(relic.id, "rights.digital.uri", why))
    if not models(relic.manifest):
        lost.append(Loss(relic.id, "models", "there is no model for the web: the Scene is empty"))
    shown = [level.path for level in models(relic.manifest)]
    lost += untold_models(relic.manifest, [*shown, *_for_augmented_reality(relic)])
    lost += silent(relic.manifest)
    if stated.hotspot and not placed_hotspots(relic.manifest):
        why = "nothing was read that they could be placed on"
        lost.append(Loss(relic.id, "hotspot.position", why))
        lost += [Loss(relic.id, "tour.steps", why) for _ in stated.tour[:1]]
    return lost
