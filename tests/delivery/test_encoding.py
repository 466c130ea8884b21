"""Four encodings of one mesh: the same triangles, within the errors that are promised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from relicscan.delivery.conformance import check_glb
from relicscan.delivery.decoded import decoded
from relicscan.delivery.encoding import GeometryEncoding, encode_geometry
from relicscan.delivery.glb import glb_of
from relicscan.delivery.khronos import KhronosReport
from relicscan.errors import StageError
from relicscan.formats import gltf
from relicscan.relic import Material, Mesh
from tests.delivery.glb_shapes import MM, Glb, cube, in_atlas, painted, sphere, texture, write
from tests.delivery.test_glb import zoo

ENCODINGS: tuple[GeometryEncoding, ...] = ("plain", "quantized", "meshopt", "draco")
COMPRESSED: tuple[GeometryEncoding, ...] = ("quantized", "meshopt", "draco")


def full() -> Material:
    return Material(
        "all three",
        texture=texture("webp", (64, 64)),
        normal=texture("png", (64, 64)),
        occlusion=texture("jpeg", (32, 32)),
    )


def cases() -> dict[str, Mesh]:
    """What a delivered mesh may have, one thing after another."""
    ball = sphere(rings=40)
    rng = np.random.default_rng(1)
    third = np.arange(len(ball.faces)) % 3
    mirrored = in_atlas(ball, full())
    uv = np.array(mirrored.corner_uv)
    back = mirrored.vertices[mirrored.faces][..., 0].mean(axis=1) < 0
    uv[back, :, 0] = 1 - uv[back, :, 0]
    plain = Material("photo", texture=texture("jpeg", (64, 64)))
    return {
        "shape": ball,
        "colours": replace(ball, colors=rng.integers(0, 256, ball.vertices.shape)),
        "texture": in_atlas(ball, plain),
        "three maps": in_atlas(ball, full()),
        "three maps, half mirrored": replace(mirrored, corner_uv=uv),
        "filled": replace(ball, filled=ball.vertices[:, 1] > 30),
        "filled and mapped": replace(in_atlas(ball, full()), filled=ball.vertices[:, 1] > 30),
        "repeating": replace(in_atlas(ball, full()), corner_uv=in_atlas(ball, plain).corner_uv * 9),
        "far out": replace(in_atlas(ball, plain), corner_uv=uv + 1e6),
        "several materials": replace(
            in_atlas(ball, plain),
            colors=rng.integers(0, 256, ball.vertices.shape),
            face_material=third,
            materials=(plain, full(), Material("bare")),
        ),
        "many vertices": replace(in_atlas(sphere(rings=190), full()), filled=None),
    }


def mapped_by_draco(mesh: Mesh) -> Mesh:
    """Without normal maps, which Draco cannot have."""
    return replace(mesh, materials=tuple(replace(m, normal=None) for m in mesh.materials))


def written(folder: Path, mesh: Mesh, geometry: GeometryEncoding, **more: object) -> Glb:
    """The mesh written, and read back by nothing of ours but the decoder."""
    path = folder / f"{geometry}.glb"
    write(path, mesh, geometry=geometry, **more)
    return Glb(decoded(path.read_bytes()))


def matched(mesh: Mesh, glb: Glb, primitive: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Which corner of the mesh each corner of the file is: faces (t,) and first corners (t,).

    By place: triangles may come in another order and begin at another corner.
    """
    from scipy.spatial import cKDTree

    placed = mesh.vertices / 1000
    mine = placed[mesh.faces]
    theirs = glb.floats("POSITION", primitive)[glb.triangles(primitive)]
    _, face = cKDTree(mine.mean(axis=1)).query(theirs.mean(axis=1))
    assert len(np.unique(face)) == len(face) == len(mesh.faces)
    begins = [np.abs(np.roll(theirs, k, axis=1) - mine[face]).max(axis=(1, 2)) for k in range(3)]
    return face, np.argmin(begins, axis=0)


def corners(glb: Glb, name: str, turn: np.ndarray) -> np.ndarray:
    """An attribute at the corners (t, 3, w), in the order of the mesh's own."""
    values = glb.floats(name).reshape(glb.doc["accessors"][0]["count"], -1)[glb.triangles()]
    order = (np.arange(3) - turn[:, None]) % 3
    return np.take_along_axis(values, order[..., None], axis=1)


def degrees(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in (a, b))
    return np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=-1) / 2, 0, 1)))


