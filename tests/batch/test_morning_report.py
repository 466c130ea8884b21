"""OUT/report.html: every relic of an output folder, the worst first, whatever they are called."""

from __future__ import annotations

import os
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from batch.mornings import MIDNIGHT, UNIT, write_morning, write_relic
from tiny_scans import read_json, write_cup

from relicscan.batch import report
from relicscan.batch.events import Event
from relicscan.batch.place import restore
from relicscan.batch.report import as_data, gather, write_report
from relicscan.batch.run import run
from relicscan.batch.verify import verify
from relicscan.errors import OutputError
from relicscan.metadata.index import merge_index, read_index
from relicscan.metadata.page_seal import seal_problem

WORST_FIRST = [
    "jug",
    "idol",
    "hydria",
    "goblet",
    "flask",
    "ewer",
    "dish",
    "coin",
    "bowl",
    "amphora",
]


class Page(HTMLParser):
    """The rows of the table as texts of cells, and every address of the page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text("utf-8")
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self._in_cell = False
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        self.links += [value for name in ("href", "src") if (value := given.get(name))]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data.replace("\N{NO-BREAK SPACE}", " ")

    def row(self, title: str) -> dict[str, str]:
        """A relic's cells by the names of their columns."""
        found = next(row for row in self.rows[1:] if row[1].startswith(title))
        return dict(zip(self.rows[0], found, strict=True))


