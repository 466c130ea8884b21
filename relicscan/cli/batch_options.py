"""Options that `run`, `watch` and their like share, each described once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option("-o", "--out", help="The output folder.")]
PipelineName = Annotated[
    str | None,
    typer.Option("-p", "--pipeline", help="web, preview, archive, or a path ending in .toml."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="stage.parameter=value, on record; may be repeated."),
]
Jobs = Annotated[str, typer.Option("-j", "--jobs", help="Relics at a time: auto, or a number.")]
Threads = Annotated[
    int | None, typer.Option("--threads", help="Threads for each relic; cores / jobs if not given.")
]
Memory = Annotated[
    str,
    typer.Option(
        "--memory", help="For all jobs together, for example 8GB; auto takes what is free."
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        help="Seconds for one relic; by default ten times what it should take, at least 600.",
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", help="Run on a cluster: tls://HOST:PORT of its scheduler."),
]
ClusterTls = Annotated[
    Path | None,
    typer.Option(
        "--cluster-tls",
        help="The folder of its certificates; else what RELICSCAN_CLUSTER_TLS says, else "
        "~/.config/relicscan/cluster.",
    ),
]
CacheSize = Annotated[
    str,
    typer.Option("--cache", help="Room for stage results kept for the next run; 0 keeps none."),
]
Events = Annotated[
    Path | None, typer.Option("--events", help="A file for JSON lines of what happens.")
]
Reproducible = Annotated[
    bool, typer.Option("--reproducible", help="One thread: the same bytes on every run.")
]
Strict = Annotated[
    bool, typer.Option("--strict", help="A relic that needs a review counts as failed.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but what went wrong.")]


def parse_jobs(text: str) -> int | None:
    """The number of jobs; None for auto. Raises PipelineError."""
    from relicscan.errors import PipelineError

    if text == "auto":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise PipelineError(f"--jobs is '{text}'", remedy="write auto, or 1 or more")
    return int(text)


def parse_memory(text: str) -> int | None:
    """Bytes; None for auto. Raises PipelineError."""
    from relicscan.batch.budget import parse_bytes

    return None if text == "auto" else parse_bytes(text)
