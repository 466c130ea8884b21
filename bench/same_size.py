"""A finished model made small by us and by a peer, at the same triangles and texture side.

    python -m bench.same_size plain SCAN.obj MODEL.glb        a GLB for the peer to read
    python -m bench.same_size compare MODEL.glb PEER.glb FOLDER

Ours goes the road of `pipelines/web.toml` to a level of no more triangles than the peer's, with
the maps that the model brings and images of the peer's side and quality; it is written to FOLDER,
and everything that is to be told of both to FOLDER/same_size.json. How different each looks from
the model is measured on the written files, both read in the same way.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.gltf_transform import QUALITY
from bench.viewed import Viewed, viewed
from relicscan.relic import FloatArray, Mesh, Relic

SCREEN_PX = 1024
#: What `medium` of the target web may have at the most.
MEDIUM = 80_000
#: Of a model whose file states no unit.
_SIDE_M = 0.25
_GRAVE = ("error", "warning")


def plain(source: Path, result: Path) -> None:
    """A textured mesh as an uncompressed GLB, its longest side 0.25 m: nobody knows its unit."""
    from relicscan import formats
    from relicscan.delivery.glb import write_glb

    mesh = formats.read(source)[0].geometry
    assert isinstance(mesh, Mesh)
    low, high = mesh.bounds
    T = np.diag([*[_SIDE_M / float((high - low).max())] * 3, 1.0])
    T[:3, 3] = -T[0, 0] * (low + high) / 2
    write_glb(result, mesh, T_model_mesh=T, generator="bench")


def compare(original: Path, peer: Path, folder: Path) -> dict[str, Any]:
    """Make ours beside the peer's, and tell of both."""
    from relicscan.delivery.model_figures import figures_of

    figures = figures_of(peer.read_bytes())
    assert figures.triangles is not None
    side = max((image.side for image in figures.images), default=2048)
    relic = _textured(original, folder / "scan")
    T_original_ours = np.linalg.inv(relic.frame.T_model_source)
    made: dict[str, tuple[Path, FloatArray | None]] = {"gltf-transform": (peer, None)}
    for name, most in (("ours", figures.triangles), (f"ours, {MEDIUM:,}", MEDIUM)):
        if most <= figures.triangles:
            path = folder / f"ours-{most}.glb"
            path.write_bytes(_ours(relic, most, side))
            made[name] = (path, T_original_ours)
    judge = _Judge(original)
    return {
        "screen_px": SCREEN_PX,
        "original": _told(original),
        "models": {
            name: {
                **_told(path),
                "parts": parts(path.read_bytes()),
                "difference": judge.differences(path, T),
            }
            for name, (path, T) in made.items()
        },
    }


def _textured(original: Path, folder: Path) -> Relic:
    """The model as the stages before `build_levels` leave it."""
    from bench.chain_ours import load, until
    from relicscan.pipeline import read_pipeline, stage_by_stage
    from relicscan.scan_folder import read_relic

    load()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(original, folder / "model.glb")
    relic = read_relic(folder)
    for after in stage_by_stage(relic, until(read_pipeline("web"), "levels")):
        relic = after
    return relic


def _ours(relic: Relic, triangles: int, side: int) -> bytes:
    from relicscan.delivery.coding import Grade
    from relicscan.delivery.glb import glb_of
    from relicscan.delivery.outputs import GENERATOR
    from relicscan.delivery.sources import Choice, Sources
    from relicscan.delivery.target import read_target
    from relicscan.stages.build_levels import build_levels

    sources = Sources(build_levels(relic, ceilings={"same": triangles}))
    target = read_target("web")
    brought = relic.the_mesh().materials
    choice = Choice(
        0,
        Grade(side, QUALITY),
        normal=any(m.normal for m in brought),
        occlusion=any(m.occlusion for m in brought),
    )
    encoded, materials = (
        sources.encoded(choice, target),
        sources.materials(choice, target.images, thorough=True),
    )
    return glb_of(encoded, materials, generator=GENERATOR, name=relic.id)


