"""OBJ, MTL and textures: what a face may look like, and what must not pass for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import _text_blocks, obj
from relicscan.formats.images import open_image
from relicscan.relic import Mesh, PointCloud, Scan
from tests.formats.mesh_examples import (
    BOX_FACES,
    BOX_QUADS,
    BOX_VERTICES,
    BOX_VOLUME,
    EXAMPLES,
    image,
    volume,
)

TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"

#: A picture whose 16 texels all differ: red by row, green by column.
TEXELS = np.array([[[40 * r, 40 * c, 7] for c in range(4)] for r in range(4)], np.uint8)


def read(folder: Path, text: str | bytes, **files: str | bytes) -> Scan:
    """Read an OBJ of this text, with other files beside it (name__ext becomes name.ext)."""
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name.replace("__", ".")).write_bytes(data)
    path = folder / "scan.obj"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    (scan,) = obj.read(path)
    return scan


def mesh_of(scan: Scan) -> Mesh:
    assert isinstance(scan.geometry, Mesh)
    return scan.geometry


def texels(mesh: Mesh) -> np.ndarray:
    """(m, 3, 3): the texel of its material's texture that each corner lies in."""
    assert mesh.corner_uv is not None
    assert mesh.face_material is not None
    texture = mesh.materials[mesh.face_material[0]].texture
    assert texture is not None
    pixels = np.asarray(open_image(texture.data).convert("RGB"))
    column, row = (mesh.corner_uv * [texture.width, texture.height]).astype(int).T
    return pixels[row.T, column.T]


def test_the_example_is_the_box(tmp_path: Path) -> None:
    EXAMPLES[".obj"](tmp_path / "box.obj")
    (scan,) = obj.read(tmp_path / "box.obj")
    mesh = mesh_of(scan)
    assert np.array_equal(mesh.vertices, BOX_VERTICES)
    assert np.array_equal(mesh.faces, BOX_FACES)
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)
    assert (mesh.colors == [128, 64, 255]).all()
    assert scan.warnings == ()
    assert (scan.name, scan.file, scan.unit, scan.up) == ("box", "box.obj", None, None)


@pytest.mark.parametrize(
    "face",
    ["1 2 3", "1//1 2//1 3//1", "1/ 2/ 3/", "1// 2// 3//", "-3 -2 -1", "+1 2 3", " 1\t2  3 # 4"],
)
def test_every_way_to_write_a_corner_without_texture(tmp_path: Path, face: str) -> None:
    mesh = mesh_of(read(tmp_path, f"{TRIANGLE}vt 0 0\nvn 0 0 1\nf {face}\n"))
    assert mesh.faces.tolist() == [[0, 1, 2]]
    assert mesh.corner_uv is None


@pytest.mark.parametrize(
    "face",
    ["1/1 2/2 3/3", "1/1/1 2/2/1 3/3/1", "1/1/ 2/2/ 3/3/", "-3/-3/-1 -2/-2/-1 -1/-1/-1"],
)
def test_every_way_to_write_a_corner_with_texture(tmp_path: Path, face: str) -> None:
    text = f"{TRIANGLE}vt 0 0.25\nvt 1 0.25 0\nvt 0 1\nvn 0 0 1\nf {face}\n"
    mesh = mesh_of(read(tmp_path, text))
    assert mesh.faces.tolist() == [[0, 1, 2]]
    assert mesh.corner_uv is not None
    assert mesh.corner_uv.tolist() == [[[0, 0.75], [1, 0.75], [0, 0]]]


def test_corners_may_differ_from_face_to_face(tmp_path: Path) -> None:
    scan = read(tmp_path, TRIANGLE + "vt 0.5 0.5\nf 1/1 2/1 3/1\nf 1 2 3\nf 1//1 2//1 3//1\n")
    mesh = mesh_of(scan)
    assert mesh.corner_uv is not None
    assert mesh.corner_uv[0].tolist() == [[0.5, 0.5]] * 3
    assert mesh.corner_uv[1:].tolist() == [[[0, 1]] * 3] * 2
    assert any("without texture coordinates (2)" in warning for warning in scan.warnings)


