"""What `verify` finds, and ways to spoil what it reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny_scans import read_json

from relicscan.batch.verify import verify


def problems(out: Path, **asked: Any) -> dict[str, str]:
    """What is wrong by path; each relic is the one that the path leads to."""
    found = verify(out, **asked)
    for difference in found:
        assert difference.remedy
        if difference.relic is not None:
            assert difference.relic in difference.path.split("/")
    told = {difference.path: difference.problem for difference in found}
    assert len(told) == len(found)
    return told


def rewrite(path: Path, change: Callable[[Any], object]) -> None:
    data = read_json(path)
    change(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def anchor(out: Path) -> None:
    """Make the checksum of index.json again."""
    sha256 = hashlib.sha256((out / "index.json").read_bytes()).hexdigest()
    (out / "index.json.sha256").write_text(f"{sha256}  index.json\n")


def flip(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
