"""Which code makes the models: one checksum of relicscan's own files and of its libraries.

Cached results and finished relics are vouched for only by the code that made them. The
command line is left out: how something is said changes no model.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from relicscan.metadata.canonical import digest
from relicscan.metadata.manifest import versions
from relicscan.pipeline import pipeline_folder

PACKAGE = Path(__file__).parents[1]
_NOT_OURS = {"cli", "vendor", "__pycache__"}


@cache
def code_version() -> str:
    """SHA-256, as 64 hexadecimal digits, over the code and the versions of what it stands on."""
    files = {
        path.relative_to(PACKAGE).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in PACKAGE.rglob("*.py")
        if not _NOT_OURS & set(path.relative_to(PACKAGE).parts)
    }
    pipelines = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in pipeline_folder().glob("*.toml")
    }
    return digest({"code": files, "pipelines": pipelines, "versions": versions()})
