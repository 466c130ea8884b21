"""Scan folders that were made, or happen, to do harm: pipes, mazes, masses, names."""

from __future__ import annotations

import os
import socket
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from limits import within
from refusals import by_id, posix, read_all, refused
from tiny_scans import box, sphere, write_ply, write_toml

from relicscan.errors import ScanError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.identity import id_problem
from relicscan.scan_folder import find_relics

CLOUD = sphere(50)


# What is no file


@posix
def test_pipes_devices_and_sockets_stop_nothing(tmp_path: Path) -> None:
    vase = tmp_path / "vase"
    write_ply(vase / "a.ply", CLOUD)
    for name in ("relic.toml", "pipe.ply", "pipe.txt"):
        os.mkfifo(vase / name)
    (vase / "zero.xyz").symlink_to("/dev/zero")
    (vase / "stdin.pts").symlink_to("/dev/stdin")
    (vase / "folder.ply").mkdir()
    # Its path may be too long to bind elsewhere than from its own folder.
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as endpoint:
        os.chdir(vase)
        try:
            endpoint.bind("socket.ply")
        finally:
            os.chdir(here)
        with within(30):
            (relic,) = read_all(tmp_path)
    assert [source.path for source in relic.sources] == ["a.ply"]


@posix
@pytest.mark.parametrize("name", ["pipe.ply", "pipe.txt", "pipe.glb"])
def test_a_pipe_given_by_itself_is_not_waited_for(tmp_path: Path, name: str) -> None:
    from relicscan import formats

    os.mkfifo(tmp_path / name)
    with within(30), pytest.raises(ScanError, match="empty"):
        formats.read(tmp_path / name)


@posix
def test_pipes_and_folders_are_no_glb_to_validate(tmp_path: Path) -> None:
    from relicscan.delivery.glb import write_glb
    from relicscan.delivery.validation import validate

    write_glb(tmp_path / "a.glb", box(), T_model_mesh=np.eye(4), generator="test")
    os.mkfifo(tmp_path / "b.glb")
    (tmp_path / "c.glb").mkdir()
    with within(60):
        assert [Path(found.file).name for found in validate(tmp_path)] == ["a.glb"]


def test_a_text_of_no_bytes_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of /proc have none, and some of them are waited for when they are read."""
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "kmsg.txt").touch()
    opening = Path.open

    def watched(path: Path, *arguments: str) -> object:
        assert path.suffix != ".txt"
        return opening(path, *arguments)

    monkeypatch.setattr(Path, "open", watched)
    assert [path.name for path in by_id(tmp_path)["vase"].files] == ["a.ply"]


# Mazes and masses


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A folder with 1,200 more below it, one in the other: too deep for what recurses."""
    root = tmp_path / "vase"
    write_ply(root / "a.ply", CLOUD)
    here = Path.cwd()
    os.chdir(root)
    depth = 1200
    try:
        for _ in range(depth):
            Path("d").mkdir()
            os.chdir("d")
        yield root
    finally:
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()
        os.chdir(here)


@posix
@pytest.mark.parametrize("with_toml", [True, False])
def test_folders_within_folders_without_end(deep: Path, with_toml: bool) -> None:
    if with_toml:
        write_toml(deep)
    with within(60):
        (relic,) = read_all(deep)
    assert relic.id == "vase"
    (deep / "relic.toml").unlink(missing_ok=True)


def test_thousands_of_meshes_in_one_folder(tmp_path: Path) -> None:
    """Their number squared was how often two paths were compared: 40 s for 20,000 of them."""
    header = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\n"
    header += "property float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header"
    for number in range(1000):
        (tmp_path / f"{number}.ply").write_text(header)
    compared = 0
    equal = Path.__eq__

    def counting(path: Path, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(path, other)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "__eq__", counting)
        found = find_relics([tmp_path])
    assert len(found) == 1000
    assert compared < 100_000


