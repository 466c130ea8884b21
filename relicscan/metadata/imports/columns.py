"""Headings of a catalogue: which field of relic.toml a column is for, and in which language.

A heading is the path of a field, with the language of its texts after '@' (BCP 47):
`object.title@zh-Hans`, `object.dimension[0].value`. The commonest have short names. Which fields
there are is read off the models of relic.toml. What needs positions (hotspots, poses, a crop)
is no matter of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from relicscan.metadata.descriptive import Dimension
from relicscan.metadata.fields import FieldError
from relicscan.metadata.languages import UNDETERMINED, canonical_tag
from relicscan.metadata.relic_toml import RelicToml
from relicscan.stage import did_you_mean

#: Where a text goes: keys and, in lists, positions; of texts by language the tag comes last.
FieldPath = tuple[str | int, ...]

#: A row says by one of these which relic it is for.
WHICH = ("folder", "id")
#: Columns such as height = "31.2 ± 0.1 cm": each a dimension of the whole object.
MEASURES: tuple[str, ...] = get_args(Dimension.model_fields["kind"].annotation)

SHORT = {
    **{name: f"object.{name}" for name in ("title", "description", "material", "culture")},
    **{name: f"object.{name}" for name in ("place", "maker", "inventory_number", "represents")},
    "type": "object.type.label",
    "aat": "object.type.aat",
    "dating": "object.dating.display",
    "edtf": "object.dating.edtf",
    "museum": "museum.name",
    "rights.object": "rights.object.uri",
    "rights.digital": "rights.digital.uri",
}

#: Columns of our own tables of finished relics that are not read, and why.
_NOT_READ = {
    "it is what relicscan found out": re.compile(
        r"state|verdict|scale_known|(master|models|(files|sources|steps)\[\d+\])\..+"
    ),
    "a table has no place for it": re.compile(r"languages\[\d+\]|(hotspot|tour)\[\d+\]\..+"),
}

_LEFT_OUT = ("hotspot", "tour", "scan.pose", "scan.match", "scan.turntable", "scan.distance", "id")
#: No object has more dimensions and relations than this.
_MOST_NUMBERED = 100


@cache
def fields() -> dict[str, Literal["text", "texts"]]:
    """Fields by their paths, with [] after lists; "texts" are by language."""
    return dict(_fields(RelicToml, ""))


def short_names() -> list[str]:
    """Headings of the commonest fields."""
    return [*WHICH, *SHORT, *MEASURES]


def names() -> list[str]:
    """Headings that there are, short ones first."""
    return [*short_names(), *(path.replace("[]", "[0]") for path in fields())]


def target_of(heading: str) -> FieldPath:
    """Where the texts of a column go. Raises FieldError, with the nearest heading there is."""
    name, at, tag = heading.strip().partition("@")
    given, name = name, name.strip().casefold()
    if name in (*WHICH, *MEASURES):
        if at:
            raise FieldError(f"{name} has no language", f"write {name}")
        return (name,)
    name = SHORT.get(name, name)
    kind = fields().get(re.sub(r"\[[0-9]+\]", "[]", name))
    if kind is None:
        raise FieldError(
            f"there is no field {given.strip()[:60]!r}",
            did_you_mean(name[:200], names() if "." in name else short_names(), "there are"),
        )
    path = _path(name)
    if kind == "text":
        if at:
            raise FieldError(f"{name} has no language", f"write {name}")
        return path
    if not at:
        return (*path, UNDETERMINED)
    try:
        return (*path, canonical_tag(tag))
    except ValueError as error:
        raise FieldError(
            str(error), f"write a BCP 47 tag after '@', for example {name}@zh-Hans, {name}@de"
        ) from None


def not_read(heading: str) -> str | None:
    """Why a column that relicscan writes of a finished relic is not read; None for others."""
    return next((why for why, columns in _NOT_READ.items() if columns.fullmatch(heading)), None)


def field_of(name: str) -> FieldPath:
    """The same without a language, where none is named: for all languages of a field."""
    path = target_of(name)
    return path[:-1] if path[-1] == UNDETERMINED and "@" not in name else path


def said(path: FieldPath) -> str:
    """A path as a heading."""
    known = fields()
    last = ""
    if len(path) > 1 and known.get(_dotted(path[:-1], "[]")) == "texts":
        path, last = path[:-1], f"@{path[-1]}"
    return _dotted(path) + last


def _dotted(path: FieldPath, position: str | None = None) -> str:
    parts = (
        f".{part}" if isinstance(part, str) else position if position else f"[{part}]"
        for part in path
    )
    return "".join(parts).removeprefix(".")


def _path(name: str) -> FieldPath:
    path: list[str | int] = []
    for part in name.split("."):
        key, bracket, number = part.partition("[")
        path.append(key)
        if bracket:
            if len(number) > 3 or int(number[:-1]) >= _MOST_NUMBERED:
                raise FieldError(
                    f"{name[:60]!r} is numbered beyond {_MOST_NUMBERED - 1}", "count from 0"
                )
            path.append(int(number[:-1]))
    return tuple(path)


def _fields(model: type[BaseModel], above: str) -> Iterator[tuple[str, Literal["text", "texts"]]]:
    for key, info in model.model_fields.items():
        path = f"{above}{key}"
        if path in _LEFT_OUT:
            continue
        for annotation in _plain(info.annotation):
            origin, inside = get_origin(annotation), get_args(annotation)
            if annotation is str or origin is Literal:
                yield path, "text"
            elif origin is dict and inside == (str, str):
                yield path, "texts"
            elif origin is tuple and _is_model(inside[0]):
                yield from _fields(inside[0], f"{path}[].")
            elif _is_model(annotation):
                yield from _fields(annotation, f"{path}.")


def _plain(annotation: Any) -> Iterator[Any]:
    """What an annotation is made of, without Annotated, Optional and None."""
    if getattr(annotation, "__metadata__", None):
        yield from _plain(annotation.__origin__)
    elif get_origin(annotation) in (dict, tuple, Literal) or not get_args(annotation):
        yield annotation
    else:
        for choice in get_args(annotation):
            yield from _plain(choice)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