@pytest.mark.parametrize("name", list(cases()))
def test_no_finding_in_any_encoding_before_and_after_decoding(
    tmp_path: Path, name: str, khronos: Callable[[list[Path]], list[KhronosReport]]
) -> None:
    paths = []
    for geometry in ENCODINGS:
        mesh = cases()[name]
        path = tmp_path / f"{geometry}.glb"
        write(path, mapped_by_draco(mesh) if geometry == "draco" else mesh, geometry=geometry)
        assert check_glb(path) == []
        paths += [path, tmp_path / f"{geometry} decoded.glb"]
        paths[-1].write_bytes(decoded(path.read_bytes()))
    for path, report in zip(paths, khronos(paths), strict=True):
        assert report.clean, (path.stem, report.messages)
        # What the validator says of every compressed file: that it cannot look inside.
        unseen = {"UNSUPPORTED_EXTENSION", "UNUSED_OBJECT"} if "decoded" not in path.stem else set()
        assert {m.code for m in report.messages} <= unseen, (path.stem, report.messages)


@pytest.mark.parametrize("geometry", COMPRESSED)
def test_the_zoo_survives_every_encoding(tmp_path: Path, geometry: GeometryEncoding) -> None:
    for name, mesh in zoo().items():
        if name in ("slivers", "tiny"):  # nothing is left at 14 bits; below Draco's precision
            continue
        write(tmp_path / "m.glb", mesh, geometry=geometry)
        assert check_glb(tmp_path / "m.glb") == [], name


@pytest.mark.parametrize("geometry", ENCODINGS)
@pytest.mark.parametrize("bits", [10, 14, 16])
def test_round_trip_keeps_to_the_promised_errors(
    tmp_path: Path, geometry: GeometryEncoding, bits: int
) -> None:
    ball = sphere(rings=40)
    mesh = in_atlas(ball, Material("m", texture=texture("png", (2048, 16))))
    mesh = replace(mesh, normals=(ball.vertices / 50).astype(np.float32))
    glb = written(tmp_path, mesh, geometry, position_bits=bits)
    face, turn = matched(mesh, glb)

    mine = mesh.vertices[mesh.faces[face]] / 1000
    step = 0.1 / (2**bits - 1)
    off = np.abs(corners(glb, "POSITION", turn) - mine).max()
    assert off <= (1e-8 if geometry == "plain" else step / 2 * 1.001)
    assert off > (0 if geometry == "plain" else step / 10)

    radial = mine / np.linalg.norm(mine, axis=2, keepdims=True)
    angle = degrees(corners(glb, "NORMAL", turn), radial).max()
    assert angle < {"plain": 1e-3, "quantized": 0.4, "meshopt": 1.0, "draco": 1.0}[geometry]

    texels = np.abs(corners(glb, "TEXCOORD_0", turn) - mesh.corner_uv[face]) * 2048
    assert texels.max() <= {"plain": 0, "quantized": 0.017}.get(geometry, 0.2501)


@pytest.mark.parametrize("geometry", COMPRESSED)
def test_our_reader_gets_the_same_mesh(tmp_path: Path, geometry: GeometryEncoding) -> None:
    ball = sphere(rings=40)
    rng = np.random.default_rng(2)
    mesh = replace(
        ball,
        colors=rng.integers(0, 256, ball.vertices.shape),
        filled=rng.random(len(ball.vertices)) < 0.2,
    )
    write(tmp_path / "m.glb", mesh, geometry=geometry)
    (scan,) = gltf.read(tmp_path / "m.glb")
    read = scan.geometry
    assert isinstance(read, Mesh)
    assert scan.warnings == ()
    assert len(read.vertices) == len(mesh.vertices)
    assert len(read.faces) == len(mesh.faces)
    order = np.argmin(np.linalg.norm(read.vertices[:, None] - mesh.vertices / 1000, axis=2), axis=1)
    assert len(np.unique(order)) == len(order)
    step = 0.1 / (2**14 - 1)
    assert np.abs(read.vertices - mesh.vertices[order] / 1000).max() <= step / 2 * 1.001
    assert np.array_equal(read.colors, mesh.colors[order])
    assert np.array_equal(read.filled, mesh.filled[order])
    sides = {tuple(sorted(face)) for face in order[read.faces].tolist()}
    assert sides == {tuple(sorted(face)) for face in mesh.faces.tolist()}


