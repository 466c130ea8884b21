"""What a run will take, from the size of the scan and the costs that the stages declare.

Seconds come from those costs, which `make bench` measures. Reconstruction makes as many
triangles as its cells ask for; from there on stages work on triangles. Clouds that are thinned
while they are read count as what is left of them. Memory is a straight line through what the
benchmark's million points (0.72 GB) and 5.5 million (3.85 GB, 6.2 million triangles) took, with
room above it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from relicscan.formats import Peek
from relicscan.pipeline import MESH, POINT_CLOUD, Pipeline
from relicscan.relic import PointCloud, Relic
from relicscan.scan_folder import thinned_to

#: Starting a process and importing what a run needs; reading, writing and checking the files.
START_SECONDS = 2.5
#: Reading a million points, and averaging them where there are too many.
READING_SECONDS = 0.7
BASE_BYTES, BYTES_PER_POINT, BYTES_PER_TRIANGLE = 250e6, 400, 420
#: Rendering and coding models for targets, and pictures: of their sizes, not of the scan's. In
#: docs/predictions.md they take 11 to 20 s, and 1.3 to 1.8 GB with everything else, but for the
#: pictures of a mesh.
DELIVERY_BYTES, DELIVERY_SECONDS = 1.6e9, 17.0
#: A picture of a mesh while it is decoded: 4 bytes a texel, two copies of 3, and smaller ones.
BYTES_PER_TEXEL = 12
#: Drawing a normal map (`geometry/normal_map.py`): at its peak there are for each texel that is
#: used, three quarters of all, its place, face, weights and normal (92 bytes), the tangents of its
#: corners (48) and three axes with what they are made of (80). A skull of 100,000 triangles with
#: one of 2048 x 2048 took 2.17 GB, the tile that gets none 1.43.
BYTES_PER_NORMAL_TEXEL = 165
#: The finest normal map that is drawn, of a mesh of which only reading would tell.
NORMAL_TEXELS = 2048 * 2048
#: A report's pictures (3 to 7 s), and unwrapping a surface however small (5 to 9 s under load).
REPORT_SECONDS, UNWRAP_SECONDS = 4.5, 5.0
#: Triangles for each point where cells are as wide as the points are apart: a surface crosses
#: 1.5 edges of the grid for each cell's side squared, and each crossing makes two triangles.
#: The spacing is that of the denser parts, so there are some more (3.2 to 4.8 in
#: docs/predictions.md).
TRIANGLES_PER_POINT = 3.7
#: A surface goes through so many cells for each square of their side that it has.
CELLS_TOUCHED = 1.5
#: Thinning leaves more than it aims for where noise is no less than the cells are wide: 1.44
#: times of 100 million points that were to be 3 million, with noise of an eighth of a cell.
THINNED_TO = 1.5
#: Registration: for a million points, of which it takes so many from a scan, and for each pair
#: of scans that is tried. On two cores, ten bunny scans (362,000 points, 45 pairs) took 27 s and
#: the figurine's six (87,000, 15 pairs) 6 s: this makes 24 s and 7 s of them.
POINTS_SECONDS, POINTS_OF_A_SCAN, PAIR_SECONDS = 40.0, 40_000, 0.22
#: Pairs for each scan where there are too many to try all.
PAIRS_OF_A_SCAN = 10
#: Bytes of a file for each point or triangle, where only reading would tell how many there are:
#: on the low side (packed binary), so that the estimate is on the high side.
BYTES_IN_FILE = 12


@dataclass(frozen=True)
class Size:
    """How much there is to do; of scans, those `apart` are clouds that nothing gives a place.

    `texels` are those of all pictures of a mesh, `normal_texels` those of its own normal map.
    """

    points: int = 0
    triangles: int = 0
    apart: int = 0
    texels: int = 0
    normal_texels: int = 0

    @classmethod
    def of(cls, relic: Relic) -> Size:
        """The size of a relic as it was read, before its first stage."""
        points = sum(len(s.geometry) for s in relic.scans if isinstance(s.geometry, PointCloud))
        several = relic.has("scans.apart")
        apart = sum(s.pose is None for s in relic.scans) if several else 0
        if relic.mesh is None:
            return cls(points, 0, apart)
        materials = relic.mesh.materials
        pictures = [picture for one in materials for picture in one.textures]
        normals = [one.normal.width * one.normal.height for one in materials if one.normal]
        return cls(
            points,
            len(relic.mesh.faces),
            apart,
            texels=sum(one.width * one.height for one in pictures),
            normal_texels=max(normals, default=0),
        )

    @classmethod
    def peeked(cls, peek: Peek, file_bytes: int) -> Size:
        """The size that a header tells; the file's own where it does not, or claims too much."""
        most = max(1, file_bytes // BYTES_IN_FILE) if file_bytes else 1
        if peek.kind == "mesh":
            triangles = peek.faces if peek.faces >= 0 else most
            if peek.textured:
                return cls(0, triangles, texels=2 * NORMAL_TEXELS, normal_texels=NORMAL_TEXELS)
            return cls(0, triangles)
        points = peek.points if peek.points >= 0 else most
        return cls(points, 0, 0 if peek.posed else peek.scans)

    @classmethod
    def guessed(cls, file_bytes: int) -> Size:
        """The size of a file of which nothing is known but its own."""
        return cls(file_bytes // BYTES_IN_FILE, 0)

    def __add__(self, other: Size) -> Size:
        return Size(
            self.points + other.points,
            self.triangles + other.triangles,
            self.apart + other.apart,
            self.texels + other.texels,
            max(self.normal_texels, other.normal_texels),
        )


@dataclass(frozen=True)
class Estimate:
    """Seconds on two cores, peak memory; triangles of the master, and points that it is made of."""

    seconds: float
    memory_bytes: float
    triangles: float = 0.0
    points: float = 0.0


def registering_seconds(scans: int, points: int) -> float:
    """What putting scans beside each other takes; `points` are of all of them."""
    pairs = min(scans * (scans - 1) // 2, PAIRS_OF_A_SCAN * scans)
    return POINTS_SECONDS * min(points, POINTS_OF_A_SCAN * scans) / 1e6 + PAIR_SECONDS * pairs


def estimate(size: Size, pipeline: Pipeline) -> Estimate:
    """What it will take to run a relic of that size."""
    seconds, triangles = START_SECONDS + READING_SECONDS * size.points / 1e6, float(size.triangles)
    points = left = float(thinned_to(size.points, pipeline.max_points))
    if points < size.points:
        points *= THINNED_TO
    brought = POINT_CLOUD if size.points else MESH
    for planned, reason in pipeline.plan(brought | {"scans.apart"} if size.apart > 1 else brought):
        if reason is not None:
            continue
        stage, parameters = planned.stage, planned.parameters
        if "scans.apart" in stage.needs:
            seconds += registering_seconds(size.apart, size.points)
            continue
        if "mesh" in stage.makes - stage.needs:
            triangles = TRIANGLES_PER_POINT * left / parameters["cell_size_spacings"] ** 2
        seconds += stage.cost * (triangles or left) / 1e6
        if "atlas" in stage.makes and size.points:  # meshes mostly bring theirs
            seconds += UNWRAP_SECONDS
        left *= _kept(parameters.get("voxel_size_spacings"))
        left = min(left, parameters.get("max_points") or left)
    memory_bytes = BASE_BYTES + BYTES_PER_POINT * points + BYTES_PER_TRIANGLE * triangles
    if pipeline.targets or pipeline.pictures:
        seconds += DELIVERY_SECONDS + (REPORT_SECONDS if pipeline.report else 0)
        drawn = min(size.normal_texels, NORMAL_TEXELS)
        delivery = DELIVERY_BYTES + BYTES_PER_TEXEL * size.texels + BYTES_PER_NORMAL_TEXEL * drawn
        memory_bytes = max(memory_bytes, BASE_BYTES + delivery)
    return Estimate(seconds, memory_bytes, triangles, left)


def _kept(voxel_size_spacings: float | None) -> float:
    """The share of points that thinning leaves, one for each cell that some fall into.

    At 0.8 spacings that is 0.81. Of the samples 0.80 to 0.85 are left, of points at random 0.75.
    """
    if not voxel_size_spacings:
        return 1.0
    in_a_cell = voxel_size_spacings**2 / CELLS_TOUCHED
    return (1 - math.exp(-in_a_cell)) / in_a_cell
