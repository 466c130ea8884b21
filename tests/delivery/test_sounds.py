"""Sound files of hotspots: copied under our names, or told and left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from relicscan.delivery import sounds
from relicscan.delivery.sounds import write_sounds
from relicscan.relic import Relic

MP3 = b"ID3\x04" + bytes(100)


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    (folder / "voices").mkdir(parents=True)
    (folder / "voices" / "Henkel 1.MP3").write_bytes(MP3)
    (folder / "b.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(9))
    (folder / "page.mp3").write_bytes(b"<html><script>alert(1)</script>")
    (tmp_path / "secret.mp3").write_bytes(MP3)
    (folder / "link.mp3").symlink_to(tmp_path / "secret.mp3")
    return folder


def relic(**audio: str) -> Relic:
    return Relic(
        "vase",
        metadata={"hotspot": [{"id": "handle", "position": [0.0, 0.0, 0.0], "audio": audio}]},
    )


def test_they_come_byte_for_byte_under_our_names(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    files, silent = write_sounds(relic(de="voices/Henkel 1.MP3", en="b.m4a"), scans, out)
    assert [file.path for file in files] == ["audio/handle.de.mp3", "audio/handle.en.m4a"]
    assert silent == []
    assert (out / "audio" / "handle.de.mp3").read_bytes() == MP3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere.mp3", "missing"),
        ("page.mp3", "not what its name says"),
        ("link.mp3", "leads out"),
        ("voices/Henkel 1.MP3", "more than 50 bytes"),
    ],
)
def test_what_cannot_be_is_told_and_left_out(
    scans: Path, tmp_path: Path, given: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "bytes" in said:
        monkeypatch.setattr(sounds, "MAX_BYTES", 50)
    files, (told,) = write_sounds(relic(en=given), scans, tmp_path)
    assert files == []
    assert said in told
    assert told.endswith("silent in en")
    assert not (tmp_path / "audio").exists()


def test_most_relics_say_nothing(tmp_path: Path) -> None:
    assert write_sounds(Relic("vase"), tmp_path, tmp_path) == ([], [])
