"""The files of a relic held against what relic.json says of them: what do they say themselves?

A checksum tells that a file is the one that was listed. Whoever makes a manifest say something
else, and all checksums above it again, is found here: by triangles, vertices, bounds, pictures
and memory as they are in the files, and by the digest of the metadata that each GLB carries.
What only a comparison with the scan tells (deviations, differences) no file can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from relicscan.delivery.findings import Document
from relicscan.delivery.model_figures import glb_figures, image_figures, parsed
from relicscan.errors import RelicscanError
from relicscan.formats import ply
from relicscan.formats._gltf_document import read_document
from relicscan.formats._gltf_scene import placed_meshes
from relicscan.metadata.described import descriptive_digest
from relicscan.metadata.manifest import LevelRecord, MasterRecord, RelicManifest
from relicscan.relic import FloatArray, Mesh

#: Bounds go through 32-bit floats, which have 24 bits.
_ROUNDED = 2.0**-22
_PICTURES = frozenset((".webp", ".png", ".jpg", ".jpeg"))


def level_problems(path: Path, level: LevelRecord, manifest: RelicManifest) -> list[str]:
    """In what a GLB is not what its record says; of a file that is no GLB, nothing.

    Raises OSError.
    """
    data = path.read_bytes()
    doc = parsed(data)
    if doc is None:
        return []
    found = glb_figures(doc, len(data))
    problems = [
        *_unlike("triangles", level.triangles, found.triangles),
        *_unlike("vertices", level.vertices, found.vertices),
        *_unlike("maps", sorted(level.maps), _maps(doc)),
        *_unlike_bounds(level.bounds_m, _bounds(path, doc), "m"),
    ]
    if level.gpu_bytes is not None:
        problems += _unlike("bytes of GPU memory", level.gpu_bytes, found.gpu_bytes)
    side = max((image.side for image in found.images), default=None)
    problems += _unlike("pixels on the longest side of its pictures", level.texture_side, side)
    return problems + list(_unlike_metadata(doc, manifest))


def master_problems(path: Path, master: MasterRecord) -> list[str]:
    """In what the master mesh is not what its record says. Raises OSError."""
    try:
        mesh = ply.read(path)[0].geometry
    except RelicscanError as error:
        return [f"it cannot be read as a mesh: {error.message}"]
    if not isinstance(mesh, Mesh):
        return ["it has no triangles"]
    low, high = mesh.bounds
    return [
        *_unlike("triangles", master.triangles, len(mesh.faces)),
        *_unlike("vertices", master.vertices, len(mesh.vertices)),
        *_unlike_bounds(master.bounds, (low, high), "units"),
    ]


def picture_problems(path: Path) -> list[str]:
    """What is wrong with a picture, by its header; of any other file, nothing. Raises OSError."""
    if path.suffix.lower() not in _PICTURES or image_figures(path.name, path.read_bytes()).side:
        return []
    return ["it is no picture that can be read"]


def usdz_problems(triangles: int | None, file: str, levels: Sequence[LevelRecord]) -> list[str]:
    """Whether a USDZ shows as many triangles as the GLB of the same name; None is not known."""
    stem = PurePosixPath(file).with_suffix(".glb").as_posix()
    said = next((level.triangles for level in levels if level.path == stem), None)
    if said is None or triangles is None:
        return []
    return list(_unlike("triangles", said, triangles))


def _unlike(what: str, said: Any, found: Any) -> Iterator[str]:
    if said != found:
        yield f"relic.json says {what}: {_shown(said)}, and it has {_shown(found)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return "none" if value is None or value == [] else str(value)


def _unlike_bounds(said: Any, found: Any, unit: str) -> Iterator[str]:
    if found is None:
        return
    said, found = np.asarray(said, np.float64), np.asarray(found, np.float64)
    if np.abs(said - found).max() > _ROUNDED * max(np.abs(found).max(), np.ptp(found)):
        yield f"relic.json says bounds: {_box(said)} {unit}, and it has {_box(found)}"


def _box(bounds: FloatArray) -> str:
    return " to ".join("(" + ", ".join(f"{v:.6g}" for v in corner) + ")" for corner in bounds)


def _maps(doc: Document) -> list[str]:
    materials = doc.objects("materials")
    kinds = ("normal", "occlusion")
    return sorted(kind for kind in kinds if any(f"{kind}Texture" in m for m in materials))


def _bounds(path: Path, doc: Document) -> FloatArray | None:
    """Bounds of what the scene shows, in metres, by its accessors; None where they do not tell.

    That the accessors say the truth is for the checks of the format.
    """
    try:
        placed = placed_meshes(read_document(path, binary=False))
    except RelicscanError:
        return None
    meshes, accessors = doc.objects("meshes"), doc.objects("accessors")
    corners = []
    for mesh, T_scene_mesh in placed:
        for primitive in meshes[mesh].get("primitives", ()):
            accessor = accessors[doc.at(primitive, "attributes").get("POSITION", 0)]
            box = np.array([accessor.get("min"), accessor.get("max")], dtype=np.float64)
            if box.shape != (2, 3):
                return None
            corners.append(box @ T_scene_mesh[:3, :3].T + T_scene_mesh[:3, 3])
    if not corners:
        return None
    every = np.concatenate(corners)
    return np.stack([every.min(axis=0), every.max(axis=0)])


def _unlike_metadata(doc: Document, manifest: RelicManifest) -> Iterator[str]:
    extras = doc.at(doc.content, "asset", "extras")
    if extras.get("relic") != manifest.id:
        yield f"it is not a model of '{manifest.id}' by what it says itself"
    yield from _unlike("scale known", manifest.scale_known, extras.get("scale_known"))
    if extras.get("metadata_sha256") != descriptive_digest(manifest.metadata.stated()):
        yield "it was made with other metadata than relic.json has"