def test_every_shade_of_grey_comes_back_exactly(tmp_path: Path) -> None:
    ball = sphere(rings=16)
    shades = np.repeat(np.arange(len(ball.vertices))[:, None] % 256, 3, axis=1)
    for geometry in ("plain", "quantized", "meshopt", "draco"):
        write(tmp_path / "m.glb", replace(ball, colors=shades), geometry=geometry)
        read = gltf.read(tmp_path / "m.glb")[0].geometry
        assert set(read.colors[:, 0].tolist()) == set(range(256))
        near = np.linalg.norm(read.vertices[:, None] - ball.vertices / 1000, axis=2).argmin(axis=1)
        assert np.array_equal(read.colors, shades[near])


@pytest.mark.parametrize("geometry", ["plain", "quantized", "meshopt"])
def test_tangents_follow_the_image_and_keep_their_hand(
    tmp_path: Path, geometry: GeometryEncoding
) -> None:
    """Around the ball and, on the mirrored half, back: in millimetres or metres, turned or not."""
    mesh = cases()["three maps, half mirrored"]
    mesh = replace(mesh, normals=(mesh.vertices / 50).astype(np.float32))
    glb = written(tmp_path, mesh, geometry)
    assert glb.doc["materials"][0]["normalTexture"]["index"] == 1
    face, turn = matched(mesh, glb)
    tangents = corners(glb, "TANGENT", turn)
    place = mesh.vertices[mesh.faces[face]]
    back = place[..., 0].mean(axis=1) < 0
    assert set(np.unique(glb.floats("TANGENT")[:, 3])) == {-1.0, 1.0}
    # u grows with the angle from -z over +x... to +z: by x / z, and is turned round at the back.
    east = np.stack([place[..., 2], np.zeros_like(place[..., 0]), -place[..., 0]], axis=2)
    east *= np.where(back, -1, 1)[:, None, None]
    inner = np.abs(place[..., 1]).max(axis=1) < 45
    rim = np.abs(place[..., 0]).min(axis=1) < 5
    angle = degrees(tangents[inner & ~rim, :, :3], east[inner & ~rim])
    # A facet of 4.5 degrees; and what 5 bits turn (4.0) and lean (11.5) a tangent.
    assert angle.max() < {"plain": 3, "quantized": 3.3, "meshopt": 14}[geometry]
    assert (tangents[back, :, 3] == -1).all()
    assert (tangents[~back, :, 3] == 1).all()


def test_without_a_normal_map_there_are_no_tangents(tmp_path: Path) -> None:
    glb = written(tmp_path, cases()["texture"], "meshopt")
    assert set(glb.primitives[0]["attributes"]) == {"POSITION", "NORMAL", "TEXCOORD_0"}
    assert "normalTexture" not in glb.doc["materials"][0]


def test_positions_fill_the_grid_and_bounds_are_what_a_viewer_sees(tmp_path: Path) -> None:
    mesh = cube(123.456789)
    summary = write(tmp_path / "m.glb", mesh, geometry="quantized")
    glb = Glb(tmp_path / "m.glb")
    stored = glb.attribute("POSITION")
    assert (stored.min(), stored.max()) == (0, 2**14 - 1)
    accessor = glb.doc["accessors"][0]
    assert (accessor["min"], accessor["max"]) == ([0, 0, 0], [16383] * 3)
    assert not accessor.get("normalized")
    assert glb.doc["extensionsRequired"] == glb.doc["extensionsUsed"] == ["KHR_mesh_quantization"]
    np.testing.assert_allclose(glb.floats("POSITION").max(axis=0), summary.bounds_m[1])
    np.testing.assert_allclose(summary.bounds_m, [[-0.0617283945] * 3, [0.0617283945] * 3])


def test_triangles_without_area_on_the_grid_are_dropped_and_counted(tmp_path: Path) -> None:
    vertices = np.array([[0, 0, 0], [1000, 0, 0], [0, 1000, 0], [0.01, 0.01, 0], [0.01, 0, 0]])
    mesh = Mesh(vertices, np.array([[0, 1, 2], [0, 4, 3]]))
    assert write(tmp_path / "a.glb", mesh).dropped_triangles == 0
    for geometry in COMPRESSED:
        summary = write(tmp_path / "b.glb", mesh, geometry=geometry)
        assert (summary.triangles, summary.vertices, summary.dropped_triangles) == (1, 3, 1)


