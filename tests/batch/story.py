"""What happens to an inbox, told by a clock of the tests' own: hours pass in no time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relicscan.batch.events import Event
from relicscan.batch.job import Outcome
from relicscan.batch.watch import watch

Action = Callable[[], object]


class TheEnd(Exception):
    """When the story of a test has been told."""


@dataclass
class Story:
    """A clock, and what happens to the inbox at which second of it; then it ends."""

    inbox: Path
    out: Path
    now: float = 1_000_000.0
    plot: dict[float, Action] = field(default_factory=dict)
    ends: float = 500.0
    ran: list[tuple[float, list[str]]] = field(default_factory=list)
    events: list[tuple[float, str, str | None]] = field(default_factory=list)
    details: list[Any] = field(default_factory=list)
    fate: Callable[[str], Outcome] = lambda name: Outcome(name, "done", "pass")
    began: float = 0.0

    def clock(self) -> float:
        return self.now

    @property
    def second(self) -> float:
        return self.now - self.began

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        for when in sorted(when for when in self.plot if when <= self.second):
            self.plot.pop(when)()
        if self.second >= self.ends:
            raise TheEnd

    def run(self, inbox: Path, out: Path, *, only: Collection[str], **_: Any) -> list[Outcome]:
        """In place of a real run."""
        self.ran.append((self.second, sorted(only)))
        return [self.fate(name) for name in sorted(only)]

    def observe(self, event: Event) -> None:
        self.events.append((self.second, event.kind, event.id))
        self.details.append(event.detail)

    def tell(self, **asked: Any) -> list[Outcome]:
        """Watch until the story ends, or until `watch` ends by itself."""
        self.began = self.now
        try:
            return watch(
                self.inbox,
                self.out,
                clock=self.clock,
                sleep=self.sleep,
                observe=self.observe,
                **{"settle_s": 30, "every_s": 5, **asked},
            )
        except TheEnd:
            return []


def append(path: Path) -> Action:
    def act() -> None:
        with path.open("ab") as stream:
            stream.write(b"\0" * 10)

    return act
