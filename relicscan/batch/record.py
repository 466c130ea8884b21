"""What is known of a relic while it runs, and the manifests that are made of it at the end.

relic.json is written last: where it stands, everything it vouches for stands too.
"""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relicscan.batch.job import Job, Outcome, asks_for_report, reason_of
from relicscan.batch.relic_report import write_relic_report
from relicscan.delivery.khronos import KhronosReport, what_is_missing
from relicscan.errors import RelicscanError, Undecided
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.gate_record import GateRecord
from relicscan.metadata.manifest import (
    VERDICTS,
    ArrangementRecord,
    FileRecord,
    LevelRecord,
    MasterRecord,
    PipelineRecord,
    Reason,
    State,
    Verdict,
    relic_manifest,
)
from relicscan.metadata.run_record import (
    Inputs,
    Request,
    Validation,
    ValidatorResult,
    run_record,
    write_run,
)
from relicscan.pipeline import Pipeline
from relicscan.quality.report.measured import Measured
from relicscan.relic import Arrangement, Relic

#: Beside relic.json, and not in it: it has times, and pictures of this day's making.

#: Pictures that a reason names; the manifest lists them all.
_SHOWN = 3


class Record:
    """Filled in as a job proceeds; `write` turns it into relic.json, run.json and an Outcome."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.relic = Relic(job.id)
        self.metadata_sources: dict[str, str] = {}
        self.pipeline: Pipeline | None = None
        self.stage: str | None = None
        self.seconds: dict[str, float] = {}
        self.master: MasterRecord | None = None
        self.levels: list[LevelRecord] = []
        self.files: list[FileRecord] = []
        self.arrangements: list[ArrangementRecord] = []
        self.gates: list[GateRecord] = []
        self.noticed: list[str] = []
        self.validator: Mapping[str, KhronosReport] = {}
        self.not_validated: str | None = None
        self.state: State = "failed"
        self.verdict: Verdict | None = None
        self.reasons: list[Reason] = []
        self.lasting = True
        self.inputs: Inputs | None = None
        self.stages_kept = 0
        self.measured: Measured | None = None

    def identity(self) -> dict[str, Any]:
        """What is known of the relic before its scans are parsed, for whoever outlives this."""
        assert self.inputs is not None
        return {
            "sources": [asdict(source) for source in self.relic.sources],
            "metadata": dict(self.relic.metadata),
            "metadata_sources": self.metadata_sources,
            "inputs": self.inputs.model_dump(mode="json"),
        }

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the seconds of a block to those of stage `name`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def follow(self, relic: Relic) -> None:
        """Take what a stage has made; for a report, with what became of the points as scanned."""
        if self.wants_report:
            from relicscan.quality.as_scanned import followed

            try:
                known = followed(self.relic, relic)
            except Exception:  # a report fails no relic
                traceback.print_exc()
                known = None
            relic = replace(relic, as_scanned=known)
        self.relic = relic

    def end(
        self,
        state: State,
        verdict: Verdict | None,
        error: RelicscanError,
        *,
        lasting: bool = True,
    ) -> None:
        """The relic ends here, for the reason that `error` gives; files written so far go.

        `lasting`: the same scans would end so again.
        """
        self.state, self.verdict, self.lasting = state, verdict, lasting
        text, remedy = reason_of(error, self.job.id)
        self.reasons = [Reason(text=text, remedy=remedy)]
        self.master, self.levels, self.files, self.noticed = None, [], [], []
        self.arrangements, self.gates = [], []
        work = Path(self.job.work)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(exist_ok=True)

    def leave_open(self, error: Undecided) -> None:
        """The relic ends here without a model: what was found is kept, with pictures of it.

        Raises StageError or OutputError where these cannot be made.
        """
        self.end("done", "review", error)
        if error.step is not None:
            self.relic = replace(self.relic, history=(*self.relic.history, error.step))
        self.stage = "write arrangements"
        with self.timed(self.stage):
            self.write_arrangements([error.arrangements])
        self.reasons = [self._with_pictures(self.reasons[0], 1)]

    def write_arrangements(self, questions: Sequence[Sequence[Arrangement]]) -> None:
        """Write pictures of the answers between which nothing decides, for each question."""
        from relicscan.delivery.outputs import write_arrangements

        files, self.arrangements = write_arrangements(questions, Path(self.job.work))
        self.files += files

    def _with_pictures(self, reason: Reason, question: int) -> Reason:
        """The reason, with where the pictures of its question lie."""
        paths = [one.path for one in self.arrangements if one.question == question]
        if not paths:
            return reason
        shown = ", ".join(paths[:_SHOWN]) + (", …" if len(paths) > _SHOWN else "")
        return reason.model_copy(update={"text": f"{reason.text} (see {shown})"})

    def let_go(self) -> None:
        """Drop the arrays, so that there is memory to say that there was not enough."""
        self.relic = replace(
            self.relic, scans=(), cloud=None, mesh=None, levels=(), as_scanned=None
        )

    def judge(self) -> None:
        """The verdict on a relic whose files are all written."""
        self.state, self.verdict = "done", "review" if self.relic.doubts else "pass"
        self.reasons += [
            self._with_pictures(Reason(text=doubt.text, remedy=doubt.remedy), question)
            for question, doubt in enumerate(self.relic.doubts, start=1)
        ]
        for level in self.levels:
            if level.triangles > level.ceiling:
                self.verdict = "fail"
                self.reasons.append(
                    Reason(
                        text=f"level {level.name} has {level.triangles:,} triangles, over its "
                        f"ceiling of {level.ceiling:,}",
                        remedy="raise the ceiling, or clean the mesh: its parts cannot be "
                        "simplified further",
                    )
                )
            elif level.unmet:
                self.verdict = "fail"
                self.reasons.append(
                    Reason(
                        text=f"{level.path}, the nearest that could be made, has "
                        f"{'; '.join(level.unmet)}",
                        remedy=f"give {level.name} that much in a target file of your own, or "
                        "lower build_levels.ceilings so that there is a smaller surface",
                    )
                )
        self._hold_gates()

    def _hold_gates(self) -> None:
        """Measure what the pipeline's gates want; the worst of them may worsen the verdict."""
        from relicscan.quality.gates import Finished

        finished = Finished(self.relic, self.levels)
        with self.timed("gates"):
            held = self.pipeline.gates if self.pipeline else ()
            self.gates = [one.judge(finished) for one in held]
        for one in self.gates:
            self.verdict = max(self.verdict or "pass", one.verdict, key=VERDICTS.index)
            if one.reason is not None:
                self.reasons.append(Reason(text=one.reason, remedy=one.remedy))

    def _not_conformant(self) -> list[Reason]:
        """What the validator of this machine found wrong: never in relic.json, which any makes."""
        return [
            Reason(
                text=f"{path} has {report.errors} errors and {report.warnings} warnings by the "
                f"Khronos validator, the first being {report.messages[0].message}",
                remedy="this is a defect in relicscan: please report it with the scan",
            )
            for path, report in self.validator.items()
            if not report.clean
        ]

    @property
    def wants_report(self) -> bool:
        """Whether the relic's pipeline asks for one, or that of the run where it has none yet."""
        return self.pipeline.report if self.pipeline else asks_for_report(self.job.pipeline)

    def measure(self) -> None:
        """Take the pictures of the report. What goes wrong with them harms no relic."""
        self.stage = "write report"
        with self.timed(self.stage):
            try:
                from relicscan.quality.report.gather import measure

                folder = Path(self.job.work)
                self.measured = measure(self.relic, self.levels, self.arrangements, folder)
            except Exception:
                traceback.print_exc()

    def write(self, started: datetime, seconds: float) -> Outcome:
        """Write the report and run.json, then relic.json, into the work folder."""
        folder = Path(self.job.work)
        memory = peak_memory_bytes()
        manifest = relic_manifest(
            self.relic,
            state=self.state,
            verdict=self.verdict,
            reproducible=self.job.reproducible,
            reasons=self.reasons,
            pipeline=None
            if self.pipeline is None
            else PipelineRecord.of(self.pipeline.name, self.pipeline.as_data()),
            master=self.master,
            levels=self.levels,
            files=self.files,
            arrangements=self.arrangements,
            gates=self.gates,
            warnings=self.noticed,
            metadata_sources=self.metadata_sources,
            private_folders=[Path(self.job.folder), folder],
        )
        broken = self._not_conformant()
        verdict: Verdict | None = "fail" if broken else self.verdict
        reasons = (*manifest.reasons, *broken)
        run = run_record(
            self.job.id,
            state=self.state,
            verdict=verdict,
            reasons=reasons,
            lasting=self.lasting,
            request=Request(**self.job.request),
            inputs=self.inputs,
            stages_kept=self.stages_kept,
            started=started,
            finished=max(started, datetime.now(UTC)),
            seconds=round(seconds, 3),
            threads=self.job.threads,
            stage_seconds={name: round(s, 3) for name, s in self.seconds.items()},
            peak_memory_bytes=memory or None,
            attempts=self.job.attempt,
            validation=self._validation(),
        )
        if self.wants_report:
            run = write_relic_report(folder, manifest, run, self.measured)
        write_run(folder / "run.json", run)
        write_json_atomically(folder / "relic.json", manifest)
        return Outcome(
            id=self.job.id,
            state=self.state,
            verdict=verdict,
            reasons=tuple((reason.text, reason.remedy) for reason in reasons),
            warnings=manifest.warnings,
            triangles={level.path: level.triangles for level in self.levels},
            points=max((s.before.get("points", 0) for s in self.relic.history), default=0),
            seconds=seconds,
            peak_memory_bytes=memory,
            attempts=self.job.attempt,
            lasting=self.lasting,
        )

    def _validation(self) -> Validation:
        """What the Khronos validator said; its report and our record have the same fields."""
        if not self.validator:
            missing = self.not_validated or what_is_missing()
            return Validation(not_run=missing or "there was no model to validate", results=())
        return Validation(
            not_run=None,
            results=tuple(
                ValidatorResult(path=path, **asdict(report))
                for path, report in self.validator.items()
            ),
        )


def peak_memory_bytes() -> int:
    """The most memory that this process has held; 0 where the system does not tell (Windows)."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