@pytest.fixture
def morning(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    out.mkdir()
    write_morning(out)
    return out


def written(out: Path, **settings: Any) -> Page:
    write_report(out, **settings)
    return Page(settings.get("file") or out / "report.html")


def test_the_worst_come_first(morning: Path) -> None:
    assert [one.id for one in gather(morning).rows] == WORST_FIRST
    titles = [row[1] for row in written(morning).rows[1:]]
    assert [title.split()[0].lower() for title in titles] == [*WORST_FIRST[:-1], "painted"]


def test_a_row_has_the_figures_of_the_manifests(morning: Path) -> None:
    page = written(morning)
    assert page.row("Painted amphora") == {
        "": "",
        "Relic": "Painted amphoraamphora ",
        "Result": "Passed",
        "Why": "",
        "Warnings": "–",
        "Deviation": "0.0500 mm",
        "Height × width × depth": "200 × 100 × 50.0 mm",
        "Triangles": "100,000",
        "Points": "1,000,000",
        "Time": "60.0 s",
        "Memory": "1.00 GB",
        "Finished": "2026-11-27 00:01 UTC",
    }
    jug = page.row("jug")
    assert jug["Result"] == "Failed"
    assert jug["Why"] == f"jug.ply{UNIT[0][7:]}→ {UNIT[1]}and 1 more reason"
    assert (jug["Deviation"], jug["Triangles"]) == ("–", "–")
    assert page.row("bowl")["Warnings"] == "1"


def test_rows_say_what_index_relic_and_run_json_say(morning: Path) -> None:
    data = as_data(gather(morning))
    rows = {row["id"]: row for row in data["rows"]}
    for entry in read_index(morning).relics:
        row, run_json = rows[entry.id], read_json(morning / entry.id / "run.json")
        levels = read_json(morning / entry.id / "relic.json")["levels"]
        assert row["result"] == (entry.verdict or entry.state)
        assert row["warnings"] == entry.counts.warnings
        assert (row["seconds"], row["peak_memory_bytes"]) == (
            run_json["seconds"],
            run_json["peak_memory_bytes"],
        )
        assert row["reasons"] == run_json["reasons"]
        assert row["deviation_rms_mm"] == (
            levels[0]["deviation"]["scan_to_level"]["rms_mm"] if levels else None
        )
    assert data["slowest"] == {"id": "flask", "seconds": 600.0}
    assert data["most_memory"] == {"id": "goblet", "bytes": 4_000_000_000}
    assert data["seconds"] == 8 * 60 + 20 + 600
    assert data["counts"] == dict(
        failed=2,
        crashed=1,
        out_of_memory=1,
        timed_out=1,
        rejected=1,
        fail=1,
        review=1,
        **{"pass": 2},
    )


def test_relics_that_fail_alike_are_told_together(morning: Path) -> None:
    first, *others = gather(morning).summary.groups
    assert (first.text, first.remedy, first.count) == (UNIT[0][9:], UNIT[1], 2)
    assert [group.count for group in others] == [1] * 6
    assert others[-1].worst == "review"
    assert "2 relics" in written(morning).source.replace("\N{NO-BREAK SPACE}", " ")


def test_reasons_that_differ_in_names_and_numbers_are_one(tmp_path: Path) -> None:
    texts = ["a.ply: only 12 of 3,000 points", "b c.ply, stage merge: only 7 of 9 points"]
    entries = [
        write_relic(tmp_path, f"r{i}", None, "rejected", reasons=[(text, None)])
        for i, text in enumerate([*texts, "a.ply: it is no PLY file"])
    ]
    groups = gather(tmp_path, entries).summary.groups
    assert [(g.text, g.count) for g in groups] == [
        ("only … of … points", 2),
        ("it is no PLY file", 1),
    ]


def test_the_command_that_goes_on_is_that_of_what_failed(tmp_path: Path) -> None:
    out = tmp_path / "my out"
    asked = {"pipeline": "/home/me/own.toml", "overrides": {"decimate.ratio": 0.5}}
    good = write_relic(out, "good", request={"pipeline": "preview"})
    assert gather(out, [good]).summary.again == "relicscan run SCANS -o 'my out' --retry"
    bad = write_relic(out, "bad", None, "failed", reasons=[("no", None)], request=asked)
    again = gather(out, [good, bad]).summary.again
    assert again == ("relicscan run SCANS -o 'my out' -p own.toml --set decimate.ratio=0.5 --retry")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "its relic.json is missing"),
        (lambda path: path.write_bytes(path.read_bytes() + b" "), "its relic.json has changed"),
        (lambda path: path.write_bytes(b"\xff"), "its relic.json has changed"),
        (lambda path: (path.unlink(), path.mkdir()), "its relic.json cannot be read"),
    ],
)
def test_a_damaged_manifest_costs_its_row_and_no_other(
    morning: Path, spoil: Any, said: str
) -> None:
    spoil(morning / "amphora" / "relic.json")
    page = written(morning)
    assert page.rows[1][1].startswith("amphora")
    found = page.row("amphora")
    assert (found["Result"], found["Triangles"], found["Time"]) == ("Damaged", "–", "60.0 s")
    assert found["Why"].startswith(said)
    assert page.row("bowl")["Triangles"] == "100,000"


def test_a_missing_run_json_costs_its_times(morning: Path) -> None:
    (morning / "dish" / "run.json").write_text("{", encoding="utf-8")
    found = written(morning).row("dish")
    assert (found["Result"], found["Time"], found["Finished"]) == ("Not for use", "–", "–")
    assert found["Why"] == "level high misses its budget"


def test_a_model_that_was_kept_is_said_to_be_of_an_earlier_run(morning: Path) -> None:
    entries = [
        entry.of_earlier_run("failed", []) if entry.id == "bowl" else entry
        for entry in read_index(morning).relics
    ]
    found = next(row for row in gather(morning, entries).rows if row.id == "bowl")
    assert (found.kind, found.kept_earlier, found.triangles) == ("failed", True, 100_000)


HOSTILE = '"><script>alert(1)</script><img src=//evil.example/x onerror=a()> {{ 7*7 }}'


def test_texts_of_others_stay_texts(tmp_path: Path) -> None:
    entries = [
        write_relic(tmp_path, "a", "review", titles={"en": HOSTILE, "ar": "\u202eجرة"},
                    reasons=[(HOSTILE, HOSTILE)], warnings=[HOSTILE]),
        write_relic(tmp_path, "b", titles={"en": "x" * 5000}),
    ]  # fmt: skip
    merge_index(tmp_path, entries)
    page = written(tmp_path)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [given for _, given in page.tags if "onerror" in given]
    assert not [link for link in page.links if "evil" in link]
    assert page.row('"><script>')["Why"].startswith(HOSTILE)
    assert "x" * 200 not in page.source
    # What is written from right to left turns nothing beside it round.
    assert page.source.count("<bdi") == page.source.count("</bdi>")


