"""A batch: one fresh process per relic, so that a broken relic costs itself and nothing else.

The parent imports nothing that can crash. A relic is built in a work folder
under OUT/.relicscan and moved into place when it is whole, so an interrupted
run leaves the results of earlier runs as they were.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from relicscan import threads
from relicscan.batch.job import DEFAULT_PIPELINE, Job, Outcome, check_makes_levels, reason_of
from relicscan.batch.lock import hold
from relicscan.batch.place import conclude, restore
from relicscan.batch.process import Event, run_job
from relicscan.errors import NoRoom, OutputError
from relicscan.pipeline import MESH, POINT_CLOUD, read_pipeline
from relicscan.scan_folder import FoundRelic, find_relics

#: Room that a relic's outputs and temporary files may need beyond the size of its scans.
SPARE_BYTES = 200_000_000


def run(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path = "out",
    *,
    pipeline: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    reproducible: bool = False,
    observe: Callable[[Event], None] = lambda _: None,
    on_start: Callable[[Sequence[FoundRelic]], None] = lambda _: None,
) -> list[Outcome]:
    """Turn every relic in `inputs` into models under `out`; one Outcome each, sorted by id.

    `inputs` are scan files, scan folders and roots that hold them. `pipeline` is a name
    or a path; None takes "web" unless a relic.toml chooses. `overrides` are values by
    "stage.parameter". Raises PipelineError (also where an input does not exist),
    OutputError, Busy or NoRoom, all before anything is run. What goes wrong with a relic
    is in its Outcome.
    """
    checked = read_pipeline(pipeline or DEFAULT_PIPELINE).with_overrides(overrides or {}, "--set")
    check_makes_levels(checked, POINT_CLOUD, MESH)
    given = [Path(inputs)] if isinstance(inputs, str | Path) else [Path(path) for path in inputs]
    found = find_relics(given)
    out = Path(out)
    private = _prepared(out, found)
    outcomes = []
    with hold(private / "lock"), _scratch(out) as scratch:
        on_start(found)
        for relic in found:
            outcome = _run_relic(
                relic, scratch / relic.id, out, pipeline, overrides or {}, reproducible, observe
            )
            outcome = conclude(
                out,
                outcome,
                scratch / relic.id,
                reproducible=reproducible,
                private_folders=[path.absolute() for path in given],
            )
            observe(Event(relic.id, outcome=outcome))
            outcomes.append(outcome)
    return outcomes


def _run_relic(
    relic: FoundRelic,
    work: Path,
    out: Path,
    pipeline: str | None,
    overrides: Mapping[str, Any],
    reproducible: bool,
    observe: Callable[[Event], None],
) -> Outcome:
    if relic.error is not None:
        return Outcome(relic.id, "rejected", reasons=(reason_of(relic.error, relic.id),))
    job = Job.for_relic(
        relic,
        pipeline=pipeline,
        overrides=dict(overrides),
        work=str(work),
        threads=1 if reproducible else threads.count(),
        reproducible=reproducible,
    )
    return run_job(job, out / ".relicscan" / "logs" / f"{relic.id}.log", observe)


@contextmanager
def _scratch(out: Path) -> Iterator[Path]:
    """A folder of this run's own, after an earlier run's leftovers; its name is never used again.

    A killed run's last worker may still write for a moment. Raises OutputError when the
    disk does what it should not.
    """
    try:
        restore(out)
        with tempfile.TemporaryDirectory(
            prefix="work-", dir=out / ".relicscan", ignore_cleanup_errors=True
        ) as scratch:
            yield Path(scratch)
    except BrokenPipeError:
        raise  # whoever reads what `observe` writes has gone: not the disk
    except OSError as error:
        raise OutputError(
            f"the run cannot go on ({error.strerror or error})",
            scan=str(error.filename or out),
            remedy="check the disk that holds the output folder, and run again: what was finished "
            "is kept",
        ) from None


def _prepared(out: Path, found: Sequence[FoundRelic]) -> Path:
    """OUT/.relicscan, made and proved writable, with enough room on its disk."""
    _check_apart(out, found)
    private = out / ".relicscan"
    if out.exists() and not out.is_dir():
        raise OutputError(
            "this is a file, and the output needs a folder",
            scan=str(out),
            remedy="choose another name with -o, or move the file away",
        )
    _check_room(out, found)
    try:
        (private / "logs").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=private) as probe:
            probe.write(b"1")
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be written ({error.strerror or error})",
            scan=str(out),
            remedy="choose a folder that you may write in with -o",
        ) from None
    return private


def _check_apart(out: Path, found: Sequence[FoundRelic]) -> None:
    """Scans are read-only, and no folder that relicscan did not make is replaced."""
    target = out.resolve()
    for relic in found:
        folder = relic.folder.resolve()
        own = relic.whole_folder or relic.toml is not None
        if folder == target or (own and target.is_relative_to(folder)):
            raise OutputError(
                f"the output folder lies in the scan folder {relic.folder}, which is read-only",
                scan=str(out),
                remedy="choose an output folder elsewhere with -o",
            )
        if folder.is_relative_to(target):
            raise OutputError(
                f"the scans in {relic.folder} lie in the output folder",
                scan=str(out),
                remedy="choose an output folder that holds no scans with -o",
            )
        place = out / relic.id
        if os.path.lexists(place) and not (place / "relic.json").is_file():
            raise OutputError(
                "this is where a relic would go, and what is there was not made by relicscan",
                scan=str(place),
                remedy="choose another output folder with -o, or move it away",
            )


def _check_room(out: Path, found: Sequence[FoundRelic]) -> None:
    sizes = (f.stat().st_size for relic in found for f in relic.files if f.is_file())
    needed = SPARE_BYTES + 2 * max(sizes, default=0)
    exists = next(folder for folder in (out, *out.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(exists).free
    if free < needed:
        raise NoRoom(
            f"{free / 1e6:,.0f} MB are free, the largest relic may need {needed / 1e6:,.0f} MB",
            scan=str(out),
            remedy="free disk space, or choose an output folder on another disk with -o",
        )
