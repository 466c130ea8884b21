"""What tables of relic.toml are made of: records that know what was stated, lists, units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from relicscan.metadata.fields import FieldError, Record
from relicscan.units import UNITS, find_unit


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


def repeated(names: Sequence[str]) -> int | None:
    """Where the first name stands that has stood before."""
    first = {name: len(names) - 1 - back for back, name in enumerate(reversed(names))}
    return next((i for i, name in enumerate(names) if first[name] < i), None)


def not_among(known: Sequence[str], names: Sequence[str]) -> int | None:
    """Where the first name stands that is not a known one."""
    among = set(known)
    return next((i for i, name in enumerate(names) if name not in among), None)


def _some(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise FieldError("the list is empty", "name at least one, or leave the key out")
    return value


#: A list with something in it. Not min_length: pydantic counts only the good entries, and
#: reports a bad one twice.
SOME = (Field(strict=False, json_schema_extra={"minItems": 1}), AfterValidator(_some))


def in_short(key: str, given: Any) -> Any:
    """A table that was written as a text alone, which is its `key`."""
    return {key: given} if isinstance(given, str) else given


def or_text(schema: Any, pattern: str = r"\S") -> dict[str, Any]:
    """The JSON Schema of a table that may be written as a text alone, of that pattern."""
    return {"anyOf": [{"type": "string", "pattern": pattern}, schema]}
