"""What somebody who was there can say of where scans stand: places seen twice, and a turntable.

What relic.toml says of them stands here; what follows from it is `relicscan.metadata.hints`.
"""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from relicscan.metadata.fields import Direction, FieldError, GivenPath, Vector3
from relicscan.metadata.tables import SOME, Table, repeated

#: Fewer places leave a turn open.
FEWEST = 3
#: Places are on one line if none is farther from it than this share of their extent: an error of
#: picking of 1 % of the extent would turn the scan about it by 27 degrees.
_NARROW = 0.02
#: Farther apart than this are places on no object.
_FARTHEST = 1e15


def _no_line(points: tuple[Vector3, ...]) -> tuple[Vector3, ...]:
    if len(points) < FEWEST:
        raise FieldError(
            f"{len(points)} {'point' if len(points) == 1 else 'points'}, where {FEWEST} are needed",
            "pick more places, far from each other and not on one line",
        )
    start = points[0]
    along = max(
        ([a - b for a, b in zip(point, start, strict=True)] for point in points),
        key=lambda way: math.hypot(*way),
    )
    length = math.hypot(*along)
    if length > _FARTHEST:
        raise FieldError(f"the points are {length:.3g} apart", "check the numbers")
    if not any(_off(point, start, along, length) > _NARROW * length for point in points):
        raise FieldError(
            f"the {len(points)} points lie on one line or in one place, about which the scan "
            "could still turn",
            "pick at least one place far to the side of the others",
        )
    return points


def _off(point: Vector3, start: Vector3, along: list[float], length: float) -> float:
    """How far a point is from the line through `start`."""
    x, y, z = (a - b for a, b in zip(point, start, strict=True))
    u, v, w = (part / (length or 1.0) for part in along)
    return math.hypot(y * w - z * v, z * u - x * w, x * v - y * u)


Points = Annotated[
    tuple[Vector3, ...],
    Field(strict=False, json_schema_extra={"minItems": FEWEST}),
    AfterValidator(_no_line),
]


class Match(Table):
    """Places on the object that two scans show, the first of one being the first of the other."""

    file: GivenPath = Field(description="The scan that is to be placed.")
    points: Points = Field(
        description="Three places on it or more, not on one line, in the coordinates and the unit "
        "of the file."
    )
    onto: GivenPath = Field(description="Another scan, which shows the same places.")
    onto_points: Points = Field(
        description="The same places in the same order, in the coordinates and the unit of `onto`."
    )

    @model_validator(mode="after")
    def _pairs(self) -> Match:
        if self.file == self.onto:
            raise FieldError(
                f"{self.file!r} is matched with itself", "name another scan's file", "onto"
            )
        if len(self.points) != len(self.onto_points):
            raise FieldError(
                f"{len(self.points)} points of {self.file!r}, but {len(self.onto_points)} of "
                f"{self.onto!r}",
                "give each place in both files, in the same order",
                "onto_points",
            )
        return self


def _a_turn(degrees: float) -> float:
    if not 0 < abs(degrees) < 360:
        raise FieldError(
            f"a step of {degrees:g} degrees", "give more than 0 and less than 360, or less than 0"
        )
    return degrees


class Turntable(Table):
    """Scans from one place, between which a table turned the object by equal steps."""

    axis_point: Vector3 = Field(
        description="A point on the table's axis, in the coordinates and the unit of the first of "
        "the scans."
    )
    axis: Direction = Field(
        description="The direction that the table turns about by the right hand (counter-clockwise "
        "for who looks against it), in the coordinates of the scans."
    )
    step_degrees: Annotated[
        float,
        AfterValidator(_a_turn),
        Field(description="The turn between one scan and the next; negative the other way round."),
    ]
    files: Annotated[tuple[GivenPath, ...], *SOME] | None = Field(
        default=None,
        description="The scans in the order of the turns. Without it: all, by their names, scan2 "
        "before scan10. The scans in one file count one after the other.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Turntable:
        files = self.files or ()
        if (twice := repeated(files)) is not None:
            raise FieldError(f"{files[twice]!r} stands twice", "name each file once", "files")
        return self
