"""relic.json: what became of one relic, from which files, by which steps, at which error.

The same input gives the same bytes: nothing of times, hosts or users is here
(that is run.json's), every path is relative. index.json holds the SHA-256 of
this file, and this file that of every other file of the relic.

Every key is always written, null where there is nothing to say, so a reader
never has to guess whether something was forgotten.
"""

from __future__ import annotations

import importlib.metadata
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from relicscan import __version__
from relicscan.errors import RelicscanError
from relicscan.metadata.canonical import digest, file_sha256, plain, read_json
from relicscan.metadata.fields import Matrix4, Record, RecordedPath, RelicId, Sha256, Text, Vector3
from relicscan.metadata.relic_toml import RelicToml, Unit
from relicscan.relic import Deviation, Distances, Frame, Relic, Step
from relicscan.units import find_unit

#: Semantic version of all three manifests: minor ones add keys, major ones change their meaning.
SCHEMA_VERSION = "1.1.0"
SchemaVersion = Annotated[str, Field(pattern=r"^1\.[0-9]+\.[0-9]+$")]

State = Literal["done", "rejected", "failed", "crashed", "out_of_memory", "timed_out"]
Verdict = Literal["pass", "review", "fail"]
Count = Annotated[int, Field(ge=0)]
Texts = Annotated[tuple[str, ...], Field(strict=False)]

#: The libraries whose work shows in the files: their versions belong to the provenance.
LIBRARIES = (
    "numpy",
    "open3d",
    "trimesh",
    "pygltflib",
    "scipy",
    "numba",
    "pillow",
    "laspy",
    "pye57",
    "DracoPy",
    "meshopt",
    "usd-core",
    "pydantic",
)


class Reason(Record):
    """Why a relic is not simply good, and what would work."""

    text: Text
    remedy: Text | None

    @classmethod
    def of(cls, error: RelicscanError) -> Reason:
        """The reason that an error gives; where it happened is part of the text."""
        where = f"stage {error.stage}: " if error.stage else ""
        return cls(text=f"{where}{error.message}", remedy=error.remedy)


class SourceRecord(Record):
    """A file of the scan folder."""

    path: RecordedPath
    role: Literal["scan", "texture", "material", "buffer", "metadata", "other"]
    bytes: Count
    sha256: Sha256


class Units(Record):
    """The unit of the source, and what figures and `master.bounds` are in."""

    unit: Unit | None
    basis: Text
    scale_known: bool
    figures_in: Literal["mm", "working units"]

    @model_validator(mode="after")
    def _honest(self) -> Units:
        known = self.unit is not None
        if self.scale_known != known or (self.figures_in == "mm") != known:
            raise ValueError("scale_known and figures_in must follow from unit")
        return self


class FrameRecord(Record):
    """What is up in the source, and the way from source coordinates to the delivered model."""

    up: Text
    up_basis: Text
    T_model_source: Matrix4


class PipelineRecord(Record):
    """The pipeline, and the SHA-256 of its canonical JSON with every parameter filled in."""

    name: Text
    sha256: Sha256

    @classmethod
    def of(cls, name: str, effective: Mapping[str, Any]) -> PipelineRecord:
        """`effective` is `Pipeline.as_data()`."""
        return cls(name=name, sha256=digest(effective))


class StepRecord(Record):
    """What one stage did: see `relicscan.relic.Step`."""

    stage: Text
    parameters: dict[str, JsonValue]
    overridden: dict[str, str]
    skipped: str | None
    before: dict[str, int]
    after: dict[str, int]
    figures: dict[str, JsonValue]
    warnings: Texts


class HolesRecord(Record):
    """What was not scanned and made up, and what stays open: figures of the stage fill_holes.

    Areas and widths are in `units.figures_in`; made-up vertices are flagged in the model files
    (`filled` in the master, `_FILLED` in the levels).
    """

    filled: Count
    filled_area: Annotated[float, Field(ge=0)]
    filled_area_share: Annotated[float, Field(ge=0, le=1)]
    left_open: Count
    widest_opening: Annotated[float, Field(ge=0)]

    @classmethod
    def of(cls, history: Sequence[Step]) -> HolesRecord | None:
        """The record of the last fill_holes that was not skipped; None where there was none."""
        for step in reversed(history):
            if step.stage == "fill_holes" and not step.skipped:
                figures = step.figures
                return cls(
                    filled=figures["holes_filled"],
                    filled_area=figures["filled_area_mm2"],
                    filled_area_share=figures["filled_area_share"],
                    left_open=figures["holes_left_open"],
                    widest_opening=figures["widest_opening_mm"],
                )
        return None


