"""`relicscan doctor`: what is here, and what to do about what is not."""

from __future__ import annotations

import json
from importlib import metadata

import pytest
from cli.commands import Cli

from relicscan.batch import examine


@pytest.fixture(autouse=True)
def few_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every library is tried in a process of its own; two stand for all."""
    monkeypatch.setattr(examine, "REQUIRED", ("numpy", "rich"))


def test_this_machine_is_fit(cli: Cli) -> None:
    said = cli("doctor")
    rows = [line.split() for line in said.out.splitlines()]
    assert ["ok", "numpy", metadata.version("numpy")] in rows
    assert said.err == ""


def test_json(cli: Cli) -> None:
    findings = {f["what"]: f for f in json.loads(cli("doctor", "--json").out)}
    assert findings["numpy"]["state"] == "ok"
    assert "web" in findings["pipelines"]["found"]
    assert findings["Khronos glTF validator"]["state"] in ("ok", "optional")


def test_a_library_that_is_missing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examine, "REQUIRED", ("no-such-library",))
    said = cli("doctor", code=1)
    assert "missing" in said.out
    assert "what would work: pip install no-such-library" in said.out


def test_a_library_that_is_broken(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed, and ending the process that imports it."""
    monkeypatch.setattr(examine, "IMPORTS", {"numpy": "no_such_module"})
    findings = {f["what"]: f for f in json.loads(cli("doctor", "--json", code=1).out)}
    assert findings["numpy"]["state"] == "missing"
    assert "No module named 'no_such_module'" in findings["numpy"]["found"]
    assert "pip install" in findings["numpy"]["remedy"]


def test_without_node(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    findings = {f["what"]: f for f in json.loads(cli("doctor", "--json").out)}
    assert findings["Khronos glTF validator"]["state"] == "optional"
    assert "node is not installed" in findings["Khronos glTF validator"]["found"]
