"""The one type that flows through the stages: a `Relic`, and the arrays it holds.

Everything here is frozen, and the arrays are read-only views: a stage returns
a new Relic and cannot change the one it was given. Shapes are checked when an
object is made, so an algorithm may rely on them.

Units: inside a Relic all lengths are millimetres in a recentred working frame
(survey coordinates would break single precision); `Frame` says how that frame
follows from the source. A `Scan` is the exception: it is what a file holds, in
the file's own unit and axes, until `relicscan.scan_folder` has understood it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray

from relicscan.units import mm_per_unit

FloatArray = NDArray[np.floating[Any]]
Float32Array = FloatArray  # the same to the type checker; what is stored is single precision
IntArray = NDArray[np.int32]
ByteArray = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]

#: What a Relic may carry; stages name these in `needs`, `makes` and `drops`.
PRODUCTS = (
    "scans",
    "scans.apart",  # several, which nothing declares to lie in one frame as they are
    "geometry",  # a cloud or a mesh, whichever there is
    "cloud",
    "cloud.normals",
    "cloud.colors",
    "mesh",
    "mesh.normals",
    "mesh.colors",
    "mesh.uv",
    "atlas",  # texture coordinates as a baked picture needs them: see Mesh.in_one_picture
    "painted",  # the surface with the pictures that the scan came with
    "textures",
    "levels",
)


#: `Frame.up_basis` before anything has said which way is up.
UNDECIDED = "undecided"


def _checked(
    owner: object, name: str, shape: tuple[int | None, ...], dtype: DTypeLike, what: str
) -> None:
    """Turn an attribute into a read-only array of that shape; None in `shape` is any length."""
    value = getattr(owner, name)
    if value is None:
        return
    given = np.asarray(value)
    wanted_type = np.dtype(dtype)
    if wanted_type.kind in "iu" and given.dtype != wanted_type and given.size:
        limits = np.iinfo(wanted_type)
        if given.min() < limits.min or given.max() > limits.max:
            raise ValueError(f"{what}.{name} must lie in {limits.min}..{limits.max}")
    array = np.ascontiguousarray(given, dtype=wanted_type).view()
    if array.ndim != len(shape) or any(
        want is not None and want != have for want, have in zip(shape, array.shape, strict=False)
    ):
        wanted = "(" + ", ".join("n" if w is None else str(w) for w in shape) + ")"
        raise ValueError(f"{what}.{name} must have shape {wanted}, got {array.shape}")
    array.flags.writeable = False
    object.__setattr__(owner, name, array)


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points with what the scanner knew about each.

    points (n, 3) float64; normals (n, 3) float32, unit or zero where unknown;
    colors (n, 3) uint8, sRGB; intensity (n,) float32 in 0..1;
    viewpoints (n, 3) float32, where the scanner stood when it saw the point.
    """

    points: FloatArray
    normals: Float32Array | None = None
    colors: ByteArray | None = None
    intensity: Float32Array | None = None
    viewpoints: Float32Array | None = None

    def __post_init__(self) -> None:
        _checked(self, "points", (None, 3), np.float64, "PointCloud")
        n = len(self.points)
        _checked(self, "normals", (n, 3), np.float32, "PointCloud")
        _checked(self, "colors", (n, 3), np.uint8, "PointCloud")
        _checked(self, "intensity", (n,), np.float32, "PointCloud")
        _checked(self, "viewpoints", (n, 3), np.float32, "PointCloud")

    def __len__(self) -> int:
        return len(self.points)

    @property
    def finite(self) -> BoolArray:
        """Mask (n,) of the points whose coordinates are all numbers."""
        return np.asarray(np.isfinite(self.points).all(axis=1))

    def take(self, which: NDArray[Any]) -> PointCloud:
        """The points selected by a boolean mask (n,) or an index array, attributes with them."""

        def pick(array: NDArray[Any] | None) -> Any:
            return None if array is None else array[which]

        return PointCloud(
            self.points[which],
            pick(self.normals),
            pick(self.colors),
            pick(self.intensity),
            pick(self.viewpoints),
        )


