"""What a relic.toml says under [scan]: how its scans are to be read and where they stand."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from relicscan.metadata.fields import Axis, FieldError, GivenPath, RigidMatrix
from relicscan.metadata.tables import SOME, Table, Unit, not_among, repeated
from relicscan.stage import did_you_mean

#: How many names a remedy lists.
LISTED = 50


class Pose(Table):
    """Where one scan stands: `matrix` is T_common_scan, (4, 4), rigid, in the unit of the scan."""

    file: GivenPath
    matrix: RigidMatrix


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
        if files and (strange := not_among(files, placed)) is not None:
            raise FieldError(
                f"{placed[strange]!r} has a pose but is not among [scan] files",
                did_you_mean(placed[strange], list(files[:LISTED]), "the files are"),
                *("pose", strange, "file"),
            )
        return self
