"""Pictures of a model that are made to be compared, many times over.

What costs most, where a ray meets which triangle, depends on the geometry alone: it is found
once, and any number of textures on that geometry are then pictured from it. The light is a
photographer's from the upper left, without cast shadows, which would cost more than all the
rest and show nothing of a level that the form does not show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.errors import StageError
from relicscan.geometry.tangents import turned_tangents
from relicscan.geometry.topology import used_vertices
from relicscan.quality.appearance import STONE, Appearance, has_color
from relicscan.quality.camera import Camera, Part, fit_camera
from relicscan.quality.surface import Hits, Surface, turned_normals
from relicscan.relic import BoolArray, ByteArray, Float32Array, FloatArray, Mesh

#: What lies around a model, sRGB.
BACKGROUND = 128

#: Larger pictures are compared in the middle of so many pixels each way: that is two million
#: rays, 0.3 GB of what they met, and all that matters at that size, which is detail.
MOST_PX = 768

#: Azimuth from the camera to the right and elevation in degrees, power: a key and a fill.
_LAMPS = ((-50.0, 35.0, 0.62), (65.0, 10.0, 0.16))
#: Light from all around, and how much more of it comes from above.
_AROUND, _FROM_ABOVE = 0.14, 0.08

_AS_IT_IS: Float32Array = np.ones(1, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Views:
    """Cameras around a master: R_model_work (3, 3) makes it upright, then its middle (3,) is
    put at zero and its radius made one. All models of the same relic are seen by the same.
    """

    R_model_work: FloatArray
    middle: FloatArray
    radius: float
    cameras: tuple[Camera, ...]


@dataclass(frozen=True, eq=False)
class Look:
    """A geometry under some views: what its rays met, view by view."""

    mesh: Mesh
    surface: Surface
    views: Views
    seen: tuple[_Seen, ...]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures (h, w, 3), uint8 sRGB on mid grey, and where the model is seen (h, w), by view.

    `albedo` are colours as they are, `shaded` are lit. `boxes` are the rows and columns of
    the picture that are not all background.
    """

    shaded: tuple[ByteArray, ...]
    albedo: tuple[ByteArray, ...]
    seen: tuple[BoolArray, ...]
    boxes: tuple[Part, ...]


def views(
    mesh: Mesh,
    R_model_work: FloatArray | None = None,
    *,
    size_px: int = 512,
    azimuths_deg: Sequence[float] = (25.0, 205.0),
    elevation_deg: float = 15.0,
) -> Views:
    """Square views of a master that fill the picture; azimuths and frame as of `render`.

    Raises StageError if the mesh has no triangle, or none with finite coordinates.
    """
    turn = np.eye(3) if R_model_work is None else np.asarray(R_model_work, dtype=np.float64)
    used = used_vertices(mesh.faces, len(mesh.vertices))
    used = used[np.isfinite(mesh.vertices[used]).all(axis=1)]
    if not len(used):
        raise StageError("there is no triangle to show")
    outline = mesh.vertices[used] @ turn.T
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    radius = float(np.linalg.norm(outline - middle, axis=1).max()) or 1.0
    cameras = tuple(
        fit_camera(
            (outline - middle) / radius,
            width_px=size_px,
            height_px=size_px,
            azimuth_deg=azimuth,
            elevation_deg=elevation_deg,
            fit="view",
        )
        for azimuth in azimuths_deg
    )
    return Views(turn, middle, radius, cameras)


def surface_of(mesh: Mesh, views: Views, tangents: Float32Array | None = None) -> Surface:
    """A geometry put before the cameras; the same for views of the master at any size.

    Its materials do not matter, its texture coordinates do. `tangents` (m, 3, 4) are those of
    its corners where they are known: see `corner_tangents`.
    Raises StageError if a coordinate is not finite.
    """
    if not np.isfinite(mesh.vertices).all():
        raise StageError(
            "a model with coordinates that are not finite cannot be compared",
            remedy="run clean_mesh first",
        )
    placed = (mesh.vertices @ views.R_model_work.T - views.middle) / views.radius
    normals = turned_normals(mesh, views.R_model_work)
    if tangents is not None:
        tangents = turned_tangents(tangents, views.R_model_work)
    return Surface(replace(mesh, vertices=placed, normals=normals), tangents)


def look(mesh: Mesh, views: Views, surface: Surface | None = None) -> Look:
    """Find what is to be seen of a geometry, once for all textures that are tried on it.

    `surface` is what `surface_of` gives, where it is there already. Raises StageError as that does.
    """
    surface = surface or surface_of(mesh, views)
    return Look(mesh, surface, views, tuple(_Seen(surface, camera) for camera in views.cameras))


