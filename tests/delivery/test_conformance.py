"""Every way to break a GLB is found by its name, and no file makes the checks themselves fail."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.delivery.conformance import check_glb
from relicscan.delivery.decoded import decoded
from relicscan.delivery.khronos import KhronosReport
from relicscan.errors import ScanError
from relicscan.relic import Material
from tests.delivery.glb_shapes import cube, painted, texture, write

Doc = dict[str, Any]


def pack(doc: Doc | bytes, blob: bytes | None) -> bytes:
    text = doc if isinstance(doc, bytes) else json.dumps(doc).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    if blob is not None:
        body += struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Doc, bytes]:
    """A cube with one textured and one coloured primitive, as JSON and BIN."""
    path = tmp_path_factory.mktemp("glb") / "good.glb"
    mesh = replace(
        painted(Material("m", texture=texture())),
        colors=np.full((8, 3), 90),
        face_material=np.repeat([0, 1], 6),
        materials=(Material("photo", texture=texture()), Material("plain")),
    )
    write(path, mesh)
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def at(doc: Doc, kind: str, primitive: int = 0) -> Doc:
    """The accessor of an attribute, or of the indices."""
    p = doc["meshes"][0]["primitives"][primitive]
    return doc["accessors"][p["indices"] if kind == "indices" else p["attributes"][kind]]


def start(doc: Doc, kind: str) -> int:
    return doc["bufferViews"][at(doc, kind)["bufferView"]]["byteOffset"]


# Each takes the document and the buffer, changes them, and the finding must have that code.
JSON_CHANGES: dict[str, tuple[str, Callable[[Doc], object]]] = {
    "bounds, low": ("ACCESSOR_MIN_MISMATCH", lambda d: at(d, "POSITION")["min"].__setitem__(0, -9)),
    "bounds, high": ("ACCESSOR_MAX_MISMATCH", lambda d: at(d, "POSITION")["max"].__setitem__(2, 1)),
    "bounds too short": (
        "ARRAY_LENGTH_NOT_IN_LIST",
        lambda d: at(d, "POSITION").update(min=[0, 0]),
    ),
    "bounds of text": (
        "ARRAY_LENGTH_NOT_IN_LIST",
        lambda d: at(d, "POSITION").update(min=["0", None, {}]),
    ),
    "no bounds": (
        "MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS",
        lambda d: at(d, "POSITION").pop("min"),
    ),
    "count too high": ("ACCESSOR_TOO_LONG", lambda d: at(d, "POSITION").update(count=10**12)),
    "count zero": ("VALUE_NOT_IN_RANGE", lambda d: at(d, "POSITION").update(count=0)),
    "count no number": ("TYPE_MISMATCH", lambda d: at(d, "POSITION").update(count="8")),
    "count differs": (
        "MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT",
        lambda d: at(d, "NORMAL").update(count=at(d, "NORMAL")["count"] - 1),
    ),
    "stride": ("ACCESSOR_SMALL_BYTESTRIDE", lambda d: d["bufferViews"][0].update(byteStride=8)),
    "stride absurd": (
        "ACCESSOR_SMALL_BYTESTRIDE",
        lambda d: d["bufferViews"][0].update(byteStride=10**30),
    ),
    "offset odd": (
        "ACCESSOR_TOTAL_OFFSET_ALIGNMENT",
        lambda d: at(d, "POSITION").update(byteOffset=2),
    ),
    "component": ("VALUE_NOT_IN_LIST", lambda d: at(d, "POSITION").update(componentType=5124)),
    "type": ("VALUE_NOT_IN_LIST", lambda d: at(d, "POSITION").update(type=["VEC3"])),
    "positions in the plane": (
        "MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT",
        lambda d: at(d, "POSITION").update(type="VEC2"),
    ),
    "indices of floats": (
        "MESH_PRIMITIVE_INDICES_ACCESSOR_INVALID_FORMAT",
        lambda d: d["meshes"][0]["primitives"][0].update(indices=0),
    ),
    "no positions": (
        "MESH_PRIMITIVE_NO_POSITION",
        lambda d: d["meshes"][0]["primitives"][0]["attributes"].pop("POSITION"),
    ),
    "no texture coordinates": (
        "MESH_PRIMITIVE_TOO_FEW_TEXCOORDS",
        lambda d: d["meshes"][0]["primitives"][0]["attributes"].pop("TEXCOORD_0"),
    ),
    "quantized without saying so": (
        "MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT",
        lambda d: at(d, "NORMAL").update(componentType=5120, normalized=True),
    ),
    "colours in whole numbers that are not normalized": (
        "MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT",
        lambda d: at(d, "COLOR_0", 1).pop("normalized"),
    ),
    "normal map without tangents": (
        "MESH_PRIMITIVE_GENERATED_TANGENT_SPACE",
        lambda d: d["materials"][0].update(normalTexture={"index": 0}),
    ),
    "occlusion without its texture coordinates": (
        "MESH_PRIMITIVE_TOO_FEW_TEXCOORDS",
        lambda d: d["materials"][1].update(occlusionTexture={"index": 0, "texCoord": 1}),
    ),
    "second buffer without data": (
        "BUFFER_WITHOUT_DATA",
        lambda d: d["buffers"].append({"byteLength": 8}),
    ),
    "meshopt that is none": (
        "COMPRESSED_UNREADABLE",
        lambda d: (
            d.update(extensionsUsed=["EXT_meshopt_compression"])
            or d["bufferViews"][0].update(extensions={"EXT_meshopt_compression": {}})
        ),
    ),
    "no primitives": ("EMPTY_ENTITY", lambda d: d["meshes"][0].update(primitives=[])),
    "no triangles": ("NO_TRIANGLES", lambda d: d.pop("meshes") and d["nodes"][0].pop("mesh")),
    "accessor missing": (
        "UNRESOLVED_REFERENCE",
        lambda d: d["meshes"][0]["primitives"][0].update(indices=99),
    ),
    "material missing": (
        "UNRESOLVED_REFERENCE",
        lambda d: d["meshes"][0]["primitives"][0].update(material=99),
    ),
    "view past its buffer": (
        "BUFFER_VIEW_TOO_LONG",
        lambda d: d["bufferViews"][-1].update(byteLength=10**9),
    ),
    "buffer past the chunk": (
        "BUFFER_BYTE_LENGTH_MISMATCH",
        lambda d: d["buffers"][0].update(byteLength=10**9),
    ),
    "buffer outside": ("URI_GLB", lambda d: d["buffers"][0].update(uri="../secret.bin")),
    "image outside": ("URI_GLB", lambda d: d["images"][0].update(uri="http://example.org/a.png")),
    "target wrong": (
        "BUFFER_VIEW_TARGET_OVERRIDE",
        lambda d: d["bufferViews"][at(d, "indices")["bufferView"]].update(target=34962),
    ),
    "target missing": (
        "BUFFER_VIEW_TARGET_MISSING",
        lambda d: d["bufferViews"][0].pop("target"),
    ),
    "media type": (
        "IMAGE_MIME_TYPE_INVALID",
        lambda d: d["images"][0].update(mimeType="image/jpeg"),
    ),
    "texture of nothing": (
        "UNRESOLVED_REFERENCE",
        lambda d: d["textures"][0].update(source=3),
    ),
    "extension undeclared": (
        "UNDECLARED_EXTENSION",
        lambda d: d["materials"][0].update(extensions={"KHR_materials_unlit": {}}),
    ),
    "extension required, not used": (
        "UNSATISFIED_DEPENDENCY",
        lambda d: d.update(extensionsRequired=["KHR_mesh_quantization"]),
    ),
    "extension required for nothing": (
        "UNUSED_EXTENSION_REQUIRED",
        lambda d: d.update(extensionsUsed=["KHR_x"], extensionsRequired=["KHR_x"]),
    ),
    "webp not required": (
        "NON_REQUIRED_EXTENSION",
        lambda d: d.update(
            extensionsUsed=["EXT_texture_webp"],
            textures=[{"extensions": {"EXT_texture_webp": {"source": 0}}}],
        ),
    ),
    "webp as core image": (
        "TEXTURE_INVALID_IMAGE_MIME_TYPE",
        lambda d: d["images"][0].update(mimeType="image/webp"),
    ),
    "version": ("UNKNOWN_ASSET_MAJOR_VERSION", lambda d: d["asset"].update(version="1.0")),
    "no asset": ("UNDEFINED_PROPERTY", lambda d: d.pop("asset")),
    "node loop": ("NODE_LOOP", lambda d: d["nodes"][0].update(children=[0])),
    "two parents": (
        "NODE_PARENT_OVERRIDE",
        lambda d: d["nodes"].extend([{"children": [0]}, {"children": [0]}]),
    ),
    "root with a parent": ("SCENE_NON_ROOT_NODE", lambda d: d["nodes"].append({"children": [0]})),
    "accessors no array": ("TYPE_MISMATCH", lambda d: d.update(accessors={"0": 1})),
    "accessor no object": (
        "ARRAY_TYPE_MISMATCH",
        lambda d: d["accessors"].__setitem__(0, [1, 2]),
    ),
    "same bytes for ever": (
        "ACCESSOR_OVERLAP",
        lambda d: d["accessors"].extend([dict(at(d, "POSITION"))] * 10_000),
    ),
    "findings without end": (
        "TOO_MANY_ISSUES",
        lambda d: d["images"].extend([{"uri": "x"}] * 10_000),
    ),
}


@pytest.mark.parametrize("name", list(JSON_CHANGES))
def test_a_changed_document_is_found(tmp_path: Path, good: tuple[Doc, bytes], name: str) -> None:
    code, change = JSON_CHANGES[name]
    doc = json.loads(json.dumps(good[0]))
    change(doc)
    path = tmp_path / "m.glb"
    path.write_bytes(pack(doc, good[1]))
    assert code in {f.code for f in check_glb(path)}


def put(doc: Doc, kind: str, fmt: str, *values: float) -> Callable[[bytearray], None]:
    return lambda blob: struct.pack_into(fmt, blob, start(doc, kind), *values)


BLOB_CHANGES: dict[str, tuple[str, Callable[[Doc, bytearray], object]]] = {
    "index out of range": (
        "ACCESSOR_INDEX_OOB",
        lambda d, b: struct.pack_into("<H", b, start(d, "indices"), 500),
    ),
    "restart index": (
        "ACCESSOR_INDEX_PRIMITIVE_RESTART",
        lambda d, b: struct.pack_into("<H", b, start(d, "indices"), 65535),
    ),
    "triangle of one vertex": (
        "ACCESSOR_INDEX_TRIANGLE_DEGENERATE",
        lambda d, b: struct.pack_into("<3H", b, start(d, "indices"), 1, 1, 1),
    ),
    "unused vertices": (
        "VERTICES_UNREFERENCED",
        lambda d, b: struct.pack_into("<18H", b, start(d, "indices"), *[0, 1, 2] * 6),
    ),
    "normal of length two": (
        "ACCESSOR_VECTOR3_NON_UNIT",
        lambda d, b: struct.pack_into("<3f", b, start(d, "NORMAL"), 2, 0, 0),
    ),
    "normal zero": (
        "ACCESSOR_VECTOR3_NON_UNIT",
        lambda d, b: struct.pack_into("<3f", b, start(d, "NORMAL"), 0, 0, 0),
    ),
    "position not a number": (
        "ACCESSOR_INVALID_FLOAT",
        lambda d, b: struct.pack_into("<f", b, start(d, "POSITION"), float("nan")),
    ),
    "texture coordinate infinite": (
        "ACCESSOR_INVALID_FLOAT",
        lambda d, b: struct.pack_into("<f", b, start(d, "TEXCOORD_0"), float("inf")),
    ),
    "position moved": (
        "ACCESSOR_MAX_MISMATCH",
        lambda d, b: struct.pack_into("<f", b, start(d, "POSITION"), 7),
    ),
    "image overwritten": (
        "IMAGE_UNRECOGNIZED_FORMAT",
        lambda d, b: struct.pack_into(
            "<I", b, d["bufferViews"][d["images"][0]["bufferView"]]["byteOffset"], 0
        ),
    ),
}


@pytest.mark.parametrize("name", list(BLOB_CHANGES))
def test_changed_data_is_found(tmp_path: Path, good: tuple[Doc, bytes], name: str) -> None:
    code, change = BLOB_CHANGES[name]
    blob = bytearray(good[1])
    change(good[0], blob)
    path = tmp_path / "m.glb"
    path.write_bytes(pack(good[0], bytes(blob)))
    assert code in {f.code for f in check_glb(path)}


CONTAINERS: dict[str, tuple[str, Callable[[Doc, bytes], bytes]]] = {
    "empty": ("GLB_UNEXPECTED_END_OF_HEADER", lambda d, b: b""),
    "not a GLB": ("GLB_INVALID_MAGIC", lambda d, b: b"<html>not found</html>"),
    "version 1": ("GLB_INVALID_VERSION", lambda d, b: struct.pack("<4sII", b"glTF", 1, 12)),
    "cut": ("GLB_UNEXPECTED_END_OF_CHUNK_DATA", lambda d, b: pack(d, b)[:-10]),
    "cut, by its header": ("GLB_LENGTH_MISMATCH", lambda d, b: pack(d, b)[:-10]),
    "bytes after the end": ("GLB_LENGTH_MISMATCH", lambda d, b: pack(d, b) + b"virus"),
    "half a chunk header": ("GLB_UNEXPECTED_END_OF_CHUNK_HEADER", lambda d, b: pack(d, b) + b"\0"),
    "unaligned": ("GLB_CHUNK_LENGTH_UNALIGNED", lambda d, b: pack(d, b + b"\0")),
    "padding": ("BUFFER_GLB_CHUNK_TOO_BIG", lambda d, b: pack(d, b + bytes(8))),
    "no BIN": ("BUFFER_MISSING_GLB_DATA", lambda d, b: pack(d, None)),
    "BIN first": (
        "GLB_UNEXPECTED_FIRST_CHUNK",
        lambda d, b: struct.pack("<4sIII4s", b"glTF", 2, 24, 4, b"BIN\0") + b"1234",
    ),
    "BIN twice": (
        "GLB_DUPLICATE_CHUNK",
        lambda d, b: pack(d, b) + struct.pack("<I4s", 4, b"BIN\0") + b"1234",
    ),
    "unknown chunk": (
        "GLB_UNKNOWN_CHUNK_TYPE",
        lambda d, b: pack(d, b) + struct.pack("<I4s", 4, b"ABCD") + b"1234",
    ),
    "no JSON": ("INVALID_JSON", lambda d, b: pack(b"{oops", b)),
    "no text": ("INVALID_JSON", lambda d, b: pack(b"\xff\xfe\xfd\xfc", b)),
    "not a number": ("INVALID_JSON", lambda d, b: pack(b'{"a": NaN}', b)),
    "digits without end": ("INVALID_JSON", lambda d, b: pack(b'{"a": ' + b"9" * 9999 + b"}", b)),
    "brackets without end": ("INVALID_JSON", lambda d, b: pack(b"[" * 200_000, b)),
    "a list": ("TYPE_MISMATCH", lambda d, b: pack(b"[1]", b)),
    "infinite number": (
        "TYPE_MISMATCH",
        lambda d, b: pack(
            json.dumps(d).replace('"count": ', '"count": 1e999, "x": ', 1).encode(), b
        ),
    ),
}


@pytest.mark.parametrize("name", list(CONTAINERS))
def test_a_broken_container_is_found(tmp_path: Path, good: tuple[Doc, bytes], name: str) -> None:
    code, make = CONTAINERS[name]
    path = tmp_path / "m.glb"
    path.write_bytes(make(*good))
    assert code in {f.code for f in check_glb(path)}


def test_the_good_file_is_good_and_findings_are_sorted(
    tmp_path: Path, good: tuple[Doc, bytes]
) -> None:
    path = tmp_path / "m.glb"
    path.write_bytes(pack(*good))
    assert check_glb(path) == []
    doc = json.loads(json.dumps(good[0]))
    doc["bufferViews"][0].pop("target")
    doc["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"]["index"] = 5
    path.write_bytes(pack(doc, good[1]))
    first, second = check_glb(path)
    assert (first.severity, second.severity) == ("error", "info")
    assert first.pointer == "/materials/0/pbrMetallicRoughness/baseColorTexture/index"


def test_names_out_of_the_file_cannot_steer_a_terminal(
    tmp_path: Path, good: tuple[Doc, bytes]
) -> None:
    doc = json.loads(json.dumps(good[0]))
    doc["extensionsRequired"] = ["\x1b]0;owned\x07" + "x" * 100_000]
    path = tmp_path / "m.glb"
    path.write_bytes(pack(doc, good[1]))
    for finding in check_glb(path):
        assert finding.message.isprintable()
        assert len(finding.message) <= 300


JUNK: list[Any] = [None, True, -1, 0, 10**40, 1.5, "x", [], [0], [None], {}, {"a": {}}]


def test_nothing_in_a_document_makes_the_checks_fail(
    tmp_path: Path, good: tuple[Doc, bytes]
) -> None:
    """Every value of the document replaced by every kind of junk, one at a time."""

    def places(value: Any) -> list[tuple[Any, Any]]:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [
            place
            for key, inner in items
            for place in [(value, key), *(places(inner) if isinstance(inner, dict | list) else [])]
        ]

    path = tmp_path / "m.glb"
    doc = json.loads(json.dumps(good[0]))
    for owner, key in places(doc):
        before = owner[key]
        for junk in JUNK:
            owner[key] = junk
            path.write_bytes(pack(doc, good[1]))
            check_glb(path)
        owner[key] = before
    assert doc == good[0]


def test_no_byte_makes_the_checks_fail(tmp_path: Path, good: tuple[Doc, bytes]) -> None:
    rng = np.random.default_rng(0)
    data = pack(*good)
    path = tmp_path / "m.glb"
    for _ in range(400):
        broken = bytearray(data)
        for _ in range(int(rng.integers(1, 6))):
            broken[rng.integers(len(broken))] = rng.integers(256)
        path.write_bytes(broken[: rng.integers(len(broken) // 2, len(broken) + 1)])
        check_glb(path)


def test_what_we_find_the_validator_does_not_contradict(
    tmp_path: Path,
    good: tuple[Doc, bytes],
    khronos: Callable[[list[Path]], list[KhronosReport]],
) -> None:
    """Every error of ours but the stricter ones is an error or warning of the validator's too."""
    stricter = {"buffer outside", "image outside", "same bytes for ever", "findings without end"}
    stricter |= {"second buffer without data", "meshopt that is none"}
    paths, names = [], []
    for name, (code, change) in JSON_CHANGES.items():
        doc = json.loads(json.dumps(good[0]))
        change(doc)
        path = tmp_path / f"{len(paths)}.glb"
        path.write_bytes(pack(doc, good[1]))
        severities = {f.severity for f in check_glb(path) if f.code == code}
        if name not in stricter and "error" in severities:
            paths.append(path)
            names.append(name)
    for name, report in zip(names, khronos(paths), strict=True):
        assert not report.clean, (name, report.messages)


