"""Figures painted on a surface: how far the scan is from it, and what of it was seen.

The distances are those of `relicscan.geometry.deviation` from the scan to a level: with as many
points as there are, or an even part of them, so that their root mean square is the manifest's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from relicscan import threads
from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.closest import closest, triangle_tree
from relicscan.geometry.face_samples import samples_on_faces
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.topology import boundary_vertices, vertex_normals
from relicscan.quality.appearance import Appearance
from relicscan.quality.arrangements import towards_camera
from relicscan.quality.colormap import sequential
from relicscan.quality.render import Frame, portrait, sit
from relicscan.quality.report.measured import DeviationMap, Picture, Views
from relicscan.quality.report.numbers import nice_above
from relicscan.relic import ByteArray, FloatArray, IntArray, Mesh, Relic

#: Places on the scan that the map is made of: more do not show.
PLACES = 250_000

#: Steps of the histogram.
BINS = 48

#: A map reaches to what this share of the distances is under; the rest has the last colour.
_SHOWN = 0.99

#: sRGB of what was seen, filled (vermilion) and at the rim of an opening (blue), which the
#: colour-blind tell apart (Okabe & Ito 2008); and of what nothing was measured at.
SEEN, FILLED, OPEN, UNKNOWN = np.array(
    [(214, 208, 198), (213, 94, 0), (0, 114, 178), (158, 160, 163)], dtype=np.uint8
)

#: Light on a map from the camera: what faces it has its colour, what turns away loses so much.
_TURNED_AWAY = 0.5


class Spread(NamedTuple):
    """Distances (q,) of places on the scan, out of `of`, from a mesh; and its nearest vertices."""

    distance: FloatArray
    vertex: IntArray
    of: int


def distances(relic: Relic, level: Mesh, beyond: float | None) -> Spread:
    """How far the scan is from a level, without what lies farther than `beyond`."""
    if relic.cloud is not None:
        points = relic.cloud.points
        places, of = points[:: max(1, -(-len(points) // PLACES))], len(points)
    else:
        mesh = relic.the_mesh()
        places = samples_on_faces(mesh, len(mesh.faces) + PLACES)[0][-PLACES:]  # those by area
        of = len(places)
    distance, face, corners = closest(triangle_tree(level), places)
    vertex = level.faces[face, corners.argmax(axis=1)]
    near = distance <= (np.inf if beyond is None else beyond)
    if not near.any():
        near[:] = True
    return Spread(distance[near], vertex[near], of)


def deviation_map(path: str, spread: Spread, level: Mesh, looks: dict[str, tuple[float, float]],
                  turn: FloatArray, px: int) -> DeviationMap:  # fmt: skip
    """The map of `spread` over the upright `level`, seen from `looks` (azimuth, elevation)."""
    distance = spread.distance
    p50, p95, shown = np.quantile(distance, (0.5, 0.95, _SHOWN))
    top = nice_above(float(max(shown, p95)))
    counts, _ = np.histogram(distance, BINS, (0, top))
    colors = sequential(_over_vertices(spread, level), top)
    if level.filled is not None:
        colors[level.filled] = UNKNOWN
    return DeviationMap(
        path=path,
        pictures=painted(level, colors, looks, turn, px),
        top=top,
        bins=tuple((counts / len(distance)).tolist()),
        beyond=float((distance > top).mean()),
        places=len(distance),
        of=spread.of,
        rms=float(np.sqrt((distance**2).mean())),
        p50=float(p50),
        p95=float(p95),
    )


def _over_vertices(spread: Spread, level: Mesh) -> FloatArray:
    """Root mean square distance (v,) of the places nearest to each vertex.

    Where there are none, that of the nearest vertex which has some.
    """
    v = len(level.vertices)
    count = np.bincount(spread.vertex, minlength=v)
    total = np.bincount(spread.vertex, spread.distance**2, v)
    rms = np.sqrt(total / np.maximum(count, 1))
    known, unknown = np.flatnonzero(count), np.flatnonzero(count == 0)
    if len(known) and len(unknown):
        rms[unknown] = rms[known[nearest(tree(level.vertices[known]), level.vertices[unknown])[1]]]
    return np.asarray(rms)


def seen_colors(mesh: Mesh) -> ByteArray:
    """sRGB (v, 3) of what was seen, filled, and around openings."""
    colors = np.tile(SEEN, (len(mesh.vertices), 1))
    if mesh.filled is not None:
        colors[mesh.filled] = FILLED
    rim = np.zeros(len(mesh.vertices), dtype=bool)
    rim[boundary_vertices(mesh.faces)] = True
    beside = mesh.faces[rim[mesh.faces].any(axis=1)]
    colors[beside.ravel()] = OPEN
    return colors


def painted(mesh: Mesh, colors: ByteArray, looks: dict[str, tuple[float, float]],
            turn: FloatArray, px: int, frame: Frame | None = None) -> Views:  # fmt: skip
    """Pictures of a mesh with colours (v, 3) of vertices, under an even light from the camera.

    `frame` is that of the mesh, where it is known.
    """
    sitter = sit(Mesh(mesh.vertices, mesh.faces, colors=colors), turn, like=frame)
    normals = vertex_normals(mesh.vertices, mesh.faces) @ turn.T

    def taken(look: tuple[float, float]) -> Picture:
        facing = np.abs(normals @ towards_camera(*look))[:, None]
        light = 1 - _TURNED_AWAY * (1 - facing)
        lit = replace(sitter.surface.mesh, colors=srgb_of(LINEAR_OF_SRGB[colors] * light))
        canvas = portrait(
            replace(sitter, appearance=Appearance(lit)),
            width=px,
            height=px,
            azimuth_deg=look[0],
            elevation_deg=look[1],
            shading="none",
        )
        return Picture.of(canvas.image("studio"))

    return dict(zip(looks, threads.each(taken, list(looks.values())), strict=True))
