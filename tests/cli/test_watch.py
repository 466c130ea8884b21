"""`relicscan watch`: what it says of a relic from its first file to its model, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.commands import TERMINAL, Cli
from cli.test_run import QUICK
from limits import within
from tiny_scans import checked_output, sphere, write_cup, write_ply

NOW = ("--settle", "0", "--every", "0.05")


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    path = tmp_path / "quick.toml"
    path.write_text(QUICK, encoding="utf-8")
    return path


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    write_cup(tmp_path / "inbox" / "cup")
    return tmp_path / "inbox"


def test_a_relic_from_its_first_file_to_its_model(cli: Cli, inbox: Path, quick: Path) -> None:
    out, events = inbox.parent / "out", inbox.parent / "events.jsonl"
    arguments = ("watch", inbox, "-o", out, "-p", quick, *NOW, "--once", "--events", events)
    said = cli(*arguments)
    waiting, started, ended = said.err.splitlines()
    assert waiting == "cup: waiting until its copying has ended"
    assert started == "cup: started"
    assert ended.startswith("[1/1] cup: pass, ")
    assert said.out.splitlines()[-1] == f"1 relic in {out}: 1 pass"
    assert set(checked_output(out)) == {"cup"}
    kinds = [json.loads(line)["event"] for line in events.read_text().splitlines()]
    assert [kind for kind in kinds if kind != "stage"] == [
        "waiting",
        "run_started",
        "relic_started",
        "relic_ended",
        "run_ended",
    ]
    again = cli(*arguments)
    assert again.err == ""
    assert again.out.splitlines()[-1] == f"1 relic in {out}: 1 pass; 1 unchanged"


def test_what_is_not_good_says_why_at_once(cli: Cli, inbox: Path, quick: Path) -> None:
    (inbox / "cup" / "cup.ply").write_bytes(b"ply")
    out = inbox.parent / "out"
    said = cli("watch", inbox, "-o", out, "-p", quick, *NOW, "--once", "--json", code=1)
    (outcome,) = json.loads(said.out)
    assert (outcome["id"], outcome["state"]) == ("cup", "rejected")
    assert "cup (rejected): cup.ply: " in said.err
    assert said.err.count("what would work: ") == 1


def test_quietly_nothing_but_what_went_wrong(cli: Cli, inbox: Path, quick: Path) -> None:
    for name in ("a.ply", "b.ply"):
        write_ply(inbox / "figurine" / name, sphere(300))
    arguments = ("watch", inbox, "-o", inbox.parent / "out", "-p", quick, *NOW, "--once", "-q")
    said = cli(*arguments)
    assert (said.out, said.err) == ("", "")
    assert cli(*arguments, "--strict", code=1).out == ""
    write_cup(inbox / "torn").write_bytes(b"ply")
    said = cli(*arguments, code=1)
    assert said.out == ""
    assert said.err.startswith("torn (rejected): cup.ply: ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none"], "there is no such file or folder"),
        (["inbox", "-p", "wep"], "there is no pipeline 'wep'"),
        (["inbox", "--settle", "-1"], "--settle is -1"),
        (["inbox", "-o", "inbox"], "lies in the output folder"),
        (["inbox", "--events", "none/events.jsonl"], "the file of events cannot be written"),
    ],
)
def test_what_is_wrong_is_said_at_once(
    cli: Cli, inbox: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str
) -> None:
    monkeypatch.chdir(inbox.parent)
    said = cli("watch", *arguments, code=2)
    assert says in said.err
    assert "what would work: " in said.err
    assert said.out == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_that_is_ended(inbox: Path, quick: Path, number: signal.Signals) -> None:
    """What says what, line by line: a half-copied folder, a share that goes, and the end."""
    out = inbox.parent / "out"
    write_cup(inbox / "bowl")
    part = inbox / "bowl" / "photo.jpg.part"
    part.write_bytes(b"")
    with (
        within(120),
        subprocess.Popen(
            [sys.executable, "-m", "relicscan", "watch", inbox, "-o", out, "-p", quick, *NOW],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={k: v for k, v in os.environ.items() if k not in TERMINAL},
        ) as process,
    ):
        assert process.stderr is not None
        assert process.stdout is not None

        def next_line() -> str:
            assert process.stderr is not None
            return process.stderr.readline().rstrip("\n")

        assert sorted(next_line() for _ in range(3)) == [
            "bowl: waiting for photo.jpg.part, which by name is still being copied",
            "bowl: waiting until its copying has ended",
            "cup: waiting until its copying has ended",
        ]
        assert next_line() == "cup: started"
        assert next_line().startswith("[1/1] cup: pass, ")
        inbox.rename(inbox.with_name("away"))
        gone = f"{inbox} cannot be read (No such file or directory): waiting for it"
        assert next_line() == gone
        inbox.with_name("away").rename(inbox)
        assert next_line() == f"{inbox} is back"
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == (
        f"interrupted: 1 relic run into {out}; the same command goes on"
    )
    assert set(checked_output(out)) == {"cup"}
