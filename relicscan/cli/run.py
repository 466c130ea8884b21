"""`relicscan run`: the main job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import batch_options as options
from relicscan.cli import output
from relicscan.cli.closing import (
    closing_table,
    say_next,
    say_reasons,
    say_unused_roots,
    say_warnings,
)
from relicscan.cli.dashboard import Dashboard
from relicscan.cli.running import ended_by_signals, recorded

if TYPE_CHECKING:
    from relicscan.batch.plan import Plan
    from relicscan.batch.workers import Workers


def command(
    inputs: Annotated[
        list[Path], typer.Argument(help="Scan files, scan folders, or roots that hold them.")
    ],
    out: options.Out = Path("out"),
    pipeline: options.PipelineName = None,
    settings: options.Settings = None,
    jobs: options.Jobs = "auto",
    threads: options.Threads = None,
    memory: options.Memory = "auto",
    time_limit: options.TimeLimit = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Run again also what failed before.")
    ] = False,
    rehash: Annotated[
        bool, typer.Option("--rehash", help="Read every scan to see whether it has changed.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run and why; write nothing.")
    ] = False,
    cache: options.CacheSize = "10GB",
    cluster: options.Cluster = None,
    cluster_tls: options.ClusterTls = None,
    events: options.Events = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", help="A file for the outcomes as JUnit XML.")
    ] = None,
    reproducible: options.Reproducible = False,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="The outcomes as JSON.")] = False,
) -> None:
    """Turn scans into web-ready models with manifests.

    Each relic runs in a process of its own: one that breaks costs itself, never the batch.
    What an earlier run finished from the same scans is not run again.

    [bold]Example:[/bold] relicscan run scans/ -o out --set build_levels.ceilings.ultra=500000
    """
    from dataclasses import asdict

    from relicscan.batch.budget import parse_bytes
    from relicscan.batch.junit import write_junit
    from relicscan.batch.plan import plan
    from relicscan.batch.run import run
    from relicscan.errors import OutputError, PipelineError
    from relicscan.pipeline import parse_assignment

    if not quiet:
        say_unused_roots(inputs)
    asked: dict[str, Any] = {
        "pipeline": pipeline,
        "overrides": dict(parse_assignment(text) for text in settings or []),
        "reproducible": reproducible,
        "retry": retry,
        "rehash": rehash,
    }
    limits: dict[str, Any] = {
        "jobs": options.parse_jobs(jobs),
        "threads": threads,
        "memory_bytes": options.parse_memory(memory),
        "time_limit_s": time_limit,
        "cache_bytes": parse_bytes(cache),
    }
    if cluster is not None and (limits["jobs"] or limits["memory_bytes"]):
        raise PipelineError(
            "--jobs and --memory are for this machine, and a cluster's workers have their own",
            remedy="give them to `relicscan cluster worker`, or leave out --cluster",
        )
    if junit is not None and not junit.absolute().parent.is_dir():
        raise OutputError(
            "the JUnit file cannot be written: there is no such folder",
            scan=str(junit),
            remedy="make the folder, or choose another with --junit",
        )
    if dry_run:
        _say_plan(plan(list(inputs), out, **asked), out, as_json=as_json)
        return
    dashboard = Dashboard(show=not quiet)
    try:
        with (
            ended_by_signals(),
            recorded(dashboard, events) as observe,
            _workers(cluster, cluster_tls) as workers,
        ):
            if workers is not None:
                limits |= {"workers": workers, "threads": threads or 1}
            outcomes = run(list(inputs), out, **asked, **limits, observe=observe)
    except KeyboardInterrupt:
        dashboard.stop()
        done = dashboard.ended + dashboard.unchanged
        finished = f"{done} of {output.plural(dashboard.total, 'relic')} finished"
        text = f"interrupted: {finished} and in {out}; the same command goes on"
        output.say(output.remarks(), text)
        raise typer.Exit(output.EXIT_INTERRUPTED) from None
    finally:
        dashboard.stop()
    failed = [o for o in outcomes if not o.ok or (strict and o.verdict == "review")]
    if junit is not None:
        write_junit(junit, outcomes, strict=strict)
    if as_json:
        output.print_json([asdict(outcome) for outcome in outcomes])
    elif not quiet:
        closing_table(outcomes, out)
    say_reasons(failed if quiet else outcomes)
    if not quiet:
        say_warnings([o for o in outcomes if not o.unchanged])
        say_next(outcomes, out)
    if failed:
        raise typer.Exit(output.EXIT_FAILED)


@contextmanager
def _workers(cluster: str | None, tls: Path | None) -> Iterator[Workers | None]:
    """The workers of a cluster for as long as the run takes; None for this machine's own."""
    if cluster is None:
        yield None
        return
    from relicscan.batch.cluster.certificates import folder_of
    from relicscan.batch.cluster.workers import ClusterWorkers

    workers = ClusterWorkers(cluster, folder_of(tls))
    try:
        yield workers
    finally:
        workers.stop()


def _say_plan(planned: Plan, out: Path, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "id": relic.id,
                "runs": relic.estimate is not None,
                "why": relic.why,
                "estimated_seconds": relic.estimate and round(relic.estimate.seconds, 1),
                "estimated_memory_bytes": relic.estimate and round(relic.estimate.memory_bytes),
            }
            for relic in planned.relics
        ]
        output.print_json(rows)
        return
    table = output.table("relic", "would", "about", "memory", "why", right=["about", "memory"])
    for relic in planned.relics:
        if relic.estimate is not None:
            cost = output.duration_in_words(relic.estimate.seconds)
            memory = output.bytes_in_words(relic.estimate.memory_bytes)
            table.add_row(relic.id, "run", cost, memory, output.cell(relic.why or ""))
        elif relic.why is not None:
            table.add_row(relic.id, "be rejected", "–", "–", output.cell(relic.why))
    console = output.answers()
    if table.row_count:
        console.print(table)
    relics = output.plural(len(planned.relics), "relic")
    count = f"{len(planned.to_run):,} of {relics}"
    output.say(console, f"{count} would run into {out}; nothing was written")
