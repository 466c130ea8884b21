"""Stage results kept for the next run, under the hash of all that they follow from.

The key of a result is the hash of the key before it, the stage, its effective parameters
and the code; the first key is that of the files. So changing one parameter late in a
pipeline finds the result before it, and a run that was killed goes on where it was.

Reading and writing a result costs time as well: what is computed sooner than written is
not kept. The cache lies in OUT/.relicscan/cache, never grows over its limit by more than
one relic, and may be deleted at any time: it changes how long a run takes, and nothing else.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from relicscan.batch.code_version import code_version
from relicscan.batch.freeze import Torn, freeze, thaw
from relicscan.metadata.canonical import digest
from relicscan.pipeline import Pipeline, plain
from relicscan.relic import Relic

SUFFIX = ".relic"
#: A result is kept when it took longer than this since the last one that was.
WORTH_KEEPING_S = 0.5
#: Never the last room on a disk: the models need it.
FREE_BYTES = 2_000_000_000
#: What stages can see of the metadata: the keys under [scan]. The rest (crop, pipeline) comes to
#: them as parameters, or is carried along unread.
SEEN_METADATA = "scan"

#: What reading sees beside them; and of whom it keeps that they said it.
_SEEN_IN_READING, _SAID = ("capture", "scale"), ("scan.unit", "scan.up")


@dataclass
class Cache:
    """The results of one relic's pipeline in `folder`; None keeps and finds nothing."""

    folder: Path | None
    keys: list[str]
    kept_s: float

    @classmethod
    def of(
        cls,
        folder: Path | None,
        relic: Relic,
        pipeline: Pipeline,
        *,
        reproducible: bool,
        said_by: Mapping[str, str] = MappingProxyType({}),
    ) -> Cache:
        """The cache for an identified relic. What several threads made is kept apart.

        `said_by` is who stated each field of its metadata.
        """
        inputs = [
            (source.path, source.role, source.sha256)
            for source in relic.sources
            if source.role not in ("metadata", "other")
        ]
        table, key = _SEEN_IN_READING
        seen = [
            plain(relic.metadata.get(SEEN_METADATA, {})),
            relic.metadata.get(table, {}).get(key),
            [said_by.get(path) for path in _SAID],
        ]
        keys = [digest([code_version(), reproducible, inputs, seen, pipeline.max_points])]
        for planned in pipeline.stages:
            step = [planned.stage.name, plain(dict(planned.parameters))]
            keys.append(digest([keys[-1], step]))
        return cls(folder, keys, time.perf_counter())

    def latest(self, identified: Relic, pipeline: Pipeline) -> Relic | None:
        """The relic after as many stages as were kept, with the identity of `identified`."""
        if self.folder is None:
            return None
        for count in range(len(self.keys) - 1, -1, -1):
            path = self.folder / f"{self.keys[count]}{SUFFIX}"
            try:
                found = thaw(path)
            except OSError:
                continue
            except Torn:
                with suppress(OSError):
                    path.unlink()
                continue
            with suppress(OSError):
                os.utime(path)  # the least recently used goes first
            steps = zip(found.history, pipeline.stages, strict=False)
            self.kept_s = time.perf_counter()
            return replace(
                found,
                id=identified.id,
                metadata=identified.metadata,
                sources=identified.sources,
                # Where a parameter came from is not part of a key.
                history=tuple(
                    replace(step, overridden=dict(planned.overridden)) for step, planned in steps
                ),
            )
        return None

    def keep(self, relic: Relic) -> None:
        """Keep a relic that has been through as many stages as its history has steps.

        A disk that is full or cannot be written costs the cache and not the relic.
        """
        took = time.perf_counter() - self.kept_s
        if self.folder is None or took < WORTH_KEEPING_S:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self.folder).free > FREE_BYTES:
                freeze(
                    replace(relic, metadata={}, sources=()),
                    self.folder / f"{self.keys[len(relic.history)]}{SUFFIX}",
                )
        self.kept_s = time.perf_counter()


def prune(folder: Path, limit_bytes: int) -> None:
    """Delete the least recently used results until the rest fits, and what a killed run left."""
    entries: list[tuple[float, int, Any]] = []
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                status = entry.stat()
                entries.append((status.st_mtime, status.st_size, entry.path))
    size = sum(size for _, size, _ in entries)
    for _, bytes_, path in sorted(entries):
        if size <= limit_bytes:
            break
        with suppress(OSError):
            Path(path).unlink()
        size -= bytes_


def remove_parts(folder: Path) -> None:
    """Remove half-written results of a run that was killed. The caller holds the lock."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            part.unlink()
