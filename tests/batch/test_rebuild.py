"""`verify --rebuild`: relics made again from their scans, and what would come out otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch.conftest import PIPELINE
from tiny_scans import files_below, sphere, write_cup, write_ply, write_toml

from relicscan.batch import rebuild as rebuilding
from relicscan.batch import rebuild_compare
from relicscan.batch.held_against import Difference
from relicscan.batch.rebuild import rebuild
from relicscan.batch.rebuild_compare import TOLERANCES
from relicscan.batch.run import run
from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.manifest import RelicManifest, read_manifest
from relicscan.metadata.run_record import read_run, write_run

HIGH = "web/high.glb"
SET = {"build_levels.ceilings.high": 90}


@pytest.fixture(scope="module")
def sure(tmp_path_factory: pytest.TempPathFactory, pipeline: str) -> Path:
    """Scans and what was made of them with --reproducible: `cup`, and a rejected `torn`."""
    root = tmp_path_factory.mktemp("sure")
    write_cup(root / "scans" / "cup")
    torn = write_cup(root / "scans" / "torn")
    torn.write_bytes(torn.read_bytes()[:-20])
    settings: dict[str, Any] = {"pipeline": pipeline, "overrides": SET}
    run(root / "scans", root / "out", **settings, reproducible=True, jobs=1)
    return root


@pytest.fixture
def made(sure: Path, tmp_path: Path) -> Path:
    """A copy of both, to be changed."""
    shutil.copytree(sure, tmp_path / "made")
    return tmp_path / "made"


@pytest.fixture
def asked(sure: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Instead of running relics, what they came out as; and what was asked for."""
    calls: list[dict[str, Any]] = []

    def copied(roots: list[Path], out: Path, **settings: Any) -> None:
        calls.append(settings)
        for one in settings["only"]:
            shutil.copytree(sure / "out" / one, out / one)

    monkeypatch.setattr(rebuilding, "run", copied)
    return calls


def told(made: Path, **asked: Any) -> dict[str, str]:
    found = rebuild(made / "out", made / "scans", **asked)
    assert all(difference.remedy for difference in found)
    return {difference.path: difference.problem for difference in found}


def change(made: Path, how: Callable[[Any], object], relic: str = "cup") -> None:
    path = made / "out" / relic / "relic.json"
    data = read_manifest(path).model_dump(mode="json")
    how(data)
    write_json_atomically(path, RelicManifest.model_validate(data))


def test_what_is_as_it_was_made_comes_out_the_same(sure: Path, tmp_path: Path) -> None:
    """For once with real runs: nothing is left, in OUT or beside it."""
    before = {n: (sure / n).stat().st_mtime_ns for n in files_below(sure)}
    notes: list[str] = []
    (tmp_path / "scratch").mkdir()
    found = rebuild(sure / "out", sure / "scans", scratch=tmp_path / "scratch", note=notes.append)
    assert (found, notes) == ([], [])
    assert list((tmp_path / "scratch").iterdir()) == []
    assert {n: (sure / n).stat().st_mtime_ns for n in files_below(sure)} == before


def test_it_is_run_with_what_is_on_record(
    made: Path, pipeline: str, asked: list[dict[str, Any]]
) -> None:
    seen: list[Path] = []
    assert told(made, jobs=2, observe=lambda e: seen.append(Path(str(e)))) == {}
    (settings,) = asked
    settings.pop("observe")
    assert settings == {
        "pipeline": pipeline,
        "overrides": SET,
        "reproducible": True,
        "jobs": 2,
        "cache_bytes": 0,
        "only": ["cup", "torn"],
    }
    assert sorted(path.name for path in made.iterdir()) == ["out", "scans"]


def test_those_with_other_settings_are_run_apart(made: Path, asked: list[dict[str, Any]]) -> None:
    change(made, lambda data: data.update(reproducible=False), "torn")
    told(made)
    assert [(call["only"], call["reproducible"]) for call in asked] == [
        (["cup"], True),
        (["torn"], False),
    ]


