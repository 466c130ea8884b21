"""What is waiting: from headers, in a process that may break on one relic and not on the others."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tiny_scans import box, sphere, write_cup, write_ply, write_toml

from relicscan.batch import survey as survey_module
from relicscan.batch.estimate import BYTES_IN_FILE, Size, estimate
from relicscan.batch.inspect import inspect
from relicscan.batch.job import default_pipeline
from relicscan.batch.survey import survey
from relicscan.formats import Peek
from relicscan.pipeline import read_pipeline
from relicscan.scan_folder import FoundRelic, find_relics


@pytest.fixture
def relics(tmp_path: Path) -> list[FoundRelic]:
    write_ply(tmp_path / "scans" / "large" / "a.ply", sphere(9000))
    write_ply(tmp_path / "scans" / "small" / "a.ply", sphere(900))
    write_cup(tmp_path / "scans" / "cup")
    return find_relics([tmp_path / "scans"])


def test_it_says_what_inspect_says(relics: list[FoundRelic], tmp_path: Path) -> None:
    told = survey(relics, None, {})
    inspected = {i.relic: i for i in inspect(tmp_path / "scans")}
    assert set(told) == set(inspected)
    for name, cost in told.items():
        assert cost.seconds == pytest.approx(inspected[name].estimated_seconds, abs=0.06)
        # The header of a mesh in PLY tells of polygons, not of triangles: the file's size does.
        assert cost.memory_bytes == pytest.approx(inspected[name].estimated_memory_bytes, rel=1e-3)
    assert told["large"].seconds > told["small"].seconds > told["cup"].seconds


def test_the_pipeline_of_relic_toml_and_overrides_count(tmp_path: Path) -> None:
    write_ply(tmp_path / "a" / "a.ply", sphere(150_000))
    before = survey(find_relics([tmp_path / "a"]), None, {})["a"]
    write_toml(tmp_path / "a", '[pipeline]\nuse = "preview"\n')
    assert survey(find_relics([tmp_path / "a"]), None, {})["a"].seconds < before.seconds
    (tmp_path / "a" / "relic.toml").unlink()
    capped = survey(find_relics([tmp_path / "a"]), None, {"voxel_downsample.max_points": 9000})
    assert capped["a"].seconds < before.seconds


@pytest.mark.parametrize("how", ["os._exit(7)", "os.abort()", "time.sleep(99)", "print('odd')"])
def test_a_relic_that_breaks_it_costs_itself(
    relics: list[FoundRelic], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import os, sys, time\n"
        "if 'relicscan.batch.survey' in sys.orig_argv:\n"
        "    import relicscan.formats as formats\n"
        "    peek = formats.peek\n"
        "    def spoiled(path):\n"
        "        if path.parent.name == 'large':\n"
        f"            {how}\n"
        "        return peek(path)\n"
        "    formats.peek = spoiled\n"
    )
    whole = survey(relics, None, {})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.setattr(survey_module, "PATIENCE_S", 3.0)
    told = survey(relics, None, {})
    assert set(told) == {"cup", "large", "small"}
    assert (told["cup"], told["small"]) == (whole["cup"], whole["small"])
    file_bytes = (tmp_path / "scans" / "large" / "a.ply").stat().st_size
    assert told["large"] == estimate(Size(file_bytes // BYTES_IN_FILE), read_pipeline("web"))


def test_a_scan_that_cannot_be_read_is_cheap(tmp_path: Path) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "a.ply").write_bytes(b"ply\nnonsense")
    assert survey(find_relics([tmp_path / "torn"]), None, {})["torn"].seconds < 3


def test_sizes_of_headers() -> None:
    assert Size.peeked(Peek("cloud", 7), 1000) == Size(7, 0, apart=1)
    assert Size.peeked(Peek("cloud", 7, scans=3), 1000) == Size(7, 0, apart=3)
    assert Size.peeked(Peek("cloud", 7, scans=3, posed=True), 1000) == Size(7, 0)
    assert Size.peeked(Peek("mesh", 7, faces=9), 1000) == Size(0, 9)
    textured = Size.peeked(Peek("mesh", 7, faces=9, textured=True), 1000)
    assert (textured.triangles, textured.normal_texels) == (9, 2048**2)
    assert Size.peeked(Peek("cloud", -1), 1200) == Size(1200 // BYTES_IN_FILE, 0, 1)
    assert Size.peeked(Peek("mesh", -1, faces=-1), 1200) == Size(0, 1200 // BYTES_IN_FILE)
    assert Size(1, 2, 3, 4, 5) + Size(3, 4, 5, 6, 2) == Size(4, 6, 8, 10, 5)


def test_nothing_is_asked_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere")
    assert survey([], None, {}) == {}


def test_a_mesh_costs_its_triangles() -> None:
    web = read_pipeline(default_pipeline())
    few, many = (estimate(Size(0, n), web) for n in (len(box().faces), 5_000_000))
    assert many.seconds > few.seconds
    assert many.memory_bytes - few.memory_bytes == pytest.approx(2.1e9, rel=0.01)


def test_models_for_targets_cost_what_a_screen_holds() -> None:
    small = Size(0, len(box().faces))
    plain, web = (estimate(small, read_pipeline(name)) for name in (default_pipeline(), "web"))
    assert web.seconds > plain.seconds + 10
    assert web.memory_bytes > plain.memory_bytes + 1e9
