"""The graph of an RO-Crate while it is made: entities by their ids, and the values in them.

RO-Crate 1.3, appendix "RO-Crate JSON-LD": a flat list of entities that name each other by id,
lists of one as a single value, nothing where there is nothing to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from relicscan.metadata.languages import UNDETERMINED

Graph = dict[str, dict[str, Any]]
Ref = dict[str, str]


def add(graph: Graph, at: str, kind: str | tuple[str, ...], **properties: Any) -> Ref:
    """Add what is said to the entity `at`. An id is used once in a graph: one that is there
    already, as the licence of object and models may be, keeps what it says.
    """
    entity = graph.setdefault(at, {"@id": at, "@type": []})
    kinds = [kind] if isinstance(kind, str) else list(kind)
    entity["@type"] = unpacked(dict.fromkeys([*listed(entity["@type"]), *kinds]))
    for key, value in properties.items():
        if (value := unpacked(listed(value))) is not None:
            entity.setdefault(key, value)
    return {"@id": at}


def named(graph: Graph, at: str, kind: str, name: Mapping[str, str] | str | None) -> Ref | None:
    """An entity with nothing but a name, where there is one."""
    if not name:
        return None
    return add(graph, at, kind, name=name if isinstance(name, str) else by_language(name))


def property_value(graph: Graph, at: str, name: str, value: Any, **more: Any) -> Ref | None:
    """A PropertyValue, where there is a value or a description of it."""
    if value in (None, []) and not more.get("description"):
        return None
    return add(graph, at, "PropertyValue", name=name, value=value, **more)


def listed(value: Any) -> list[Any]:
    """Values without the ones that say nothing."""
    return [one for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]


def unpacked(values: Iterable[Any]) -> Any:
    """One value for a list of one, as compacted JSON-LD has it; None for none."""
    values = list(values)
    return values[0] if len(values) == 1 else values or None


def by_language(texts: Mapping[str, str] | None) -> list[Any]:
    """Texts as JSON-LD values with their language; one without a language is a plain text."""
    return [
        text if tag == UNDETERMINED else {"@language": tag, "@value": text}
        for tag, text in (texts or {}).items()
    ]


def as_json(value: Any) -> str:
    """A value that is neither a text nor a number, as one."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def path_id(path: str) -> str:
    """A path as a relative reference (RFC 3987): what is not ASCII and can be seen stays."""
    return "".join(
        letter if letter == "/" or (letter > "\x7f" and letter.isprintable()) else quote(letter, "")
        for letter in path
    )


def iri(address: str) -> str:
    """An address that was checked when it was read, with what cannot be seen escaped."""
    return "".join(letter if letter.isprintable() else quote(letter, "") for letter in address)