@pytest.mark.usefixtures("asked")
def test_every_difference_in_bytes_is_named(made: Path) -> None:
    """Files with other bytes, files that only one has, and what relic.json says."""

    def otherwise(data: Any) -> None:
        data["levels"][-1]["sha256"] = "0" * 64
        data["levels"][-1]["triangles"] += 1
        data["levels"][0]["path"] = "web/tiny.glb"
        data["frame"]["up"] = "+Y"
        data["warnings"] = ["mind the step"]

    change(made, otherwise)
    found = told(made)
    assert found.pop(f"cup/{HIGH}") == "rebuilt, it has other bytes"
    assert found.pop("cup/web/tiny.glb") == "rebuilt, it is not made"
    assert found.pop("cup/web/low.glb") == "rebuilt, it is made, and here it is not"
    assert found.pop("cup/relic.json") == (
        'rebuilt, it says otherwise: frame.up is "+Z" and not "+Y"; '
        'levels.0.path is "web/low.glb" and not "web/tiny.glb"; '
        "levels.1.triangles is 12 and not 13, and 1 more"
    )
    assert found == {}


@pytest.mark.usefixtures("asked")
def test_a_relic_that_was_rejected_is_held_by_its_bytes_too(made: Path) -> None:
    change(made, lambda data: data["reasons"][0].update(text="nobody knows"), "torn")
    (difference,) = rebuild(made / "out", made / "scans")
    assert (difference.relic, difference.path) == ("torn", "torn/relic.json")


@pytest.mark.usefixtures("asked")
def test_only_those_that_are_asked_for(made: Path) -> None:
    change(made, lambda data: data["levels"][0].update(sha256="0" * 64))
    assert told(made, relics=["torn"]) == {}
    assert told(made, relics=["cup"]) == {"cup/web/low.glb": "rebuilt, it has other bytes"}
    with pytest.raises(PipelineError, match="no relic 'cop'") as caught:
        rebuild(made / "out", made / "scans", relics=["cop"])
    assert "cup" in str(caught.value.remedy)


# Scans and records


def test_scans_that_are_others_or_gone_are_named_and_not_run(
    made: Path, asked: list[dict[str, Any]]
) -> None:
    scan = made / "scans" / "cup" / "cup.ply"
    content = scan.read_bytes()
    scan.write_bytes(content[:-1] + b"\1")
    says = "it cannot be rebuilt: its scans are others now: "
    assert told(made) == {"cup": f"{says}cup.ply has changed"}
    scan.write_bytes(content)
    assert told(made) == {}
    (made / "scans" / "cup" / "more.ply").write_bytes(content)
    assert told(made) == {"cup": f"{says}files were added to its folder, or taken out"}
    shutil.rmtree(made / "scans" / "cup")
    assert told(made) == {"cup": "it cannot be rebuilt: its scans were not found"}
    assert [call["only"] for call in asked] == [["torn"], ["cup", "torn"], ["torn"], ["torn"]]


def test_without_a_record_of_what_was_asked_for(made: Path, asked: list[dict[str, Any]]) -> None:
    (made / "out" / "cup" / "run.json").unlink()
    (made / "out" / "torn" / "relic.json").write_text("{}")
    found = told(made)
    assert found["cup"].startswith("it cannot be rebuilt: run.json is needed: ")
    assert found["torn"].startswith("it cannot be rebuilt: relic.json is not what relicscan writes")
    assert asked == []


def test_what_need_not_come_again_is_said(made: Path, asked: list[dict[str, Any]]) -> None:
    """A model that an earlier run made, and a relic whose process crashed."""
    for relic, state in (("cup", "rejected"), ("torn", "crashed")):
        path = made / "out" / relic / "run.json"
        other = {"state": state, "verdict": None}
        write_run(path, read_run(path).model_copy(update=other))
    change(made, lambda data: data.update(state="crashed"), "torn")
    notes: list[str] = []
    assert told(made, note=notes.append) == {}
    assert [note.split(":")[0] for note in notes] == [
        "cup was not rebuilt",
        "torn was not rebuilt",
    ]
    assert asked == []


