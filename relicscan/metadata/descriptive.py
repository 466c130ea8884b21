"""What a catalogue says of an object: the tables of relic.toml that describe it.

What it is, whose it is, who has which rights, how it was captured. Texts are by language
(BCP 47) and never interpreted; dates are EDTF (ISO 8601-2:2019), rights the address of a
licence (Creative Commons, rightsstatements.org), kinds of object concepts of the AAT.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue

from relicscan.metadata.fields import (
    HTTP,
    AatUri,
    Decimal,
    Edtf,
    FieldError,
    HttpUri,
    RelicId,
    Text,
)
from relicscan.metadata.languages import LanguageMap
from relicscan.metadata.tables import Table, Unit, in_short, or_text, repeated


class ObjectType(Table):
    """What kind of object it is, by name and in the Getty Art & Architecture Thesaurus."""

    label: LanguageMap | None = None
    aat: AatUri | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        """`type = "…"`: the address of a concept, or its name."""
        address = isinstance(given, str) and re.match("https?://", given)
        return in_short("aat" if address else "label", given)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return or_text(handler(core_schema))


class Dating(Table):
    """When the object was made: for machines (`edtf`) and for readers (`display`)."""

    edtf: Edtf | None = None
    display: LanguageMap | None = None


class Dimension(Table):
    """A measure as the catalogue states it: decimals as they were written, never a float's."""

    kind: Literal["height", "width", "depth", "length", "diameter", "thickness"]
    value: Decimal
    unit: Unit
    uncertainty: Decimal | None = Field(default=None, description="Plus or minus, in `unit`.")
    part: LanguageMap | None = Field(
        default=None, description="Of which part of the object; without it, of the whole."
    )


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
    dimension: Annotated[tuple[Dimension, ...], Field(strict=False)] = ()
    represents: (
        Literal["existing state", "restoration", "reconstruction", "born digital"] | None
    ) = Field(default=None, description="What the model shows (London Charter, principle 4).")

    @model_validator(mode="after")
    def _measured_once(self) -> ObjectInfo:
        whole = [dimension.kind for dimension in self.dimension if not dimension.part]
        if (twice := repeated(whole)) is not None:
            raise FieldError(
                f"the {whole[twice]} of the whole stands twice",
                "keep one, or say of which part it is: part.en",
                "dimension",
            )
        return self


class Museum(Table):
    """Whose object it is."""

    name: LanguageMap | None = None
    url: HttpUri | None = None
    id: Text | None = None


class RightsIn(Table):
    """Rights in one thing: the address of a licence or statement, who holds them, what to say."""

    uri: HttpUri | None = None
    holder: LanguageMap | None = None
    attribution: LanguageMap | None = None
    restrictions: LanguageMap | None = None

    @property
    def credit(self) -> LanguageMap | None:
        """Whom to name: as the holder wants it, or else the holder."""
        return self.attribution or self.holder

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        """`digital = "https://…"`: the address alone."""
        return in_short("uri", given)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Any, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return or_text(handler(core_schema), HTTP)


class Rights(Table):
    """Rights in the object and in its digital copy, kept apart."""

    object: RightsIn = Field(default_factory=RightsIn)
    digital: RightsIn = Field(default_factory=RightsIn)


class Capture(Table):
    """How the scans came to be; `scale` is how their size is known, and from what."""

    method: LanguageMap | None = None
    device: Text | None = None
    software: Text | None = None
    operator: Text | None = Field(default=None, description="A name or a pseudonym.")
    date: Edtf | None = None
    calibration: LanguageMap | None = None
    scale: Literal["measured", "declared", "unknown"] | None = None
    scale_basis: LanguageMap | None = Field(
        default=None, description="What the size was taken from: a scale bar, targets, a sensor."
    )
    notes: LanguageMap | None = None

    @model_validator(mode="after")
    def _with_a_basis(self) -> Capture:
        if self.scale == "measured" and not self.scale_basis:
            raise FieldError(
                "a measured scale was measured by something",
                'say by what: scale_basis.en = "scale bar of 500 mm", or write scale = "declared"',
                "scale",
            )
        return self


class Related(Table):
    """Another relic of the same output, by `id`, or anything with an address, and how it is
    related.
    """

    relation: Literal["part of", "has part", "copy of", "has copy", "pair of", "found with", "see"]
    id: RelicId | None = None
    uri: HttpUri | None = None
    label: LanguageMap | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Related:
        if (self.id is None) == (self.uri is None):
            raise FieldError(
                "a related thing has an id or an address",
                'give one: id = "amphora-12" for a relic, uri = "https://…" for anything else',
                "id" if self.id else "relation",
            )
        return self
