"""Every relic of a run has its report beside relic.json, and none fails for want of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_scans import read_json, sphere, write_cup, write_ply

from relicscan.batch.run import run
from relicscan.batch.verify import verify
from relicscan.metadata.canonical import file_sha256

#: In the workers pictures are small; of `torn` no page can be made, of `blind` no picture.
SITECUSTOMIZE = """
import sys

if "relicscan.batch.worker" in sys.orig_argv:
    import relicscan.quality.report.gather as gather
    import relicscan.quality.report.page as page

    gather.VIEW_PX = gather.SCAN_PX = 32
    relic_page, measure = page.relic_page, gather.measure

    def torn(manifest, *given):
        if manifest.id == "torn":
            raise KeyError("something of ours")
        return relic_page(manifest, *given)

    def blind(relic, *given):
        if relic.id == "blind":
            raise MemoryError
        return measure(relic, *given)

    page.relic_page, gather.measure = torn, blind
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def reporting(pipeline: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The pipeline of other batches, with reports."""
    path = tmp_path_factory.mktemp("pipelines") / "reports.toml"
    path.write_text("report = true\n" + Path(pipeline).read_text("utf-8"), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def out(site: Path, reporting: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("night")
    for name in ("cup", "torn", "blind", "short"):
        write_cup(root / "scans" / name)
    cut = root / "scans" / "short" / "cup.ply"
    cut.write_bytes(cut.read_bytes()[:-9])
    write_ply(root / "scans" / "ball" / "ball.ply", sphere(800))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(site))
        outcomes = run(root / "scans", root / "out", pipeline=reporting, jobs=2, reproducible=True)
    states = {outcome.id: outcome.state for outcome in outcomes}
    assert states.pop("short") == "rejected"
    assert set(states.values()) == {"done"}
    return root / "out"


@pytest.mark.parametrize("relic", ["cup", "ball", "blind", "short"])
def test_every_relic_has_a_report(out: Path, relic: str) -> None:
    page = (out / relic / "report.html").read_text("utf-8")
    assert f"SHA-256 <code>{file_sha256(out / relic / 'relic.json')}</code>" in page or (
        relic == "short" and "Rejected" in page
    )
    run_json = read_json(out / relic / "run.json")
    assert run_json["no_report"] is None
    assert "write report" in run_json["stage_seconds"]


def test_a_report_has_pictures_of_what_was_scanned(out: Path) -> None:
    page = (out / "ball" / "report.html").read_text("utf-8")
    assert 'alt="Scan, three-quarter view"' in page
    assert "data:image/webp" not in (out / "blind" / "report.html").read_text("utf-8")


def test_a_relic_whose_report_cannot_be_made_is_done_all_the_same(out: Path) -> None:
    assert not (out / "torn" / "report.html").exists()
    assert read_json(out / "torn" / "run.json")["no_report"] == "KeyError: 'something of ours'"
    same = [read_json(out / name / "relic.json") for name in ("cup", "torn", "blind")]
    for manifest in same:
        del manifest["id"]
        for file in (*manifest["levels"], manifest["master"]):
            del file["sha256"], file["bytes"]  # the id is in the files
    assert same[0] == same[1] == same[2]


def test_reports_are_no_difference_to_verify_nor_is_their_absence(out: Path) -> None:
    assert verify(out) == []
    (out / "cup" / "report.html").rename(out.parent / "kept aside")
    assert verify(out) == []
    (out.parent / "kept aside").rename(out / "cup" / "report.html")


def test_without_the_key_there_is_no_report(shelf: Path, pipeline: str, tmp_path: Path) -> None:
    run(shelf, tmp_path / "out", pipeline=pipeline, jobs=1)
    assert not (tmp_path / "out" / "cup" / "report.html").exists()


def test_a_relic_whose_process_crashed_has_a_report(
    spoiler: Path, reporting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cup(tmp_path / "scans" / "crashing")
    monkeypatch.setenv("PYTHONPATH", str(spoiler))
    (outcome,) = run(tmp_path / "scans", tmp_path / "out", pipeline=reporting, jobs=1)
    assert outcome.state == "crashed"
    page = (tmp_path / "out" / "crashing" / "report.html").read_text("utf-8")
    assert "Crashed" in page
    assert outcome.reasons[0][0] in page.replace("&#39;", "'")
