"""A folder that is dropped into an inbox becomes a model without anyone typing.

The inbox is looked at every few seconds. A relic is run when its files have stayed the same
for a while and none of their names says "being copied"; what changes later is run again. The
output folder is held only while something runs, so other runs into it find their turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relicscan.batch.events import Event, Observer
from relicscan.batch.inbox import Seen, look
from relicscan.batch.job import Outcome
from relicscan.batch.plan import plan
from relicscan.batch.run import run
from relicscan.batch.standing import standing
from relicscan.errors import Busy, NoRoom, OutputError, PipelineError, Unreachable

#: People who copy one folder after the other take a moment between them, and so do shares.
SETTLE_S = 30.0
EVERY_S = 5.0
#: Looking at a large inbox on a slow share takes its time: at most a tenth of ours.
REST = 9.0
#: What failed for a reason that may have gone is tried after twice as long each time, up to this.
LONGEST_S = 3600.0


def watch(
    inbox: str | Path,
    out: str | Path = "out",
    *,
    settle_s: float = SETTLE_S,
    every_s: float = EVERY_S,
    once: bool = False,
    observe: Observer = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    **settings: Any,
) -> list[Outcome]:
    """Run each relic in `inbox` into `out` once its files are the same for `settle_s` seconds.

    Looks every `every_s` seconds and ends only by an exception, KeyboardInterrupt being the
    usual one; with `once`, when there is nothing left to wait for: then it returns an Outcome
    for each relic, sorted by id. `settings` are those of `relicscan.run`. An inbox that goes
    is waited for, and so is an output folder that another run holds or (but with `once`) a
    machine without room. Raises PipelineError where the inbox does not exist at the start,
    and what `run` raises.
    """
    for name, value in (("--settle", settle_s), ("--every", every_s)):
        if not 0 <= value < float("inf"):
            raise PipelineError(f"{name} is {value:g}", remedy=f"give {name} a number of seconds")
    watched = _Inbox(Path(inbox), Path(out), settle_s, once, observe, clock, settings)
    told_busy = False
    while True:
        began = clock()
        ready = watched.look()
        if once and not ready and watched.all_done:
            return [watched.outcomes[relic_id] for relic_id in sorted(watched.outcomes)]
        if ready:
            try:
                watched.run(ready)
            except (Busy, NoRoom) as error:
                if once and isinstance(error, NoRoom):
                    raise
                if not told_busy:
                    observe(Event("busy", detail={"reason": error.message}))
                told_busy = True
            else:
                told_busy = False
                continue
        sleep(max(every_s, REST * (clock() - began)))


@dataclass
class _Sighting:
    """A relic that was seen: how, since when it is so, and how long that has to last."""

    signature: str
    since: float
    settle_s: float
    done: bool = False
    told_held: bool = False


class _Inbox:
    """The relics of an inbox from one look to the next."""

    def __init__(
        self,
        inbox: Path,
        out: Path,
        settle_s: float,
        once: bool,
        observe: Observer,
        clock: Callable[[], float],
        settings: Mapping[str, Any],
    ) -> None:
        self.inbox, self.out, self.settle_s, self.once = inbox, out, settle_s, once
        self.observe, self.clock, self.settings = observe, clock, settings
        self.sightings: dict[str, _Sighting] = {}
        self.present: frozenset[str] = frozenset()
        self.outcomes: dict[str, Outcome] = {}
        self.gone = False
        asked = {k: v for k, v in settings.items() if k in ("pipeline", "overrides")}
        # Whatever is wrong with the pipeline is told now, and not when the first visitor comes.
        self.request = plan(inbox, out, only=(), **asked).request
        self._check_apart()

    def _check_apart(self) -> None:
        if not self.inbox.is_dir():
            raise PipelineError(
                "this is a file, and an inbox is a folder",
                scan=str(self.inbox),
                remedy="name the folder that scans are dropped into",
            )
        if self.inbox.resolve().is_relative_to(self.out.resolve()):
            raise OutputError(
                f"the inbox {self.inbox} lies in the output folder",
                scan=str(self.out),
                remedy="choose an output folder elsewhere with -o",
            )

    @property
    def all_done(self) -> bool:
        """Whether the inbox is there and nothing in it is waited for."""
        return not self.gone and all(self.sightings[relic_id].done for relic_id in self.present)

    def look(self) -> list[str]:
        """Look once; the ids of relics that are to be run now."""
        try:
            seen = look(self.inbox)
        except (OSError, PipelineError) as error:
            self._is_gone(error)
            return []
        if self.gone:
            self.observe(Event("back"))
        self.gone, self.present = False, frozenset(seen)
        # What is done stays on record: a share that comes back brings nothing new.
        self.sightings = {
            relic_id: sighting
            for relic_id, sighting in self.sightings.items()
            if sighting.done or relic_id in seen
        }
        now = self.clock()
        return [relic_id for relic_id, relic in seen.items() if self._is_ready(relic, now)]

    def run(self, ready: Sequence[str]) -> None:
        """Run relics; what has changed meanwhile will be seen to have. Raises what `run` does."""
        try:
            outcomes = run(self.inbox, self.out, only=ready, observe=self.observe, **self.settings)
        except (Unreachable, PipelineError) as error:
            if isinstance(error, PipelineError) and self.inbox.is_dir():
                raise
            return  # the next look will see that the inbox has gone
        now = self.clock()
        for outcome in outcomes:
            self.outcomes[outcome.id] = outcome
            sighting = self.sightings[outcome.id]
            if outcome.lasting or self.once:
                sighting.done = True
            else:
                sighting.since = now
                sighting.settle_s = min(2 * max(sighting.settle_s, 1.0), LONGEST_S)
        for relic_id in set(ready) - {outcome.id for outcome in outcomes}:
            del self.sightings[relic_id]  # it was taken away before it could be run

    def _is_ready(self, seen: Seen, now: float) -> bool:
        relic_id = seen.found.id
        known = self.sightings.get(relic_id)
        if known is None or known.signature != seen.signature:
            stands = self._stands(seen) if known is None else False
            if not stands and (known is None or known.done):
                self.observe(Event("waiting", relic_id))
            told_held = known is not None and not known.done and known.told_held
            known = _Sighting(seen.signature, now, self.settle_s, stands, told_held)
            self.sightings[relic_id] = known
        if known.done or now - known.since < known.settle_s:
            return False
        if seen.copying and not known.told_held:
            known.told_held = True
            self.observe(Event("held", relic_id, detail={"files": list(seen.copying)}))
        return not seen.copying

    def _stands(self, seen: Seen) -> bool:
        """Whether an earlier run finished it, so that nobody need wait for it."""
        if seen.found.error is not None or seen.copying:
            return False
        reproducible = bool(self.settings.get("reproducible"))
        found = standing(self.out, seen.found, self.request, reproducible=reproducible)
        if found.outcome is None or found.why is not None:
            return False
        self.outcomes[seen.found.id] = found.outcome
        return True

    def _is_gone(self, error: Exception) -> None:
        if not self.gone:
            reason = getattr(error, "strerror", None) or str(error)
            self.observe(Event("gone", detail={"reason": reason}))
        self.gone = True
        # Who knows what happens to the others until it is back.
        self.sightings = {i: sighting for i, sighting in self.sightings.items() if sighting.done}
