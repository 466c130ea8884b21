"""What a finished relic leaves in its folder: master, levels, and the record of each file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relicscan import __version__
from relicscan.delivery.conformance import check_glb
from relicscan.delivery.glb import write_glb
from relicscan.durable import write_durably
from relicscan.errors import OutputError
from relicscan.formats.ply import write_mesh
from relicscan.metadata.manifest import FileRecord, LevelRecord, MasterRecord
from relicscan.relic import FloatArray, Level, Mesh, Relic

GENERATOR = f"relicscan {__version__}"


def write_outputs(
    relic: Relic, folder: Path
) -> tuple[MasterRecord, list[LevelRecord], list[FileRecord]]:
    """Write master/mesh.ply, its textures and web/<level>.glb under `folder`, and check them.

    The master is in working units (millimetres where the scale is known), source axes,
    recentred. Raises OutputError when a file cannot be written or breaks its format.
    """
    mesh = relic.the_mesh()
    master = folder / "master" / "mesh.ply"
    master.parent.mkdir(parents=True)
    textures = _write_textures(mesh, master.parent)
    write_mesh(master, mesh, _comments(relic), texture_names=textures)
    low, high = mesh.bounds.tolist()
    written = MasterRecord(
        **dict(FileRecord.of(folder, "master/mesh.ply")),
        triangles=len(mesh.faces),
        vertices=len(mesh.vertices),
        bounds=(tuple(low), tuple(high)),
    )
    T_model_work = np.eye(4)
    T_model_work[:3, :3] = relic.frame.R_model_work / 1000
    (folder / "web").mkdir()
    levels = [_write_level(level, folder, relic, T_model_work) for level in relic.levels]
    return written, levels, [FileRecord.of(folder, f"master/{name}") for name in textures]


def _write_textures(mesh: Mesh, folder: Path) -> list[str]:
    """Base colour textures beside the master, byte for byte, under names of our own.

    A PLY names them by the number of the material, so all materials have one or none is kept.
    """
    textures = [material.texture for material in mesh.materials]
    if mesh.corner_uv is None or not all(textures):
        return []
    names = []
    for number, texture in enumerate(t for t in textures if t is not None):
        names.append(f"texture-{number}.{texture.mime.removeprefix('image/')}")
        write_durably(folder / names[-1], [texture.data])
    return names


def _write_level(level: Level, folder: Path, relic: Relic, T_model_work: FloatArray) -> LevelRecord:
    file = f"web/{level.name}.glb"
    rights = relic.metadata.get("rights", {})
    attribution = rights.get("attribution") or rights.get("holder") or {}
    summary = write_glb(
        folder / file,
        level.mesh,
        T_model_mesh=T_model_work,
        generator=GENERATOR,
        name=relic.id,
        copyright=next(iter(attribution.values()), None),
        extras={"relic": relic.id, "scale_known": relic.frame.scale_known},
    )
    broken = [f for f in check_glb(folder / file) if f.severity == "error"]
    if broken:
        raise OutputError(
            f"{file} breaks the glTF format: {broken[0].message}",
            scan=relic.id,
            remedy="this is a defect in relicscan: please report it with the scan",
        )
    return LevelRecord(
        path=file,
        bytes=summary.bytes,
        sha256=summary.sha256,
        name=level.name,
        ceiling=level.ceiling,
        triangles=summary.triangles,
        vertices=summary.vertices,
        bounds_m=summary.bounds_m,
    )


def _comments(relic: Relic) -> list[str]:
    unit = "millimetres" if relic.frame.scale_known else "working units, scale unknown"
    return [GENERATOR, f"relic {relic.id}", f"unit {unit}"]
