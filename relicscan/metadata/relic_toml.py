"""relic.toml: what a museum says of an object and of its scans.

Every key is known and every value checked: a misspelt `untis` must not leave a
model without a scale. Whatever is wrong is reported with its line, all of it
that can be seen at once. Texts are carried as they are and never interpreted.

Positions (poses, crop, hotspots) are in the coordinates and the unit of the
source. TOML 1.0; language tags BCP 47; dates EDTF (ISO 8601-2:2019).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from relicscan.metadata.descriptive import Capture, Museum, ObjectInfo, Related, Rights
from relicscan.metadata.fields import (
    Direction,
    FieldError,
    Name,
    RelicId,
    Vector3,
)
from relicscan.metadata.languages import LanguageMap, Languages, SpokenFiles
from relicscan.metadata.overrides import Overrides
from relicscan.metadata.scan_info import LISTED, ScanInfo
from relicscan.metadata.tables import SOME, Table, not_among, repeated
from relicscan.metadata.toml_file import read_toml
from relicscan.stage import did_you_mean

#: A relic.toml is texts and numbers; this is some 400 pages of them.
MAX_BYTES = 1_000_000


class Crop(Table):
    """What belongs to the object: a box in source coordinates, and whether its support does."""

    support: Literal["remove", "keep"] | None = None
    min: Vector3 | None = None
    max: Vector3 | None = None

    @model_validator(mode="after")
    def _a_box(self) -> Crop:
        if (self.min is None) != (self.max is None):
            raise FieldError(
                "a box needs both corners", "give min and max", "max" if self.max else "min"
            )
        if self.min and self.max and not all(map(float.__lt__, self.min, self.max)):
            raise FieldError(
                f"the box from {list(self.min)} to {list(self.max)} is empty",
                "every number of min must be smaller than that of max",
                "max",
            )
        return self


class PipelineChoice(Table):
    """Which pipeline, and what this relic wants otherwise: `set` by "stage.parameter"."""

    use: Name | None = None
    set: Overrides = Field(default_factory=dict)


class Camera(Table):
    """From where a hotspot is looked at, in source coordinates; it looks at the hotspot itself
    where no `target` is given.
    """

    position: Vector3
    target: Vector3 | None = None


class Hotspot(Table):
    """A place on the object that has something to tell; positions and normal in source axes."""

    id: Name
    position: Vector3
    normal: Direction | None = None
    camera: Camera | None = None
    title: LanguageMap | None = None
    text: LanguageMap | None = None
    audio: SpokenFiles | None = None


class Tour(Table):
    """A way from hotspot to hotspot, in order."""

    id: Name
    title: LanguageMap | None = None
    text: LanguageMap | None = None
    steps: Annotated[tuple[Name, ...], *SOME]


class RelicToml(Table):
    """All that a relic.toml may say. Every table is there; what was not stated is None or empty."""

    id: RelicId | None = None
    languages: Languages | None = None
    object: ObjectInfo = Field(default_factory=ObjectInfo)
    museum: Museum = Field(default_factory=Museum)
    rights: Rights = Field(default_factory=Rights)
    capture: Capture = Field(default_factory=Capture)
    scan: ScanInfo = Field(default_factory=ScanInfo)
    crop: Crop = Field(default_factory=Crop)
    pipeline: PipelineChoice = Field(default_factory=PipelineChoice)
    hotspot: Annotated[tuple[Hotspot, ...], Field(strict=False)] = ()
    tour: Annotated[tuple[Tour, ...], Field(strict=False)] = ()
    related: Annotated[tuple[Related, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _one_scale(self) -> RelicToml:
        if self.capture.scale == "unknown" and self.scan.unit:
            raise FieldError(
                "the scale is said to be unknown, and a unit is given",
                'leave [scan] unit out, or write scale = "declared"',
                *("capture", "scale"),
            )
        if self.capture.scale == "unknown" and self.scan.distance:
            raise FieldError(
                "the scale is said to be unknown, and a known distance is given",
                "leave scale out: [[scan.distance]] measures it",
                *("capture", "scale"),
            )
        return self

    @model_validator(mode="after")
    def _names(self) -> RelicToml:
        names = [hotspot.id for hotspot in self.hotspot]
        for kind, ids in (("hotspot", names), ("tour", [tour.id for tour in self.tour])):
            # They name files, and many file systems do not tell A from a.
            if (twice := repeated([name.casefold() for name in ids])) is not None:
                problem = f"two {kind}s have the id {ids[twice]!r}"
                raise FieldError(problem, "give each an id of its own", kind, twice, "id")
        for position, tour in enumerate(self.tour):
            if (strange := not_among(names, tour.steps)) is not None:
                step = tour.steps[strange]
                raise FieldError(
                    f"the tour {tour.id!r} goes to {step!r}, which is no hotspot",
                    did_you_mean(step, names[:LISTED], "the hotspots are"),
                    *("tour", position, "steps"),
                )
        return self

    def stated(self) -> dict[str, Any]:
        """What was stated, and only that, as plain data: what `Relic.metadata` carries."""
        return self.model_dump(mode="json")


def read_relic_toml(path: Path) -> RelicToml:
    """What a relic.toml says.

    UTF-8, with or without a byte order mark, up to MAX_BYTES. Raises ScanError
    with the line, the key, what was given and what would work.
    """
    return read_toml(path, RelicToml, max_bytes=MAX_BYTES)
