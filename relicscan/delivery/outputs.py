"""What a finished relic leaves in its folder: master, models of every target, pictures."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from relicscan import __version__, threads
from relicscan.delivery.conformance import check_glb
from relicscan.delivery.solver import Solved, solve
from relicscan.delivery.sources import Sources
from relicscan.delivery.target import Target, TargetLevel
from relicscan.delivery.usdz import what_is_missing, write_usdz
from relicscan.delivery.xmp import EXTENSION as XMP
from relicscan.delivery.xmp import in_one_language, xmp_packet
from relicscan.durable import write_durably
from relicscan.errors import OutputError
from relicscan.formats.ply import write_mesh
from relicscan.metadata.described import descriptive_digest
from relicscan.metadata.descriptive import RightsIn
from relicscan.metadata.figures import DeviationCheckRecord, DifferenceRecord, PictureDifference
from relicscan.metadata.manifest import (
    ArrangementRecord,
    FileRecord,
    LevelRecord,
    MasterRecord,
)
from relicscan.metadata.relic_toml import RelicToml
from relicscan.quality import arrangements as quality
from relicscan.quality.previews import write_previews
from relicscan.relic import Arrangement, Mesh, Relic

GENERATOR = f"relicscan {__version__}"


class Delivered(NamedTuple):
    """Models, the other files of their targets, and warnings in plain words."""

    levels: list[LevelRecord]
    files: list[FileRecord]
    warnings: list[str]


def write_master(relic: Relic, folder: Path) -> tuple[MasterRecord, list[FileRecord]]:
    """Write master/mesh.ply and its textures under `folder`.

    In working units (millimetres where the scale is known), source axes, recentred. Raises
    OutputError when a file cannot be written.
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
    return written, [FileRecord.of(folder, f"master/{name}") for name in textures]


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


def levels_as_they_are(relic: Relic) -> Target:
    """The target of a pipeline that names none: each level of detail as a plain GLB in web/."""
    levels = tuple(
        TargetLevel(name=level.name, max_triangles=level.ceiling) for level in relic.levels
    )
    return Target(
        name="web",
        description="Levels as they are",
        geometry="plain",
        images="source",
        level=levels,
    )


def write_models(sources: Sources, targets: Sequence[Target], folder: Path) -> Delivered:
    """Solve and write every level of every target under `folder`, and check what was written.

    As many at a time as there are threads, the largest first: they are solved one by one,
    with one thread each. Raises OutputError when a file cannot be written or breaks its format.
    """
    for target in targets:
        (folder / target.name).mkdir()
    wanted = [(target, level) for target in targets for level in target.level]
    order = sorted(range(len(wanted)), key=lambda n: -(wanted[n][1].max_triangles or sys.maxsize))
    made = threads.each(lambda n: _write_model(sources, *wanted[n], folder), order)
    parts = [part for _, part in sorted(zip(order, made, strict=True), key=itemgetter(0))]
    return Delivered(*(list(chain.from_iterable(part)) for part in zip(*parts, strict=True)))


def _write_model(sources: Sources, target: Target, level: TargetLevel, folder: Path) -> Delivered:
    solved = solve(sources, target, level, **_described(sources.relic, target))
    written = _write_level(solved, target, level, folder, sources.relic)
    if not target.usdz:
        return Delivered([written], [], [])
    file = f"{target.name}/{level.name}.usdz"
    missing = what_is_missing()
    if missing is not None:
        return Delivered([written], [], [f"{file} was not made: {missing}"])
    write_usdz(
        folder / file,
        solved.mesh,
        T_model_mesh=sources.T_model_work,
        generator=GENERATOR,
        name=sources.relic.id,
        copyright=_copyright(sources.relic),
        license=_digital(sources.relic).uri,
    )
    return Delivered([written], [FileRecord.of(folder, file)], [])


def _described(relic: Relic, target: Target) -> dict[str, Any]:
    """What a model says of itself; with an XMP packet unless the target takes no such thing."""
    taken = target.limits.extensions
    packed = taken is None or XMP in taken
    return {
        "generator": GENERATOR,
        "name": relic.id,
        "copyright": _copyright(relic),
        "extras": {
            "relic": relic.id,
            "scale_known": relic.frame.scale_known,
            "metadata_sha256": descriptive_digest(relic.metadata),
        },
        "xmp": xmp_packet(relic.id, relic.metadata) if packed else None,
    }


