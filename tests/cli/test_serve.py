"""`relicscan serve`: the address on stdout, Ctrl-C, and who can reach it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli.commands import Cli, Evening

from relicscan.site import pick


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<!doctype html><p>A vase.</p>")
    return tmp_path / "site"


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process, and the first line that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "relicscan", "serve", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_where_it_is_and_ends_when_told(site: Path, number: int) -> None:
    with serving(site, "--port", "0", "-v") as (process, line):
        assert line.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(line.strip(), timeout=10) as answer:
            assert answer.read() == b"<!doctype html><p>A vase.</p>"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert out == ""
    assert err == "127.0.0.1 'GET / HTTP/1.1' 200\n"


def test_others_are_let_in_only_when_asked_and_with_a_warning(site: Path) -> None:
    with serving(site, "--port", "0", "--host", "0.0.0.0") as (process, line):
        assert line.startswith("http://127.0.0.1:")
        process.terminate()
        _, err = process.communicate(timeout=20)
    assert err.startswith("warning: everyone who reaches this machine over the network")


def test_a_folder_that_is_no_site(cli: Cli, tmp_path: Path, evening: Evening) -> None:
    said = cli("serve", tmp_path / "none", code=2)
    assert "name the folder that relicscan publish wrote" in said.err
    said = cli("serve", evening.out, code=2)
    assert "this is the output folder of a run" in said.err
    assert "no output folder" in cli("serve", tmp_path, "--pick", code=2).err


def test_a_port_that_is_none(cli: Cli, site: Path) -> None:
    said = cli("serve", site, "--port", "70000", code=2)
    assert "nothing can be served at 127.0.0.1 port 70000" in said.err
    assert "what would work: choose --host" in said.err


def test_what_is_picked_is_printed(
    cli: Cli, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The printed address is opened, and a click comes out on stdout as TOML."""
    monkeypatch.setattr(pick, "_tools", dict)

    def served(self: pick.PickServer) -> None:
        manifest = json.loads((evening.out / "cup" / "relic.json").read_text())
        low, high = manifest["levels"][0]["bounds_m"]
        middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
        body: dict[str, Any] = {"relic": "cup", "position": middle, "normal": None}
        body["camera"] = {"position": high, "target": middle}
        request = pick.Request("POST", f"{self.desk.secret}/pick", headers(self), _bytes(body))
        assert self.desk.answer(request).status == 200

    monkeypatch.setattr(pick.PickServer, "serve_forever", served)
    lines = cli("serve", evening.out, "--pick", "--port", "0").out.splitlines()
    assert lines[0].startswith("http://127.0.0.1:")
    assert lines[1] == "# cup: for its relic.toml, in the coordinates and the unit of the scan (mm)"
    assert lines[3:6] == ["[[hotspot]]", 'id = "spot-1"', "position = [20.0, 20.0, 20.0]"]


def headers(server: pick.PickServer) -> Any:
    from email.message import Message

    made = Message()
    made["Host"] = "localhost"
    made["Origin"] = "http://localhost"
    made["Content-Type"] = "application/json"
    return made


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
