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
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from pydantic import Field, JsonValue, model_validator

from relicscan import __version__
from relicscan.errors import RelicscanError
from relicscan.metadata.canonical import digest, file_sha256, plain, read_json
from relicscan.metadata.fields import Matrix4, Record, RecordedPath, RelicId, Sha256, Text, Vector3
from relicscan.metadata.figures import (
    Count,
    DeviationCheckRecord,
    DeviationRecord,
    DifferenceRecord,
    DimensionRecord,
    HolesRecord,
)
from relicscan.metadata.gate_record import GateRecord
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.translations import translation_warnings
from relicscan.metadata.units_record import Units
from relicscan.relic import UNDECIDED, Frame, Relic

#: Semantic version of all three manifests: minor ones add keys, major ones change their meaning.
SCHEMA_VERSION = "2.1.0"
SchemaVersion = Annotated[str, Field(pattern=r"^2\.[0-9]+\.[0-9]+$")]

State = Literal["done", "rejected", "failed", "crashed", "out_of_memory", "timed_out"]
Verdict = Literal["pass", "review", "fail"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # from the best to the worst
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
    role: Literal["scan", "texture", "material", "buffer", "poses", "metadata", "other"]
    bytes: Count
    sha256: Sha256


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
    undecided: str | None = None
    before: dict[str, int]
    after: dict[str, int]
    figures: dict[str, JsonValue]
    warnings: Texts


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


class LevelRecord(FileRecord):
    """A model of a target: `ceiling` is what was allowed, `bounds_m` what it says, in metres.

    `surface` names the level of detail that it shows, whose `deviation` from the scan is null
    where the pipeline does not measure it; `difference` is null where the target names no
    screen. `texture_side` is the longer side of its largest picture, `image_quality` null
    where images are as they came and 100 where WebP is without loss. `decided` says why these
    triangles and pictures, `unmet` which of the target's limits it misses.
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
    deviation_check: DeviationCheckRecord | None = None


class ArrangementRecord(Record):
    """A picture, one of `files`, of a way in which scans may lie beside each other.

    `title` says which way, and which scan has which colour. Pictures of one `question`, counted
    from 1, are the answers to it between which nothing decides: they have the same cameras.
    """

    path: RecordedPath
    title: Text
    question: Annotated[int, Field(ge=1)]


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
    dimensions: Annotated[
        tuple[DimensionRecord, ...],
        Field(strict=False, description="Those of `metadata.object.dimension`, in their order."),
    ]
    pipeline: PipelineRecord | None
    steps: Annotated[tuple[StepRecord, ...], Field(strict=False)]
    holes: HolesRecord | None
    master: MasterRecord | None
    levels: Annotated[tuple[LevelRecord, ...], Field(strict=False)]
    files: Annotated[tuple[FileRecord, ...], Field(strict=False)]
    arrangements: Annotated[tuple[ArrangementRecord, ...], Field(strict=False)] = ()
    gates: Annotated[tuple[GateRecord, ...], Field(strict=False)] = ()
    warnings: Texts
    versions: dict[str, str]
    reproducible: bool

    @model_validator(mode="after")
    def _coherent(self) -> RelicManifest:
        if (self.state == "done") != (self.verdict is not None):
            raise ValueError("a verdict is given to a relic that is done, and to no other")
        if self.verdict != "pass" and not self.reasons:
            raise ValueError("a relic that does not simply pass needs a reason")
        worst = max((VERDICTS.index(gate.verdict) for gate in self.gates), default=-1)
        if worst > (-1 if self.verdict is None else VERDICTS.index(self.verdict)):
            raise ValueError("a verdict is no better than that of any gate")
        paths = [file.path for file in self.delivered]
        if len(set(paths)) < len(paths):
            raise ValueError("a file is listed twice")
        if not {one.path for one in self.arrangements} <= {file.path for file in self.files}:
            raise ValueError("a picture of an arrangement is not among the files")
        for level in self.levels:
            if level.deviation and (level.deviation.no_mm_because is None) != self.scale_known:
                raise ValueError("deviations are in mm where the scale is known, and nowhere else")
            there = level.deviation and level.deviation.scan_to_level
            check = level.deviation_check
            if check and check.measured_mm != (there.rms_mm if there else None):
                raise ValueError("a deviation is checked that is another than the level's own")
        return self

    @property
    def scale_known(self) -> bool:
        """Whether it is known how large it is; of a relic that was not read it is not."""
        return self.units is not None and self.units.scale_known

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
    arrangements: Sequence[ArrangementRecord] = (),
    gates: Sequence[GateRecord] = (),
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
    said = field_sources(metadata.stated())
    metadata_sources = said if metadata_sources is None else metadata_sources
    read = bool(relic.scans or relic.history or relic.cloud or relic.mesh)
    dimensions = dimension_records(metadata, relic)
    noticed = [
        *(w for scan in relic.scans for w in scan.warnings),
        *relic.warnings,
        *(w for step in relic.history for w in step.warnings),
        *(_disagreement(one) for one in dimensions if one.agrees is False),
        *_far_hotspots(metadata, relic),
        *translation_warnings(metadata),
        *warnings,
    ]
    told = {
        "reasons": list(reasons),
        "units": Units.of(relic.frame, metadata.capture.scale).model_dump() if read else None,
        "frame": _frame(relic.frame) if read else None,
        "steps": [vars(step) for step in relic.history],
        "arrangements": [one.model_dump() for one in arrangements],
        "warnings": list(dict.fromkeys(noticed)),
    }
    return RelicManifest(
        schema_name="relicscan.relic",
        schema_version=SCHEMA_VERSION,
        id=relic.id,
        state=state,
        verdict=verdict,
        metadata=metadata,
        metadata_sources={k: v for k, v in metadata_sources.items() if k in said},
        sources=tuple(
            SourceRecord(
                path=source.path, role=source.role, bytes=source.bytes, sha256=source.sha256
            )
            for source in sorted(relic.sources, key=lambda source: source.path)
        ),
        dimensions=dimensions,
        pipeline=pipeline,
        holes=HolesRecord.of(relic.history),
        master=master,
        levels=_with_deviations(levels, relic),
        gates=tuple(gates),
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


def dimension_records(metadata: RelicToml, relic: Relic) -> tuple[DimensionRecord, ...]:
    """What the catalogue measured, held against the box of the surface that was made."""
    stated = metadata.object.dimension
    if not stated or relic.mesh is None:
        return ()
    frame, sides = relic.frame, None
    if frame.scale_known:
        upright = relic.mesh.vertices @ frame.R_model_work.T
        sides = [float(side) for side in upright.max(axis=0) - upright.min(axis=0)]
    stands = frame.up_basis not in ("assumed", UNDECIDED)
    fronted = metadata.scan.front is not None
    return tuple(DimensionRecord.of(one, sides, upright=stands, fronted=fronted) for one in stated)


def _disagreement(found: DimensionRecord) -> str:
    return (
        f"the catalogue says {found.kind} {found.stated_mm:g} mm, the model has "
        f"{found.measured_mm:g} mm there (they agree within {found.threshold_mm:g} mm): check the "
        "catalogue, the unit of the scan, and whether all of the object was scanned"
    )


def _far_hotspots(metadata: RelicToml, relic: Relic) -> Iterator[str]:
    """Hotspots farther from the surface's box than it is large: in another unit, or mistyped."""
    if relic.mesh is None or not metadata.hotspot:
        return
    low, high = relic.mesh.vertices.min(axis=0), relic.mesh.vertices.max(axis=0)
    T = relic.frame.T_work_source
    for hotspot in metadata.hotspot:
        place = T[:3, :3] @ np.array(hotspot.position) + T[:3, 3]
        off = float(np.linalg.norm(np.maximum(low - place, place - high).clip(0)))
        if off > float(np.linalg.norm(high - low)):
            yield (
                f"hotspot {hotspot.id} lies far from the object: its position is in the "
                "coordinates and the unit of the scan"
            )


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
