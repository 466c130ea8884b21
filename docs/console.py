"""Console blocks in documents: run, compared, and brought up to date.

A block looks as a terminal does:

    ```console
    $ relicscan check web
    pipeline web: ok, 13 stages, …
    ```

`make readme` runs each command and writes what it printed; a test runs them again and
compares. Figures that change from run to run (times, memory, and triangles, which
parallel Poisson does not repeat exactly) are not compared, their places are. A `make`
command is run only by `make readme`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"```console\n(.*?)```\n", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A command and what the document says it prints."""

    command: str
    output: str


def blocks(text: str) -> list[Shown]:
    """All commands of a document, in order."""
    shown = []
    for block in BLOCK.findall(text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            shown.append(Shown(command, output.rstrip("\n")))
    return shown


def run(command: str) -> tuple[int, str]:
    """Exit code and what a terminal of 100 columns without colour would show, from the root."""
    scripts = Path(sys.executable).parent
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "RELICSCAN_"))}
    environment = {
        **inherited,
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-c", f"{command} 2>&1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if command.startswith("make "):  # the tests run the commands of this page, too
        _forget("readme*")
    return done.returncode, done.stdout.rstrip("\n")


def _forget(pattern: str) -> None:
    """Remove what was made before, which would be told as unchanged."""
    for made in (ROOT / "out").glob(pattern):
        shutil.rmtree(made, ignore_errors=True)


def comparable(output: str) -> str:
    """Output with every figure and every run of blanks made one sign, and paths made short."""
    output = re.sub(r"\d[\d,.]*( (s|min|h|MB|GB|kB))?", "#", output.replace(f"{ROOT}/", ""))
    return re.sub(r"[ \t]+(?=\n|$)|(?<= ) +", "", output).strip()


def brought_up_to_date(text: str) -> str:
    """The document with the output of every command as it is now."""
    for shown in blocks(text):
        code, output = run(shown.command)
        if code != 0 and "# exit" not in shown.command:
            raise SystemExit(f"{shown.command}: exit code {code}\n{output}")
        old = f"$ {shown.command}\n{shown.output}".rstrip("\n")
        text = text.replace(old, f"$ {shown.command}\n{_shortened(output)}".rstrip("\n"), 1)
    return text


def _shortened(output: str) -> str:
    """Long output (of `make test`) cut to its end."""
    lines = [line.rstrip() for line in output.replace(f"{ROOT}/", "").splitlines()]
    return "\n".join(lines if len(lines) <= 40 else ["…", *lines[-6:]])


def main() -> int:
    """Bring the documents named on the command line up to date."""
    _forget("demo")
    _forget("readme*")
    for name in sys.argv[1:]:
        path = ROOT / name
        path.write_text(
            brought_up_to_date(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
