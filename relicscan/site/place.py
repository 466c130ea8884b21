"""A folder that is replaced as a whole: what is published is built beside its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from relicscan.errors import OutputError


def is_built_already(target: Path, source: Path, mark: str, what: str) -> bool:
    """Whether an earlier build lies at `target`, known by its file `mark`; False where it is free.

    `what` it is goes into the words. Raises OutputError where it lies in `source`, the output
    folder that it is made from, or something else is there.
    """
    if target.resolve().is_relative_to(source.resolve()):
        raise OutputError(
            f"a {what} does not lie in the output folder that it is made from",
            scan=str(target),
            remedy="name a folder beside it: what nothing lists is a difference to `verify`",
        )
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    if not (target / mark).is_file():
        raise OutputError(
            f"there is something at this place that is no published {what}",
            scan=str(target),
            remedy="name a folder that is not there yet, or delete this one",
        )
    return True


@contextmanager
def built_beside(target: Path, what: str) -> Iterator[Path]:
    """A new folder that takes the place of `target` where the block ends well, and is gone where
    it does not. Raises OutputError where it cannot be written.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        partial.mkdir(parents=True)
        yield partial
        _take_place(partial, target)
    except OSError as error:
        raise OutputError(
            f"the {what} cannot be written ({error.strerror or error})",
            scan=str(target),
            remedy="check that you may write there and that the disk has room",
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _take_place(partial: Path, target: Path) -> None:
    old = partial.with_suffix(".old")
    if target.exists():
        target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
