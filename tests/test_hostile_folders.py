"""Scan folders that were made, or happen, to do harm: links, pipes, mazes, names, masses."""

from __future__ import annotations

import os
import socket
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from limits import within
from tiny_scans import box, checked_output, sphere, write_ply, write_toml

from relicscan.errors import ScanError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.identity import id_problem
from relicscan.relic import Relic
from relicscan.scan_folder import FoundRelic, find_relics, read_relic

CLOUD = sphere(50)
SECRET = "secret 4711"

posix = pytest.mark.skipif(os.name == "nt", reason="such files and names are none of Windows'")


def by_id(*inputs: Path) -> dict[str, FoundRelic]:
    return {relic.id: relic for relic in find_relics(list(inputs))}


def refused(found: FoundRelic) -> str:
    """All that is said of a relic that is not read."""
    with pytest.raises(ScanError) as caught:
        read_relic(found)
    assert caught.value.remedy
    return str(caught.value)


def read_all(root: Path) -> list[Relic]:
    return [read_relic(found) for found in find_relics([root])]


# Links that lead out of what was given


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of things that nobody has asked to publish."""
    folder = tmp_path / "private"
    write_ply(folder / "private.ply", CLOUD)
    (folder / "notes.toml").write_text(SECRET)
    return folder


@posix
def test_a_scan_that_is_a_link_out_is_refused(tmp_path: Path, outside: Path) -> None:
    shelf = tmp_path / "shelf"
    write_ply(shelf / "vase" / "a.ply", CLOUD)
    (shelf / "vase" / "b.ply").symlink_to(outside / "private.ply")
    write_ply(shelf / "bowl" / "a.ply", CLOUD)
    found = by_id(shelf)
    assert "'b.ply' is a link that leads out of the folder" in refused(found["vase"])
    assert len(read_relic(found["bowl"]).scans) == 1
    # Whoever names the folder that holds both has asked for it.
    assert len(read_relic(by_id(tmp_path)["shelf-vase"]).scans) == 2


@posix
def test_a_mesh_that_is_a_link_out_is_refused(tmp_path: Path, outside: Path) -> None:
    write_ply(outside / "cup.ply", box())
    shelf = tmp_path / "shelf"
    write_ply(shelf / "a.ply", box())
    (shelf / "b.ply").symlink_to(outside / "cup.ply")
    found = by_id(shelf)
    assert read_relic(found["a"]).mesh is not None
    assert "leads out" in refused(found["b"])


@posix
def test_nothing_is_said_of_a_relic_toml_that_is_a_link_out(tmp_path: Path, outside: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "relic.toml").symlink_to(outside / "notes.toml")
    for given in (tmp_path / "vase", tmp_path / "vase" / "a.ply"):
        (relic,) = find_relics([given])
        said = refused(relic)
        assert "'relic.toml' is a link that leads out" in said
        assert SECRET not in said


@posix
def test_relic_toml_names_no_file_behind_a_link_out(tmp_path: Path, outside: Path) -> None:
    write_toml(tmp_path / "vase", '[scan]\nfiles = ["parts/private.ply"]')
    (tmp_path / "vase" / "parts").symlink_to(outside)
    assert "leads out" in refused(by_id(tmp_path / "vase")["vase"])


@posix
def test_other_files_that_are_links_are_not_listed(tmp_path: Path, outside: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "notes.txt").symlink_to(outside / "notes.toml")
    (tmp_path / "vase" / "more").symlink_to(outside)
    (relic,) = read_all(tmp_path / "vase")
    assert [source.path for source in relic.sources] == ["a.ply"]


# What a scan refers to


def mesh_referring_to(folder: Path, name: str, kind: str) -> Path:
    """A textured triangle whose image (of an OBJ or a glTF) has this name."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "obj":
        (folder / "m.mtl").write_text(f"newmtl a\nmap_Kd {name}\n", encoding="utf-8")
        path = folder / "cup.obj"
        path.write_text(
            "mtllib m.mtl\nv 0 0 0\nv 9 0 0\nv 0 9 0\nvt 0 0\nusemtl a\nf 1/1 2/1 3/1\n"
        )
        return path
    if kind == "ply":
        path = folder / "cup.ply"
        header = f"ply\nformat ascii 1.0\ncomment TextureFile {name}\nelement vertex 3\n"
        header += "".join(f"property float {axis}\n" for axis in "xyz") + "element face 1\n"
        header += "property list uchar int vertex_indices\nproperty list uchar float texcoord\n"
        path.write_text(
            header + "end_header\n0 0 0\n9 0 0\n0 9 0\n3 0 1 2 6 0 0 1 0 0 1\n", encoding="utf-8"
        )
        return path
    from tests.formats.test_gltf import GltfBuilder, textured

    built = GltfBuilder()
    textured(built, {})
    built.json["images"] = [{"uri": name}]
    path = folder / "cup.gltf"
    path.write_bytes(built.gltf())
    return path


