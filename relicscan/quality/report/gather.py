"""The pictures of a report, taken while the relic is in memory.

Scan, master and the models as they lie in the folder are seen by the same cameras. What cannot
be made is left out and said: a report fails no relic.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from relicscan import formats, threads
from relicscan.geometry.sampling import texel_density
from relicscan.metadata.manifest import ArrangementRecord, LevelRecord
from relicscan.quality.render import Frame, frame_of, portrait, render, sit
from relicscan.quality.report import maps
from relicscan.quality.report.measured import (
    Density,
    Measured,
    Picture,
    Removed,
    Views,
    shown_levels,
)
from relicscan.relic import ByteArray, FloatArray, Mesh, PointCloud, Relic

#: Azimuth and elevation of the cameras. Scan and finest model are compared in two views, the
#: others are shown in the first. Maps show both sides, what was seen also the underside.
LOOKS = {"three-quarter": (35.0, 18.0), "front": (0.0, 8.0)}
FIRST = {"three-quarter": LOOKS["three-quarter"]}
DEVIATION_LOOKS = {"from the front": (35.0, 18.0), "from behind": (215.0, 18.0)}
SEEN_LOOKS = {"from the front": (35.0, 18.0), "from below, behind": (215.0, -35.0)}

VIEW_PX = 512
#: Scans that no model was made of are shown small, and no more than so many.
SCAN_PX, MOST_SCANS = 360, 8

#: sRGB by the stages that take points away (Okabe & Ito 2008), and of any others.
_TAKEN_AWAY = {
    "crop": (0, 158, 115),
    "remove_surroundings": (204, 121, 167),
    "remove_outliers": (0, 114, 178),
}
_BY_OTHERS = (230, 159, 0)

#: Azimuth and elevation in degrees.
Look = tuple[float, float]

_log = logging.getLogger(__name__)


def measure(
    relic: Relic,
    levels: Sequence[LevelRecord],
    arrangements: Sequence[ArrangementRecord],
    folder: Path,
) -> Measured:
    """All that the report of a relic shows besides its manifests.

    `levels` and `arrangements` lie under `folder`. Raises nothing: what could not be made is in
    `missing`.
    """
    found: dict[str, Any] = {}
    missing = []
    for fields, failed in threads.each(_tried, _Parts(relic, levels, arrangements, folder).all()):
        for name, value in fields.items():
            if isinstance(value, Mapping):
                found.setdefault(name, {}).update(value)
            else:
                found[name] = value
        missing += failed
    return Measured(**found, missing=tuple(missing))


#: What a part of a report is called where it is missing, and what makes its fields of Measured.
_Part = tuple[str, Callable[[], dict[str, Any]]]


def _tried(part: _Part) -> tuple[dict[str, Any], list[str]]:
    what, make = part
    try:
        return make(), []
    except Exception as error:
        _log.warning("report: no %s", what, exc_info=True)
        said = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
        return {}, [f"{what}: {said}"]


@dataclass(frozen=True)
class _Parts:
    """What a report shows: parts that need nothing of each other, so they are made side by side."""

    relic: Relic
    levels: Sequence[LevelRecord]
    arrangements: Sequence[ArrangementRecord]
    folder: Path

    def all(self) -> list[_Part]:
        """In the order in which the page has them."""
        parts: list[_Part] = [("the density of the scan", self._density)]
        if self.relic.mesh is not None and self.levels:
            shown = shown_levels(self.levels)
            parts += [
                ("pictures of the scan", self._scan),
                ("pictures of the full mesh", self._master),
                *(
                    (f"pictures of {one.path}", partial(self._level, one, one is shown[0]))
                    for one in shown
                ),
                ("the deviation map", partial(self._deviation, shown[0])),
                ("the map of what was seen", self._seen),
            ]
        else:
            parts.append(("pictures of the scans", self._scans))
        return [
            *parts,
            ("the picture of what was removed", self._removed),
            ("pictures of arrangements", self._arrangements),
        ]

    @property
    def _turn(self) -> FloatArray:
        return self.relic.frame.R_model_work

    @cached_property
    def _frame(self) -> Frame:
        """That of the full mesh: scan, full mesh and models are seen by the same cameras."""
        return frame_of(self.relic.the_mesh(), self._turn)

    def _density(self) -> dict[str, Any]:
        known = self.relic.as_scanned
        if known is None:
            return {}
        return {"density": Density(known.total, known.density, known.sigma)}

    def _scan(self) -> dict[str, Any]:
        known = self.relic.as_scanned
        cloud = self.relic.cloud if known is None else known.cloud
        if cloud is None:
            return {}

        def taken(look: Look) -> ByteArray:
            return _of_any(cloud, look, VIEW_PX, turn=self._turn, like=self._frame)

        return {"models": {"cleaned scan" if known is None else "scan": _views(taken, LOOKS)}}

    def _master(self) -> dict[str, Any]:
        # A scanned mesh is itself what the models are held against.
        scanned = self.relic.cloud is None and self.relic.as_scanned is None
        taken = _of_mesh(self.relic.the_mesh(), self._turn, self._frame)
        return {"models": {"master": _views(taken, LOOKS if scanned else FIRST)}}

    def _level(self, level: LevelRecord, finest: bool) -> dict[str, Any]:
        mesh = _model(self.folder / level.path)
        taken = _of_mesh(mesh, None, self._frame)
        side = _texels(mesh)
        return {
            "models": {level.path: _views(taken, LOOKS if finest else FIRST)},
            "texels": {} if side is None else {level.path: side},
        }

    def _deviation(self, record: LevelRecord) -> dict[str, Any]:
        level = next((x for x in self.relic.levels if x.name == record.surface), None)
        if level is None or level.deviation is None or level.deviation.scan_to_level is None:
            return {}
        spread = maps.distances(self.relic, level.mesh, level.deviation.left_out_beyond)
        if not spread.distance.max() > 1e-9 * level.deviation.diagonal:
            return {"same_as_scan": True}
        made = maps.deviation_map(
            record.path, spread, level.mesh, DEVIATION_LOOKS, self._turn, VIEW_PX
        )
        return {"deviation": made}

    def _seen(self) -> dict[str, Any]:
        mesh = self.relic.the_mesh()
        colors = maps.seen_colors(mesh)
        if (colors == maps.SEEN).all():
            return {}
        made = maps.painted(mesh, colors, SEEN_LOOKS, self._turn, VIEW_PX, self._frame)
        return {"seen": made}

    def _removed(self) -> dict[str, Any]:
        known = self.relic.as_scanned
        if known is None or not (known.removed_by >= 0).any():
            return {}
        colors = np.tile(maps.SEEN, (len(known.cloud), 1))
        by_step = {}
        for step in np.unique(known.removed_by[known.removed_by >= 0]).tolist():
            stage = self.relic.history[step].stage
            by_step[step] = _TAKEN_AWAY.get(stage, _BY_OTHERS)
            colors[known.removed_by == step] = by_step[step]
        return {
            "removed": Removed(self._small(PointCloud(known.cloud.points, colors=colors)), by_step)
        }

    def _scans(self) -> dict[str, Any]:
        """What there is of a relic without a model: its cloud or mesh, else every scan apart."""
        relic = self.relic
        geometry = relic.mesh if relic.cloud is None else relic.cloud
        if geometry is not None:
            return {"scans": {"all scans": self._small(geometry)}}
        shown = relic.scans[:MOST_SCANS]
        return {
            "scans": {scan.name: self._small(scan.geometry) for scan in shown},
            "scans_not_shown": len(relic.scans) - len(shown),
        }

    def _small(self, geometry: PointCloud | Mesh) -> Picture:
        look = LOOKS["three-quarter"]
        return Picture.of(_of_any(geometry, look, SCAN_PX, turn=self._turn))

    def _arrangements(self) -> dict[str, Any]:
        shrunk = {one.path: _shrunk(self.folder / one.path) for one in self.arrangements}
        return {"arrangements": shrunk}


def _views(taken: Callable[[Look], ByteArray], looks: Mapping[str, Look]) -> Views:
    return {name: Picture.of(taken(look)) for name, look in looks.items()}


def _of_any(
    geometry: PointCloud | Mesh,
    look: Look,
    px: int,
    *,
    turn: FloatArray,
    like: Frame | None = None,
) -> ByteArray:
    return render(
        geometry,
        width=px,
        height=px,
        azimuth_deg=look[0],
        elevation_deg=look[1],
        R_model_work=turn,
        like=like,
    )


def _of_mesh(mesh: Mesh, turn: FloatArray | None, like: Frame) -> Callable[[Look], ByteArray]:
    sitter = sit(mesh, turn, like=like)

    def taken(look: Look) -> ByteArray:
        canvas = portrait(
            sitter, width=VIEW_PX, height=VIEW_PX, azimuth_deg=look[0], elevation_deg=look[1]
        )
        return canvas.image("studio")

    return taken


def _model(path: Path) -> Mesh:
    """A delivered model in working units, +Y up: what a visitor gets, as the file holds it."""
    geometry = formats.read(path)[0].geometry
    assert isinstance(geometry, Mesh), "models are meshes"
    return replace(geometry, vertices=geometry.vertices * 1000.0)


def _texels(mesh: Mesh) -> float | None:
    """Texels along a unit of the surface, of the largest picture; None without one."""
    pictures = [texture for material in mesh.materials for texture in material.textures]
    if mesh.corner_uv is None or not pictures:
        return None
    largest = max(pictures, key=lambda texture: texture.width * texture.height)
    share = texel_density(mesh.corner_uv, mesh.vertices[mesh.faces])
    return float(np.sqrt(share * largest.width * largest.height))


def _shrunk(path: Path) -> Picture:
    """A picture of the folder, small enough for a page."""
    from PIL import Image

    with Image.open(BytesIO(path.read_bytes())) as image:
        image.thumbnail((2 * SCAN_PX, SCAN_PX))
        return Picture.of(np.asarray(image.convert("RGB")))
