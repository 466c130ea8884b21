"""One byte is changed in each kind of file of an output folder, and `verify` names that file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_scans import files_below, write_cup, write_toml

from relicscan.batch.run import run
from relicscan.batch.sign import new_key, sign
from relicscan.batch.verify import verify

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