def test_a_pipeline_that_is_gone_or_another(
    made: Path, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(made, lambda data: data["pipeline"].update(sha256="0" * 64))
    assert told(made) == {
        "cup/relic.json": "rebuilt, it is of another pipeline than 'meshes' is now"
    }

    def gone(*_: Any, **__: Any) -> None:
        raise PipelineError("there is no pipeline file meshes.toml", remedy="check the path")

    monkeypatch.setattr(rebuilding, "run", gone)
    says = "it cannot be rebuilt: there is no pipeline file meshes.toml"
    assert told(made) == {"cup": says, "torn": says}


def test_the_scratch_folder_never_lies_in_the_output(
    made: Path, tmp_path: Path, asked: list[dict[str, Any]]
) -> None:
    for inside in (made / "out", made / "out" / "cup"):
        with pytest.raises(OutputError, match="lies in the output folder"):
            rebuild(made / "out", made / "scans", scratch=inside)
    with pytest.raises(OutputError, match="no scratch folder can be made"):
        rebuild(made / "out", made / "scans", scratch=tmp_path / "none")
    with pytest.raises(PipelineError, match="not where a run has read them"):
        rebuild(made / "out", [])
    assert asked == []


def test_the_scratch_folder_goes_also_where_the_run_fails(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(roots: list[Path], out: Path, **_: Any) -> None:
        out.mkdir()
        (out / "half").write_text("x")
        raise OutputError("the disk is full", remedy="make room")

    monkeypatch.setattr(rebuilding, "run", full)
    with pytest.raises(OutputError, match="full"):
        rebuild(made / "out", made / "scans")
    assert sorted(path.name for path in made.iterdir()) == ["out", "scans"]


# Where bytes need not be the same


def off(made: Path, by: float, figure: str) -> list[Difference]:
    """What is told where a figure of cup is off by that many times its tolerance."""
    tolerance = TOLERANCES[figure]

    def otherwise(data: Any) -> None:
        data["reproducible"] = False
        high = data["levels"][-1]
        high["sha256"] = "0" * 64
        diagonal = 0.04 * 3**0.5
        if figure == "bounds":
            high["bounds_m"][1][0] += by * tolerance.of_diagonal * diagonal
        else:
            high[figure] = round(high[figure] / (1 - by * tolerance.share))

    scale = 1000  # so that a share of it is a whole number

    def larger(data: Any) -> None:
        for level in data["levels"]:
            level["triangles"] *= scale

    shutil.copytree(made, made.parent / f"{figure}{by}")
    spoiled = made.parent / f"{figure}{by}"
    change(spoiled, larger)
    pristine = read_manifest(spoiled / "out" / "cup" / "relic.json")
    change(spoiled, otherwise)
    now = read_manifest(spoiled / "out" / "cup" / "relic.json")
    again = made.parent / f"again-{figure}{by}"
    shutil.copytree(spoiled / "out" / "cup", again)
    write_json_atomically(again / "relic.json", pristine)
    run_json = read_run(spoiled / "out" / "cup" / "run.json")
    notes: list[str] = []
    found = rebuild_compare.compared(spoiled / "out" / "cup", again, now, run_json, notes.append)
    assert notes == [
        "cup was compared by figures and not by bytes: it was made without --reproducible"
    ]
    return found


@pytest.mark.parametrize("figure", ["triangles", "bytes", "bounds"])
def test_a_figure_within_its_tolerance_and_beyond(made: Path, figure: str) -> None:
    assert off(made, 0.8, figure) == []
    (difference,) = off(made, 1.3, figure)
    assert difference.path == f"cup/{HIGH}"
    assert f"its {figure} would be " in difference.problem
    assert TOLERANCES[figure].in_words() in difference.problem


def test_area_and_deviation_have_tolerances_too(sure: Path, tmp_path: Path) -> None:
    master = sure / "out" / "cup" / "master" / "mesh.ply"
    assert rebuild_compare._area(master) == pytest.approx(6 * 40**2)
    assert rebuild_compare._area(tmp_path / "none.ply") == 0.0
    size = 1.0
    for figure, was, near, far in (
        ("area", 9600.0, 9600 * 1.0049, 9600 * 1.0051),
        ("deviation RMS", 0.001, 0.00110, 0.00112),
    ):
        assert list(rebuild_compare._off("x", figure, was, near, size)) == []
        assert len(list(rebuild_compare._off("x", figure, was, far, size))) == 1


def test_last_bits_that_differ_stay_within_the_tolerances(tmp_path: Path) -> None:
    """As another platform's arithmetic would have it: other bytes, and no difference."""
    measured = tmp_path / "measured.toml"
    measured.write_text(PIPELINE + '[[stage]]\nuse = "measure_deviation"\n')
    cloud = sphere(4000)
    write_toml(tmp_path / "scans" / "ball")
    write_ply(tmp_path / "scans" / "ball" / "ball.ply", cloud)
    run(tmp_path / "scans", tmp_path / "here", pipeline=str(measured))
    outward = np.where(np.random.default_rng(5).random(cloud.points.shape) < 0.5, -np.inf, np.inf)
    moved = np.nextafter(cloud.points.astype(np.float32), outward.astype(np.float32))
    write_ply(tmp_path / "scans" / "ball" / "ball.ply", replace(cloud, points=moved))
    run(tmp_path / "scans", tmp_path / "there", pipeline=str(measured))
    here, there = (tmp_path / name / "ball" for name in ("here", "there"))
    one, other = (read_manifest(folder / "relic.json") for folder in (here, there))
    assert one.levels[-1].deviation is not None
    assert one.levels[-1].sha256 != other.levels[-1].sha256
    notes: list[str] = []
    run_json = read_run(here / "run.json")
    assert rebuild_compare.compared(here, there, one, run_json, notes.append) == []
    assert [note.split(":")[0] for note in notes] == [
        "ball was compared by figures and not by bytes"
    ]


@pytest.mark.usefixtures("asked")
def test_another_ending_and_another_list_of_files_are_told_by_figures_too(made: Path) -> None:
    def otherwise(data: Any) -> None:
        data["reproducible"] = False
        data["verdict"], data["reasons"] = "review", [{"text": "mind", "remedy": None}]
        data["levels"][0]["path"] = "web/tiny.glb"

    change(made, otherwise)
    assert told(made) == {
        "cup/relic.json": "rebuilt, it ends as pass and not as review",
        "cup/web/tiny.glb": "rebuilt, it is not made",
        "cup/web/low.glb": "rebuilt, it is made, and here it is not",
    }


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"platform": "Windows-11"}, "it was made on Windows-11, and this is "),
        ({"request": None}, "of another version"),
    ],
)
def test_bytes_are_not_owed_by_another_platform_or_version(
    made: Path, other: Any, says: str
) -> None:
    path = made / "out" / "cup" / "run.json"
    if other.get("request", 1) is None:
        request = read_run(path).request
        assert request is not None
        other = {"request": request.model_copy(update={"code": "0" * 64})}
    write_run(path, read_run(path).model_copy(update=other))
    notes: list[str] = []
    assert told(made, note=notes.append) == {}
    assert notes == []  # the bytes are the same all the same
    change(made, lambda data: data["levels"][0].update(sha256="0" * 64))
    assert told(made, note=notes.append) == {}
    (note,) = notes
    assert says in note


@pytest.mark.usefixtures("asked")
def test_sources_of_which_the_manifest_lies(made: Path) -> None:
    """The rebuilt relic.json has the digests of the scans that are there."""
    change(made, lambda data: data["sources"][0].update(sha256="0" * 64))
    (told_of,) = told(made).values()
    assert told_of.startswith("rebuilt, it says otherwise: sources.0.sha256 is ")


def test_the_tolerances_are_those_that_the_documentation_states() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    for tolerance in TOLERANCES.values():
        assert f"| {tolerance.figure} | {tolerance.in_words()} |" in page
