"""Only what the manifest vouches for is copied, byte for byte, or nothing is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from relicscan.errors import OutputError
from relicscan.metadata.exports.exported import Exported
from relicscan.metadata.exports.files import copy_files

MODEL = "web/low.glb"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


def refused(relic: Exported, path: str, there: Path) -> OutputError:
    """The error of a copy that leaves nothing behind."""
    with pytest.raises(OutputError) as caught:
        copy_files(relic, [path], there)
    assert caught.value.remedy
    assert [p for p in there.rglob("*") if not p.is_dir()] == []
    return caught.value


def listing(relic: Exported, path: str) -> Exported:
    """The same relic with one more file in its manifest, checked by nothing."""
    file = relic.manifest.files[0].model_copy(update={"path": path})
    manifest = relic.manifest.model_copy(update={"files": (*relic.manifest.files, file)})
    return replace(relic, manifest=manifest)


def test_files_are_copied_byte_for_byte_to_the_same_paths(relic: Exported, there: Path) -> None:
    copy_files(relic, [MODEL, "ar/model.usdz", "master/mesh.ply"], there)
    copied = sorted(p.relative_to(there).as_posix() for p in there.rglob("*") if p.is_file())
    assert copied == ["ar/model.usdz", "master/mesh.ply", MODEL]
    for path in copied:
        assert (there / path).read_bytes() == (relic.folder / path).read_bytes()
        assert not (there / path).is_symlink()


def test_a_changed_file_is_refused_with_both_checksums(relic: Exported, there: Path) -> None:
    file = relic.folder / MODEL
    content = bytearray(file.read_bytes())
    content[3] ^= 1
    file.write_bytes(content)
    error = refused(relic, MODEL, there)
    stated = next(level.sha256 for level in relic.manifest.levels if level.path == MODEL)
    assert stated in error.message
    assert error.scan == str(file)


def test_an_older_copy_stays_when_the_new_one_is_refused(relic: Exported, there: Path) -> None:
    copy_files(relic, [MODEL], there)
    before = (there / MODEL).read_bytes()
    (relic.folder / MODEL).write_bytes(b"something else")
    with pytest.raises(OutputError, match="SHA-256"):
        copy_files(relic, [MODEL], there)
    assert (there / MODEL).read_bytes() == before
    assert [p.name for p in (there / "web").iterdir()] == ["low.glb"]


def test_a_symlink_is_refused_even_to_the_right_bytes(relic: Exported, there: Path) -> None:
    file = relic.folder / MODEL
    aside = relic.folder / "aside.glb"
    file.rename(aside)
    file.symlink_to(aside)
    assert "symlink" in refused(relic, MODEL, there).message


def test_a_folder_that_is_a_symlink_is_refused(
    relic: Exported, there: Path, tmp_path: Path
) -> None:
    (relic.folder / "web").rename(tmp_path / "elsewhere")
    (relic.folder / "web").symlink_to(tmp_path / "elsewhere")
    error = refused(relic, MODEL, there)
    assert "symlink" in error.message
    assert error.scan == str(relic.folder / "web")


def test_the_output_itself_may_lie_behind_a_symlink(
    relic: Exported, there: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(relic.folder.parent)
    copy_files(replace(relic, folder=tmp_path / "link" / relic.id), [MODEL], there)
    assert (there / MODEL).read_bytes() == (relic.folder / MODEL).read_bytes()


@pytest.mark.parametrize("path", ["../secret", "web/../../secret", "/etc/hostname", ""])
def test_no_path_leads_out(relic: Exported, there: Path, path: str) -> None:
    (relic.folder.parent / "secret").write_text("secret")
    error = refused(listing(relic, path), path, there)
    assert "leads out" in error.message
    assert not (there.parent / "secret").exists()


def test_what_the_manifest_does_not_list_is_refused(relic: Exported, there: Path) -> None:
    (relic.folder / "notes.txt").write_text("private")
    assert "does not list" in refused(relic, "notes.txt", there).message


def test_a_missing_file_and_a_folder_are_refused(relic: Exported, there: Path) -> None:
    (relic.folder / MODEL).unlink()
    assert "cannot be read" in refused(relic, MODEL, there).message
    (relic.folder / MODEL).mkdir()
    assert "regular" in refused(relic, MODEL, there).message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_refused_and_not_waited_for(relic: Exported, there: Path) -> None:
    (relic.folder / MODEL).unlink()
    os.mkfifo(relic.folder / MODEL)
    assert "regular" in refused(relic, MODEL, there).message


def test_a_folder_that_cannot_be_made_is_told(relic: Exported, there: Path) -> None:
    (there / "web").write_text("in the way")
    with pytest.raises(OutputError, match="cannot be made") as caught:
        copy_files(relic, [MODEL], there)
    assert caught.value.scan == str(there / "web")
