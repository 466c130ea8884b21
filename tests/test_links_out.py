"""Nothing outside of the folder that was given is read into an output: links and references."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from refusals import by_id, posix, read_all, refused
from tiny_scans import box, checked_output, sphere, write_ply, write_toml

from relicscan.scan_folder import find_relics, read_relic

CLOUD = sphere(50)
SECRET = "secret 4711"


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
