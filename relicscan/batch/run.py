"""A batch: what has to be done, largest first, each relic in a process of its own.

The parent parses no scan and imports nothing that can crash. A relic is built in a work
folder under OUT/.relicscan and moved into place when it is whole, so an interrupted run
leaves the results of earlier runs as they were. What crashed, hung or ran out of memory is
tried once more with more room, and then put into quarantine with the evidence.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from relicscan.batch import cache, schedule
from relicscan.batch.budget import Budget, budget_of, together
from relicscan.batch.events import Event, Observer
from relicscan.batch.job import Job, Outcome, reason_of
from relicscan.batch.ledger import Ledger, entry_on_disk
from relicscan.batch.lock import hold
from relicscan.batch.place import Ended, conclude
from relicscan.batch.plan import Plan, Planned, plan
from relicscan.batch.process import Attempt
from relicscan.batch.quarantine import keep_evidence, release
from relicscan.batch.room import (
    check_room,
    check_still_there,
    free_bytes,
    needed_bytes,
    prepare,
    scratch,
)
from relicscan.batch.scan_places import remember
from relicscan.batch.schedule import Waiting
from relicscan.batch.workers import LocalWorkers, Workers
from relicscan.errors import OutputError, PipelineError, Unreachable

#: What is tried a second time: the scan need not be to blame.
RETRIED = ("crashed", "out_of_memory", "timed_out")
#: How much a run may keep of stage results for the next one.
CACHE_BYTES = 10_000_000_000

_log = logging.getLogger(__name__)


def run(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path = "out",
    *,
    pipeline: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    reproducible: bool = False,
    jobs: int | None = None,
    threads: int | None = None,
    memory_bytes: int | None = None,
    time_limit_s: float | None = None,
    cache_bytes: int = CACHE_BYTES,
    retry: bool = False,
    rehash: bool = False,
    only: Collection[str] | None = None,
    observe: Observer = lambda _: None,
    workers: Workers | None = None,
) -> list[Outcome]:
    """Turn every relic in `inputs` into models under `out`; one Outcome each, sorted by id.

    `inputs` are scan files, scan folders and roots that hold them. `pipeline` is a name
    or a path; None takes "web" unless a relic.toml chooses. `overrides` are values by
    "stage.parameter". `jobs` run at a time, each with so many `threads`, in `memory_bytes`
    all together; None takes what the machine has. `workers` are other machines, which have
    their own; they are stopped in the end. `time_limit_s` is for one relic, by
    default ten times what it should take. A relic that an earlier run finished from the
    same scans is not run again; `retry` asks for those that did not end well, `rehash` for
    every input file to be read; `only` are the ids of those that are looked at, all if None.
    Raises PipelineError (also where an input does not exist), OutputError, Busy or NoRoom,
    before anything is run or when the disks have gone. What goes wrong with a relic is in
    its Outcome.
    """
    if time_limit_s is not None and not time_limit_s > 0:
        raise PipelineError(
            f"--time-limit is {time_limit_s:g}", remedy="give --time-limit a number of seconds"
        )
    out = Path(out)
    settings: dict[str, Any] = {
        "pipeline": pipeline,
        "overrides": overrides or {},
        "reproducible": reproducible,
    }
    planned = plan(inputs, out, **settings, retry=retry, rehash=rehash, only=only)
    workers = workers or LocalWorkers(
        budget_of(jobs=jobs, threads_per_job=threads, memory_bytes=memory_bytes)
    )
    check_room(out, [relic.found for relic in planned.to_run])
    private = prepare(out)
    with hold(private / "lock"), scratch(out) as work:
        remember(out, planned.inputs)
        return _Batch(
            planned,
            out,
            work,
            workers,
            observe,
            settings,
            threads=1 if reproducible else threads,
            time_limit_s=time_limit_s,
            cache_bytes=cache_bytes,
        ).run()


@dataclass
class _Batch:
    """A run while it runs: what waits, what runs and where, what has ended.

    `work` is the folder that relics are built in, `settings` what every job is told, and
    `threads` what each gets; None shares the machine's.
    """

    plan: Plan
    out: Path
    work: Path
    workers: Workers
    observe: Observer
    settings: Mapping[str, Any]
    threads: int | None
    time_limit_s: float | None
    cache_bytes: int
    queue: list[Waiting] = field(default_factory=list)
    running: dict[str, Waiting] = field(default_factory=dict)
    attempts: dict[str, list[Attempt]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    machines: Mapping[str, Budget] = field(default_factory=dict)
    something_ended: bool = True

    def __post_init__(self) -> None:
        self.cache = self.out / ".relicscan" / "cache"
        self.ledger = Ledger(self.out)
        self.relics = {relic.id: relic for relic in self.plan.relics}

    def run(self) -> list[Outcome]:
        began = time.monotonic()
        cache.remove_parts(self.cache)
        cache.prune(self.cache, self.cache_bytes)
        budget = together(self.workers.machines().values())
        self.observe(
            Event(
                "run_started",
                detail={
                    "relics": len(self.plan.relics),
                    "to_run": len(self.plan.to_run),
                    "estimated_seconds": round(
                        sum(r.estimate.seconds for r in self.plan.to_run if r.estimate), 1
                    ),
                    "jobs": budget.jobs,
                    "threads": budget.threads,
                    "memory_bytes": budget.memory_bytes,
                },
            )
        )
        try:
            for relic in self.plan.relics:
                if relic.estimate is None:
                    self._settle(relic)
                elif refusal := self.workers.refusal(relic.estimate):
                    self._conclude(_too_large(relic.id, refusal))
                else:
                    largest = self._largest()
                    self.queue.append(
                        schedule.waiting(
                            relic.id, relic.estimate, largest, self.time_limit_s, self.threads
                        )
                    )
            while self.queue or self.running:
                self._start_what_fits()
                self._listen()
        finally:
            self.workers.stop()
            # What has been placed is entered whatever happened; the next run catches up if not.
            with suppress(OutputError):
                self.ledger.write()
            report = self._report()
        self.ledger.write()
        states = dict(Counter(outcome.state for outcome in self.outcomes.values()))
        detail = {
            "states": states,
            "seconds": round(time.monotonic() - began, 3),
            "report": report,
        }
        self.observe(Event("run_ended", detail=detail))
        return [self.outcomes[relic_id] for relic_id in sorted(self.outcomes)]

    def _settle(self, relic: Planned) -> None:
        """A relic for which no process is started: it stands, or cannot be used."""
        if relic.found.error is not None:
            lasting = not isinstance(relic.found.error, Unreachable)
            self._conclude(
                Outcome(
                    relic.id,
                    "rejected" if lasting else "failed",
                    reasons=(reason_of(relic.found.error, relic.id),),
                    lasting=lasting,
                )
            )
            return
        outcome, sha256 = relic.standing.outcome, relic.standing.manifest_sha256
        assert outcome is not None
        entry = self.ledger.entries.get(relic.id)
        if entry is None or (entry.sha256, entry.state) != (sha256, outcome.state):
            found = entry_on_disk(self.out, relic.id)
            if found is not None:
                self.ledger.enter(found)
        self.outcomes[relic.id] = outcome
        self.observe(Event("unchanged", relic.id, outcome=outcome))

    def _largest(self) -> Budget:
        """The machine with the most memory, which is as much as one relic can have."""
        while not (machines := self.workers.machines()):
            time.sleep(1.0)  # a cluster whose workers are all gone says itself when to give up
        return max(machines.values(), key=lambda budget: budget.memory_bytes)

    def _start_what_fits(self) -> None:
        machines = self.workers.machines()
        if machines == self.machines and not self.something_ended:
            return  # looking through a hundred thousand for nothing takes its time
        self.machines, self.something_ended = dict(machines), False
        running = list(self.running.values())
        while chosen := schedule.next_on_machines(self.queue, running, machines):
            relic, threads, machine = chosen
            self.queue.remove(relic)
            needed, free = needed_bytes(self.relics[relic.id].found), free_bytes(self.out)
            if free < needed:
                self._conclude(_no_room(relic.id, needed, free))
                continue
            self._start(replace(relic, threads=threads, machine=machine))
            running = list(self.running.values())
        if machines and not self.running:
            self._part_with_what_never_fits()

    def _part_with_what_never_fits(self) -> None:
        """All machines are idle and take none of what is left: the large ones have gone."""
        left, self.queue = self.queue, []
        for relic in left:
            if refusal := self.workers.refusal(relic.estimate):
                self._conclude(_too_large(relic.id, refusal))
            else:
                room = min(relic.memory_bytes, self._largest().memory_bytes)
                self.queue.append(replace(relic, memory_bytes=room))
                self.something_ended = True

    def _start(self, relic: Waiting) -> None:
        log = self._log(relic.id)
        if relic.attempt == 1:
            log.unlink(missing_ok=True)
        job = Job.for_relic(
            self.relics[relic.id].found,
            **self.settings,
            work=str((self.work / relic.id).absolute()),
            threads=relic.threads or 1,
            request=self.plan.request.model_dump(),
            cache=str(self.cache.absolute()) if self.cache_bytes > 0 else None,
            memory_bytes=relic.memory_bytes,
            time_limit_s=relic.time_limit_s,
            attempt=relic.attempt,
        )
        self.running[relic.id] = relic
        self.observe(
            Event(
                "relic_started",
                relic.id,
                detail={
                    "attempt": job.attempt,
                    "threads": job.threads,
                    "memory_bytes": job.memory_bytes,
                    "time_limit_s": job.time_limit_s,
                    "estimated_seconds": round(relic.estimate.seconds, 1),
                },
            )
        )
        self.workers.start(job, log, relic.machine)

    def _listen(self) -> None:
        message = self.workers.next(1.0) if self.running or self.queue else None
        if message is None:
            return
        if message.error is not None:
            raise message.error
        if message.event is not None:
            stage, done = str(message.event["stage"]), float(message.event["done"])
            self.observe(Event("stage", message.id, stage, done))
        if message.given_back:
            waiting = self.running.pop(message.id)
            self.queue.append(replace(waiting, machine=""))
            self.something_ended = True
        if message.ended is not None:
            self._ended(message.ended)

    def _ended(self, attempt: Attempt) -> None:
        outcome = attempt.outcome
        waiting = self.running.pop(outcome.id)
        self.something_ended = True
        attempts = self.attempts.setdefault(outcome.id, [])
        attempts.append(attempt)
        if outcome.state in RETRIED and waiting.attempt == 1:
            fixed = self.time_limit_s is not None
            self.queue.append(
                schedule.again(waiting, outcome.state, self._largest(), fixed_time=fixed)
            )
            self.observe(Event("retried", outcome.id, outcome=outcome))
            return
        log = self._log(outcome.id)
        if outcome.state in RETRIED:
            with suppress(OSError, OutputError):
                keep_evidence(self.out, attempts, log)
        else:
            release(self.out, outcome.id)
        with suppress(OSError):
            if log.stat().st_size == 0:
                log.unlink()
        self._conclude(outcome, attempt)
        cache.prune(self.cache, self.cache_bytes)

    def _conclude(self, outcome: Outcome, attempt: Attempt | None = None) -> None:
        ended = Ended(
            outcome,
            reproducible=self.settings["reproducible"],
            request=self.plan.request.model_dump(),
            pipeline=self.settings["pipeline"],
            threads=attempt.job.threads if attempt else 1,
            identity=attempt.identity if attempt else {},
            private_folders=self.plan.inputs,
        )
        outcome = conclude(self.out, ended, self.work / outcome.id, self.ledger)
        self.outcomes[outcome.id] = outcome
        self.observe(Event("relic_ended", outcome.id, outcome=outcome))
        if not outcome.lasting:
            check_still_there(self.out, self.plan.inputs)

    def _report(self) -> str | None:
        """Write OUT/report.html, also of a run that was interrupted; a report fails no run.

        Returns its path, None where there is none.
        """
        from relicscan.batch.report import write_report

        entries = tuple(self.ledger.entries.values())
        if not entries:
            return None
        try:
            write_report(self.out, entries, unfinished=len(self.relics) - len(self.outcomes))
        except OutputError as error:
            _log.warning("the report over the batch was not written: %s", error)
            return None
        except Exception:
            _log.exception("the report over the batch was not written")
            return None
        return str(self.out / "report.html")

    def _log(self, relic_id: str) -> Path:
        return self.out / ".relicscan" / "logs" / f"{relic_id}.log"


def _too_large(relic_id: str, refusal: tuple[str, str]) -> Outcome:
    return Outcome(relic_id, "out_of_memory", reasons=(refusal,), lasting=False)


def _no_room(relic_id: str, needed: int, free: int) -> Outcome:
    reason = (
        f"{free / 1e6:,.0f} MB are free on the disk of the output folder, and it may need "
        f"{needed / 1e6:,.0f} MB",
        "free disk space, and run again: what was finished is kept",
    )
    return Outcome(relic_id, "failed", reasons=(reason,), lasting=False)
