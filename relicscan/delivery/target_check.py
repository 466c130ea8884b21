"""Does a file fit a target: everything that the target's viewers take, and its level's budget.

A finding says the figure, the limit, and what would bring one under the other. What only
a comparison with the master tells (`max_difference`, `max_deviation_mm`) is measured when a
level is made and stands in relic.json; no file can show it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from relicscan.delivery.findings import Document, Finding
from relicscan.delivery.model_figures import (
    ModelFigures,
    all_primitives,
    glb_figures,
    is_float,
    parsed,
)
from relicscan.delivery.target import Limits, Target, TargetLevel
from relicscan.delivery.usdz_check import UsdzRead, read_usdz
from relicscan.errors import unreadable

_NONE = 1 << 62  # no limit
_REMEDIES = {
    "BYTES": "fewer triangles, smaller images or stronger compression",
    "TRIANGLES": "decimate further",
    "VERTICES": "decimate further, or unwrap into fewer charts: seams split vertices",
    "TEXTURE_SIDE": "make the image smaller",
    "GPU_BYTES": "smaller or fewer images: a card holds them unpacked, whatever the file has",
    "MATERIALS": "bake all of them into one atlas",
    "PRIMITIVES": "bake all materials into one, and merge the meshes",
    "UV_SETS": "keep the set that the base colour uses",
}


def check_against(
    path: Path, target: Target, level: str | None = None, *, usdz: UsdzRead | None = None
) -> list[Finding]:
    """What of a GLB or USDZ does not fit a target, worst first; an empty list is a file that fits.

    The level is the one named, else the one that the file is called after, else none. Whether
    the file keeps to its own format is not looked at here: see `validation`. `usdz` is what
    `read_usdz` has found in it already.
    Raises PipelineError for a level that the target does not have, ScanError for a file that
    cannot be read.
    """
    said = Document()
    stems = [own.name for own in target.level]
    chosen = level if level is not None else path.stem if path.stem in stems else None
    planned = None if chosen is None else target.level_named(chosen)
    if path.suffix.lower() == ".usdz":
        figures = _usdz(path, target, usdz, said)
    else:
        figures = _glb(path, target, planned, said)
    if figures is not None:
        _check_figures(figures, target, planned, said)
    if figures is not None and planned is None and any(_has_limits(own) for own in target.level):
        said.info(
            "TARGET_LEVEL_UNKNOWN",
            f"no budget was checked: {path.name} is not called after a level of "
            f"'{target.name}' ({', '.join(stems)}), and none was named",
        )
    return said.sorted_findings()


def check_folder(paths: Sequence[Path], target: Target) -> list[Finding]:
    """Whether the models of one folder fit one package of the target."""
    limit, said = target.limits.max_total_bytes, Document()
    total = sum(path.stat().st_size for path in paths)
    if limit is not None and total > limit:
        said.error(
            "TARGET_TOTAL_BYTES",
            f"the {len(paths)} models of this folder have {total:,} bytes together, and one "
            f"package for '{target.name}' takes {limit:,}: put them into several, or leave "
            "the larger levels out",
        )
    return said.findings


def _has_limits(level: TargetLevel) -> bool:
    budget = (level.max_bytes, level.max_triangles, level.max_texture_side, level.max_gpu_bytes)
    return any(limit is not None for limit in budget)


def _glb(
    path: Path, target: Target, level: TargetLevel | None, said: Document
) -> ModelFigures | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise unreadable(error, scan=path.name) from None
    doc = parsed(data)
    if doc is None:
        said.error("TARGET_UNREADABLE", "this is no GLB file, so nothing was checked against it")
        return None
    _check_extensions(doc, target, said)
    _check_accessors(doc, target.limits, said)
    if level is not None:
        _check_maps(doc, level, said)
    return glb_figures(doc, len(data))


def _usdz(path: Path, target: Target, read: UsdzRead | None, said: Document) -> ModelFigures | None:
    if not target.usdz:
        said.error(
            "TARGET_FORMAT", f"'{target.name}' has no USDZ files: its viewers take GLB files"
        )
        return None
    return (read or read_usdz(path)).figures


def _check_extensions(doc: Document, target: Target, said: Document) -> None:
    allowed = target.limits.extensions
    if allowed is None:
        return
    for name in sorted(doc.names("extensionsUsed") | doc.names("extensionsRequired")):
        if name in allowed:
            continue
        why = target.limits.refused.get(name)
        takes = ", ".join(allowed) if allowed else "core glTF and no extension"
        said.error(
            "TARGET_EXTENSION",
            f"the file uses {name}, which '{target.name}' does not take"
            + (f": {why}" if why else "")
            + f"; write it without (taken: {takes})",
            "/extensionsUsed",
        )


def _check_accessors(doc: Document, limits: Limits, said: Document) -> None:
    for i, accessor in enumerate(doc.objects("accessors")):
        if not limits.sparse_accessors and "sparse" in accessor:
            message = "a sparse accessor, which is not taken: write its values out in full"
            said.error("TARGET_SPARSE_ACCESSOR", message, f"/accessors/{i}")
        if not limits.normalized_accessors and accessor.get("normalized") is True:
            message = "a normalized accessor, which is not taken: write 32-bit floats"
            said.error("TARGET_NORMALIZED_ACCESSOR", message, f"/accessors/{i}")
    if limits.float_attributes_only:
        uses = {
            (name, at)
            for _, primitive in all_primitives(doc)
            for name, at in doc.at(primitive, "attributes").items()
            if isinstance(at, int) and not is_float(doc, at)
        }
        for name, at in sorted(uses):
            message = f"{name} is not in 32-bit floats, and nothing else is taken: write it so"
            said.error("TARGET_FLOATS_ONLY", message, f"/accessors/{at}")


def _check_maps(doc: Document, level: TargetLevel, said: Document) -> None:
    for i, material in enumerate(doc.objects("materials")):
        for kind in ("normal", "occlusion"):
            if f"{kind}Texture" in material and kind not in level.maps:
                message = f"the level '{level.name}' has no {kind} map: leave it out"
                said.error("TARGET_MAP", message, f"/materials/{i}/{kind}Texture")


def _check_figures(
    figures: ModelFigures, target: Target, level: TargetLevel | None, said: Document
) -> None:
    limits = target.limits
    budget = level or TargetLevel(name="none")
    takes, has = f"'{target.name}' takes", f"the level '{budget.name}' has"

    def hold(code: str, figure: int | None, noun: str, own: int | None, level: int | None) -> None:
        """Say which of two limits is broken, the narrower where both are."""
        limit, whose = min((own or _NONE, takes), (level or _NONE, has), key=lambda pair: pair[0])
        if figure is not None and figure > limit:
            said.error(
                f"TARGET_{code}", f"{figure:,} {noun}, and {whose} {limit:,}: {_REMEDIES[code]}"
            )

    largest = min(limits.max_bytes or _NONE, limits.max_total_bytes or _NONE)
    hold("BYTES", figures.bytes, "bytes", largest, budget.max_bytes)
    hold("TRIANGLES", figures.triangles, "triangles", limits.max_triangles, budget.max_triangles)
    hold("VERTICES", figures.vertices, "vertices", limits.max_vertices, None)
    hold("MATERIALS", figures.materials, "materials", limits.max_materials, None)
    hold("PRIMITIVES", figures.primitives, "primitives", limits.max_primitives, None)
    hold("UV_SETS", figures.uv_sets, "sets of texture coordinates", limits.max_uv_sets, None)
    hold("GPU_BYTES", figures.gpu_bytes, "bytes of GPU memory", None, budget.max_gpu_bytes)
    for image in figures.images:
        noun = f"pixels on the longer side of {image.name}"
        hold("TEXTURE_SIDE", image.side, noun, limits.max_texture_side, budget.max_texture_side)
        if limits.image_types is not None and image.type not in limits.image_types:
            taken = ", ".join(limits.image_types)
            kind = image.type or "of no type that is known"
            message = f"{image.name} is {kind}, and {takes} {taken}: convert it"
            said.error("TARGET_IMAGE_TYPE", message)
