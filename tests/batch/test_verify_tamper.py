"""One byte is changed in each kind of file of an output folder, and `verify` names that file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_scans import files_below, write_cup, write_toml

from relicscan.batch.run import run
from relicscan.batch.sign import new_key, sign
from relicscan.batch.verify import verify
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.index import Index, read_index, write_index

PIPELINE = """
targets = ["ar"]
pictures = true
report = true
[[stage]]
use = "clean_mesh"
[[stage]]
use = "set_upright"
[[stage]]
use = "build_levels"
ceilings = { ar = 100 }
"""

TOML = """
[scan]
unit = "mm"
up = "+Z"
[[hotspot]]
id = "rim"
position = [0, 0, 40]
title.en = "The rim"
audio = { en = "rim.mp3" }
"""

OBJ = """mtllib tile.mtl
usemtl tile
v 0 0 0
v 40 0 0
v 0 40 0
v 0 0 40
vt 0 0
vt 1 0
vt 0 1
f 1/1 3/2 2/3
f 1/1 2/2 4/3
f 2/1 3/2 4/3
f 1/1 4/2 3/3
"""

#: Every kind of file that a run, a signature and a report leave. What `.relicscan` holds is the
#: run's own: lock, journal, logs, quarantine and cache.
KINDS = {
    "index.json", "index.json.sha256", "index.json.sig", "report.html", "tile/relic.json",
    "tile/run.json", "tile/report.html", "tile/master/mesh.ply", "tile/master/texture-0.png",
    "tile/ar/model.glb", "tile/ar/model.usdz", "tile/preview/poster.webp",
    "tile/audio/rim.en.mp3", "torn/relic.json", "torn/run.json", "torn/report.html",
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed output folder with a file of every kind, made once."""
    root = tmp_path_factory.mktemp("tamper")
    folder = root / "scans" / "tile"
    write_toml(folder, TOML)
    (folder / "rim.mp3").write_bytes(b"ID3" + bytes(100))
    (folder / "tile.obj").write_text(OBJ)
    (folder / "tile.mtl").write_text("newmtl tile\nmap_Kd tile.png\n")
    Image.fromarray(np.full((16, 16, 3), 99, np.uint8)).save(folder / "tile.png")
    torn = write_cup(root / "scans" / "torn")
    torn.write_bytes(torn.read_bytes()[:-20])
    (root / "all.toml").write_text(PIPELINE)
    run(root / "scans", root / "out", pipeline=str(root / "all.toml"), jobs=1)
    new_key(root / "key.pem")
    sign(root / "out", root / "key.pem")
    return root / "out"


def listed(out: Path) -> list[str]:
    return sorted(name for name in files_below(out) if not name.startswith(".relicscan/"))