@pytest.mark.parametrize("chunk_bytes", [100, 111, 137, 400, 1 << 24])
def test_chunks_change_nothing(
    tmp_path: Path, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_text_blocks, "CHUNK_BYTES", chunk_bytes)
    lines = []
    for quad in BOX_QUADS:
        lines += [f"v {x} {y} {z}" for x, y, z in BOX_VERTICES[quad]]
        lines += ["vt 0 0", "vt 1 \\", "0", "vt 1 1", "vt 0 1", "usemtl a"]
        lines += ["f -4/-4 -3/-3 -2/-2 -1/-1", "usemtl b"]
    mesh = mesh_of(read(tmp_path, "\n".join(lines)))
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)
    assert [material.name for material in mesh.materials] == ["a"]
    assert mesh.corner_uv is not None
    assert mesh.corner_uv[0].tolist() == [[0, 1], [1, 1], [1, 0]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, end: str, mark: bytes) -> None:
    text = TRIANGLE + "# a comment\n\n   \n\tf 1 2 \\\n 3\n"
    mesh = mesh_of(read(tmp_path, mark + text.replace("\n", end).encode()))
    assert mesh.faces.tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("end", ["", "\\", "\\\n", "\n\\", "\\\r\n", "\\\n\\\n"])
@pytest.mark.parametrize("chunk_bytes", [100, 1 << 24])
def test_files_may_end_in_a_backslash(
    tmp_path: Path, end: str, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_text_blocks, "CHUNK_BYTES", chunk_bytes)
    assert mesh_of(read(tmp_path, TRIANGLE + "f 1 2 3" + end)).faces.tolist() == [[0, 1, 2]]
    with pytest.raises(ScanError, match="no geometry"):
        read(tmp_path, "# " + end)


def test_utf16_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="UTF-16"):
        read(tmp_path, TRIANGLE.encode("utf-16"))


def test_colors_of_both_ranges_and_w(tmp_path: Path) -> None:
    face = "f 1 2 3\n"
    small = "v 0 0 0 1 0 0\nv 1 0 0 0 0.5 0\nv 0 1 0 0 0 1\n"
    assert mesh_of(read(tmp_path, small + face)).colors is not None
    assert mesh_of(read(tmp_path, small + face)).colors.tolist() == [
        [255, 0, 0],
        [0, 128, 0],
        [0, 0, 255],
    ]
    large = "v 0 0 0 255 0 0\nv 1 0 0 0 128 0\nv 0 1 0 0 0 1\n"
    assert mesh_of(read(tmp_path, large + face)).colors.tolist()[2] == [0, 0, 1]
    with_w = "v 0 0 0 1.0\nv 1 0 0 1.0\nv 0 1 0 1.0\n"
    mesh = mesh_of(read(tmp_path, with_w + face))
    assert mesh.colors is None
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("odd", ["v 9 9 9", "v 9 9 9 nan 0 0", "v 9 9 9 -1 0 0"])
def test_incomplete_colors_are_left_out_with_a_warning(tmp_path: Path, odd: str) -> None:
    scan = read(tmp_path, f"v 0 0 0 1 0 0\nv 1 0 0 1 1 1\nv 0 1 0 0 0 0\n{odd}\nf 1 2 3\n")
    assert mesh_of(scan).colors is None
    assert "colours were left out" in scan.warnings[0]


def test_numbers_that_are_none_are_kept_for_a_later_stage(tmp_path: Path) -> None:
    text = "v nan -nan inf\nv 1.#QNAN -1.#IND00 -1.#INF\nv 0 1 0\nv 1 1 1\nf 1 2 3 4\n"
    mesh = mesh_of(read(tmp_path, text))
    expected = [[np.nan, np.nan, np.inf], [np.nan, np.nan, -np.inf], [0, 1, 0], [1, 1, 1]]
    np.testing.assert_array_equal(mesh.vertices, expected)
    assert len(mesh.faces) == 2


@pytest.mark.parametrize("start", range(4))
def test_a_dart_is_split_inside_itself(tmp_path: Path, start: int) -> None:
    dart = np.roll([[0, 0], [2, 1], [0, 2], [0.5, 1]], start, axis=0)  # hollow at (0.5, 1)
    text = "".join(f"v {x} {y} 0\n" for x, y in dart)
    mesh = mesh_of(read(tmp_path, text + "f 1 2 3 4\n"))
    a, b, c = mesh.vertices[mesh.faces].swapaxes(0, 1)
    areas = np.cross(b - a, c - a)[:, 2] / 2
    assert (areas > 0).all()
    assert areas.sum() == pytest.approx(1.5)


def test_larger_polygons_become_fans_and_say_so(tmp_path: Path) -> None:
    angles = np.arange(7) * 2 * np.pi / 7
    text = "".join(f"v {np.cos(a)} {np.sin(a)} 0\n" for a in angles)
    scan = read(tmp_path, text + "f 1 2 3 4 5 6 7\nf 1 2 3\n")
    mesh = mesh_of(scan)
    a, b, c = mesh.vertices[mesh.faces[:5]].swapaxes(0, 1)
    area = np.cross(b - a, c - a)[:, 2].sum() / 2
    assert area == pytest.approx(7 / 2 * np.sin(2 * np.pi / 7))
    assert len(mesh.faces) == 6
    assert "more than four corners (1)" in scan.warnings[0]


