"""index.json: every relic of an output folder, and the anchor of its chain of checksums.

index.json.sha256 holds the checksum of index.json, index.json that of each
relic.json, each relic.json that of every file. Runs merge into what earlier
runs wrote; the caller holds the lock of the folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from relicscan.errors import OutputError
from relicscan.metadata.canonical import (
    canonical_json,
    digest,
    file_sha256,
    read_json,
    write_bytes_atomically,
)
from relicscan.metadata.fields import Record, RelicId, Sha256
from relicscan.metadata.figures import Count
from relicscan.metadata.manifest import (
    SCHEMA_VERSION,
    Reason,
    RelicManifest,
    SchemaVersion,
    State,
    Verdict,
)

INDEX = "index.json"
CHECKSUM = "index.json.sha256"


class EntryCounts(Record):
    """The size of one relic's output: bytes of all delivered files, triangles of the master."""

    sources: Count
    files: Count
    levels: Count
    triangles: Count
    bytes: Count
    warnings: Count


class IndexEntry(Record):
    """One relic; its manifest is `<id>/relic.json`, with this SHA-256.

    State and verdict are those of the last run, `reason` is the first thing that stands
    against it, and `remedy` what to do about that. Where it failed and the model of an
    earlier run was kept, `from_earlier_run` says so, and the manifest is its.
    """

    id: RelicId
    state: State
    verdict: Verdict | None
    reason: str | None
    remedy: str | None
    sha256: Sha256
    from_earlier_run: bool = False
    counts: EntryCounts

    @classmethod
    def of(cls, manifest: RelicManifest, sha256: str | None = None) -> IndexEntry:
        """The entry of a manifest in a file of that SHA-256, its canonical JSON if None."""
        reason, remedy = _first(manifest.reasons)
        return cls(
            id=manifest.id,
            state=manifest.state,
            verdict=manifest.verdict,
            reason=reason,
            remedy=remedy,
            sha256=sha256 or digest(manifest),
            counts=EntryCounts(
                sources=len(manifest.sources),
                files=len(manifest.delivered),
                levels=len(manifest.levels),
                triangles=manifest.master.triangles if manifest.master else 0,
                bytes=sum(file.bytes for file in manifest.delivered),
                warnings=len(manifest.warnings),
            ),
        )

    def of_earlier_run(self, state: State, reasons: Sequence[Reason]) -> IndexEntry:
        """The entry of a model that stays where the last run ended in `state` and made none."""
        reason, remedy = _first(reasons)
        return self.model_copy(
            update={
                "state": state,
                "verdict": None,
                "reason": reason,
                "remedy": remedy,
                "from_earlier_run": True,
            }
        )


def _first(reasons: Sequence[Reason]) -> tuple[str | None, str | None]:
    return (reasons[0].text, reasons[0].remedy) if reasons else (None, None)


class Index(Record):
    """index.json: the relics sorted by id, and how many there are of each state and verdict."""

    schema_name: Literal["relicscan.index"]
    schema_version: SchemaVersion
    relics: Annotated[tuple[IndexEntry, ...], Field(strict=False)]
    states: dict[State, Count]
    verdicts: dict[Verdict, Count]

    @model_validator(mode="after")
    def _adds_up(self) -> Index:
        ids = [entry.id for entry in self.relics]
        if ids != sorted(set(ids)):
            raise ValueError("the relics are not sorted by id, or one stands twice")
        if (self.states, self.verdicts) != _totals(self.relics):
            raise ValueError("the totals are not those of the relics")
        return self

    @classmethod
    def of(cls, entries: Sequence[IndexEntry]) -> Index:
        """The index of relics in any order, each id once."""
        relics = tuple(sorted(entries, key=lambda entry: entry.id))
        states, verdicts = _totals(relics)
        return cls(
            schema_name="relicscan.index",
            schema_version=SCHEMA_VERSION,
            relics=relics,
            states=states,
            verdicts=verdicts,
        )


def _totals(relics: Sequence[IndexEntry]) -> tuple[dict[State, int], dict[Verdict, int]]:
    states: Counter[State] = Counter(entry.state for entry in relics)
    verdicts: Counter[Verdict] = Counter(e.verdict for e in relics if e.verdict is not None)
    return dict(states), dict(verdicts)


def require_output(out: Path) -> None:
    """Raise OutputError unless `out` is an output folder: one with an index."""
    if not (out / INDEX).is_file():
        raise OutputError(
            f"there is no {INDEX}, so this is no output folder",
            scan=str(out),
            remedy="name the folder that `relicscan run` wrote to",
        )


def read_index(out: Path) -> Index:
    """The index of an output folder, empty where there is none. Raises OutputError."""
    path = out / INDEX
    return read_json(path, Index) if path.exists() else Index.of(())


def merge_index(out: Path, entries: Sequence[IndexEntry]) -> Index:
    """Put entries in place of those with the same ids, add the others, and write the index.

    Writes index.json and then index.json.sha256 (in the form that `sha256sum -c`
    reads), each in one step, and nothing where both are right already or there is no
    relic. Raises OutputError, also where the index that is there is damaged: its other
    relics cannot be vouched for.
    """
    existing = read_index(out)
    replaced = {entry.id for entry in entries}
    kept = [entry for entry in existing.relics if entry.id not in replaced]
    if kept and not _checksum_holds(out):
        _check_kept(out, kept)
    merged = Index.of([*kept, *entries])
    content = canonical_json(merged)
    if merged.relics and not (_checksum_holds(out) and (out / INDEX).read_bytes() == content):
        write_index(out, content)
    return merged


def write_index(out: Path, content: bytes) -> None:
    """Write the canonical JSON of an Index, and then its checksum. Raises OutputError."""
    sha256 = write_bytes_atomically(out / INDEX, content)
    write_bytes_atomically(out / CHECKSUM, f"{sha256}  {INDEX}\n".encode())


def _checksum_holds(out: Path) -> bool:
    try:
        stated = (out / CHECKSUM).read_bytes()
        return stated == f"{file_sha256(out / INDEX)}  {INDEX}\n".encode()
    except OSError:
        return False


def _check_kept(out: Path, kept: Sequence[IndexEntry]) -> None:
    """A run that died between the two files leaves them apart; so does a hand that changed one.

    What tells them apart are the manifests: a new checksum must not vouch for
    entries that nobody computed.
    """
    for entry in kept:
        manifest = out / entry.id / "relic.json"
        try:
            found = file_sha256(manifest)
        except OSError:
            found = "missing"
        if found != entry.sha256:
            raise OutputError(
                f"{CHECKSUM} does not fit {INDEX}, and {entry.id}/relic.json "
                + ("is missing" if found == "missing" else "is not the file that it lists"),
                scan=str(out / INDEX),
                remedy="restore both from a copy, or delete both and run all relics again",
            )
