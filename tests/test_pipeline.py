"""Pipelines: what is wrong with one is said before a scan is read, and what ran is on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_scans import box, sphere

from docs.generate import OWN_GATES
from relicscan.errors import PipelineError, ScanError, StageError
from relicscan.pipeline import (
    MESH,
    POINT_CLOUD,
    Pipeline,
    PlannedStage,
    Progress,
    parse_assignment,
    pipeline_names,
    read_pipeline,
    run_pipeline,
    run_stage,
    stage_by_stage,
)
from relicscan.relic import Frame, PointCloud, Relic, Scan
from relicscan.stage import _STAGES, get_stage, stage


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str) -> str:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def own_stages() -> Iterator[None]:
    """Stages of a test go away with it."""
    before = dict(_STAGES)
    yield
    _STAGES.clear()
    _STAGES.update(before)


def refused(name_or_path: str) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        read_pipeline(name_or_path)
    assert caught.value.remedy
    return caught.value


def planned(name: str, **parameters: object) -> PlannedStage:
    return PlannedStage(get_stage(name), get_stage(name).effective(parameters))


def builder(pipeline: Pipeline) -> PlannedStage:
    (stage,) = [s for s in pipeline.stages if s.stage.name == "build_levels"]
    return stage


def cloud_relic(cloud: PointCloud) -> Relic:
    return Relic("vase", scans=(Scan("a", cloud, file="a.ply"),), frame=Frame(unit="mm"))


# What comes with relicscan


def test_the_pipelines_of_the_contract_are_there() -> None:
    assert {"web", "preview", "archive"} <= set(pipeline_names())


@pytest.mark.parametrize("name", pipeline_names())
def test_shipped_pipelines_make_models_of_clouds_and_meshes(name: str) -> None:
    pipeline = read_pipeline(name)
    assert pipeline.description
    for products in (POINT_CLOUD, MESH):
        assert pipeline.leads_to("levels", products)
    assert all(reason is None for _, reason in pipeline.plan(POINT_CLOUD | {"scans.apart"}))
    (alone,) = [p.stage.name for p, reason in pipeline.plan(POINT_CLOUD) if reason is not None]
    assert alone == "register_scans", "a single scan has nothing to be put beside"


@pytest.mark.parametrize("name", pipeline_names())
def test_shipped_pipelines_measure_what_they_made(name: str) -> None:
    stages = [planned.stage.name for planned in read_pipeline(name).stages]
    assert stages[-2:] == ["build_levels", "measure_deviation"]


def test_web_has_the_ceilings_of_the_contract() -> None:
    assert builder(read_pipeline("web")).parameters["ceilings"] == {
        "tiny": 10_000,
        "thumb": 20_000,
        "low": 40_000,
        "medium": 80_000,
        "ar": 100_000,
        "high": 150_000,
    }


def test_archive_keeps_every_point() -> None:
    assert "voxel_downsample" not in [s.stage.name for s in read_pipeline("archive").stages]


# What is wrong with a file

MERGE = '[[stage]]\nuse = "merge_scans"\n'


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        ("", "no stages", "[[stage]]"),
        ("stage = 3", "no stages", "[[stage]]"),
        ("[[stage]\nuse", "not TOML", "[[stage]]"),
        ("[[stage]]\nuse = merge_scans", "line 2", "quotes"),
        ("a = " + "[" * 5000, "nested more than 32", "stages"),
        ("descripton = 'x'\n" + MERGE, "line 1: there is no key 'descripton'", "'description'"),
        (MERGE + "[[stage]]\nname = 'crop'", "in line 3 does not say which", "use ="),
        (MERGE + "[[stage]]\nuse = 7", "in line 3 does not say which", "use ="),
        (MERGE + "\n[[stage]]\nuse = 'voxel_downsampel'", "line 4: there is no stage", "sample'?"),
        (
            MERGE + "[[stage]]\nuse = 'voxel_downsample'\nvoxel_size = 3",
            "line 3: there is no parameter 'voxel_size'",
            "did you mean 'voxel_size_mm'?",
        ),
        (
            MERGE + "[[stage]]\nuse = 'voxel_downsample'\nvoxel_size_mm = -1",
            "line 3: voxel_size_mm = -1: input should be greater than 0",
            "relicscan stages voxel_downsample",
        ),
        (
            MERGE + "[[stage]]\nuse = 'voxel_downsample'\nvoxel_size_mm = nan",
            "voxel_size_mm = nan: input should be a finite number",
            "relicscan stages",
        ),
        (
            MERGE + "[[stage]]\nuse = 'build_levels'\nceilings = { High = 9 }",
            "ceilings.High",
            "relicscan stages build_levels",
        ),
    ],
)
def test_one_mistake(write, text: str, says: str, remedy: str) -> None:
    error = refused(write(text))
    assert error.scan == "mine.toml"
    assert says in error.message
    assert remedy in (error.remedy or "")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("description = 'Gefäß'".encode("latin-1"))
    assert "UTF-8" in refused(str(tmp_path / "latin.toml")).message
    assert "no pipeline file" in refused(str(tmp_path / "none.toml")).message
    assert "no pipeline 'wep'" in refused("wep").message
    assert "did you mean 'web'?" in (refused("wep").remedy or "")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MERGE.encode())
    assert [s.stage.name for s in read_pipeline(str(path)).stages] == ["merge_scans"]


# Order


def chain(*names: str) -> str:
    return "".join(f'[[stage]]\nuse = "{name}"\n' for name in names)


@pytest.mark.parametrize(
    ("names", "at", "needs", "remedy"),
    [
        (
            ["remove_outliers", "merge_scans"],
            "remove_outliers",
            "a point cloud",
            "move merge_scans before it",
        ),
        (["remove_outliers"], "remove_outliers", "a point cloud", "put a stage that makes cloud"),
        (
            ["merge_scans", "reconstruct_surface", "estimate_normals"],
            "reconstruct_surface",
            "normals",
            "move estimate_normals before it",
        ),
        (
            ["merge_scans", "decimate", "estimate_normals", "reconstruct_surface"],
            "decimate",
            "a mesh",
            "move reconstruct_surface before it",
        ),
        (["crop", "merge_scans"], "crop", "a point cloud or a mesh", "move merge_scans before it"),
    ],
)
def test_wrong_order(write, names: list[str], at: str, needs: str, remedy: str) -> None:
    error = refused(write(chain(*names)))
    assert error.stage == at
    assert error.message == f"it needs {needs}, which nothing before it makes"
    assert remedy in (error.remedy or "")


def test_normals_that_a_scan_may_bring_need_no_stage(write) -> None:
    pipeline = read_pipeline(write(chain("merge_scans", "reconstruct_surface", "build_levels")))
    assert [reason for _, reason in pipeline.plan(POINT_CLOUD)] == [None, None, None]


def test_what_was_dropped_is_gone(write, own_stages: None) -> None:
    @stage(needs=["mesh"], makes=["mesh"], drops=["cloud"])
    def forget_cloud(relic: Relic) -> Relic:
        """Forget the cloud."""
        return replace(relic, cloud=None)

    names = ["merge_scans", "estimate_normals", "reconstruct_surface", "forget_cloud"]
    error = refused(write(chain(*names, "transfer_colors")))
    assert (error.stage, error.message.split(",")[0]) == (
        "transfer_colors",
        "it needs a point cloud",
    )


# Skipping


def test_a_mesh_needs_no_reconstruction() -> None:
    reasons = {p.stage.name: reason for p, reason in read_pipeline("web").plan(MESH)}
    assert reasons["merge_scans"] == "the scan brings no point cloud"
    assert reasons["reconstruct_surface"] == "the scan brings no point cloud"
    assert reasons["clean_mesh"] is None
    assert reasons["build_levels"] is None


def test_what_the_scan_already_brings_is_not_made_again() -> None:
    cloud = replace(sphere(500), normals=np.tile([0.0, 0, 1], (500, 1)))
    after = run_stage(Relic("vase", cloud=cloud), planned("estimate_normals"))
    assert after.history[0].skipped == "the scan already brings normals"
    assert after.cloud is cloud


def test_an_uncoloured_cloud_has_no_colours_to_carry() -> None:
    relic = Relic("vase", cloud=replace(sphere(500), colors=None), mesh=box())
    after = run_stage(relic, planned("transfer_colors"))
    assert after.history[0].skipped == "the scan brings no colours"
    assert after.history[0].before == after.history[0].after


# Overrides


def test_overrides_are_on_record_with_their_origin() -> None:
    pipeline = read_pipeline("web").with_overrides({"voxel_downsample.voxel_size_mm": 2}, "--set")
    relic = Relic("vase", cloud=sphere(500))
    (at,) = [p for p in pipeline.stages if p.stage.name == "voxel_downsample"]
    step = run_stage(relic, at).history[-1]
    assert step.overridden == {"voxel_size_mm": "--set"}
    assert step.parameters["voxel_size_mm"] == 2.0
    assert set(step.parameters) == set(at.stage.parameters.model_fields)


def test_later_overrides_win_and_say_so() -> None:
    key = "voxel_downsample.voxel_size_mm"
    pipeline = read_pipeline("web").with_overrides({key: 2}, "relic.toml [pipeline]")
    pipeline = pipeline.with_overrides({key: 3}, "--set")
    (at,) = [p for p in pipeline.stages if p.stage.name == "voxel_downsample"]
    assert at.parameters["voxel_size_mm"] == 3
    assert at.overridden == {"voxel_size_mm": "--set"}


def test_one_entry_of_a_table_can_be_set() -> None:
    pipeline = read_pipeline("web").with_overrides({"build_levels.ceilings.ultra": 500_000}, "-")
    ceilings = builder(pipeline).parameters["ceilings"]
    assert ceilings["ultra"] == 500_000
    assert ceilings["high"] == 150_000
    assert builder(pipeline).overridden == {"ceilings.ultra": "-"}
    assert "ultra" not in builder(read_pipeline("web")).parameters["ceilings"]


def test_a_whole_table_can_be_set() -> None:
    key, value = parse_assignment("build_levels.ceilings={ only = 500 }")
    pipeline = read_pipeline("web").with_overrides({key: value}, "--set")
    assert builder(pipeline).parameters["ceilings"] == {"only": 500}


def test_a_stage_that_stands_twice_is_overridden_twice(write) -> None:
    pipeline = read_pipeline(write(chain("merge_scans", "remove_outliers", "remove_outliers")))
    pipeline = pipeline.with_overrides({"remove_outliers.ratio": 3}, "--set")
    assert [p.parameters["ratio"] for p in pipeline.stages[1:]] == [3, 3]


@pytest.mark.parametrize(
    ("key", "value", "says", "remedy"),
    [
        ("voxel_downsampl.x", 1, "has no stage 'voxel_downsampl'", "'voxel_downsample'?"),
        ("decimate.target_face_count", 9, "'web' has no stage 'decimate'", "its stages are"),
        ("voxel_downsample", 1, "none of its parameters", "voxel_downsample.parameter=value"),
        ("remove_surroundings.suport", "keep", "no parameter 'suport'", "did you mean 'support'?"),
        ("remove_surroundings.support", "burn", "support = 'burn'", "relicscan stages remove_sur"),
        ("remove_surroundings.support.now", "keep", "no parameter 'support.now'", ""),
        ("build_levels.ceilings.ultra", 2, "ceilings.ultra = 2", "relicscan stages"),
        ("remove_outliers.neighbours", 10**30, "neighbours", "relicscan stages"),
    ],
)
def test_overrides_that_do_not_fit(key: str, value: object, says: str, remedy: str) -> None:
    with pytest.raises(PipelineError) as caught:
        read_pipeline("web").with_overrides({key: value}, "--set")
    assert says in caught.value.message
    assert remedy in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("a.b=1", "a.b", 1),
        ("a.b = 1.5", "a.b", 1.5),
        ("a.b=true", "a.b", True),
        ("a.b=remove", "a.b", "remove"),
        ("a.b='1'", "a.b", "1"),
        ("a.b=[0, 1, 2]", "a.b", [0, 1, 2]),
        ("a.b=50_000", "a.b", 50_000),
        ("a.b=x=y", "a.b", "x=y"),
        ("a.b=", "a.b", ""),
    ],
)
def test_assignments(text: str, key: str, value: object) -> None:
    assert parse_assignment(text) == (key, value)
    assert type(parse_assignment(text)[1]) is type(value)


@pytest.mark.parametrize("text", ["a.b", "=1", "a b=1", "a-b=1", ""])
def test_what_is_no_assignment(text: str) -> None:
    with pytest.raises(PipelineError, match="name=value"):
        parse_assignment(text)


# Running


def short_pipeline() -> Pipeline:
    names = ["merge_scans", "remove_invalid_points", "voxel_downsample"]
    return Pipeline("short", "", tuple(planned(name) for name in names))


def test_every_stage_leaves_a_step_with_counts_and_all_parameters() -> None:
    cloud = sphere(500)
    broken = np.array(cloud.points)
    broken[3] = np.nan
    relic = run_pipeline(cloud_relic(replace(cloud, points=broken)), short_pipeline())
    assert [step.stage for step in relic.history] == [
        "merge_scans",
        "remove_invalid_points",
        "voxel_downsample",
    ]
    invalid = relic.history[1]
    assert (invalid.before, invalid.after) == ({"points": 500}, {"points": 499})
    assert invalid.figures["invalid_points"] == 1
    assert invalid.parameters == get_stage("remove_invalid_points").effective({})
    assert relic.figures == {}


def test_progress_grows_to_one_and_counts_seconds() -> None:
    seen: list[Progress] = []
    run_pipeline(cloud_relic(sphere(500)), short_pipeline(), seen.append)
    assert [p.stage for p in seen] == [
        "merge_scans",
        "remove_invalid_points",
        "voxel_downsample",
        None,
    ]
    done = [p.done for p in seen]
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert set(seen[-1].seconds) == {"merge_scans", "remove_invalid_points", "voxel_downsample"}


def test_a_failure_keeps_what_was_done_before_it(own_stages: None) -> None:
    @stage(needs=["cloud"], makes=["cloud"])
    def give_up(relic: Relic) -> Relic:
        """Give up."""
        raise StageError("nothing to be done", remedy="wait")

    pipeline = short_pipeline()
    pipeline = replace(pipeline, stages=(*pipeline.stages, planned("give_up")))
    relics = stage_by_stage(cloud_relic(sphere(500)), pipeline)
    done = [next(relics) for _ in range(3)]
    with pytest.raises(StageError) as caught:
        next(relics)
    assert (caught.value.scan, caught.value.stage) == ("vase", "give_up")
    assert [len(relic.history) for relic in done] == [1, 2, 3]


def test_a_stage_must_make_what_it_promised(own_stages: None) -> None:
    @stage(needs=["cloud"], makes=["mesh"])
    def promise_mesh(relic: Relic) -> Relic:
        """Promise a mesh."""
        return relic

    with pytest.raises(AssertionError, match="promise_mesh promised mesh"):
        run_stage(Relic("vase", cloud=sphere(500)), planned("promise_mesh"))


def test_warnings_and_figures_belong_to_their_stage(own_stages: None) -> None:
    @stage(needs=["cloud"], makes=["cloud"])
    def speak(relic: Relic) -> Relic:
        """Speak."""
        return relic.noting(words=(1, 2)).warning("mind the step")

    start = Relic("vase", cloud=sphere(500)).warning("read with care")
    after = run_stage(run_stage(start, planned("speak")), planned("speak"))
    assert after.warnings == ("read with care",)
    assert [step.warnings for step in after.history] == [("mind the step",)] * 2
    assert after.history[0].figures == {"words": [1, 2]}


def test_too_few_points_say_the_stage_and_the_remedy() -> None:
    with pytest.raises(ScanError) as caught:
        run_pipeline(cloud_relic(sphere(50)), short_pipeline())
    assert str(caught.value).startswith("vase, stage remove_invalid_points: only 50 of 50 points")
    assert "relicscan inspect" in str(caught.value)


def with_head(tmp_path: Path, head: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(head + '\n[[stage]]\nuse = "build_levels"\n', encoding="utf-8")
    return path


def test_a_pipeline_names_its_targets(tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text(
        'description = "ours"\n[[level]]\nname = "one"\n', encoding="utf-8"
    )
    path = with_head(tmp_path, 'targets = ["web:thumb", "ar", "house.toml"]\npictures = true')
    pipeline = read_pipeline(str(path))
    assert [t.name for t in pipeline.targets] == ["web", "ar", "house"]
    assert [level.name for level in pipeline.targets[0].level] == ["thumb"]
    assert pipeline.pictures
    told = pipeline.as_data()
    assert told["targets"][0]["level"][0]["max_bytes"] == 200_000
    path = with_head(tmp_path, 'targets = ["web"]')
    assert read_pipeline(str(path)).as_data() != told, "a target is part of what was asked for"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('targets = ["wap"]', "line 1: there is no target 'wap'"),
        ('targets = ["web:tumb"]', "no level 'tumb'"),
        ('targets = ["web", "web:thumb"]', "two targets are called web"),
        ('targets = "web"', "targets is no list of names"),
        ('targets = ["gone.toml"]', "there is no target file"),
        ('\npictures = "yes"', "line 2: pictures is neither yes nor no"),
    ],
)
def test_a_target_that_is_none_is_told_with_its_line(tmp_path: Path, head: str, said: str) -> None:
    with pytest.raises(PipelineError) as caught:
        read_pipeline(str(with_head(tmp_path, head)))
    assert said in caught.value.message
    assert caught.value.remedy


# Gates

BUILD = '\n[[stage]]\nuse = "build_levels"\n[[stage]]\nuse = "measure_deviation"\n'


def test_gates_are_part_of_what_was_asked_for(write) -> None:
    none = read_pipeline(write(BUILD))
    assert (none.gates, none.as_data()["gates"]) == ((), {})
    text = '[gates]\nmax_left_out_share = { review = 0.1 }\nscale_known = "fail"\n' + BUILD
    told = read_pipeline(write(text)).as_data()
    assert told["gates"] == {
        "max_left_out_share": {"review": 0.1, "fail": None},
        "scale_known": {"review": None, "fail": True},
    }
    other = read_pipeline(write(text.replace("0.1", "0.2"))).as_data()
    assert other != told


@pytest.mark.parametrize(
    ("gates", "says", "remedy"),
    [
        ("gates = 3", "line 1: gates is no table", "relicscan gates"),
        (
            "[gates]\n\nscale_knwon = 'fail'",
            "line 3: there is no gate 'scale_knwon'",
            "scale_known",
        ),
        ("[gates]\nmin_coverage = { review = 2 }", "line 2: gate min_coverage: review = 2", ""),
        (
            "[gates]\nmax_filled_share = { review = 0.1 }",
            "nothing in pipeline 'mine' measures what gate max_filled_share wants",
            "add a stage fill_holes",
        ),
        (
            "[gates]\nmax_difference = { review = 0.1 }",
            "measures what gate max_difference wants",
            "name a target with a screen",
        ),
    ],
)
def test_gates_that_cannot_be_held_are_told_before_a_scan_is_read(
    write, gates: str, says: str, remedy: str
) -> None:
    error = refused(write(gates + BUILD))
    assert says in error.message
    assert remedy in (error.remedy or "")


def test_a_difference_is_measured_where_a_target_has_a_screen(write) -> None:
    text = 'targets = ["web:thumb"]\n[gates]\nmax_difference = { review = 0.1 }\n' + BUILD
    (held,) = read_pipeline(write(text)).gates
    assert held.gate.name == "max_difference"


def test_gates_are_overridden_like_parameters() -> None:
    web = read_pipeline("web")
    key = "gates.max_filled_share.review"
    changed = web.with_overrides({key: 0.4, "gates.watertight": "fail"}, "--set")
    held = {one.gate.name: one for one in changed.gates}
    assert (held["max_filled_share"].review, held["max_filled_share"].fail) == (0.4, None)
    assert held["max_filled_share"].overridden == {"review": "--set"}
    assert held["watertight"].fail is True
    assert changed.as_data() != web.as_data()
    assert [one for one in web.gates if one.overridden] == []
    for wrong, says in (
        ({"gates.max_filled_share.reviw": 1}, "no threshold 'reviw'"),
        ({"gates": 1}, "no gate ''"),
        ({"gates.min_coverage.review": 2}, "review = 2"),
    ):
        with pytest.raises(PipelineError, match=says):
            web.with_overrides(wrong, "--set")
    preview = read_pipeline("preview")
    with pytest.raises(PipelineError, match="measures what gate min_texels_per_mm wants"):
        preview.with_overrides({"gates.min_texels_per_mm.review": 2}, "--set")


def test_the_example_of_the_docs_is_a_pipeline(write) -> None:
    head = 'targets = ["web"]\n' + OWN_GATES
    pipeline = read_pipeline(write(head + '[[stage]]\nuse = "fill_holes"\n' + BUILD))
    assert len(pipeline.gates) == 7
    assert {one.gate.name: one.given for one in pipeline.gates}["watertight"] == "review"