def test_the_page_asks_nobody_for_anything(morning: Path) -> None:
    page = written(morning)
    policy = next(g["content"] for t, g in page.tags if g.get("http-equiv"))
    (script,) = re.findall(r"<script>(.*?)</script>", page.source, re.DOTALL)
    assert b64encode(sha256(script.encode()).digest()).decode() in policy
    assert policy.startswith("default-src 'none'; img-src data: 'self' file:;")
    for link in page.links:
        assert link.startswith("#") or (morning / link).exists(), link


def test_a_page_elsewhere_leads_back_to_the_relics(morning: Path) -> None:
    (morning.parent / "re ports").mkdir()
    page = written(morning, file=morning.parent / "re ports" / "tuesday.html")
    links = [link for link in page.links if not link.startswith("#")]
    assert links
    for link in links:
        assert (morning.parent / "re ports" / link).resolve().is_file()
    assert not (morning / "report.html").exists()


def test_what_the_best_are_is_left_out_where_there_are_too_many(
    morning: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_ROWS", 4)
    page = written(morning)
    assert [row[1].split()[0] for row in page.rows[1:]] == WORST_FIRST[:4]
    assert "4 of 10 are listed" in page.source
    assert "7 of 10" in page.source.replace("\N{NO-BREAK SPACE}", " ")
    assert len(as_data(gather(morning))["rows"]) == 10


def test_a_report_that_would_be_the_same_is_not_written_again(morning: Path) -> None:
    write_report(morning)
    assert seal_problem((morning / "report.html").read_bytes(), None) is None
    os.utime(morning / "report.html", (1, 1))
    write_report(morning)
    assert (morning / "report.html").stat().st_mtime == 1
    merge_index(morning, [write_relic(morning, "kylix")])
    write_report(morning)
    assert (morning / "report.html").stat().st_mtime > MIDNIGHT.timestamp() - 10 * 365 * 86400
    assert "kylix" in (morning / "report.html").read_text("utf-8")


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no output folder"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_a_run_leaves_the_report_over_all_runs(pipeline: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_cup(tmp_path / "one" / "cup")
    run(tmp_path / "one", out, pipeline=pipeline, jobs=1)
    torn = write_cup(tmp_path / "two" / "torn")
    torn.write_bytes(torn.read_bytes()[:-9])
    told: list[Event] = []
    run(tmp_path / "two", out, pipeline=pipeline, jobs=1, observe=told.append)
    page = Page(out / "report.html")
    assert [row[1].split()[0] for row in page.rows[1:]] == ["torn", "cup"]
    assert told[-1].detail["report"] == str(out / "report.html")
    assert verify(out) == []


def test_an_interrupted_run_has_its_report(pipeline: str, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_cup(tmp_path / "scans" / name)

    def interrupt(event: Event) -> None:
        if event.kind == "relic_ended":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline, jobs=1, observe=interrupt)
    page = Page(tmp_path / "out" / "report.html")
    assert len(page.rows) == 2
    assert "2 relics of it were not finished" in page.source.replace("\N{NO-BREAK SPACE}", " ")
    assert verify(tmp_path / "out") == []


def test_a_report_that_cannot_be_written_fails_no_run(
    pipeline: str, shelf: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    told: list[Event] = []
    (cup,) = run(shelf, tmp_path / "out", pipeline=pipeline, jobs=1, observe=told.append)
    assert cup.ok
    assert told[-1].detail["report"] is None


def test_half_a_page_of_a_run_that_was_killed_is_removed(morning: Path) -> None:
    half = morning / ".report.html.7.part"
    half.write_text("<!DOCTYPE html>")
    restore(morning)
    assert not half.exists()
