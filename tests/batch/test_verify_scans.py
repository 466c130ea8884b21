"""Master scans that have rotted are found by what was recorded of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from batch.differences import flip, problems, rewrite
from tiny_scans import sphere, write_cup, write_ply, write_toml

from relicscan.batch.run import run
from relicscan.batch.verify import verify
from relicscan.errors import PipelineError


def test_scans_that_are_as_they_were(out: Path, scans: Path) -> None:
    assert verify(out, scans=scans) == []
    assert verify(out, scans=[scans / name for name in ("bowl", "cup", "torn")]) == []
    write_cup(scans / "new")
    (scans / "cup" / "more.txt").write_text("x")
    assert verify(out, scans=scans) == []


@pytest.mark.parametrize(
    "name", ["cup/cup.ply", "bowl/notes.txt", "bowl/relic.toml", "torn/cup.ply"]
)
def test_a_master_that_has_rotted(out: Path, scans: Path, name: str) -> None:
    flip(scans / name)
    assert problems(out, scans=scans) == {
        str(scans / name): "its content has changed: its SHA-256 is another one"
    }
    assert verify(out) == []


def test_a_master_that_is_missing_or_elsewhere(out: Path, scans: Path) -> None:
    (scans / "bowl" / "notes.txt").unlink()
    shutil.rmtree(scans / "cup")
    told = problems(out, scans=scans)
    assert told == {
        str(scans / "bowl" / "notes.txt"): "it is missing",
        "cup": "its scans were not found",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_masters_may_be_links_inside_what_was_given(out: Path, scans: Path, tmp_path: Path) -> None:
    scan = scans / "cup" / "cup.ply"
    (scans / "store").mkdir()
    scan.rename(scans / "store" / "1.bin")
    scan.symlink_to(scans / "store" / "1.bin")
    assert verify(out, scans=scans) == []
    (scans / "store" / "1.bin").rename(tmp_path / "1.bin")
    scan.unlink()
    scan.symlink_to(tmp_path / "1.bin")
    assert "leads out" in problems(out, scans=scans)[str(scan)]


@pytest.mark.skipif(sys.platform != "linux", reason="names here are any bytes on Linux alone")
def test_a_master_whose_name_is_no_unicode(out: Path, scans: Path, pipeline: str) -> None:
    folder = scans / "cup"
    name = os.fsdecode(b"caf\xe9.txt")
    (folder / name).write_text("a note")
    sources = [r"caf\udce9.txt"]

    def change(manifest: Any) -> None:
        (source,) = [s for s in manifest["sources"] if s["path"] == "relic.toml"]
        sha256 = hashlib.sha256(b"a note").hexdigest()
        manifest["sources"].append({**source, "path": sources[0], "bytes": 6, "sha256": sha256})

    rewrite(out / "cup" / "relic.json", change)
    assert {d.path for d in verify(out, scans=scans)} == {"cup/relic.json"}
    flip(folder / name)
    assert str(folder / name) in {d.path for d in verify(out, scans=scans)}


def test_scans_that_do_not_exist(out: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no such file or folder"):
        verify(out, scans=tmp_path / "none")


def test_point_clouds_and_their_sources(tmp_path: Path, pipeline: str) -> None:
    write_toml(tmp_path / "scans" / "vase")
    write_ply(tmp_path / "scans" / "vase" / "a.ply", sphere(1500))
    run(tmp_path / "scans", tmp_path / "out", pipeline=pipeline)
    assert verify(tmp_path / "out", scans=tmp_path / "scans") == []