@pytest.mark.parametrize("rest", ["", "p 1 2 3\n", "l 1 2 3\n"])
def test_without_faces_it_is_a_cloud(tmp_path: Path, rest: str) -> None:
    scan = read(tmp_path, "v 0 0 0 1 0 0\nv 1 2 3 0 1 0\n" + rest)
    assert isinstance(scan.geometry, PointCloud)
    assert scan.geometry.points.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert scan.geometry.colors is not None
    assert obj.peek(tmp_path / "scan.obj").kind == "cloud"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        (TRIANGLE + "f 0 1 2\n", 4, "is 0"),
        (TRIANGLE + "\n# x\nf 1 2 4\n", 6, "above 3"),
        (TRIANGLE + "f 1 2 3\nf -4 -2 -1\n", 5, "before the first"),
        (TRIANGLE + "f 1/1 2/1 3/1\n", 4, "texture index is above 0"),
        ("v 0 0 0\nvt 0 0\nf 1/1 1/-2 1/1\n", 3, "before the first"),
        (TRIANGLE + "f 1\n", 4, "at least 3 corners"),
        (TRIANGLE + "f\nf 1 2 3\n", 4, "at least 3 corners"),
        (TRIANGLE + "f 1 2 \\\n\nf 1 2 3\n", 4, "at least 3 corners"),
        (TRIANGLE + "f 1/2/3/4 2 3\n", 4, "must be v, v/vt"),
        (TRIANGLE + "f /1 2 3\n", 4, "must be v, v/vt"),
        (TRIANGLE + "f 1.5 2 3\n", 4, "whole number"),
        (TRIANGLE + "f nan 2 3\n", 4, "whole number"),
        (TRIANGLE + "f 1e300 2 3\n", 4, "whole number"),
        (TRIANGLE + "f a b c\n", 4, "'a' is not a number"),
        (TRIANGLE + "f 1 2 3-\n", 4, "'3-' is not a number"),
        ("v 0 0\n" + TRIANGLE, 1, "needs 3 numbers and has 2"),
        ("v 0 0 0\nv 1,5 0 0\n", 2, "decimal points"),
        ("v 0 0 0\nvt 1\nv 1-5 0 0\n", 3, "'1-5' is not a number"),
        (TRIANGLE + "vt 1\nf 1 2 3\n", 4, "texture vertex needs 2"),
    ],
)
def test_errors_name_the_line(tmp_path: Path, text: str, line: int, why: str) -> None:
    with pytest.raises(ScanError) as error:
        read(tmp_path, text)
    assert f"line {line}:" in str(error.value)
    assert why in str(error.value)
    assert error.value.remedy


@pytest.mark.parametrize("text", ["# nothing\n", "vt 0 0\n", "\n\n", "o x\ng y\n"])
def test_no_geometry_is_said(tmp_path: Path, text: str) -> None:
    for function in (obj.read, obj.peek):
        (tmp_path / "a.obj").write_text(text)
        with pytest.raises(ScanError, match="no geometry"):
            function(tmp_path / "a.obj")


def test_an_endless_line_is_not_collected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text_blocks, "CHUNK_BYTES", 100)
    with pytest.raises(ScanError, match="a line is longer"):
        read(tmp_path, b"v" * 400)


QUAD = """mtllib paint.mtl
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0.125 0.125
vt 0.875 0.125
vt 0.875 0.875
vt 0.125 0.875
usemtl paint
f 1/1 2/2 3/3 4/4
"""


def test_texels_lie_where_the_corners_say(tmp_path: Path) -> None:
    """(0, 0) of OBJ is the image's lower left: corner 1 gets its last row, first column."""
    mtl = "newmtl paint\nKd 0.2 0.2 0.2\nmap_Kd paint.png\n"
    scan = read(tmp_path, QUAD, paint__mtl=mtl, paint__png=image(TEXELS))
    mesh = mesh_of(scan)
    lower_left, lower_right, upper_right, upper_left = (
        TEXELS[3, 0],
        TEXELS[3, 3],
        TEXELS[0, 3],
        TEXELS[0, 0],
    )
    expected = [
        [lower_left, lower_right, upper_right],
        [lower_left, upper_right, upper_left],
    ]
    assert np.array_equal(texels(mesh), expected)
    assert mesh.materials[0].base_color == (1, 1, 1, 1)
    assert mesh.materials[0].texture is not None
    assert mesh.materials[0].texture.data == image(TEXELS)
    assert scan.warnings == ()
    assert obj.peek(tmp_path / "scan.obj").textured


