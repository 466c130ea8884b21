"""`relicscan serve`: a look at a built site, or at relics, to place hotspots on them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output
from relicscan.cli.running import ended_by_signals

if TYPE_CHECKING:
    from relicscan.site.wire import Server


def command(
    folder: Annotated[
        Path, typer.Argument(help="A built site; with --pick, the output folder of a run.")
    ],
    port: Annotated[int, typer.Option("--port", help="The port; 0 takes one that is free.")] = 8000,
    host: Annotated[
        str,
        typer.Option("--host", help="The address to listen at; 0.0.0.0 is all of this machine's."),
    ] = "127.0.0.1",
    pick: Annotated[
        bool,
        typer.Option("--pick", help="Show relics, and print what is clicked on as TOML."),
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line on stderr for each request.")
    ] = False,
) -> None:
    """Serve a site for a look, to this machine alone unless --host says otherwise.

    The address is printed; Ctrl-C ends it. With --pick, a click on a relic prints the hotspot for
    its relic.toml: the point and the camera, in the coordinates of the scan. This is for a look:
    a crowd needs a web server, and the site brings the settings for one.

    [bold]Example:[/bold] relicscan serve site --port 8080
    """
    from relicscan.site.wire import is_loopback

    def log(line: str) -> None:
        output.say(output.remarks(), line)

    told = log if verbose else None
    server: Server
    if pick:
        from relicscan.site.pick import pick_server

        server = pick_server(folder, host=host, port=port, log=told, picked=_print)
        address = server.entrance
    else:
        from relicscan.site.serve import site_server

        server = site_server(folder, host=host, port=port, log=told)
        address = server.address
    if not is_loopback(host):
        text = "everyone who reaches this machine over the network can open this"
        output.say(output.remarks(), ("warning: ", "yellow"), text)
    _print(f"{address}\n")
    with server, ended_by_signals():
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            raise typer.Exit(output.EXIT_INTERRUPTED) from None


def _print(text: str) -> None:
    """For a script that waits for the line, at once."""
    print(output.printable(text), end="", flush=True)
