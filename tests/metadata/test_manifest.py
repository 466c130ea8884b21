"""relic.json: complete, byte-stable, silent about machines, and refused when it does not add up."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import relicscan
from relicscan.errors import OutputError, ScanError, StageError
from relicscan.metadata.canonical import canonical_json, digest, write_json_atomically
from relicscan.metadata.manifest import (
    LIBRARIES,
    FileRecord,
    PipelineRecord,
    Reason,
    RelicManifest,
    field_sources,
    read_manifest,
    relic_manifest,
    versions,
)
from relicscan.relic import Frame, Relic, Step

ROOT = Path(__file__).resolve().parents[2]


def data(manifest: RelicManifest) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(canonical_json(manifest))
    return loaded


def test_round_trip_is_byte_exact(manifest: RelicManifest, tmp_path: Path) -> None:
    path = tmp_path / "relic.json"
    write_json_atomically(path, manifest)
    again = read_manifest(path)
    assert again == manifest
    assert canonical_json(again) == path.read_bytes()


def test_what_it_says(manifest: RelicManifest) -> None:
    said = data(manifest)
    assert (said["schema_name"], said["schema_version"]) == ("relicscan.relic", "2.1.0")
    assert [s["path"] for s in said["sources"]] == ["a.ply", "relic.toml"]
    assert said["units"] == {
        "unit": "mm", "basis": "relic.toml", "scale": "measured", "scale_known": True,
        "figures_in": "mm", "mm_per_source_unit": 1, "distances": [], "distance_rms_mm": None,
    }  # fmt: skip
    # Source (5.5, -0.25, -3) is the working origin; what was up (+Z) is +Y, in metres.
    T = np.array(said["frame"]["T_model_source"])
    np.testing.assert_allclose(T @ [5.5, -0.25, -3, 1], [0, 0, 0, 1], atol=1e-15)
    np.testing.assert_allclose(T[:3, :3] @ [0, 0, 1000], [0, 1, 0], atol=1e-15)
    assert said["steps"][0] == {
        "stage": "voxel_downsample",
        "parameters": {"voxel_size_mm": 0.5, "seed": None},
        "overridden": {"voxel_size_mm": "relic.toml"},
        "skipped": None,
        "undecided": None,
        "before": {"points": 1000},
        "after": {"points": 400},
        "figures": {"spacing_mm": 0.25, "extent_mm": [1, 0, 2]},
        "warnings": ["odd points in vase/a.ply"],
    }
    assert said["steps"][1]["skipped"] == "the scan brings no point cloud"
    assert [level["name"] for level in said["levels"]] == ["low", "high"]
    assert said["metadata"]["object"]["title"]["zh-Hans"] == "彩绘双耳瓶"
    assert "museum" in said["metadata"]
    assert said["metadata_sources"]["object.title.zh-Hans"] == "relic.toml"
    assert said["metadata_sources"]["hotspot"] == "relic.toml"


def test_holes_are_summed_up(manifest: RelicManifest) -> None:
    assert manifest.holes is None, "no stage has looked for any"
    figures = {
        "holes_filled": 3,
        "filled_area_mm2": 12.5,
        "filled_area_share": 0.002,
        "holes_left_open": 1,
        "widest_opening_mm": 60.0,
    }
    history = (
        Step("fill_holes", {}, figures=figures),
        Step("fill_holes", {}, skipped="the scan brings no mesh"),
    )
    told = relic_manifest(
        Relic(id="vase", history=history), state="done", verdict="pass", reproducible=False
    )
    assert data(told)["holes"] == {
        "filled": 3,
        "filled_area": 12.5,
        "filled_area_share": 0.002,
        "left_open": 1,
        "widest_opening": 60,
    }


def test_warnings_are_all_there_once(manifest: RelicManifest) -> None:
    assert manifest.warnings == (
        "no colours",
        "the plate was removed",
        "odd points in vase/a.ply",
        "no text in en for object.maker",
        "one file was ignored",
    )


def test_files_are_vouched_for(manifest: RelicManifest, tmp_path: Path) -> None:
    out = tmp_path / "out" / "amphora-painted"
    assert {file.path for file in manifest.delivered} == {
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()
    }
    for file in manifest.delivered:
        content = (out / file.path).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_nothing_of_the_machine(manifest: RelicManifest, tmp_path: Path) -> None:
    text = canonical_json(manifest).decode()
    assert str(tmp_path) not in text
    assert not re.search(r'"(/|[A-Za-z]:\\|\\\\)', text)
    assert not re.search(r"\d\d:\d\d:\d\d", text)


def test_only_absolute_folders_are_private() -> None:
    # A relative "." or the root would take every dot or slash out of the texts.
    text = "a.ply is in /scans/vase/a.ply."
    manifest = relic_manifest(
        Relic("vase", warnings=(text,)),
        state="done",
        verdict="pass",
        reproducible=True,
        private_folders=[PurePosixPath(p) for p in (".", "/", "scans", "/scans")],
    )
    assert manifest.warnings == ("a.ply is in scans/vase/a.ply.",)


def test_every_stated_field_has_a_source(manifest: RelicManifest) -> None:
    stated = manifest.metadata.stated()
    assert dict(manifest.metadata_sources) == field_sources(stated)
    assert set(field_sources(stated, "catalogue.csv").values()) == {"catalogue.csv"}
    assert field_sources({"a": {"b": 1, "c": {"d": [1]}}, "e": []}) == dict.fromkeys(
        ["a.b", "a.c.d", "e"], "relic.toml"
    )


def test_a_relic_that_was_never_read() -> None:
    error = ScanError("the file ends early", remedy="copy it again")
    manifest = relic_manifest(
        Relic("vase"),
        state="rejected",
        verdict=None,
        reproducible=False,
        reasons=[Reason.of(error)],
    )
    said = data(manifest)
    assert (said["units"], said["frame"], said["pipeline"], said["master"]) == (None,) * 4
    assert said["metadata"] == {}
    assert said["reasons"] == [{"text": "the file ends early", "remedy": "copy it again"}]
    assert RelicManifest.model_validate_json(canonical_json(manifest)) == manifest


def test_the_reason_names_the_stage() -> None:
    error = StageError("no surface", stage="reconstruct_surface")
    assert Reason.of(error) == Reason(text="stage reconstruct_surface: no surface", remedy=None)


def test_unknown_scale_never_pretends() -> None:
    manifest = relic_manifest(
        Relic("vase", frame=Frame(), history=(Step("crop", {}),)),
        state="done",
        verdict="pass",
        reproducible=True,
    )
    assert manifest.units is not None
    assert (manifest.units.unit, manifest.units.figures_in) == (None, "working units")


def test_the_pipeline_is_known_by_its_effective_parameters() -> None:
    first = PipelineRecord.of("web", {"stages": [{"use": "a", "parameters": {"x": 1, "y": (1,)}}]})
    same = PipelineRecord.of("web", {"stages": [{"parameters": {"y": [1], "x": 1}, "use": "a"}]})
    other = PipelineRecord.of("web", {"stages": [{"use": "a", "parameters": {"x": 2, "y": [1]}}]})
    assert first == same
    assert first.sha256 != other.sha256


def test_libraries_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {
        re.split(r"[\[>=<]", entry)[0]
        for entry in (*project["dependencies"], *project["optional-dependencies"]["usd"])
    }
    assert set(LIBRARIES) <= declared
    found = versions()
    assert found["relicscan"] == relicscan.__version__
    assert found["numpy"] == importlib.metadata.version("numpy")


def test_a_figure_that_is_no_number_is_a_defect() -> None:
    relic = Relic("vase", history=(Step("crop", {}, figures={"rms_mm": float("nan")}),))
    with pytest.raises(ValueError, match=r"steps\[0\]\.figures\.rms_mm is nan"):
        relic_manifest(relic, state="done", verdict="pass", reproducible=True)


def changed(said: dict[str, Any], path: str, value: Any) -> bytes:
    *above, last = path.split(".")
    table: Any = said
    for part in above:
        table = table[int(part)] if part.isdigit() else table[part]
    table[last] = value
    return canonical_json(said)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema_name", "relicscan.run"),
        ("schema_version", "3.0.0"),
        ("id", "../etc"),
        ("state", "perfect"),
        ("state", "failed"),
        ("verdict", None),
        ("verdict", "fine"),
        ("reasons", []),
        ("sources.0.path", "/etc/passwd"),
        ("sources.0.path", "a/../../b"),
        ("sources.0.role", "secret"),
        ("sources.0.bytes", -1),
        ("sources.0.bytes", 1.5),
        ("sources.0.sha256", "0" * 63),
        ("units.scale_known", False),
        ("units.figures_in", "working units"),
        ("units.unit", None),
        ("units.unit", "parsec"),
        ("frame.T_model_source", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("steps.0.before", {"points": "many"}),
        ("master.bounds", [[0, 0, 0]]),
        ("master.path", "web/low.glb"),
        ("levels.0.triangles", "10"),
        ("levels.1.path", "web/low.glb"),
        ("files.0.path", "master/mesh.ply"),
        ("metadata.scan.unit", "metre"),
        ("metadata.object.title", {"english": "x"}),
        ("versions", {"numpy": 2}),
        ("reproducible", "yes"),
        ("host", "museum-pc-7"),
        ("units.host", "x"),
        ("metadata.host", "x"),
        ("metadata.object.host", "x"),
        ("steps.0.seconds", 3),
        ("levels.0.seconds", 3),
        ("master.seconds", 3),
        ("reasons.0.when", "x"),
    ],
)
def test_whatever_is_changed_is_refused(
    manifest: RelicManifest, tmp_path: Path, path: str, value: Any
) -> None:
    (tmp_path / "relic.json").write_bytes(changed(data(manifest), path, value))
    with pytest.raises(OutputError):
        read_manifest(tmp_path / "relic.json")


def test_another_major_version_says_so(manifest: RelicManifest, tmp_path: Path) -> None:
    (tmp_path / "relic.json").write_bytes(changed(data(manifest), "schema_version", "3.1.0"))
    with pytest.raises(OutputError) as caught:
        read_manifest(tmp_path / "relic.json")
    assert "another version of relicscan wrote it ('3.1.0')" in (caught.value.remedy or "")


def test_no_key_is_ever_left_out(manifest: RelicManifest) -> None:
    later = {"arrangements", "gates"}  # manifests of schema 2.0 have none
    for key in data(manifest).keys() - later:
        said = data(manifest)
        del said[key]
        with pytest.raises(ValidationError):
            RelicManifest.model_validate_json(json.dumps(said))


def test_frozen(manifest: RelicManifest) -> None:
    with pytest.raises(ValidationError):
        manifest.state = "failed"  # type: ignore[misc]


def test_equal_content_equal_digest(manifest: RelicManifest) -> None:
    again = RelicManifest.model_validate_json(canonical_json(manifest))
    assert digest(again) == digest(manifest)
    other = manifest.model_copy(update={"warnings": ()})
    assert digest(other) != digest(manifest)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileRecord.of(tmp_path, "missing.glb")


def test_a_private_folder_is_cut_as_a_whole_path_only() -> None:
    from pathlib import PurePosixPath

    from relicscan.metadata.manifest import _without_folders

    folders = [PurePosixPath("/data"), PurePosixPath("/data/night 1")]
    told = ["/data/night 1/a.ply is cut", "see/data, /database and (/data/b.ply)", "/data"]
    assert _without_folders(told, folders) == [
        "night 1/a.ply is cut",
        "see/data, /database and (data/b.ply)",
        "data",
    ]


def test_a_manifest_of_schema_2_0_is_still_read(manifest: RelicManifest) -> None:
    older = data(manifest)
    older["schema_version"] = "2.0.0"
    del older["arrangements"]
    for step in older["steps"]:
        del step["undecided"]
    read = RelicManifest.model_validate_json(json.dumps(older))
    assert read.arrangements == ()
    assert [step.undecided for step in read.steps] == [None] * len(read.steps)


def test_a_picture_of_an_arrangement_is_among_the_files(manifest: RelicManifest) -> None:
    there = data(manifest)
    path = there["files"][0]["path"]
    there["arrangements"] = [{"path": path, "title": "way 1 (orange: a.ply)", "question": 1}]
    read = RelicManifest.model_validate_json(json.dumps(there))
    assert read.arrangements[0].title == "way 1 (orange: a.ply)"
    there["arrangements"][0]["path"] = "preview/arrangement-9.webp"
    with pytest.raises(ValueError, match="not among the files"):
        RelicManifest.model_validate_json(json.dumps(there))
