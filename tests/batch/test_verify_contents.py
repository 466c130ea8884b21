"""A manifest that lies, with every checksum above it made again, is found by its own files."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batch.differences import problems
from tiny_scans import read_json

from relicscan.batch import verify_contents
from relicscan.batch.verify import verify
from relicscan.delivery import recorded, validation
from relicscan.delivery.khronos import KhronosMessage, KhronosReport
from relicscan.errors import OutputError
from relicscan.metadata.canonical import bytes_sha256, canonical_json
from relicscan.metadata.index import Index, IndexEntry, write_index
from relicscan.metadata.manifest import RelicManifest, read_manifest

HIGH = "web/high.glb"


@pytest.fixture(autouse=True)
def no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "what_is_missing", lambda: "it is not asked here")


def forge(out: Path, change: Callable[[Any], object]) -> None:
    """Make cup's relic.json say something else, and all checksums above it anew."""
    path = out / "cup" / "relic.json"
    data = read_json(path)
    change(data)
    path.write_bytes(canonical_json(RelicManifest.model_validate_json(json.dumps(data))))
    entries = [IndexEntry.of(read_manifest(p)) for p in out.glob("*/relic.json")]
    write_index(out, canonical_json(Index.of(entries)))


def replace_file(out: Path, name: str, content: bytes) -> None:
    """Put another file in the place of one, and list it."""
    (out / "cup" / name).write_bytes(content)

    def change(manifest: Any) -> None:
        for record in [manifest["master"], *manifest["levels"], *manifest["files"]]:
            if record["path"] == name:
                record |= {"bytes": len(content), "sha256": bytes_sha256(content)}

    forge(out, change)


def high(manifest: Any) -> Any:
    (level,) = [level for level in manifest["levels"] if level["path"] == HIGH]
    return level


def nudge(bounds: Any, by: float) -> None:
    bounds[1][2] += by


def test_a_manifest_that_is_made_again_as_it_was_is_no_lie(out: Path) -> None:
    forge(out, lambda manifest: None)
    assert verify(out) == []


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (lambda m: high(m).update(triangles=11), "says triangles: 11, and it has 12"),
        (lambda m: high(m).update(vertices=25), "says vertices: 25, and it has "),
        (lambda m: high(m).update(gpu_bytes=7), "says bytes of GPU memory: 7, and it has "),
        (lambda m: high(m).update(texture_side=64), "longest side of its pictures: 64, and"),
        (lambda m: high(m).update(maps=["normal"]), "says maps: ['normal'], and it has none"),
        (lambda m: nudge(high(m)["bounds_m"], 1e-6), "says bounds: "),
    ],
)
def test_a_level_of_which_a_figure_is_made_up(
    out: Path, lie: Callable[[Any], object], says: str
) -> None:
    forge(out, lie)
    told = problems(out)
    assert list(told) == [f"cup/{HIGH}"]
    assert says in told[f"cup/{HIGH}"]
    assert verify(out, contents=False) == []


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (lambda master: master.update(triangles=13), "says triangles: 13, and it has 12"),
        (lambda master: master.update(vertices=9), "says vertices: 9, and it has 8"),
        (lambda master: nudge(master["bounds"], 0.001), "says bounds: "),
    ],
)
def test_a_master_of_which_a_figure_is_made_up(
    out: Path, lie: Callable[[Any], object], says: str
) -> None:
    forge(out, lambda manifest: lie(manifest["master"]))
    told = problems(out)
    assert list(told) == ["cup/master/mesh.ply"]
    assert says in told["cup/master/mesh.ply"]


def test_rights_that_the_models_were_not_made_with(out: Path) -> None:
    def change(manifest: Any) -> None:
        manifest["metadata"]["object"] = {"title": {"en": "Holy Grail"}}

    forge(out, change)
    other = "it was made with other metadata than relic.json has"
    assert problems(out) == {f"cup/web/{n}.glb": other for n in ("low", "high")}


def test_a_scale_that_was_not_known(out: Path) -> None:
    found = read_manifest(out / "cup" / "relic.json")
    assert found.units is not None
    unknown = found.model_copy(
        update={"units": found.units.model_copy(update={"scale_known": False})}
    )
    path = out / "cup" / HIGH
    assert recorded.level_problems(path, found.levels[-1], found) == []
    told = recorded.level_problems(path, found.levels[-1], unknown)
    assert told == ["relic.json says scale known: no, and it has yes"]