Length = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class DistancesRecord(Record):
    """How far places are from a surface, in mm and as a share of the full mesh's diagonal.

    RMS and 95th percentile are over `samples` places, the maximum over those and more.
    """

    rms_mm: Length | None
    p95_mm: Length | None
    max_mm: Length | None
    rms_of_diagonal: Length
    p95_of_diagonal: Length
    max_of_diagonal: Length
    samples: Count

    @classmethod
    def of(cls, found: Distances | None, diagonal: float, *, in_mm: bool) -> Self | None:
        """The record of distances in working units; without mm where those are none."""
        if found is None:
            return None
        return cls(
            rms_mm=found.rms if in_mm else None,
            p95_mm=found.p95 if in_mm else None,
            max_mm=found.max if in_mm else None,
            rms_of_diagonal=_share_of(found.rms, diagonal),
            p95_of_diagonal=_share_of(found.p95, diagonal),
            max_of_diagonal=_share_of(found.max, diagonal),
            samples=found.samples,
        )


class DeviationRecord(Record):
    """How far a level is from the cleaned scan: see `relicscan.geometry.deviation`.

    `scan_to_level` tells what is missing or smoothed away, `level_to_scan` what was made up;
    null where everything was filled. Of the scan's points, the share `left_out_share` is
    farther than `left_out_beyond_mm` from all that the model has: they count in the
    maximum alone. What was filled (`filled_area_share` of the level) counts in neither.
    """

    reference: Literal["points", "mesh"]
    no_mm_because: Text | None
    scan_to_level: DistancesRecord | None
    level_to_scan: DistancesRecord | None
    left_out_share: Share
    left_out_beyond_mm: Length | None
    left_out_beyond_of_diagonal: Length | None
    filled_area_share: Share

    @classmethod
    def of(cls, found: Deviation, frame: Frame) -> DeviationRecord:
        """The record of what was measured in the working units of `frame`."""
        in_mm, beyond = frame.scale_known, found.left_out_beyond
        diagonal = found.diagonal
        return cls(
            reference=found.reference,
            no_mm_because=None if in_mm else frame.unit_basis,
            scan_to_level=DistancesRecord.of(found.scan_to_level, diagonal, in_mm=in_mm),
            level_to_scan=DistancesRecord.of(found.level_to_scan, diagonal, in_mm=in_mm),
            left_out_share=found.left_out_share,
            left_out_beyond_mm=beyond if in_mm else None,
            left_out_beyond_of_diagonal=None if beyond is None else _share_of(beyond, diagonal),
            filled_area_share=found.filled_area_share,
        )

    @model_validator(mode="after")
    def _honest(self) -> DeviationRecord:
        ways = [way for way in (self.scan_to_level, self.level_to_scan) if way]
        if any((way.rms_mm is None) != (self.no_mm_because is not None) for way in ways):
            raise ValueError("figures in mm are null where there is a reason, and nowhere else")
        return self


class FileRecord(Record):
    """A file of the relic's output folder."""

    path: RecordedPath
    bytes: Count
    sha256: Sha256

    @classmethod
    def of(cls, folder: Path, path: str, **figures: Any) -> Self:
        """The record of the file `folder / path` as it lies on the disk. Raises OSError."""
        file = folder / path
        return cls(path=path, bytes=file.stat().st_size, sha256=file_sha256(file), **figures)


Bounds = Annotated[
    tuple[Vector3, Vector3],
    Field(strict=False, description="The smallest and the largest coordinates."),
]


class MasterRecord(FileRecord):
    """The full-resolution mesh; `bounds` in `units.figures_in`."""

    triangles: Count
    vertices: Count
    bounds: Bounds


class PictureDifference(Record):
    """How different two pictures look: mean FLIP (0..1), and PSNR, null where they are equal."""

    flip: Share
    psnr_db: float | None