def test_floats_only_means_every_attribute(tmp_path: Path) -> None:
    """What xr-frame wants: no normalized accessor, nothing in whole numbers but indices."""
    mesh = replace(cases()["colours"], filled=np.arange(3122) < 9)
    write(tmp_path / "m.glb", mesh, floats_only=True)
    glb = Glb(tmp_path / "m.glb")
    assert not any(a.get("normalized") for a in glb.doc["accessors"])
    attributes = glb.primitives[0]["attributes"]
    assert set(attributes) == {"POSITION", "NORMAL", "COLOR_0", "_FILLED"}
    assert {glb.doc["accessors"][i]["componentType"] for i in attributes.values()} == {5126}
    read = gltf.read(tmp_path / "m.glb")[0].geometry
    assert np.array_equal(np.sort(read.colors, axis=0), np.sort(mesh.colors, axis=0))
    assert read.filled.sum() == 9
    assert check_glb(tmp_path / "m.glb") == []
    with pytest.raises(ValueError, match="plain"):
        write(tmp_path / "m.glb", mesh, floats_only=True, geometry="meshopt")


def test_compression_is_worth_it(tmp_path: Path) -> None:
    mesh = cases()["many vertices"]
    size = {g: write(tmp_path / "m.glb", mesh, geometry=g).bytes for g in ENCODINGS[:3]}
    size["draco"] = write(tmp_path / "m.glb", mapped_by_draco(mesh), geometry="draco").bytes
    # Draco has no tangents; random shapes would pack less well than this ball.
    assert size["quantized"] < 0.62 * size["plain"]
    assert size["meshopt"] < 0.25 * size["plain"]
    assert size["draco"] < 0.1 * size["plain"]


def test_a_normal_map_is_not_lost_in_draco(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no place for them") as error:
        write(tmp_path / "m.glb", cases()["three maps"], geometry="draco")
    assert "meshopt" in str(error.value.remedy)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("geometry", ENCODINGS)
def test_same_mesh_same_bytes(geometry: GeometryEncoding) -> None:
    mesh = mapped_by_draco(cases()["several materials"])
    files = []
    for _ in range(2):
        encoded = encode_geometry(mesh, MM, geometry=geometry)
        files.append(glb_of(encoded, mesh.materials, generator="t"))
        assert 0 < encoded.bytes < len(files[-1])
    assert files[0] == files[1]


def test_images_are_tried_on_one_geometry(tmp_path: Path) -> None:
    mesh = cases()["three maps"]
    encoded = encode_geometry(mesh, MM, geometry="meshopt", texture_side_px=64)
    write(tmp_path / "m.glb", mesh, geometry="meshopt")
    whole = glb_of(encoded, mesh.materials, generator="relicscan test")
    assert whole == (tmp_path / "m.glb").read_bytes()

    (material,) = mesh.materials
    other = replace(material, texture=texture("jpeg", (16, 16)), occlusion=None)
    glb = Glb(glb_of(encoded, (other,), generator="t"))
    image = glb.doc["images"][glb.doc["textures"][0]["source"]]
    assert glb.view(image["bufferView"]) == other.texture.data
    assert "occlusionTexture" not in glb.doc["materials"][0]
    assert "EXT_texture_webp" not in glb.doc["extensionsRequired"]

    without = encode_geometry(cases()["texture"], MM)
    with pytest.raises(ValueError, match="no tangents"):
        glb_of(without, (material,), generator="t")
    bare = replace(painted(replace(material, texture=None)), colors=np.zeros((8, 3)))
    with pytest.raises(ValueError, match="vertex colours"):
        glb_of(encode_geometry(bare, MM), (material,), generator="t")


@pytest.mark.parametrize("side", [256, 1024, 4096, 8192])
def test_texture_coordinates_are_as_fine_as_the_image_asks(tmp_path: Path, side: int) -> None:
    mesh = in_atlas(sphere(), Material("m", texture=texture("png", (side, 4))))
    for geometry in ("meshopt", "draco"):
        glb = written(tmp_path, mesh, geometry)
        face, turn = matched(mesh, glb)
        off = np.abs(corners(glb, "TEXCOORD_0", turn) - mesh.corner_uv[face]).max()
        assert 0.1 < off * side < 0.2501


def test_bits_out_of_range() -> None:
    with pytest.raises(ValueError, match="8 to 16"):
        encode_geometry(cube(), MM, geometry="quantized", position_bits=17)
