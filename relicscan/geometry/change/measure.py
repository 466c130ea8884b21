"""`signed_change`: two surfaces of one object in, what changed from the first to the second out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from relicscan import threads
from relicscan.errors import Undecided
from relicscan.geometry.change.alignment import Alignment, Frames, aligned
from relicscan.geometry.change.detection import Detected, detected
from relicscan.geometry.change.differences import Differences, Surface, differences
from relicscan.geometry.change.places import Places, places_on
from relicscan.geometry.change.regions import Gap, Region, gaps_of, regions_of
from relicscan.geometry.checks import require_faces
from relicscan.geometry.frames import transformed
from relicscan.geometry.topology import face_areas, without_unreferenced
from relicscan.relic import BoolArray, ByteArray, FloatArray, Mesh

#: The finest that is measured: so many places, or one to each so-many-th of the diagonal.
MOST_PLACES, LEAST_SHARE = 400_000, 1 / 300

#: One surface of the same object is not so many times as large as the other.
_MOST_LARGER = 5.0

#: Factors that units differ by.
_UNITS = (10.0, 25.4, 100.0, 304.8, 1000.0)

#: Unchanged parts lie nearer to each other than this share of the diagonal.
_MOST_NOISE = 1 / 200

#: So much of the smaller surface must be seen by both.
_LEAST_COMPARED = 0.1


@dataclass(frozen=True, eq=False)
class Changes:
    """What changed from a before to an after mesh, in their unit and the frame of the before mesh.

    places (n,) on the before mesh; change (n,) is the signed median along the normal, positive
    where there is more now, NaN where one of both shows nothing; lod95 (n,) its level of
    detection; least (n,): what a change there must exceed to be found by itself; significant
    (n,): part of a region. missing_after (n,): shown before, not after.
    after: the after mesh in the before frame; missing_before (m,): of after_places, which the
    before mesh does not show. spacing: of the places; reach: the radius of the cylinders.
    """

    places: Places
    change: FloatArray
    distance: FloatArray
    lod95: FloatArray
    least: FloatArray
    significant: BoolArray
    regions: tuple[Region, ...]
    missing_after: BoolArray
    gaps: tuple[Gap, ...]
    after: Mesh
    after_places: Places
    missing_before: BoolArray
    alignment: Alignment
    noise: float
    spacing: float
    remarks: tuple[str, ...] = ()

    @property
    def reach(self) -> float:
        return self.places.reach

    @property
    def detectable(self) -> float:
        """What a change must exceed over a cylinder to be found on most of the surface."""
        return float(np.median(self.least[np.isfinite(self.change)]))

    @property
    def compared_area(self) -> float:
        """Area of the before mesh where both show something."""
        return float(self.places.area[np.isfinite(self.change)].sum())


def signed_change(
    before: Mesh, after: Mesh, *, frames: Frames = "unrelated", seed: int = 0
) -> Changes:
    """What changed from `before` to `after`, both in one unit, aligned first.

    frames: how both lie already. The same for the same input, but for the last bits. Raises
    StageError for meshes without triangles or with absurd coordinates, and Undecided where it is
    not sure that they are the same object, or how they lie on each other.
    """
    require_faces(before)
    require_faces(after)
    remarks: list[str] = []
    before = _outwards(without_unreferenced(before), "first", remarks)
    after = _outwards(without_unreferenced(after), "second", remarks)
    _same_size(before, after)
    spacing = max(_spacing(before), _spacing(after))
    ours, theirs = threads.both(
        lambda: places_on(before, spacing, seed), lambda: places_on(after, spacing, seed + 1)
    )
    surface = Surface(before)
    colors = None
    if before.colors is not None and after.colors is not None:
        colors = _colors(before, ours), _colors(after, theirs)
    alignment = aligned(ours, theirs, surface, frames=frames, colors=colors, seed=seed)
    T = alignment.T_before_after
    moved = replace(
        after,
        vertices=transformed(T, after.vertices),
        normals=None if after.normals is None else after.normals @ T[:3, :3].T,
    )
    theirs = replace(
        theirs, points=transformed(T, theirs.points), normals=theirs.normals @ T[:3, :3].T
    )
    other = Surface(moved)
    found = differences(ours, surface, other)
    back = differences(theirs, other, surface)
    detection = detected(ours, found, alignment.error_at(ours))
    changes = _changes(ours, found, detection, moved, theirs, back, alignment, spacing, remarks)
    _fits(changes, before)
    return changes


def _changes(
    places: Places,
    found: Differences,
    detection: Detected,
    after: Mesh,
    after_places: Places,
    back: Differences,
    alignment: Alignment,
    spacing: float,
    remarks: list[str],
) -> Changes:
    missing = ~np.isfinite(detection.change) & ~found.made_up
    if abs(alignment.scale - 1) > 5 * max(alignment.scale_error, 1e-5):
        larger = "larger" if alignment.scale < 1 else "smaller"
        remarks.append(
            f"the second is {abs(1 - 1 / alignment.scale):.2%} {larger} throughout than the first: "
            "nothing was scaled; check how both were calibrated"
        )
    return Changes(
        places=places,
        change=detection.change,
        distance=found.distance,
        lod95=detection.lod95,
        least=detection.least,
        significant=detection.region >= 0,
        regions=regions_of(places, found, detection, spacing),
        missing_after=missing,
        gaps=gaps_of(places, missing),
        after=after,
        after_places=after_places,
        missing_before=~back.known & ~back.made_up,
        alignment=alignment,
        noise=detection.typical_noise,
        spacing=spacing,
        remarks=tuple(remarks),
    )


def _outwards(mesh: Mesh, which: str, remarks: list[str]) -> Mesh:
    """The mesh with faces that look outwards on the whole."""
    corners = mesh.vertices[mesh.faces] - mesh.vertices.mean(axis=0)
    enclosed = np.einsum("nd,nd->n", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()
    if enclosed >= 0:
        return mesh
    remarks.append(f"the {which} was inside out: its triangles were turned")
    uv = mesh.corner_uv
    return replace(
        mesh,
        faces=mesh.faces[:, ::-1],
        corner_uv=None if uv is None else uv[:, ::-1],
        normals=None,
    )


def _spacing(mesh: Mesh) -> float:
    low, high = mesh.bounds
    area = float(face_areas(mesh).sum())
    finest = max(np.sqrt(area / MOST_PLACES), np.sqrt(area / len(mesh.vertices)))
    return float(min(finest, LEAST_SHARE * np.linalg.norm(high - low)))


def _same_size(before: Mesh, after: Mesh) -> None:
    one, other = (float(np.linalg.norm(np.ptp(m.vertices, axis=0))) for m in (before, after))
    ratio = max(one, other) / max(min(one, other), 1e-300)
    if ratio <= _MOST_LARGER:
        return
    which = "second" if other > one else "first"
    unit = next((u for u in _UNITS if 0.7 < ratio / u < 1.4), None)
    hint = f", about as much as units that differ by {unit:g}" if unit else ""
    raise Undecided(
        f"the {which} is {ratio:,.3g} times as large as the other ({one:,.4g} against "
        f"{other:,.4g} mm across){hint}",
        remedy="check the unit of both: --unit says that of a mesh which states none",
    )


def _fits(changes: Changes, before: Mesh) -> None:
    """Raise Undecided where what was measured is no comparison of two scans of one object."""
    size = float(np.linalg.norm(np.ptp(before.vertices, axis=0)))
    smaller = min(float(changes.places.area.sum()), float(changes.after_places.area.sum()))
    known = np.isfinite(changes.change)
    if changes.compared_area < _LEAST_COMPARED * smaller:
        problem = f"only {changes.compared_area / smaller:.0%} of the surface is seen by both"
    elif float(np.median(np.abs(changes.change[known]))) > _MOST_NOISE * size:
        off = float(np.median(np.abs(changes.change[known])))
        problem = f"half of the surface is more than {off:.3g} mm off"
    else:
        return
    raise Undecided(
        f"they do not lie on each other: {problem}",
        remedy="check that both show the same relic, and the unit of each; with --aligned or "
        "--roughly-aligned, that both lie in one frame, or nearly",
    )


def _colors(mesh: Mesh, places: Places) -> ByteArray:
    assert mesh.colors is not None
    return np.asarray(mesh.colors[mesh.faces[places.face]].mean(axis=1).astype(np.uint8))
