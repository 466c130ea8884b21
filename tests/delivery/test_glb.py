"""The GLB writer: what a viewer reads back is the mesh that was given, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relicscan.delivery.conformance import check_glb
from relicscan.delivery.khronos import KhronosReport
from relicscan.errors import OutputError, StageError
from relicscan.formats import gltf
from relicscan.relic import Material, Mesh, Texture
from tests.delivery.glb_shapes import MM, Glb, cube, cube_uv, image, painted, sphere, texture, write


def random_soup(seed: int) -> Mesh:
    """Triangles over few vertices on a coarse grid: repeated corners, slivers, unused vertices."""
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(4, 40)), int(rng.integers(3, 90))
    vertices = rng.integers(0, 4, (n, 3)) * 10.0 ** rng.integers(-6, 6)
    vertices[0] += [0.0, 1e-3, 0.0]
    faces = np.vstack([[[0, 1, 2]], rng.integers(0, n, (m, 3))])
    vertices[:3] = np.eye(3) * 7
    mesh = Mesh(vertices, faces)
    if seed % 3 == 0:
        mesh = replace(mesh, colors=rng.integers(0, 256, (n, 3)))
    if seed % 2 == 0:
        count = int(rng.integers(1, 4))
        kinds = ["png", "jpeg", "webp"]
        mesh = replace(
            mesh,
            corner_uv=rng.integers(-1, 3, (m + 1, 3, 2)) / 2,
            face_material=rng.integers(0, count, m + 1),
            materials=tuple(
                Material(f"m{i}", texture=texture(kinds[i]) if i != 1 else None)
                for i in range(count)
            ),
        )
    if seed % 5 == 0:
        normals = rng.normal(size=(n, 3)) * rng.integers(0, 2, (n, 1))
        mesh = replace(mesh, normals=normals)
    return mesh


def zoo() -> dict[str, Mesh]:
    """One mesh of each kind that has broken a writer somewhere."""
    ball = sphere()
    rng = np.random.default_rng(1)
    gray = rng.integers(0, 256, ball.vertices.shape)
    materials = (
        Material("jpeg", texture=texture("jpeg", (16, 8))),
        Material("png", texture=texture("png", (8, 8))),
        Material("webp", texture=texture("webp", (8, 16)), occlusion=texture("png", (16, 16))),
        Material("glass, says its exporter", (0.2, 2.0, float("nan"), 0.0)),
    )
    sliver = np.array(
        [[0, 0, 0], [1000, 0, 0], [500, 1e-4, 0], [500, 0, 0], [0, 0, 0]], dtype=float
    )
    back_to_back = Mesh(cube().vertices, np.array([[0, 1, 2], [0, 2, 1]]))
    meshes = {
        "plain": ball,
        "coloured": replace(ball, colors=gray),
        "open": Mesh(ball.vertices, ball.faces[100:]),
        "tiny": sphere(1e-9),
        "huge": sphere(1e12),
        "slivers": Mesh(sliver, np.array([[0, 1, 2], [0, 1, 3], [0, 4, 1], [0, 2, 3], [2, 2, 1]])),
        "back to back": back_to_back,
        "zero normals": replace(ball, normals=np.zeros_like(ball.vertices)),
        "normals not finite": replace(ball, normals=np.full_like(ball.vertices, np.nan)),
        "textured": painted(materials[0]),
        "several materials": Mesh(
            ball.vertices,
            ball.faces,
            colors=gray,
            corner_uv=rng.random((len(ball.faces), 3, 2)),
            face_material=np.arange(len(ball.faces)) % 4,
            materials=materials,
        ),
        "repeating texture": replace(painted(materials[1]), corner_uv=cube_uv() * 3),
        "profile in png": painted(
            Material("m", texture=Texture("t", image(icc_profile=b"x" * 200), "image/png", 8, 8))
        ),
        "cmyk": painted(
            Material("m", texture=Texture("t", image("jpeg", mode="CMYK"), "image/jpeg", 8, 8))
        ),
        "wrong media type": painted(
            Material("m", texture=Texture("t", image("png"), "image/jpeg", 8, 8))
        ),
        "more than 65535 vertices": sphere(rings=182),
        "partly filled": replace(ball, filled=np.arange(len(ball.vertices)) < 30),
        "one material partly filled": Mesh(
            ball.vertices,
            ball.faces,
            corner_uv=rng.random((len(ball.faces), 3, 2)),
            face_material=np.arange(len(ball.faces)) * 2 // len(ball.faces),
            materials=materials[:2],
            filled=np.arange(len(ball.vertices)) < 30,
        ),
    }
    return meshes | {f"soup {seed}": random_soup(seed) for seed in range(40)}


def test_validator_finds_neither_errors_nor_warnings(
    tmp_path: Path, khronos: Callable[[list[Path]], list[KhronosReport]]
) -> None:
    meshes = zoo()
    paths = [tmp_path / f"{name}.glb" for name in meshes]
    for path, mesh in zip(paths, meshes.values(), strict=True):
        write(path, mesh, copyright="© 样本博物馆", extras={"id": path.stem, "scale": None})
    for path, report in zip(paths, khronos(paths), strict=True):
        assert report.clean, (path.stem, report.messages)
        assert not report.infos, (path.stem, report.messages)
        assert not report.hints, (path.stem, report.messages)


@pytest.mark.parametrize("name", list(zoo()))
def test_own_checks_find_nothing(tmp_path: Path, name: str) -> None:
    write(tmp_path / "m.glb", zoo()[name])
    assert check_glb(tmp_path / "m.glb") == []


@pytest.mark.real
def test_scans_with_textures_pass(
    tmp_path: Path, shared: Path, khronos: Callable[[list[Path]], list[KhronosReport]]
) -> None:
    files = ["tex_whale_skull/whale_cranium.glb", "tex_whale_skull/whale_mandible.glb"]
    paths = []
    for file in files:
        source = Glb(shared / "scans" / file)
        at = source.doc["images"][0]
        uv = source.attribute("TEXCOORD_0")
        triangles = source.triangles()
        picture = Texture("t", source.view(at["bufferView"]), at["mimeType"], 1, 1)
        mesh = Mesh(
            source.attribute("POSITION") * 1000.0,
            triangles,
            corner_uv=uv[triangles],
            materials=(Material("m", texture=picture),),
        )
        paths.append(tmp_path / Path(file).name)
        write(paths[-1], mesh)
        assert Glb(paths[-1]).view(Glb(paths[-1]).doc["images"][0]["bufferView"]) == picture.data
    assert all(report.clean for report in khronos(paths))


def test_sphere_comes_back_with_bounds_volume_and_radial_normals(tmp_path: Path) -> None:
    mesh = sphere(50.0, 64)
    summary = write(tmp_path / "s.glb", mesh)
    glb = Glb(tmp_path / "s.glb")
    points, triangles = glb.attribute("POSITION").astype(float), glb.triangles()
    assert summary.triangles == len(triangles) == len(mesh.faces)
    assert summary.vertices == len(points) == len(mesh.vertices)
    assert summary.bounds_m == (tuple(points.min(axis=0)), tuple(points.max(axis=0)))
    accessor = glb.doc["accessors"][glb.primitives[0]["attributes"]["POSITION"]]
    assert accessor["min"] == points.min(axis=0).tolist()
    assert accessor["max"] == points.max(axis=0).tolist()
    a, b, c = (points[triangles[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->", a, np.cross(b, c)) / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 0.05**3, rel=2e-3)
    radial = points / np.linalg.norm(points, axis=1)[:, None]
    normals = glb.attribute("NORMAL")
    assert np.einsum("ij,ij->i", normals, radial).min() > 0.9999
    assert np.abs(np.linalg.norm(normals.astype(float), axis=1) - 1).max() < 1e-6


def test_positions_keep_single_precision(tmp_path: Path) -> None:
    shape = cube(123.456789)
    write(tmp_path / "c.glb", shape)
    exact = shape.vertices / 1000
    assert np.array_equal(Glb(tmp_path / "c.glb").attribute("POSITION"), exact.astype(np.float32))


def test_transform_moves_positions_and_turns_normals(tmp_path: Path) -> None:
    """+Z up, millimetres, to +Y up, metres: what was on top is on top, normals with it."""
    T = np.array([[1, 0, 0, 0], [0, 0, 1, 5], [0, -1, 0, 0], [0, 0, 0, 1]], dtype=float)
    T[:3, :3] /= 1000
    tri = Mesh(
        np.array([[0, 0, 10], [10, 0, 10], [0, 10, 10]], dtype=float),
        np.array([[0, 1, 2]]),
        normals=np.tile([0.0, 0.6, 0.8], (3, 1)),
    )
    write(tmp_path / "t.glb", tri, T)
    glb = Glb(tmp_path / "t.glb")
    assert np.allclose(
        glb.attribute("POSITION"), [[0, 5.01, 0], [0.01, 5.01, 0], [0, 5.01, -0.01]], atol=1e-7
    )
    assert np.allclose(glb.attribute("NORMAL"), [[0, 0.8, -0.6]] * 3, atol=1e-6)
    with pytest.raises(ValueError, match="mirror"):
        write(tmp_path / "t.glb", tri, np.diag([1.0, 1.0, -1.0, 1.0]))


def test_vertices_split_at_seams_only(tmp_path: Path) -> None:
    paint = Material("m", texture=texture())
    shared = replace(painted(paint), corner_uv=np.zeros((12, 3, 2)))
    assert write(tmp_path / "a.glb", shared).vertices == 8
    assert write(tmp_path / "b.glb", painted(paint)).vertices == 24
    glb = Glb(tmp_path / "b.glb")
    triangles = glb.triangles()
    assert np.array_equal(glb.attribute("TEXCOORD_0")[triangles], cube_uv())
    assert np.allclose(glb.attribute("POSITION")[triangles], cube().vertices[cube().faces] / 1000)
    # Copies of a vertex keep one normal: the seam does not show as an edge.
    points, normals = glb.attribute("POSITION"), glb.attribute("NORMAL")
    for corner in np.unique(points, axis=0):
        assert len(np.unique(normals[(points == corner).all(axis=1)], axis=0)) == 1


def test_one_primitive_for_each_material_in_use(tmp_path: Path) -> None:
    materials = (Material("unused"), Material("a", (1, 0, 0, 1)), Material("b", texture=texture()))
    mesh = replace(
        painted(materials[0]), materials=materials, face_material=np.repeat([2, 1], [2, 10])
    )
    summary = write(tmp_path / "m.glb", mesh)
    glb = Glb(tmp_path / "m.glb")
    assert [m["name"] for m in glb.doc["materials"]] == ["a", "b"]
    assert [len(glb.triangles(i)) for i in range(2)] == [10, 2]
    assert summary.vertices == 8 + 4
    assert "TEXCOORD_0" not in glb.primitives[0]["attributes"]
    assert glb.doc["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"] == [1, 0, 0, 1]
    assert all(m["pbrMetallicRoughness"]["metallicFactor"] == 0 for m in glb.doc["materials"])


def test_vertex_colours_are_linear_and_come_back_exactly(tmp_path: Path) -> None:
    ball = sphere(rings=16)
    srgb = np.arange(3 * len(ball.vertices)).reshape(-1, 3) % 256
    write(tmp_path / "c.glb", replace(ball, colors=srgb))
    stored = Glb(tmp_path / "c.glb").attribute("COLOR_0")
    assert (stored[:, 3] == 65535).all()
    linear = stored[:, :3] / 65535
    back = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.array_equal(np.round(back * 255), srgb)
    assert stored[srgb[:, 0] == 188, 0] == pytest.approx(0.5029 * 65535, abs=5)


def test_filled_vertices_are_told_and_read_back(tmp_path: Path) -> None:
    ball = sphere()
    filled = ball.vertices[:, 1] > 40
    write(tmp_path / "m.glb", replace(ball, filled=filled))
    glb = Glb(tmp_path / "m.glb")
    accessor = glb.doc["accessors"][glb.primitives[0]["attributes"]["_FILLED"]]
    assert (accessor["componentType"], accessor["type"]) == (5121, "SCALAR")
    view = glb.doc["bufferViews"][accessor["bufferView"]]
    assert view["byteStride"] == 4
    flags = np.frombuffer(glb.view(accessor["bufferView"]), np.uint8).reshape(-1, 4)
    above = glb.attribute("POSITION")[:, 1] > 0.04
    np.testing.assert_array_equal(flags[:, 0], above)
    assert not flags[:, 1:].any()

    read = gltf.read(tmp_path / "m.glb")[0].geometry
    np.testing.assert_array_equal(read.filled, read.vertices[:, 1] > 0.04)
    assert read.filled.sum() == filled.sum()


def test_nothing_filled_is_not_mentioned(tmp_path: Path) -> None:
    ball = sphere()
    write(tmp_path / "none.glb", ball)
    write(tmp_path / "no.glb", replace(ball, filled=np.zeros(len(ball.vertices))))
    assert (tmp_path / "none.glb").read_bytes() == (tmp_path / "no.glb").read_bytes()
    assert gltf.read(tmp_path / "no.glb")[0].geometry.filled is None


def test_a_filled_vertex_on_a_seam_is_filled_on_both_sides(tmp_path: Path) -> None:
    shape = painted(Material("m", texture=texture()))
    write(tmp_path / "m.glb", replace(shape, filled=np.arange(8) == 3))
    read = gltf.read(tmp_path / "m.glb")[0].geometry
    np.testing.assert_allclose(read.vertices[read.filled], shape.vertices[[3]] / 1000)


def test_texture_is_not_multiplied_with_vertex_colours(tmp_path: Path) -> None:
    mesh = replace(painted(Material("m", texture=texture())), colors=np.full((8, 3), 90))
    write(tmp_path / "m.glb", mesh)
    assert set(Glb(tmp_path / "m.glb").primitives[0]["attributes"]) == {
        "POSITION",
        "NORMAL",
        "TEXCOORD_0",
    }


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_texture_bytes_are_the_source_s_own_and_stored_once(tmp_path: Path, kind: str) -> None:
    data = image(kind, (16, 8))
    two = tuple(
        Material(n, texture=Texture(n, data, f"image/{kind}", 16, 8))  # type: ignore[arg-type]
        for n in "ab"
    )
    mesh = replace(painted(two[0]), materials=two, face_material=np.arange(12) % 2)
    write(tmp_path / "t.glb", mesh)
    glb = Glb(tmp_path / "t.glb")
    assert len(glb.doc["images"]) == len(glb.doc["textures"]) == 1
    assert glb.view(glb.doc["images"][0]["bufferView"]) == data
    assert glb.doc["images"][0]["mimeType"] == f"image/{kind}"
    declared = ["EXT_texture_webp"] if kind == "webp" else None
    assert glb.doc.get("extensionsRequired") == glb.doc.get("extensionsUsed") == declared


def test_occlusion_stands_beside_the_colours(tmp_path: Path) -> None:
    shadow = texture("png", (16, 16))
    bare = painted(Material("m", occlusion=shadow))
    write(tmp_path / "m.glb", replace(bare, colors=np.full((8, 3), 90)))
    glb = Glb(tmp_path / "m.glb")
    assert {"TEXCOORD_0", "COLOR_0"} < set(glb.primitives[0]["attributes"])
    (material,) = glb.doc["materials"]
    assert "baseColorTexture" not in material["pbrMetallicRoughness"]
    image = glb.doc["textures"][material["occlusionTexture"]["index"]]["source"]
    assert glb.view(glb.doc["images"][image]["bufferView"]) == shadow.data


def test_texture_repeats_only_where_it_must(tmp_path: Path) -> None:
    inside = painted(Material("m", texture=texture()))
    write(tmp_path / "a.glb", inside)
    write(tmp_path / "b.glb", replace(inside, corner_uv=cube_uv() + 0.6))
    assert Glb(tmp_path / "a.glb").doc["samplers"][0]["wrapS"] == 33071
    assert Glb(tmp_path / "b.glb").doc["samplers"][0]["wrapS"] == 10497


def test_open_meshes_are_double_sided(tmp_path: Path) -> None:
    write(tmp_path / "closed.glb", cube())
    write(tmp_path / "open.glb", cube().take_faces(np.arange(10)))
    assert Glb(tmp_path / "closed.glb").doc["materials"][0]["doubleSided"] is False
    assert Glb(tmp_path / "open.glb").doc["materials"][0]["doubleSided"] is True


def test_faces_without_area_and_unused_vertices_are_dropped(tmp_path: Path) -> None:
    """Also a face that has an area in float64 millimetres and none in float32 metres."""
    far = 5e6
    near = [[0, 0, 0], [1000, 0, 0], [0, 1000, 0], [9, 9, 9], [500, 0, 0]]
    vertices = np.array([*near, [far] * 3, [far + 1e-2, far, far], [far, far + 1e-2, far]])
    faces = np.array([[0, 1, 2], [0, 1, 1], [0, 4, 1], [5, 6, 7]])
    summary = write(tmp_path / "d.glb", Mesh(vertices, faces))
    assert (summary.triangles, summary.vertices, summary.dropped_triangles) == (1, 3, 3)
    assert Glb(tmp_path / "d.glb").attribute("POSITION").tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
    ]


def test_given_normals_stay_and_missing_ones_are_filled_in(tmp_path: Path) -> None:
    ball = sphere()
    radial = ball.vertices / 50
    given = radial.copy()
    given[::7] = 0
    given[3] = [1, 0, 0]
    write(tmp_path / "n.glb", replace(ball, normals=given))
    normals = Glb(tmp_path / "n.glb").attribute("NORMAL")
    assert normals[3].tolist() == [1, 0, 0]
    assert np.einsum("ij,ij->i", normals, radial)[::7].min() > 0.99


def test_index_width_follows_the_vertex_count(tmp_path: Path) -> None:
    """65535 vertices still fit 16 bits; index 65535 would be the restart value."""
    for count, width in ((65535, np.uint16), (65538, np.uint32)):
        vertices = np.random.default_rng(0).random((count, 3))
        faces = np.arange(count).reshape(-1, 3)
        write(tmp_path / "i.glb", Mesh(vertices, faces), np.eye(4))
        glb = Glb(tmp_path / "i.glb")
        assert glb.triangles().dtype == width
        assert np.array_equal(glb.triangles(), faces)


def test_same_mesh_same_bytes_and_names_and_rights_are_in_them(tmp_path: Path) -> None:
    mesh = zoo()["several materials"]
    options = {
        "name": "双耳瓶",
        "copyright": "© Sample Museum, CC BY 4.0",
        "extras": {"z": 1, "a": {"scale": None, "notes": []}},
    }
    first = write(tmp_path / "a.glb", mesh, **options)
    second = write(tmp_path / "b.glb", mesh, **options)
    assert first == second
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()
    assert first.bytes == (tmp_path / "a.glb").stat().st_size
    doc = Glb(tmp_path / "a.glb").doc
    assert doc["nodes"] == [{"mesh": 0, "name": "双耳瓶"}]
    assert doc["asset"]["copyright"] == "© Sample Museum, CC BY 4.0"
    assert doc["asset"]["generator"] == "relicscan test"
    assert list(doc["asset"]["extras"]) == ["a", "z"]
    assert doc["asset"]["extras"]["a"] == {"notes": [], "scale": None}


@pytest.mark.parametrize(
    ("mesh", "words"),
    [
        (Mesh(np.zeros((3, 3)), np.array([[0, 1, 2]])), "no triangle is left"),
        (Mesh(np.zeros((0, 3)), np.zeros((0, 3))), "no triangle is left"),
        (replace(cube(), vertices=np.full((8, 3), np.nan)), "not finite"),
        (replace(cube(), vertices=cube().vertices * 1e45), "not finite"),
        (
            replace(
                painted(Material("m", texture=texture())), corner_uv=np.full((12, 3, 2), np.nan)
            ),
            "texture coordinates",
        ),
    ],
)
def test_meshes_that_cannot_be_delivered(tmp_path: Path, mesh: Mesh, words: str) -> None:
    with pytest.raises(StageError, match=words):
        write(tmp_path / "x.glb", mesh)
    assert list(tmp_path.iterdir()) == []


def test_input_is_left_as_it_was(tmp_path: Path) -> None:
    mesh = zoo()["several materials"]
    before = (mesh.vertices.copy(), mesh.faces.copy(), mesh.corner_uv.copy())
    write(tmp_path / "m.glb", mesh)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(before, (mesh.vertices, mesh.faces, mesh.corner_uv), strict=True)
    )


def test_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "no such folder" / "m.glb", cube(), MM)