def test_scaled_and_shifted_textures_are_applied(tmp_path: Path) -> None:
    mtl = "newmtl paint\nmap_Kd -s 0.5 0.25 1 -o 0.1 0.2 -clamp on -bm 2 paint.png\n"
    mesh = mesh_of(read(tmp_path, QUAD, paint__mtl=mtl, paint__png=image(TEXELS)))
    assert mesh.corner_uv is not None
    u, v = 0.875 * 0.5 + 0.1, 0.125 * 0.25 + 0.2
    np.testing.assert_allclose(mesh.corner_uv[0, 1], [u, 1 - v], atol=1e-6)
    assert mesh.materials[0].texture is not None


@pytest.mark.parametrize(
    ("statement", "file"),
    [
        ("map_Kd my paint 1.png", "my paint 1.png"),
        ('map_kd "my paint.png"', "my paint.png"),
        ("\tmap_Kd\tmaps\\PAINT.PNG ", "maps/paint.png"),
        ("map_Kd -s 1 1 1 -o 0 0 0 2.png", "2.png"),
        ("map_Kd -blendu on -texres 1024 a b.png", "a b.png"),
        ("map_Kd -1.png", "-1.png"),
        ("map_Kd 彩陶.png", "彩陶.png"),
    ],
)
def test_texture_names_as_exporters_write_them(tmp_path: Path, statement: str, file: str) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / file).write_bytes(image(TEXELS))
    scan = read(tmp_path, QUAD, paint__mtl=f"newmtl paint\n{statement}\n")
    texture = mesh_of(scan).materials[0].texture
    assert texture is not None
    assert texture.name == Path(file).name
    assert obj.references(tmp_path / "scan.obj") == [tmp_path / "paint.mtl", tmp_path / file]


def test_names_in_the_code_page_of_another_machine(tmp_path: Path) -> None:
    (tmp_path / "青铜.mtl").write_bytes("newmtl 铜器\nmap_Kd 青铜 器.png\n".encode("gb18030"))
    (tmp_path / "青铜 器.png").write_bytes(image(TEXELS))
    text = QUAD.replace("mtllib paint.mtl", "mtllib 青铜.mtl").replace(
        "usemtl paint", "usemtl 铜器"
    )
    scan = read(tmp_path, text.encode("gb18030"))
    assert mesh_of(scan).materials[0].name == "铜器"
    assert mesh_of(scan).textured
    assert scan.warnings == ()


def test_colours_are_linear_and_materials_follow_their_faces(tmp_path: Path) -> None:
    text = (
        "mtllib first one.mtl\nmtllib second.mtl third.mtl\n"
        + TRIANGLE
        + "f 1 2 3\nusemtl red\nf 1 2 3\nf 2 3 1\nusemtl never\nusemtl grey\nf 1 2 3\n"
        + "usemtl red\nf 3 2 1\n"
    )
    (tmp_path / "first one.mtl").write_text("newmtl red\nKd 1 0 0\nnewmtl never\nKd 0 1 0\n")
    scan = read(tmp_path, text, third__mtl="newmtl grey\r\nKd 0.5 0.5 0.5\r\n", second__mtl="")
    mesh = mesh_of(scan)
    assert [material.name for material in mesh.materials] == ["default", "red", "grey"]
    assert mesh.face_material is not None
    assert mesh.face_material.tolist() == [0, 1, 1, 2, 1]
    assert mesh.materials[1].base_color == (1, 0, 0, 1)
    assert mesh.materials[2].base_color[:3] == pytest.approx([0.21404] * 3, abs=1e-5)
    assert scan.warnings == ()


def test_a_lone_material_is_used_by_faces_that_name_none(tmp_path: Path) -> None:
    text = QUAD.replace("usemtl paint\n", "")
    mtl = "newmtl paint\nmap_Kd paint.png\n"
    scan = read(tmp_path, text, paint__mtl=mtl, paint__png=image(TEXELS))
    assert mesh_of(scan).textured
    assert "only one" in scan.warnings[0]


def test_a_missing_texture_does_not_cost_the_relic(tmp_path: Path) -> None:
    scan = read(tmp_path, QUAD, paint__mtl="newmtl paint\nmap_Kd paint.png\nmap_Bump b.png\n")
    assert len(mesh_of(scan).faces) == 2
    assert not mesh_of(scan).textured
    missing, other = scan.warnings
    assert "'paint.png', which is missing" in missing
    assert "copy the missing file" in missing
    assert "map_bump" in other


