"""Pictures of what changed: before, after, and the change, from the same cameras."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry import o3d
from relicscan.geometry.change import Changes, Region
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.topology import vertex_normals, without_unreferenced
from relicscan.quality.appearance import Appearance
from relicscan.quality.camera import Camera, fit_camera
from relicscan.quality.change_marks import visible, with_numbers, with_ruler
from relicscan.quality.render import Frame, frame_of, portrait, sit
from relicscan.quality.scale_bar import QUIET, UNSEEN, SignedScale, bar
from relicscan.relic import BoolArray, ByteArray, FloatArray, Mesh

#: Azimuth and elevation of the cameras, in degrees.
SIDES: Mapping[str, tuple[float, float]] = {
    "front": (0.0, 12.0),
    "right": (90.0, 12.0),
    "back": (180.0, 12.0),
    "left": (270.0, 12.0),
    "top": (0.0, 80.0),
    "bottom": (0.0, -80.0),
}

SIDE_PX, CLOSE_PX, CLOSE_UPS = 560, 480, 8

#: A close-up shows so much around a region, in its lengths, and at least so many cylinders.
_AROUND, _LEAST_AROUND = 1.6, 6.0

#: What turns away from the camera loses so much of the light on a map.
_TURNED_AWAY = 0.5

#: Less than this share of the surface is told in the table, and has no pictures of its own.
_SHOWN = 0.002

#: The lamps of the studio stand above: what is below is exposed so many times as long.
_FROM_BELOW = 3.0

#: What a scale ends at, times a power of ten.
_ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)

#: Stripes across the diagonal of the relic.
_STRIPES = 90


@dataclass(frozen=True, eq=False)
class Shown:
    """Pictures (h, w, 4) of one view: before, after, the change on the after surface, and what
    the after surface does not show, on the before surface; None where it shows everything.
    """

    before: ByteArray
    after: ByteArray
    change: ByteArray
    unseen: ByteArray | None = None

    def images(self) -> list[tuple[str, ByteArray]]:
        """The pictures there are, by what they show."""
        all_of_them = vars(self).items()
        return [(what, image) for what, image in all_of_them if image is not None]


@dataclass(frozen=True, eq=False)
class ChangePictures:
    """All pictures of a comparison: sides by name, close-ups of regions in their order, the bar."""

    sides: Mapping[str, Shown]
    close_ups: tuple[Shown, ...]
    bar: ByteArray

    def named(self) -> list[tuple[str, Shown]]:
        """All views by the names of their files: front, ..., change-1, ..."""
        close = [(f"change-{k}", shown) for k, shown in enumerate(self.close_ups, start=1)]
        return [*self.sides.items(), *close]


def change_pictures(
    before: Mesh, changes: Changes, turn: FloatArray | None = None
) -> ChangePictures:
    """Pictures of changes; `turn` (3, 3) makes the before mesh upright.

    Raises StageError if a texture is damaged.
    """
    turn = np.eye(3) if turn is None else turn
    scale = SignedScale(_limit(changes))
    painted = replace(_bare(changes.after), colors=_colors_after(changes, scale))
    unseen = None
    if changes.places.area[changes.missing_after].sum() > _SHOWN * changes.places.area.sum():
        unseen = replace(_bare(before), colors=_colors_before(before, changes))
    meshes = (before, changes.after, painted, unseen)
    return ChangePictures(
        sides=_sides(meshes, turn, changes.regions[:CLOSE_UPS]),
        close_ups=tuple(
            _close_up(meshes, region, turn, changes.reach) for region in changes.regions[:CLOSE_UPS]
        ),
        bar=bar(scale, SIDE_PX),
    )


Meshes = tuple[Mesh, Mesh, Mesh, Mesh | None]


def _limit(changes: Changes) -> float:
    """The end of the scale: a round number over nearly all that was found."""
    found = np.abs(changes.change[changes.significant])
    most = float(np.quantile(found, 0.995)) if len(found) else 2 * changes.detectable
    most = max(most, 2 * changes.detectable, 1e-6)
    power = 10.0 ** np.floor(np.log10(most))
    return float(f"{next(r * power for r in _ROUND if r * power >= most * 0.999):.3g}")


def _colors_after(changes: Changes, scale: SignedScale) -> ByteArray:
    """sRGB (v, 3) of the after mesh's vertices."""
    vertices, places = changes.after.vertices, changes.places
    known = np.flatnonzero(np.isfinite(changes.change))
    lies = places.points[known] + changes.change[known, None] * places.normals[known]
    near = known[nearest(tree(lies), vertices, 3)[1]]
    changed = changes.significant[near]
    value = np.where(changed, changes.change[near], 0).sum(axis=1) / np.maximum(changed.sum(1), 1)
    colors = np.tile(np.array(QUIET, dtype=np.uint8), (len(vertices), 1))
    found = changed.sum(axis=1) >= 2
    colors[found] = scale.colors(value[found])
    unseen = changes.missing_before[nearest(tree(changes.after_places.points), vertices)[1]]
    return _striped(colors, vertices, unseen & ~found)


