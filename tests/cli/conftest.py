"""The command line as its users meet it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_scans import sphere, write_cup, write_ply, write_toml

from relicscan.cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command said; no command ends in a traceback."""

    code: int
    out: str
    err: str


Cli = Callable[..., Said]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs the console script's own function in this process, with stdout and stderr as pipes."""

    def run(*arguments: str | Path, code: int = 0) -> Said:
        monkeypatch.setattr(sys, "argv", ["relicscan", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert (ended.value.code or 0) == code, captured.err
        return Said(code, captured.out, captured.err)

    return run


def in_a_process(*arguments: str | Path, code: int = 0, **environment: str) -> Said:
    """The same in a process of its own, without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "relicscan", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | environment,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return Said(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Evening:
    """A run of the default pipeline over relics good, doubtful and bad."""

    scans: Path
    out: Path
    said: Said


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    root = tmp_path_factory.mktemp("evening")
    scans, out = root / "scans", root / "out"
    write_toml(scans / "vase")
    write_ply(scans / "vase" / "vase.ply", sphere(2500))
    write_cup(scans / "cup")
    (scans / "torn").mkdir()
    (scans / "torn" / "scan.ply").write_bytes((scans / "vase" / "vase.ply").read_bytes()[:-99])
    for name in ("a.ply", "b.ply"):
        write_ply(scans / "figurine" / name, sphere(300))
    return Evening(scans, out, in_a_process("run", scans, "-o", out, code=1))
