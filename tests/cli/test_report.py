"""`relicscan report`: the page over a batch, made again, elsewhere, or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from batch.mornings import write_morning
from cli.commands import Cli


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write_morning(tmp_path / "out")
    return tmp_path / "out"


def test_the_page_is_written_and_counted(cli: Cli, out: Path) -> None:
    said = cli("report", out).out
    assert said == (
        f"{out / 'report.html'}: 10 relics: 2 failed, 1 crashed, 1 out of memory, 1 timed out, "
        "1 rejected, 1 fail, 1 review, 2 pass\n"
    )
    assert "7 of 10" in (out / "report.html").read_text("utf-8")


def test_the_page_may_lie_elsewhere(cli: Cli, out: Path, tmp_path: Path) -> None:
    cli("report", out, "-o", tmp_path / "tuesday.html")
    assert 'href="out/jug/relic.json"' in (tmp_path / "tuesday.html").read_text("utf-8")
    assert not (out / "report.html").exists()
    said = cli("report", out, "-o", tmp_path / "no" / "page.html", code=2).err
    assert "there is no such folder" in said


def test_json_has_every_relic_and_writes_nothing(cli: Cli, out: Path) -> None:
    found = json.loads(cli("report", out, "--json").out)
    assert [row["id"] for row in found["rows"]][:2] == ["jug", "idol"]
    assert found["counts"]["crashed"] == 1
    assert not (out / "report.html").exists()


def test_what_is_no_output_folder_is_refused(cli: Cli, tmp_path: Path) -> None:
    assert "no output folder" in cli("report", tmp_path, code=2).err
