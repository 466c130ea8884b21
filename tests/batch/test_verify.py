"""Whatever was changed in an output folder is found and named, and nothing else is."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from batch.differences import anchor, flip, problems, rewrite
from batch.spoiled import Night
from tiny_scans import files_below, read_json

from relicscan.batch import held_against
from relicscan.batch.run import run
from relicscan.batch.verify import verify
from relicscan.delivery import validation
from relicscan.errors import OutputError
from relicscan.metadata.page_seal import sealed

LOW = "web/low.glb"


@pytest.fixture(autouse=True)
def no_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the Khronos validator says is asked elsewhere; it takes a second to start."""
    monkeypatch.setattr(validation, "what_is_missing", lambda: "it is not asked here")


# All is well


def test_a_good_folder_has_no_difference(out: Path) -> None:
    assert verify(out) == []
    assert verify(str(out)) == []


def test_a_night_in_which_much_went_wrong_is_written_as_it_should_be(night: Night) -> None:
    """Relics that failed have manifests too, and models of earlier runs that stayed are listed."""
    assert verify(night.out) == []


def test_a_model_that_an_earlier_run_made(out: Path, scans: Path, pipeline: str) -> None:
    (scans / "cup" / "cup.ply").write_bytes(b"ply")
    run(scans, out, pipeline=pipeline)
    (entry,) = [e for e in read_json(out / "index.json")["relics"] if e["id"] == "cup"]
    assert entry["from_earlier_run"]
    assert verify(out, scans=()) == []
    # It is not the model of the scans that are there now.
    assert set(problems(out)) == {str(scans / "cup" / "cup.ply")}


def test_what_a_run_does_not_list_and_may_write(out: Path) -> None:
    (out / "report.html").write_bytes(sealed("a night", None))
    (out / "cup" / "report.html").write_bytes(sealed("a cup", "cup"))
    (out / "cup" / "run.json").unlink()
    (out / ".relicscan" / "cache").mkdir(exist_ok=True)
    (out / ".relicscan" / "cache" / "anything").write_text("x")
    assert verify(out) == []
    shutil.rmtree(out / ".relicscan")
    assert verify(out) == []


