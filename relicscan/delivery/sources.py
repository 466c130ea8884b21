"""What every level of a relic is solved from, each part made once and only when asked for.

The pictures at every grade, the surfaces of the ladder as bytes, the full surface's normals,
and how the master looks on a screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from relicscan.delivery.coding import Coder, Grade
from relicscan.delivery.encoding import Divided, EncodedGeometry, divide, encode
from relicscan.delivery.target import Images, Target
from relicscan.formats.images import pixels_of, png_of
from relicscan.geometry.normal_map import normal_map, shares_texels, surface_normals
from relicscan.geometry.tangents import corner_tangents
from relicscan.geometry.topology import vertex_normals
from relicscan.quality.difference import (
    Difference,
    Look,
    Pictures,
    Reference,
    Views,
    difference,
    look,
    pictures,
    shaded_flip,
    surface_of,
    views,
)
from relicscan.quality.surface import Surface
from relicscan.relic import Float32Array, Level, Material, Mesh, Relic, Texture
from relicscan.threads import Kept

#: No normal map has more texels on a side: a phone has room for a few such pictures.
MOST_NORMAL_SIDE = 2048


#: Of a normal map: two for each vertex of the master, and two thirds of it are surface.
TEXELS_PER_VERTEX = 3


class Choice(NamedTuple):
    """What a level shows: a surface of the ladder, by number, and how its pictures are coded.

    `grade` is of its largest picture, None where it has none; smaller ones stay as large as
    they are.
    """

    surface: int
    grade: Grade | None
    normal: bool
    occlusion: bool


class Sources:
    """The parts of one relic's models, shared by all of its levels and targets."""

    def __init__(self, relic: Relic) -> None:
        self.relic = relic
        self.master = _with_normals(relic.the_mesh())
        #: The ladder, finest first.
        self.levels: Sequence[Level] = tuple(
            replace(level, mesh=_with_normals(level.mesh))
            for level in sorted(relic.levels, key=lambda v: (-len(v.mesh.faces), -v.ceiling))
        )
        self.T_model_work = np.eye(4)
        self.T_model_work[:3, :3] = relic.frame.R_model_work / 1000
        self._kept = Kept()

    @cached_property
    def color(self) -> list[Coder | None]:
        """The base colour of each material."""
        return [_coder(m.texture, srgb=True) for m in self.master.materials]

    @cached_property
    def occlusion(self) -> list[Coder | None]:
        """The ambient occlusion of each material."""
        return [_coder(m.occlusion, srgb=False) for m in self.master.materials]

    @property
    def side(self) -> int | None:
        """The longest side among the base colours and normal maps, in texels.

        Of the ambient occlusion where there is no room for a normal map; None without pictures.
        """
        sides = [coder.side for coder in self.color if coder]
        sides += [max(m.normal.width, m.normal.height) for m in self.master.materials if m.normal]
        if not sides and self._drawable:
            return self._normal_side
        return max(sides or (coder.side for coder in self.occlusion if coder), default=None)

    @cached_property
    def _normal_side(self) -> int:
        """Of a normal map that holds what relief the master has; its own stays as fine as it is."""
        own = self.master.materials[0].normal
        if own is not None:
            return min(MOST_NORMAL_SIDE, max(own.width, own.height))
        side = 128
        while side * side < TEXELS_PER_VERTEX * len(self.master.vertices):
            side *= 2
        return min(side, MOST_NORMAL_SIDE)

    def as_they_came(self, target: Target) -> bool:
        """Whether a target may have the scan's own images: of a lossy kind that its viewers take.

        What is lossless here was baked, or is too large for a visitor.
        """
        if target.images == "source":
            return True
        lossy = {"image/jpeg", "image/webp"}
        taken = lossy.intersection(target.limits.image_types or lossy)
        coders = [coder for coder in (*self.color, *self.occlusion) if coder]
        return bool(coders) and all(coder.texture.mime in taken for coder in coders)

    def has_normal(self, surface: int) -> bool:
        """Whether there is a normal map to be had for a surface of the ladder."""
        if len(self.levels[surface].mesh.faces) < len(self.master.faces) and self._drawable:
            return True
        return len(self.master.materials) == 1 and self.master.materials[0].normal is not None

    def normal(self, surface: int) -> Coder | None:
        """The normal map that gives a surface of the ladder the relief of the master.

        The scan's own where the surface is the master's, or where places share texels and
        none can be made. None where `has_normal` is false.
        """
        return self._kept.get(("normal", surface), lambda: self._normal_of(surface))

    def _normal_of(self, surface: int) -> Coder | None:
        level = self.levels[surface].mesh
        own = self.master.materials[0].normal if len(self.master.materials) == 1 else None
        if len(level.faces) < len(self.master.faces) and self._drawable:
            drawn = self._kept.get("drawn", self._drawn)
            own = png_of(normal_map(level, drawn, self.tangents(surface)), "normal")
        return _coder(own, srgb=False)

    def tangents(self, surface: int) -> Float32Array | None:
        """Tangents (m, 3, 4) of the corners of a surface of the ladder; None where it has none."""
        mesh = self.levels[surface].mesh
        if mesh.corner_uv is None:
            return None
        if not (np.isfinite(mesh.corner_uv).all() and np.isfinite(mesh.vertices).all()):
            return None
        return self._kept.get(("tangents", surface), lambda: corner_tangents(mesh))

    @cached_property
    def _drawable(self) -> bool:
        """Whether each texel is one place of the master."""
        master = self.master
        return len(master.materials) == 1 and master.in_one_picture and not shares_texels(master)

    def _drawn(self) -> Float32Array:
        """The master's normals by texel."""
        master = self.master
        own = master.materials[0].normal
        pixels = None if own is None else pixels_of(own)
        return surface_normals(master, self._normal_side, pixels)

    def materials(
        self, chosen: Choice, images: Images, *, thorough: bool = False
    ) -> tuple[Material, ...]:
        """The master's materials with the pictures of a choice."""
        normal = self.normal(chosen.surface) if chosen.normal else None

        def coded(coder: Coder | None) -> Texture | None:
            if coder is None or chosen.grade is None:
                return None
            return coder.coded(chosen.grade, images, thorough=thorough)

        return tuple(
            replace(
                material,
                texture=coded(color),
                normal=coded(normal),
                occlusion=coded(occlusion if chosen.occlusion else None),
            )
            for material, color, occlusion in zip(
                self.master.materials, self.color, self.occlusion, strict=True
            )
        )

    def mesh(self, chosen: Choice, images: Images, *, thorough: bool = False) -> Mesh:
        """A surface of the ladder with the pictures of a choice."""
        mesh = self.levels[chosen.surface].mesh
        return replace(mesh, materials=self.materials(chosen, images, thorough=thorough))

    def encoded(self, chosen: Choice, target: Target) -> EncodedGeometry:
        """The bytes of a surface; with tangents where the choice has a normal map."""
        floats_only = target.limits.float_attributes_only or not target.limits.normalized_accessors
        # Of coarser pictures too: what is off by more than that shows on large triangles.
        side = max(1024, chosen.grade.side if chosen.grade else 0)
        wanted = chosen.surface, target.geometry, chosen.normal
        bent = chosen.normal and self.has_normal(chosen.surface)

        def cut() -> Divided:
            return divide(
                self.mesh(chosen, "source"),
                self.T_model_work,
                geometry=target.geometry,
                tangents=self.tangents(chosen.surface) if bent else None,
            )

        def make() -> EncodedGeometry:
            divided = self._kept.get(("divided", wanted), cut)
            return encode(divided, floats_only=floats_only, texture_side_px=side)

        return self._kept.get((wanted, floats_only, side), make)

    def surface(self, number: int, cameras: Views) -> Surface:
        """A surface of the ladder, put before the cameras: the same for every screen."""
        mesh = self.levels[number].mesh

        def make() -> Surface:
            return surface_of(mesh, cameras, self.tangents(number))

        return self._kept.get(("surface", id(mesh.faces)), make)

    def reference(self, screen_px: int) -> tuple[Views, Reference]:
        """Cameras around the master, and how it looks from them on so large a screen."""

        def make() -> tuple[Views, Reference]:
            cameras = views(self.master, self.relic.frame.R_model_work, size_px=screen_px)
            surface = self._kept.get(
                ("surface", id(self.master.faces)), lambda: surface_of(self.master, cameras)
            )
            return cameras, Reference(pictures(look(self.master, cameras, surface), self.master))

        return self._kept.get(("reference", screen_px), make)


