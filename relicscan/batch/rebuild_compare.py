"""A relic held against the same relic made again: by bytes, or by figures with tolerances.

The bytes are the same where both were made with `--reproducible`, by the same code and libraries,
on the same platform. Anywhere else the last bits of sums differ, and with them which edge is
collapsed first: then figures are compared, each within its tolerance.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from relicscan.batch.code_version import code_version
from relicscan.batch.held_against import Difference
from relicscan.errors import RelicscanError
from relicscan.metadata.manifest import LevelRecord, RelicManifest, read_manifest
from relicscan.metadata.run_record import RunRecord

#: Keys of relic.json that are told of when bytes differ.
_TOLD = 3

_REMEDY = (
    "either the folder, or relicscan and its libraries, are not those of the run: restore the "
    "folder from a copy, or run the relic again"
)


@dataclass(frozen=True)
class Tolerance:
    """How far a figure may be off: that share of it, and that share of the model's diagonal."""

    figure: str
    share: float = 0.0
    of_diagonal: float = 0.0

    def in_words(self) -> str:
        parts = [f"{self.share * 100:g} % of it"] if self.share else []
        parts += [f"{self.of_diagonal * 100:g} % of the diagonal"] if self.of_diagonal else []
        return " and ".join(parts)


#: What is close enough where the bytes need not be the same. Another platform differs in last bits,
#: so the last bit of two in three coordinates of a scan was changed, twice, and the samples
#: ding-bronze and amphora-painted run again (`preview`, the first also `web`). The worst that came
#: of it stands beside.
TOLERANCES = {
    tolerance.figure: tolerance
    for tolerance in (
        # 0.28 %: which points fall into which voxel, and so where cells have a surface.
        Tolerance("triangles", share=0.02),
        # 0.07 %.
        Tolerance("area", share=0.005),
        # 0.010 % of the diagonal: the outermost vertex is one of those.
        Tolerance("bounds", of_diagonal=0.0005),
        # 4.3 %, most of an RMS being from few places. The share of the diagonal is for a mesh that
        # lies on its scan, where an RMS is nothing but rounding.
        Tolerance("deviation RMS", share=0.1, of_diagonal=0.00001),
        # 0.5 % of a mesh. A picture takes another grade where the next just will, or just will not.
        Tolerance("bytes", share=0.1),
    )
}


def compared(
    folder: Path,
    again: Path,
    manifest: RelicManifest,
    run: RunRecord,
    note: Callable[[str], None],
) -> list[Difference]:
    """In what the relic in `folder` is not what was made `again`. `note` hears how it was held."""
    relic_id = manifest.id

    def differ(path: str, problem: str) -> Difference:
        where = f"{relic_id}/{path}" if path else relic_id
        return Difference(relic_id, where, f"rebuilt, {problem}", _REMEDY)

    try:
        new = read_manifest(again / "relic.json")
    except RelicscanError as error:
        return [differ("", f"it was not made: {error.message}")]
    was, now = manifest.pipeline, new.pipeline
    if was and now and was.sha256 != now.sha256:
        return [differ("relic.json", f"it is of another pipeline than '{was.name}' is now")]
    bytes_differ = [differ(*one) for one in _by_bytes(manifest, new)]
    owed = _why_not_owed(manifest, run)
    if owed is None or not bytes_differ:
        return bytes_differ
    note(f"{relic_id} was compared by figures and not by bytes: {owed}")
    return [differ(*one) for one in _by_figures(folder, again, manifest, new)]


def _why_not_owed(manifest: RelicManifest, run: RunRecord) -> str | None:
    """Why the bytes need not be the same; None where they have to."""
    if not manifest.reproducible:
        return "it was made without --reproducible"
    if run.request is None or run.request.code != code_version():
        return "relicscan, or a library that it stands on, is of another version"
    if run.platform != platform.platform():
        return f"it was made on {run.platform}, and this is {platform.platform()}"
    return None


def _by_bytes(was: RelicManifest, now: RelicManifest) -> Iterator[tuple[str, str]]:
    """Files whose bytes differ, and what relic.json says otherwise."""
    before = {file.path: file for file in was.delivered}
    after = {file.path: file for file in now.delivered}
    yield from _other_files(before, after)
    for path in sorted(before.keys() & after.keys()):
        if before[path].sha256 != after[path].sha256:
            yield path, "it has other bytes"
    told = list(_unlike(_data(was), _data(now), ""))
    if told:
        more = f", and {len(told) - _TOLD:,} more" if len(told) > _TOLD else ""
        yield "relic.json", f"it says otherwise: {'; '.join(islice(told, _TOLD))}{more}"