def test_what_is_said_of_thousands_stays_short(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / "vase" / f"{number}").mkdir(parents=True)
        (tmp_path / "vase" / f"{number}.xyz").touch()
    write_toml(tmp_path / "vase", '[scan]\nfiles = ["gone.xyz"]')
    (relic,) = find_relics([tmp_path])
    assert len(refused(relic)) < 2000
    shelf = tmp_path / "shelf"
    for number in range(500):
        (shelf / str(number)).mkdir(parents=True)
        (shelf / str(number) / "relic.toml").write_text('id = "vase"')
        (shelf / str(number) / "a.xyz").touch()
    (relic,) = find_relics([shelf])
    assert "500 relics have the id 'vase'" in refused(relic)
    assert len(refused(relic)) < 50 * len(str(shelf))


@pytest.mark.parametrize("key", ["files = [{}]", "pose = [{{ file = {}, matrix = " + "{m} }}]"])
def test_a_relic_toml_that_names_files_longer_than_any(tmp_path: Path, key: str) -> None:
    """Whether there is such a file is a question that a file system may answer with an error."""
    identity = "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"
    write_toml(tmp_path / "vase", "[scan]\n" + key.format(f'"{"x" * 100_000}.ply"', m=identity))
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "bowl" / "a.ply", CLOUD)
    found = by_id(tmp_path)
    assert found["bowl"].error is None
    assert len(refused(found["vase"])) < 1000


# Names

ODD_NAMES = [
    "a\nb", "-o", "--help", "CON", "nul.txt", "$(id)", "%s", "[red]b[red]", "\x1b[31m", "a\u202eb",
    "x" * 200, " lead", "trail ", "…", "a'b\"c", "青铜鼎",
]  # fmt: skip


@posix
@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_become_safe_ids_and_are_recorded_as_they_are(tmp_path: Path, name: str) -> None:
    write_ply(tmp_path / "root" / name / f"{name}.ply", CLOUD)
    (relic,) = read_all(tmp_path / "root")
    assert id_problem(relic.id) is None
    assert relic.scans[0].file == f"{name}.ply"
    assert [source.path for source in relic.sources] == [f"{name}.ply"]


@posix
def test_names_that_are_no_utf8_can_be_recorded(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/root/\xff\xfe"
    Path(os.fsdecode(folder)).mkdir(parents=True)
    write_ply(Path(os.fsdecode(folder + b"/\xe9.ply")), CLOUD)
    Path(os.fsdecode(folder + b"/photo\xff.jpg")).write_bytes(b"x")
    Path(os.fsdecode(folder + b"/n\xff.xyz")).write_text("no numbers\n")
    (found,) = find_relics([tmp_path / "root"])
    assert id_problem(found.id) is None
    said = refused(found)
    assert said.startswith(r"n\udcff.xyz")
    said.encode("utf-8")
    Path(os.fsdecode(folder + b"/n\xff.xyz")).unlink()
    (relic,) = read_all(tmp_path / "root")
    assert [source.path for source in relic.sources] == [r"\udce9.ply", r"photo\udcff.jpg"]
    assert [(scan.name, scan.file) for scan in relic.scans] == [(r"\udce9", r"\udce9.ply")]
    canonical_json([relic.id, relic.warnings, [source.path for source in relic.sources]])


@posix
def test_twins_in_composed_and_decomposed_letters_are_one_error(tmp_path: Path) -> None:
    """On a Mac the two are one folder; as one relic, which of them it is would be a guess."""
    names = [unicodedata.normalize(form, "Éros") for form in ("NFC", "NFD")]
    for name in names:
        write_ply(tmp_path / name / "a.ply", CLOUD)
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system takes both names for one")
    write_ply(tmp_path / "bowl" / "a.ply", CLOUD)
    found = by_id(tmp_path)
    assert set(found) == {"bowl", "eros"}
    assert "2 relics have the id 'eros'" in refused(found["eros"])
    assert found["bowl"].error is None
