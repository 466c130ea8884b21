"""A mapping file: how the columns and terms of a museum's own catalogue are to be understood.

    ignore = ["Bemerkung"]

    [columns]
    "Objekttitel" = "object.title@de"

    [values."represents"]
    "Ist-Zustand" = "existing state"

`columns` gives headings a field (`relicscan.metadata.imports.columns`), `ignore` names those that
are not taken, `values` says which text of a field stands for which; other texts stay as they are.
TOML 1.0; every mistake is told by its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from relicscan.errors import ScanError
from relicscan.metadata.fields import FieldError, Record
from relicscan.metadata.imports.columns import FieldPath, field_of, said, target_of
from relicscan.metadata.toml_file import read_toml

MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class ColumnMapping:
    """Headings and where their texts go, headings to ignore, and texts that stand for others."""

    columns: Mapping[str, FieldPath] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    values: Mapping[FieldPath, Mapping[str, str]] = field(default_factory=dict)

    def meant(self, path: FieldPath, text: str) -> str:
        """What a text of a field stands for: itself, unless the file says otherwise."""
        for known in (path, path[:-1]):
            if text.strip() in (terms := self.values.get(known, {})):
                return terms[text.strip()]
        return text


def _columns(given: Mapping[str, str]) -> Mapping[str, str]:
    taken: dict[FieldPath, str] = {}
    for heading, name in given.items():
        try:
            path = target_of(name)
        except FieldError as error:
            raise FieldError(error.problem, error.remedy, heading) from None
        if path in taken:
            raise FieldError(
                f"{taken[path][:60]!r} and {heading[:60]!r} are both for {said(path)}",
                "keep one, or give each a language of its own",
                heading,
            )
        taken[path] = heading
    return given


def _values(given: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
    for name in given:
        try:
            field_of(name)
        except FieldError as error:
            raise FieldError(error.problem, error.remedy, name) from None
    return given


def _no_list(given: Any) -> Any:
    if isinstance(given, dict) and isinstance(given.get("ignore"), list):
        raise FieldError(
            "ignore stands below the heading [columns]",
            "write it above the first heading in brackets",
            "ignore",
        )
    return given


class _MappingToml(Record):
    columns: Annotated[dict[str, str], BeforeValidator(_no_list), AfterValidator(_columns)] = Field(
        default_factory=dict
    )
    ignore: Annotated[tuple[str, ...], Field(strict=False)] = ()
    values: Annotated[dict[str, dict[str, str]], AfterValidator(_values)] = Field(
        default_factory=dict
    )


def read_mapping(path: Path) -> ColumnMapping:
    """What a mapping file says. Raises ScanError with the lines that are wrong."""
    if not path.is_file():
        raise ScanError(
            "there is no such mapping file", scan=str(path), remedy="check its path after --mapping"
        )
    given = read_toml(path, _MappingToml, max_bytes=MAX_BYTES)
    if both := sorted(set(given.columns) & set(given.ignore)):
        raise ScanError(
            f"{both[0][:60]!r} stands below [columns] and is to be ignored",
            scan=path.name,
            remedy="keep one of the two",
        )
    return ColumnMapping(
        {heading.strip(): target_of(name) for heading, name in given.columns.items()},
        frozenset(heading.strip() for heading in given.ignore),
        {field_of(name): terms for name, terms in given.values.items()},
    )
