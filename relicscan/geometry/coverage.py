"""How much of an object's surface was seen: what was not is filled, or an opening.

An opening is as large as the flat lid that would close it: the vector area of its rim, half the
sum of the cross products along it, which needs no triangulation and does not depend on how
ragged the rim is. So a relief that was scanned from the front only comes to about a half: of a
closed body that much is its back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relicscan.geometry.checks import require_faces, require_plausible
from relicscan.geometry.topology import connected, face_areas
from relicscan.relic import Mesh


@dataclass(frozen=True)
class Coverage:
    """Areas in squared units of the mesh: seen by the scanner, filled, and open.

    `boundary_edges` are those of one face only, in `openings` that hang together.
    """

    seen_area: float
    filled_area: float
    open_area: float
    openings: int
    boundary_edges: int

    @property
    def share(self) -> float:
        """The share of the closed surface that was seen: 0 to 1."""
        whole = self.seen_area + self.filled_area + self.open_area
        return self.seen_area / whole if whole > 0 else 0.0

    @property
    def watertight(self) -> bool:
        """Whether every edge has two faces."""
        return self.boundary_edges == 0


def coverage(mesh: Mesh, filled_area: float | None = None) -> Coverage:
    """What of a mesh was seen, filled and left open.

    `filled_area` is what `fill_holes` measured. Without it, faces with a `filled` vertex count,
    which misses those of a patch that have all corners on its rim: of a hole 13 mm wide, closed
    with edges of 0.65 mm, a tenth. Raises StageError without triangles, or where coordinates are
    not plausible numbers.
    """
    from relicscan.geometry.kernels.halfedges import mates

    require_faces(mesh)
    require_plausible(mesh.vertices)
    area = face_areas(mesh)
    filled = filled_area or 0.0
    if filled_area is None and mesh.filled is not None:
        filled = float(area[mesh.filled[mesh.faces].any(axis=1)].sum())
    ends = np.flatnonzero(mates(mesh.vertices, mesh.faces)[0] < 0)
    face, corner = np.divmod(ends, 3)
    begin, end = mesh.faces[face, corner], mesh.faces[face, (corner + 1) % 3]
    lids = np.zeros((0, 3))
    if len(ends):
        used, number = np.unique(np.concatenate([begin, end]), return_inverse=True)
        first, second = number[: len(ends)], number[len(ends) :]
        opening = connected(first, second, len(used))
        place = mesh.vertices[used] - mesh.vertices[used].mean(axis=0)
        along = np.cross(place[first], place[second]) / 2
        count = int(opening.max()) + 1
        lids = np.stack([np.bincount(opening[first], along[:, i], count) for i in range(3)], axis=1)
    return Coverage(
        seen_area=float(area.sum()) - filled,
        filled_area=filled,
        open_area=float(np.linalg.norm(lids, axis=1).sum()),
        openings=len(lids),
        boundary_edges=len(ends),
    )
