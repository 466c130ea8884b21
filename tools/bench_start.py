"""How long `relicscan --help` takes beside an empty Typer app with as many commands.

    .venv/bin/python tools/bench_start.py --runs 15

Both are started in turn, so that whatever else the machine does meets both alike; the
medians and their ratio are what counts. Bytecode is cached for both, as it is for a user.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COUNT_COMMANDS = """
import typer.main
from relicscan.cli.main import app
print(len(typer.main.get_command(app).commands))
"""

EMPTY_APP = """
import typer

app = typer.Typer()

{commands}
app()
"""
EMPTY_COMMAND = """
@app.command()
def command_{index}() -> None:
    \"\"\"Do nothing, number {index}.\"\"\"

"""


def count_commands() -> int:
    """How many commands relicscan's own app has."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT_COMMANDS], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def seconds(*command: str) -> float:
    """Wall clock of one run of `python *command`. Raises CalledProcessError when it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    subprocess.run([sys.executable, *command], env=environment, capture_output=True, check=True)
    return time.perf_counter() - started


def compare(runs: int) -> str:
    """Both medians in milliseconds and their ratio, in a line for people."""
    commands = count_commands()
    with tempfile.TemporaryDirectory() as folder:
        # Imported as a module, so that its bytecode is cached as relicscan's is.
        body = "".join(EMPTY_COMMAND.format(index=index) for index in range(commands))
        Path(folder, "empty_app.py").write_text(EMPTY_APP.format(commands=body), "utf-8")
        start = f"import sys; sys.path.insert(0, {folder!r}); sys.argv = ['empty', '--help']"
        ours = ["-m", "relicscan", "--help"]
        empty = ["-c", f"{start}; import empty_app"]
        for command in (ours, empty):
            seconds(*command)
        pairs = [(seconds(*ours), seconds(*empty)) for _ in range(runs)]
    ours_ms, empty_ms = (1000 * statistics.median(side) for side in zip(*pairs, strict=True))
    return (
        f"relicscan --help {ours_ms:.0f} ms, an empty Typer app with {commands} commands "
        f"{empty_ms:.0f} ms: ratio {ours_ms / empty_ms:.2f} (medians of {runs} runs in turn)"
    )


def main() -> None:
    """Read the command line and print the comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="runs of each (default 15)")
    sys.stdout.write(compare(parser.parse_args().runs) + "\n")


if __name__ == "__main__":
    main()
