"""`relicscan watch`: what is dropped into a folder becomes models without anyone typing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import batch_options as options
from relicscan.cli import output
from relicscan.cli.closing import closing_table, say_reasons, say_warnings
from relicscan.cli.dashboard import Dashboard
from relicscan.cli.running import ended_by_signals, recorded

if TYPE_CHECKING:
    from relicscan.batch.events import Event

#: Of the files that a relic waits for, so many are named.
NAMED_FILES = 3


def command(
    inbox: Annotated[Path, typer.Argument(help="The folder that scan folders are dropped into.")],
    out: options.Out = Path("out"),
    pipeline: options.PipelineName = None,
    settings: options.Settings = None,
    settle: Annotated[
        float,
        typer.Option("--settle", help="Seconds without a change after which a copy has ended."),
    ] = 30.0,
    every: Annotated[float, typer.Option("--every", help="Seconds from one look to the next.")] = 5,
    once: Annotated[
        bool, typer.Option("--once", help="End when everything that is there has been run.")
    ] = False,
    jobs: options.Jobs = "auto",
    threads: options.Threads = None,
    memory: options.Memory = "auto",
    time_limit: options.TimeLimit = None,
    cache: options.CacheSize = "10GB",
    events: options.Events = None,
    reproducible: options.Reproducible = False,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="With --once, the outcomes as JSON.")
    ] = False,
) -> None:
    """Run each relic that is dropped into a folder, once its copying has ended.

    A half-copied folder is waited for, and so is a share that has gone. What changes later is
    run again, what was finished is not. Ctrl-C ends it; the same command goes on.

    [bold]Example:[/bold] relicscan watch inbox/ -o out --settle 60
    """
    from dataclasses import asdict

    from relicscan.batch.budget import parse_bytes
    from relicscan.batch.watch import watch
    from relicscan.pipeline import parse_assignment

    asked: dict[str, Any] = {
        "pipeline": pipeline,
        "overrides": dict(parse_assignment(text) for text in settings or []),
        "reproducible": reproducible,
        "jobs": options.parse_jobs(jobs),
        "threads": threads,
        "memory_bytes": options.parse_memory(memory),
        "time_limit_s": time_limit,
        "cache_bytes": parse_bytes(cache),
        "settle_s": settle,
        "every_s": every,
        "once": once,
    }
    teller = _Teller(inbox, out, quiet=quiet)
    try:
        with ended_by_signals(), recorded(teller, events) as observe:
            outcomes = watch(inbox, out, **asked, observe=observe)
    except KeyboardInterrupt:
        teller.dashboard.stop()
        ended = output.plural(teller.ended, "relic")
        text = f"interrupted: {ended} run into {out}; the same command goes on"
        output.say(output.remarks(), text)
        raise typer.Exit(output.EXIT_INTERRUPTED) from None
    finally:
        teller.dashboard.stop()
    if as_json:
        output.print_json([asdict(outcome) for outcome in outcomes])
    elif not quiet:
        closing_table(outcomes, out)
    if any(not o.ok or (strict and o.verdict == "review") for o in outcomes):
        raise typer.Exit(output.EXIT_FAILED)


class _Teller:
    """An observer that says on stderr what happens to whom, and why it is not simply good."""

    def __init__(self, inbox: Path, out: Path, *, quiet: bool) -> None:
        self.inbox, self.out, self.quiet = inbox, out, quiet
        self.dashboard = Dashboard(show=not quiet)
        self.ended = 0

    def __call__(self, event: Event) -> None:
        match event.kind:
            case "waiting":
                self._say(f"{event.id}: waiting until its copying has ended")
            case "held":
                files = event.detail["files"]
                names = ", ".join(files[:NAMED_FILES])
                more = f" and {len(files) - NAMED_FILES} more" if len(files) > NAMED_FILES else ""
                text = f"waiting for {names}{more}, which by name is still being copied"
                self._say(f"{event.id}: {text}")
            case "gone":
                text = f"{self.inbox} cannot be read ({event.detail['reason']}): waiting for it"
                self._say(text, always=True)
            case "back":
                self._say(f"{self.inbox} is back", always=True)
            case "busy":
                self._say(f"{self.out}: {event.detail['reason']}: waiting", always=True)
            case "unchanged":
                self._say(f"{event.id}: nothing that a model is made from has changed")
            case "run_started":
                self.dashboard = Dashboard(show=not self.quiet)
            case "relic_started" if event.detail["attempt"] == 1:
                self._say(f"{event.id}: started")
        self.dashboard(event)
        if event.kind == "run_ended":
            self.dashboard.stop()
        if event.kind == "relic_ended" and event.outcome is not None:
            self.ended += 1
            if not (self.quiet and event.outcome.ok):
                say_reasons([event.outcome])
            if not self.quiet:
                say_warnings([event.outcome])

    def _say(self, text: str, *, always: bool = False) -> None:
        if always or not self.quiet:
            output.say(self.dashboard.console, text)