def test_nothing_is_written(out: Path) -> None:
    def state() -> dict[str, tuple[bytes, int]]:
        return {n: ((out / n).read_bytes(), (out / n).stat().st_mtime_ns) for n in files_below(out)}

    flip(out / "cup" / LOW)
    before = state()
    folders = [out, *(path for path in out.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert set(problems(out)) == {f"cup/{LOW}"}
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert state() == before


# Files


@pytest.mark.parametrize("at", [0, 100, -1])
def test_one_changed_bit(out: Path, at: int) -> None:
    flip(out / "cup" / LOW, at)
    assert problems(out) == {f"cup/{LOW}": "its content has changed: its SHA-256 is another one"}


def test_a_bit_beyond_the_first_piece(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_against, "CHUNK_BYTES", 7)
    assert verify(out) == []
    flip(out / "cup" / "master" / "mesh.ply", 30)
    assert set(problems(out)) == {"cup/master/mesh.ply"}


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_that_is_too_short_or_too_long(out: Path, change: int) -> None:
    path = out / "bowl" / LOW
    content = path.read_bytes()
    path.write_bytes(content[:-1] if change < 0 else content + b"\0")
    size = len(content)
    assert problems(out) == {
        f"bowl/{LOW}": f"it has {size + change:,} bytes and should have {size:,}"
    }


def test_a_file_that_is_missing(out: Path) -> None:
    (out / "cup" / LOW).unlink()
    assert problems(out) == {f"cup/{LOW}": "it is missing"}
    shutil.rmtree(out / "cup" / "web")
    assert problems(out) == {f"cup/web/{n}.glb": "it is missing" for n in ("low", "high")}


@pytest.mark.parametrize("name", ["web/ultra.glb", "notes.txt", ".hidden", "preview/a/b.webp"])
def test_a_file_that_nothing_lists(out: Path, name: str) -> None:
    path = out / "torn" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    assert problems(out) == {f"torn/{name}": "nothing lists it"}


@pytest.mark.parametrize(
    "name",
    ["notes.txt", ".DS_Store", "Thumbs.db", "desktop.ini", "index.json.bak", ".index.json.7.part",
     "relic.json", "run.json", "report.html.sig", "INDEX.json"],
)  # fmt: skip
def test_a_file_beside_the_relics_that_nothing_lists(out: Path, name: str) -> None:
    """Those of operating systems too, as in the folders of relics."""
    (out / name).write_text("x")
    assert problems(out) == {name: "nothing lists it"}
    (found,) = verify(out)
    assert found.relic is None
    assert "move it out of the output folder" in found.remedy
    (out / name).rename(out / "cup" / f"{name}.txt")
    assert problems(out) == {f"cup/{name}.txt": "nothing lists it"}


@pytest.mark.parametrize("inside", [None, "index.html", "cup/relic.json", "run.json"])
def test_a_folder_beside_the_relics_that_nothing_lists(out: Path, inside: str | None) -> None:
    """One line, however much lies in it; a relic that lies deeper is none of this folder."""
    (out / "site").mkdir()
    if inside:
        (out / "site" / inside).parent.mkdir(exist_ok=True)
        (out / "site" / inside).write_text("{}")
    assert problems(out) == {"site": "nothing lists it"}


def test_what_has_the_name_of_something_else(out: Path) -> None:
    (out / "report.html").unlink(missing_ok=True)
    (out / "report.html").mkdir()
    shutil.rmtree(out / ".relicscan")
    (out / ".relicscan").write_text("no folder")
    (out / "index.json.sig").mkdir()
    assert problems(out) == {
        "report.html": "nothing lists it",
        ".relicscan": "nothing lists it",
        "index.json.sig": "it cannot be read (it is not a file)",
    }


def test_what_lies_beside_is_told_whatever_else_is_wrong(out: Path) -> None:
    (out / "notes.txt").write_text("x")
    shutil.copytree(out / "cup", out / "vase")
    assert problems(out) == {
        "notes.txt": "nothing lists it",
        "vase": "index.json does not list this relic",
    }
    (out / "index.json").write_text("{}")
    found = verify(out)
    assert {d.problem for d in found if d.path == "notes.txt"} == {"nothing lists it"}
    assert {d.path for d in found} == {"index.json", "notes.txt", "vase/relic.json"}


def test_an_output_folder_that_cannot_be_listed(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.scandir

    def failing(path: Any) -> Any:
        if Path(path) == out:
            raise OSError(5, "Input/output error")
        return whole(path)

    flip(out / "cup" / LOW)
    monkeypatch.setattr(os, "scandir", failing)
    assert set(problems(out)) == {".", f"cup/{LOW}"}
    assert problems(out)["."] == "it cannot be read (Input/output error)"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_beside_the_relics(out: Path, tmp_path: Path) -> None:
    link = "it is a link, and relicscan writes none"
    (out / "latest.txt").symlink_to(out / "index.json")
    (out / "nowhere").symlink_to(tmp_path / "none")
    (out / "site").symlink_to(tmp_path)
    (tmp_path / "report.html").write_bytes(sealed("a night", None))
    (out / "report.html").unlink(missing_ok=True)
    (out / "report.html").symlink_to(tmp_path / "report.html")
    assert problems(out) == dict.fromkeys(["latest.txt", "nowhere", "site", "report.html"], link)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_are_never_followed(out: Path, tmp_path: Path) -> None:
    """Also where what they lead to is byte for byte what is listed."""
    link = "it is a link, and relicscan writes none"
    shutil.copytree(out, tmp_path / "copy")
    low, web = out / "cup" / LOW, out / "bowl" / "web"
    low.unlink()
    low.symlink_to(tmp_path / "copy" / "cup" / LOW)
    shutil.rmtree(web)
    web.symlink_to(tmp_path / "copy" / "bowl" / "web")
    assert problems(out) == {
        f"cup/{LOW}": link,
        "bowl/web": link,
        "bowl/web/low.glb": "it is missing",
        "bowl/web/high.glb": "it is missing",
    }
    shutil.rmtree(out / "cup")
    (out / "cup").symlink_to(tmp_path / "copy" / "cup")
    (out / "vase").symlink_to(tmp_path / "copy" / "cup")
    assert {n: p for n, p in problems(out).items() if "bowl" not in n} == {
        "cup": link,
        "vase": link,
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
@pytest.mark.parametrize("name", ["index.json", "index.json.sha256", "cup/relic.json"])
def test_links_in_place_of_manifests(out: Path, tmp_path: Path, name: str) -> None:
    (out / name).rename(tmp_path / "moved")
    (out / name).symlink_to(tmp_path / "moved")
    assert problems(out) == {name: "it is a link, and relicscan writes none"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_waited_for(out: Path) -> None:
    for name in (LOW, "relic.json"):
        (out / "cup" / name).unlink()
        os.mkfifo(out / "cup" / name)
        assert "cup/" + name in problems(out)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is closed to this user"
)
def test_a_file_that_cannot_be_read(out: Path) -> None:
    (out / "cup" / LOW).chmod(0)
    assert problems(out) == {f"cup/{LOW}": "it cannot be read (Permission denied)"}


def test_a_disk_that_fails(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = held_against.open_regular

    def failing(path: Path) -> Any:
        if path.name == "high.glb":
            raise OSError(5, "Input/output error")
        return whole(path)

    monkeypatch.setattr(held_against, "open_regular", failing)
    assert problems(out) == {
        f"{name}/web/high.glb": "it cannot be read (Input/output error)" for name in ("bowl", "cup")
    }


# Manifests


def test_a_changed_manifest(out: Path) -> None:
    path = out / "cup" / "relic.json"
    path.write_bytes(path.read_bytes().replace(b'"reproducible": false', b'"reproducible": true'))
    assert problems(out) == {"cup/relic.json": "it is not the file that index.json lists"}


def test_a_manifest_changed_together_with_its_file(out: Path) -> None:
    """Whoever makes a model look right by its manifest fails at the index."""
    flip(out / "cup" / LOW)
    sha256 = hashlib.sha256((out / "cup" / LOW).read_bytes()).hexdigest()

    def change(manifest: Any) -> None:
        (level,) = [x for x in manifest["levels"] if x["path"] == LOW]
        level["sha256"] = sha256

    rewrite(out / "cup" / "relic.json", change)
    assert set(problems(out)) == {"cup/relic.json"}


def test_manifests_of_two_relics_that_were_swapped(out: Path) -> None:
    cup, bowl = out / "cup" / "relic.json", out / "bowl" / "relic.json"
    content = cup.read_bytes()
    cup.write_bytes(bowl.read_bytes())
    bowl.write_bytes(content)
    found = verify(out)
    assert {d.problem for d in found if d.path == "cup/relic.json"} == {
        "it is not the file that index.json lists",
        "it is of the relic 'bowl'",
    }
    assert {d.path for d in found} == {"cup/relic.json", "bowl/relic.json"}


def test_a_manifest_that_is_missing(out: Path) -> None:
    (out / "cup" / "relic.json").unlink()
    assert problems(out) == {"cup/relic.json": "it is missing"}
    shutil.rmtree(out / "cup")
    assert problems(out) == {"cup/relic.json": "it is missing"}
    (out / "cup").write_text("a file")
    assert problems(out) == {"cup/relic.json": "it is missing"}


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"\xff", b"[" * 100_000])
def test_a_manifest_that_does_not_parse(out: Path, content: bytes) -> None:
    (out / "cup" / "relic.json").write_bytes(content)
    told = [d.problem for d in verify(out)]
    assert told[0] == "it is not the file that index.json lists"
    assert told[1].startswith("not what relicscan writes: ")
    assert len(told) == 2


@pytest.mark.parametrize("path", ["../bowl/web/low.glb", "/etc/passwd", "web/../../x", "C:x"])
def test_a_manifest_whose_paths_lead_out(out: Path, path: str) -> None:
    def change(manifest: Any) -> None:
        manifest["levels"][0]["path"] = path

    rewrite(out / "cup" / "relic.json", change)
    told = [d for d in verify(out) if d.problem.startswith("not what relicscan writes")]
    assert [d.path for d in told] == ["cup/relic.json"]


def test_a_run_record_that_does_not_parse_or_is_of_another(out: Path) -> None:
    shutil.copyfile(out / "bowl" / "run.json", out / "cup" / "run.json")
    (out / "bowl" / "run.json").write_text("{}")
    told = problems(out)
    assert told.pop("cup/run.json") == "it is of the relic 'bowl'"
    assert told.pop("bowl/run.json").startswith("not what relicscan writes: ")
    assert not told


# The index


def test_a_changed_index(out: Path) -> None:
    path = out / "index.json"
    path.write_bytes(path.read_bytes() + b"\n")
    assert problems(out) == {"index.json": "it is not the file that index.json.sha256 is of"}


@pytest.mark.parametrize("name", ["index.json", "index.json.sha256"])
def test_a_missing_index_or_anchor(out: Path, name: str) -> None:
    (out / name).unlink()
    assert problems(out) == {name: "it is missing"}


def test_without_an_index_the_manifests_still_hold_their_files(out: Path) -> None:
    flip(out / "cup" / LOW)
    (out / "index.json").write_text("{}")
    told = {d.path: d.problem for d in verify(out)}
    assert set(told) == {"index.json", f"cup/{LOW}"}
    (out / "index.json").unlink()
    (out / "index.json.sha256").unlink()
    shutil.rmtree(out / ".relicscan")
    assert set(problems(out)) == {"index.json", "index.json.sha256", f"cup/{LOW}"}


@pytest.mark.parametrize(
    "change",
    [{"state": "failed", "verdict": None}, {"verdict": "fail"}, {"counts": {"triangles": 9}}],
)
def test_an_index_that_says_something_else_of_a_relic(out: Path, change: dict[str, Any]) -> None:
    """Such an index has a checksum that fits: it was made so."""

    def edit(index: Any) -> None:
        (entry,) = [e for e in index["relics"] if e["id"] == "cup"]
        entry["counts"] |= change.get("counts", {})
        entry |= {key: value for key, value in change.items() if key != "counts"}
        of = [e["state"] for e in index["relics"]]
        verdicts = [e["verdict"] for e in index["relics"] if e["verdict"]]
        index["states"] = {s: of.count(s) for s in of}
        index["verdicts"] = {v: verdicts.count(v) for v in verdicts}

    rewrite(out / "index.json", edit)
    anchor(out)
    told = problems(out)
    assert told == {"cup/relic.json": "index.json gives it another state, verdict or size"}


def test_a_relic_that_is_not_in_the_index(out: Path) -> None:
    shutil.copytree(out / "cup", out / "vase")
    assert problems(out) == {"vase": "index.json does not list this relic"}


def test_what_a_killed_run_had_not_entered_yet_says_so(out: Path) -> None:
    """What would work is to run again, and not to restore what is newer than the index."""
    shutil.copytree(out / "cup", out / "vase")
    (out / "bowl" / "relic.json").write_bytes((out / "bowl" / "relic.json").read_bytes() + b" ")
    (out / ".relicscan" / "journal").write_text("vase\nbowl\n")
    flip(out / "cup" / "relic.json")
    remedies = {d.path: d.remedy for d in verify(out) if "not what" not in d.problem}
    assert "interrupted" in remedies["vase"]
    assert "interrupted" in remedies["bowl/relic.json"]
    assert "restore it" in remedies["cup/relic.json"]


def test_what_is_no_output_folder(tmp_path: Path, scans: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, says in (
        (tmp_path / "none", "No such file"),
        (tmp_path / "file", "Not a directory"),
        (scans, "no output folder"),
    ):
        with pytest.raises(OutputError, match=says) as caught:
            verify(path)
        assert caught.value.scan == str(path)