def test_a_missing_library_and_an_undescribed_material(tmp_path: Path) -> None:
    (warning,) = read(tmp_path, QUAD).warnings
    assert "'paint.mtl', which is missing" in warning
    (warning,) = read(tmp_path, QUAD, paint__mtl="newmtl other\n").warnings
    assert "describes paint" in warning


def test_nothing_outside_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(image(TEXELS))
    (tmp_path / "secret.mtl").write_text("newmtl paint\nmap_Kd paint.png\n")
    folder = tmp_path / "scan"
    folder.mkdir()
    (folder / "paint.png").write_bytes(image(TEXELS))
    for name in ("../secret.png", str(tmp_path / "secret.png"), r"C:\secret.png"):
        scan = read(folder, QUAD, paint__mtl=f"newmtl paint\nmap_Kd {name}\n")
        assert not mesh_of(scan).textured
        assert "only files in its own folder" in scan.warnings[0]
    scan = read(folder, QUAD.replace("paint.mtl", "../secret.mtl"))
    assert not mesh_of(scan).textured
    assert "leaves the folder" in scan.warnings[0]


def test_one_image_for_many_materials_is_read_once(tmp_path: Path) -> None:
    mtl = "newmtl paint\nmap_Kd p.png\nnewmtl more\nmap_Kd p.png\n"
    text = QUAD + "usemtl more\nf 1/1 2/2 3/3\n"
    mesh = mesh_of(read(tmp_path, text, paint__mtl=mtl, p__png=image(TEXELS)))
    assert mesh.materials[0].texture is mesh.materials[1].texture


def test_texture_coordinates_that_are_no_numbers(tmp_path: Path) -> None:
    scan = read(tmp_path, TRIANGLE + "vt nan 0\nvt 0 0\nvt 1 1\nf 1/1 2/2 3/3\n")
    mesh = mesh_of(scan)
    assert mesh.corner_uv is not None
    assert mesh.corner_uv.tolist() == [[[0, 0], [0, 1], [1, 0]]]
    assert "no numbers (1)" in scan.warnings[0]


@pytest.mark.parametrize("scale", ["1e308 1", "1e400 1"])
def test_texture_coordinates_scaled_beyond_all_numbers(tmp_path: Path, scale: str) -> None:
    (tmp_path / "m.mtl").write_text(f"newmtl a\nmap_Kd -s {scale} a.png\n")
    faces = "vt 0 0\nvt 1e10 0\nvt 1 1\nf 1/1 2/2 3/3\n"
    scan = read(tmp_path, "mtllib m.mtl\n" + TRIANGLE + faces)
    mesh = mesh_of(scan)
    assert mesh.corner_uv is not None
    assert np.isfinite(mesh.corner_uv).all()
    assert any("that are no numbers" in text for text in scan.warnings)


def test_peek_of_a_large_file_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    EXAMPLES[".obj"](tmp_path / "box.obj")
    exact = obj.peek(tmp_path / "box.obj")
    assert (exact.kind, exact.points, exact.faces, exact.colors) == ("mesh", 8, 12, True)
    monkeypatch.setattr(obj, "CHUNK_BYTES", 10)
    unknown = obj.peek(tmp_path / "box.obj")
    assert (unknown.kind, unknown.points, unknown.faces) == ("mesh", -1, -1)


@pytest.mark.real
def test_the_scanned_bottle_has_the_colours_that_trimesh_sees(shared: Path) -> None:
    import trimesh

    path = shared / "scans" / "tex_fuze_bottle" / "fuze.obj"
    (scan,) = obj.read(path)
    mesh = mesh_of(scan)
    assert (len(mesh.vertices), len(mesh.faces)) == (502, 1000)
    assert [p.name for p in obj.references(path)] == ["fuze.obj.mtl", "fuze uv.jpg"]
    other = trimesh.load_mesh(path, process=False)
    theirs = other.visual.to_color().vertex_colors[other.faces][..., :3].astype(int)
    nearest = np.sort(other.vertices[other.faces].reshape(1000, -1).sum(axis=1))
    ours = np.sort(mesh.vertices[mesh.faces].reshape(1000, -1).sum(axis=1))
    np.testing.assert_allclose(ours, nearest)
    same = np.abs(texels(mesh).astype(int) - theirs).max(axis=2) <= 40
    assert same.mean() > 0.9
