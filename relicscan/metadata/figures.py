"""Figures of relic.json, each with how it was measured: holes, distances, likeness, dimensions.

Millimetres stand only where the scale is known; where they are null, the reason stands beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from relicscan.metadata.descriptive import Dimension
from relicscan.metadata.fields import Record, Text
from relicscan.relic import Deviation, Distances, Frame, Step
from relicscan.units import mm_per_unit

Count = Annotated[int, Field(ge=0)]


class HolesRecord(Record):
    """What was not scanned and made up, and what stays open: figures of the stage fill_holes.

    Areas and widths are in `units.figures_in`; made-up vertices are flagged in the model files
    (`filled` in the master, `_FILLED` in the levels).
    """

    filled: Count
    filled_area: Annotated[float, Field(ge=0)]
    filled_area_share: Annotated[float, Field(ge=0, le=1)]
    left_open: Count
    widest_opening: Annotated[float, Field(ge=0)]

    @classmethod
    def of(cls, history: Sequence[Step]) -> HolesRecord | None:
        """The record of the last fill_holes that was not skipped; None where there was none."""
        for step in reversed(history):
            if step.stage == "fill_holes" and not step.skipped:
                figures = step.figures
                return cls(
                    filled=figures["holes_filled"],
                    filled_area=figures["filled_area_mm2"],
                    filled_area_share=figures["filled_area_share"],
                    left_open=figures["holes_left_open"],
                    widest_opening=figures["widest_opening_mm"],
                )
        return None


Length = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class DistancesRecord(Record):
    """How far places are from a surface, in mm and as a share of the full mesh's diagonal.

    RMS and 95th percentile are over `samples` places, the maximum over those and more.
    """

    rms_mm: Length | None
    p95_mm: Length | None
    max_mm: Length | None
    rms_of_diagonal: Length
    p95_of_diagonal: Length
    max_of_diagonal: Length
    samples: Count

    @classmethod
    def of(cls, found: Distances | None, diagonal: float, *, in_mm: bool) -> Self | None:
        """The record of distances in working units; without mm where those are none."""
        if found is None:
            return None
        return cls(
            rms_mm=found.rms if in_mm else None,
            p95_mm=found.p95 if in_mm else None,
            max_mm=found.max if in_mm else None,
            rms_of_diagonal=_share_of(found.rms, diagonal),
            p95_of_diagonal=_share_of(found.p95, diagonal),
            max_of_diagonal=_share_of(found.max, diagonal),
            samples=found.samples,
        )


class DeviationRecord(Record):
    """How far a level is from the cleaned scan: see `relicscan.geometry.deviation`.

    `scan_to_level` tells what is missing or smoothed away, `level_to_scan` what was made up;
    null where everything was filled. Of the scan's points, the share `left_out_share` is
    farther than `left_out_beyond_mm` from all that the model has: they count in the
    maximum alone. What was filled (`filled_area_share` of the level) counts in neither.
    """

    reference: Literal["points", "mesh"]
    no_mm_because: Text | None
    scan_to_level: DistancesRecord | None
    level_to_scan: DistancesRecord | None
    left_out_share: Share
    left_out_beyond_mm: Length | None
    left_out_beyond_of_diagonal: Length | None
    filled_area_share: Share

    @classmethod
    def of(cls, found: Deviation, frame: Frame) -> DeviationRecord:
        """The record of what was measured in the working units of `frame`."""
        in_mm, beyond = frame.scale_known, found.left_out_beyond
        diagonal = found.diagonal
        return cls(
            reference=found.reference,
            no_mm_because=None if in_mm else frame.unit_basis,
            scan_to_level=DistancesRecord.of(found.scan_to_level, diagonal, in_mm=in_mm),
            level_to_scan=DistancesRecord.of(found.level_to_scan, diagonal, in_mm=in_mm),
            left_out_share=found.left_out_share,
            left_out_beyond_mm=beyond if in_mm else None,
            left_out_beyond_of_diagonal=None if beyond is None else _share_of(beyond, diagonal),
            filled_area_share=found.filled_area_share,
        )

    @model_validator(mode="after")
    def _honest(self) -> DeviationRecord:
        ways = [way for way in (self.scan_to_level, self.level_to_scan) if way]
        if any((way.rms_mm is None) != (self.no_mm_because is not None) for way in ways):
            raise ValueError("figures in mm are null where there is a reason, and nowhere else")
        return self


class DeviationCheckRecord(Record):
    """How far a level is from the cleaned scan, held against what its target allows.

    `measured_mm` is the root mean square from the scan to the level, the same as in the level's
    `deviation`, and `measured_of_diagonal` its share of the full mesh's diagonal; `threshold_mm`
    is the target's `max_deviation_mm`. Where one of them is null, so is `passes`, with a reason.
    """

    method: Literal["rms_scan_to_level"]
    reference: Literal["points", "mesh"] | None
    measured_mm: Length | None
    measured_of_diagonal: Length | None
    threshold_mm: Annotated[float, Field(gt=0)] | None
    passes: bool | None
    reason: Text | None

    @classmethod
    def of(
        cls, found: Deviation | None, frame: Frame, threshold_mm: float | None
    ) -> DeviationCheckRecord:
        """The record of what was measured in the working units of `frame`, None where nothing was,
        and of the target's limit, None where it sets none.
        """
        distances = found.scan_to_level if found else None
        reasons = []
        if found is None:
            reasons.append("it was not measured")
        elif distances is None:
            reasons.append("all of the scan's surface was filled")
        elif not frame.scale_known:
            reasons.append("the scale of the scan is unknown")
        if threshold_mm is None:
            reasons.append("the target sets no limit")
        measured = distances.rms if distances and frame.scale_known else None
        passes = None
        if measured is not None and threshold_mm is not None:
            passes = measured <= threshold_mm
        return cls(
            method="rms_scan_to_level",
            reference=found.reference if found else None,
            measured_mm=measured,
            measured_of_diagonal=(
                _share_of(distances.rms, found.diagonal) if found and distances else None
            ),
            threshold_mm=threshold_mm,
            passes=passes,
            reason="; ".join(reasons) or None,
        )

    @model_validator(mode="after")
    def _honest(self) -> DeviationCheckRecord:
        passes = None
        if self.measured_mm is not None and self.threshold_mm is not None:
            passes = self.measured_mm <= self.threshold_mm
        if self.passes is not passes:
            raise ValueError("passes must follow from measured_mm and threshold_mm")
        if (self.passes is None) != (self.reason is not None):
            raise ValueError("there is a reason where passes is null, and nowhere else")
        return self


class PictureDifference(Record):
    """How different two pictures look: mean FLIP (0..1), and PSNR, null where they are equal."""

    flip: Share
    psnr_db: float | None


class DifferenceRecord(Record):
    """How different a level looks from the master: see `relicscan.quality.difference`.

    Shown in a square of `screen_px`; `shaded` as lit, `albedo` its colours alone. The mean FLIP
    as lit `passes` where it is no more than the `threshold_flip` of its target; null where that
    sets none, and so is `passes`.
    """

    screen_px: Count
    shaded: PictureDifference
    albedo: PictureDifference
    threshold_flip: Share | None = None
    passes: bool | None = None

    @model_validator(mode="after")
    def _honest(self) -> DifferenceRecord:
        passes = None
        if self.threshold_flip is not None:
            passes = self.shaded.flip <= self.threshold_flip
        if self.passes is not passes:
            raise ValueError("passes must follow from shaded.flip and threshold_flip")
        return self


#: A catalogue measures with a tape: it agrees within its own uncertainty, or this share, or 1 mm.
AGREES_WITHIN, AT_LEAST_MM = 0.02, 1.0

#: Sides of the model's box (x, y, z; y is up) that a dimension of the whole may be.
_SIDES = {
    "height": (1,),
    "width": (0, 2),
    "depth": (0, 2),
    "diameter": (0, 2),
    "length": (0, 1, 2),
    "thickness": (0, 1, 2),
}
#: Those of which the front decides.
_FRONTED = {"width": (0,), "depth": (2,)}


class DimensionRecord(Record):
    """A dimension of the catalogue held against the bounding box of the master.

    `measured_mm` is the side nearest to what is stated, of those that it can be;
    `threshold_mm` how far off it may be. Both are null, and `agrees`, with a reason.
    """

    kind: Text
    stated_mm: Annotated[float, Field(gt=0)]
    measured_mm: Length | None
    threshold_mm: Length | None
    agrees: bool | None
    reason: Text | None

    @classmethod
    def of(
        cls,
        stated: Dimension,
        sides_mm: Sequence[float] | None,
        *,
        upright: bool,
        fronted: bool = False,
    ) -> DimensionRecord:
        """The record of a dimension; `sides_mm` are those of the upright box (x, y, z), None
        where the scale is unknown. Unless it is known to stand `upright` any side may be high;
        unless it is `fronted`, known which side is the front, either may be wide.
        """
        unit = mm_per_unit(stated.unit)
        mm = float(f"{float(stated.value) * unit:.6g}")
        reason = None
        if stated.part:
            reason = "it is a dimension of a part"
        elif sides_mm is None:
            reason = "the scale of the scan is unknown"
        if reason or sides_mm is None:
            return cls(
                kind=stated.kind, stated_mm=mm, measured_mm=None, threshold_mm=None, agrees=None,
                reason=reason,
            )  # fmt: skip
        may_be = _SIDES[stated.kind] if upright else (0, 1, 2)
        if upright and fronted:
            may_be = _FRONTED.get(stated.kind, may_be)
        measured = min((sides_mm[side] for side in may_be), key=lambda side: abs(side - mm))
        uncertain = float(stated.uncertainty) * unit if stated.uncertainty else 0.0
        threshold = max(uncertain, AGREES_WITHIN * mm, AT_LEAST_MM)
        return cls(
            kind=stated.kind,
            stated_mm=mm,
            measured_mm=float(f"{measured:.4g}"),
            threshold_mm=float(f"{threshold:.4g}"),
            agrees=abs(measured - mm) <= threshold,
            reason=None,
        )


def _share_of(length: float, diagonal: float) -> float:
    """A length as a share of the diagonal, as exact as it was measured; 0 of a single place."""
    return float(f"{length / diagonal:.4g}") if diagonal > 0 else 0.0
