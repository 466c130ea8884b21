"""PLY: every encoding and dialect gives the same arrays, and what is written comes back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import OutputError, ScanError
from relicscan.formats import ply as ply_format
from relicscan.relic import Material, Mesh, PointCloud, Scan
from tests.formats.cloud_examples import (
    COLORS,
    NORMALS,
    POINTS,
    N,
    ply,
    ply_header,
    text_rows,
    vertex_records,
)
from tests.formats.mesh_examples import (
    BOX_FACES,
    BOX_QUADS,
    BOX_VERTICES,
    BOX_VOLUME,
    image,
    volume,
)

XYZ = "property float x\nproperty float y\nproperty float z"
ENCODINGS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


def read(folder: Path, header: str, body: bytes | str) -> Scan:
    path = folder / "scan.ply"
    path.write_bytes(ply(header, body.encode() if isinstance(body, str) else body))
    (scan,) = ply_format.read(path)
    return scan


def cloud_of(scan: Scan) -> PointCloud:
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry


def mesh_of(scan: Scan) -> Mesh:
    assert isinstance(scan.geometry, Mesh)
    return scan.geometry


def box(faces: int, properties: str = "", more: str = "") -> str:
    return (
        f"format ascii 1.0\n{more}\nelement vertex 8\n{XYZ}\nelement face {faces}\n"
        f"property list uchar int vertex_indices\n{properties}"
    )


BOX_POINTS = text_rows(BOX_VERTICES)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_cloud_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    order = ENCODINGS[encoding]
    body: bytes | str = text_rows(POINTS, NORMALS, COLORS)
    if order:
        body = vertex_records(order).tobytes()
    cloud = cloud_of(read(tmp_path, ply_header(encoding), body))
    assert cloud.points == pytest.approx(POINTS, rel=1e-7)
    assert cloud.normals == pytest.approx(NORMALS, abs=1e-6)
    assert np.array_equal(cloud.colors, COLORS)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("index_type", ["int", "uint", "ushort", "int64"])
@pytest.mark.parametrize("polygons", ["triangles", "quads", "mixed"])
def test_a_mesh_in_every_encoding(
    tmp_path: Path, encoding: str, index_type: str, polygons: str
) -> None:
    faces: list[list[int]] = {
        "triangles": BOX_FACES.tolist(),
        "quads": BOX_QUADS.tolist(),
        "mixed": BOX_QUADS[:3].tolist() + BOX_FACES[6:].tolist(),
    }[polygons]
    header = (
        f"format {encoding} 1.0\nelement vertex 8\n{XYZ}\nelement face {len(faces)}\n"
        f"property uchar flags\nproperty list uchar {index_type} vertex_indices"
    )
    order = ENCODINGS[encoding]
    body: bytes | str = BOX_POINTS + "".join(f"7 {len(f)} {' '.join(map(str, f))}\n" for f in faces)
    if order:
        index = {"int": "i4", "uint": "u4", "ushort": "u2", "int64": "i8"}[index_type]
        body = BOX_VERTICES.astype(order + "f4").tobytes() + b"".join(
            bytes([7, len(f)]) + np.array(f, order + index).tobytes() for f in faces
        )
    mesh = mesh_of(read(tmp_path, header, body))
    assert np.array_equal(mesh.faces, BOX_FACES)
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_of_three_systems(tmp_path: Path, line_end: str) -> None:
    path = tmp_path / "scan.ply"
    header = f"ply\n{ply_header('binary_little_endian')}\nend_header\n".replace("\n", line_end)
    records = vertex_records("<")
    records["p"][0, 0] = np.frombuffer(b"\n\n\n\n", "<f4")[0]  # data that looks like a line end
    path.write_bytes(header.encode() + records.tobytes())
    (scan,) = ply_format.read(path)
    assert np.array_equal(cloud_of(scan).points[:, 1], POINTS[:, 1].astype("f4"))
    assert cloud_of(scan).points[0, 0] == records["p"][0, 0]


@pytest.mark.parametrize(
    ("kind", "names", "scale"),
    [
        ("uchar", "red green blue", 1),
        ("uint8", "diffuse_red diffuse_green diffuse_blue", 1),
        ("float", "r g b", 1 / 255),
        ("double", "red green blue", 1),
        ("ushort", "red green blue", 257),
        ("ushort", "Red Green Blue", 1),
    ],
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_colours_of_every_kind(
    tmp_path: Path, encoding: str, kind: str, names: str, scale: float
) -> None:
    header = f"format {encoding} 1.0\nelement vertex {N}\n{XYZ}\n"
    header += "".join(f"property {kind} {name}\n" for name in names.split())
    dtype = {"uchar": "u1", "uint8": "u1", "ushort": "u2", "float": "f4", "double": "f8"}[kind]
    order = ENCODINGS[encoding]
    records = np.zeros(N, [("p", f"{order}f4", 3), ("c", f"{order}{dtype}", 3)])
    records["p"], records["c"] = POINTS, COLORS.astype(np.float64) * scale
    body = records.tobytes() if order else text_rows(POINTS, records["c"])
    assert np.array_equal(cloud_of(read(tmp_path, header, body)).colors, COLORS)


def test_names_of_scalar_fields(tmp_path: Path) -> None:
    header = f"format ascii 1.0\nelement vertex 2\n{XYZ}\nproperty float scalar_Intensity\n"
    header += "".join(f"property float normal_{axis}\n" for axis in "xyz")
    cloud = cloud_of(read(tmp_path, header, "0 0 0 0 0 0 2\n1 1 1 255 0 0 0\n"))
    assert cloud.intensity.tolist() == [0, 1]
    assert cloud.normals.tolist() == [[0, 0, 1], [0, 0, 0]]  # unit, or zero where unknown


def test_double_precision_is_kept(tmp_path: Path) -> None:
    header = "format ascii 1.0\nelement vertex 1\n" + XYZ.replace("float", "double")
    cloud = cloud_of(read(tmp_path, header, "665187.522077 5648349.895035 241.767693"))
    assert cloud.points.tolist() == [[665187.522077, 5648349.895035, 241.767693]]


def test_strips_with_every_second_triangle_turned_round(tmp_path: Path) -> None:
    header = f"format ascii 1.0\nelement vertex 8\n{XYZ}\nelement tristrips 1\n"
    header += "property list int int vertex_indices"
    # Around the box in one strip, and its two ends; -1 ends a strip.
    strip = "20 0 1 2 3 6 7 4 5 0 1 -1 4 0 6 2 -1 1 5 3 7"
    mesh = mesh_of(read(tmp_path, header, BOX_POINTS + strip))
    assert len(mesh.faces) == 12
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)


def test_elements_of_other_programs_are_passed_over(tmp_path: Path) -> None:
    header = (
        "format ascii 1.0\nobj_info num_cols 2\nelement camera 1\nproperty float view_px\n"
        f"property list uchar float matrix\nelement vertex 2\n{XYZ}\nproperty list uchar int rays\n"
        "element range_grid 3\nproperty list uchar int vertex_indices"
    )
    body = "0.5 2 1 1\n1 2 3 2 8 9\n4 5 6 0\n1 0\n0\n1 1\n"
    cloud = cloud_of(read(tmp_path, header, body))
    assert cloud.points.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert cloud.viewpoints is None


def test_what_follows_the_last_element_is_not_looked_at(tmp_path: Path) -> None:
    header = f"format ascii 1.0\nelement vertex 1\n{XYZ}\n"
    assert len(cloud_of(read(tmp_path, header, "1 2 3\nthe end\n"))) == 1


def test_no_faces_make_a_cloud(tmp_path: Path) -> None:
    assert len(cloud_of(read(tmp_path, box(0), BOX_POINTS))) == 8


def test_faces_without_area_are_left_out(tmp_path: Path) -> None:
    faces = "2 0 1\n" + "".join("4 " + " ".join(map(str, q)) + "\n" for q in BOX_QUADS) + "0\n"
    scan = read(tmp_path, box(8), BOX_POINTS + faces)
    assert np.array_equal(mesh_of(scan).faces, BOX_FACES)
    assert scan.warnings == ("2 faces of fewer than three corners were left out",)


def test_what_a_mesh_cannot_keep_is_said(tmp_path: Path) -> None:
    header = box(1, "property uchar red\nproperty uchar green\nproperty uchar blue")
    normals = "".join(f"property float n{axis}\n" for axis in "xyz")
    header = header.replace("element face", f"{normals}element face")
    points = text_rows(BOX_VERTICES, np.zeros((8, 3)))
    scan = read(tmp_path, header, points + "3 0 1 2 255 0 0\n")
    assert mesh_of(scan).normals is None
    assert mesh_of(scan).colors is None
    assert "colours per face" in scan.warnings[0]
    assert "normals were left out" in scan.warnings[1]


UV = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def textured(skip: int = -1) -> str:
    """The quads of the box with texture coordinates at their corners, `skip` without any."""
    lines = []
    for number, quad in enumerate(BOX_QUADS):
        uv = "0" if number == skip else "8 " + " ".join(map(str, (UV * 0.5).ravel()))
        lines.append(f"4 {' '.join(map(str, quad))} {uv} {number % 2}\n")
    return BOX_POINTS + "".join(lines)


TEXTURED = "property list uchar float texcoord\nproperty int texnumber"


def test_texture_coordinates_of_corners(tmp_path: Path) -> None:
    for name, gray in (("a b.png", 10), ("c.png", 20)):
        (tmp_path / name).write_bytes(image(np.full((2, 2, 3), gray, np.uint8)))
    more = "comment TextureFile a b.png\ncomment TextureFile c.png"
    scan = read(tmp_path, box(6, TEXTURED, more), textured())
    mesh = mesh_of(scan)
    assert scan.warnings == ()
    corners = (UV * 0.5)[[[0, 1, 2], [0, 2, 3]]]
    corners[..., 1] = 1 - corners[..., 1]  # glTF counts from the top
    assert mesh.corner_uv == pytest.approx(np.tile(corners, (6, 1, 1)))
    assert [m.texture.name for m in mesh.materials if m.texture] == ["a b.png", "c.png"]
    assert mesh.face_material.tolist() == [0, 0, 1, 1] * 3
    assert mesh.textured


def test_texture_coordinates_that_are_no_numbers(tmp_path: Path) -> None:
    scan = read(tmp_path, box(6, TEXTURED), textured().replace("0.5", "nan", 1))
    mesh = mesh_of(scan)
    assert mesh.corner_uv is not None
    assert np.isfinite(mesh.corner_uv).all()
    (warning,) = scan.warnings
    assert "no numbers (1)" in warning or "no numbers (2)" in warning
    assert "export it again" in warning


def test_a_picture_without_coordinates_is_still_the_materials(tmp_path: Path) -> None:
    """So that whoever understands the folder can say that it cannot be seen."""
    (tmp_path / "a.png").write_bytes(image(np.full((2, 2, 3), 9, np.uint8)))
    faces = BOX_POINTS + "".join(f"4 {' '.join(map(str, quad))}\n" for quad in BOX_QUADS)
    mesh = mesh_of(read(tmp_path, box(6, "", "comment TextureFile a.png"), faces))
    assert mesh.corner_uv is None
    assert [m.texture.name for m in mesh.materials if m.texture] == ["a.png"]


def test_faces_without_texture_coordinates_beside_others(tmp_path: Path) -> None:
    mesh = mesh_of(read(tmp_path, box(6, TEXTURED), textured(skip=2)))
    whole = mesh_of(read(tmp_path, box(6, TEXTURED), textured()))
    shown = np.arange(12) // 2 != 2
    assert np.array_equal(mesh.corner_uv[shown], whole.corner_uv[shown])
    assert (mesh.corner_uv[~shown] == [0, 1]).all()


@pytest.mark.parametrize("names", ["s t", "u v", "texture_u texture_v"])
def test_texture_coordinates_of_vertices(tmp_path: Path, names: str) -> None:
    properties = "\n".join(f"property float {name}" for name in names.split())
    header = f"format ascii 1.0\nelement vertex 3\n{XYZ}\n{properties}\nelement face 1\n"
    header += "property list uchar int vertex_indices"
    body = "0 0 0 0 0\n1 0 0 1 0\n0 1 0 0 0.25\n3 2 0 1\n"
    mesh = mesh_of(read(tmp_path, header, body))
    assert mesh.corner_uv.tolist() == [[[0, 0.75], [0, 1], [1, 1]]]
    assert not mesh.textured


@pytest.mark.parametrize("name", ["../secret.png", "/etc/hostname", "missing.png"])
def test_a_picture_outside_the_folder_is_not_read(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.png").write_bytes(image(np.zeros((2, 2, 3), np.uint8)))
    folder = tmp_path / "scan"
    folder.mkdir()
    scan = read(folder, box(6, TEXTURED, f"comment TextureFile {name}\n" * 2), textured())
    mesh = mesh_of(scan)
    assert mesh.corner_uv is not None
    assert not mesh.textured
    assert all("without a texture" in warning for warning in scan.warnings)


@pytest.mark.parametrize("index", ["-1", "8", "2.5", "nan", "4294967296"])
def test_indices_that_point_to_nothing(tmp_path: Path, index: str) -> None:
    with pytest.raises(ScanError, match="point to nothing"):
        read(tmp_path, box(1), BOX_POINTS + f"3 0 1 {index}\n")


@pytest.mark.parametrize(
    ("header", "body", "message"),
    [
        (f"element vertex 1\n{XYZ}", "1 2 3", "no format"),
        (f"format ascii 1.0\nelement vertex one\n{XYZ}", "1 2 3", "not a count"),
        (f"format ascii 1.0\nelement vertex -1\n{XYZ}", "1 2 3", "not a count"),
        (f"format ascii 1.0\nelement vertex {'9' * 5000}\n{XYZ}", "1 2 3", "not a count"),
        (f"format ascii 1.0\nelement vertex 1\n{XYZ}\nproperty half w", "1 2 3", "line 7 .* half"),
        (f"format ascii 1.0\n{XYZ}", "1 2 3", "line 3"),
        ("format ascii 1.0\nelement vertex 1\nproperty float x", "1", "y and z must be there"),
        (f"format ascii 1.0\nelement vertex 1\n{XYZ}\nproperty int x", "1 2 3 4", "of one name"),
        (f"format ascii 1.0\nelement vertex 2\n{XYZ}", "1 2 3\n4 x 6\n", "line 9: 'x' is not a"),
        (
            f"format ascii 1.0\nelement vertex 2\n{XYZ}",
            "10 20 30\n4 5\n",
            "data end before the 2 v",
        ),
        (box(1), BOX_POINTS + "3 0 1\n", "data end before the 1 faces"),
        (box(1), BOX_POINTS + "-3 0 1 2\n", "claims -3 values"),
        (box(1, "property list uchar float texcoord"), BOX_POINTS + "3 0 1 2 2 0 0", "two numbers"),
        (
            f"format ascii 1.0\nelement vertex 1\n{XYZ}\nelement face 1\nproperty int a",
            "1 2 3 4",
            "no list called vertex_indices",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, header: str, body: str, message: str) -> None:
    with pytest.raises(ScanError, match=message):
        read(tmp_path, header, body)


def test_a_list_longer_than_the_file(tmp_path: Path) -> None:
    header = f"format binary_little_endian 1.0\nelement vertex 1\n{XYZ}\nelement face 1\n"
    header += "property list int int vertex_indices"
    with pytest.raises(ScanError, match=r"claims 2\.14748e"):
        read(tmp_path, header, bytes(12) + b"\xff\xff\xff\x7f" + bytes(12))


def cube() -> Mesh:
    uv = np.random.default_rng(1).random((12, 3, 2)).astype(np.float32)
    normals = BOX_VERTICES - BOX_VERTICES.mean(axis=0)
    return Mesh(
        BOX_VERTICES + 1e6 + 0.1,
        BOX_FACES,
        normals=normals / np.linalg.norm(normals, axis=1, keepdims=True),
        colors=COLORS[:8],
        corner_uv=uv,
        face_material=np.arange(12) % 2,
        materials=(Material("a"), Material("b")),
    )


@pytest.mark.parametrize("double", [False, True])
def test_a_mesh_comes_back(tmp_path: Path, double: bool) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(image(np.zeros((2, 2, 3), np.uint8)))
    mesh, path = cube(), tmp_path / "mesh.ply"
    names = ["a.png", "b.png"]
    ply_format.write_mesh(
        path, mesh, ["units mm", "two\nlines"], texture_names=names, double=double
    )
    (scan,) = ply_format.read(path)
    back = mesh_of(scan)
    expected = mesh.vertices if double else mesh.vertices.astype(np.float32)
    assert np.array_equal(back.vertices, expected)
    assert np.array_equal(back.faces, mesh.faces)
    assert np.array_equal(back.colors, mesh.colors)
    assert back.normals == pytest.approx(mesh.normals, abs=1e-7)
    assert back.corner_uv == pytest.approx(mesh.corner_uv, abs=1e-7)
    assert np.array_equal(back.face_material, mesh.face_material)
    assert back.textured
    assert b"\ncomment two lines\n" in path.read_bytes()


def test_what_was_filled_comes_back(tmp_path: Path) -> None:
    mesh, path = cube(), tmp_path / "mesh.ply"
    filled = np.arange(len(mesh.vertices)) % 3 == 0
    ply_format.write_mesh(path, replace(mesh, filled=filled))
    assert b"\nproperty uchar filled\n" in path.read_bytes()
    assert np.array_equal(mesh_of(ply_format.read(path)[0]).filled, filled)
    ply_format.write_mesh(path, replace(mesh, filled=np.zeros_like(filled)))
    assert b"filled" not in path.read_bytes()
    assert mesh_of(ply_format.read(path)[0]).filled is None


def test_a_cloud_comes_back(tmp_path: Path) -> None:
    cloud = PointCloud(POINTS, NORMALS, COLORS, np.linspace(0, 1, N))
    ply_format.write_cloud(tmp_path / "cloud.ply", cloud, double=True)
    (scan,) = ply_format.read(tmp_path / "cloud.ply")
    back = cloud_of(scan)
    assert np.array_equal(back.points, POINTS)
    assert np.array_equal(back.colors, COLORS)
    assert np.array_equal(back.intensity, cloud.intensity)
    assert back.normals == pytest.approx(cloud.normals, abs=1e-7)


def test_the_same_mesh_gives_the_same_bytes(tmp_path: Path) -> None:
    first = ply_format.write_mesh(tmp_path / "a.ply", cube())
    second = ply_format.write_mesh(tmp_path / "b.ply", cube())
    assert first == second
    assert (tmp_path / "a.ply").read_bytes() == (tmp_path / "b.ply").read_bytes()


def test_other_programs_read_what_is_written(tmp_path: Path) -> None:
    import open3d
    import trimesh

    ply_format.write_mesh(tmp_path / "mesh.ply", cube())
    theirs = open3d.io.read_triangle_mesh(str(tmp_path / "mesh.ply"))
    assert np.array_equal(np.asarray(theirs.triangles), BOX_FACES)
    assert np.asarray(theirs.vertices) == pytest.approx(cube().vertices.astype("f4"))
    loaded = trimesh.load(tmp_path / "mesh.ply", process=False)  # splits vertices at UV seams
    assert loaded.volume == pytest.approx(BOX_VOLUME, rel=0.1)  # float32, a thousand km away
    uv = cube().corner_uv.reshape(-1, 2) * [1, -1] + [0, 1]
    assert np.sort(loaded.visual.uv, axis=0) == pytest.approx(np.sort(uv, axis=0))


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        ply_format.write_mesh(tmp_path / "nowhere" / "mesh.ply", cube())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' /dev/full")
def test_a_full_disk_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, opened = tmp_path / "mesh.ply", Path.open

    def full(self: Path, mode: str = "r", *more: object) -> object:
        return opened(Path("/dev/full") if "w" in mode else self, mode, *more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="no room"):
        ply_format.write_mesh(path, cube())
    assert list(tmp_path.iterdir()) == []
