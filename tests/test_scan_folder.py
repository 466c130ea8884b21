"""Which relics there are in folders, and what their scans are understood to mean."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_scans import box, plane, sphere, write_ply, write_toml

from relicscan.errors import PipelineError, ScanError
from relicscan.relic import UNDECIDED, Relic
from relicscan.scan_folder import FoundRelic, find_relics, read_relic, scans_in

CLOUD = sphere(200)
POINTS = "".join(f"{x:.3f} {y:.3f} {z:.3f}\n" for x, y, z in CLOUD.points)


def found_in(*inputs: Path) -> dict[str, FoundRelic]:
    """Relics by id, none of them wrong."""
    relics = find_relics(list(inputs))
    for relic in relics:
        assert relic.error is None, relic.error
    return {relic.id: relic for relic in relics}


def names(found: Mapping[str, FoundRelic]) -> dict[str, list[str]]:
    return {name: [f.name for f in relic.files] for name, relic in found.items()}


def only(*inputs: Path) -> FoundRelic:
    (relic,) = find_relics(list(inputs))
    return relic


def error_of(relic: FoundRelic) -> ScanError:
    assert relic.error is not None
    assert relic.error.remedy
    return relic.error


def refused(relic: FoundRelic) -> ScanError:
    with pytest.raises(ScanError) as caught:
        read_relic(relic)
    assert caught.value.remedy
    return caught.value


def roles(relic: Relic) -> dict[str, str]:
    return {source.path: source.role for source in relic.sources}


# Which relics there are


def test_loose_clouds_are_partial_scans_of_one_relic(tmp_path: Path) -> None:
    for name in ("b.ply", "a.ply"):
        write_ply(tmp_path / "vase" / name, CLOUD)
    assert names(found_in(tmp_path)) == {"vase": ["a.ply", "b.ply"]}


def test_loose_meshes_are_one_relic_each(tmp_path: Path) -> None:
    for name in ("cup.ply", "bowl.ply"):
        write_ply(tmp_path / "shelf" / name, box())
    assert names(found_in(tmp_path)) == {"shelf-bowl": ["bowl.ply"], "shelf-cup": ["cup.ply"]}


def test_clouds_and_meshes_in_one_folder(tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "vase" / "b.ply", CLOUD)
    write_ply(tmp_path / "vase" / "old.ply", box())
    found = found_in(tmp_path)
    assert names(found) == {"vase": ["a.ply", "b.ply"], "vase-old": ["old.ply"]}
    assert not found["vase"].whole_folder


def test_a_broken_header_counts_as_a_scan(tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "b.ply").write_bytes(b"ply\nformat ascii 1.0\nelement")
    relic = found_in(tmp_path)["vase"]
    assert [f.name for f in relic.files] == ["a.ply", "b.ply"]
    assert refused(relic).scan == "b.ply"


def test_roots_hold_scan_folders_at_any_depth(tmp_path: Path) -> None:
    write_ply(tmp_path / "a" / "deep" / "down" / "s.ply", CLOUD)
    write_ply(tmp_path / "b" / "s.ply", CLOUD)
    assert set(found_in(tmp_path)) == {"a-deep-down", "b"}
    assert set(found_in(tmp_path / "a" / "deep")) == {"down"}
    assert set(found_in(tmp_path / "b")) == {"b"}


def test_relic_toml_makes_a_folder_one_relic(tmp_path: Path) -> None:
    write_toml(tmp_path / "vase", 'id = "v-12"')
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "vase" / "calib" / "board.ply", CLOUD)
    assert names(found_in(tmp_path)) == {"v-12": ["a.ply"]}


def test_a_relic_toml_below_another_speaks_for_itself(tmp_path: Path) -> None:
    write_toml(tmp_path / "vase")
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_toml(tmp_path / "vase" / "parts" / "lid")
    write_ply(tmp_path / "vase" / "parts" / "lid" / "b.ply", CLOUD)
    write_ply(tmp_path / "vase" / "parts" / "c.ply", CLOUD)
    found = found_in(tmp_path)
    assert names(found) == {"vase": ["a.ply"], "vase-parts-lid": ["b.ply"]}
    assert set(roles(read_relic(found["vase"]))) == {"a.ply", "relic.toml", "parts/c.ply"}


def test_relic_toml_names_its_files(tmp_path: Path) -> None:
    write_toml(tmp_path / "vase", '[scan]\nfiles = ["raw/b.ply", "a.ply"]')
    for name in ("a.ply", "c.ply", "raw/b.ply"):
        write_ply(tmp_path / "vase" / name, CLOUD)
    relic = found_in(tmp_path)["vase"]
    assert [f.relative_to(relic.folder).as_posix() for f in relic.files] == ["raw/b.ply", "a.ply"]
    assert [scan.file for scan in read_relic(relic).scans] == ["raw/b.ply", "a.ply"]


@pytest.mark.parametrize(
    ("toml", "says", "remedy"),
    [
        ('[scan]\nfiles = ["b.ply"]', "names 'b.ply', which is not in the folder", "a.ply"),
        ('[scan]\nunits = "mm"', "line 2: there is no key scan.units", "did you mean 'unit'?"),
        (
            '[[scan.pose]]\nfile = "aa.ply"\nmatrix = [[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]',
            "a [[scan.pose]] is for 'aa.ply', which is no scan",
            "did you mean 'a.ply'?",
        ),
        ("[scan]\nfiles = [", "not TOML", ""),
    ],
)
def test_a_wrong_relic_toml_costs_its_relic(
    tmp_path: Path, toml: str, says: str, remedy: str
) -> None:
    write_toml(tmp_path / "vase", toml)
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "bowl" / "a.ply", CLOUD)
    bowl, vase = find_relics([tmp_path])
    assert bowl.error is None
    assert vase.id == "vase"
    assert says in error_of(vase).message
    assert remedy in (error_of(vase).remedy or "")


def test_relic_toml_cannot_choose_between_meshes(tmp_path: Path) -> None:
    write_toml(tmp_path / "vase")
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "vase" / "b.ply", box())
    error = error_of(only(tmp_path))
    assert "2 scans of which not all are point clouds: a.ply, b.ply" in error.message
    assert 'files = ["…"]' in (error.remedy or "")


def test_relic_toml_without_a_scan(tmp_path: Path) -> None:
    write_toml(tmp_path / "vase")
    assert "no scan beside it" in error_of(only(tmp_path)).message


@pytest.mark.parametrize("content", [{}, {"notes.txt": "on Monday"}, {"photo.jpg": "x"}])
def test_a_folder_without_scans(tmp_path: Path, content: dict[str, str]) -> None:
    (tmp_path / "empty" / "inside").mkdir(parents=True)
    for name, text in content.items():
        (tmp_path / "empty" / name).write_text(text)
    relic = only(tmp_path / "empty")
    assert relic.id == "empty"
    assert error_of(relic).message == "there is no scan in this folder"
    assert ".e57" in (error_of(relic).remedy or "")


def test_what_does_not_exist_stops_the_command(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no such file or folder"):
        find_relics([tmp_path / "none"])


def test_hidden_files_and_folders_are_ignored(tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "vase" / "._a.ply", CLOUD)
    write_ply(tmp_path / ".trash" / "b.ply", CLOUD)
    found = found_in(tmp_path)
    assert names(found) == {"vase": ["a.ply"]}
    assert set(roles(read_relic(found["vase"]))) == {"a.ply"}


def test_output_folders_are_skipped(tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "out" / "vase" / "master" / "mesh.ply", box())
    (tmp_path / "out" / ".relicscan").mkdir()
    assert names(found_in(tmp_path)) == {"vase": ["a.ply"]}
    assert "output folder" in error_of(only(tmp_path / "out")).message


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_symbolic_links_are_no_maze(tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "vase" / "gone.ply").symlink_to(tmp_path / "nowhere.ply")
    found = found_in(tmp_path)
    assert names(found) == {"vase": ["a.ply"]}
    assert set(roles(read_relic(found["vase"]))) == {"a.ply"}


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights on Windows")
def test_scans_kept_elsewhere_by_links_are_read(tmp_path: Path) -> None:
    """As git-annex and data stores lay them out."""
    kept = write_ply(tmp_path / "store" / "0815", CLOUD)
    (tmp_path / "vase").mkdir()
    (tmp_path / "vase" / "a.ply").symlink_to(kept)
    relic = read_relic(found_in(tmp_path)["vase"])
    assert relic.sources[0].sha256 == hashlib.sha256(kept.read_bytes()).hexdigest()


def test_names_in_any_script_and_with_spaces(tmp_path: Path) -> None:
    write_ply(tmp_path / "青铜 鼎" / "扫描 1.ply", CLOUD)
    write_ply(tmp_path / "Große Vase (2)" / "a [red].ply", CLOUD)
    found = found_in(tmp_path)
    assert "grosse-vase-2" in found
    (ding,) = set(found) - {"grosse-vase-2"}
    assert ding.isascii()
    assert [scan.file for scan in read_relic(found[ding]).scans] == ["扫描 1.ply"]


def test_text_files_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    folder = tmp_path / "vase"
    folder.mkdir()
    (folder / "points.txt").write_text("x y z\n" + POINTS)
    (folder / "notes.txt").write_text("Monday\nlight was bad\nscan again\nplease\n")
    (folder / "numbers.txt").write_text("3\n4\n5\n6\n")
    assert names(found_in(tmp_path)) == {"vase": ["points.txt"]}
    assert [path.name for path in scans_in(folder)] == ["points.txt"]


def test_a_list_of_targets_beside_scans_is_no_scan(tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "targets.txt").write_text(POINTS)
    found = found_in(tmp_path)
    assert names(found) == {"vase": ["a.ply"]}
    assert roles(read_relic(found["vase"]))["targets.txt"] == "other"


# Ids


def test_a_single_file_is_a_relic_of_its_own_name(tmp_path: Path) -> None:
    path = write_ply(tmp_path / "Vase 12.ply", CLOUD)
    relic = only(path)
    assert (relic.id, relic.files, relic.whole_folder) == ("vase-12", (path,), False)


def test_a_relic_toml_speaks_for_a_file_given_by_itself(tmp_path: Path) -> None:
    write_toml(tmp_path, 'id = "v-12"\n[scan]\nunit = "cm"')
    relic = only(write_ply(tmp_path / "a.ply", CLOUD))
    assert relic.id == "v-12"
    assert read_relic(relic).frame.unit == "cm"


def test_a_relic_toml_stands_for_its_folder(tmp_path: Path) -> None:
    toml = write_toml(tmp_path / "vase")
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    assert only(toml) == only(tmp_path / "vase")


def test_a_file_that_is_no_scan(tmp_path: Path) -> None:
    path = tmp_path / "vase.docx"
    path.write_text("x")
    assert "not a format that relicscan reads" in error_of(only(path)).message


def test_two_relics_with_one_id_are_one_error(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_toml(tmp_path / name, 'id = "v-12"')
        write_ply(tmp_path / name / "a.ply", CLOUD)
    write_ply(tmp_path / "other" / "a.ply", CLOUD)
    other, v12 = find_relics([tmp_path])
    assert other.error is None
    error = error_of(v12)
    assert "2 relics have the id 'v-12'" in error.message
    assert str(tmp_path / "one") in error.message
    assert str(tmp_path / "two") in error.message
    assert "id = " in (error.remedy or "")


def test_the_same_folder_twice_is_one_relic(tmp_path: Path) -> None:
    vase = tmp_path / "shelf" / "vase"
    write_ply(vase / "a.ply", CLOUD)
    (relic,) = find_relics([vase, tmp_path, vase / ".." / "vase", tmp_path / "shelf"])
    assert relic.error is None
    assert relic.id == "shelf-vase"


def test_the_order_of_the_inputs_does_not_matter(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write_ply(tmp_path / name / "s.ply", CLOUD)
    write_toml(tmp_path / "c", 'id = "a"')
    inputs = [tmp_path / name for name in ("a", "b", "c")]
    forwards, backwards = find_relics(inputs), find_relics(inputs[::-1])
    assert [r.id for r in forwards] == ["a", "b"]
    assert [(r.id, str(r.error)) for r in forwards] == [(r.id, str(r.error)) for r in backwards]


def test_a_folder_that_vanishes_or_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    write_ply(tmp_path / "gone" / "a.ply", CLOUD)
    scandir = os.scandir

    def failing(path: Path):
        if Path(path).name == "gone":
            raise OSError(116, "Stale file handle")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    gone, vase = find_relics([tmp_path])
    assert vase.error is None
    assert "cannot be read (Stale file handle)" in error_of(gone).message


# What a relic was made from


def test_sources_have_size_and_sha256(tmp_path: Path) -> None:
    scan = write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (source,) = read_relic(only(tmp_path)).sources
    assert (source.path, source.role) == ("a.ply", "scan")
    assert source.bytes == scan.stat().st_size
    assert source.sha256 == hashlib.sha256(scan.read_bytes()).hexdigest()


@pytest.mark.parametrize("with_toml", [True, False])
def test_what_else_lies_in_the_folder_is_listed(tmp_path: Path, with_toml: bool) -> None:
    vase = tmp_path / "vase"
    write_ply(vase / "a.ply", CLOUD)
    (vase / "photos" / "2024").mkdir(parents=True)
    (vase / "photos" / "2024" / "front.jpg").write_bytes(b"jpeg")
    (vase / "photos" / ".DS_Store").write_bytes(b"x")
    (vase / "old-run" / ".relicscan").mkdir(parents=True)
    (vase / "old-run" / "index.json").write_bytes(b"{}")
    write_ply(vase / "lid" / "b.ply", CLOUD)
    if with_toml:
        write_toml(vase)
    found = found_in(tmp_path)
    listed = roles(read_relic(found["vase"]))
    expected = {"a.ply": "scan", "photos/2024/front.jpg": "other"}
    if with_toml:
        expected |= {"relic.toml": "metadata", "lid/b.ply": "other"}
    assert listed == expected
    assert list(listed) == sorted(listed)


def test_a_file_among_others_lists_only_itself(tmp_path: Path) -> None:
    write_ply(tmp_path / "b.ply", CLOUD)
    relic = read_relic(only(write_ply(tmp_path / "a.ply", CLOUD)))
    assert roles(relic) == {"a.ply": "scan"}


def test_what_a_scan_refers_to_has_a_role(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "tex").mkdir()
    Image.new("RGB", (4, 4), "red").save(tmp_path / "tex" / "red.png")
    (tmp_path / "m.mtl").write_text("newmtl a\nmap_Kd tex/red.png\n")
    (tmp_path / "cup.obj").write_text(
        "mtllib m.mtl\nv 0 0 0\nv 9 0 0\nv 0 9 0\nvt 0 0\nvt 1 0\nvt 0 1\nusemtl a\nf 1/1 2/2 3/3\n"
    )
    relic = read_relic(only(tmp_path))
    assert roles(relic) == {"cup.obj": "scan", "m.mtl": "material", "tex/red.png": "texture"}
    assert relic.mesh is not None
    assert relic.mesh.textured


def test_a_photo_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_ply(tmp_path / "vase" / "a.ply", CLOUD)
    (tmp_path / "vase" / "photo.jpg").write_bytes(b"x")
    relic = only(tmp_path)
    opened = Path.open

    def failing(path: Path, *args: str):
        if path.name == "photo.jpg":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", failing)
    error = refused(relic)
    assert error.scan == "photo.jpg"
    assert "Permission denied" in error.message


def test_the_seed_comes_from_the_scans_alone(tmp_path: Path) -> None:
    write_ply(tmp_path / "1" / "a.ply", CLOUD)
    write_ply(tmp_path / "2" / "renamed.ply", CLOUD)
    (tmp_path / "2" / "notes.md").write_text("x")
    write_ply(tmp_path / "3" / "a.ply", sphere(200, seed=1))
    one, two, three = (read_relic(relic).seed for relic in find_relics([tmp_path]))
    assert one == two != three


def test_scans_of_one_name_are_told_apart(tmp_path: Path) -> None:
    write_ply(tmp_path / "front.ply", CLOUD)
    (tmp_path / "front.xyz").write_text(POINTS)
    write_ply(tmp_path / "back.ply", CLOUD)
    names = [scan.name for scan in read_relic(only(tmp_path)).scans]
    assert names == ["back", "front.ply", "front.xyz"]


# Units


def test_a_unit_that_nothing_states_stays_unknown(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", CLOUD)
    frame = read_relic(only(tmp_path)).frame
    assert (frame.unit, frame.scale_known) == (None, False)
    assert frame.unit_basis.startswith("unknown")


def test_a_declared_unit_is_recorded_with_its_basis(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", CLOUD)
    write_toml(tmp_path, '[scan]\nunit = "cm"')
    frame = read_relic(only(tmp_path)).frame
    assert (frame.unit, frame.unit_basis) == ("cm", "declared in relic.toml")


def write_glb(path: Path) -> Path:
    """A mesh in a format that states its unit (metres) and what is up (+Y)."""
    from relicscan.delivery.glb import write_glb as write

    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, box(), T_model_mesh=np.diag([0.001, 0.001, 0.001, 1]), generator="test")
    return path


def test_the_unit_of_the_format(tmp_path: Path) -> None:
    write_glb(tmp_path / "cup.glb")
    relic = read_relic(only(tmp_path))
    assert relic.frame.unit == "m"
    assert relic.frame.up == "+Y"
    assert relic.mesh is not None
    assert np.ptp(relic.mesh.vertices, axis=0) == pytest.approx([40, 40, 40], rel=1e-5)


def test_relic_toml_is_believed_before_the_file_and_says_so(tmp_path: Path) -> None:
    write_glb(tmp_path / "cup.glb")
    write_toml(tmp_path, '[scan]\nunit = "mm"')
    relic = read_relic(only(tmp_path))
    assert relic.frame.unit == "mm"
    assert any("relic.toml says mm where the file says m" in text for text in relic.warnings)
    assert relic.mesh is not None
    assert np.ptp(relic.mesh.vertices, axis=0) == pytest.approx([0.04] * 3, rel=1e-5)


def ptx(points: str) -> str:
    """One scan with a pose: PTX is in metres."""
    count = points.count("\n")
    rows = "".join(f"{line} 0.5\n" for line in points.splitlines())
    turn = "1 0 0\n0 1 0\n0 0 1\n"
    return f"{count}\n1\n5 0 0\n{turn}1 0 0 0\n0 1 0 0\n0 0 1 0\n5 0 0 1\n{rows}"


def test_scans_of_which_some_state_no_unit(tmp_path: Path) -> None:
    (tmp_path / "a.ptx").write_text(ptx(POINTS))
    write_ply(tmp_path / "b.ply", CLOUD)
    relic = read_relic(only(tmp_path))
    assert [scan.unit for scan in relic.scans] == ["m", None]
    assert relic.frame.unit == "m"
    write_toml(tmp_path, '[scan]\nframe = "common"')
    error = refused(only(tmp_path))
    assert "1 of 2 scans state no unit (b)" in error.message
    write_toml(tmp_path, '[scan]\nunit = "mm"')
    a, b = read_relic(only(tmp_path)).scans
    assert (a.unit, b.unit) == ("m", "mm")


# Poses, and what is up

SHIFT = "[[1,0,0,100],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"


def test_declared_poses_reach_their_scans(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", CLOUD)
    write_ply(tmp_path / "b.ply", CLOUD)
    write_toml(tmp_path, f'[[scan.pose]]\nfile = "b.ply"\nmatrix = {SHIFT}')
    a, b = read_relic(only(tmp_path)).scans
    assert a.pose is None
    assert b.pose is not None
    assert b.pose[0, 3] == 100


def test_a_declared_pose_comes_after_the_one_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.ptx").write_text(ptx(POINTS))
    write_toml(tmp_path, f'[[scan.pose]]\nfile = "a.ptx"\nmatrix = {SHIFT}')
    (scan,) = read_relic(only(tmp_path)).scans
    assert scan.pose is not None
    assert scan.pose[:3, 3] == pytest.approx([105, 0, 0])


def test_a_rough_pose_is_not_the_pose_of_its_scan(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", CLOUD)
    (tmp_path / "b.ptx").write_text(ptx(POINTS))
    pose = '[[scan.pose]]\nrough = true\nmatrix = {}\nfile = "{}"\n'
    write_toml(tmp_path, pose.format(SHIFT, "a.ply") + pose.format(SHIFT, "b.ptx"))
    a, b = read_relic(only(tmp_path)).scans
    assert a.pose is None
    assert b.pose is not None
    assert b.pose[:3, 3] == pytest.approx([5, 0, 0])


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        (
            '[[scan.match]]\nfile = "a.ply"\nonto = "bb.ply"\n'
            "points = [[0,0,0],[1,0,0],[0,1,0]]\nonto_points = [[0,0,0],[1,0,0],[0,1,0]]",
            "a [[scan.match]] is for 'bb.ply', which is no scan",
        ),
        (
            "[scan.turntable]\naxis_point = [0,0,0]\naxis = [0,0,1]\nstep_degrees = 30\n"
            'files = ["a.ply", "bb.ply"]',
            "a [scan.turntable] is for 'bb.ply', which is no scan",
        ),
    ],
)
def test_hints_are_for_scans_that_are_there(tmp_path: Path, toml: str, says: str) -> None:
    write_ply(tmp_path / "a.ply", CLOUD)
    write_ply(tmp_path / "b.ply", CLOUD)
    write_toml(tmp_path, toml)
    error = refused(only(tmp_path))
    assert says in error.message
    assert "did you mean 'b.ply'?" in (error.remedy or "")


def test_a_declared_pose_moves_a_mesh(tmp_path: Path) -> None:
    write_ply(tmp_path / "cup.ply", box())
    matrix = "[[0,-1,0,0],[1,0,0,0],[0,0,1,7],[0,0,0,1]]"
    toml = f'[scan]\nunit = "mm"\n[[scan.pose]]\nfile = "cup.ply"\nmatrix = {matrix}'
    write_toml(tmp_path, toml)
    relic = read_relic(only(tmp_path))
    assert relic.mesh is not None
    back = np.linalg.inv(relic.frame.T_work_source)
    placed = relic.mesh.vertices @ back[:3, :3].T + back[:3, 3]
    assert placed.min(axis=0) == pytest.approx([-40, 0, 7])
    assert placed.max(axis=0) == pytest.approx([0, 40, 47])


def test_what_is_up_is_declared_or_undecided(tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", CLOUD)
    assert read_relic(only(tmp_path)).frame.up_basis == UNDECIDED
    write_toml(tmp_path, '[scan]\nup = "-X"\nfront = "+Z"')
    frame = read_relic(only(tmp_path)).frame
    assert (frame.up, frame.up_basis) == ("-X", "declared in relic.toml")
    assert frame.R_model_work @ [-1, 0, 0] == pytest.approx([0, 1, 0])
    assert frame.R_model_work @ [0, 0, 1] == pytest.approx([0, 0, 1])


def test_a_front_on_the_line_of_the_formats_up(tmp_path: Path) -> None:
    write_glb(tmp_path / "cup.glb")
    write_toml(tmp_path, '[scan]\nfront = "-Y"')
    error = refused(only(tmp_path))
    assert error.scan == "relic.toml"
    assert "front = -Y lies on one line with up = +Y" in error.message


# Meshes


def test_a_mesh_is_recentred_in_millimetres(tmp_path: Path) -> None:
    mesh = box(0.04)
    mesh = replace(mesh, vertices=mesh.vertices + np.array([5e5, 4e6, 100]))
    write_ply(tmp_path / "cup.ply", mesh, double=True)
    write_toml(tmp_path, '[scan]\nunit = "m"')
    relic = read_relic(only(tmp_path))
    assert relic.mesh is not None
    assert relic.mesh.bounds == pytest.approx(np.array([[-20] * 3, [20] * 3]), abs=1e-5)
    assert relic.scans == ()
    assert relic.frame.T_work_source @ [5e5, 4e6, 100, 1] == pytest.approx([-20, -20, -20, 1])


def test_without_a_unit_the_longest_side_is_1000(tmp_path: Path) -> None:
    mesh = box(7)
    mesh = replace(mesh, vertices=mesh.vertices * [2, 1, 1])
    write_ply(tmp_path / "cup.ply", mesh)
    relic = read_relic(only(tmp_path))
    assert relic.mesh is not None
    assert np.ptp(relic.mesh.vertices, axis=0) == pytest.approx([1000, 500, 500])


def test_a_mesh_of_no_numbers(tmp_path: Path) -> None:
    mesh = box()
    write_ply(tmp_path / "cup.ply", replace(mesh, vertices=np.full((8, 3), np.nan)))
    error = refused(only(tmp_path))
    assert error.scan == "cup.ply"
    assert "no vertex of the mesh is a number" in error.message


def test_a_mesh_and_a_cloud_cannot_be_one_relic(tmp_path: Path) -> None:
    """A GLB is taken for a mesh by its name; only reading tells."""
    write_toml(tmp_path, '[scan]\nunit = "mm"\nfiles = ["a.ply", "b.ply"]')
    write_ply(tmp_path / "a.ply", plane(10))
    write_ply(tmp_path / "b.ply", box())
    error = refused(only(tmp_path))
    assert error.message == "2 scans, one of them a mesh, cannot be one relic"
