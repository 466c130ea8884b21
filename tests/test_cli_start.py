"""`relicscan --help` starts at once: what takes long to import waits until it is needed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Imports on a warm disk: Typer 0.04 s, NumPy 0.1 s, Open3D 0.7 s.
NOT_AT_START = {
    "numpy",
    "open3d",
    "trimesh",
    "scipy",
    "PIL",
    "laspy",
    "pye57",
    "DracoPy",
    "pygltflib",
    "fast_simplification",
    "tomlkit",
    "distributed",
    "dask",
    "cryptography",
}


def imported_by(*arguments: str) -> set[str]:
    """Top-level packages that `relicscan *arguments` imports, as the interpreter reports it."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "relicscan", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    modules = re.findall(r"^import time:[ \d|]+\| +([\w.]+)$", done.stderr, re.MULTILINE)
    return {module.partition(".")[0] for module in modules}


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["run", "--help"], ["cluster", "up", "--help"]],
    ids=" ".join,
)
def test_help_waits_for_no_heavy_package(arguments: list[str]) -> None:
    packages = imported_by(*arguments)
    assert {"typer", "relicscan"} <= packages
    # Typer itself asks pydantic about a command's parameters, but not to list the commands.
    forbidden = NOT_AT_START | ({"pydantic"} if arguments[0] not in ("run", "cluster") else set())
    assert not packages & forbidden, f"imported at start: {sorted(packages & forbidden)}"


def test_the_report_of_imports_names_what_was_imported() -> None:
    """The test above would pass on a report that it cannot read."""
    assert imported_by("stages") >= {"pydantic", "numpy"}


def test_bench_start_compares_both() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "bench_start.py", "--runs", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"with \d+ commands \d+ ms: ratio \d+\.\d\d", done.stdout)
