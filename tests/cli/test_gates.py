"""`relicscan gates`: every gate, and what it wants."""

from __future__ import annotations

import json

import pytest
from cli.commands import Cli

from relicscan.quality.gate import all_gates


def test_every_gate_is_listed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    lines = cli("gates").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(all_gates())
    (rms,) = (line for line in lines if line.startswith("max_deviation_rms_mm"))
    assert "at most   mm " in rms
    assert "measure_deviation" in rms


def test_json(cli: Cli) -> None:
    gates = {gate["name"]: gate for gate in json.loads(cli("gates", "--json").out)}
    assert list(gates) == list(all_gates())
    assert (gates["min_coverage"]["wants"], gates["min_coverage"]["unit"]) == ("at_least", "share")
    assert gates["min_coverage"]["value"]["properties"]["fail"]["maximum"] == 1
    assert gates["scale_known"]["value"]["enum"] == ["pass", "review", "fail"]
