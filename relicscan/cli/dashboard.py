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
        self.all: Any = None
        self.tasks: dict[str, Any] = {}
        self.began: dict[str, float] = {}
        self.total = self.to_run = self.ended = self.unchanged = self.not_good = 0
        self.work = _Work()

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
                self.not_good += not event.outcome.ok
                self.work.end(event.outcome.id)
                self._remove_bar(event.outcome.id)
                began = self.began.get(event.outcome.id)
                took = 0.0 if began is None else time.monotonic() - began
                self._say(event.outcome, output.duration_in_words(took))

    def stop(self) -> None:
        """Take the bars away."""
        if self.progress is not None:
            self.progress.stop()

    def _start(self, event: Event) -> None:
        self.total, self.to_run = event.detail["relics"], event.detail["to_run"]
        self.work = _Work(event.detail["estimated_seconds"])
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
        if self.to_run > 1:
            total = max(self.work.total, 1e-9)
            self.all = self.progress.add_task("all", total=total, stage="", left="")
            self._say_all()
        self.progress.start()

    def _relic_started(self, event: Event) -> None:
        assert event.id is not None
        self.began.setdefault(event.id, time.monotonic())
        self.work.begin(event.id, event.detail["estimated_seconds"])
        if self.progress is not None:
            self.tasks[event.id] = self.progress.add_task(event.id, total=1.0, stage="", left="")

    def _stage(self, event: Event) -> None:
        task = self.tasks.get(event.id or "")
        if self.progress is None or task is None:
            return
        self.work.go_on(event.id or "", event.done)
        left = _left(time.monotonic() - self.began[event.id or ""], event.done)
        self.progress.update(task, completed=event.done, stage=event.stage, left=left)
        self._say_all()

    def _remove_bar(self, relic: str) -> None:
        task = self.tasks.pop(relic, None)
        if task is not None:
            self.progress.remove_task(task)
        self._say_all()

    def _say_all(self) -> None:
        if self.all is None:
            return
        words = f"{self.ended:,} of {self.to_run:,} done"
        if self.not_good:
            words += f", {self.not_good:,} not good"
        left = _left(time.monotonic() - self.work.began, self.work.share)
        self.progress.update(self.all, completed=self.work.done, stage=words, left=left)

    def _say(self, outcome: Outcome, more: str) -> None:
        if not self.show:
            return
        position = f"[{self.unchanged + self.ended}/{self.total}]"
        words = (in_words(outcome), color(outcome))
        output.say(self.console, f"{position} {outcome.id}: ", words, f", {more}")


class _Work:
    """How much of the work is done, in seconds that it was thought to take."""

    def __init__(self, total: float = 0.0) -> None:
        self.total, self.ended = total, 0.0
        self.began = time.monotonic()
        self.running: dict[str, tuple[float, float]] = {}

    def begin(self, relic: str, seconds: float) -> None:
        self.running[relic] = (seconds, 0.0)

    def go_on(self, relic: str, done: float) -> None:
        seconds, _ = self.running[relic]
        self.running[relic] = (seconds, done)

    def end(self, relic: str) -> None:
        seconds, _ = self.running.pop(relic, (0.0, 0.0))
        self.ended += seconds

    @property
    def done(self) -> float:
        return self.ended + sum(seconds * done for seconds, done in self.running.values())

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0


def _left(elapsed: float, done: float) -> str:
    """In words, how long the rest takes; nothing while too little is known."""
    if done < 0.15:
        return ""
    return f"about {output.duration_in_words(elapsed * (1 - done) / done)} left"
