"""run.json: times in UTC, in order, with the validator's words or why there are none."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from relicscan.delivery.khronos import KhronosMessage, KhronosReport
from relicscan.metadata.canonical import canonical_json, write_json_atomically
from relicscan.metadata.run_record import (
    InputRecord,
    Inputs,
    Request,
    RunRecord,
    Validation,
    ValidatorResult,
    is_sealed,
    read_run,
    run_record,
    write_run,
)

START = datetime(2026, 5, 1, 22, 15, 3, 250_000, tzinfo=UTC)
REPORT = KhronosReport(
    errors=0,
    warnings=1,
    infos=0,
    hints=2,
    messages=(KhronosMessage("warning", "NODE_EMPTY", "Empty node encountered.", "/nodes/1"),),
    version="2.0.0-dev.3.10",
)


def record(**changes: Any) -> RunRecord:
    fields: dict[str, Any] = {
        "schema_name": "relicscan.run",
        "schema_version": "2.1.0",
        "id": "vase",
        "state": "done",
        "verdict": "pass",
        "reasons": (),
        "lasting": True,
        "request": Request(code="c" * 64, settings="5" * 64),
        "inputs": Inputs(
            names="a" * 64,
            files=(InputRecord(path="a.ply", bytes=3, sha256="b" * 64, modified_ns=17),),
        ),
        "stages_kept": 4,
        "started": START,
        "finished": START + timedelta(seconds=90),
        "seconds": 90.0,
        "stage_seconds": {"read": 1.5},
        "host": "museum-pc",
        "platform": "Linux",
        "cpu_count": 2,
        "threads": 1,
        "peak_memory_bytes": None,
        "attempts": 1,
        "validation": Validation(
            not_run=None, results=(ValidatorResult(path="web/low.glb", **asdict(REPORT)),)
        ),
    }
    return RunRecord(**{**fields, **changes})


def test_round_trip(tmp_path: Path) -> None:
    write_json_atomically(tmp_path / "run.json", record())
    assert read_run(tmp_path / "run.json") == record()
    assert canonical_json(read_run(tmp_path / "run.json")) == canonical_json(record())


def test_the_seal_holds_for_what_was_written_and_for_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_run(path, record())
    content, sealed = path.read_bytes(), read_run(path)
    assert is_sealed(sealed, content)
    assert sealed.model_copy(update={"seal": None}) == record()
    write_run(path, sealed)
    assert path.read_bytes() == content
    assert not is_sealed(record(), canonical_json(record()))
    assert not is_sealed(sealed.model_copy(update={"threads": 2}), content)
    assert not is_sealed(sealed, content.replace(b"\n", b" \n", 1))


def test_what_was_asked_for_is_kept_as_it_was_given() -> None:
    asked = Request(
        code="c" * 64, settings="5" * 64, pipeline="web", overrides={"a.b": [1, {"c": None}]}
    )
    kept = RunRecord.model_validate_json(canonical_json(record(request=asked)))
    assert kept.request == asked
    assert Request(code="c" * 64, settings="5" * 64).overrides == {}


def test_times_are_iso_in_utc() -> None:
    said = json.loads(canonical_json(record()))
    assert said["started"] == "2026-05-01T22:15:03.250000Z"
    assert said["finished"] == "2026-05-01T22:16:33.250000Z"


def test_the_validators_report_is_kept_whole() -> None:
    result = json.loads(canonical_json(record()))["validation"]["results"][0]
    assert result.pop("path") == "web/low.glb"
    assert result == json.loads(json.dumps(asdict(REPORT)))


def test_a_record_of_this_machine() -> None:
    made = run_record(
        "vase", state="failed", started=START, finished=START, seconds=0.5, threads=2, attempts=3
    )
    assert made.host
    assert made.platform == platform.platform()
    assert made.cpu_count == os.cpu_count()
    assert (made.attempts, made.threads, made.peak_memory_bytes) == (3, 2, None)
    assert made.validation.not_run
    assert RunRecord.model_validate_json(canonical_json(made)) == made


@pytest.mark.parametrize(
    "changes",
    [
        {"started": START.replace(tzinfo=None)},
        {"started": START.astimezone(timezone(timedelta(hours=2)))},
        {"finished": START - timedelta(seconds=1)},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"stage_seconds": {"read": -1.0}},
        {"cpu_count": 0},
        {"attempts": 0},
        {"peak_memory_bytes": 1.5},
        {"state": "tired"},
        {"user": "anna"},
    ],
)
def test_what_cannot_be(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        record(**changes)


def test_a_validator_that_did_not_run_has_no_results() -> None:
    results = record().validation.results
    with pytest.raises(ValidationError):
        Validation(not_run="node is not installed", results=results)
    assert Validation(not_run="node is not installed", results=()).results == ()
