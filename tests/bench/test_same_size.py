"""Ours beside a peer's: no more triangles, the same side, and every byte accounted for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shapes import sphere_mesh

from bench import gltf_transform, peer_models
from bench.same_size import compare, parts, plain
from relicscan import formats
from relicscan.delivery.glb import write_glb
from relicscan.formats.images import png_of, webp_of
from relicscan.relic import Material, Mesh

METRES = np.diag([0.001, 0.001, 0.001, 1.0])


def ball() -> Mesh:
    """A painted ball of 40 mm."""
    mesh = sphere_mesh(40.0)
    x, y, z = np.moveaxis(mesh.vertices[mesh.faces], -1, 0) / 40
    # The two halves side by side, so that no place shares texels with another.
    right = (z.mean(axis=1) > 0)[:, None]
    uv = np.stack([0.25 + 0.2 * x + 0.5 * right, 0.5 + 0.4 * y], axis=-1)
    rows = np.linspace(0, 255, 256, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(rows[:, None], rows[None], np.uint8(90)), axis=-1)
    return replace(mesh, corner_uv=uv, materials=(Material(texture=png_of(pixels, "paint")),))


def test_a_peer_that_only_rounds_differs_less_than_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.same_size.SCREEN_PX", 256)
    original = tmp_path / "ball.glb"
    write_glb(original, ball(), T_model_mesh=METRES, generator="test")
    peer = tmp_path / "peer.glb"
    write_glb(peer, ball(), T_model_mesh=METRES, generator="test", geometry="meshopt")
    (tmp_path / "made").mkdir()
    told = compare(original, peer, tmp_path / "made")
    theirs, ours = told["models"]["gltf-transform"], told["models"]["ours"]
    assert theirs["texture_side"] == ours["texture_side"] == 256
    assert theirs["triangles"] == ours["triangles"] == len(ball().faces)
    for model in (theirs, ours):
        assert sum(model["parts"].values()) == model["bytes"]
        assert model["khronos"] is None or model["khronos"]["decoded"]["errors"] == 0
    # The peer's file has positions, normals and texture coordinates rounded, ours lossy images too.
    for way in ("as_read", "as_viewed"):
        rounded, lossy = (m["difference"][way]["albedo"]["flip"] for m in (theirs, ours))
        assert 0 < rounded < 0.02
        assert rounded < lossy < 0.08


def test_parts_are_named_and_add_up(tmp_path: Path) -> None:
    texture = webp_of(np.full((16, 16, 3), 90, np.uint8), "grey", 80)
    mesh = replace(ball(), materials=(Material(texture=texture),))
    write_glb(tmp_path / "x.glb", mesh, T_model_mesh=METRES, generator="t", geometry="meshopt")
    data = (tmp_path / "x.glb").read_bytes()
    found = parts(data)
    names = {"POSITION", "NORMAL", "TEXCOORD_0", "indices", "baseColorTexture", "JSON"}
    assert set(found) == names
    assert sum(found.values()) == len(data)
    assert found["baseColorTexture"] == len(texture.data)


def test_a_model_without_a_unit_becomes_a_quarter_of_a_metre(tmp_path: Path) -> None:
    square = "v 0 0 0\nv 8 0 0\nv 8 2 0\nf 1 2 3\n"
    (tmp_path / "x.obj").write_text(square, encoding="utf-8")
    plain(tmp_path / "x.obj", tmp_path / "x.glb")
    mesh = formats.read(tmp_path / "x.glb")[0].geometry
    assert isinstance(mesh, Mesh)
    assert np.allclose(mesh.bounds, [[-0.125, -0.03125, 0], [0.125, 0.03125, 0]])


def test_without_npm_or_scans_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gltf_transform.what_is_missing(tmp_path) == (
        "node and npm not installed (on Debian: apt-get install nodejs npm)"
    )
    text = peer_models.made(tmp_path / "made", tmp_path / "scans")
    assert text.count("Left out: there is no ") == len(peer_models.MODELS)
    skull = tmp_path / "scans" / "tex_whale_skull" / "whale_cranium.glb"
    skull.parent.mkdir(parents=True)
    skull.write_bytes(b"")
    text = peer_models.made(tmp_path / "made", tmp_path / "scans")
    assert "Left out: node and npm not installed" in text
    assert text.count("Left out: there is no ") == len(peer_models.MODELS) - 1