@dataclass(frozen=True, eq=False)
class Texture:
    """An image as its file had it: the bytes are never re-encoded without need."""

    name: str
    data: bytes = field(repr=False)
    mime: Literal["image/jpeg", "image/png", "image/webp"]
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Material:
    """A name, a base colour (linear RGBA factors), and perhaps textures.

    `texture` is the base colour (sRGB), `occlusion` how much ambient light reaches
    each place (linear, in the red channel), `normal` a tangent-space normal map (linear,
    +Y up as in glTF; Mikkelsen 2008); all use the mesh's one set of texture coordinates.
    """

    name: str = "material"
    base_color: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    texture: Texture | None = None
    occlusion: Texture | None = None
    normal: Texture | None = None

    @property
    def textures(self) -> tuple[Texture, ...]:
        return tuple(t for t in (self.texture, self.occlusion, self.normal) if t is not None)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles over shared positions; texture coordinates belong to corners, not to vertices.

    vertices (n, 3) float64; faces (m, 3) int32, counter-clockwise seen from outside;
    normals (n, 3) float32, unit; colors (n, 3) uint8, sRGB;
    corner_uv (m, 3, 2) float32 with (0, 0) at the top left of the image, as in glTF;
    face_material (m,) int32 into `materials`;
    filled (n,) bool, True where a vertex was made up to close a hole and not scanned,
    None where nothing was filled.

    Vertices are split along texture seams only where a file format demands it,
    so the topology here is the surface's own.
    """

    vertices: FloatArray
    faces: IntArray
    normals: Float32Array | None = None
    colors: ByteArray | None = None
    corner_uv: Float32Array | None = None
    face_material: IntArray | None = None
    materials: tuple[Material, ...] = ()
    filled: BoolArray | None = None

    def __post_init__(self) -> None:
        _checked(self, "vertices", (None, 3), np.float64, "Mesh")
        _checked(self, "faces", (None, 3), np.int32, "Mesh")
        n, m = len(self.vertices), len(self.faces)
        _checked(self, "normals", (n, 3), np.float32, "Mesh")
        _checked(self, "colors", (n, 3), np.uint8, "Mesh")
        _checked(self, "corner_uv", (m, 3, 2), np.float32, "Mesh")
        _checked(self, "face_material", (m,), np.int32, "Mesh")
        _checked(self, "filled", (n,), np.bool_, "Mesh")
        if m and (self.faces.min() < 0 or self.faces.max() >= n):
            raise ValueError(f"Mesh.faces must index 0..{n - 1}, got up to {self.faces.max()}")
        if (
            self.face_material is not None
            and m
            and not 0 <= self.face_material.min() <= self.face_material.max() < len(self.materials)
        ):
            raise ValueError(f"Mesh.face_material must index {len(self.materials)} materials")

    @property
    def textured(self) -> bool:
        return self.corner_uv is not None and any(m.textures for m in self.materials)

    @property
    def in_one_picture(self) -> bool:
        """Whether all of the surface lies in 0..1 of one material's pictures."""
        if self.corner_uv is None or not len(self.faces):
            return False
        one = self.face_material is None or len(np.unique(self.face_material)) == 1
        return one and bool(((self.corner_uv >= 0) & (self.corner_uv <= 1)).all())

    @property
    def finite(self) -> BoolArray:
        """Mask (n,) of the vertices whose coordinates are all numbers."""
        return np.asarray(np.isfinite(self.vertices).all(axis=1))

    @property
    def bounds(self) -> FloatArray:
        """Lowest and highest corner (2, 3) over all vertices."""
        return np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)])

    def take_faces(self, which: NDArray[Any]) -> Mesh:
        """The faces selected by a mask (m,) or index array; vertices stay as they are."""
        return replace(
            self,
            faces=self.faces[which],
            corner_uv=None if self.corner_uv is None else self.corner_uv[which],
            face_material=None if self.face_material is None else self.face_material[which],
        )


