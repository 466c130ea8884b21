"""What happens in a run, as it happens: for the dashboard, for `--events`, for a script.

As JSON lines each event has `time` (UTC), `event` and what belongs to it:

    run_started     relics, to_run, estimated_seconds, jobs, threads, memory_bytes
    unchanged       id, state, verdict: an earlier run ended so, and nothing has changed
    relic_started   id, attempt, threads, memory_bytes, time_limit_s, estimated_seconds
    stage           id, stage, done (0..1)
    retried         id, state, reasons: how the first attempt ended
    relic_ended     id, state, verdict, reasons, warnings, seconds, peak_memory_bytes, …
    run_ended       states, seconds, report (the path of the page over the batch, or null)

and when an inbox is watched:

    waiting         id: seen, and its copying has not ended
    held            id, files: nothing changes any more, but these names say "being copied"
    gone            reason: the inbox cannot be read, and is waited for
    back            the inbox can be read again
    busy            reason: the output folder is not to be had now, and is waited for
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Literal

from relicscan.batch.job import Outcome

Kind = Literal[
    "run_started",
    "unchanged",
    "relic_started",
    "stage",
    "retried",
    "relic_ended",
    "run_ended",
    "waiting",
    "held",
    "gone",
    "back",
    "busy",
]


@dataclass(frozen=True)
class Event:
    """Something that happened, to the relic `id` if to one; `outcome` is how it ended."""

    kind: Kind
    id: str | None = None
    stage: str | None = None
    done: float = 0.0
    outcome: Outcome | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """The event as JSON has it."""
        data: dict[str, Any] = {"time": datetime.now(UTC).isoformat(), "event": self.kind}
        if self.id is not None:
            data["id"] = self.id
        if self.stage is not None:
            data |= {"stage": self.stage, "done": round(self.done, 4)}
        if self.outcome is not None:
            told = asdict(self.outcome)
            told["reasons"] = [{"text": t, "remedy": r} for t, r in self.outcome.reasons]
            data |= told
        return {**data, **self.detail}


Observer = Callable[[Event], None]


def writer(stream: IO[str]) -> Observer:
    """An observer that writes each event as a line of JSON, at once."""

    def write(event: Event) -> None:
        stream.write(json.dumps(event.as_data(), ensure_ascii=False) + "\n")
        stream.flush()

    return write
