"""A run as it is watched: a line for each relic that ended; on a terminal, what is running now."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.events import Event
    from relicscan.batch.job import Outcome


def in_words(outcome: Outcome) -> str:
    """How a relic ended, as tables and lines have it."""
    words = (outcome.verdict or outcome.state).replace("_", " ")
    return f"{words}, earlier model kept" if outcome.kept_earlier else words


def color(outcome: Outcome) -> str:
    """The colour of `in_words`."""
    return {"pass": "green", "review": "yellow"}.get(outcome.verdict or "", "red")


class Dashboard:
    """An observer of events that says them on stderr, and nothing when not `show`."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.console = output.remarks()
        self.progress: Any = None
        self.tasks: dict[str, Any] = {}
        self.began: dict[str, float] = {}
        self.total = self.ended = self.unchanged = 0

    def __call__(self, event: Event) -> None:
        match event.kind:
            case "run_started":
                self._start(event)
            case "unchanged":
                self.unchanged += 1
            case "relic_started":
                self._relic_started(event)
            case "stage":
                self._stage(event)
            case "retried" if event.outcome:
                self._remove_bar(event.outcome.id)
                self._say(event.outcome, "tried once more")
            case "relic_ended" if event.outcome:
                self.ended += 1
                self._remove_bar(event.outcome.id)
                began = self.began.get(event.outcome.id)
                took = 0.0 if began is None else time.monotonic() - began
                self._say(event.outcome, output.duration_in_words(took))

    def stop(self) -> None:
        """Take the bars away."""
        if self.progress is not None:
            self.progress.stop()

    def _start(self, event: Event) -> None:
        self.total = event.detail["relics"]
        if not (self.show and sys.stderr.isatty()):
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(24),
            TextColumn("{task.percentage:>3.0f} %", markup=False),
            TextColumn("{task.fields[stage]}", markup=False),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}", markup=False, style="dim"),
            console=self.console,
            transient=True,
        )
        to_run, jobs = event.detail["to_run"], event.detail["jobs"]
        if to_run > 1:
            at_a_time = f"{min(jobs, to_run)} at a time"
            self.tasks[""] = self.progress.add_task(
                f"all {to_run:,}", total=float(to_run), stage=at_a_time, left=""
            )
        self.progress.start()

    def _relic_started(self, event: Event) -> None:
        assert event.id is not None
        self.began.setdefault(event.id, time.monotonic())
        if self.progress is not None:
            self.tasks[event.id] = self.progress.add_task(event.id, total=1.0, stage="", left="")

    def _stage(self, event: Event) -> None:
        task = self.tasks.get(event.id or "")
        if self.progress is None or task is None:
            return
        elapsed = time.monotonic() - self.began[event.id or ""]
        left = elapsed * (1 - event.done) / event.done if event.done > 0.15 else None
        self.progress.update(
            task,
            completed=event.done,
            stage=event.stage,
            left="" if left is None else f"about {output.duration_in_words(left)} left",
        )

    def _remove_bar(self, relic: str) -> None:
        task = self.tasks.pop(relic, None)
        if task is not None:
            self.progress.remove_task(task)
        if self.progress is not None and "" in self.tasks:
            self.progress.update(self.tasks[""], completed=float(self.ended))

    def _say(self, outcome: Outcome, more: str) -> None:
        if not self.show:
            return
        position = f"[{self.unchanged + self.ended}/{self.total}]"
        words = (in_words(outcome), color(outcome))
        output.say(self.console, f"{position} {outcome.id}: ", words, f", {more}")
