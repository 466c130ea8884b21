"""Hotspots and tours for Voyager: annotations on the model, and the views that lead to them.

Voyager's camera is an orbit (pitch, heading and roll in degrees) and an offset: it stands at
R(orbit) offset and looks along -Z of R (libs/ff-three/source/math.ts, composeOrbitMatrix). A
step of a tour, and an annotation that moves the camera, name a state of `snapshots`.

An annotation must have a direction and a step of a tour must have a view. Where a hotspot states
none, it is seen from outside the middle of the model.
"""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from typing import Any

import numpy as np

from relicscan.metadata.exports.exported import PlacedHotspot
from relicscan.metadata.exports.svx_texts import said, voyager_language, voyager_languages
from relicscan.metadata.manifest import RelicManifest
from relicscan.relic import FloatArray

Box = tuple[FloatArray, FloatArray]

#: Voyager takes a model without a unit for centimetres and a scene without one for millimetres,
#: and a view is in the scene's unit.
_VIEW_SCALE_WITHOUT_UNIT = 10.0


def hotspot_annotations(
    hotspots: Sequence[PlacedHotspot], box: Box | None, spoken: Container[str]
) -> list[dict[str, Any]]:
    """Hotspots of a model whose bounds are `box`; those in `spoken` have a sound of their id."""
    return [_annotation(hotspot, box, hotspot.id in spoken) for hotspot in hotspots]


def _annotation(hotspot: PlacedHotspot, box: Box | None, is_spoken: bool) -> dict[str, Any]:
    found = {
        "id": hotspot.id,
        **said("title", "titles", hotspot.title),
        **said("lead", "leads", hotspot.text, as_html=True),
        "position": _rounded(hotspot.position),
        "direction": _rounded(_outwards(hotspot, box)),
    }
    if is_spoken:
        found["audioId"] = hotspot.id
    if hotspot.text or is_spoken:
        found["style"] = "Extended"  # the plain style shows the title alone
    if hotspot.camera is not None:
        found["viewId"] = f"view-{hotspot.id}"
    return found


def setup(
    manifest: RelicManifest, hotspots: Sequence[PlacedHotspot], box: Box | None
) -> dict[str, Any]:
    """How the scene is shown, its language, and the tours. Without a scale no tools, which
    would measure in one.
    """
    scale_known = manifest.scale_known
    found: dict[str, Any] = {
        "interface": {"visible": True, "logo": False, "menu": True, "tools": scale_known},
        "viewer": {
            "shader": "Default",
            "exposure": 1,
            "gamma": 2,
            "toneMapping": True,
            "annotationsVisible": bool(hotspots),
        },
        "navigation": {
            "type": "Orbit",
            "enabled": True,
            "autoZoom": True,
            "autoRotation": False,
            "lightsFollowCamera": True,
        },
    }
    if language := _first_language(manifest):
        found["language"] = {"language": language}
    scale = 1.0 if scale_known else _VIEW_SCALE_WITHOUT_UNIT
    return {**found, **_tours(manifest, hotspots, box, scale)}


def _tours(
    manifest: RelicManifest, hotspots: Sequence[PlacedHotspot], box: Box | None, scale: float
) -> dict[str, Any]:
    """Tours, and the snapshots that they and the annotations lead to."""
    by_id = {hotspot.id: hotspot for hotspot in hotspots}
    toured = {step for tour in manifest.metadata.tour for step in tour.steps if step in by_id}
    states = []
    for hotspot in hotspots:
        view = _view(hotspot, box, scale)
        # Voyager takes all but the camera out of the state of an annotation, so a step has its own.
        if hotspot.camera is not None:
            states.append({"id": f"view-{hotspot.id}", "values": [*view, True, hotspot.id]})
        if hotspot.id in toured:
            states.append({"id": f"step-{hotspot.id}", "values": [*view, True, hotspot.id]})
    found: dict[str, Any] = {}
    if states:
        at = "scenes/0/setup"
        found["snapshots"] = {
            "features": ["navigation", "viewer"],
            "targets": [
                *(f"{at}/navigation/orbit", f"{at}/navigation/offset"),
                *(f"{at}/viewer/annotationsVisible", f"{at}/viewer/activeAnnotation"),
            ],
            "states": states,
        }
    if toured:
        found["tours"] = [
            {
                **said("title", "titles", tour.title, as_html=True),
                **said("lead", "leads", tour.text, as_html=True),
                "steps": [
                    {"id": f"step-{step}", **said("title", "titles", by_id[step].title)}
                    for step in tour.steps
                ],
            }
            for tour in manifest.metadata.tour
        ]
    return found


def _first_language(manifest: RelicManifest) -> str | None:
    """The first of the museum's languages that Voyager knows, else English where the title is in
    English, else the first one that it is in.
    """
    wanted = [voyager_language(tag) for tag in manifest.metadata.languages or ()]
    titled = list(voyager_languages(manifest.metadata.object.title or {}).values())
    english = ["EN"] if "EN" in titled else []
    return next((name for name in [*wanted, *english, *titled] if name), None)


def _outwards(hotspot: PlacedHotspot, box: Box | None) -> FloatArray:
    """The way the surface faces there, or else away from the middle of the model."""
    if hotspot.normal is not None:
        return hotspot.normal
    middle = (box[0] + box[1]) / 2 if box else np.zeros(3)
    away = hotspot.position - middle
    length = float(np.linalg.norm(away))
    return away / length if length > 0 else np.array([0.0, 0.0, 1.0])


def _view(hotspot: PlacedHotspot, box: Box | None, scale: float) -> list[list[float]]:
    """Orbit and offset of the camera that looks at a hotspot."""
    camera = hotspot.camera
    if camera is None:
        across = float(np.linalg.norm(box[1] - box[0])) if box else 1.0
        camera = hotspot.position + _outwards(hotspot, box) * across
    back = camera - hotspot.target
    length = float(np.linalg.norm(back))
    back = back / length if length > 0 else np.array([0.0, 0.0, 1.0])
    pitch = -math.asin(max(-1.0, min(1.0, float(back[1]))))
    heading = math.atan2(float(back[0]), float(back[2]))
    sin_x, cos_x, sin_y, cos_y = (f(a) for a in (pitch, heading) for f in (math.sin, math.cos))
    R = np.array(
        [
            [cos_y, sin_y * sin_x, sin_y * cos_x],
            [0.0, cos_x, -sin_x],
            [-sin_y, cos_y * sin_x, cos_y * cos_x],
        ]
    )
    orbit = np.array([math.degrees(pitch), math.degrees(heading), 0.0])
    return [_rounded(orbit), _rounded(R.T @ camera * scale)]


def _rounded(values: FloatArray) -> list[float]:
    """To nine digits: sines differ in the last ones from machine to machine."""
    return [float(f"{value:.9g}") if abs(value) > 1e-12 else 0.0 for value in values.tolist()]