class DifferenceRecord(Record):
    """How different a level looks from the master: see `relicscan.quality.difference`.

    Shown in a square of `screen_px`; `shaded` as lit, `albedo` its colours alone.
    """

    screen_px: Count
    shaded: PictureDifference
    albedo: PictureDifference


class LevelRecord(FileRecord):
    """A model of a target: `ceiling` is what was allowed, `bounds_m` what it says, in metres.

    `surface` names the level of detail that it shows, whose `deviation` from the scan is null
    where the pipeline does not measure it; `difference` is null where the target names no
    screen. `texture_side` is the longer side of its largest picture, `image_quality` null
    where images are as they came. `decided` says why these triangles and pictures, `unmet`
    which of the target's limits it misses.
    """

    target: Text
    name: Text
    surface: Text
    ceiling: Count
    triangles: Count
    vertices: Count
    bounds_m: Bounds
    texture_side: Count | None = None
    image_quality: Count | None = None
    maps: Texts = ()
    gpu_bytes: Count | None = None
    difference: DifferenceRecord | None = None
    decided: Text | None = None
    unmet: Texts = ()
    deviation: DeviationRecord | None = None


class RelicManifest(Record):
    """relic.json: the canonical manifest of one relic."""

    schema_name: Literal["relicscan.relic"]
    schema_version: SchemaVersion
    id: RelicId
    state: State
    verdict: Verdict | None
    reasons: Annotated[tuple[Reason, ...], Field(strict=False)]
    metadata: RelicToml
    metadata_sources: Annotated[
        dict[str, str], Field(description="For every stated field of `metadata`, who stated it.")
    ]
    sources: Annotated[tuple[SourceRecord, ...], Field(strict=False)]
    units: Units | None
    frame: FrameRecord | None
    pipeline: PipelineRecord | None
    steps: Annotated[tuple[StepRecord, ...], Field(strict=False)]
    holes: HolesRecord | None
    master: MasterRecord | None
    levels: Annotated[tuple[LevelRecord, ...], Field(strict=False)]
    files: Annotated[tuple[FileRecord, ...], Field(strict=False)]
    warnings: Texts
    versions: dict[str, str]
    reproducible: bool

    @model_validator(mode="after")
    def _coherent(self) -> RelicManifest:
        if (self.state == "done") != (self.verdict is not None):
            raise ValueError("a verdict is given to a relic that is done, and to no other")
        if self.verdict != "pass" and not self.reasons:
            raise ValueError("a relic that does not simply pass needs a reason")
        paths = [file.path for file in self.delivered]
        if len(set(paths)) < len(paths):
            raise ValueError("a file is listed twice")
        in_mm = self.units is not None and self.units.scale_known
        for level in self.levels:
            if level.deviation and (level.deviation.no_mm_because is None) != in_mm:
                raise ValueError("deviations are in mm where the scale is known, and nowhere else")
        return self

    @property
    def delivered(self) -> tuple[FileRecord, ...]:
        """Every file of the relic's output that this manifest vouches for."""
        master = (self.master,) if self.master else ()
        return (*master, *self.levels, *self.files)


