"""measure_deviation: every level gets its figures, and relic.json says them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from shapes import MM, scan_relic, sphere_mesh, sphere_points

from relicscan.batch.job import default_pipeline
from relicscan.delivery.outputs import levels_as_they_are, write_master, write_models
from relicscan.delivery.sources import Sources
from relicscan.errors import StageError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.manifest import RelicManifest, relic_manifest
from relicscan.metadata.schemas import json_schema
from relicscan.pipeline import read_pipeline, run_pipeline
from relicscan.relic import Frame, Level, PointCloud, Relic
from relicscan.stages.measure_deviation import measure_deviation

COARSE, FINE = sphere_mesh(rows=20, columns=40), sphere_mesh(rows=100, columns=200)
CLOUD = PointCloud(sphere_points(20_000), sphere_points(20_000) / 50)


def ball(frame: Frame = MM, cloud: PointCloud | None = CLOUD) -> Relic:
    levels = (Level("thumb", 2000, COARSE), Level("high", 50_000, FINE))
    return Relic(id="ball", cloud=cloud, mesh=FINE, levels=levels, frame=frame, seed=11)


def manifest_of(relic: Relic, folder: Path) -> RelicManifest:
    master, files = write_master(relic, folder)
    levels = write_models(Sources(relic), [levels_as_they_are(relic)], folder).levels
    return relic_manifest(
        relic,
        state="done",
        verdict="pass",
        reproducible=True,
        master=master,
        levels=levels,
        files=files,
    )


def test_every_level_gets_its_own_figures() -> None:
    before = ball()
    after = measure_deviation(before)
    thumb, high = (level.deviation for level in after.levels)
    assert thumb.scan_to_level.rms > 10 * high.scan_to_level.rms
    assert thumb.level_to_scan.rms == pytest.approx(thumb.scan_to_level.rms, rel=0.05)
    assert [level.mesh for level in after.levels] == [level.mesh for level in before.levels]
    assert all(level.deviation is None for level in before.levels)
    assert after.figures["left_out_share"] == 0
    assert not after.warnings


def test_the_seed_is_the_relic_s() -> None:
    samples = {"samples": 2000}
    once, again = measure_deviation(ball(), **samples), measure_deviation(ball(), **samples)
    other = measure_deviation(replace(ball(), seed=12), **samples)
    assert once.levels[0].deviation == again.levels[0].deviation
    assert once.levels[0].deviation != other.levels[0].deviation


def test_much_of_the_scan_in_no_level_is_told() -> None:
    lost = sphere_points(2000, 10) + np.array([100.0, 0, 0])
    cloud = PointCloud(
        np.vstack([CLOUD.points, lost]), np.vstack([CLOUD.normals, sphere_points(2000, 1)])
    )
    after = measure_deviation(ball(cloud=cloud))
    assert after.figures["left_out_share"] == pytest.approx(2 / 22, rel=0.01)
    assert "9.1% of the cleaned scan's points are in no level" in after.warnings[0]
    assert after.levels[1].deviation.scan_to_level.rms < 0.1


def test_a_scanned_mesh_is_measured_against_itself() -> None:
    after = measure_deviation(ball(cloud=None))
    thumb, high = (level.deviation for level in after.levels)
    assert (thumb.reference, high.scan_to_level.max < 1e-4) == ("mesh", True)
    assert thumb.scan_to_level.rms > 0.1
    assert not after.figures


def test_points_without_normals_are_refused() -> None:
    with pytest.raises(StageError, match="no normals") as refused:
        measure_deviation(ball(cloud=PointCloud(CLOUD.points)))
    assert "estimate_normals" in (refused.value.remedy or "")


def test_relic_json_says_it_in_mm(tmp_path: Path) -> None:
    relic = measure_deviation(ball())
    said = json.loads(canonical_json(manifest_of(relic, tmp_path)))
    jsonschema.validate(said, json_schema("relic.json"))
    assert [level["name"] for level in said["levels"]] == ["thumb", "high"]
    told, found = said["levels"][0]["deviation"], relic.levels[0].deviation
    assert told["no_mm_because"] is None
    assert told["reference"] == "points"
    for way in ("scan_to_level", "level_to_scan"):
        for figure in ("rms", "p95", "max"):
            value = getattr(getattr(found, way), figure)
            assert told[way][f"{figure}_mm"] == value
            of_diagonal = value / np.linalg.norm(np.ptp(FINE.vertices, axis=0))
            assert told[way][f"{figure}_of_diagonal"] == pytest.approx(of_diagonal, rel=1e-3)
        assert told[way]["samples"] > 10_000
    assert told["left_out_beyond_mm"] == found.left_out_beyond


def test_unknown_scale_gives_shares_of_the_diagonal_and_the_reason(tmp_path: Path) -> None:
    manifest = manifest_of(measure_deviation(ball(frame=Frame())), tmp_path)
    said = json.loads(canonical_json(manifest))
    jsonschema.validate(said, json_schema("relic.json"))
    told = said["levels"][0]["deviation"]
    assert told["no_mm_because"] == Frame().unit_basis
    assert told["left_out_beyond_mm"] is None
    assert told["left_out_beyond_of_diagonal"] > 0
    for way in ("scan_to_level", "level_to_scan"):
        for figure in ("rms", "p95", "max"):
            assert told[way][f"{figure}_mm"] is None
            assert 0 < told[way][f"{figure}_of_diagonal"] < 0.01
    told[way]["rms_mm"] = 0.1
    with pytest.raises(ValueError, match="null where there is a reason"):
        RelicManifest.model_validate_json(json.dumps(said))
    for way in ("scan_to_level", "level_to_scan"):
        told[way] |= dict.fromkeys(("rms_mm", "p95_mm", "max_mm"), 0.1)
    told["no_mm_because"] = None
    with pytest.raises(ValueError, match="in mm where the scale is known"):
        RelicManifest.model_validate_json(json.dumps(said))


def test_levels_that_were_not_measured_say_so(tmp_path: Path) -> None:
    said = json.loads(canonical_json(manifest_of(ball(), tmp_path)))
    assert [level["deviation"] for level in said["levels"]] == [None, None]


def test_relic_json_is_the_same_on_any_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = set()
    for count in ("1", "2", "3"):
        monkeypatch.setenv("RELICSCAN_THREADS", count)
        told.add(canonical_json(manifest_of(measure_deviation(ball()), tmp_path / count)))
    assert len(told) == 1


def test_the_pipeline_ends_with_it() -> None:
    points = sphere_points(8000)
    rough = points + np.random.default_rng(2).normal(0, 0.05, points.shape)
    web = read_pipeline(default_pipeline()).with_overrides(
        {"build_levels.ceilings": {"thumb": 3000, "high": 9000}}, "test"
    )
    after = run_pipeline(scan_relic(PointCloud(rough)), web)
    assert not after.history[-1].skipped
    for level in after.levels:
        assert level.deviation.scan_to_level.rms == pytest.approx(0.05, rel=0.4)
        assert level.deviation.level_to_scan.rms < level.deviation.scan_to_level.rms
        assert level.deviation.left_out_share < 0.001


def test_levels_are_held_against_the_limit_of_their_target(tmp_path: Path) -> None:
    from relicscan.delivery.target import Target, TargetLevel

    def made(relic: Relic, name: str, *limits: float | None) -> list[Any]:
        levels = [
            TargetLevel(name=f"l{n}", max_triangles=2000, max_deviation_mm=limit)
            for n, limit in enumerate(limits)
        ]
        target = Target(name=name, description="x", images="source", level=tuple(levels))
        master, files = write_master(relic, tmp_path / name)
        written = write_models(Sources(relic), [target], tmp_path / name).levels
        manifest = relic_manifest(
            relic,
            state="done",
            verdict="pass",
            reproducible=True,
            master=master,
            levels=written,
            files=files,
        )
        said = json.loads(canonical_json(manifest))
        jsonschema.validate(said, json_schema("relic.json"))
        return said["levels"]

    loose, tight, none = made(measure_deviation(ball()), "known", 5.0, 0.01, None)
    off = loose["deviation"]["scan_to_level"]["rms_mm"]
    assert 0.01 < off < 5
    for level, limit, passes in ((loose, 5.0, True), (tight, 0.01, False), (none, None, None)):
        check = level["deviation_check"]
        assert check["measured_mm"] == off
        assert (check["threshold_mm"], check["passes"]) == (limit, passes)
        assert any("from the scan" in text for text in level["unmet"]) is (passes is False)
    for level in made(measure_deviation(ball(frame=Frame())), "unknown", 5.0, 0.01):
        assert level["deviation_check"]["reason"] == "the scale of the scan is unknown"
        assert level["deviation_check"]["passes"] is None
        assert level["unmet"] == []
    for level in made(ball(), "unmeasured", 0.01):
        assert level["deviation_check"]["reason"] == "it was not measured"
        assert level["deviation"] is None
