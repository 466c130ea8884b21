"""A TOML file becomes a checked model, or one error that names every line to mend."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from relicscan.errors import ScanError, Unreachable, unreadable
from relicscan.metadata.toml_outline import MAX_DEPTH, outline
from relicscan.metadata.toml_problems import schema_error, syntax_error

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, model: type[Model], *, max_bytes: int) -> Model:
    """Read a TOML file as a model.

    UTF-8, with or without a byte order mark. Raises ScanError with the line, the
    key, what was given and what would work; a text that is well-formed is
    reported with all its mistakes at once.
    """
    scan = f"{path.parent.name}/{path.name}"
    text = _text_of(path, scan, max_bytes)
    lines = outline(text)
    if lines.too_deep:
        raise ScanError(
            f"line {lines.too_deep}: nested more than {MAX_DEPTH} deep",
            scan=scan,
            remedy="no key needs that: compare with a file by `relicscan new`",
        )
    try:
        given = tomllib.loads(text)
    except ValueError as error:
        raise syntax_error(error, text, scan) from None
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise schema_error(error, model, lines, scan) from None


def _text_of(path: Path, scan: str, max_bytes: int) -> str:
    if not path.is_file():
        # Whoever names it has seen it: it has gone since, perhaps with its share.
        raise Unreachable(
            "there is no such file",
            scan=scan,
            remedy="check that its disk or share is there; `relicscan new` writes one, and it is "
            "optional",
        )
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        raise unreadable(error, scan=scan) from None
    if len(data) > max_bytes:
        raise ScanError(
            f"the file has more than {max_bytes:,} bytes",
            scan=scan,
            remedy="a relic.toml holds texts and numbers: keep pictures and scans beside it",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScanError(
            f"line {data.count(10, 0, error.start) + 1}: the file is not UTF-8",
            scan=scan,
            remedy='save it as UTF-8 (in an editor: "save as", encoding UTF-8)',
        ) from None
