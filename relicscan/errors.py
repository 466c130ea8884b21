"""One family of errors: which scan, which stage, what was given, what would work.

The library raises these and prints nothing; `relicscan.cli` turns them into
words and exit codes, the batch turns them into a relic's `state`. A plain
Python exception that reaches either of them is a defect of ours.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any

#: What the system says of files whose disk or share has gone. ENOENT is among them: a file that
#: is read was found a moment before.
_GONE = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOENT", "ENODEV", "ENXIO", "EIO", "ESTALE", "ENOTCONN", "ETIMEDOUT", "ECONNRESET"),
        *("EHOSTDOWN", "EHOSTUNREACH", "ENETUNREACH", "EREMOTEIO", "ENOMEDIUM", "ESHUTDOWN"),
    )
    if hasattr(errno, name)
)


def as_unicode(text: str) -> str:
    r"""`text` fit to be written as UTF-8: bytes of a file's name that are none become `\udcff`."""
    return text.encode("utf-8", "backslashreplace").decode()


class RelicscanError(Exception):
    """Something that the user can mend.

    `message` says what is wrong with what was given, `remedy` what would work.
    `scan` (a file or relic id) and `stage` are filled in by whoever knows them,
    often a caller further up: see `at`.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        scan: str | None = None,
        stage: str | None = None,
    ) -> None:
        super().__init__(as_unicode(message))
        self.message = as_unicode(message)
        self.remedy = as_unicode(remedy) if remedy else remedy
        self.scan = as_unicode(scan) if scan else scan
        self.stage = stage

    def at(self, *, scan: str | None = None, stage: str | None = None) -> RelicscanError:
        """Fill in where it happened, unless something nearer already said so."""
        self.scan = self.scan or (as_unicode(scan) if scan else scan)
        self.stage = self.stage or stage
        return self

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (self.scan, f"stage {self.stage}" if self.stage else None) if part
        )
        text = f"{where}: {self.message}" if where else self.message
        return f"{text}\n  What would work: {self.remedy}" if self.remedy else text


class ScanError(RelicscanError):
    """A scan or its relic.toml that cannot be used: the relic is `rejected`, never retried."""


class Unreachable(ScanError):
    """A scan that cannot be had now (a share that vanished, a disk that fails): try again later.

    It says nothing about the scan, so the relic has `failed` and is not `rejected`.
    """


class StageError(RelicscanError):
    """A stage that could not do its work on input that looked right: the relic has `failed`."""


class Undecided(RelicscanError):
    """Going on would mean guessing: the relic is `done` without a model, its verdict `review`.

    `figures` are what the stage measured (as of `relicscan.relic.Relic.noting`), `arrangements`
    the answers between which nothing decides (`relicscan.relic.Arrangement`). `step`, the record
    of the stage (`relicscan.relic.Step`), is filled in by whoever runs it.
    """

    def __init__(
        self,
        message: str,
        *,
        figures: Mapping[str, Any] | None = None,
        arrangements: Sequence[Any] = (),
        **told: str | None,
    ) -> None:
        super().__init__(message, **told)
        self.figures = dict(figures or {})
        self.arrangements = tuple(arrangements)
        self.step: Any = None


class PipelineError(RelicscanError):
    """A pipeline, parameter or command line that is wrong, found before any scan is read."""


class OutputError(RelicscanError):
    """The output folder cannot be written, or what was written did not come back as it should."""


class Busy(RelicscanError):
    """Another run holds the output folder."""


class NoRoom(RelicscanError):
    """Not enough disk or memory to start."""


def unreadable(error: OSError, *, scan: str, what: str = "file") -> ScanError:
    """The error for a file or folder that the system would not read: gone for now, or refused."""
    message = f"the {what} cannot be read ({error.strerror or error})"
    if error.errno in _GONE:
        return Unreachable(
            message,
            scan=scan,
            remedy="check that it is still there, and that the disk or share that holds it is, "
            "and run again",
        )
    return ScanError(message, scan=scan, remedy="check that you may read it")