class Screen:
    """How choices look beside the master at the size at which one level is shown.

    What rays meet of one surface is kept until another is looked at: at 768 px it is some 250 MB.
    """

    def __init__(self, sources: Sources, screen_px: int, images: Images) -> None:
        self.sources, self.screen_px, self.images = sources, screen_px, images
        self._look: tuple[int, Look] | None = None

    def difference(self, chosen: Choice, *, thorough: bool) -> Difference:
        """How different a choice looks from the master."""
        return difference(*self._seen(chosen, thorough=thorough))

    def unlike(self, chosen: Choice) -> float:
        """Of that difference, the mean FLIP as lit: what a level is solved by."""
        return shaded_flip(*self._seen(chosen))

    def _seen(self, chosen: Choice, *, thorough: bool = False) -> tuple[Reference, Pictures]:
        sources, surface = self.sources, chosen.surface
        cameras, reference = sources.reference(self.screen_px)
        if self._look is None or self._look[0] != surface:
            self._look = None
            mesh = sources.levels[surface].mesh
            seen = look(mesh, cameras, sources.surface(surface, cameras))
            self._look = surface, seen
        mesh = sources.mesh(chosen, self.images, thorough=thorough)
        return reference, pictures(self._look[1], mesh)


def _coder(texture: Texture | None, *, srgb: bool) -> Coder | None:
    return None if texture is None else Coder(texture, srgb=srgb)


def _with_normals(mesh: Mesh) -> Mesh:
    if mesh.normals is not None:
        return mesh
    return replace(mesh, normals=vertex_normals(mesh.vertices, mesh.faces).astype(np.float32))
