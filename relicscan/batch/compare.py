"""Two outputs, or an output and a mesh: what differs, in numbers and, with a folder, in pictures.

A relic that cannot be compared costs itself, not the others: it is recorded as refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from relicscan.batch.compare_sides import Side, sides
from relicscan.errors import OutputError, RelicscanError, StageError
from relicscan.geometry.frames import transformed
from relicscan.metadata.canonical import write_bytes_atomically, write_json_atomically
from relicscan.metadata.change_record import (
    AlignmentRecord,
    AreasRecord,
    ChangeRecord,
    ChangeRegionRecord,
    DetectionRecord,
    GapRecord,
    PlaceRecord,
    change_record,
    rounded,
    vector,
)
from relicscan.metadata.manifest import Reason
from relicscan.relic import FloatArray, Mesh

if TYPE_CHECKING:
    from relicscan.geometry.change import Changes, Frames

#: What a comparison is written as.
RECORD, REPORT = "compare.json", "report.html"

_METHODS: Mapping[Frames, Literal["found", "refined", "as_given"]] = {
    "unrelated": "found",
    "near": "refined",
    "same": "as_given",
}


@dataclass(frozen=True)
class Comparison:
    """A comparison, and the folder that it was written to, if one was asked for."""

    record: ChangeRecord
    folder: Path | None

    @property
    def name(self) -> str:
        record = self.record
        return record.id or (record.after.name if record.after else "the comparison")


def compare(
    before: str | Path,
    after: str | Path,
    *,
    to: str | Path | None = None,
    frames: Frames = "unrelated",
    unit: str | None = None,
    relics: Sequence[str] = (),
) -> Iterator[Comparison]:
    """Compare one relic after the other: outputs of a run, folders of relics, or mesh files.

    frames: how both lie in the coordinates of their scans. unit: of mesh files that state none,
    or another. `relics` are ids, where there are several. With `to`, a folder that is not there
    yet, each comparison is written there (several in a folder each). Raises PipelineError and
    OutputError for what is no such thing, before anything is compared; ScanError for a unit that
    is none.
    """
    pairs = sides(Path(before), Path(after), unit=unit, relics=relics)
    target = None if to is None else _new_folder(Path(to))
    for id, load in pairs:
        folder = target
        if target is not None and len(pairs) > 1:
            folder = target / str(id)
        loaded: tuple[Side, Side] | None = None
        try:
            loaded = load()
            record = _compared(id, *loaded, frames, folder)
        except OutputError:
            raise
        except RelicscanError as error:
            named = {k: s.record() for k, s in zip(("before", "after"), loaded or (), strict=False)}
            record = change_record(id=id, reason=_reason(error), **named)  # type: ignore[arg-type]
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            write_json_atomically(folder / RECORD, record)
        yield Comparison(record, folder)


def _reason(error: RelicscanError) -> Reason:
    """Why it was refused, and which of both files or outputs it is about."""
    reason = Reason.of(error)
    if not error.scan:
        return reason
    return Reason(text=f"{error.scan}: {reason.text}", remedy=reason.remedy)


def _new_folder(to: Path) -> Path:
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise OutputError(
            "there is something at this place already, and a comparison replaces nothing",
            scan=str(to),
            remedy="name a folder that is not there yet, or delete this one",
        )
    return to


def _compared(
    id: str | None, before: Side, after: Side, frames: Frames, folder: Path | None
) -> ChangeRecord:
    from relicscan.geometry.change import signed_change

    given = np.eye(4)
    if frames != "unrelated":
        # What lies as it should are the scans: each master has its own place on top of that.
        given = np.linalg.inv(before.T_source_in_mm) @ after.T_source_in_mm
    changes = signed_change(before.mesh, _placed(after.mesh, given), frames=frames)
    remarks = [*before.remarks, *after.remarks, *changes.remarks]
    if frames == "same":
        remarks.append(
            "the frames were taken as they are, so the level of detection knows nothing of how "
            f"well they are aligned: the best fit would move the surface by up to "
            f"{round(changes.alignment.moves, 6):.3g} mm"
        )
    record = change_record(
        id=id,
        before=before.record(changes.places.roughness),
        after=after.record(changes.after_places.roughness),
        figures=_figures(changes, before, given),
        remarks=remarks,
    )
    if folder is not None:
        _write_pictures(record, before, after, changes, folder)
    return record


def _placed(mesh: Mesh, T: FloatArray) -> Mesh:
    normals = None if mesh.normals is None else mesh.normals @ T[:3, :3].T
    return replace(mesh, vertices=transformed(T, mesh.vertices), normals=normals)


def _figures(changes: Changes, before: Side, given: FloatArray) -> dict[str, Any]:
    """For the record; `given` (4, 4) takes the after mesh to where its scan says that it lies."""
    alignment, places = changes.alignment, changes.places
    known = np.isfinite(changes.change)

    def place(at: FloatArray) -> PlaceRecord:
        return PlaceRecord(
            mesh_mm=vector(at),
            model_m=None if before.T_model_mm is None else vector(_moved(before.T_model_mm, at), 6),
            source=vector(_moved(before.T_source_mm, at), 6),
        )

    return {
        "alignment": AlignmentRecord(
            method=_METHODS[alignment.frames],
            T_before_after=(alignment.T_before_after @ given).tolist(),
            residual_mm=rounded(alignment.residual),
            fitting_share=rounded(alignment.share),
            error_mm=rounded(alignment.error_at(places).max(), 3),
            moved_mm=rounded(alignment.moves),
            scale_factor=round(alignment.scale, 6),
            scale_error=rounded(alignment.scale_error, 2),
        ),
        "detection": DetectionRecord(
            places=len(places),
            spacing_mm=rounded(changes.spacing),
            cylinder_radius_mm=rounded(changes.reach),
            noise_mm=rounded(changes.noise, 3),
            lod95_mm=rounded(np.median(changes.lod95[known]), 3),
            detectable_mm=rounded(changes.detectable, 3),
        ),
        "areas": AreasRecord(
            before_mm2=rounded(places.area.sum()),
            compared_mm2=rounded(changes.compared_area),
            made_up_mm2=rounded(places.area[~known & ~changes.missing_after].sum()),
            not_in_after_mm2=rounded(places.area[changes.missing_after].sum()),
            not_in_before_mm2=rounded(changes.after_places.area[changes.missing_before].sum()),
        ),
        "changes": tuple(
            ChangeRegionRecord(
                kind=region.kind,
                area_mm2=rounded(region.area),
                area_uncertainty_mm2=rounded(region.area_uncertainty, 2),
                volume_mm3=rounded(region.volume),
                volume_uncertainty_mm3=rounded(region.volume_uncertainty, 2),
                mean_mm=rounded(region.mean),
                deepest_mm=rounded(region.deepest),
                uncertainty_mm=rounded(region.uncertainty, 2),
                length_mm=rounded(region.length, 3),
                width_mm=rounded(region.width, 3),
                centroid=place(region.centroid),
                deepest_at=place(region.deepest_at),
                cut_off=region.cut_off,
                through=region.through,
            )
            for region in changes.regions
        ),
        "gaps": tuple(
            GapRecord(
                area_mm2=rounded(gap.area),
                length_mm=rounded(gap.length, 3),
                width_mm=rounded(gap.width, 3),
                centroid=place(gap.centroid),
            )
            for gap in changes.gaps
        ),
    }


def _moved(T: FloatArray, at: FloatArray) -> FloatArray:
    return np.asarray(T[:3, :3] @ at + T[:3, 3])


def _write_pictures(
    record: ChangeRecord, before: Side, after: Side, changes: Changes, folder: Path
) -> None:
    from relicscan.quality.change_maps import change_pictures
    from relicscan.quality.change_page import change_page
    from relicscan.quality.pictures import webp

    turn = before.R_model_mm
    if turn is None and after.R_model_mm is not None:
        assert record.alignment is not None
        turn = after.R_model_mm @ np.array(record.alignment.T_before_after)[:3, :3].T
    try:
        pictures = change_pictures(before.mesh, changes, turn)
    except StageError as error:
        raise error.at(scan=before.name) from None
    files: dict[str, bytes] = {"scale.webp": webp(pictures.bar, quality=90, effort=4)}
    for name, shown in pictures.named():
        for what, image in shown.images():
            files[f"{name}-{what}.webp"] = webp(image, quality=86, effort=4)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be made ({error.strerror or error})", scan=str(folder)
        ) from None
    for name, content in files.items():
        write_bytes_atomically(folder / name, content)
    page = change_page(record, pictures, files, upright=turn is not None)
    write_bytes_atomically(folder / REPORT, page.encode())