@dataclass(frozen=True, eq=False)
class Scan:
    """One scan as a file holds it: own unit, own axes, nothing understood yet.

    `pose` (4, 4) float64 is T_common_scan, where the file places this scan in a
    frame common to all its scans (E57, PTX); None when it says nothing.
    `unit` is set only where the file or its specification states one, with
    `unit_basis` saying which ("E57 specification", "LAS WKT CRS"); where nothing does, known
    distances may have measured how many mm one has. `up` ("+Y") likewise only where the format
    has a convention.
    """

    name: str
    geometry: PointCloud | Mesh
    file: str = ""
    pose: FloatArray | None = None
    unit: str | None = None
    unit_basis: str | None = None
    up: str | None = None
    up_basis: str | None = None
    warnings: tuple[str, ...] = ()
    measured_mm_per_unit: float | None = None

    def __post_init__(self) -> None:
        _checked(self, "pose", (4, 4), np.float64, "Scan")

    @property
    def mm_per_unit(self) -> float | None:
        """How many millimetres a unit of the scan has, by its name or as measured."""
        return self.measured_mm_per_unit if self.unit is None else mm_per_unit(self.unit)


@dataclass(frozen=True)
class SourceFile:
    """A file of the scan folder, by its path in the folder with forward slashes.

    `modified_ns` is when it was last changed, in nanoseconds since 1970: a hint, not an identity.
    """

    path: str
    role: Literal["scan", "texture", "material", "buffer", "poses", "metadata", "other"]
    bytes: int
    sha256: str
    modified_ns: int = field(default=0, compare=False)


@dataclass(frozen=True)
class KnownDistance:
    """A length that is known, `length_mm`, and what the scan measures there.

    `measured` is in the unit of its file; `measured_mm` by the scale of the frame, None where
    that is unknown.
    """

    name: str
    length_mm: float
    measured: float
    measured_mm: float | None = None

    @property
    def residual_mm(self) -> float | None:
        """How much more the scan measures than there is; None where the scale is unknown."""
        return None if self.measured_mm is None else self.measured_mm - self.length_mm


@dataclass(frozen=True, eq=False)
class Frame:
    """How the working frame follows from the source, and the model from the working frame.

    Working units are millimetres when `unit` is known, or where known `distances` say how many
    of them a unit of the source has (`measured_mm_per_unit`); otherwise the longest side
    counts as 1000 units and nothing may be called millimetres.
    T_work_source (4, 4) float64 takes source coordinates to the working frame.
    `up` is an axis of the source ("+Z") or a direction in it ("0.02 0.01 0.99").
    R_model_work (3, 3) float64 turns it so that +Y is up and +Z the front.
    """

    unit: str | None = None
    unit_basis: str = "unknown: neither relic.toml nor the file states a unit"
    T_work_source: FloatArray = field(default_factory=lambda: np.eye(4))
    up: str = "+Y"
    up_basis: str = UNDECIDED
    R_model_work: FloatArray = field(default_factory=lambda: np.eye(3))
    measured_mm_per_unit: float | None = None
    distances: tuple[KnownDistance, ...] = ()

    def __post_init__(self) -> None:
        _checked(self, "T_work_source", (4, 4), np.float64, "Frame")
        _checked(self, "R_model_work", (3, 3), np.float64, "Frame")

    @property
    def mm_per_unit(self) -> float | None:
        """How many millimetres a unit of the source has, by its name or as measured."""
        return self.measured_mm_per_unit if self.unit is None else mm_per_unit(self.unit)

    @property
    def scale_known(self) -> bool:
        return self.mm_per_unit is not None

    @property
    def distance_rms_mm(self) -> float | None:
        """Root mean square of the distances' residuals; None without any, or without a scale."""
        residuals = [one.residual_mm for one in self.distances if one.residual_mm is not None]
        if not residuals:
            return None
        return math.sqrt(math.fsum(r * r for r in residuals) / len(residuals))

    def units_in(self, scan: Scan) -> float:
        """How many units of the source are in one of a scan's own; 1 where either is unknown."""
        if scan.mm_per_unit is None or self.mm_per_unit is None:
            return 1.0
        return scan.mm_per_unit / self.mm_per_unit

    def T_source_scan(self, scan: Scan) -> FloatArray:
        """(4, 4) float64: from a scan's own frame and unit to the source's, by its pose."""
        pose = np.eye(4) if scan.pose is None else np.array(scan.pose)
        pose[:3] *= self.units_in(scan)
        return pose

    @property
    def T_model_source(self) -> FloatArray:
        """(4, 4) float64: source coordinates to the delivered model, metres, +Y up, +Z front."""
        T_model_work = np.eye(4)
        T_model_work[:3, :3] = self.R_model_work / 1000.0
        return np.asarray(T_model_work @ self.T_work_source, dtype=np.float64)


