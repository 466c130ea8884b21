"""`--cluster` and `relicscan cluster`, as far as they go without one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli.commands import Cli
from tiny_scans import write_cup

from relicscan.batch.cluster import certificates


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "127.0.0.1:8786", "tls://host"])
def test_only_encrypted_addresses_are_taken(cli: Cli, tmp_path: Path, address: str) -> None:
    write_cup(tmp_path / "cup")
    said = cli("run", tmp_path / "cup", "-o", tmp_path / "out", "--cluster", address, code=2)
    assert "only an encrypted and authenticated cluster is used" in said.err
    assert "tls://HOST:PORT" in said.err
    assert not (tmp_path / "out").exists()


def test_missing_certificates_are_said(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(certificates.VARIABLE, str(tmp_path / "none"))
    write_cup(tmp_path / "cup")
    address = ("--cluster", "tls://127.0.0.1:1")
    said = cli("run", tmp_path / "cup", "-o", tmp_path / "out", *address, code=2)
    assert f"{tmp_path / 'none'}: there is no ca.pem" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "cup", "-o", "out", "--cluster", "tls://127.0.0.1:1"),
        ("cluster", "up"),
        ("cluster", "scheduler"),
        ("cluster", "worker", "tls://127.0.0.1:1"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_without_the_extra_it_says_what_to_install(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_cup(tmp_path / "cup")
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = cli(*arguments, code=2)
    assert 'pip install "relicscan[cluster]"' in said.err


def test_jobs_and_memory_are_the_workers_own(cli: Cli, tmp_path: Path) -> None:
    write_cup(tmp_path / "cup")
    for option in (("--jobs", "3"), ("--memory", "8GB")):
        arguments = ("run", tmp_path / "cup", "--cluster", "tls://127.0.0.1:1", *option)
        assert "a cluster's workers have their own" in cli(*arguments, code=2).err
