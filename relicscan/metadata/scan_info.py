"""What a relic.toml says under [scan]: how its scans are to be read and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from relicscan.metadata.distances import Distance
from relicscan.metadata.fields import Axis, FieldError, GivenPath, RigidMatrix
from relicscan.metadata.pose_hints import Match, Turntable
from relicscan.metadata.tables import SOME, Table, Unit, repeated
from relicscan.stage import did_you_mean

#: How many names a remedy lists.
LISTED = 50


class Pose(Table):
    """Where one scan stands: `matrix` is T_common_scan, (4, 4), rigid, in the unit of the scan."""

    file: GivenPath
    matrix: RigidMatrix
    rough: bool | None = Field(
        default=None,
        description="It is about right, and to be refined. Else the scan stays exactly there.",
    )


class ScanInfo(Table):
    """How to read the scans: their unit, what is up, which files, where each stands."""

    unit: Unit | None = None
    up: Axis | None = None
    front: Axis | None = None
    frame: Literal["common"] | None = Field(
        default=None, description="Scans without poses share one coordinate frame."
    )
    files: Annotated[tuple[GivenPath, ...], *SOME] | None = None
    pose: Annotated[tuple[Pose, ...], Field(strict=False)] = ()
    match: Annotated[tuple[Match, ...], Field(strict=False)] = ()
    turntable: Turntable | None = None
    distance: Annotated[tuple[Distance, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> ScanInfo:
        if self.up and self.front and self.up[1] == self.front[1]:
            raise FieldError(
                f"up {self.up} and front {self.front} lie on one line",
                "the front is a side of the object: choose one of the other two axes",
                "front",
            )
        files = self.files or ()
        if (twice := repeated(files)) is not None:
            raise FieldError(f"{files[twice]!r} stands twice", "name each file once", "files")
        placed = [pose.file for pose in self.pose]
        if (twice := repeated(placed)) is not None:
            problem = f"{placed[twice]!r} has two poses"
            raise FieldError(problem, "keep one", "pose", twice, "file")
        matched = ["\n".join(sorted((match.file, match.onto))) for match in self.match]
        if (twice := repeated(matched)) is not None:
            again = self.match[twice]
            problem = f"{again.file!r} and {again.onto!r} are matched twice"
            raise FieldError(problem, "put the points of both into one", "match", twice, "file")
        for file, what, path in self.named() if files else ():
            if file not in files:
                raise FieldError(
                    f"{file!r} {what} but is not among [scan] files",
                    did_you_mean(file, list(files[:LISTED]), "the files are"),
                    *path,
                )
        return self

    def named(self) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
        """Every file that a pose, a hint or a distance names, what it has, and where it stands."""
        for k, pose in enumerate(self.pose):
            yield pose.file, "has a pose", ("pose", k, "file")
        for k, match in enumerate(self.match):
            yield match.file, "has a match", ("match", k, "file")
            yield match.onto, "has a match", ("match", k, "onto")
        for file in (self.turntable and self.turntable.files) or ():
            yield file, "is on the turntable", ("turntable", "files")
        for k, distance in enumerate(self.distance):
            if distance.file is not None:
                yield distance.file, "has a distance", ("distance", k, "file")