def _digital(relic: Relic) -> RightsIn:
    """The rights in the digital copy, which a model is; those in the object are others."""
    return RelicToml.model_validate(relic.metadata).rights.digital


def _copyright(relic: Relic) -> str | None:
    return in_one_language(_digital(relic).credit)


def _write_level(
    solved: Solved, target: Target, level: TargetLevel, folder: Path, relic: Relic
) -> LevelRecord:
    file = f"{target.name}/{level.name}.glb"
    sha256 = write_durably(folder / file, [solved.glb])
    broken = [f for f in check_glb(folder / file) if f.severity == "error"]
    if broken:
        raise OutputError(
            f"{file} breaks the glTF format: {broken[0].message}",
            scan=relic.id,
            remedy="this is a defect in relicscan: please report it with the scan",
        )
    pictures = [texture for m in solved.mesh.materials for texture in m.textures]
    grade = solved.choice.grade
    return LevelRecord(
        path=file,
        bytes=len(solved.glb),
        sha256=sha256,
        target=target.name,
        name=level.name,
        surface=solved.level.name,
        ceiling=level.max_triangles or solved.level.ceiling,
        triangles=solved.geometry.triangles,
        vertices=solved.geometry.vertices,
        bounds_m=solved.geometry.bounds_m,
        texture_side=max((max(t.width, t.height) for t in pictures), default=None),
        image_quality=grade.quality if grade else None,
        maps=tuple(
            name
            for name in ("normal", "occlusion")
            if any(getattr(material, name) for material in solved.mesh.materials)
        ),
        gpu_bytes=solved.figures.gpu_bytes,
        difference=_difference(solved, level),
        decided=solved.decided,
        unmet=solved.unmet,
        deviation_check=DeviationCheckRecord.of(
            solved.level.deviation, relic.frame, level.max_deviation_mm
        ),
    )


def _difference(solved: Solved, level: TargetLevel) -> DifferenceRecord | None:
    found = solved.difference
    if found is None or level.screen_px is None:
        return None
    return DifferenceRecord(
        screen_px=level.screen_px,
        shaded=PictureDifference(flip=found.shaded.flip, psnr_db=found.shaded.psnr_db),
        albedo=PictureDifference(flip=found.albedo.flip, psnr_db=found.albedo.psnr_db),
        threshold_flip=level.max_difference,
        passes=None if level.max_difference is None else found.shaded.flip <= level.max_difference,
    )


def write_pictures(relic: Relic, folder: Path) -> list[FileRecord]:
    """Write preview/, posters and turns for catalogues, under `folder`. Raises OutputError."""
    place = folder / "preview"
    place.mkdir()
    names = write_previews(relic.the_mesh(), relic.frame.R_model_work, place)
    return [FileRecord.of(folder, f"preview/{name}") for name in names]


def write_arrangements(
    questions: Sequence[Sequence[Arrangement]], folder: Path
) -> tuple[list[FileRecord], list[ArrangementRecord]]:
    """Write preview/arrangement-1.webp and so on, a picture of every answer to each question.

    Raises OutputError, and StageError where an arrangement has no points.
    """
    files: list[FileRecord] = []
    records: list[ArrangementRecord] = []
    for number, answers in enumerate(questions, start=1):
        if not answers:
            continue
        place = folder / "preview"
        place.mkdir(exist_ok=True)
        names = quality.write_arrangements(answers, place, first=len(files) + 1)
        paths = [f"preview/{name}" for name in names]
        files += [FileRecord.of(folder, path) for path in paths]
        records += [
            ArrangementRecord(path=path, title=answer.title, question=number)
            for path, answer in zip(paths, answers, strict=True)
        ]
    return files, records


def _comments(relic: Relic) -> list[str]:
    unit = "millimetres" if relic.frame.scale_known else "working units, scale unknown"
    return [GENERATOR, f"relic {relic.id}", f"unit {unit}"]
