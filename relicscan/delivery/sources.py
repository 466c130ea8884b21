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
from relicscan.delivery.encoding import EncodedGeometry, encode_geometry
from relicscan.delivery.target import Images, Target
from relicscan.formats.images import pixels_of, png_of
from relicscan.geometry.normal_map import normal_map, shares_texels, surface_normals
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
    views,
)
from relicscan.relic import Float32Array, Level, Material, Mesh, Relic, Texture

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
        self._encoded: dict[tuple[int, str, bool, bool, int], EncodedGeometry] = {}
        self._normals: dict[int, Coder | None] = {}
        self._screen_px = 0
        self._reference: tuple[Views, Reference] | None = None
        self._look: tuple[int, Look] | None = None

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
        if surface not in self._normals:
            level = self.levels[surface].mesh
            own = self.master.materials[0].normal if len(self.master.materials) == 1 else None
            if len(level.faces) < len(self.master.faces) and self._drawable:
                own = png_of(normal_map(level, self._drawn), "normal")
            self._normals[surface] = _coder(own, srgb=False)
        return self._normals[surface]

    @cached_property
    def _drawable(self) -> bool:
        """Whether each texel is one place of the master."""
        master = self.master
        return len(master.materials) == 1 and master.in_one_picture and not shares_texels(master)

    @cached_property
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
        key = chosen.surface, target.geometry, floats_only, chosen.normal, side
        if key not in self._encoded:
            self._encoded[key] = encode_geometry(
                self.mesh(chosen, "source"),
                self.T_model_work,
                geometry=target.geometry,
                floats_only=floats_only,
                texture_side_px=side,
            )
        return self._encoded[key]

    def difference(
        self, chosen: Choice, images: Images, screen_px: int, *, thorough: bool
    ) -> Difference:
        """How different a choice looks from the master, at that size."""
        return difference(*self._seen(chosen, images, screen_px, thorough=thorough))

    def unlike(self, chosen: Choice, images: Images, screen_px: int) -> float:
        """Of that difference, the mean FLIP as lit: what a level is solved by."""
        return shaded_flip(*self._seen(chosen, images, screen_px))

    def _seen(
        self, chosen: Choice, images: Images, screen_px: int, *, thorough: bool = False
    ) -> tuple[Reference, Pictures]:
        if screen_px != self._screen_px or self._reference is None:
            self._look = None
            cameras = views(self.master, self.relic.frame.R_model_work, size_px=screen_px)
            seen = pictures(look(self.master, cameras), self.master)
            self._screen_px, self._reference = screen_px, (cameras, Reference(seen))
        cameras, reference = self._reference
        if self._look is None or self._look[0] != chosen.surface:
            # One at a time: what rays meet at 768 px is some 250 MB for each surface.
            self._look = None
            self._look = chosen.surface, look(self.levels[chosen.surface].mesh, cameras)
        mesh = self.mesh(chosen, images, thorough=thorough)
        return reference, pictures(self._look[1], mesh)


def _coder(texture: Texture | None, *, srgb: bool) -> Coder | None:
    return None if texture is None else Coder(texture, srgb=srgb)


def _with_normals(mesh: Mesh) -> Mesh:
    if mesh.normals is not None:
        return mesh
    return replace(mesh, normals=vertex_normals(mesh.vertices, mesh.faces).astype(np.float32))
