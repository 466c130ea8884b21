"""unwrap_uv: coordinates for a surface without any; see tests/geometry/test_unwrap.py."""

from __future__ import annotations

from shapes import mesh_relic, sphere_mesh

from relicscan.pipeline import skip_reason
from relicscan.stages.bake_textures import bake_textures
from relicscan.stages.unwrap_uv import unwrap_uv


def test_the_surface_gets_coordinates_and_the_figures_say_how_well() -> None:
    ball = sphere_mesh()
    after = unwrap_uv(mesh_relic(ball), gaps=256)
    mesh = after.the_mesh()
    assert mesh.corner_uv is not None
    assert mesh.corner_uv.shape == (len(ball.faces), 3, 2)
    assert (mesh.vertices == ball.vertices).all()
    assert after.figures["charts"] > 1
    assert 0.4 < after.figures["used_share"] < 1


def test_what_the_scan_brings_is_kept() -> None:
    assert skip_reason(unwrap_uv, {"mesh", "geometry"}) is None
    assert skip_reason(unwrap_uv, {"mesh", "geometry", "mesh.uv"}) is None
    assert skip_reason(unwrap_uv, {"mesh", "geometry", "mesh.uv", "atlas"}) is not None
    textured = {"mesh", "geometry", "mesh.uv", "textures", "cloud", "cloud.colors"}
    assert skip_reason(bake_textures, textured) is not None
