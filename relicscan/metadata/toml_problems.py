"""What is wrong with a TOML file, in sentences: line, key, what was given, what would work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from relicscan.errors import ScanError
from relicscan.metadata.fields import FieldError
from relicscan.metadata.toml_outline import Outline, Path
from relicscan.stage import did_you_mean

#: More than this many mistakes are counted, not told. Some are one and the same seen twice, so a
#: few more are put into words than are told.
_TOLD = 10
_EXPLAINED = 50

#: By what the parser of the standard library says of the commonest slips.
_SYNTAX_REMEDIES = {
    "Cannot overwrite a value": "the key stands twice: keep one of the two",
    "Cannot declare": "the table stands twice: put its keys together under one heading",
    "Unescaped '\\'": "write '/' instead of the backslash, or put the text in single quotes",
    "Unterminated string": "close the quotes on the same line, or use three of them on both ends",
    'Expected "\'"': "close the quotes on the same line, or use three of them on both ends",
    "Illegal character": "close the quotes on the same line, or use three of them on both ends",
    "Expected '=' after a key": "write key = value, texts in quotes",
    "Invalid value": "put texts in quotes, write decimal points (1.5) and true or false",
    "Exceeds the limit": "no number here has thousands of digits",
}

#: By pydantic's name for what is wrong; the others are wrong in ways that `msg` says well enough.
_KINDS = {
    "string_type": ("is not a text", "put it in quotes"),
    "float_type": ("is not a number", "write a number without quotes, with a point: 1.5"),
    "finite_number": ("is not a finite number", "write an ordinary number"),
    "tuple_type": ("is not a list", "write a list in brackets: [ … ]"),
    "model_type": ("is not a table", "write key = value pairs below a heading in brackets"),
    "model_attributes_type": ("is not a table", "write key = value pairs below a heading"),
    "dict_type": ("is not a table", "write key = value pairs below a heading in brackets"),
}


def syntax_error(error: ValueError, text: str, scan: str) -> ScanError:
    """The error for a text that is not TOML; `error` is what the parser raised."""
    said = str(error)
    found = re.search(r" \(at line (\d+), column \d+\)$", said)
    said = re.sub(r" \(at [^()]*\)$", "", said)
    where, given = "", ""
    if found:
        where = f"line {found[1]}: "
        # The parser's lines end at LF alone, as here.
        given = f": {_shown(text.split(chr(10))[int(found[1]) - 1].strip())}"
    remedy = next((r for start, r in _SYNTAX_REMEDIES.items() if said.startswith(start)), None)
    return ScanError(
        f"{where}this is not TOML ({said[:1].lower()}{said[1:120]}){given}",
        scan=scan,
        remedy=remedy or "compare the line with a file written by `relicscan new`",
    )


def schema_error(
    error: ValidationError, model: type[BaseModel], lines: Outline, scan: str
) -> ScanError:
    """The error for TOML that does not say what `model` wants: all mistakes, by line."""
    errors = sorted(error.errors(), key=lambda details: lines.line_of(_path(details)))
    found = sorted({_explained(details, model, lines) for details in errors[:_EXPLAINED]})
    if len(found) == 1:
        line, problem, remedy = found[0]
        return ScanError(f"line {line}: {problem}", scan=scan, remedy=remedy)
    count = len(found) + len(errors[_EXPLAINED:])
    told = [f"  line {line}: {problem} ({remedy})" for line, problem, remedy in found[:_TOLD]]
    if count > _TOLD:
        told.append(f"  and {count - _TOLD} more")
    return ScanError(
        "\n".join([f"{count} mistakes", *told]),
        scan=scan,
        remedy="mend these lines; `relicscan new` writes a file that shows every key",
    )


def _explained(
    details: Mapping[str, Any], model: type[BaseModel], lines: Outline
) -> tuple[int, str, str]:
    context: dict[str, Any] = details.get("ctx", {})
    wrong = context.get("error")
    path = _path(details)
    line, key, given = lines.line_of(path), _dotted(path), _shown(details["input"])
    kind = details["type"]
    if isinstance(wrong, FieldError):
        return line, f"{key}: {wrong.problem}", wrong.remedy
    if kind == "extra_forbidden":
        return line, f"there is no key {key}", _nearest_key(str(path[-1]), path[:-1], model)
    if kind == "missing" and isinstance(path[-1], str):
        return line, f"{key} is missing", f"add {path[-1]} = … here"
    if kind == "missing":
        return line, f"{_dotted(path[:-1])} has too few numbers", "compare it with `relicscan new`"
    if kind == "literal_error":
        return line, f"{key} = {given} is not possible", f"write {context['expected']}"
    if kind == "too_long":
        problem = f"{key} has {context['actual_length']} entries"
        return line, problem, f"give {context['max_length']}"
    if kind in _KINDS:
        problem, remedy = _KINDS[kind]
        return line, f"{key} = {given} {problem}", remedy
    return line, f"{key} = {given}: {details['msg']}", "compare with a file by `relicscan new`"


def _path(details: Mapping[str, Any]) -> Path:
    wrong = details.get("ctx", {}).get("error")
    return (*details["loc"], *(wrong.path if isinstance(wrong, FieldError) else ()))


def _nearest_key(given: str, table: Path, model: type[BaseModel]) -> str:
    """A remedy for a key that its table does not have: a table nearby may have it."""
    headings = []
    for above in dict.fromkeys((table, ())):
        for name, info in getattr(_model_at(above, model), "model_fields", {}).items():
            below = _model_in(info.annotation)
            if below and given in below.model_fields:
                heading = f"[{_dotted((*above, name))}]"
                listed = get_origin(info.annotation) is tuple
                headings.append(f"[{heading}]" if listed else heading)
    if headings:
        return f"it belongs below the heading {' or '.join(headings)}"
    names = getattr(_model_at(table, model), "model_fields", {})
    return did_you_mean(given, sorted(names), "the keys here are")


def _model_at(path: Iterable[str | int], model: type[BaseModel]) -> type[BaseModel] | None:
    """The model of the table that a path leads to."""
    at: type[BaseModel] | None = model
    for part in path:
        if at is None:
            return None
        if isinstance(part, str):
            info = at.model_fields.get(part)
            at = _model_in(info.annotation) if info else None
    return at


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for m in map(_model_in, get_args(annotation)) if m), None)


def _dotted(path: Path) -> str:
    """A path as one would say it: hotspot 2, title.en; odd keys quoted, nothing unprintable."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f" {part + 1}"
        else:
            plain = re.fullmatch(r"[A-Za-z0-9_-]{1,60}", part)
            said += ("." if said else "") + (part if plain else _shown(part))
    return said or "the file"


def _shown(given: Any) -> str:
    """What was given, on one line; escapes and invisible characters made visible by repr."""
    said = repr(given)
    return said if len(said) <= 80 else f"{said[:60]} … ({type(given).__name__})"
