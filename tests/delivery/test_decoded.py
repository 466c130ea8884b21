"""Decoding for validation: the same file without compression, and a reason for whatever is not."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.delivery.conformance import check_glb
from relicscan.delivery.decoded import decoded
from relicscan.delivery.encoding import GeometryEncoding, encode_geometry
from relicscan.delivery.glb import glb_of
from relicscan.delivery.khronos import KhronosReport
from relicscan.errors import RelicscanError, ScanError
from relicscan.relic import Material, Mesh
from tests.delivery.glb_shapes import MM, Glb, in_atlas, sphere, texture

Doc = dict[str, Any]


def coloured_and_mapped(*, normal: bool) -> Mesh:
    """One primitive with colours and flags, one with texture coordinates and, perhaps, tangents."""
    ball = sphere(rings=12)
    picture = texture("png")
    mapped = Material("mapped", texture=picture, normal=picture if normal else None)
    mesh = in_atlas(ball, mapped)
    return replace(
        mesh,
        colors=np.arange(3 * len(ball.vertices)).reshape(-1, 3) % 256,
        filled=ball.vertices[:, 1] > 20,
        face_material=np.arange(len(ball.faces)) % 2,
        materials=(mapped, Material("bare")),
    )


def glb(geometry: GeometryEncoding) -> bytes:
    mesh = coloured_and_mapped(normal=geometry != "draco")
    encoded = encode_geometry(mesh, MM, geometry=geometry)
    return glb_of(encoded, mesh.materials, generator="relicscan test")


def taken_apart(data: bytes) -> tuple[Doc, bytes]:
    size = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + size]), data[28 + size :]


def pack(doc: Doc, blob: bytes) -> bytes:
    text = json.dumps(doc).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text
    body += struct.pack("<I4s", len(blob), b"BIN\0") + blob
    return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body


@pytest.mark.parametrize("geometry", ["plain", "quantized"])
def test_what_is_not_compressed_stays_as_it_is(geometry: GeometryEncoding) -> None:
    data = glb(geometry)
    assert decoded(data) is data


@pytest.mark.parametrize("geometry", ["meshopt", "draco"])
def test_nothing_but_the_compression_goes(geometry: GeometryEncoding) -> None:
    before = Glb(glb(geometry))
    after = Glb(decoded(glb(geometry)))
    assert "compression" not in json.dumps(after.doc)
    left = after.doc.get("extensionsUsed")
    assert left == (["KHR_mesh_quantization"] if geometry == "meshopt" else None)
    assert len(after.doc["buffers"]) == 1
    for key in ("asset", "scene", "scenes", "nodes", "materials", "textures", "images", "samplers"):
        assert after.doc[key] == before.doc[key]
    for mine, theirs in zip(after.primitives, before.primitives, strict=True):
        assert mine["attributes"] == theirs["attributes"]
        assert mine["indices"] == theirs["indices"]
    for mine, theirs in zip(after.doc["accessors"], before.doc["accessors"], strict=True):
        for key in ("componentType", "type", "count", "min", "max", "normalized"):
            assert mine.get(key) == theirs.get(key)
    picture = before.doc["images"][0]["bufferView"]
    assert after.view(picture) == before.view(picture)


def test_meshopt_is_lossless_over_quantized() -> None:
    """What is decoded is, up to the order of vertices, what quantized geometry stores."""
    plain, packed = Glb(glb("quantized")), Glb(decoded(glb("meshopt")))
    for primitive in range(2):
        mine = plain.attribute("POSITION", primitive)[plain.triangles(primitive)]
        theirs = packed.attribute("POSITION", primitive)[packed.triangles(primitive)]

        def sides(corners: np.ndarray) -> set[tuple[tuple[int, ...], ...]]:
            """Each triangle from its lowest corner on: the order that says what is outside."""
            turned = (min(tuple(t[k:] + t[:k]) for k in range(3)) for t in corners.tolist())
            return {tuple(map(tuple, t)) for t in turned}

        assert sides(mine) == sides(theirs)
        assert np.array_equal(
            np.sort(plain.attribute("_FILLED", primitive)),
            np.sort(packed.attribute("_FILLED", primitive)),
        )


@pytest.mark.parametrize("geometry", ["meshopt", "draco"])
def test_decoded_files_are_flawless(
    tmp_path: Path,
    geometry: GeometryEncoding,
    khronos: Callable[[list[Path]], list[KhronosReport]],
) -> None:
    path = tmp_path / "m.glb"
    path.write_bytes(decoded(glb(geometry)))
    assert check_glb(path) == []
    (report,) = khronos([path])
    assert report.messages == ()


def at(doc: Doc, name: str, primitive: int = 0) -> int:
    p = doc["meshes"][0]["primitives"][primitive]
    return int(p["indices"] if name == "indices" else p["attributes"][name])


def repacked(
    geometry: GeometryEncoding, name: str, change: Callable[[np.ndarray], np.ndarray]
) -> bytes:
    """The meshopt file with other content in one attribute, compressed again."""
    import meshopt

    doc, blob = taken_apart(glb(geometry))
    view = doc["bufferViews"][doc["accessors"][at(doc, name)]["bufferView"]]
    packing = view["extensions"]["EXT_meshopt_compression"]
    data = blob[packing["byteOffset"] :][: packing["byteLength"]]
    mode = packing["mode"]
    rows = meshopt.decode_gltf_buffer(data, packing["count"], packing["byteStride"], mode)
    packed = meshopt.encode_gltf_buffer(change(rows.copy()), mode)
    packing.update(byteOffset=len(blob), byteLength=len(packed))
    blob += packed + b"\0" * (-len(packed) % 4)
    doc["buffers"][0]["byteLength"] = len(blob)
    return pack(doc, blob)


def row(index: int, *values: int) -> Callable[[np.ndarray], np.ndarray]:
    """One row with other bytes."""

    def change(rows: np.ndarray) -> np.ndarray:
        rows[index, : len(values)] = values
        return rows

    return change


def corner(index: int, value: int) -> Callable[[np.ndarray], np.ndarray]:
    def change(indices: np.ndarray) -> np.ndarray:
        indices[index] = value
        return indices

    return change


BROKEN_INSIDE: dict[str, tuple[str, str, Callable[[np.ndarray], np.ndarray]]] = {
    "position moved": ("ACCESSOR_MAX_MISMATCH", "POSITION", row(5, 255, 255)),
    "normal of no length": ("ACCESSOR_VECTOR3_NON_UNIT", "NORMAL", row(3, 0, 0, 127, 0)),
    "hand of a half": ("ACCESSOR_INVALID_SIGN", "TANGENT", row(3, 0, 0, 15, 64)),
    "index out of range": ("ACCESSOR_INDEX_OOB", "indices", corner(7, 5000)),
    "texture coordinate infinite": (
        "ACCESSOR_INVALID_FLOAT",
        "TEXCOORD_0",
        row(0, 255, 255, 127, 127),
    ),
}


@pytest.mark.parametrize("name", list(BROKEN_INSIDE))
def test_what_is_broken_inside_is_found(tmp_path: Path, name: str) -> None:
    code, attribute, change = BROKEN_INSIDE[name]
    if attribute == "NORMAL":  # a filter makes unit vectors of anything: only without it

        def unfiltered(doc: Doc) -> None:
            view = doc["bufferViews"][doc["accessors"][at(doc, "NORMAL")]["bufferView"]]
            view["extensions"]["EXT_meshopt_compression"].pop("filter")
    else:

        def unfiltered(doc: Doc) -> None:
            pass

    doc, blob = taken_apart(repacked("meshopt", attribute, change))
    unfiltered(doc)
    path = tmp_path / "m.glb"
    path.write_bytes(pack(doc, blob))
    assert code in {f.code for f in check_glb(path)}


def test_draco_claims_are_checked(tmp_path: Path) -> None:
    doc, blob = taken_apart(glb("draco"))
    for accessor, changes, words in (
        (at(doc, "POSITION"), {"count": 900}, "announces 900 values"),
        (at(doc, "POSITION"), {"count": 3}, "announces 3 vertices"),
        (at(doc, "indices"), {"componentType": 5121}, "cannot hold"),
    ):
        changed = json.loads(json.dumps(doc))
        changed["accessors"][accessor].update(changes)
        with pytest.raises(ScanError, match=words):
            decoded(pack(changed, blob))
        (tmp_path / "m.glb").write_bytes(pack(changed, blob))
        assert "COMPRESSED_UNREADABLE" in {f.code for f in check_glb(tmp_path / "m.glb")}


def test_nothing_outside_the_file_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(bytes(100_000))
    doc, blob = taken_apart(glb("meshopt"))
    doc["buffers"][1] = {"byteLength": 100_000, "uri": "secret.bin"}
    with pytest.raises(ScanError, match="outside itself"):
        decoded(pack(doc, blob))


def test_the_same_bytes_are_not_decoded_without_end() -> None:
    doc, blob = taken_apart(glb("meshopt"))
    rows = np.zeros((256 * 1000, 256), np.uint8)
    import meshopt

    packed = meshopt.encode_gltf_buffer(rows, "ATTRIBUTES")
    place = {"buffer": 0, "byteOffset": len(blob), "byteLength": len(packed)}
    packing = {**place, "mode": "ATTRIBUTES", "count": len(rows), "byteStride": 256}
    view = {"buffer": 1, "byteLength": rows.nbytes, "byteStride": 256}
    view["extensions"] = {"EXT_meshopt_compression": packing}
    blob += packed + b"\0" * (-len(packed) % 4)
    doc["buffers"][0]["byteLength"] = len(blob)
    doc["bufferViews"] += [view] * 10_000
    with pytest.raises(ScanError, match=r"too large|more than"):
        decoded(pack(doc, blob))


def reason(data: bytes) -> str | None:
    """Why it cannot be decoded; anything but an error of ours fails the test."""
    try:
        decoded(data)
    except RelicscanError as error:
        return f"{error.message}; {error.remedy}"
    return None


JUNK: list[Any] = [None, -1, 10**9, 0.5, "x", [], {}]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


@pytest.mark.parametrize("geometry", ["meshopt", "draco"])
def test_no_document_raises_anything_else(geometry: GeometryEncoding) -> None:
    doc, blob = taken_apart(glb(geometry))
    refused = 0
    for owner, key in list(places(doc)):
        before = owner[key]
        for junk in JUNK:
            owner[key] = junk
            refused += reason(pack(doc, blob)) is not None
        owner[key] = before
    assert refused > 300


@pytest.mark.parametrize("geometry", ["meshopt", "draco"])
def test_no_byte_raises_anything_else(tmp_path: Path, geometry: GeometryEncoding) -> None:
    data, rng = glb(geometry), np.random.default_rng(0)
    start = 28 + struct.unpack_from("<I", data, 12)[0]
    for round_ in range(300):
        broken = bytearray(data)
        for _ in range(int(rng.integers(1, 6))):
            broken[rng.integers(start if round_ % 3 else 0, len(broken))] = rng.integers(256)
        reason(bytes(broken))
        (tmp_path / "m.glb").write_bytes(broken)
        check_glb(tmp_path / "m.glb")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"glTF",
        b"{]",
        b'{"asset": {"version": "2.0"}, "extensionsUsed": ["EXT_meshopt_compression"]}',
        struct.pack("<4sII", b"glTF", 2, 12),
    ],
)
def test_what_is_no_glb_is_refused(data: bytes) -> None:
    with pytest.raises(ScanError):
        decoded(data)