@dataclass(frozen=True)
class Distances:
    """How far places on one surface are from another, in working units.

    `rms` and `p95`, the 95th percentile, are over `samples` places; `max` may be over more.
    """

    rms: float
    p95: float
    max: float
    samples: int


@dataclass(frozen=True)
class Deviation:
    """How far a level is from the cleaned scan, both ways, as `geometry.deviation` measures it.

    Of the scan's places, the share `left_out_share` is farther than `left_out_beyond` from
    the whole model: they are in the maximum of `scan_to_level` alone. `level_to_scan` leaves
    out what was filled, `filled_area_share` of the level, and is None where all of it was.
    `diagonal` is that of the full mesh. Lengths are in working units.
    """

    reference: Literal["points", "mesh"]
    scan_to_level: Distances | None
    level_to_scan: Distances | None
    left_out_share: float
    left_out_beyond: float | None
    filled_area_share: float
    diagonal: float


@dataclass(frozen=True, eq=False)
class Level:
    """A level of detail under its ceiling of triangles; how far it is off, once measured."""

    name: str
    ceiling: int
    mesh: Mesh
    deviation: Deviation | None = None


@dataclass(frozen=True, eq=False)
class Arrangement:
    """One way in which scans may lie beside each other, for a picture of it.

    `title` says in words which way, and which scan has which colour. `cloud` is coloured and
    thinned, in the unit of the relic, in a frame that all arrangements of one question share.
    """

    title: str
    cloud: PointCloud


@dataclass(frozen=True)
class Doubt:
    """Why somebody should look at a model before it is used, and what would work.

    `arrangements` are the answers between which nothing decides, where there are some.
    """

    text: str
    remedy: str
    arrangements: tuple[Arrangement, ...] = ()


@dataclass(frozen=True)
class Step:
    """What one stage did: the provenance that the manifest keeps. No times: those change.

    `undecided` is why it left the relic as it was, where going on would have meant guessing.
    """

    stage: str
    parameters: Mapping[str, Any]
    skipped: str | None = None
    overridden: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    undecided: str | None = None


@dataclass(frozen=True, eq=False)
class AsScanned:
    """An even part of the points as they were scanned, and what took which of them away.

    `cloud` is in the working frame; `removed_by` (n,) int32 is the place in `Relic.history` of
    the step that removed each point, -1 where it stayed. `total` is how many points they stand
    for. `sigma` is how far those scatter across the surface, in working units, and `density` how
    many there are to a square unit; None where there are too few to tell.
    """

    cloud: PointCloud
    removed_by: IntArray
    total: int
    sigma: float | None = None
    density: float | None = None

    def __post_init__(self) -> None:
        _checked(self, "removed_by", (len(self.cloud),), np.int32, "AsScanned")


