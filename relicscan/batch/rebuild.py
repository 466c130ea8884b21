"""Relics made again from their scans, in a scratch folder, and held against what is there.

A checksum tells that a file is the one that was written; this tells that it is what the scans
give. With what run.json and relic.json have on record (pipeline, overrides, `--reproducible`), the
relics are run again. `rebuild_compare` says when bytes have to be the same, and what is close
enough where they need not be.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from relicscan.batch.events import Event, Observer
from relicscan.batch.held_against import Difference
from relicscan.batch.rebuild_compare import compared
from relicscan.batch.run import run
from relicscan.batch.scan_places import Place, Scans, places
from relicscan.batch.standing import what_changed
from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.manifest import RelicManifest, read_manifest
from relicscan.metadata.run_record import RunRecord, read_run
from relicscan.stage import did_you_mean

#: Endings that depend on the scan alone; a crash or a lack of memory need not come again.
_REPEATABLE = ("done", "rejected")

#: Pipeline, overrides as JSON, and whether with `--reproducible`.
_Settings = tuple[str | None, str, bool]

_ELSEWHERE = "name with --scans also the folder that holds them, as it was given to the run"
_RERUN = "if they were changed on purpose, run the relic again; else restore them from a copy"
_NO_RUN = "restore run.json from a copy; without it nobody knows what was asked for"


@dataclass(frozen=True)
class _Made:
    """A relic as it lies in the output folder."""

    manifest: RelicManifest
    run: RunRecord
    roots: tuple[Path, ...]

    @property
    def settings(self) -> _Settings:
        """What its run was asked for, as far as it decides what is made."""
        request = self.run.request
        pipeline, overrides = (request.pipeline, request.overrides) if request else (None, {})
        return pipeline, json.dumps(overrides, sort_keys=True), self.manifest.reproducible


def rebuild(
    out: str | Path,
    scans: Scans | None = None,
    *,
    relics: Collection[str] = (),
    scratch: str | Path | None = None,
    jobs: int | None = None,
    note: Callable[[str], None] = lambda _: None,
    observe: Observer = lambda _: None,
) -> list[Difference]:
    """In what the relics of the output folder `out` are not what their `scans` give now.

    `scans` are the files, folders and roots that the run was given, None those that it remembers;
    `relics` the ids of those
    that are made again, all where there are none. They are made in a folder of their own in
    `scratch`, else beside `out`, which is removed afterwards. `note` hears which were not made
    again, and which were compared by tolerances. What the checksums say is `verify`'s to hold.
    Raises PipelineError for an id that is none and scans that do not exist, OutputError where
    nothing can be written in `scratch` or it lies in `out`, NoRoom.
    """
    out = Path(out)
    there = sorted(path.parent.name for path in out.glob("*/relic.json"))
    for wanted in relics:
        if wanted not in there:
            raise PipelineError(
                f"there is no relic {wanted[:60]!r} in {out}",
                remedy=did_you_mean(wanted, there, "the relics are"),
            )
    wanted_ids = sorted(relics or there)
    looked_in = places(out, scans, wanted_ids, note)
    if wanted_ids and not looked_in:
        raise PipelineError(
            "relics are rebuilt from their scans, and they are not where a run has read them",
            remedy="name the folder that was given to the run with --scans",
        )
    found = {relic_id: one for one in looked_in for relic_id in one.relics}
    differences: list[Difference] = []
    made: dict[str, _Made] = {}
    for relic_id in wanted_ids:
        was = _made(out / relic_id, found.get(relic_id), differences, note)
        if was is not None:
            made[relic_id] = was
    with _place(out, scratch) as place:
        for (roots, settings), ids in _alike(made).items():
            again = place / "out"
            try:
                _run(roots, again, settings, ids, jobs, observe)
            except PipelineError as error:
                problem = f"it cannot be rebuilt: {error.message}"
                remedy = error.remedy or _NO_RUN
                differences += [Difference(one, one, problem, remedy) for one in ids]
                continue
            for one in ids:
                told = made[one].manifest, made[one].run
                differences += compared(out / one, again / one, *told, note)
            shutil.rmtree(again, ignore_errors=True)
    return sorted(differences, key=lambda d: (d.relic or "", d.path, d.problem))


def _made(
    folder: Path,
    place: Place | None,
    differences: list[Difference],
    note: Callable[[str], None],
) -> _Made | None:
    """What is to be made again; None where that cannot be, or would prove nothing."""
    relic_id = folder.name

    def differ(problem: str, remedy: str) -> None:
        differences.append(Difference(relic_id, relic_id, problem, remedy))

    try:
        manifest = read_manifest(folder / "relic.json")
    except OutputError as error:
        differ(f"it cannot be rebuilt: relic.json is {error.message}", error.remedy or _NO_RUN)
        return None
    try:
        run = read_run(folder / "run.json")
    except OutputError as error:
        differ(f"it cannot be rebuilt: run.json is needed: {error.message}", _NO_RUN)
        return None
    if run.state != manifest.state:
        note(f"{relic_id} was not rebuilt: the last run ended as {run.state} and made no model")
    elif run.state not in _REPEATABLE or run.inputs is None:
        note(f"{relic_id} was not rebuilt: it is {run.state}, which need not come again")
    elif place is None:
        differ("it cannot be rebuilt: its scans were not found", _ELSEWHERE)
    elif changed := what_changed(place.relics[relic_id], run.inputs):
        differ(f"it cannot be rebuilt: its scans are others now: {changed}", _RERUN)
    else:
        return _Made(manifest, run, place.roots)
    return None


def _alike(made: dict[str, _Made]) -> dict[tuple[tuple[Path, ...], _Settings], list[str]]:
    groups: dict[tuple[tuple[Path, ...], _Settings], list[str]] = defaultdict(list)
    for relic_id, one in made.items():
        groups[one.roots, one.settings].append(relic_id)
    return groups


def _run(
    roots: Sequence[Path],
    again: Path,
    settings: _Settings,
    ids: Sequence[str],
    jobs: int | None,
    observe: Callable[[Event], None],
) -> None:
    """What these relics were made with, once more; nothing is taken from any cache."""
    pipeline, overrides, reproducible = settings
    run(
        roots,
        again,
        pipeline=pipeline,
        overrides=json.loads(overrides),
        reproducible=reproducible,
        jobs=jobs,
        cache_bytes=0,
        only=ids,
        observe=observe,
    )


@contextmanager
def _place(out: Path, scratch: str | Path | None) -> Iterator[Path]:
    """A folder of its own that is gone afterwards. Raises OutputError."""
    parent = out.absolute().parent if scratch is None else Path(scratch)
    if parent.resolve().is_relative_to(out.resolve()):
        raise OutputError(
            "the scratch folder lies in the output folder, into which nothing is written",
            scan=str(parent),
            remedy="name a folder elsewhere with --scratch",
        )
    try:
        folder = tempfile.TemporaryDirectory(
            prefix=".relicscan-rebuild-", dir=parent, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise OutputError(
            f"no scratch folder can be made there ({error.strerror or error})",
            scan=str(parent),
            remedy="name a folder that can be written with --scratch",
        ) from None
    with folder as name:
        yield Path(name)
