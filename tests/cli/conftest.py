"""The command line as its users meet it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli.commands import TERMINAL, Cli, Evening, Said, in_a_process
from tiny_scans import sphere, write_cup, write_ply, write_toml

from relicscan.cli.main import main


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs the console script's own function in this process, with stdout and stderr as pipes."""

    for name in TERMINAL:
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str | Path, code: int = 0) -> Said:
        monkeypatch.setattr(sys, "argv", ["relicscan", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert (ended.value.code or 0) == code, captured.err
        return Said(code, captured.out, captured.err)

    return run


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
