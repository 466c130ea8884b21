"""Canonical JSON: the same content is the same bytes, on every machine and every day.

Keys sorted by code point, two spaces of indent, UTF-8 with nothing escaped that
need not be, a line feed at the end; floats as the shortest decimal that reads
back to the same double (Steele & White 1990; Python's repr), zero without a
sign; no NaN, no infinity. Not RFC 8785: these files are also read by people.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from relicscan.durable import write_durably
from relicscan.errors import OutputError

#: An index of 100,000 relics has some 40 MB.
MAX_BYTES = 200_000_000
_RESTORE_REMEDY = "restore the file from a copy, or move it away and run again"

Model = TypeVar("Model", bound=BaseModel)


def canonical_json(data: BaseModel | Any) -> bytes:
    """The bytes of a model, or of mappings, sequences, texts, numbers and arrays.

    Raises ValueError with the path to what JSON cannot hold: a number that is not
    finite, a key that is not a text, a text that is not Unicode, any other type.
    """
    text = json.dumps(plain(data), ensure_ascii=False, sort_keys=True, indent=2, allow_nan=False)
    return f"{text}\n".encode()


def plain(data: BaseModel | Any) -> Any:
    """The same as dicts, lists, texts and numbers. Raises ValueError like `canonical_json`."""
    return _plain(data, "")


def digest(data: BaseModel | Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return bytes_sha256(canonical_json(data))


def bytes_sha256(content: bytes) -> str:
    """SHA-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_json_atomically(path: Path, data: BaseModel | Any) -> str:
    """Write canonical JSON under its name in one step; returns the SHA-256 of the file.

    After an error the file is as it was. Raises OutputError.
    """
    return write_bytes_atomically(path, canonical_json(data))


def write_bytes_atomically(path: Path, content: bytes) -> str:
    """`relicscan.durable.write_durably` of one piece."""
    return write_durably(path, [content])


def read_json(path: Path, model: type[Model]) -> Model:
    """A file that was written as canonical JSON of a model, checked.

    Raises OutputError naming the first thing that is not as it should be.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise OutputError(
                f"larger than {MAX_BYTES:,} bytes", scan=str(path), remedy=_RESTORE_REMEDY
            )
        content = path.read_bytes()
    except OSError as error:
        raise OutputError(
            f"the file cannot be read ({error.strerror or error})",
            scan=str(path),
            remedy="check that it exists and that you may read it",
        ) from None
    return parse_json(content, model, scan=str(path))


def parse_json(content: bytes, model: type[Model], *, scan: str) -> Model:
    """The same from the content of the file `scan`. Raises OutputError."""
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])[:200]
        remedy = _RESTORE_REMEDY
        if where == "schema_version":
            remedy = f"another version of relicscan wrote it ({first['input']!r}): use that version"
        raise OutputError(
            f"not what relicscan writes: {f'{where}: ' if where else ''}{first['msg']}",
            scan=scan,
            remedy=remedy,
        ) from None


def _plain(value: Any, path: str) -> Any:
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {
            _key(k, path): _plain(v, f"{path}.{k}" if path else str(k)) for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(v, f"{path}[{i}]") for i, v in enumerate(value)]
    if isinstance(value, str):
        return _unicode(value, path)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{path or 'the value'} is {value}, which JSON cannot hold")
        return value + 0.0  # -0.0 + 0.0 is 0.0
    if value is None or isinstance(value, bool | int):
        return value
    raise ValueError(f"{path or 'the value'} is a {type(value).__name__}, which JSON cannot hold")


def _key(key: Any, path: str) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{path or 'the value'} has the key {key!r}, which is not a text")
    return _unicode(key, path)


def _unicode(text: str, path: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path or 'the value'} is {text!r}, which is not Unicode") from None
    return text
