"""relic.toml: what a museum says of an object and of its scans.

Every key is known and every value checked: a misspelt `untis` must not leave a
model without a scale. Whatever is wrong is reported with its line, all of it
that can be seen at once. Texts are carried as they are and never interpreted.

Positions (poses, crop, hotspots) are in the coordinates and the unit of the
source. TOML 1.0; language tags BCP 47; dates EDTF (ISO 8601-2:2019).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

from relicscan.metadata.fields import (
    AatUri,
    Axis,
    Direction,
    Edtf,
    FieldError,
    GivenPath,
    HttpUri,
    Name,
    Record,
    RelicId,
    RigidMatrix,
    Text,
    Vector3,
)
from relicscan.metadata.languages import LanguageMap
from relicscan.metadata.overrides import Overrides
from relicscan.metadata.toml_file import read_toml
from relicscan.stage import did_you_mean
from relicscan.units import UNITS, find_unit

#: How many names a remedy lists.
_LISTED = 50

#: A relic.toml is texts and numbers; this is some 400 pages of them.
MAX_BYTES = 1_000_000


class Table(Record):
    """A table of relic.toml; what is not stated is not written either."""

    @model_serializer(mode="wrap")
    def _stated_only(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {k: v for k, v in serialize(self).items() if v not in (None, {}, (), [])}


def _unit(given: Any) -> Any:
    if not isinstance(given, str) or given in UNITS:
        return given
    meant = find_unit(given)
    raise FieldError(
        f"{given[:40]!r} is not one of the units",
        f'write "{meant}"' if meant else "use one of " + ", ".join(UNITS),
    )


Unit = Annotated[Literal["mm", "cm", "dm", "m", "in", "ft", "us-ft"], BeforeValidator(_unit)]


def _repeated(names: Sequence[str]) -> int | None:
    """Where the first name stands that has stood before."""
    first = {name: len(names) - 1 - back for back, name in enumerate(reversed(names))}
    return next((i for i, name in enumerate(names) if first[name] < i), None)


def _not_among(known: Sequence[str], names: Sequence[str]) -> int | None:
    """Where the first name stands that is not a known one."""
    among = set(known)
    return next((i for i, name in enumerate(names) if name not in among), None)


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise FieldError("the list is empty", "name at least one, or leave the key out")
    return value


# Not min_length: pydantic counts only the good entries, and reports a bad one twice.
_SOME = (Field(strict=False, json_schema_extra={"minItems": 1}), AfterValidator(_some))


class ObjectType(Table):
    """What kind of object it is, by name and in the Getty Art & Architecture Thesaurus."""

    label: LanguageMap | None = None
    aat: AatUri | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        """`type = "…"`: the address of a concept, or its name."""
        if isinstance(given, str):
            return {"aat" if re.match("https?://", given) else "label": given}
        return given

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "pattern": r"\S"}, handler(core_schema)]}


class Dating(Table):
    """When the object was made: for machines (`edtf`) and for readers (`display`)."""

    edtf: Edtf | None = None
    display: LanguageMap | None = None


class ObjectInfo(Table):
    """The object: what a catalogue says of it."""

    title: LanguageMap | None = None
    description: LanguageMap | None = None
    type: ObjectType | None = None
    material: LanguageMap | None = None
    culture: LanguageMap | None = None
    place: LanguageMap | None = None
    maker: LanguageMap | None = None
    inventory_number: Text | None = None
    dating: Dating | None = None
    represents: (
        Literal["existing state", "restoration", "reconstruction", "born digital"] | None
    ) = Field(default=None, description="What the model shows (London Charter, principle 4).")


class Museum(Table):
    """Whose object it is."""

    name: LanguageMap | None = None
    url: HttpUri | None = None
    id: Text | None = None


class Rights(Table):
    """Rights in the object and in the digital copy, kept apart, each by the URI of a licence."""

    object: HttpUri | None = None
    digital: HttpUri | None = None
    holder: LanguageMap | None = None
    attribution: LanguageMap | None = None
    restrictions: LanguageMap | None = None


class Capture(Table):
    """How the scans came to be."""

    method: LanguageMap | None = None
    device: Text | None = None
    software: Text | None = None
    operator: Text | None = None
    date: Edtf | None = None
    calibration: LanguageMap | None = None
    notes: LanguageMap | None = None


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
    files: Annotated[tuple[GivenPath, ...], *_SOME] | None = None
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
        if (twice := _repeated(files)) is not None:
            raise FieldError(f"{files[twice]!r} stands twice", "name each file once", "files")
        placed = [pose.file for pose in self.pose]
        if (twice := _repeated(placed)) is not None:
            problem = f"{placed[twice]!r} has two poses"
            raise FieldError(problem, "keep one", "pose", twice, "file")
        if files and (strange := _not_among(files, placed)) is not None:
            raise FieldError(
                f"{placed[strange]!r} has a pose but is not among [scan] files",
                did_you_mean(placed[strange], list(files[:_LISTED]), "the files are"),
                *("pose", strange, "file"),
            )
        return self


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


class Hotspot(Table):
    """A place on the object that has something to tell; position and normal in source axes."""

    id: Name
    position: Vector3
    normal: Direction | None = None
    title: LanguageMap | None = None
    text: LanguageMap | None = None


class Tour(Table):
    """A way from hotspot to hotspot."""

    id: Name
    title: LanguageMap | None = None
    steps: Annotated[tuple[Name, ...], *_SOME]


class RelicToml(Table):
    """All that a relic.toml may say. Every table is there; what was not stated is None or empty."""

    id: RelicId | None = None
    object: ObjectInfo = Field(default_factory=ObjectInfo)
    museum: Museum = Field(default_factory=Museum)
    rights: Rights = Field(default_factory=Rights)
    capture: Capture = Field(default_factory=Capture)
    scan: ScanInfo = Field(default_factory=ScanInfo)
    crop: Crop = Field(default_factory=Crop)
    pipeline: PipelineChoice = Field(default_factory=PipelineChoice)
    hotspot: Annotated[tuple[Hotspot, ...], Field(strict=False)] = ()
    tour: Annotated[tuple[Tour, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _names(self) -> RelicToml:
        names = [hotspot.id for hotspot in self.hotspot]
        for kind, ids in (("hotspot", names), ("tour", [tour.id for tour in self.tour])):
            if (twice := _repeated(ids)) is not None:
                problem = f"two {kind}s have the id {ids[twice]!r}"
                raise FieldError(problem, "give each an id of its own", kind, twice, "id")
        for position, tour in enumerate(self.tour):
            if (strange := _not_among(names, tour.steps)) is not None:
                step = tour.steps[strange]
                raise FieldError(
                    f"the tour {tour.id!r} goes to {step!r}, which is no hotspot",
                    did_you_mean(step, names[:_LISTED], "the hotspots are"),
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