def _colors_before(before: Mesh, changes: Changes) -> ByteArray:
    """sRGB (v, 3) of the before mesh's vertices: striped where the after mesh has nothing."""
    colors = np.tile(np.array(QUIET, dtype=np.uint8), (len(before.vertices), 1))
    unseen = changes.missing_after[nearest(tree(changes.places.points), before.vertices)[1]]
    return _striped(colors, before.vertices, unseen)


def _striped(colors: ByteArray, vertices: FloatArray, where: BoolArray) -> ByteArray:
    width = float(np.linalg.norm(np.ptp(vertices, axis=0))) / _STRIPES
    across = vertices[where].sum(axis=1) / np.sqrt(3)
    dark = np.floor(across / width).astype(np.int64) % 2 == 1
    colors[where] = np.where(dark[:, None], UNSEEN[1], UNSEEN[0])
    return colors


def _bare(mesh: Mesh) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces)


def _sides(meshes: Meshes, turn: FloatArray, numbered: Sequence[Region]) -> dict[str, Shown]:
    frame = frame_of(meshes[0], turn)
    takers = [_photographed(m, frame, turn, SIDE_PX) if m else None for m in meshes]
    after = meshes[1]
    scene = o3d.raycasting_scene(Mesh(frame.placed(after.vertices @ turn.T), after.faces))
    at = [region.deepest_at + region.deepest * region.normal for region in numbered]
    places = frame.placed(np.reshape(at, (-1, 3)) @ turn.T)

    def shown(look: tuple[float, float]) -> Shown:
        one, two, three, four = (take(look) if take else None for take in takers)
        assert one is not None
        assert two is not None
        assert three is not None
        camera = _camera(frame, look, SIDE_PX)
        column, row, _ = camera.project(places)
        seen = visible(scene, camera, places)
        numbers = {
            number: (float(x), float(y))
            for number, (x, y, shown) in enumerate(zip(column, row, seen, strict=True), start=1)
            if shown
        }
        return Shown(one, two, with_numbers(three, numbers), four)

    return dict(zip(SIDES, threads.each(shown, list(SIDES.values())), strict=True))


def _close_up(meshes: Meshes, region: Region, turn: FloatArray, reach: float) -> Shown:
    """A look along the mean normal of a region at it and what is around."""
    towards = turn @ region.normal
    look = (
        float(np.degrees(np.arctan2(towards[0], towards[2]))),
        float(np.clip(np.degrees(np.arcsin(np.clip(towards[1], -1, 1))), -85, 85)),
    )
    radius = max(_AROUND * region.length, _LEAST_AROUND * reach) / 2
    frame = frame_of(_part(meshes[0], region.centroid, radius), turn)
    camera = _camera(frame, look, CLOSE_PX)
    _, _, depth = camera.project(frame.placed(region.centroid[None] @ turn.T))
    mm_per_px = float(depth[0]) / camera.focal_px * frame.radius

    def taken(mesh: Mesh) -> ByteArray:
        own = _part(mesh, region.centroid, 4 * radius)
        return with_ruler(_photographed(own, frame, turn, CLOSE_PX)(look), mm_per_px)

    return Shown(*(taken(mesh) for mesh in meshes[:3]))


def _camera(frame: Frame, look: tuple[float, float], px: int) -> Camera:
    return fit_camera(
        frame.outline, width_px=px, height_px=px, azimuth_deg=look[0], elevation_deg=look[1]
    )


def _part(mesh: Mesh, center: FloatArray, radius: float) -> Mesh:
    """The faces within a ball; all of them where there are none."""
    near = np.linalg.norm(mesh.vertices - center, axis=1) < radius
    inside = near[mesh.faces].any(axis=1)
    return without_unreferenced(mesh.take_faces(inside)) if inside.any() else mesh


def _photographed(
    mesh: Mesh, like: Frame, turn: FloatArray, px: int
) -> Callable[[tuple[float, float]], NDArray[np.uint8]]:
    """Takes pictures of a mesh: a map, which has nothing but colours, under an even light."""
    sitter = sit(mesh, turn, like=like)
    is_map = mesh.colors is not None and not mesh.materials and mesh.normals is None
    normals = vertex_normals(mesh.vertices, mesh.faces) @ turn.T if is_map else None

    def take(look: tuple[float, float]) -> NDArray[np.uint8]:
        chosen = sitter
        if normals is not None and mesh.colors is not None:
            facing = np.abs(normals @ _back(*look))[:, None]
            light = 1 - _TURNED_AWAY * (1 - facing)
            lit = srgb_of(LINEAR_OF_SRGB[mesh.colors] * light)
            upright = replace(sitter.surface.mesh, colors=lit)
            chosen = replace(sitter, appearance=Appearance(upright))
        return portrait(
            chosen,
            width=px,
            height=px,
            azimuth_deg=look[0],
            elevation_deg=look[1],
            shading="studio" if normals is None else "none",
            ground_shadow=False,
            exposure=_FROM_BELOW if look[1] < -45 else 1.0,
        ).image((246, 245, 243))

    return take


def _back(azimuth_deg: float, elevation_deg: float) -> FloatArray:
    """The direction (3,) from the relic to the camera."""
    a, e = np.radians([azimuth_deg, elevation_deg])
    return np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