@pytest.mark.parametrize("kind", ["obj", "ply", "gltf"])
@pytest.mark.parametrize("way", ["..", "absolute", "file:", "link", "backslashes", "unc", "http"])
def test_no_texture_from_outside_is_read(
    tmp_path: Path, way: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    secret = tmp_path / "secret.png"
    Image.new("RGB", (4, 4), "red").save(secret)
    folder = tmp_path / "vase"
    name = {
        "..": "../secret.png",
        "absolute": str(secret),
        "file:": secret.as_uri(),
        "link": "inside.png",
        "backslashes": "..\\secret.png",
        "unc": "\\\\server\\share\\secret.png",
        "http": "http://museum.example/secret.png",
    }[way]
    path = mesh_referring_to(folder, name, kind)
    if way == "link":
        if os.name == "nt":
            pytest.skip("symbolic links need rights on Windows")
        (folder / "inside.png").symlink_to(secret)
    opened: list[str] = []
    reading = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: (opened.append(p.name), reading(p))[1])
    (relic,) = read_all(path)
    assert relic.mesh is not None
    assert all(material.texture is None for material in relic.mesh.materials)
    assert "secret.png" not in opened
    assert any("read without a texture" in text for text in relic.warnings)
    assert "secret.png" not in {source.path for source in relic.sources}
    # The same file inside the folder is read: it is the way that is refused, not the picture.
    secret.rename(folder / "secret.png")
    (relic,) = read_all(mesh_referring_to(folder, "secret.png", kind))
    assert relic.mesh is not None
    assert relic.mesh.materials[0].texture is not None


@posix
def test_a_run_puts_nothing_from_outside_into_its_output(tmp_path: Path, outside: Path) -> None:
    """Every way in at once, through the whole chain, with odd names besides."""
    from PIL import Image

    import relicscan

    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(outside / "secret.png")
    secret = (outside / "secret.png").read_bytes()
    root = tmp_path / "root"
    for name, kind in (("../../private/secret.png", "obj"), ("link.png", "gltf")):
        mesh_referring_to(root / f"-{kind}\n\x1b[2J", name, kind)
    (root / "-gltf\n\x1b[2J" / "link.png").symlink_to(outside / "secret.png")
    write_ply(root / "links" / "a.ply", CLOUD)
    (root / "links" / "b.ply").symlink_to(outside / "private.ply")
    write_ply(root / "words" / "a.ply", CLOUD)
    (root / "words" / "relic.toml").symlink_to(outside / "notes.toml")
    out = tmp_path / "out"
    outcomes = relicscan.run(root, out, pipeline="preview")
    states = {outcome.id: outcome.state for outcome in outcomes}
    assert len(states) == 4
    assert states["links"] == states["words"] == "rejected"
    assert sum(state == "done" for state in states.values()) == 2
    manifests = checked_output(out)
    assert set(manifests) == set(states)
    for path in (path for path in out.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert secret[60:100] not in content, path
        assert SECRET.encode() not in content, path


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