def _other_files(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path in sorted(before.keys() - after.keys()):
        yield path, "it is not made"
    for path in sorted(after.keys() - before.keys()):
        yield path, "it is made, and here it is not"


def _data(manifest: RelicManifest) -> Any:
    return json.loads(manifest.model_dump_json())


def _unlike(was: Any, now: Any, path: str) -> Iterator[str]:
    """Every place where two JSON values differ, checksums and sizes of files left out."""
    if path.endswith((".sha256", ".bytes")) and not path.startswith("sources"):
        return
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            yield from _unlike(was.get(key), now.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for at, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _unlike(one, other, f"{path}.{at}")
    elif was != now:
        yield f"{path} is {_short(now)} and not {_short(was)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _by_figures(
    folder: Path, again: Path, was: RelicManifest, now: RelicManifest
) -> Iterator[tuple[str, str]]:
    """Figures that are further off than their tolerance, and files that only one has."""
    if (was.state, was.verdict) != (now.state, now.verdict):
        said, made = (one.verdict or one.state for one in (was, now))
        yield "relic.json", f"it ends as {made} and not as {said}"
    before = {file.path: file for file in was.delivered}
    after = {file.path: file for file in now.delivered}
    yield from _other_files(before, after)
    if was.master is None or now.master is None:
        return
    path, size = was.master.path, _diagonal(was.master.bounds)
    yield from _off(path, "area", _area(folder / path), _area(again / path), size)
    yield from _off(path, "triangles", was.master.triangles, now.master.triangles, size)
    yield from _off(path, "bounds", was.master.bounds, now.master.bounds, size)
    yield from _off(path, "bytes", was.master.bytes, now.master.bytes, size)
    again_by_path = {level.path: level for level in now.levels}
    for level in was.levels:
        other = again_by_path.get(level.path)
        if other is not None:
            yield from _level_off(level, other, size)


def _level_off(was: LevelRecord, now: LevelRecord, size: float) -> Iterator[tuple[str, str]]:
    yield from _off(was.path, "triangles", was.triangles, now.triangles, size)
    yield from _off(was.path, "bounds", was.bounds_m, now.bounds_m, _diagonal(was.bounds_m))
    yield from _off(was.path, "bytes", was.bytes, now.bytes, size)
    before, after = _rms_of_diagonal(was), _rms_of_diagonal(now)
    if before is not None and after is not None:
        yield from _off(was.path, "deviation RMS", before, after, 1.0)
    elif before != after:
        yield was.path, "its deviation from the scan is measured in one case only"


def _rms_of_diagonal(level: LevelRecord) -> float | None:
    """As a share of the diagonal, which is there also where the scale is not known."""
    there = level.deviation and level.deviation.scan_to_level
    return there.rms_of_diagonal if there else None


def _off(path: str, figure: str, was: Any, now: Any, size: float) -> Iterator[tuple[str, str]]:
    """A line where a figure, or one of several, is off; `size` is the diagonal in its unit."""
    tolerance = TOLERANCES[figure]
    before, after = np.asarray(was, np.float64), np.asarray(now, np.float64)
    allowed = tolerance.share * np.abs(before) + tolerance.of_diagonal * size
    if (np.abs(after - before) > allowed).any():
        yield (
            path,
            f"its {figure} would be {_figures(after)} and not {_figures(before)}, "
            f"and may be off by {tolerance.in_words()}",
        )


def _figures(values: Any) -> str:
    return ", ".join(f"{value:.6g}" for value in np.ravel(values))


def _diagonal(bounds: Any) -> float:
    low, high = np.asarray(bounds, np.float64)
    return float(np.linalg.norm(high - low))


def _area(path: Path) -> float:
    """Area of a mesh in its units squared; 0 where it cannot be read, which is told elsewhere."""
    from relicscan.formats import ply
    from relicscan.relic import Mesh

    try:
        mesh = ply.read(path)[0].geometry
    except (OSError, RelicscanError):
        return 0.0
    if not isinstance(mesh, Mesh):
        return 0.0
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)
