"""The command line: one command per file, errors in plain words, exit codes as documented.

Nothing heavy is imported before a command runs, so `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from relicscan import __version__
from relicscan.cli import (
    check,
    cluster,
    compare,
    doctor,
    export,
    gates,
    import_,
    inspect,
    new,
    publish,
    report,
    run,
    schema,
    serve,
    sign,
    stage,
    stages,
    validate,
    verify,
    watch,
)
from relicscan.cli.output import explain
from relicscan.errors import RelicscanError

app = typer.Typer(
    name="relicscan",
    help="Turn folders of raw museum scans into web-ready relic models that can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (
    *(run, watch, inspect, check, stages, stage, gates, validate, verify, report, sign, export),
    *(schema, doctor, compare, new, import_, publish, serve),
):
    app.command(name=module.__name__.rpartition(".")[2].rstrip("_"))(module.command)
app.add_typer(cluster.app, name="cluster")


def _version(asked: bool) -> None:
    if asked:
        print(f"relicscan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_version, is_eager=True),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; the console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter must not end us
    try:
        app()
    except RelicscanError as error:
        sys.exit(explain(error))
    except KeyboardInterrupt:
        print("interrupted: run the same command again to go on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
