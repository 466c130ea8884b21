"""Which names say that a file is being copied, and what makes a relic a different one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_scans import box, write_cup, write_ply, write_toml

from relicscan.batch.inbox import is_being_copied, look


@pytest.mark.parametrize(
    "name",
    [
        *("lion.ply.part", "lion.ply.PART", "lion.e57.partial", "lion.zip.crdownload"),
        *("lion.ply.filepart", "lion.ply.!qB", "lion.ply.tmp", "lion.ply.aria2", "lion.download"),
        *(".lion.ply.Xa3bQz", ".~tmp~", ".rsync-partial", ".in.lion.ply.", ".goutputstream-A1B2C3"),
        *(".lion.ply.~5f3a", "~syncthing~lion.ply.tmp", ".syncthing.lion.ply.tmp"),
    ],
)
def test_names_of_what_is_being_copied(name: str) -> None:
    assert is_being_copied(name)


@pytest.mark.parametrize(
    "name",
    [
        *("lion.ply", "part.ply", "lion.part.ply", "tmp", "notes.txt~", "~$catalogue.xlsx"),
        *(".DS_Store", ".hidden", "Thumbs.db", "@eaDir", "lion.a1b2c3", ".lion.backups"),
    ],
)
def test_names_that_say_nothing(name: str) -> None:
    """Whatever stays for good (the copies that editors keep) must not be waited for."""
    assert not is_being_copied(name)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    for name in ("cup", "bowl"):
        write_cup(tmp_path / "inbox" / name)
    return tmp_path / "inbox"


def signatures(inbox: Path) -> dict[str, str]:
    return {relic_id: seen.signature for relic_id, seen in look(inbox).items()}


def grow(inbox: Path) -> None:
    with (inbox / "cup" / "cup.ply").open("ab") as stream:
        stream.write(b"\0")


def touch(inbox: Path) -> None:
    """Older than it was: a clock that was set back, or a copy that keeps the times."""
    os.utime(inbox / "cup" / "cup.ply", ns=(1, 1))


def add_below(inbox: Path) -> None:
    (inbox / "cup" / "photos" / "1").mkdir(parents=True)
    (inbox / "cup" / "photos" / "1" / "a.jpg").write_bytes(b"")


def rename(inbox: Path) -> None:
    (inbox / "cup" / "cup.ply").rename(inbox / "cup" / "mug.ply")


@pytest.mark.parametrize("change", [grow, touch, add_below, rename])
def test_a_change_changes_the_signature_of_its_relic_alone(
    inbox: Path, change: Callable[[Path], None]
) -> None:
    before = signatures(inbox)
    assert signatures(inbox) == before
    change(inbox)
    after = signatures(inbox)
    assert after["cup"] != before["cup"]
    assert after["bowl"] == before["bowl"]


def test_a_relic_in_a_relic_has_its_own(inbox: Path) -> None:
    write_cup(inbox / "cup" / "lid")
    before = signatures(inbox)
    (inbox / "cup" / "lid" / "notes.txt").write_text("x")
    after = signatures(inbox)
    assert {name for name in after if after[name] != before[name]} == {"cup-lid"}


@pytest.mark.parametrize(
    "name", ["cup/@eaDir/cup.ply@SynoEAStream", "cup/.DS_Store", "cup/Thumbs.db", "cup/.git/HEAD"]
)
def test_what_file_servers_add_changes_nothing(inbox: Path, name: str) -> None:
    before = signatures(inbox)
    (inbox / name).parent.mkdir(exist_ok=True)
    (inbox / name).write_text("x")
    assert signatures(inbox) == before


def test_what_lies_in_a_bin_is_no_relic(inbox: Path) -> None:
    (inbox / "#recycle").mkdir()
    (inbox / "bowl").rename(inbox / "#recycle" / "bowl")
    assert set(look(inbox)) == {"cup"}


def test_an_output_folder_in_the_inbox_is_none_of_it(inbox: Path) -> None:
    write_ply(inbox / "loose.ply", box())
    before = signatures(inbox)
    assert set(before) == {"bowl", "cup", "loose"}
    (inbox / "out" / ".relicscan").mkdir(parents=True)
    write_ply(inbox / "out" / "cup" / "master" / "mesh.ply", box())
    assert signatures(inbox) == before


def test_names_that_say_being_copied_are_told(inbox: Path) -> None:
    (inbox / "cup" / "photos").mkdir()
    (inbox / "cup" / "photos" / "a.jpg.part").write_bytes(b"")
    (inbox / "cup" / ".~tmp~").mkdir()
    (inbox / "bowl").rename(inbox / "bowl.filepart")
    seen = look(inbox)
    assert seen["cup"].copying == (".~tmp~", "photos/a.jpg.part")
    assert seen["bowl-filepart"].copying == ("bowl.filepart",)


def test_a_relic_that_cannot_be_understood_is_seen_too(inbox: Path) -> None:
    toml = write_toml(inbox / "cup", "[scan]\nunits = 'mm'\n")
    before = look(inbox)["cup"]
    assert before.found.error is not None
    assert look(inbox)["cup"].signature == before.signature
    os.utime(toml, ns=(1, 1))
    assert look(inbox)["cup"].signature != before.signature


def test_two_that_claim_one_id_change_when_one_of_them_does_not(inbox: Path) -> None:
    for name in ("cup", "bowl"):
        write_toml(inbox / name, 'id = "twin"')
    before = look(inbox)
    assert set(before) == {"twin"}
    write_toml(inbox / "cup", 'id = "other"')
    assert look(inbox)["twin"].signature != before["twin"].signature


def test_an_empty_inbox_and_one_that_has_gone(tmp_path: Path) -> None:
    assert look(tmp_path) == {}
    with pytest.raises(FileNotFoundError):
        look(tmp_path / "gone")
