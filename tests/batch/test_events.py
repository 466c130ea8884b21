"""What happens, as JSON lines; the outcomes, as JUnit XML."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from batch.spoiled import Night
from tiny_scans import write_cup

from relicscan.batch.events import Event, writer
from relicscan.batch.job import Outcome
from relicscan.batch.junit import junit, write_junit
from relicscan.batch.run import run


def test_a_run_as_lines(tmp_path: Path, pipeline: str) -> None:
    for name in ("cup", "torn"):
        write_cup(tmp_path / "scans" / name)
    torn = tmp_path / "scans" / "torn" / "cup.ply"
    torn.write_bytes(torn.read_bytes()[:-20])

    def lines() -> list[dict[str, Any]]:
        stream = io.StringIO()
        run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline, observe=writer(stream))
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    told = lines()
    for line in told:
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)
    assert (told[0]["event"], told[0]["relics"], told[0]["to_run"]) == ("run_started", 2, 2)
    assert (told[-1]["event"], told[-1]["states"]) == ("run_ended", {"done": 1, "rejected": 1})
    ended = {line["id"]: line for line in told if line["event"] == "relic_ended"}
    assert (ended["cup"]["state"], ended["cup"]["verdict"]) == ("done", "pass")
    assert set(ended["torn"]["reasons"][0]) == {"text", "remedy"}
    started = [line for line in told if line["event"] == "relic_started"]
    assert all(s["memory_bytes"] > 0 and s["threads"] >= 1 and s["attempt"] == 1 for s in started)
    again = lines()
    assert [line["event"] for line in again] == [
        "run_started",
        "unchanged",
        "unchanged",
        "run_ended",
    ]
    assert again[0]["to_run"] == 0


def test_a_line_stays_a_line_and_is_written_at_once() -> None:
    stream = io.StringIO()
    writer(stream)(
        Event("unchanged", "a", outcome=Outcome("a", "done", "pass", warnings=("x\ny",)))
    )
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["warnings"] == ["x\ny"]


def case(outcome: Outcome, **asked: bool) -> ElementTree.Element:
    (found,) = ElementTree.fromstring(junit([outcome], **asked))
    return found


def test_junit_of_a_night_in_which_nearly_everything_goes_wrong(
    night: Night, tmp_path: Path
) -> None:
    write_junit(tmp_path / "junit.xml", list(night.outcomes.values()))
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "11",
        "failures": "3",
        "errors": "4",
        "skipped": "0",
    }
    kinds = {c.get("name"): (c[0].tag, c[0].get("type")) for c in suite if len(c)}
    assert kinds["truncated"] == ("failure", "rejected")
    assert kinds["crashing"] == ("error", "crashed")
    assert "cup" not in kinds
    crashed = next(c for c in suite if c.get("name") == "crashing")
    assert "what would work: " in (crashed[0].text or "")


def test_junit_counts_a_review_only_when_strict() -> None:
    review = Outcome("a", "done", "review", reasons=(("it is not sure", None),))
    assert len(case(review)) == 0
    assert case(review, strict=True)[0].get("type") == "review"


def test_junit_hides_no_failure_of_an_earlier_run() -> None:
    failed = Outcome("a", "rejected", reasons=(("torn", "send it again"),), unchanged=True)
    assert case(failed)[0].tag == "failure"
    good = Outcome("a", "done", "pass", unchanged=True, seconds=99.0)
    assert case(good)[0].tag == "skipped"
    assert case(good).get("time") == "0.000"


def test_junit_is_xml_whatever_a_name_holds() -> None:
    text = 'a\x00b\x1b[31m<&>"\ud800\uffff漢'
    found = case(Outcome("a", "failed", reasons=((text, text),), warnings=(text,)))
    assert found[0].get("message") == 'a\ufffdb\ufffd[31m<&>"\ufffd\ufffd漢'