@dataclass(frozen=True, eq=False)
class Relic:
    """One object on its way from scans to levels of detail.

    `painted` is the surface with the textures that the scan came with, once `mesh` has
    texture coordinates of another making. With `doubts` its verdict is `review` at the best.
    `as_scanned` is kept for reports: no stage reads it.
    `figures` and `warnings` are what the current
    stage has measured and noticed; the engine moves them into `history` when the stage
    returns.
    """

    id: str
    scans: tuple[Scan, ...] = ()
    cloud: PointCloud | None = None
    mesh: Mesh | None = None
    painted: Mesh | None = None
    levels: tuple[Level, ...] = ()
    frame: Frame = field(default_factory=Frame)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[SourceFile, ...] = ()
    seed: int = 0
    figures: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    history: tuple[Step, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    as_scanned: AsScanned | None = None

    def has(self, product: str) -> bool:
        """Whether the relic carries one of PRODUCTS."""
        cloud, mesh = self.cloud, self.mesh
        match product:
            case "scans":
                return bool(self.scans)
            case "scans.apart":
                common = self.metadata.get("scan", {}).get("frame") == "common"
                return len(self.scans) > 1 and not common
            case "geometry":
                return cloud is not None or mesh is not None
            case "cloud":
                return cloud is not None
            case "cloud.normals":
                return cloud is not None and cloud.normals is not None
            case "cloud.colors":
                return cloud is not None and cloud.colors is not None
            case "mesh":
                return mesh is not None
            case "mesh.normals":
                return mesh is not None and mesh.normals is not None
            case "mesh.colors":
                return mesh is not None and mesh.colors is not None
            case "mesh.uv":
                return mesh is not None and mesh.corner_uv is not None
            case "atlas":
                return mesh is not None and mesh.in_one_picture
            case "painted":
                return self.painted is not None
            case "textures":
                return mesh is not None and mesh.textured
            case "levels":
                return bool(self.levels)
        raise KeyError(product)

    @property
    def arrangements(self) -> tuple[Arrangement, ...]:
        """All that the doubts leave open, in their order."""
        return tuple(one for doubt in self.doubts for one in doubt.arrangements)

    @property
    def products(self) -> frozenset[str]:
        return frozenset(product for product in PRODUCTS if self.has(product))

    @property
    def counts(self) -> dict[str, int]:
        """Points, vertices and triangles, for the record of each step."""
        counts = {}
        if self.cloud is not None:
            counts["points"] = len(self.cloud)
        elif self.scans:
            counts["points"] = sum(
                len(s.geometry) for s in self.scans if isinstance(s.geometry, PointCloud)
            )
        if self.mesh is not None:
            counts["vertices"] = len(self.mesh.vertices)
            counts["triangles"] = len(self.mesh.faces)
        if self.levels:
            counts["levels"] = len(self.levels)
        return counts

    def the_cloud(self) -> PointCloud:
        """The cloud of a relic that is known to have one: for stages that need `cloud`."""
        assert self.cloud is not None, "a stage must name 'cloud' in its needs"
        return self.cloud

    def the_mesh(self) -> Mesh:
        """The mesh of a relic that is known to have one: for stages that need `mesh`."""
        assert self.mesh is not None, "a stage must name 'mesh' in its needs"
        return self.mesh

    def noting(self, **figures: Any) -> Relic:
        """This relic with figures that the current stage measured; units belong in the names."""
        return replace(self, figures={**self.figures, **figures})

    def doubting(self, *doubts: Doubt) -> Relic:
        """This relic with reasons for the verdict `review`."""
        return replace(self, doubts=(*self.doubts, *doubts))

    def warning(self, *warnings: str) -> Relic:
        """This relic with warnings in plain words, each with what to do about it."""
        return replace(self, warnings=(*self.warnings, *warnings))