def pictures(look: Look, mesh: Mesh) -> Pictures:
    """Picture a mesh of the geometry that was looked at, with the materials that it has now.

    Raises ValueError if its faces, their materials or texture coordinates are others, and
    StageError if a texture is damaged.
    """
    for name in ("faces", "corner_uv", "face_material"):
        if not _same(getattr(look.mesh, name), getattr(mesh, name)):
            raise ValueError(f"these are pictures of another geometry: its {name} are not the same")
    appearance = Appearance(
        replace(look.surface.mesh, colors=mesh.colors, materials=mesh.materials)
    )
    made = threads.each(lambda seen: seen.pictured(appearance), look.seen)
    shaded, albedo, where, boxes = (tuple(part) for part in zip(*made, strict=True))
    return Pictures(shaded, albedo, where, boxes)


class _Seen:
    """One view: four rays to each pixel, and pixels as the means of what they met."""

    def __init__(self, surface: Surface, camera: Camera) -> None:
        self.camera = camera
        self.box = rows, columns = _middle(camera, camera.box(surface.mesh.vertices))
        per_unit = 2 * camera.focal_px / float(np.linalg.norm(camera.position))
        self.hits = Hits(surface, camera.pixel_rays(self.box).reshape(-1, 6), per_unit)
        pixel = self.hits.rays >> 2
        self.first = np.flatnonzero(np.diff(pixel, prepend=-1))
        row, column = np.divmod(pixel[self.first], columns.stop - columns.start)
        self.pixels = (row + rows.start) * camera.width_px + column + columns.start
        counts = np.diff(self.first, append=len(pixel))
        self.coverage: Float32Array = (counts / 4).astype(np.float32)[:, None]

    def pictured(self, appearance: Appearance) -> tuple[ByteArray, ByteArray, BoolArray, Part]:
        """Shaded and albedo pictures (h, w, 3), where anything is seen (h, w), and the box."""
        if has_color(appearance.mesh):
            colors: FloatArray = self._sums(appearance.linear_rgb(self.hits)) / 4
        else:
            colors = self.coverage * np.array(STONE, dtype=np.float32)
        relief = appearance.relief(self.hits)
        normals = self._mean(self.hits.normals(relief))
        beside = (1 - self.coverage) * LINEAR_OF_SRGB[BACKGROUND]
        lights: tuple[Float32Array, ...] = (self._light(normals), _AS_IT_IS)
        shape = (self.camera.height_px, self.camera.width_px)
        made = []
        for light in lights:
            picture = np.full((shape[0] * shape[1], 3), BACKGROUND, dtype=np.uint8)
            picture[self.pixels] = srgb_of(colors * light + beside)
            made.append(picture.reshape(*shape, 3))
        where = np.zeros(shape[0] * shape[1], dtype=bool)
        where[self.pixels] = True
        return made[0], made[1], where.reshape(shape), self.box

    def _light(self, normals: Float32Array) -> Float32Array:
        """Light (p, 1) on matt surfaces with mean normals (p, 3)."""
        back = self.camera.axes[2]
        ahead = np.arctan2(back[0], back[2]) if np.hypot(back[0], back[2]) > 1e-9 else 0.0
        light = _AROUND + np.float32(_FROM_ABOVE) * normals[:, 1]
        for azimuth, elevation, power in _LAMPS:
            a, e = ahead + np.radians(azimuth), np.radians(elevation)
            lamp = np.array([np.sin(a) * np.cos(e), np.sin(e), np.cos(a) * np.cos(e)])
            x, y, z = (lamp * power).astype(np.float32)
            shine = normals[:, 0] * x + normals[:, 1] * y + normals[:, 2] * z
            light += np.maximum(shine, 0)
        return light[:, None]

    def _mean(self, values: Float32Array) -> Float32Array:
        return np.asarray(self._sums(values) / (4 * self.coverage))

    def _sums(self, values: Float32Array) -> Float32Array:
        """Sums (p, k) of values (n, k) over the rays of each pixel."""
        return np.asarray(np.add.reduceat(values, self.first, axis=0)) if len(values) else values


def _middle(camera: Camera, box: Part) -> Part:
    """What of a box lies in the middle MOST_PX of a picture each way."""
    kept = []
    for part, size in zip(box, (camera.height_px, camera.width_px), strict=True):
        start = max(0, (size - MOST_PX) // 2)
        low = min(max(part.start, start), start + MOST_PX)
        kept.append(slice(low, max(low, min(part.stop, start + MOST_PX))))
    return kept[0], kept[1]


def _same(a: NDArray[Any] | None, b: NDArray[Any] | None) -> bool:
    return a is b or (
        a is not None and b is not None and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    )
