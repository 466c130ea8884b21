"""The scene of a IIIF manifest: a relic's models, and annotations on places of it.

IIIF Presentation API 4.0 (draft), "Scene", "Scene Components" and "Annotation Classes" of the
data model, https://iiif.io/api/presentation/4.0/model/. Right-handed, +Y up, as glTF is: models
stand at the origin and are neither turned nor scaled.
"""

from __future__ import annotations

from typing import Any

from relicscan.metadata.exports.exported import (
    Exported,
    PlacedHotspot,
    address,
    models,
    placed_hotspots,
    sounds,
)
from relicscan.metadata.exports.iiif_metadata import label, value
from relicscan.metadata.exports.media_types import media_type
from relicscan.metadata.languages import UNDETERMINED
from relicscan.metadata.manifest import LevelRecord
from relicscan.relic import FloatArray

#: The level that is shown unless another is chosen, and those that stand in for it.
_SHOWN_FIRST = ("medium", "low", "high", "thumb")

Json = dict[str, Any]


def scene_of(relic: Exported, base_url: str) -> Json:
    """The Scene: what is painted into it in `items`, what is said of it in `annotations`."""
    own = address(base_url, relic.id, "scene")
    spots = {spot.id: spot for spot in placed_hotspots(relic.manifest)}
    tours = relic.manifest.metadata.tour if spots else ()
    spoken = _spoken(relic, base_url)

    def comment(name: str, at: str) -> Json:
        return _comment(spots[name], own, f"{own}/{at}", spoken.get(name, []))

    pages = [
        _page(f"{own}/hotspots", [comment(name, f"hotspot/{name}") for name in spots]),
        *(
            _page(
                f"{own}/tour/{tour.id}",
                [
                    comment(step, f"tour/{tour.id}/{number}")
                    for number, step in enumerate(tour.steps, start=1)
                ],
                label=label(tour.title or {}),
                summary=value(tour.text or {}),
                behavior=["hidden", "sequence"],
            )
            for tour in tours
        ),
    ]
    metre = {"type": "Quantity", "quantityValue": 1.0, "unit": "m"}
    return {
        **filled(
            {
                "id": own,
                "type": "Scene",
                "label": label(relic.manifest.metadata.object.title or relic.id),
                "spatialScale": metre if relic.manifest.scale_known else None,
                "annotations": [page for page in pages if page["items"]],
            }
        ),
        "items": [
            _page(
                f"{own}/content",
                [
                    *_painting(relic, base_url, own),
                    *(_camera(spot, own) for spot in spots.values() if spot.camera is not None),
                ],
            )
        ],
    }


def _painting(relic: Exported, base_url: str, scene: str) -> list[Json]:
    """The annotation that puts the models into the scene; none where there is no model."""
    bodies = [
        {
            **file_of(base_url, relic, level.path, "Model", label(level.name)),
            "fileSize": level.bytes,
        }
        for level in _by_preference(models(relic.manifest))
    ]
    if not bodies:
        return []
    return [
        {
            "id": f"{scene}/model",
            "type": "Annotation",
            "motivation": ["painting"],
            "body": bodies[0] if len(bodies) == 1 else {"type": "Choice", "items": bodies},
            "target": {"id": scene, "type": "Scene"},
        }
    ]


def _by_preference(levels: list[LevelRecord]) -> list[LevelRecord]:
    order = {name: place for place, name in enumerate(_SHOWN_FIRST)}
    return sorted(levels, key=lambda level: order.get(level.name, len(order)))


def _camera(spot: PlacedHotspot, scene: str) -> Json:
    assert spot.camera is not None
    own = f"{scene}/camera/{spot.id}"
    return {
        "id": f"{own}/painting",
        "type": "Annotation",
        "motivation": ["painting"],
        "behavior": ["hidden"],
        "body": filled(
            {
                "id": own,
                "type": "PerspectiveCamera",
                "label": label(spot.title),
                "lookAt": _point(spot.target),
            }
        ),
        "target": _place(f"{own}/position", scene, spot.camera),
    }


def _spoken(relic: Exported, base_url: str) -> dict[str, list[Json]]:
    """The sounds of every hotspot that has some."""
    return {
        hotspot: [
            {**file_of(base_url, relic, path, "Audio"), **_language(tag)}
            for tag, path in by_language.items()
        ]
        for hotspot, by_language in sounds(relic.manifest).items()
    }


def _language(tag: str) -> Json:
    return {} if tag == UNDETERMINED else {"language": [tag]}


def _comment(spot: PlacedHotspot, scene: str, own: str, spoken: list[Json]) -> Json:
    """What a hotspot says: in each language the text or else the title, and the sounds."""
    written = [
        {"type": "TextualBody", "value": text, "format": "text/plain", **_language(tag)}
        for tag, text in sorted({**spot.title, **spot.text}.items())
    ]
    bodies = [*written, *spoken]
    camera = {"id": f"{scene}/camera/{spot.id}", "type": "PerspectiveCamera"}
    return filled(
        {
            "id": own,
            "type": "Annotation",
            "motivation": ["commenting"],
            "label": label(spot.title),
            "body": bodies[0]
            if len(bodies) == 1
            else bodies and {"type": "Choice", "items": bodies},
            "scope": [] if spot.camera is None else [camera],
            "target": _place(f"{own}/target", scene, spot.position),
        }
    )


def _place(own: str, scene: str, position: FloatArray) -> Json:
    return {
        "id": own,
        "type": "SpecificResource",
        "source": {"id": scene, "type": "Scene"},
        "selector": [_point(position)],
    }


def _point(position: FloatArray) -> Json:
    # The last bits of a product of matrices differ from machine to machine.
    x, y, z = (round(float(along), 9) for along in position)
    return {"type": "PointSelector", "x": x, "y": y, "z": z}


def _page(own: str, items: list[Json], **more: Any) -> Json:
    return {**filled(more), "id": own, "type": "AnnotationPage", "items": items}


def file_of(
    base_url: str, relic: Exported, path: str, kind: str, named: Json | None = None
) -> Json:
    """A file of the relic's output as a content resource."""
    return filled(
        {
            "id": address(base_url, relic.id, path),
            "type": kind,
            "label": named,
            "format": media_type(path),
        }
    )


def filled(given: Json) -> Json:
    """Without what was not stated: a property is there with a value or not at all."""
    return {key: found for key, found in given.items() if found not in (None, "", [], {})}
