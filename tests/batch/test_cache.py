"""Stage results kept under the hash of all that they follow from."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_scans import sphere, write_ply, write_toml

from relicscan.batch import cache as cache_module
from relicscan.batch.cache import SUFFIX, Cache, prune, remove_parts
from relicscan.pipeline import Pipeline, read_pipeline, run_pipeline, stage_by_stage
from relicscan.relic import Relic
from relicscan.scan_folder import find_relic, identify, read_relic

TOML = '[scan]\nunit = "mm"\nup = "+Z"\n[object]\ntitle.en = "Bowl"\n'


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    write_toml(tmp_path / "bowl", TOML)
    write_ply(tmp_path / "bowl" / "bowl.ply", sphere(400))
    return tmp_path / "bowl"


@pytest.fixture
def web() -> Pipeline:
    return read_pipeline("web")


def keys(scan: Path, pipeline: Pipeline, *, reproducible: bool = False) -> list[str]:
    return Cache.of(None, identify(find_relic(scan)), pipeline, reproducible=reproducible).keys


def keep_at(folder: Path, relic: Relic, pipeline: Pipeline, count: int) -> Relic:
    """Keep the relic after `count` stages, and return it."""
    store = Cache.of(folder, relic, pipeline, reproducible=False)
    for after in stage_by_stage(relic, pipeline):
        if len(after.history) == count:
            store.kept_s = time.perf_counter() - 60  # it took a minute
            store.keep(after)
            return after
    raise AssertionError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_key_for_the_files_and_for_each_stage(scan: Path, web: Pipeline) -> None:
    assert len(set(keys(scan, web))) == len(web.stages) + 1
    assert keys(scan, web) == keys(scan, web)


def test_a_late_parameter_changes_the_keys_from_there_on(scan: Path, web: Pipeline) -> None:
    changed = web.with_overrides({"transfer_colors.neighbours": 3}, "--set")
    position = [s.stage.name for s in web.stages].index("transfer_colors")
    before, after = keys(scan, web), keys(scan, changed)
    assert before[: position + 1] == after[: position + 1]
    assert not set(before[position + 1 :]) & set(after[position + 1 :])


def test_what_a_key_follows_from(
    scan: Path, web: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = keys(scan, web)
    assert keys(scan, web, reproducible=True)[0] != first[0]
    write_toml(scan, TOML.replace("mm", "cm"))
    assert keys(scan, web)[0] != first[0]
    write_toml(scan, TOML)
    write_ply(scan / "bowl.ply", sphere(400, seed=1))
    assert keys(scan, web)[0] != first[0]
    write_ply(scan / "bowl.ply", sphere(400))
    assert keys(scan, web)[0] == first[0]
    monkeypatch.setattr(cache_module, "code_version", lambda: "other")
    assert keys(scan, web)[0] != first[0]


def test_a_title_or_a_note_changes_no_key(scan: Path, web: Pipeline) -> None:
    first = keys(scan, web)
    write_toml(scan, TOML.replace("Bowl", "Dish"))
    (scan / "notes.txt").write_text("it was raining")
    assert keys(scan, web) == first


def test_how_the_scale_is_known_and_who_said_the_unit_change_the_keys(
    scan: Path, web: Pipeline
) -> None:
    relic = identify(find_relic(scan))
    unknown = replace(relic, metadata={**relic.metadata, "capture": {"scale": "unknown"}})
    said = {"scan.unit": "defaults.toml", "object.title.en": "relic.toml"}
    all_keys = [
        Cache.of(None, one, web, reproducible=False, said_by=by).keys[-1]
        for one, by in ((relic, {}), (unknown, {}), (relic, said))
    ]
    assert len(set(all_keys)) == 3


def test_stages_see_nothing_of_relic_toml_but_scan() -> None:
    """What else they looked at would have to be in the keys."""
    package = Path(cache_module.__file__).parents[1]
    for path in [*package.glob("stages/*.py"), *package.glob("geometry/*.py")]:
        for line in path.read_text(encoding="utf-8").splitlines():
            if ".metadata" in line and "import" not in line:
                assert '.metadata.get("scan", {})' in line, f"{path.name}: {line.strip()}"


def test_it_goes_on_after_the_last_stage_that_was_kept(
    scan: Path, web: Pipeline, tmp_path: Path
) -> None:
    relic = read_relic(scan)
    keep_at(tmp_path / "cache", relic, web, 3)
    kept = keep_at(tmp_path / "cache", relic, web, 6)
    write_toml(scan, TOML.replace("Bowl", "Dish"))
    found = find_relic(scan)
    renamed = replace(identify(found), id="dish")
    changed = web.with_overrides({"remove_surroundings.support": "judge"}, "--set")
    again = Cache.of(tmp_path / "cache", renamed, changed, reproducible=False)
    restored = again.latest(renamed, changed)
    assert restored is not None
    assert len(restored.history) == 6
    assert restored.id == "dish"
    assert restored.metadata["object"]["title"]["en"] == "Dish"
    assert restored.sources == renamed.sources
    assert restored.the_cloud().points.tobytes() == kept.the_cloud().points.tobytes()
    # The value is the default's own, but it now comes from the command line, and says so.
    assert restored.history[5].overridden == {"support": "--set"}


def test_the_result_is_the_same_as_without(
    scan: Path, web: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "1")  # several make other last bits
    relic = read_relic(scan)
    keep_at(tmp_path / "cache", relic, web, 7)
    store = Cache.of(tmp_path / "cache", relic, web, reproducible=False)
    restored = store.latest(identify(find_relic(scan)), web)
    assert restored is not None
    whole, resumed = run_pipeline(relic, web), run_pipeline(restored, web)
    assert resumed.history == whole.history
    for a, b in zip(whole.levels, resumed.levels, strict=True):
        assert a.mesh.vertices.tobytes() == b.mesh.vertices.tobytes()
        assert a.mesh.faces.tobytes() == b.mesh.faces.tobytes()


def test_what_was_quick_is_not_kept(scan: Path, web: Pipeline, tmp_path: Path) -> None:
    relic = read_relic(scan)
    store = Cache.of(tmp_path / "cache", relic, web, reproducible=False)
    store.keep(relic)
    assert not (tmp_path / "cache").exists()
    store.kept_s -= 60
    store.keep(relic)
    assert names(tmp_path / "cache") == [f"{store.keys[0]}{SUFFIX}"]
    store.keep(relic)  # hardly any time has passed since
    assert len(names(tmp_path / "cache")) == 1


def test_a_torn_result_is_dropped_and_the_one_before_it_taken(
    scan: Path, web: Pipeline, tmp_path: Path
) -> None:
    relic, folder = read_relic(scan), tmp_path / "cache"
    keep_at(folder, relic, web, 2)
    keep_at(folder, relic, web, 5)
    store = Cache.of(folder, relic, web, reproducible=False)
    torn = folder / f"{store.keys[5]}{SUFFIX}"
    torn.write_bytes(torn.read_bytes()[:-99])
    restored = store.latest(relic, web)
    assert restored is not None
    assert len(restored.history) == 2
    assert not torn.exists()


@pytest.mark.parametrize("what", ["full", "in the way"])
def test_a_disk_that_does_not_help_costs_the_cache_and_nothing_else(
    scan: Path, web: Pipeline, tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "full":
        usage = type("usage", (), {"free": 1_000_000})()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    else:
        (tmp_path / "cache").write_text("a file")
    relic = read_relic(scan)
    store = Cache.of(tmp_path / "cache", relic, web, reproducible=False)
    store.kept_s -= 60
    store.keep(relic)
    assert store.latest(relic, web) is None
    assert not list(tmp_path.glob("cache/*"))


def test_without_a_folder_nothing_is_kept_or_found(scan: Path, web: Pipeline) -> None:
    relic = read_relic(scan)
    store = Cache.of(None, relic, web, reproducible=False)
    store.kept_s -= 60
    store.keep(relic)
    assert store.latest(relic, web) is None


def write(folder: Path, name: str, size: int, age_s: float) -> None:
    import os

    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(bytes(size))
    os.utime(folder / name, (1e9 - age_s, 1e9 - age_s))


@pytest.mark.parametrize(
    ("limit", "left"), [(100, ["a", "b", "c"]), (60, ["a", "b"]), (59, ["a"]), (0, [])]
)
def test_the_least_recently_used_goes_first(tmp_path: Path, limit: int, left: list[str]) -> None:
    folder = tmp_path / "cache"
    write(folder, "c", 40, age_s=30)
    write(folder, "a", 30, age_s=10)
    write(folder, "b", 30, age_s=20)
    prune(folder, limit)
    assert names(folder) == left


def test_using_a_result_makes_it_recent(scan: Path, web: Pipeline, tmp_path: Path) -> None:
    folder, relic = tmp_path / "cache", read_relic(scan)
    keep_at(folder, relic, web, 2)
    (path,) = folder.iterdir()
    write(folder, path.name + ".other", path.stat().st_size, age_s=0)
    import os

    os.utime(path, (1e8, 1e8))
    assert Cache.of(folder, relic, web, reproducible=False).latest(relic, web) is not None
    prune(folder, path.stat().st_size)
    assert names(folder) == [path.name]


def test_half_written_results_are_removed(tmp_path: Path) -> None:
    for name in ("x.relic", "y.relic.77.part"):
        write(tmp_path / "cache", name, 3, age_s=0)
    remove_parts(tmp_path / "cache")
    assert names(tmp_path / "cache") == ["x.relic"]
    remove_parts(tmp_path / "none")
    prune(tmp_path / "none", 0)


def test_every_stage_result_can_be_kept(scan: Path, web: Pipeline, tmp_path: Path) -> None:
    """A stage that put something else into a Relic would break the cache, so it is seen here."""
    counts: list[Any] = []
    store = Cache.of(tmp_path / "cache", read_relic(scan), web, reproducible=False)
    for relic in stage_by_stage(read_relic(scan), web):
        store.kept_s -= 60
        store.keep(relic)
        restored = store.latest(relic, web)
        assert restored is not None
        counts.append(len(restored.history))
    assert counts == list(range(1, len(web.stages) + 1))
