"""What a glTF scene holds by its JSON, counted before any array exists."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from relicscan.errors import ScanError
from relicscan.formats._gltf_document import Document, Part
from relicscan.formats._gltf_primitives import POINTS, mode_of, triangle_count
from relicscan.relic import FloatArray

#: A mesh may be placed any number of times, and a few bytes of JSON must not cost a machine's
#: memory: 30 million triangles take about 3 GB while they are merged.
_MAX_ELEMENTS = 30_000_000
_MAX_PRIMITIVES = 100_000


@dataclass(frozen=True)
class SceneCounts:
    """Triangles, points and primitives of a scene, counting every copy, and what they carry."""

    triangles: int = 0
    points: int = 0
    primitives: int = 0
    colors: bool = False
    normals: bool = False
    textured: bool = False

    @property
    def elements(self) -> int:
        return self.triangles + self.points

    @classmethod
    def of(cls, document: Document, placed: list[tuple[int, FloatArray]]) -> SceneCounts:
        """All copies of all meshes, each mesh looked at once."""
        total = cls()
        for mesh, copies in Counter(mesh for mesh, _ in placed).items():
            for primitive in document.root.item("meshes", mesh).children("primitives"):
                total = total + cls._of_primitive(document.root, primitive, copies)
        return total

    @classmethod
    def _of_primitive(cls, root: Part, primitive: Part, copies: int) -> SceneCounts:
        attributes = primitive.child("attributes")
        mode = mode_of(primitive)
        index = primitive.reference("indices")
        index = attributes.integer("POSITION") if index is None else index
        corners = root.item("accessors", index).integer("count")
        material = primitive.reference("material")
        color = Part({}, "") if material is None else root.item("materials", material)
        return cls(
            triangles=copies * triangle_count(mode, corners),
            points=copies * corners if mode == POINTS else 0,
            primitives=copies,
            colors="COLOR_0" in attributes.data,
            normals="NORMAL" in attributes.data,
            textured="baseColorTexture" in color.child("pbrMetallicRoughness").data
            or not color.data.keys().isdisjoint({"occlusionTexture", "normalTexture"}),
        )

    def check(self) -> None:
        """Raise ScanError for a scene that is too large to be read."""
        if self.elements > _MAX_ELEMENTS or self.primitives > _MAX_PRIMITIVES:
            raise ScanError(
                f"the scene has {self.elements:,} triangles and points in {self.primitives:,} "
                f"primitives, counting every copy; {_MAX_ELEMENTS:,} in {_MAX_PRIMITIVES:,} are "
                "the limit",
                remedy="export only the scan itself, or as binary PLY",
            )

    def __add__(self, other: SceneCounts) -> SceneCounts:
        return SceneCounts(
            self.triangles + other.triangles,
            self.points + other.points,
            self.primitives + other.primitives,
            self.colors or other.colors,
            self.normals or other.normals,
            self.textured or other.textured,
        )
