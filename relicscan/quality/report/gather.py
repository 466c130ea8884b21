"""The pictures of a report, taken while the relic is in memory.

Scan, master and the models as they lie in the folder are seen by the same cameras. What cannot
be made is left out and said: a report fails no relic.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from relicscan import formats, threads
from relicscan.geometry.sampling import texel_density
from relicscan.metadata.manifest import ArrangementRecord, LevelRecord
from relicscan.quality.render import portrait, render, sit
from relicscan.quality.report import maps
from relicscan.quality.report.measured import (
    Density,
    Measured,
    Picture,
    Removed,
    Views,
    shown_levels,
)
from relicscan.relic import ByteArray, Mesh, PointCloud, Relic

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
    return _Gathering(relic, levels, arrangements, folder).all()


@dataclass
class _Gathering:
    relic: Relic
    levels: Sequence[LevelRecord]
    arrangements: Sequence[ArrangementRecord]
    folder: Path
    missing: list[str] = field(default_factory=list)
    texels: dict[str, float] = field(default_factory=dict)
    found: dict[str, Any] = field(default_factory=dict)

    def all(self) -> Measured:
        relic = self.relic
        if relic.as_scanned is not None:
            known = relic.as_scanned
            self.found["density"] = Density(known.total, known.density, known.sigma)
        if relic.mesh is not None and self.levels:
            with self._trying("pictures of the scan and the models"):
                self.found["models"] = dict(self._models())
            with self._trying("the deviation map"):
                self._deviation()
            with self._trying("the map of what was seen"):
                self._seen()
            with self._trying("the resolution of the textures"):
                self.found["texels"] = self.texels
        else:
            with self._trying("pictures of the scans"):
                self.found["scans"] = dict(self._scans())
        with self._trying("the picture of what was removed"):
            self.found["removed"] = self._removed()
        with self._trying("pictures of arrangements"):
            self.found["arrangements"] = {
                one.path: _shrunk(self.folder / one.path) for one in self.arrangements
            }
        return Measured(**self.found, missing=tuple(self.missing))

    @contextmanager
    def _trying(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            _log.warning("report: no %s", what, exc_info=True)
            said = getattr(error, "message", None) or f"{type(error).__name__}: {error}"
            self.missing.append(f"{what}: {said}")

    @cached_property
    def _shown(self) -> list[LevelRecord]:
        return shown_levels(self.levels)

    def _models(self) -> Iterator[tuple[str, Views]]:
        turn, master = self.relic.frame.R_model_work, self.relic.the_mesh()
        cloud = self.relic.cloud if self.relic.as_scanned is None else self.relic.as_scanned.cloud
        if cloud is not None:
            yield (
                "cleaned scan" if self.relic.as_scanned is None else "scan",
                self._views(lambda look: _of_cloud(cloud, turn=turn, look=look, like=master)),
            )
        # A scanned mesh is itself what the models are held against.
        looks = LOOKS if cloud is None else FIRST
        yield "master", self._views(_of_mesh(master, turn, master), looks)
        upright = replace(master, vertices=master.vertices @ turn.T, normals=None)
        for level in self._shown:
            mesh = _model(self.folder / level.path)
            side = _texels(mesh)
            if side is not None:
                self.texels[level.path] = side
            looks = LOOKS if level is self._shown[0] else FIRST
            yield level.path, self._views(_of_mesh(mesh, None, upright), looks)

    @staticmethod
    def _views(taken: Callable[[Look], ByteArray], looks: Mapping[str, Look] = LOOKS) -> Views:
        pictures = threads.each(lambda look: Picture.of(taken(look)), list(looks.values()))
        return dict(zip(looks, pictures, strict=True))

    def _deviation(self) -> None:
        record = self._shown[0]
        level = next((x for x in self.relic.levels if x.name == record.surface), None)
        if level is None or level.deviation is None or level.deviation.scan_to_level is None:
            return
        spread = maps.distances(self.relic, level.mesh, level.deviation.left_out_beyond)
        if not spread.distance.max() > 1e-9 * level.deviation.diagonal:
            self.found["same_as_scan"] = True
            return
        turn = self.relic.frame.R_model_work
        self.found["deviation"] = maps.deviation_map(
            record.path, spread, level.mesh, DEVIATION_LOOKS, turn, VIEW_PX
        )

    def _seen(self) -> None:
        mesh = self.relic.the_mesh()
        colors = maps.seen_colors(mesh)
        if (colors == maps.SEEN).all():
            return
        turn = self.relic.frame.R_model_work
        self.found["seen"] = maps.painted(mesh, colors, SEEN_LOOKS, turn, VIEW_PX)

    def _removed(self) -> Removed | None:
        known = self.relic.as_scanned
        if known is None or not (known.removed_by >= 0).any():
            return None
        colors = np.tile(maps.SEEN, (len(known.cloud), 1))
        by_step = {}
        for step in np.unique(known.removed_by[known.removed_by >= 0]).tolist():
            stage = self.relic.history[step].stage
            by_step[step] = _TAKEN_AWAY.get(stage, _BY_OTHERS)
            colors[known.removed_by == step] = by_step[step]
        cloud = PointCloud(known.cloud.points, colors=colors)
        turn = self.relic.frame.R_model_work
        look = LOOKS["three-quarter"]
        picture = Picture.of(_of_cloud(cloud, turn=turn, look=look, px=SCAN_PX))
        return Removed(picture, by_step)

    def _scans(self) -> Iterator[tuple[str, Picture]]:
        """What there is of a relic without a model: its cloud or mesh, else every scan apart."""
        relic = self.relic
        geometry = relic.mesh if relic.cloud is None else relic.cloud
        if geometry is not None:
            yield "all scans", self._of_any(geometry, relic.frame.R_model_work)
            return
        for scan in relic.scans[:MOST_SCANS]:
            yield scan.name, self._of_any(scan.geometry, relic.frame.R_model_work)

    def _of_any(self, geometry: PointCloud | Mesh, turn: Any) -> Picture:
        look = LOOKS["three-quarter"]
        return Picture.of(_of_cloud(geometry, turn=turn, look=look, px=SCAN_PX))


def _of_cloud(
    geometry: PointCloud | Mesh,
    *,
    turn: Any,
    look: Look,
    like: Mesh | None = None,
    px: int = VIEW_PX,
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


def _of_mesh(mesh: Mesh, turn: Any, like: Mesh) -> Callable[[Look], ByteArray]:
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
