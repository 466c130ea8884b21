"""compare.json: what differs between two surfaces of one object, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from relicscan.metadata.fields import Matrix4, Record, RelicId, Sha256, Text, Vector3
from relicscan.metadata.figures import Count, Length, Share
from relicscan.metadata.manifest import SCHEMA_VERSION, Reason, SchemaVersion, Texts

#: Where the alignment comes from, for people.
ALIGNMENT_WORDS = {
    "found": "found",
    "refined": "refined from the frames as they were given",
    "as_given": "as the frames were given",
}

Area = Annotated[float, Field(ge=0)]


class SideRecord(Record):
    """One of both: its file, how large it is, and the unit that it was read in.

    `roughness_mm` is how far the surface lies from the quadric through its surroundings, in the
    median: what is left of the noise of the scan.
    """

    name: Text
    sha256: Sha256
    triangles: Count
    unit: Text
    unit_basis: Text
    roughness_mm: Length | None = None


class AlignmentRecord(Record):
    """How the after surface was brought onto the before surface; nothing is ever scaled.

    The place was `found` from nowhere, `refined` from the frames as given where these were said to
    be nearly one, or taken `as_given`.
    `T_before_after` takes millimetres of the after mesh to those of the before mesh.
    `residual_mm` is the scatter of what fits (one standard deviation, robust), of which there is
    `fitting_share`; `error_mm` the standard error of the alignment where it is largest.
    `moved_mm` is the farthest that anything was moved or, with `as_given`, would have to be.
    `scale_factor`: by how much the after surface would have to grow to fit best.
    """

    method: Literal["found", "refined", "as_given"]
    T_before_after: Matrix4
    residual_mm: Length
    fitting_share: Share
    error_mm: Length
    moved_mm: Length
    scale_factor: Annotated[float, Field(gt=0)]
    scale_error: Length


class DetectionRecord(Record):
    """What could be found: medians over cylinders of `cylinder_radius_mm`, `spacing_mm` apart.

    `noise_mm` is the noise of a cylinder over most of the surface, `lod95_mm` the median level of
    detection at 95 %. A change of more than `detectable_mm` over a cylinder would have been found
    on most of the surface; what is less is "no change found", not "no change".
    """

    places: Count
    spacing_mm: Length
    cylinder_radius_mm: Length
    noise_mm: Length
    lod95_mm: Length
    detectable_mm: Length


class AreasRecord(Record):
    """Areas: what was compared, and what only one of both shows, which is neither loss nor gain.

    `made_up_mm2` is what closes holes of the before surface.
    """

    before_mm2: Area
    compared_mm2: Area
    made_up_mm2: Area
    not_in_after_mm2: Area
    not_in_before_mm2: Area


class PlaceRecord(Record):
    """A place: in millimetres of the before mesh, in the model (metres), and in the source.

    `source` is in the coordinates and the unit of the scan, or of the mesh file.
    """

    mesh_mm: Vector3
    model_m: Vector3 | None
    source: Vector3


class ChangeRegionRecord(Record):
    """A connected change. `mean_mm` and `deepest_mm` are negative for a loss.

    `area_mm2` is that of the before surface concerned, `length_mm` and `width_mm` how it lies on
    it. `area_uncertainty_mm2` is how far its edge is unsure, 0.75 spacings at the least;
    `uncertainty_mm` the mean LOD95 there; `volume_uncertainty_mm3` that over the area. `cut_off`:
    it reaches a place where there is nothing to compare, so it may be larger. `through`: a part
    that is gone altogether, or new: its volume is an estimate.
    """

    kind: Literal["loss", "gain"]
    area_mm2: Area
    area_uncertainty_mm2: Area
    volume_mm3: Area
    volume_uncertainty_mm3: Area
    mean_mm: float
    deepest_mm: float
    uncertainty_mm: Length
    length_mm: Length
    width_mm: Length
    centroid: PlaceRecord
    deepest_at: PlaceRecord
    cut_off: bool
    through: bool


class GapRecord(Record):
    """A part of the before surface that the after surface does not show."""

    area_mm2: Area
    length_mm: Length
    width_mm: Length
    centroid: PlaceRecord


class ChangeRecord(Record):
    """compare.json: one relic, before and after. Where it was refused, a reason says why."""

    schema_name: Literal["relicscan.compare"]
    schema_version: SchemaVersion
    id: RelicId | None
    state: Literal["compared", "refused"]
    reason: Reason | None
    before: SideRecord | None
    after: SideRecord | None
    alignment: AlignmentRecord | None
    detection: DetectionRecord | None
    areas: AreasRecord | None
    changes: Annotated[tuple[ChangeRegionRecord, ...], Field(strict=False)]
    gaps: Annotated[tuple[GapRecord, ...], Field(strict=False)]
    remarks: Texts

    @model_validator(mode="after")
    def _coherent(self) -> ChangeRecord:
        compared = self.state == "compared"
        if (self.reason is None) != compared:
            raise ValueError("a comparison that was refused has a reason, and no other has")
        if {self.alignment is not None, self.detection is not None, self.areas is not None} != {
            compared
        }:
            raise ValueError("there are figures where it was compared, and nowhere else")
        return self


def change_record(
    *,
    id: str | None,
    before: SideRecord | None = None,
    after: SideRecord | None = None,
    reason: Reason | None = None,
    figures: dict[str, Any] | None = None,
    remarks: Sequence[str] = (),
) -> ChangeRecord:
    """The record of a comparison, with `figures`, or of one that was refused, with a reason."""
    found = figures or {}
    return ChangeRecord(
        schema_name="relicscan.compare",
        schema_version=SCHEMA_VERSION,
        id=id,
        state="refused" if reason else "compared",
        reason=reason,
        before=before,
        after=after,
        alignment=found.get("alignment"),
        detection=found.get("detection"),
        areas=found.get("areas"),
        changes=found.get("changes", ()),
        gaps=found.get("gaps", ()),
        remarks=tuple(remarks),
    )


def rounded(value: Any, digits: int = 4) -> float:
    """So many digits, and no nanometres: the last changes with the places that were drawn."""
    return round(float(f"{float(value):.{digits}g}"), 6)


def vector(values: Any, decimals: int = 3) -> tuple[float, float, float]:
    """Three coordinates, rounded."""
    x, y, z = (round(float(v), decimals) + 0.0 for v in np.asarray(values))
    return x, y, z
