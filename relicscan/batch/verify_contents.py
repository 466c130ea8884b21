"""Every model by the checks of its format, and every file against the figures in relic.json.

After the checksums, and only where these hold: a file whose bytes have changed is named already,
and what is in it then proves nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relicscan.batch.held_against import Difference, unreadable
from relicscan.delivery.findings import Finding
from relicscan.delivery.khronos import KhronosMessage
from relicscan.errors import RelicscanError
from relicscan.metadata.manifest import FileRecord, LevelRecord, RelicManifest

#: Models for which node is started once: enough to make its start cheap, few enough for the
#: validator's time limit.
BATCH = 16

_LIES = "restore the relic's folder and index.json from a copy, or run its scans again"
_BROKEN = "restore it from a copy; if it was made so, it is a defect in relicscan: please report it"


@dataclass(frozen=True)
class _Model:
    relic: str
    path: str
    file: Path


def hold_contents(
    out: Path,
    manifests: Mapping[str, RelicManifest],
    differences: list[Difference],
    note: Callable[[str], None],
) -> None:
    """Add what the files of the relics themselves say otherwise than their manifests.

    `note` hears what could not be checked. Raises OutputError where there is no room for the
    decoded copies that the Khronos validator reads.
    """
    named = {difference.path for difference in differences}
    glbs: list[_Model] = []
    not_opened: set[str] = set()
    for relic_id, manifest in manifests.items():
        for record in manifest.delivered:
            file = out / relic_id / record.path
            if f"{relic_id}/{record.path}" in named or f"{relic_id}/relic.json" in named:
                continue
            try:
                told = _problems(file, record, manifest, not_opened)
            except (OSError, RelicscanError) as error:
                what = unreadable(error) if isinstance(error, OSError) else error.message
                told = [(what, _BROKEN)]
            for problem, remedy in told:
                path = f"{relic_id}/{record.path}"
                differences.append(Difference(relic_id, path, problem, remedy))
            if not told and isinstance(record, LevelRecord):
                glbs.append(_Model(relic_id, record.path, file))
    for what in sorted(not_opened):
        note(what)
    for start in range(0, len(glbs), BATCH):
        if not _by_khronos(glbs[start : start + BATCH], differences, note):
            break


def _problems(
    file: Path, record: FileRecord, manifest: RelicManifest, not_opened: set[str]
) -> list[tuple[str, str]]:
    """What is wrong with a file, and what would work."""
    from relicscan.delivery import recorded
    from relicscan.delivery.conformance import check_glb
    from relicscan.delivery.usdz_check import read_usdz

    lies: Sequence[str]
    if isinstance(record, LevelRecord):
        broken = list(_wrong(check_glb(file)))
        lies = () if broken else recorded.level_problems(file, record, manifest)
    elif record is manifest.master:
        broken, lies = [], recorded.master_problems(file, manifest.master)
    elif file.suffix == ".usdz":
        read = read_usdz(file)
        broken = list(_wrong(read.findings))
        triangles = read.figures.triangles if read.figures else None
        lies = recorded.usdz_problems(triangles, record.path, manifest.levels)
        not_opened |= {f.message for f in read.findings if f.code == "USD_NOT_CHECKED"}
    else:
        broken, lies = [], recorded.picture_problems(file)
    return [(text, _BROKEN) for text in broken] + [(text, _LIES) for text in lies]


def _wrong(findings: Sequence[Finding | KhronosMessage]) -> Iterator[str]:
    """Errors and warnings in a line, the first in full."""
    wrong = [f for f in findings if f.severity in ("error", "warning")]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield f"viewers cannot rely on it: {wrong[0].code}: {wrong[0].message}{more}"


def _by_khronos(
    models: Sequence[_Model], differences: list[Difference], note: Callable[[str], None]
) -> bool:
    """Add what the Khronos validator says of some models; False where it does not run here."""
    from relicscan.delivery import khronos, validation

    try:
        reports = validation.khronos_reports([model.file for model in models])
    except RelicscanError as error:
        note(f"{error.message}: the models were held to our own checks alone")
        return False
    if reports is None:
        missing = khronos.what_is_missing() or "it is not there"
        note(f"the Khronos validator did not run: {missing}")
        return False
    for model, report in zip(models, reports, strict=True):
        for problem in () if report.clean else _wrong(report.messages):
            path = f"{model.relic}/{model.path}"
            differences.append(
                Difference(model.relic, path, f"by the Khronos validator, {problem}", _BROKEN)
            )
    return True
