"""run.json: what changes from run to run, and is therefore kept out of relic.json.

No manifest lists it, since the same scan is to give the same manifests: it holds its own seal.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, model_validator

from relicscan.metadata.canonical import (
    canonical_json,
    digest,
    read_json,
    write_json_atomically,
)
from relicscan.metadata.fields import Record, RecordedPath, RelicId, Sha256, Text
from relicscan.metadata.figures import Count
from relicscan.metadata.manifest import (
    SCHEMA_VERSION,
    Reason,
    SchemaVersion,
    State,
    Verdict,
)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() != timedelta(0):
        raise ValueError("times are recorded in UTC")
    return moment


UtcTime = Annotated[AwareDatetime, AfterValidator(_utc)]
Seconds = Annotated[float, Field(ge=0)]


class ValidatorMessage(Record):
    """One remark of the validator; `pointer` leads into the glTF JSON."""

    severity: Literal["error", "warning", "info", "hint"]
    code: str
    message: str
    pointer: str


class ValidatorResult(Record):
    """What the Khronos glTF validator of that version said of one GLB."""

    path: RecordedPath
    errors: Count
    warnings: Count
    infos: Count
    hints: Count
    messages: Annotated[tuple[ValidatorMessage, ...], Field(strict=False)]
    version: Text
    truncated: bool


class Validation(Record):
    """A result for every GLB, or why the validator did not run."""

    not_run: Text | None
    results: Annotated[tuple[ValidatorResult, ...], Field(strict=False)]

    @model_validator(mode="after")
    def _either(self) -> Validation:
        if self.not_run and self.results:
            raise ValueError("a validator that did not run has no results")
        return self


class InputRecord(Record):
    """A file of the scan folder as it was when it was read.

    Size and time vouch that it is unchanged; a time of null does not, being too near to the
    moment of reading: then the checksum decides.
    """

    path: RecordedPath
    bytes: Count
    sha256: Sha256
    modified_ns: int | None


class Inputs(Record):
    """What a relic was made from: SHA-256 of the names in its folder and of what its root says of
    it, and its files.
    """

    names: Sha256
    root: Sha256 | None = None
    files: Annotated[tuple[InputRecord, ...], Field(strict=False)]


class Request(Record):
    """What was asked of which code: SHA-256 of relicscan with its libraries, and of the settings.

    The settings are the pipeline and the parameters of the command line. `pipeline` is its name
    or its file, null where each relic could choose; `overrides` are values by "stage.parameter".
    """

    code: Sha256
    settings: Sha256
    pipeline: Text | None = None
    overrides: Annotated[dict[str, JsonValue], Field(default_factory=dict)]


class RunRecord(Record):
    """run.json: one relic's last run, and how it ended.

    `lasting` says that the same scans would end so again: until one of the `inputs`, or the
    `request`, changes, the relic is not run again.
    """

    schema_name: Literal["relicscan.run"]
    schema_version: SchemaVersion
    id: RelicId
    state: State
    verdict: Verdict | None
    reasons: Annotated[tuple[Reason, ...], Field(strict=False)]
    lasting: bool
    request: Request | None
    inputs: Inputs | None
    stages_kept: Annotated[
        int, Field(ge=0, description="How many stages an earlier run had done, and were kept.")
    ]
    started: UtcTime
    finished: UtcTime
    seconds: Seconds
    stage_seconds: dict[str, Seconds]
    host: Text
    platform: Text
    cpu_count: Annotated[int, Field(ge=1)]
    threads: Annotated[int, Field(ge=1)]
    peak_memory_bytes: Count | None
    attempts: Annotated[int, Field(ge=1)]
    validation: Validation
    no_report: Annotated[
        Text | None, Field(description="Why report.html could not be made, where it was to be.")
    ] = None
    seal: Annotated[
        Sha256 | None,
        Field(description="SHA-256 of this record's canonical JSON with `seal` null."),
    ] = None

    @model_validator(mode="after")
    def _in_order(self) -> RunRecord:
        if self.finished < self.started:
            raise ValueError("finished before it started")
        return self


def run_record(
    relic_id: str,
    *,
    state: State,
    started: datetime,
    finished: datetime,
    seconds: float,
    threads: int,
    stage_seconds: Mapping[str, float] | None = None,
    peak_memory_bytes: int | None = None,
    attempts: int = 1,
    validation: Validation | None = None,
    verdict: Verdict | None = None,
    reasons: Sequence[Reason] = (),
    lasting: bool = False,
    request: Request | None = None,
    inputs: Inputs | None = None,
    stages_kept: int = 0,
) -> RunRecord:
    """The record of a run on this machine.

    `started` and `finished` are in UTC; `seconds` is from a clock that nobody
    sets, so it need not be their difference. Without `validation` the record
    says that no GLB was validated.
    """
    return RunRecord(
        schema_name="relicscan.run",
        schema_version=SCHEMA_VERSION,
        id=relic_id,
        state=state,
        verdict=verdict,
        reasons=tuple(reasons),
        lasting=lasting,
        request=request,
        inputs=inputs,
        stages_kept=stages_kept,
        started=started,
        finished=finished,
        seconds=seconds,
        stage_seconds=dict(stage_seconds or {}),
        host=platform.node() or "unknown",
        platform=platform.platform(),
        cpu_count=os.cpu_count() or 1,
        threads=threads,
        peak_memory_bytes=peak_memory_bytes,
        attempts=attempts,
        validation=validation or Validation(not_run="nothing was validated", results=()),
    )


def write_run(path: Path, run: RunRecord) -> None:
    """Write run.json with its seal, in one step. Raises OutputError."""
    write_json_atomically(path, run.model_copy(update={"seal": _seal_of(run)}))


def is_sealed(run: RunRecord, content: bytes) -> bool:
    """Whether the bytes that `run` was read from are those that `write_run` wrote."""
    return run.seal == _seal_of(run) and content == canonical_json(run)


def _seal_of(run: RunRecord) -> str:
    return digest(run.model_copy(update={"seal": None}))


def read_run(path: Path) -> RunRecord:
    """A run.json, checked. Raises OutputError saying what is wrong and where."""
    return read_json(path, RunRecord)
