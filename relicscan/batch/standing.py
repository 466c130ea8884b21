"""Is there anything to do for a relic? What an earlier run left, held against what is there now.

A relic stands when its manifest is whole, its files lie there, it was made by this code with
these settings, and none of its scans has changed. Size and time of last change vouch for a
file; where they differ, or say nothing, its checksum decides.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relicscan.batch.code_version import code_version
from relicscan.batch.job import Outcome, default_pipeline
from relicscan.errors import OutputError
from relicscan.metadata.canonical import bytes_sha256, digest, file_sha256
from relicscan.metadata.run_record import InputRecord, Inputs, Request, RunRecord, read_run
from relicscan.pipeline import plain, read_pipeline
from relicscan.relic import SourceFile
from relicscan.scan_folder import FoundRelic, files_beside

#: A file changed this shortly before it was read may change again and keep its time: two seconds
#: is what FAT file systems count in, and clocks of file servers are about as exact.
TOO_NEAR_NS = 2_000_000_000


_SAID_OF = {
    "done": "left undecided",
    "rejected": "rejected",
    "failed": "not made",
    "crashed": "ended by a crash",
    "out_of_memory": "ended by a lack of memory",
    "timed_out": "ended by its time limit",
}


@dataclass(frozen=True)
class Standing:
    """Why a relic has to be run, or, where it need not, how the earlier run ended."""

    why: str | None
    outcome: Outcome | None = None
    manifest_sha256: str | None = None


def request_of(pipeline: str | None, overrides: Mapping[str, Any]) -> Request:
    """What is asked for, and of which code. Raises PipelineError.

    What relic.toml adds need not be in it: that file is one of the inputs.
    """
    asked = read_pipeline(pipeline or default_pipeline()).as_data()
    values = plain(dict(overrides))
    is_file = pipeline is not None and pipeline.endswith(".toml")
    return Request(
        code=code_version(),
        settings=digest([pipeline is None, asked, values]),
        pipeline=str(Path(pipeline).absolute()) if pipeline and is_file else pipeline,
        overrides=values,
    )


def inputs_of(found: FoundRelic, sources: Iterable[SourceFile]) -> Inputs:
    """What vouches for the files that a relic is being made from."""
    now = time.time_ns()
    return Inputs(
        names=_names(found),
        root=_of_root(found),
        files=tuple(
            InputRecord(
                path=source.path,
                bytes=source.bytes,
                sha256=source.sha256,
                modified_ns=source.modified_ns if source.modified_ns < now - TOO_NEAR_NS else None,
            )
            for source in sources
        ),
    )


def standing(
    out: Path,
    found: FoundRelic,
    request: Request,
    *,
    reproducible: bool = False,
    retry: bool = False,
    rehash: bool = False,
) -> Standing:
    """Whether `found` must be run into `out`, and why.

    `retry` asks for what did not end well, `rehash` for every file to be read.
    """
    folder = out / found.id
    try:
        content = (folder / "relic.json").read_bytes()
        manifest = json.loads(content)
        delivered = _delivered(manifest)
    except FileNotFoundError:
        return Standing("it is new")
    except (OSError, ValueError, KeyError, TypeError):
        return Standing("its relic.json is damaged")
    try:
        run = read_run(folder / "run.json")
    except OutputError:
        return Standing("its run.json is missing, or of another version")
    outcome = _outcome(run, manifest)
    if not run.lasting or run.inputs is None or run.request is None:
        return Standing(f"it was {_SAID_OF[run.state]} for a reason that may have gone")
    if retry and not outcome.ok:
        return Standing("it did not end well, and is to be tried again")
    if run.request.code != request.code:
        return Standing("relicscan, or a library that it stands on, has changed")
    if run.request.settings != request.settings:
        return Standing("the pipeline, or a parameter, has changed")
    if reproducible and not manifest.get("reproducible"):
        return Standing("it was made without --reproducible")
    why = what_changed(found, run.inputs, rehash=rehash) or _not_delivered(folder, delivered)
    if why:
        return Standing(why)
    return Standing(None, outcome, bytes_sha256(content))


def _names(found: FoundRelic) -> str:
    """SHA-256 of the names that decide what a relic is made from, and what it lists."""
    paths = {*found.files, *((found.toml,) if found.toml else ())}
    if found.whole_folder:
        paths |= set(files_beside(found))
    else:
        # Scans that share a folder: a texture that was missing may be there now.
        paths |= set(found.folder.iterdir())
    names = sorted(repr(path.relative_to(found.folder).as_posix()) for path in paths)
    return digest(names)


def _of_root(found: FoundRelic) -> str | None:
    """SHA-256 of what its root says of a relic; None where it says nothing."""
    return digest(found.filled) if found.filled else None


def what_changed(found: FoundRelic, inputs: Inputs, *, rehash: bool = False) -> str | None:
    """In what the scans of a relic are not those that it was made from; None if they are.

    With `rehash`, every file is read.
    """
    try:
        if _names(found) != inputs.names:
            return "files were added to its folder, or taken out"
        if _of_root(found) != inputs.root:
            return "its row of the catalogue, or the defaults, have changed"
        for file in inputs.files:
            path = found.folder / file.path
            status = path.stat()
            same_time = status.st_mtime_ns == file.modified_ns
            if status.st_size != file.bytes or (
                (rehash or not same_time) and file_sha256(path) != file.sha256
            ):
                return f"{file.path} has changed"
    except OSError as error:
        return f"its files cannot be read ({error.strerror or error})"
    return None


def _delivered(manifest: Mapping[str, Any]) -> list[tuple[str, int]]:
    master = [manifest["master"]] if manifest["master"] else []
    files = [*master, *manifest["levels"], *manifest["files"]]
    return [(str(file["path"]), int(file["bytes"])) for file in files]


def _not_delivered(folder: Path, delivered: Iterable[tuple[str, int]]) -> str | None:
    for path, size in delivered:
        try:
            found = (folder / path).stat().st_size
        except OSError:
            return f"its {path} is missing"
        if found != size:
            return f"its {path} is not whole"
    return None


def _outcome(run: RunRecord, manifest: Mapping[str, Any]) -> Outcome:
    """The outcome of the earlier run; what it says of a model only where that run made it."""
    kept_earlier = run.state != "done" and manifest["master"] is not None
    made = {"levels": [], "steps": [], "warnings": []} if kept_earlier else manifest
    return Outcome(
        id=run.id,
        state=run.state,
        verdict=run.verdict,
        reasons=tuple((reason.text, reason.remedy) for reason in run.reasons),
        warnings=tuple(made["warnings"]),
        triangles={level["path"]: level["triangles"] for level in made["levels"]},
        points=max((step["before"].get("points", 0) for step in made["steps"]), default=0),
        seconds=run.seconds,
        peak_memory_bytes=run.peak_memory_bytes or 0,
        attempts=run.attempts,
        kept_earlier=kept_earlier,
        unchanged=True,
    )