def changed_bytes(content: bytes) -> Iterator[bytes]:
    """The content with another byte at its start, in its middle and at its end."""
    for at in (0, len(content) // 2, len(content) - 1):
        for bit in (0x01, 0x20):
            spoiled = bytearray(content)
            spoiled[at] ^= bit
            yield bytes(spoiled)


def test_the_folder_has_every_kind_of_file_and_all_is_well(whole: Path) -> None:
    assert set(listed(whole)) >= KINDS
    assert verify(whole) == []


def test_any_changed_byte_of_any_file_is_found_and_names_that_file_alone(whole: Path) -> None:
    for name in listed(whole):
        path = whole / name
        content = path.read_bytes()
        for spoiled in changed_bytes(content):
            path.write_bytes(spoiled)
            found = {difference.path for difference in verify(whole, contents=False)}
            assert found == {name}
        path.write_bytes(content)
    assert verify(whole, contents=False) == []


@pytest.mark.parametrize("name", ["index.json", "index.json.sha256", "tile/run.json"])
def test_each_single_byte_of_what_nothing_else_lists_counts(whole: Path, name: str) -> None:
    """Also white space, which JSON would not miss, and the digits of a checksum or a seal."""
    path = whole / name
    content = path.read_bytes()
    step = max(1, len(content) // 150)  # odd strides meet keys, values, spaces and line ends
    for at in range(0, len(content), step):
        spoiled = bytearray(content)
        spoiled[at] = 0x09 if spoiled[at] == 0x20 else spoiled[at] ^ 0x02
        path.write_bytes(spoiled)
        assert {d.path for d in verify(whole, contents=False)} == {name}, at
    path.write_bytes(content)


def test_a_report_that_was_cut_or_added_to(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    for name in ("report.html", "tile/report.html"):
        content = (out / name).read_bytes()
        for spoiled in (content[:-1], content + b"\n", content + content[-90:], b""):
            (out / name).write_bytes(spoiled)
            assert {d.path for d in verify(out, contents=False)} == {name}
        (out / name).write_bytes(content)


# More than a byte

TILE, TORN = "tile", "torn"


def exchange(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def without_entry(out: Path) -> None:
    """index.json as it would be without `torn`, and its checksum made again."""
    index = read_index(out)
    left = Index.of([entry for entry in index.relics if entry.id != TORN])
    write_index(out, canonical_json(left))


def checksum(how: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def change(out: Path) -> None:
        path = out / "index.json.sha256"
        path.write_bytes(how(path.read_bytes()))

    return change


#: What is done to the folder, and what is named.
DONE: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "reports of relics are exchanged": (
        lambda out: exchange(out / TILE / "report.html", out / TORN / "report.html"),
        {"tile/report.html", "torn/report.html"},
    ),
    "a relic's report is that of all": (
        lambda out: exchange(out / TILE / "report.html", out / "report.html"),
        {"tile/report.html", "report.html"},
    ),
    "run records are exchanged": (
        lambda out: exchange(out / TILE / "run.json", out / TORN / "run.json"),
        {"tile/run.json", "torn/run.json"},
    ),
    "relics are exchanged": (
        lambda out: exchange(out / TILE, out / TORN),
        {"tile/relic.json", "torn/relic.json"},
    ),
    "a relic is gone": (lambda out: shutil.rmtree(out / TILE), {"tile/relic.json"}),
    "a relic is another's copy": (lambda out: shutil.copytree(out / TILE, out / "two"), {"two"}),
    "a relic is no longer listed": (without_entry, {"index.json.sig", "torn"}),
    "an empty folder": (lambda out: (out / TILE / "web").mkdir(), {"tile/web"}),
    "a folder for a model": (
        lambda out: folder_instead(out / TILE / "ar" / "model.glb"),
        {"tile/ar/model.glb"},
    ),
    "a folder for run.json": (
        lambda out: folder_instead(out / TILE / "run.json"),
        {"tile/run.json"},
    ),
    "a folder for a report": (
        lambda out: folder_instead(out / TILE / "report.html"),
        {"tile/report.html"},
    ),
    "a checksum with a line end more": (checksum(lambda c: c + b"\n"), {"index.json.sha256"}),
    "a checksum without its line end": (checksum(lambda c: c[:-1]), {"index.json.sha256"}),
    "a checksum from Windows": (
        checksum(lambda c: c.replace(b"\n", b"\r\n")),
        {"index.json.sha256"},
    ),
    "a checksum in capitals": (checksum(bytes.upper), {"index.json.sha256"}),
    "a checksum without its first digit": (checksum(lambda c: c[1:]), {"index.json.sha256"}),
    "a checksum that is empty": (checksum(lambda _: b""), {"index.json.sha256"}),
}


@pytest.mark.parametrize("done", DONE)
def test_what_is_done_to_the_folder_is_named(whole: Path, tmp_path: Path, done: str) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    change, named = DONE[done]
    change(out)
    found = verify(out, contents=False, scans=())
    assert {difference.path for difference in found} == named
    assert all(difference.remedy for difference in found)


def test_a_name_in_other_case_is_another_name(whole: Path, tmp_path: Path) -> None:
    """Also where the disk does not mind: a web server does."""
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    (out / TILE / "ar" / "model.glb").rename(out / TILE / "ar" / "Model.glb")
    found = {difference.path for difference in verify(out, contents=False)}
    assert found == {"tile/ar/model.glb", "tile/ar/Model.glb"}


def test_relics_without_a_record_of_their_run_are_told(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    (out / TILE / "run.json").unlink()
    notes: list[str] = []
    assert verify(out, contents=False, scans=(), note=notes.append) == []
    assert notes == ["no run.json, so nobody can rebuild them: tile"]
