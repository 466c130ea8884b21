"""glTF: each way to store a mesh gives the same box, each way to break it a ScanError."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.formats import _gltf_counts, gltf
from relicscan.formats.images import open_image
from relicscan.relic import Mesh, PointCloud, Scan
from tests.formats.mesh_examples import (
    BOX_FACES,
    BOX_QUADS,
    BOX_VERTICES,
    BOX_VOLUME,
    EXAMPLES,
    GltfBuilder,
    glb,
    image,
    volume,
)

TEXELS = np.array([[[40 * r, 40 * c, 7] for c in range(4)] for r in range(4)], np.uint8)
FLOATS = BOX_VERTICES.astype("<f4")


def read(folder: Path, content: bytes | GltfBuilder | dict[str, Any]) -> Scan:
    if isinstance(content, GltfBuilder):
        content = content.glb()
    if isinstance(content, dict):
        content = json.dumps({"asset": {"version": "2.0"}, **content}).encode()
    path = folder / "a.glb"
    path.write_bytes(content)
    (scan,) = gltf.read(path)
    peek = gltf.peek(path)
    assert (peek.kind == "mesh") == isinstance(scan.geometry, Mesh)
    if isinstance(scan.geometry, Mesh):
        assert peek.faces == len(scan.geometry.faces)
    else:
        assert peek.points == len(scan.geometry)
    return scan


def mesh_of(scan: Scan) -> Mesh:
    assert isinstance(scan.geometry, Mesh)
    return scan.geometry


def corners(mesh: Mesh) -> np.ndarray:
    """(m, 3, 3): where each corner of each triangle is, whatever the order of the vertices."""
    return mesh.vertices[mesh.faces]


@pytest.mark.parametrize("extension", [".glb", ".gltf"])
def test_the_example_is_the_box_with_its_seams_closed(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"box{extension}"
    EXAMPLES[extension](path)
    (scan,) = gltf.read(path)
    mesh = mesh_of(scan)
    assert len(mesh.vertices) == 8
    assert np.array_equal(corners(mesh), BOX_VERTICES[BOX_FACES])
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(BOX_VOLUME)
    assert mesh.corner_uv is not None
    assert mesh.corner_uv[0].tolist() == [[0, 0], [1, 0], [1, 1]]
    assert (scan.unit, scan.up) == ("m", "+Y")
    assert scan.unit_basis == scan.up_basis == "glTF specification"
    assert scan.warnings == ()
    peek = gltf.peek(path)
    assert (peek.points, peek.faces, peek.textured, peek.unit) == (-1, 12, True, "m")


def test_texels_lie_where_the_corners_say(tmp_path: Path) -> None:
    """(0, 0) of glTF is the upper left corner of the image."""
    built = GltfBuilder()
    positions = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4")
    uv = np.array([[0.125, 0.125], [0.875, 0.125], [0.125, 0.875]], "<f4")
    built.json["images"] = [{"bufferView": built.view(image(TEXELS)), "name": "skin"}]
    built.json["textures"] = [{"source": 0}]
    base = {"baseColorTexture": {"index": 0}, "baseColorFactor": [1, 0.5, 0.25, 0.5]}
    built.json["materials"] = [{"name": "paint", "pbrMetallicRoughness": base}]
    attributes = {"POSITION": built.accessor(positions), "TEXCOORD_0": built.accessor(uv)}
    built.mesh({"attributes": attributes, "material": 0})
    mesh = mesh_of(read(tmp_path, built))
    (material,) = mesh.materials
    assert material.name == "paint"
    assert material.base_color == (1, 0.5, 0.25, 1)
    assert material.texture is not None
    assert material.texture.data == image(TEXELS)
    assert material.texture.name == "skin"
    assert mesh.corner_uv is not None
    column, row = (mesh.corner_uv[0] * 4).astype(int).T
    expected = [TEXELS[0, 0], TEXELS[0, 3], TEXELS[3, 0]]
    assert np.array_equal(np.asarray(open_image(material.texture.data))[row, column], expected)


def interleaved(built: GltfBuilder) -> dict[str, Any]:
    records = np.zeros(8, [("p", "<f4", 3), ("c", "u1", 4)])
    records["p"], records["c"] = FLOATS, 255
    view = built.view(records.tobytes(), byteStride=16)
    for offset, kind, code, more in ((0, "VEC3", 5126, {}), (12, "VEC4", 5121, {})):
        described = {"bufferView": view, "byteOffset": offset, "componentType": code}
        built.json["accessors"].append({**described, "count": 8, "type": kind, **more})
    built.json["accessors"][1]["normalized"] = True
    indices = built.accessor(BOX_FACES.astype("<u4").ravel())
    return {"attributes": {"POSITION": 0, "COLOR_0": 1}, "indices": indices}


def sparse(built: GltfBuilder) -> dict[str, Any]:
    primitive = built.box()
    wrong = FLOATS.copy()
    wrong[[1, 6]] = 99
    where, what = np.array([1, 6], "u1"), FLOATS[[1, 6]]
    position = built.accessor(wrong)
    built.json["accessors"][position]["sparse"] = {
        "count": 2,
        "indices": {"bufferView": built.view(where.tobytes()), "componentType": 5121},
        "values": {"bufferView": built.view(what.tobytes())},
    }
    return {**primitive, "attributes": {"POSITION": position}}


def sparse_over_nothing(built: GltfBuilder) -> dict[str, Any]:
    primitive = sparse(built)
    position = built.json["accessors"][primitive["attributes"]["POSITION"]]
    del position["bufferView"]
    position["sparse"]["count"] = 8
    every = np.arange(8, dtype="<u2")
    position["sparse"]["indices"] = {
        "bufferView": built.view(every.tobytes()),
        "componentType": 5123,
    }
    position["sparse"]["values"] = {"bufferView": built.view(FLOATS.tobytes())}
    return primitive


def not_indexed(built: GltfBuilder) -> dict[str, Any]:
    return {"attributes": {"POSITION": built.accessor(FLOATS[BOX_FACES.ravel()])}}


def whole_numbers(built: GltfBuilder) -> dict[str, Any]:
    built.json["extensionsRequired"] = ["KHR_mesh_quantization"]
    padded = np.zeros((8, 4), "i1")
    padded[:, :3] = BOX_VERTICES
    view = built.view(padded.tobytes(), byteStride=4)
    built.json["accessors"].append(
        {"bufferView": view, "componentType": 5120, "count": 8, "type": "VEC3"}
    )
    return {**built.box(), "attributes": {"POSITION": len(built.json["accessors"]) - 3}}


def draco(built: GltfBuilder) -> dict[str, Any]:
    import DracoPy

    data = DracoPy.encode(FLOATS, BOX_FACES.astype(np.uint32), preserve_order=True)
    built.json["extensionsRequired"] = ["KHR_draco_mesh_compression"]
    built.json["accessors"] += [
        {"componentType": 5126, "count": 8, "type": "VEC3"},
        {"componentType": 5125, "count": 36, "type": "SCALAR"},
    ]
    extension = {"bufferView": built.view(data), "attributes": {"POSITION": 0}}
    return {
        "attributes": {"POSITION": 0},
        "indices": 1,
        "extensions": {"KHR_draco_mesh_compression": extension},
    }


@pytest.mark.parametrize(
    "primitive",
    [GltfBuilder.box, interleaved, sparse, sparse_over_nothing, not_indexed, whole_numbers, draco],
)
def test_every_way_to_store_the_box(
    tmp_path: Path, primitive: Callable[[GltfBuilder], dict[str, Any]]
) -> None:
    built = GltfBuilder()
    built.mesh(primitive(built))
    mesh = mesh_of(read(tmp_path, built))
    # Draco quantises to 14 bits of the longest side here.
    tolerance = 4 / 2**13 if primitive is draco else 0
    np.testing.assert_allclose(corners(mesh), BOX_VERTICES[BOX_FACES], atol=tolerance)
    assert len(mesh.vertices) == 8


def packed(
    built: GltfBuilder, array: np.ndarray, mode: str, filtered: str | None = None, **more: Any
) -> int:
    """An accessor whose view is compressed with meshopt; rows are a multiple of four bytes."""
    import meshopt

    built.json["extensionsRequired"] = ["EXT_meshopt_compression", "KHR_mesh_quantization"]
    data = meshopt.encode_gltf_buffer(array, mode)
    start = built.json["bufferViews"][built.view(data)]
    size = array.nbytes // len(array)
    extension = {**start, "mode": mode, "count": len(array), "byteStride": size}
    if filtered:
        extension["filter"] = filtered
    view = {"buffer": 1, "byteLength": array.nbytes}
    if mode == "ATTRIBUTES":
        view["byteStride"] = size
    view["extensions"] = {"EXT_meshopt_compression": extension}
    built.json["bufferViews"].append(view)
    described = {"bufferView": len(built.json["bufferViews"]) - 1, "count": len(array), **more}
    built.json["accessors"].append(described)
    return len(built.json["accessors"]) - 1


def packed_box(built: GltfBuilder) -> bytes:
    """The box as whole numbers in steps of 1/2, all of it compressed; a GLB."""
    rows = np.zeros((8, 4), "<i2")
    rows[:, :3] = BOX_VERTICES * 2
    position = packed(built, rows, "ATTRIBUTES", componentType=5122, type="VEC3")
    corners = BOX_FACES.astype("<u4").ravel()
    indices = packed(built, corners, "TRIANGLES", componentType=5125, type="SCALAR")
    primitive = {"attributes": {"POSITION": position}, "indices": indices}
    built.mesh(primitive, scale=[0.5, 0.5, 0.5])
    return packed_glb(built)


def packed_glb(built: GltfBuilder) -> bytes:
    sizes = [{"byteLength": len(built.binary)}, {"byteLength": 1000}]
    sizes[1]["extensions"] = {"EXT_meshopt_compression": {"fallback": True}}
    return glb(json.dumps({**built.json, "buffers": sizes}).encode(), bytes(built.binary))


def test_meshopt_and_whole_numbers_give_the_same_box(tmp_path: Path) -> None:
    mesh = mesh_of(read(tmp_path, packed_box(GltfBuilder())))
    assert len(mesh.vertices) == 8
    # The codec may begin a triangle at another corner.
    first = np.argmax((corners(mesh) == BOX_VERTICES[BOX_FACES][:, :1]).all(axis=2), axis=1)
    turned = np.stack([np.roll(t, -k, axis=0) for t, k in zip(corners(mesh), first, strict=True)])
    assert np.array_equal(turned, BOX_VERTICES[BOX_FACES])


def meshopt_change(view: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    """Other values in the extension of the view that is the `view`-th compressed one."""

    def apply(described: dict[str, Any]) -> None:
        views = [v["extensions"] for v in described["bufferViews"] if "extensions" in v]
        views[view]["EXT_meshopt_compression"].update(changes)

    return apply


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (meshopt_change(0, mode="POINTS"), "unknown mode POINTS"),
        (meshopt_change(0, filter="COLOR"), "unknown filter COLOR"),
        (meshopt_change(0, filter="QUATERNION", count=16, byteStride=4), "stride of 4 bytes"),
        (meshopt_change(1, filter="OCTAHEDRAL"), "filters what is no vertex data"),
        (meshopt_change(0, count=9), "another length than its compressed data"),
        (meshopt_change(0, count=4, byteStride=16), "cannot be decoded|past the end"),
        (meshopt_change(1, count=72, byteStride=2), "cannot be decoded"),
        (meshopt_change(0, mode="TRIANGLES", count=16, byteStride=4), "16 elements"),
        (meshopt_change(0, mode="INDICES", count=16, byteStride=4), "another kind than INDICES"),
        (meshopt_change(0, byteLength=10), "cannot be decoded"),
        (meshopt_change(0, byteLength=0), "another kind"),
        (meshopt_change(0, byteOffset=10**9), "past the end of its buffer"),
        (meshopt_change(0, buffer=1), r"buffers\[1\] has no data"),
        (meshopt_change(0, buffer=2), "no number 2"),
    ],
)
def test_broken_meshopt_data_are_named(
    tmp_path: Path, broken: Callable[[dict[str, Any]], None], why: str
) -> None:
    content = packed_box(GltfBuilder())
    size = struct.unpack_from("<I", content, 12)[0]
    described = json.loads(content[20 : 20 + size])
    broken(described)
    path = tmp_path / "a.glb"
    path.write_bytes(glb(json.dumps(described).encode(), content[28 + size :]))
    with pytest.raises(ScanError, match=why) as error:
        gltf.read(path)
    assert error.value.remedy


def test_no_claim_is_allocated_that_the_compressed_bytes_cannot_hold(tmp_path: Path) -> None:
    content = packed_box(GltfBuilder())
    size = struct.unpack_from("<I", content, 12)[0]
    described = json.loads(content[20 : 20 + size])
    views = [v for v in described["bufferViews"] if "extensions" in v]
    views[0]["byteLength"] = 8 * 10**8
    meshopt_change(0, count=10**8)(described)
    path = tmp_path / "a.glb"
    path.write_bytes(glb(json.dumps(described).encode(), content[28 + size :]))
    with pytest.raises(ScanError, match=r"claims 800,000,000 bytes out of"):
        gltf.read(path)


@pytest.mark.parametrize("code", ["u1", "<u2", "<u4"])
def test_indices_of_every_type(tmp_path: Path, code: str) -> None:
    built = GltfBuilder()
    indices = built.accessor(BOX_FACES.astype(code).ravel())
    built.mesh({"attributes": {"POSITION": built.accessor(FLOATS)}, "indices": indices})
    assert np.array_equal(corners(mesh_of(read(tmp_path, built))), BOX_VERTICES[BOX_FACES])


def test_strips_and_fans_are_wound_as_specified(tmp_path: Path) -> None:
    built = GltfBuilder()
    band = np.array([[i // 2, i % 2, 0] for i in range(6)], "<f4")[:, [0, 1, 2]]
    band[:, 1] *= -1  # so that the first triangle faces +z
    built.mesh({"attributes": {"POSITION": built.accessor(band)}, "mode": 5})
    angles = np.arange(6) * np.pi / 3
    ring = np.stack([np.cos(angles), np.sin(angles), np.full(6, 5.0)], axis=1).astype("<f4")
    built.mesh({"attributes": {"POSITION": built.accessor(ring)}, "mode": 6})
    mesh = mesh_of(read(tmp_path, built))
    a, b, c = corners(mesh).swapaxes(0, 1)
    upward = np.cross(b - a, c - a)[:, 2]
    assert len(mesh.faces) == 4 + 4
    assert np.allclose(np.abs(upward[:4]), 1)
    assert len(set(np.sign(upward[:4]))) == 1
    assert (upward[4:] > 0).all()
    assert upward[4:].sum() / 2 == pytest.approx(6 / 2 * np.sin(np.pi / 3), rel=1e-6)


def test_points_count_only_where_there_are_no_triangles(tmp_path: Path) -> None:
    built = GltfBuilder()
    colors = np.array([[0.0, 0.2158605, 1.0]] * 8, "<f4")
    attributes = {"POSITION": built.accessor(FLOATS), "COLOR_0": built.accessor(colors)}
    built.mesh({"attributes": attributes, "mode": 0}, translation=[1, 0, 0])
    built.mesh({"attributes": attributes, "mode": 1})
    scan = read(tmp_path, built)
    assert isinstance(scan.geometry, PointCloud)
    assert np.array_equal(scan.geometry.points - [1, 0, 0], BOX_VERTICES)
    assert scan.geometry.colors is not None
    assert (scan.geometry.colors == [0, 128, 255]).all()
    built.mesh(built.box())
    assert len(mesh_of(read(tmp_path, built)).vertices) == 8


def test_transforms_compose_and_mirrors_stay_outside_out(tmp_path: Path) -> None:
    built = GltfBuilder()
    turn = [0, 0, np.sqrt(0.5), np.sqrt(0.5)]  # +x to +y
    built.mesh(built.box(), scale=[2, 1, -1], translation=[1, 0, 0])
    built.json["nodes"].append({"children": [0], "rotation": turn, "translation": [0, 0, 7]})
    built.json["scenes"] = [{"nodes": []}, {"nodes": [1]}]
    built.json["scene"] = 1
    mesh = mesh_of(read(tmp_path, built))
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(2 * BOX_VOLUME)
    assert mesh.vertices.min(axis=0) == pytest.approx([-3, 1, 3])
    assert mesh.vertices.max(axis=0) == pytest.approx([0, 5, 7])


def test_matrices_are_stored_by_columns_and_meshes_placed_twice(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.mesh(built.box())
    matrix = [0, 1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 10, 20, 30, 1]
    built.json["nodes"].append({"mesh": 0, "matrix": matrix})
    mesh = mesh_of(read(tmp_path, built))
    assert len(mesh.vertices) == 16
    assert volume(mesh.vertices, mesh.faces) == pytest.approx(2 * BOX_VOLUME)
    moved = corners(mesh)[12:]
    expected = BOX_VERTICES[BOX_FACES] @ [[0, 1, 0], [-1, 0, 0], [0, 0, 1]] + [10, 20, 30]
    np.testing.assert_allclose(moved, expected)


def test_seams_close_under_any_transform(tmp_path: Path) -> None:
    built = GltfBuilder()
    rng = np.random.default_rng(5)
    points = rng.normal(size=(500, 3)).astype("<f4")
    faces = rng.integers(0, 500, (3000, 3))
    turn = rng.normal(size=4)
    turn /= np.linalg.norm(turn)
    primitive = {"attributes": {"POSITION": built.accessor(points[faces.ravel()])}}
    built.mesh(primitive, rotation=turn.tolist(), scale=[0.1, 3, 7], translation=[1e3, 0.1, 7])
    mesh = mesh_of(read(tmp_path, built))
    assert len(mesh.vertices) == len(np.unique(faces))


def test_vertices_in_no_triangle_are_left_out(tmp_path: Path) -> None:
    built = GltfBuilder()
    primitive = built.box()
    for quad in BOX_QUADS[:2]:
        indices = built.accessor(quad[[0, 1, 2]].astype("u1"))
        built.mesh({**primitive, "indices": indices})
    mesh = mesh_of(read(tmp_path, built))
    assert len(mesh.vertices) == 6
    assert np.array_equal(corners(mesh), BOX_VERTICES[BOX_QUADS[:2, :3]])


def test_vertex_colours_are_linear_and_edges_between_them_stay(tmp_path: Path) -> None:
    built = GltfBuilder()
    linear = np.repeat([[0, 55, 255, 255], [255, 255, 255, 255]], 4, axis=0).astype("u1")
    color = built.accessor(linear, normalized=True)
    built.mesh(built.box(COLOR_0=color))
    half = np.full((8, 3), 32768, "<u2")
    built.mesh(built.box(COLOR_0=built.accessor(half, normalized=True)), translation=[9, 0, 0])
    built.mesh(built.box(), translation=[0, 9, 0])
    built.mesh(built.box(COLOR_0=color), translation=[0, 9, 0])
    mesh = mesh_of(read(tmp_path, built))
    assert mesh.colors is not None
    assert mesh.colors[mesh.faces[0, 0]].tolist() == [0, 128, 255]
    assert mesh.colors[mesh.faces[12, 0]].tolist() == [188, 188, 188]
    assert mesh.colors[mesh.faces[24, 0]].tolist() == [255, 255, 255]
    assert len(mesh.vertices) == 8 + 8 + 8 + 4  # half of the last box has the colours of the third


def textured(built: GltfBuilder, info: dict[str, Any], **texture: Any) -> None:
    """A triangle whose material has the base colour texture `info`."""
    built.json.setdefault("images", [{"bufferView": built.view(image(TEXELS))}])
    built.json["textures"] = [{"source": 0, **texture}]
    built.json["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, **info}}}]
    positions = built.accessor(np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4"))
    first = built.accessor(np.array([[0, 0], [1, 0], [1, 1]], "<f4"))
    second = built.accessor(np.array([[0, 0], [128, 0], [255, 51]], "u1"), normalized=True)
    attributes = {"POSITION": positions, "TEXCOORD_0": first, "TEXCOORD_1": second}
    built.mesh({"attributes": attributes, "material": 0})


def test_the_material_chooses_its_texture_coordinates(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {"texCoord": 1})
    mesh = mesh_of(read(tmp_path, built))
    expected = np.array([[[0, 0], [128 / 255, 0], [1, 0.2]]], np.float32)
    assert mesh.corner_uv is not None
    assert np.array_equal(mesh.corner_uv, expected)


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ({"offset": [0.25, 0.5], "scale": [0.5, 0.25]}, [[0.25, 0.5], [0.75, 0.5], [0.75, 0.75]]),
        # The example of the extension: the lower left quadrant of the image, turned.
        (
            {"offset": [0, 1], "rotation": np.pi / 2, "scale": [0.5, 0.5]},
            [[0, 1], [0, 0.5], [0.5, 0.5]],
        ),
        ({"texCoord": 1}, [[0, 0], [128 / 255, 0], [1, 0.2]]),
    ],
)
def test_texture_transforms_are_applied(
    tmp_path: Path, transform: dict[str, Any], expected: list[list[float]]
) -> None:
    built = GltfBuilder()
    textured(built, {"extensions": {"KHR_texture_transform": transform}})
    mesh = mesh_of(read(tmp_path, built))
    assert mesh.corner_uv is not None
    np.testing.assert_allclose(mesh.corner_uv[0], expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_images_of_all_kinds_inside_and_beside_the_file(tmp_path: Path, kind: str) -> None:
    data = image(TEXELS, kind)
    (tmp_path / "über 1.img").write_bytes(data)
    for uri in ("%C3%BCber%201.img", "über 1.img", ".\\ÜBER 1.IMG"):
        built = GltfBuilder()
        built.json["images"] = [{"uri": uri}]
        textured(built, {})
        texture = mesh_of(read(tmp_path, built)).materials[0].texture
        assert texture is not None
        assert texture.data == data
        assert gltf.references(tmp_path / "a.glb") == [tmp_path / "über 1.img"]
    built = GltfBuilder()
    built.json["images"] = [{"bufferView": built.view(data)}, {"bufferView": built.view(b"junk")}]
    textured(built, {}, source=1, extensions={"EXT_texture_webp": {"source": 0}})
    scan = read(tmp_path, built)
    assert mesh_of(scan).textured
    assert scan.warnings == ()


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        ({"uri": "gone.png"}, "'gone.png', which is missing"),
        ({"uri": "../secret.png"}, "leaves the folder"),
        ({"uri": "%2e%2e/secret.png"}, "leaves the folder"),
        ({"uri": "http://example.com/a.png"}, "URL"),
        ({"uri": "data:image/png;base64,AAAA"}, "cannot be decoded"),
        ({"uri": "data:image/png;base64,?"}, "not base64"),
        ({"uri": "data:"}, "without data"),
        ({}, "empty"),
        ({"bufferView": 99}, "has no number 99"),
        ({"uri": 7}, "not a text"),
        ({"uri": "data:;base64,q0tUWCAyMLsNChoK"}, "KTX2"),
    ],
)
def test_a_missing_texture_does_not_cost_the_relic(
    tmp_path: Path, picture: dict[str, Any], why: str
) -> None:
    (tmp_path / "secret.png").write_bytes(image(TEXELS))
    folder = tmp_path / "scan"
    folder.mkdir()
    built = GltfBuilder()
    built.json["images"] = [picture]
    textured(built, {})
    scan = read(folder, built)
    assert len(mesh_of(scan).faces) == 1
    assert not mesh_of(scan).textured
    (warning,) = scan.warnings
    assert why in warning


def test_occlusion_is_kept_with_the_coordinates_it_shares(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {"texCoord": 1})
    built.json["materials"][0]["occlusionTexture"] = {"index": 0, "texCoord": 1}
    scan = read(tmp_path, built)
    (material,) = mesh_of(scan).materials
    assert material.texture is not None
    assert material.occlusion is not None
    assert not scan.warnings


def test_occlusion_alone_brings_its_own_coordinates(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {})
    built.json["materials"] = [{"occlusionTexture": {"index": 0, "texCoord": 1}}]
    mesh = mesh_of(read(tmp_path, built))
    assert mesh.textured
    assert mesh.materials[0].texture is None
    assert mesh.corner_uv is not None
    assert mesh.corner_uv[0, 2].tolist() == [1, np.float32(0.2)]


def test_occlusion_with_coordinates_of_its_own_is_named(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {"texCoord": 1})
    built.json["materials"][0]["occlusionTexture"] = {"index": 0}
    scan = read(tmp_path, built)
    assert mesh_of(scan).materials[0].occlusion is None
    assert "occlusion texture with coordinates of its own" in scan.warnings[0]


def test_a_normal_map_is_kept_with_the_coordinates_it_shares(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {"texCoord": 1})
    built.json["materials"][0]["normalTexture"] = {"index": 0, "texCoord": 1}
    scan = read(tmp_path, built)
    (material,) = mesh_of(scan).materials
    assert material.normal is not None
    assert material.normal.data == image(TEXELS)
    assert scan.warnings == ()


def test_a_normal_map_alone_makes_a_textured_mesh(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {})
    built.json["materials"] = [{"normalTexture": {"index": 0, "texCoord": 1}}]
    mesh = mesh_of(read(tmp_path, built))
    assert mesh.textured
    assert mesh.materials[0].texture is None
    assert mesh.corner_uv is not None
    assert mesh.corner_uv[0, 2].tolist() == pytest.approx([1, 0.2])
    assert gltf.peek(tmp_path / "a.glb").textured


TURNED = {"KHR_texture_transform": {"rotation": 1.0}}
STRETCHED = {"KHR_texture_transform": {"offset": [0.1, 0.2], "scale": [0.5, 2]}}


@pytest.mark.parametrize(
    ("base", "normal", "words"),
    [
        ({}, {"texCoord": 1}, "normal texture with coordinates of its own"),
        ({"extensions": TURNED}, {"extensions": TURNED}, "turned coordinates"),
        ({}, {"scale": 0.5}, "strength of the normal texture"),
        ({"extensions": STRETCHED}, {"extensions": STRETCHED}, None),
    ],
)
def test_what_a_normal_map_loses_is_named(
    tmp_path: Path, base: dict[str, Any], normal: dict[str, Any], words: str | None
) -> None:
    built = GltfBuilder()
    textured(built, base)
    built.json["materials"][0]["normalTexture"] = {"index": 0, **normal}
    scan = read(tmp_path, built)
    kept = words is None or "strength" in words
    assert (mesh_of(scan).materials[0].normal is not None) == kept
    assert [words in w for w in scan.warnings] == ([True] if words else [])


def test_ktx2_alone_is_named(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.json["extensionsRequired"] = ["KHR_texture_basisu"]
    built.json["images"] = [{"bufferView": built.view(b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(60))}]
    textured(built, {})
    built.json["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]
    (warning,) = read(tmp_path, built).warnings
    assert "KTX2" in warning


def test_what_is_not_kept_is_named(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.json["materials"] = [
        {"alphaMode": "BLEND"},
        {
            "emissiveTexture": {"index": 0},
            "pbrMetallicRoughness": {"metallicRoughnessTexture": {"index": 0}},
        },
        {"name": 5, "pbrMetallicRoughness": {"baseColorTexture": {"index": 3}}},
    ]
    primitive = built.box()
    built.mesh(*({**primitive, "material": i} for i in range(3)), primitive)
    built.json["animations"] = [{}]
    scan = read(tmp_path, built)
    broken, left_out, moving = scan.warnings
    assert "textures has no number 3" in broken
    for what in ("emissive", "metallic-roughness", "transparency"):
        assert what in left_out
    assert "animations" in moving
    mesh = mesh_of(scan)
    assert [m.name for m in mesh.materials] == ["material 0", "material 1", "default", "default"]
    assert mesh.face_material is not None
    assert mesh.face_material.tolist() == np.repeat(range(4), 12).tolist()


def test_specular_glossiness_of_older_exports(tmp_path: Path) -> None:
    built = GltfBuilder()
    textured(built, {})
    gloss = {"diffuseFactor": [0.5, 0.5, 0.5, 1], "diffuseTexture": {"index": 0}}
    built.json["materials"] = [{"extensions": {"KHR_materials_pbrSpecularGlossiness": gloss}}]
    (material,) = mesh_of(read(tmp_path, built)).materials
    assert material.texture is not None
    assert material.base_color == (0.5, 0.5, 0.5, 1)


def test_draco_attributes_are_found_by_their_ids(tmp_path: Path) -> None:
    import DracoPy

    wrong = FLOATS[::-1].copy()
    uv = FLOATS[:, :2] / 4
    data = DracoPy.encode(
        FLOATS,
        BOX_FACES.astype(np.uint32),
        preserve_order=True,
        quantization_bits=20,
        generic_attributes={7: wrong, 9: uv.astype(np.float32)},
    )
    built = GltfBuilder()
    built.json["accessors"] = [
        {"componentType": 5126, "count": 8, "type": "VEC3"},
        {"componentType": 5126, "count": 8, "type": "VEC2"},
        {"componentType": 5125, "count": 36, "type": "SCALAR"},
    ]
    ids = {a["unique_id"]: a["data"] for a in DracoPy.decode(data).attributes}
    assert {7, 9} < set(ids)
    position = next(i for i in ids if i not in (7, 9))
    extension = {
        "bufferView": built.view(data),
        "attributes": {"TEXCOORD_0": 9, "POSITION": position},
    }
    primitive = {
        "attributes": {"POSITION": 0, "TEXCOORD_0": 1},
        "indices": 2,
        "extensions": {"KHR_draco_mesh_compression": extension},
    }
    built.mesh(primitive)
    mesh = mesh_of(read(tmp_path, built))
    np.testing.assert_allclose(corners(mesh), BOX_VERTICES[BOX_FACES], atol=1e-4)
    assert mesh.corner_uv is not None
    np.testing.assert_allclose(mesh.corner_uv, corners(mesh)[..., :2] / 4, atol=1e-4)
    extension["attributes"]["POSITION"] = 55
    with pytest.raises(ScanError, match="not among the decoded"):
        read(tmp_path, built)
    extension["bufferView"] = built.view(data[: len(data) // 2])
    with pytest.raises(ScanError, match="cannot be decoded"):
        read(tmp_path, built)


def test_a_scene_in_millimetres_is_doubted(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.mesh(built.box(), scale=[100, 100, 100])
    (warning,) = read(tmp_path, built).warnings
    assert 'unit = "mm"' in warning


def test_a_buffer_beside_the_file_is_found_only_inside_its_folder(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.mesh(built.box())
    folder = tmp_path / "scan"
    folder.mkdir()
    (tmp_path / "box.bin").write_bytes(built.binary)
    described = {**built.json, "buffers": [{"byteLength": len(built.binary), "uri": "../box.bin"}]}
    with pytest.raises(ScanError, match="leaves the folder"):
        read(folder, described)
    described["buffers"][0]["uri"] = "box.bin"
    with pytest.raises(ScanError, match=r"'box\.bin', which is missing"):
        read(folder, described)
    (folder / "box.bin").write_bytes(built.binary[:-1])
    with pytest.raises(ScanError, match="should have"):
        read(folder, described)
    (folder / "box.bin").write_bytes(built.binary)
    assert len(mesh_of(read(folder, described)).vertices) == 8
    assert gltf.references(folder / "a.glb") == [folder / "box.bin"]


def test_a_byte_order_mark_and_other_chunks_are_passed_over(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.mesh(built.box())
    assert len(mesh_of(read(tmp_path, b"\xef\xbb\xbf" + built.gltf())).vertices) == 8
    data = bytearray(built.glb() + struct.pack("<I4s", 4, b"XXXX") + b"more")
    data[8:12] = struct.pack("<I", len(data))
    assert len(mesh_of(read(tmp_path, bytes(data) + b"trailing")).vertices) == 8


def change(**changes: Any) -> Callable[[dict[str, Any]], None]:
    """Set values in the JSON of the box by a path: accessors__0__count=7; ... deletes."""

    def apply(described: dict[str, Any]) -> None:
        for path, value in changes.items():
            *way, last = [int(key) if key.isdigit() else key for key in path.split("__")]
            target: Any = described
            for key in way:
                target = target[key]
            if value is ...:
                del target[last]
            else:
                target[last] = value

    return apply


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (change(asset__version="1.0"), "version is '1.0'"),
        (change(asset__version=2), "version is '2'"),
        (change(asset=...), "version is 'not given'"),
        (change(asset__minVersion="2.1"), "version is '2.1'"),
        (change(extensionsRequired=["EXT_new", "KHR_mesh_quantization"]), "read: EXT_new"),
        (change(meshes=5), "meshes is not an array"),
        (change(meshes__0=None), r"meshes\[0\] is not an object"),
        (change(meshes__0__primitives__0__attributes=[]), "is not an object"),
        (change(meshes__0__primitives__0__attributes={}), "has no POSITION"),
        (change(meshes__0__primitives__0__mode=9), "unknown mode 9"),
        (change(meshes__0__primitives__0__indices=77), "has no number 77"),
        (change(meshes__0__primitives__0__indices=True), "not a whole number"),
        (change(meshes__0__primitives__0__indices=0), "has 3 components instead of 1"),
        (change(meshes__0__primitives__0__attributes__POSITION=1), "POSITION has 1 components"),
        (change(meshes__0__primitives__0__attributes__COLOR_0=1), "another length than POSITION"),
        (change(nodes__0__mesh=1), "has no number 1"),
        (change(nodes__0__children=[0]), "in a circle"),
        (change(nodes__0__children=[0], scenes=[{"nodes": [0]}]), "hangs below itself"),
        (change(scenes=[{"nodes": [0, 0]}]), "hangs below itself or below two"),
        (change(scenes=[{"nodes": [8]}]), "nodes has no number 8"),
        (change(scenes=[{"nodes": [0]}], scene=4), "scenes has no number 4"),
        (change(nodes__0__matrix=[1, 2]), "is not 16 numbers"),
        (change(nodes__0__matrix=list(range(16))), "not affine"),
        (change(nodes__0__scale=[1, 1, "x"]), "is not 3 numbers"),
        (change(nodes__0__rotation=[0, 0, 0, 0]), "not a unit quaternion"),
        (change(accessors__0__count=9), "past the end of its buffer view"),
        (change(accessors__0__count=-1), "not a whole number"),
        (change(accessors__0__count=10**400), "not a whole number"),
        (change(accessors__0__count=4_000_000_000_000), "past the end|limit"),
        (change(accessors__1__count=4_000_000_000_000), "are the limit"),
        (change(accessors__1__count=35), "not three a triangle"),
        (change(accessors__0__bufferView=..., accessors__0__count=90_000_000), "no data for them"),
        (change(accessors__0__byteOffset=10**12), "past the end of its buffer view"),
        (change(accessors__0__componentType=5130), "unknown component type"),
        (change(accessors__1__componentType=5122), "not unsigned integers"),
        (change(accessors__0__type="MAT4"), "of a type that no vertex has"),
        (change(accessors__0__type=None), "of a type that no vertex has"),
        (change(bufferViews__0__byteLength=10**13), "past the end of its buffer"),
        (change(bufferViews__0__byteStride=0), "stride"),
        (change(bufferViews__0__buffer=1), "has no number 1"),
        (change(buffers__0__byteLength=5_000_000_000), "should have 5,000,000,000 bytes"),
        (change(buffers__0__uri="data:;base64,AA=="), "should have .* and has 1"),
        (change(buffers__0__uri="data:x"), "without data"),
        (change(buffers__0__uri="data:;base64,A"), "not base64"),
        (change(buffers__0__uri="file:///etc/passwd"), "URL"),
        (
            change(
                bufferViews__0__extensions={"EXT_meshopt_compression": {}},
                extensionsRequired=["EXT_meshopt_compression"],
            ),
            "count is missing",
        ),
        (
            change(accessors__0__sparse={"count": 1, "indices": {}, "values": {}}),
            "bufferView is missing",
        ),
    ],
)
def test_what_breaks_the_specification_is_named(
    tmp_path: Path, broken: Callable[[dict[str, Any]], None], why: str
) -> None:
    built = GltfBuilder()
    built.mesh(built.box())
    described = {**built.json, "buffers": [{"byteLength": len(built.binary)}]}
    broken(described)
    path = tmp_path / "a.glb"
    path.write_bytes(glb(json.dumps(described).encode(), bytes(built.binary)))
    with pytest.raises(ScanError, match=why) as error:
        gltf.read(path)
    assert error.value.remedy


def test_meshopt_data_with_a_fallback_are_read_from_that(tmp_path: Path) -> None:
    built = GltfBuilder()
    built.mesh(built.box())
    built.json["extensionsUsed"] = ["EXT_meshopt_compression"]
    built.json["bufferViews"][0]["extensions"] = {"EXT_meshopt_compression": {"buffer": 1}}
    assert len(mesh_of(read(tmp_path, built)).vertices) == 8


def test_sparse_indices_and_corner_indices_are_checked(tmp_path: Path) -> None:
    built = GltfBuilder()
    primitive = sparse(built)
    sparse_part = built.json["accessors"][primitive["attributes"]["POSITION"]]["sparse"]
    sparse_part["indices"]["bufferView"] = built.view(bytes([1, 8]))
    built.mesh(primitive)
    with pytest.raises(ScanError, match="index out of range"):
        read(tmp_path, built)
    built = GltfBuilder()
    indices = built.accessor(np.array([0, 1, 255], "u1"))
    built.mesh({**built.box(), "indices": indices})
    with pytest.raises(ScanError, match="index 255 of 8 vertices"):
        read(tmp_path, built)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"{]", "JSON cannot be read"),
        (b"[1]", "not an object"),
        (b'{"asset":{"version":"2.0"},"x":NaN}', "JSON cannot be read"),
        (b"[" * 200_000, "nested too deeply|JSON cannot be read"),
        (b"\xff\xfe{", "JSON cannot be read"),
        (b'{"asset":{"version":"2.0"}}', "no geometry"),
        (b"glTF", "within its header"),
        (struct.pack("<4sII", b"glTF", 1, 20), "version is '1'"),
        (struct.pack("<4sII", b"glTF", 2, 4_000_000_000), "should have 4,000,000,000 bytes"),
        (struct.pack("<4sIII4s", b"glTF", 2, 20, 9000, b"JSON"), "9,000 bytes goes past"),
        (struct.pack("<4sIII4s", b"glTF", 2, 20, 0, b"BIN\0"), "not JSON"),
        (glb(b'{"asset":{"version":"2.0"},"buffers":[{"byteLength":4}]}'), "no geometry"),
    ],
)
def test_broken_containers_are_named(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.glb"
    path.write_bytes(content)
    for function in (gltf.read, gltf.peek):
        with pytest.raises(ScanError, match=why):
            function(path)
    assert gltf.references(path) == []


def test_copies_are_counted_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = GltfBuilder()
    built.mesh(built.box())
    built.json["nodes"] *= 20
    monkeypatch.setattr(_gltf_counts, "_MAX_ELEMENTS", 20 * 12)
    assert len(mesh_of(read(tmp_path, built)).faces) == 240
    monkeypatch.setattr(_gltf_counts, "_MAX_PRIMITIVES", 19)
    with pytest.raises(ScanError, match="in 20 primitives"):
        read(tmp_path, built)
    monkeypatch.setattr(_gltf_counts, "_MAX_ELEMENTS", 239)
    with pytest.raises(ScanError, match=r"240 triangles and points .* are the limit"):
        read(tmp_path, built)


@pytest.mark.real
def test_a_draco_twin_is_the_same_skull(shared: Path) -> None:
    folder = shared / "scans" / "tex_whale_skull"
    plain, packed = (
        mesh_of(gltf.read(folder / f"whale_cranium{kind}.glb")[0]) for kind in ("", "_draco")
    )
    assert len(plain.vertices) == len(packed.vertices) == 50_000
    assert len(plain.faces) == len(packed.faces) == 100_000
    assert volume(packed.vertices, packed.faces) == pytest.approx(
        volume(plain.vertices, plain.faces), rel=1e-3
    )
    np.testing.assert_allclose(
        np.ptp(packed.vertices, axis=0), np.ptp(plain.vertices, axis=0), 1e-3
    )
