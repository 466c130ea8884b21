"""`relicscan cluster`: the processes of a cluster, for `relicscan run --cluster`."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from relicscan.cli import batch_options as options
from relicscan.cli import output

app = typer.Typer(
    help="More than one machine: start what `run --cluster` sends relics to.",
    no_args_is_help=True,
)

Tls = Annotated[
    Path | None,
    typer.Option(
        "--tls",
        help="The folder of ca.pem, cert.pem and key.pem; else what RELICSCAN_CLUSTER_TLS says, "
        "else ~/.config/relicscan/cluster.",
    ),
]


@app.command()
def up(
    workers: Annotated[int, typer.Option("--workers", min=1, help="How many workers.")] = 2,
    memory: Annotated[
        str,
        typer.Option(
            "--memory", help="For each worker, for example 8GB; auto shares what is free."
        ),
    ] = "auto",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder", help="Keep the certificates here; else they are gone when it ends."
        ),
    ] = None,
) -> None:
    """Start a cluster on this machine, to try what a cluster does; nobody outside reaches it.

    It prints the command that uses it, and runs until Ctrl-C.

    [bold]Example:[/bold] relicscan cluster up --workers 2 --memory 8GB
    """
    from relicscan.batch.budget import Budget, budget_of
    from relicscan.batch.cluster import certificates
    from relicscan.batch.cluster.nodes import run_local
    from relicscan.batch.cluster.settings import check_installed

    check_installed()
    bytes_each = options.parse_memory(memory)
    here = budget_of(memory_bytes=bytes_each)
    each = Budget(
        max(1, here.jobs // workers),
        max(1, here.jobs // workers),
        bytes_each or here.memory_bytes // workers,
    )
    with ExitStack() as stack:
        if folder is None:
            made = tempfile.TemporaryDirectory(prefix="relicscan-cluster-")
            folder = Path(stack.enter_context(made))
        if not certificates.has_any(folder):
            certificates.make(folder)
        tls = folder.absolute()

        def ready(address: str) -> None:
            slots = f"{output.plural(each.jobs, 'relic')} at a time"
            room = output.bytes_in_words(each.memory_bytes)
            _remark(f"{output.plural(workers, 'worker')}, each with {slots} and {room}")
            _answer(f"relicscan run SCANS -o OUT --cluster {address} --cluster-tls {tls}")
            _remark("Ctrl-C ends it")

        run_local(workers, each, tls, ready)


@app.command()
def scheduler(
    host: Annotated[
        str, typer.Option("--host", help="This machine's address, at which the others reach it.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port that it listens on.")] = 8786,
    tls: Tls = None,
) -> None:
    """Start the scheduler of a cluster: one for all machines, it needs next to nothing itself.

    Where the folder has no certificates it makes them, valid for a year. Copy the folder to
    every machine of the cluster, readable by its user only.

    [bold]Example:[/bold] relicscan cluster scheduler --host 192.168.1.10
    """
    from relicscan.batch.cluster import certificates
    from relicscan.batch.cluster.nodes import run_scheduler
    from relicscan.batch.cluster.settings import check_installed

    check_installed()
    folder = certificates.folder_of(tls)
    if not certificates.has_any(folder):
        certificates.make(folder)
        _remark(f"new certificates in {folder}: copy that folder to every machine")

    def ready(address: str) -> None:
        _answer(f"relicscan cluster worker {address}")
        _answer(f"relicscan run SCANS -o OUT --cluster {address}")

    run_scheduler(host, port, folder, ready)


@app.command()
def worker(
    address: Annotated[str, typer.Argument(help="The scheduler's, for example tls://HOST:8786.")],
    jobs: options.Jobs = "auto",
    memory: options.Memory = "auto",
    host: Annotated[
        str | None,
        typer.Option("--host", help="This machine's address, if it has more than one."),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", help="The port for the scheduler to reach it; 0 takes any.")
    ] = 0,
    tls: Tls = None,
) -> None:
    """Let this machine take part in a cluster, until Ctrl-C or until the scheduler ends.

    [bold]Example:[/bold] relicscan cluster worker tls://192.168.1.10:8786 --jobs 4 --memory 24GB
    """
    from relicscan.batch.budget import budget_of
    from relicscan.batch.cluster import certificates
    from relicscan.batch.cluster.nodes import run_worker
    from relicscan.batch.cluster.settings import check_installed

    check_installed()
    budget = budget_of(jobs=options.parse_jobs(jobs), memory_bytes=options.parse_memory(memory))

    def ready() -> None:
        room = output.bytes_in_words(budget.memory_bytes)
        _remark(f"at {address} with {output.plural(budget.jobs, 'relic')} at a time and {room}")

    folder = certificates.folder_of(tls)
    if not run_worker(address, folder, budget, host=host, port=port, ready=ready):
        _remark(f"the scheduler at {address} has gone")


def _answer(line: str) -> None:
    output.say(output.answers(), line)
    sys.stdout.flush()


def _remark(line: str) -> None:
    output.say(output.remarks(), line)
