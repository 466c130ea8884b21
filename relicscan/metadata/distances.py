"""Distances that are known: two places of a scan and how far apart they are, as a scale bar has it.

What relic.toml says of them stands here; what follows from it is `relicscan.metadata.scale`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from relicscan.metadata.fields import FieldError, GivenPath, Text, Vector3
from relicscan.metadata.tables import Table, Unit


def _apart(points: tuple[Vector3, Vector3]) -> tuple[Vector3, Vector3]:
    if points[0] == points[1]:
        raise FieldError(
            f"both points are {list(points[0])}", "pick the two ends of what was measured"
        )
    return points


class Distance(Table):
    """A known distance, such as a scale bar: it sets the scale where no unit is stated, else it
    checks the unit.
    """

    name: Text | None = Field(default=None, description='What was measured: "scale bar A".')
    file: GivenPath | None = Field(
        default=None,
        description="The scan in whose file the points were picked. It may be left out where the "
        "relic has one, or where its scans lie in one frame: then they are in that.",
    )
    points: Annotated[
        tuple[Vector3, Vector3],
        Field(
            strict=False,
            description="Its two ends, on the scan, in the coordinates and the unit of the file.",
        ),
        AfterValidator(_apart),
    ]
    length: Annotated[float, Field(gt=0, description="How far apart they are.")]
    unit: Annotated[Unit, Field(description="The unit of length and uncertainty.")] = "mm"
    uncertainty: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="How far off the length may be: what its certificate says."
    )
