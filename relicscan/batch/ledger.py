"""index.json while a run goes on: kept in memory, written now and then, never behind the disk.

Writing the index of a hundred thousand relics takes seconds, so it is not written after
each. What was placed since is in a journal, one id a line, each written before its relic
takes its place: a run that was killed is caught up with from the manifests themselves.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from relicscan.errors import OutputError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.identity import id_problem
from relicscan.metadata.index import INDEX, Index, IndexEntry, merge_index, write_index
from relicscan.metadata.manifest import read_manifest
from relicscan.metadata.run_record import read_run

#: Of the time of a run, at most a twentieth is spent on writing the index.
SPARSE = 20.0


class Ledger:
    """The index of an output folder; the caller holds its lock. Raises OutputError."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.journal = out / ".relicscan" / "journal"
        index = merge_index(out, list(self._caught_up()))
        self.entries = {entry.id: entry for entry in index.relics}
        self._written = canonical_json(index) if (out / INDEX).exists() else b""
        self._clear_journal()
        self._announced: set[str] = set()
        self._next = 0.0

    def announce(self, relic_id: str) -> None:
        """The relic is about to change on the disk."""
        self._announced.add(relic_id)
        try:
            with self.journal.open("ab") as stream:
                stream.write(f"{relic_id}\n".encode())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise _cannot_write(self.journal, error) from None

    def enter(self, entry: IndexEntry) -> None:
        """The relic lies there whole; the index follows when it is its time."""
        self.entries[entry.id] = entry
        self._announced.discard(entry.id)
        if time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Write the index, unless that would change nothing.

        What was announced and never entered, the run having been interrupted between, is
        entered as it lies on the disk.
        """
        began = time.monotonic()
        self.entries |= {entry.id: entry for entry in self._placed(self._announced)}
        self._announced.clear()
        index = Index.of(tuple(self.entries.values()))
        content = canonical_json(index)
        if content != self._written:
            write_index(self.out, content)
            self._written = content
        self._clear_journal()
        now = time.monotonic()
        self._next = now + SPARSE * (now - began)

    def _clear_journal(self) -> None:
        with suppress(OSError):
            self.journal.unlink(missing_ok=True)

    def _caught_up(self) -> Iterable[IndexEntry]:
        """Entries of what was placed after the index was last written."""
        with suppress(OSError):
            lines = self.journal.read_text(encoding="utf-8", errors="replace").splitlines()
            yield from self._placed(lines)

    def _placed(self, announced: Iterable[str]) -> Iterable[IndexEntry]:
        """Entries as they lie on the disk, of those relics that do."""
        for relic_id in dict.fromkeys(announced):
            if id_problem(relic_id) is None:
                entry = entry_on_disk(self.out, relic_id)
                if entry is not None:
                    yield entry


def entry_on_disk(out: Path, relic_id: str) -> IndexEntry | None:
    """The entry that the manifest in a relic's folder stands for; None where there is none."""
    folder = out / relic_id
    try:
        entry = IndexEntry.of(read_manifest(folder / "relic.json"))
    except OutputError:
        return None
    with suppress(OutputError):
        run = read_run(folder / "run.json")
        if run.state != entry.state:
            return entry.of_earlier_run(run.state, run.reasons)
    return entry


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the file cannot be written ({error.strerror or error})",
        scan=str(path),
        remedy="check the disk that holds the output folder, and run again: what was finished is "
        "kept",
    )