@pytest.mark.parametrize(
    "file", ["tex_whale_skull/whale_cranium.glb", "tex_whale_skull/whale_mandible.glb"]
)
@pytest.mark.real
def test_real_models_have_no_errors(shared: Path, file: str) -> None:
    assert [f for f in check_glb(shared / "scans" / file) if f.severity == "error"] == []


@pytest.mark.real
def test_compressed_content_is_checked_as_the_validator_checks_it_decoded(
    tmp_path: Path, shared: Path, khronos: Callable[[list[Path]], list[KhronosReport]]
) -> None:
    """This museum's file states the bounds that it had before Draco rounded them."""
    packed = shared / "scans/tex_whale_skull/whale_cranium_draco.glb"
    found = check_glb(packed)
    assert {(f.severity, f.code) for f in found} == {
        ("error", "ACCESSOR_MAX_MISMATCH"),
        ("warning", "MESH_PRIMITIVE_GENERATED_TANGENT_SPACE"),
    }
    (tmp_path / "m.glb").write_bytes(decoded(packed.read_bytes()))
    (report,) = khronos([tmp_path / "m.glb"])
    theirs = {m.code for m in report.messages if m.severity in ("error", "warning")}
    assert {f.code for f in found} <= theirs


@pytest.mark.real
def test_every_hostile_file_gets_an_answer(shared: Path) -> None:
    for path in (shared / "scans" / "hostile").rglob("*"):
        if path.is_file() and path.suffix in (".gltf", ".bin", ".jpg", ".ply", ".stl"):
            assert check_glb(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="cannot be read"):
        check_glb(tmp_path / "missing.glb")
    with pytest.raises(ScanError):
        check_glb(tmp_path)


def test_cube_without_anything_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "c.glb", cube())
    assert check_glb(tmp_path / "c.glb") == []
