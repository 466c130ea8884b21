"""What relic.json says of the scale: its unit, where that is from, and how well it was checked."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from relicscan.metadata.fields import Record, Text
from relicscan.metadata.tables import Unit
from relicscan.relic import Frame
from relicscan.units import UNITS, find_unit

#: Lengths are rounded to a nanometre.
_DECIMALS, _ROUNDED = 6, 2e-6

Positive = Annotated[float, Field(gt=0)]


class KnownDistanceRecord(Record):
    """A known distance held against the scan, `measured` in the unit of its file.

    `measured_mm` is that by the unit of the file, or by the scale that the distances gave it, and
    `residual_mm` how much it is more than `length_mm`: null where the scale is unknown.
    """

    name: Text
    length_mm: Positive
    measured: Positive
    measured_mm: Positive | None
    residual_mm: float | None

    @model_validator(mode="after")
    def _honest(self) -> KnownDistanceRecord:
        if (self.measured_mm is None) != (self.residual_mm is None):
            raise ValueError("measured_mm and residual_mm stand together")
        if self.measured_mm is not None and self.residual_mm is not None:
            off = self.measured_mm - self.length_mm - self.residual_mm
            if abs(off) > _ROUNDED:
                raise ValueError("residual_mm must follow from measured_mm and length_mm")
        return self


class Units(Record):
    """The unit of the source, and what figures and `master.bounds` are in.

    `mm_per_source_unit` is known where the unit is, and where it is not, but known `distances`
    have measured it; `distance_rms_mm` is the root mean square of their residuals.
    """

    unit: Unit | None
    basis: Text
    scale: Literal["measured", "declared", "unknown"]
    scale_known: bool
    figures_in: Literal["mm", "working units"]
    mm_per_source_unit: Positive | None = None
    distances: Annotated[tuple[KnownDistanceRecord, ...], Field(strict=False)] = ()
    distance_rms_mm: Annotated[float, Field(ge=0)] | None = None

    @classmethod
    def of(cls, frame: Frame, stated: str | None) -> Units:
        """The record of a frame; `stated` is what capture.scale says of the scale."""
        known, rms = frame.scale_known, frame.distance_rms_mm
        measured = stated == "measured" or frame.unit is None
        return cls(
            unit=find_unit(frame.unit) if frame.unit else None,  # type: ignore[arg-type]
            basis=frame.unit_basis,
            scale=("measured" if measured else "declared") if known else "unknown",
            scale_known=known,
            figures_in="mm" if known else "working units",
            mm_per_source_unit=frame.mm_per_unit,
            distances=tuple(
                KnownDistanceRecord(
                    name=one.name,
                    length_mm=one.length_mm,
                    measured=one.measured,
                    measured_mm=_rounded(one.measured_mm),
                    residual_mm=_rounded(one.residual_mm),
                )
                for one in frame.distances
            ),
            distance_rms_mm=_rounded(rms),
        )

    @model_validator(mode="after")
    def _honest(self) -> Units:
        # Manifests of schema 2.0 have a unit and no mm_per_source_unit.
        known = self.unit is not None or self.mm_per_source_unit is not None
        if {self.scale_known, self.figures_in == "mm", self.scale != "unknown"} != {known}:
            raise ValueError(
                "scale, scale_known and figures_in must follow from unit and distances"
            )
        if self.unit and self.mm_per_source_unit not in (None, UNITS[self.unit]):
            raise ValueError("mm_per_source_unit must be that of unit")
        if known and self.unit is None and not (self.distances and self.scale == "measured"):
            raise ValueError("without a unit, known distances have measured the scale")
        if not known and any(one.residual_mm is not None for one in self.distances):
            raise ValueError("distances have residuals where the scale is known, and nowhere else")
        residuals = [one.residual_mm for one in self.distances if one.residual_mm is not None]
        if (self.distance_rms_mm is None) != (not residuals):
            raise ValueError("there is a distance_rms_mm where there are residuals")
        if residuals and self.distance_rms_mm is not None:
            rms = math.sqrt(math.fsum(r * r for r in residuals) / len(residuals))
            if abs(rms - self.distance_rms_mm) > _ROUNDED:
                raise ValueError("distance_rms_mm must follow from the residuals")
        return self


def _rounded(length: float | None) -> float | None:
    return None if length is None else round(length, _DECIMALS)
