"""Small glTF files that were made to cost minutes or a machine's memory: refused or made cheap."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.formats import _gltf_accessors, _gltf_document
from relicscan.relic import Mesh
from tests.formats.hostile import bytes_to_read, read, why_not
from tests.formats.mesh_examples import image


def gltf(path: Path, **more: Any) -> Path:
    """A triangle with texture coordinates in tri.bin; `more` replaces parts of the JSON."""
    uv = np.zeros((3, 2), "<f4")
    (path.parent / "tri.bin").write_bytes(np.eye(3, dtype="<f4").tobytes() + uv.tobytes())
    floats = {"componentType": 5126, "count": 3}
    described = {
        "asset": {"version": "2.0"},
        "buffers": [{"byteLength": 60, "uri": "tri.bin"}],
        "bufferViews": [
            {"buffer": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": 36, "byteLength": 24},
        ],
        "accessors": [
            {"bufferView": 0, "type": "VEC3", **floats},
            {"bufferView": 1, "type": "VEC2", **floats},
        ],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "nodes": [{"mesh": 0}],
        **more,
    }
    path.write_text(json.dumps(described))
    return path


def test_thousands_of_materials(tmp_path: Path) -> None:
    """Each was looked for among all before it: minutes for some MB."""
    count = 20_000
    parts = [{"attributes": {"POSITION": 0}, "material": i} for i in range(count)]
    path = gltf(
        tmp_path / "a.gltf",
        materials=[{"name": str(i)} for i in range(count)],
        meshes=[{"primitives": parts}],
    )
    geometry = read(path).geometry
    assert isinstance(geometry, Mesh)
    assert len(geometry.materials) == count


def test_hundreds_of_thousands_of_nodes_and_primitives(tmp_path: Path) -> None:
    path = gltf(tmp_path / "a.gltf", nodes=[{"mesh": 0}] * 100_001)
    assert "100,000 are the limit" in why_not(path)
    path = gltf(
        tmp_path / "b.gltf", meshes=[{"primitives": [{"attributes": {"POSITION": 0}}] * 100_001}]
    )
    assert "100,000 are the limit" in why_not(path)


def test_json_of_nothing_but_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3 bytes of `{},` take 72 once parsed: 90 MB of them took 2.3 GB."""
    path = gltf(tmp_path / "a.gltf", extras=[{}] * 1000)
    monkeypatch.setattr(_gltf_document, "_MOST_VALUES", 1000)
    assert "values, where 1,000 are the limit" in why_not(path)
    monkeypatch.setattr(_gltf_document, "_MOST_VALUES", 3000)
    read(path)


def test_buffers_and_images_in_one_file_are_read_once(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (600, 600, 3), np.uint8)
    data = image(pixels, compress_level=0)
    (tmp_path / "a.png").write_bytes(data)
    count = 100
    textured = [
        {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "material": i} for i in range(count)
    ]
    buffers = [{"byteLength": len(data) - i % 2, "uri": "a.png"} for i in range(1, count)]
    in_image = [{"bufferView": i + 1, "componentType": 5120, "count": 3, "type": "VEC3"}
                for i in range(1, count)]  # fmt: skip
    path = gltf(
        tmp_path / "a.gltf",
        images=[{"uri": "./" * i + "a.png"} for i in range(count)],
        textures=[{"source": i} for i in range(count)],
        materials=[{"pbrMetallicRoughness": {"baseColorTexture": {"index": i}}}
                   for i in range(count)],
        meshes=[{"primitives": [
            *textured, *({"attributes": {"POSITION": i + 1}} for i in range(1, count))
        ]}],
    )  # fmt: skip
    described = json.loads(path.read_text())
    described["buffers"] += buffers
    described["bufferViews"] += [{"buffer": i, "byteLength": 36} for i in range(1, count)]
    described["accessors"] += in_image
    geometry = read(path, json.dumps(described)).geometry
    assert isinstance(geometry, Mesh)
    assert len({id(m.texture) for m in geometry.materials}) == 2  # that, and none
    assert bytes_to_read(path) < 10 * len(data)


def test_sparse_accessors_are_made_once_and_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparse = {
        "componentType": 5126, "count": 1000, "type": "VEC3",
        "sparse": {
            "count": 1,
            "indices": {"bufferView": 1, "componentType": 5121}, "values": {"bufferView": 0},
        },
    }  # fmt: skip
    path = gltf(tmp_path / "a.gltf")
    described = json.loads(path.read_text())
    described["accessors"] += [sparse] * 3 + [
        {"bufferView": 1, "componentType": 5121, "count": 3, "type": "SCALAR"}
    ]
    described["meshes"] = [
        {"primitives": [{"attributes": {"POSITION": 2 + i % 3}, "indices": 5} for i in range(30)]}
    ]
    monkeypatch.setattr(_gltf_accessors, "_MAX_MADE", 3000)
    read(path, json.dumps(described))
    monkeypatch.setattr(_gltf_accessors, "_MAX_MADE", 2999)
    assert "has 1,000 values and no data for them" in why_not(path, json.dumps(described))


def test_compressed_data_hold_no_more_than_was_announced(tmp_path: Path) -> None:
    """100,000 triangles in 40 kB, 1,000 times: they were counted by what their accessors say."""
    import DracoPy

    points = np.zeros((500, 3), np.float32)
    points[:, 0] = np.arange(500)
    faces = (np.arange(498)[:, None] + [0, 1, 2]).astype(np.uint32)
    data = DracoPy.encode(points, faces)
    (tmp_path / "draco.bin").write_bytes(data)
    extension = {"bufferView": 0, "attributes": {"POSITION": 0}}
    path = gltf(
        tmp_path / "a.gltf",
        extensionsRequired=["KHR_draco_mesh_compression"],
        buffers=[{"byteLength": len(data), "uri": "draco.bin"}],
        bufferViews=[{"buffer": 0, "byteLength": len(data)}],
        accessors=[
            {"componentType": 5126, "count": 3, "type": "VEC3"},
            {"componentType": 5125, "count": 3, "type": "SCALAR"},
        ],
        meshes=[{"primitives": [{
            "attributes": {"POSITION": 0}, "indices": 1,
            "extensions": {"KHR_draco_mesh_compression": extension},
        }]}],
    )  # fmt: skip
    assert "announces 3 vertices and 3 indices" in why_not(path)