class _Judge:
    """Pictures of the original: as it is read, and with the normals that its file states."""

    def __init__(self, original: Path) -> None:
        from relicscan.quality.difference import Reference, views

        shown = viewed(original)
        self.views = views(shown.as_read, size_px=SCREEN_PX)
        self.references = [Reference(seen) for seen in self._pictures(shown)]

    def differences(self, path: Path, T: FloatArray | None) -> dict[str, Any]:
        """Both differences of a model that T (4, 4) puts where the original is."""
        from relicscan.quality.difference import difference

        pictures = self._pictures(viewed(path, T))
        told = {}
        ways = ("as_read", "as_viewed")
        for way, reference, seen in zip(ways, self.references, pictures, strict=True):
            found = difference(reference, seen)
            told[way] = {
                name: {"flip": part.flip, "psnr_db": part.psnr_db}
                for name, part in (("shaded", found.shaded), ("albedo", found.albedo))
            }
        return told

    def _pictures(self, shown: Viewed) -> list[Any]:
        from relicscan.quality.difference import look, pictures

        own = look(shown.mesh, self.views)
        if shown.tangents is not None:
            own.surface.tangents = shown.tangents
        return [
            pictures(look(shown.as_read, self.views), shown.as_read),
            pictures(own, shown.mesh),
        ]


def _told(path: Path) -> dict[str, Any]:
    """Bytes, triangles, vertices, texture side, and what the Khronos validator says."""
    from relicscan.delivery.model_figures import figures_of

    data = path.read_bytes()
    figures = figures_of(data)
    return {
        "bytes": len(data),
        "triangles": figures.triangles,
        "vertices": figures.vertices,
        "texture_side": max((image.side for image in figures.images), default=None),
        "khronos": _khronos(path),
    }


def parts(glb: bytes) -> dict[str, int]:
    """Bytes of a compressed GLB of one primitive, by what they are of; all the rest is `JSON`.

    Attributes under their names, `indices`, images under the material's names for them.
    """
    from relicscan.delivery.model_figures import parsed

    document = parsed(glb)
    assert document is not None
    content = document.content
    views = [
        view.get("extensions", {}).get("EXT_meshopt_compression", view)["byteLength"]
        for view in content["bufferViews"]
    ]
    (primitive,) = (p for mesh in content["meshes"] for p in mesh["primitives"])
    used = {**primitive["attributes"], "indices": primitive["indices"]}
    found = {name: views[content["accessors"][i]["bufferView"]] for name, i in used.items()}
    material = content.get("materials", [{}])[primitive.get("material", 0)]
    for name, index in _textures(material).items():
        texture = content["textures"][index]
        webp = texture.get("extensions", {}).get("EXT_texture_webp", {})
        image = content["images"][webp.get("source", texture.get("source"))]
        found[name] = views[image["bufferView"]]
    return {**found, "JSON": len(glb) - sum(found.values())}


def _textures(material: Mapping[str, Any]) -> dict[str, int]:
    of = {**material.get("pbrMetallicRoughness", {}), **material}
    return {name: info["index"] for name, info in of.items() if name.endswith("Texture")}


def _khronos(path: Path) -> dict[str, Any] | None:
    """Errors, warnings and their codes, of the file and of what it decodes to; None without it."""
    from relicscan.delivery.decoded import decoded
    from relicscan.delivery.khronos import validate_many

    copy = path.with_suffix(".decoded.glb")
    copy.write_bytes(decoded(path.read_bytes()))
    try:
        reports = validate_many([path, copy])
    finally:
        copy.unlink()
    if reports is None:
        return None
    return {
        of: {
            "errors": report.errors,
            "warnings": report.warnings,
            "codes": sorted({m.code for m in report.messages if m.severity in _GRAVE}),
        }
        for of, report in zip(("file", "decoded"), reports, strict=True)
    }


def main() -> int:
    """Make a plain GLB, or compare two models with the one that they come from."""
    parser = argparse.ArgumentParser(prog="python -m bench.same_size", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("plain")
    one.add_argument("source", type=Path)
    one.add_argument("result", type=Path)
    two = commands.add_parser("compare")
    two.add_argument("original", type=Path)
    two.add_argument("peer", type=Path)
    two.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.command == "plain":
        plain(given.source, given.result)
    else:
        told = compare(given.original, given.peer, given.folder)
        (given.folder / "same_size.json").write_text(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