def test_a_model_of_another_relic(out: Path) -> None:
    replace_file(out, HIGH, (out / "bowl" / HIGH).read_bytes())
    assert "it is not a model of 'cup'" in problems(out)[f"cup/{HIGH}"]


def test_a_model_that_breaks_its_format(out: Path) -> None:
    """An accessor that says more than its bytes have."""
    content = bytearray((out / "cup" / HIGH).read_bytes())
    size = struct.unpack_from("<I", content, 12)[0]
    document = json.loads(content[20 : 20 + size])
    assert document["accessors"][0]["count"] == 8
    document["accessors"][0]["count"] = 9
    text = json.dumps(document, separators=(",", ":")).encode().ljust(size)
    assert len(text) == size
    content[20 : 20 + size] = text
    replace_file(out, HIGH, bytes(content))
    told = problems(out)
    assert list(told) == [f"cup/{HIGH}"]
    assert told[f"cup/{HIGH}"].startswith("viewers cannot rely on it: ")


def test_files_that_are_none(out: Path) -> None:
    replace_file(out, HIGH, b"glTF and nothing else")
    assert "viewers cannot rely on it: GLB_" in problems(out)[f"cup/{HIGH}"]
    replace_file(out, "master/mesh.ply", b"ply\nformat ascii 1.0\nend_header\n")
    assert "it cannot be read as a mesh" in problems(out)["cup/master/mesh.ply"]


def test_pictures_by_their_headers(tmp_path: Path) -> None:
    (tmp_path / "poster.webp").write_bytes(b"RIFF....WEBP")
    (tmp_path / "rim.mp3").write_bytes(b"ID3")
    assert recorded.picture_problems(tmp_path / "poster.webp")
    assert recorded.picture_problems(tmp_path / "rim.mp3") == []


def test_a_package_with_other_triangles_than_the_model_beside_it(out: Path) -> None:
    levels = read_manifest(out / "cup" / "relic.json").levels
    assert recorded.usdz_problems(12, "web/high.usdz", levels) == []
    assert recorded.usdz_problems(None, "web/high.usdz", levels) == []
    assert recorded.usdz_problems(12, "ar/high.usdz", levels) == []
    (told,) = recorded.usdz_problems(11, "web/high.usdz", levels)
    assert "triangles: 12, and it has 11" in told


def test_a_file_that_is_named_already_is_not_opened(out: Path) -> None:
    path = out / "cup" / HIGH
    path.write_bytes(path.read_bytes()[:-4] + b"\xff\xff\xff\xff")
    assert problems(out) == {f"cup/{HIGH}": "its content has changed: its SHA-256 is another one"}


# The validator


def report(*codes: str) -> KhronosReport:
    messages = tuple(KhronosMessage("error", code, "wrong", "") for code in codes)
    return KhronosReport(len(codes), 0, 0, 0, messages, "2")


def test_every_model_is_given_to_the_validator_in_batches(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def reports(paths: list[Path]) -> list[KhronosReport]:
        asked.append([path.relative_to(out).as_posix() for path in paths])
        return [report("A", "B") if path == out / "bowl" / HIGH else report() for path in paths]

    monkeypatch.setattr(validation, "khronos_reports", reports)
    monkeypatch.setattr(verify_contents, "BATCH", 3)
    told = problems(out)
    assert told == {
        f"bowl/{HIGH}": "by the Khronos validator, viewers cannot rely on it: A: wrong, and 1 more"
    }
    models = {f"{relic}/web/{name}.glb" for relic in ("bowl", "cup") for name in ("low", "high")}
    assert sorted(len(batch) for batch in asked) == [1, 3]  # two at a time, where there are cores
    assert {name for batch in asked for name in batch} == models


def test_where_there_is_no_validator_that_is_said_and_is_no_difference(out: Path) -> None:
    notes: list[str] = []
    assert verify(out, scans=(), note=notes.append) == []
    assert len(notes) == 1
    assert notes[0].startswith("the Khronos validator did not run: ")
    assert verify(out, scans=(), contents=False, note=notes.append) == []
    assert len(notes) == 1


def test_a_validator_that_breaks_down_is_no_difference(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reports(_: list[Path]) -> list[KhronosReport]:
        raise OutputError("the Khronos glTF validator broke down: heap", remedy="more memory")

    notes: list[str] = []
    monkeypatch.setattr(validation, "khronos_reports", reports)
    assert verify(out, scans=(), note=notes.append) == []
    assert notes == [
        "the Khronos glTF validator broke down: heap: the models were held to our own checks alone"
    ]
