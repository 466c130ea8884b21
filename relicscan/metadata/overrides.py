"""Parameters that a relic wants otherwise than its pipeline, as relic.toml states them.

Only their form is checked here: which stages and parameters there are is the
pipeline's business (`Pipeline.with_overrides`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import isfinite
from typing import Annotated, Any

from pydantic import BeforeValidator, SkipValidation, WithJsonSchema

from relicscan.metadata.fields import FieldError

_WORD = "[a-z][a-z0-9_]*"


def _overrides(given: Any) -> Any:
    """Keys "stage.parameter", also where TOML has made tables of them for want of quotes."""
    if not isinstance(given, dict):
        return given
    flat: dict[str, Any] = {}
    for path, setting in _leaves(given):
        name = ".".join(path)
        if not re.fullmatch(rf"{_WORD}(\.{_WORD})+", name):
            raise FieldError(
                f"{name[:80]!r} does not say which parameter of which stage",
                'write set."stage.parameter" = value; `relicscan stages` lists them',
                *path,
            )
        if name in flat:
            raise FieldError(f"{name} is set twice", "keep one of the two", *path)
        if not _is_setting(setting):
            raise FieldError(
                f"{str(setting)[:80]!r} is not a value that a parameter can have",
                "give a text in quotes, a finite number, true or false, or a list of these",
                *path,
            )
        flat[name] = tuple(setting) if isinstance(setting, list) else setting
    return flat


def _is_setting(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(not isinstance(v, list | tuple) and _is_setting(v) for v in value)
    return isinstance(value, bool | int | str) or (isinstance(value, float) and isfinite(value))


def _leaves(
    table: dict[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*above, key))
        else:
            yield (*above, key), value


Scalar = bool | int | float | str
Setting = Scalar | tuple[Scalar, ...]
_SETTING = {
    "type": ["boolean", "number", "string", "array"],
    "items": {"type": ["boolean", "number", "string"]},
}


def _nested(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": rf"^{_WORD}(\.{_WORD})*$"},
        "additionalProperties": {"anyOf": [_SETTING, schema]},
    }


Overrides = Annotated[
    dict[str, SkipValidation[Setting]],
    BeforeValidator(_overrides),
    WithJsonSchema(
        {
            "description": 'Parameters of stages by "stage.parameter", or as tables of tables.',
            **_nested(_nested(_nested(_SETTING))),
        }
    ),
]
