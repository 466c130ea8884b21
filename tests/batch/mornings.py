"""Output folders as runs leave them, written without a run: for the report over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.figures import DeviationRecord
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import (
    FileRecord,
    LevelRecord,
    MasterRecord,
    Reason,
    State,
    Verdict,
    relic_manifest,
)
from relicscan.metadata.run_record import Request, run_record, write_run
from relicscan.relic import Deviation, Distances, Frame, Relic, Step

MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)
_SHA = "0" * 64


def write_relic(
    out: Path,
    relic_id: str,
    verdict: Verdict | None = "pass",
    state: State = "done",
    *,
    reasons: Sequence[tuple[str, str | None]] = (),
    warnings: Sequence[str] = (),
    titles: dict[str, str] | None = None,
    rms_mm: float = 0.05,
    size_m: tuple[float, float, float] = (0.1, 0.2, 0.05),
    triangles: int = 100_000,
    points: int = 1_000_000,
    seconds: float = 60.0,
    memory: int = 1_000_000_000,
    known: bool = True,
    request: dict[str, Any] | None = None,
    pictures: Sequence[str] = (),
) -> IndexEntry:
    """relic.json and run.json of one relic, with a model where it is done; returns its entry."""
    done = state == "done"
    folder = out / relic_id
    folder.mkdir(parents=True)
    told = [Reason(text=text, remedy=remedy) for text, remedy in reasons]
    frame = Frame(unit="mm", unit_basis="relic.toml") if known else Frame()
    relic = Relic(
        relic_id,
        frame=frame,
        metadata={"object": {"title": titles}} if titles else {},
        history=(Step("merge_scans", {}, before={"points": points}),),
        warnings=tuple(warnings),
    )
    places = Distances(rms=rms_mm, p95=2 * rms_mm, max=5 * rms_mm, samples=1000)
    deviation = Deviation("points", places, places, 0.0, None, 0.0, diagonal=250.0)
    box = ((0.0, 0.0, 0.0), size_m)
    model: dict[str, Any] = {"bytes": 1, "sha256": _SHA, "vertices": 3}
    manifest = relic_manifest(
        relic,
        state=state,
        verdict=verdict,
        reproducible=False,
        reasons=told,
        files=[FileRecord(path=path, bytes=1, sha256=_SHA) for path in pictures],
        master=MasterRecord(path="master/mesh.ply", triangles=triangles * 2, bounds=box, **model)
        if done
        else None,
        levels=[
            LevelRecord(
                path="web/high.glb",
                target="web",
                name="high",
                surface="high",
                ceiling=triangles,
                triangles=triangles,
                bounds_m=box,
                deviation=DeviationRecord.of(deviation, frame),
                **model,
            )
        ]
        if done
        else [],
    )
    run = run_record(
        relic_id,
        state=state,
        verdict=verdict,
        reasons=told,
        request=Request(code=_SHA, settings=_SHA, **(request or {})),
        started=MIDNIGHT,
        finished=MIDNIGHT + timedelta(seconds=seconds),
        seconds=seconds,
        threads=1,
        peak_memory_bytes=memory,
    )
    write_run(folder / "run.json", run)
    write_json_atomically(folder / "relic.json", manifest)
    return IndexEntry.of(manifest)


UNIT = ("cup.ply: nothing says in which unit the scan is", "write unit in relic.toml")


def write_morning(out: Path) -> list[IndexEntry]:
    """A relic of every kind that there is but a damaged one."""
    entries = [
        write_relic(out, "amphora", titles={"en": "Painted amphora", "zh": "彩绘双耳瓶"}),
        write_relic(out, "bowl", rms_mm=0.02, seconds=20, warnings=["no colours"]),
        write_relic(
            out, "coin", "review", reasons=[("12 % of the surface was filled", "scan the back")]
        ),
        write_relic(out, "dish", "fail", reasons=[("level high misses its budget", None)]),
        write_relic(
            out, "ewer", None, "rejected", reasons=[("2 points are no scan", "scan it again")]
        ),
        write_relic(
            out, "flask", None, "timed_out", reasons=[("over its 600 s", "--time-limit 1200")],
            seconds=600,
        ),
        write_relic(
            out, "goblet", None, "out_of_memory", reasons=[("over 4 GB", "--memory 8GB")],
            memory=4_000_000_000,
        ),
        write_relic(out, "hydria", None, "crashed", reasons=[("ended by signal 11", "its log")]),
        write_relic(out, "idol", None, "failed", reasons=[UNIT]),
        write_relic(out, "jug", None, "failed",
                    reasons=[(UNIT[0].replace("cup", "jug"), UNIT[1]), ("and another", None)]),
    ]  # fmt: skip
    merge_index(out, entries)
    return entries