def relic_manifest(
    relic: Relic,
    *,
    state: State,
    verdict: Verdict | None,
    reproducible: bool,
    reasons: Sequence[Reason] = (),
    pipeline: PipelineRecord | None = None,
    master: MasterRecord | None = None,
    levels: Sequence[LevelRecord] = (),
    files: Sequence[FileRecord] = (),
    warnings: Sequence[str] = (),
    metadata_sources: Mapping[str, str] | None = None,
    private_folders: Sequence[PurePath] = (),
) -> RelicManifest:
    """The manifest of a relic after the pipeline, or as far as it came.

    `relic` gives id, sources, frame, history and `metadata` (what
    `RelicToml.stated` returns); a relic of which nothing was read, with neither
    scans nor history, has no units and no frame. `files` are the files of the
    output besides master and levels (run.json and reports are not listed: they
    change). How far each level is off is looked up in `relic.levels`. `metadata_sources`
    is `field_sources` unless a spreadsheet or defaults filled something in. The manifest's
    warnings are those of scans, relic and steps and then `warnings`, each once. In every
    text, the absolute `private_folders` are replaced by their last names. Raises ValueError
    where the parts do not fit together: that is a defect, not a bad scan.
    """
    metadata = RelicToml.model_validate(relic.metadata)
    if metadata_sources is None:
        metadata_sources = field_sources(metadata.stated())
    read = bool(relic.scans or relic.history or relic.cloud or relic.mesh)
    noticed = [
        *(w for scan in relic.scans for w in scan.warnings),
        *relic.warnings,
        *(w for step in relic.history for w in step.warnings),
        *warnings,
    ]
    told = {
        "reasons": list(reasons),
        "units": _units(relic.frame) if read else None,
        "frame": _frame(relic.frame) if read else None,
        "steps": [vars(step) for step in relic.history],
        "warnings": list(dict.fromkeys(noticed)),
    }
    return RelicManifest(
        schema_name="relicscan.relic",
        schema_version=SCHEMA_VERSION,
        id=relic.id,
        state=state,
        verdict=verdict,
        metadata=metadata,
        metadata_sources=dict(metadata_sources),
        sources=tuple(
            SourceRecord(
                path=source.path, role=source.role, bytes=source.bytes, sha256=source.sha256
            )
            for source in sorted(relic.sources, key=lambda source: source.path)
        ),
        pipeline=pipeline,
        holes=HolesRecord.of(relic.history),
        master=master,
        levels=_with_deviations(levels, relic),
        files=tuple(sorted(files, key=lambda file: file.path)),
        versions=versions(),
        reproducible=reproducible,
        **_without_folders(plain(told), private_folders),
    )


def field_sources(metadata: Mapping[str, Any], source: str = "relic.toml") -> dict[str, str]:
    """Every stated field by its dotted path ("object.title.en"), with who stated it.

    Lists (hotspots, tours, poses) are fields as a whole.
    """
    fields: dict[str, str] = {}
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            below = field_sources(value, source)
            fields.update({f"{key}.{path}": source for path in below})
        else:
            fields[key] = source
    return dict(sorted(fields.items()))


def versions() -> dict[str, str]:
    """Versions of relicscan, Python and the LIBRARIES that are installed."""
    found = {"relicscan": __version__, "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def read_manifest(path: Path) -> RelicManifest:
    """A relic.json, checked. Raises OutputError saying what is wrong and where."""
    return read_json(path, RelicManifest)


def _with_deviations(levels: Sequence[LevelRecord], relic: Relic) -> tuple[LevelRecord, ...]:
    measured = {level.name: level.deviation for level in relic.levels if level.deviation}
    return tuple(
        level.model_copy(
            update={"deviation": DeviationRecord.of(measured[level.surface], relic.frame)}
        )
        if level.surface in measured
        else level
        for level in levels
    )


def _share_of(length: float, diagonal: float) -> float:
    """A length as a share of the diagonal, as exact as it was measured; 0 of a single place."""
    return float(f"{length / diagonal:.4g}") if diagonal > 0 else 0.0


def _units(frame: Frame) -> dict[str, Any]:
    return {
        "unit": find_unit(frame.unit) if frame.unit else None,
        "basis": frame.unit_basis,
        "scale_known": frame.scale_known,
        "figures_in": "mm" if frame.scale_known else "working units",
    }


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "up": frame.up,
        "up_basis": frame.up_basis,
        "T_model_source": frame.T_model_source,
    }


def _without_folders(told: Any, folders: Sequence[PurePath]) -> Any:
    """The same with every absolute folder in a text cut down to its last name."""
    if isinstance(told, dict):
        return {key: _without_folders(value, folders) for key, value in told.items()}
    if isinstance(told, list):
        return [_without_folders(value, folders) for value in told]
    if isinstance(told, str):
        # The longest first: a scan folder may lie in another of them.
        for folder in sorted(folders, key=lambda folder: -len(str(folder))):
            if folder.is_absolute() and folder.name:
                for spelling in {str(folder), folder.as_posix()}:
                    # As a whole path only: "/data" is not in "/database" or "see/data".
                    whole = rf"(?<![\w.\-/\\]){re.escape(spelling)}(?![\w.\-])"
                    told = re.sub(whole, folder.name.replace("\\", r"\\"), told)
    return told
