"""Every model by the checks of its format, and every file against the figures in relic.json.

After the checksums, and only where these hold: a file whose bytes have changed is named already,
and what is in it then proves nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from relicscan import threads
from relicscan.batch.held_against import Difference, HeldAgainst, unreadable
from relicscan.delivery.findings import Finding
from relicscan.delivery.khronos import KhronosMessage
from relicscan.errors import RelicscanError
from relicscan.metadata.manifest import FileRecord, LevelRecord, RelicManifest

#: Models for which node is started once: enough to make its start cheap, few enough for the
#: validator's time limit.
BATCH = 16

_LIES = "restore the relic's folder and index.json from a copy, or run its scans again"
_BROKEN = "restore it from a copy; if it was made so, it is a defect in relicscan: please report it"


#: A file of a relic, as its manifest lists it.
_File = tuple[RelicManifest, FileRecord]
#: What is wrong with a file, and what would work.
_Told = list[tuple[str, str]]


def hold_contents(
    out: Path,
    manifests: Mapping[str, RelicManifest],
    held: HeldAgainst,
    differences: list[Difference],
    note: Callable[[str], None],
) -> None:
    """Add what the files of the relics themselves say otherwise than their manifests.

    `held` counts what has been opened, `note` hears what could not be checked. Raises OutputError
    where there is no room for the decoded copies that the Khronos validator reads.
    """
    named = {difference.path for difference in differences}
    opening = _Opening(out)
    files = [
        (manifest, file)
        for relic_id, manifest in manifests.items()
        if f"{relic_id}/relic.json" not in named
        for file in manifest.delivered
        if f"{relic_id}/{file.path}" not in named
    ]
    batches = list(_batches(files))
    # While one waits for node or for the reader of USDZ, which are processes, others are opened.
    side_by_side = threads.count()
    for start in range(0, len(batches), side_by_side):
        some = batches[start : start + side_by_side]
        for batch, found in zip(some, threads.each(opening.hold, some), strict=True):
            differences += found
            held.count(opened=sum(file.bytes for _, file in batch))
    for what in sorted(opening.not_checked):
        note(what)


def _batches(files: Sequence[_File]) -> Iterator[list[_File]]:
    """The files in their order, up to BATCH models at a time."""
    batch: list[_File] = []
    models = 0
    for manifest, file in files:
        batch.append((manifest, file))
        models += isinstance(file, LevelRecord)
        if models == BATCH:
            yield batch
            batch, models = [], 0
    if batch:
        yield batch


class _Opening:
    """Opens the files of an output folder; `not_checked` says what cannot be checked here."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.not_checked: set[str] = set()
        self._by_khronos = True

    def hold(self, batch: Sequence[_File]) -> list[Difference]:
        """What the files say otherwise than their manifests. Raises OutputError."""
        found: list[Difference] = []
        models: list[_File] = []
        for manifest, file in batch:
            path = self.out / manifest.id / file.path
            try:
                told = _problems(path, file, manifest, self.not_checked)
            except (OSError, RelicscanError) as error:
                what = unreadable(error) if isinstance(error, OSError) else error.message
                told = [(what, _BROKEN)]
            found += _differences(manifest, file, told)
            if not told and isinstance(file, LevelRecord):
                models.append((manifest, file))
        for (manifest, file), told in zip(models, self._khronos(models), strict=False):
            found += _differences(manifest, file, told)
        return found

    def _khronos(self, models: Sequence[_File]) -> Iterator[_Told]:
        """What the Khronos validator says of each model; nothing where it does not run here."""
        from relicscan.delivery import khronos, validation

        if not models or not self._by_khronos:
            return
        try:
            paths = [self.out / manifest.id / file.path for manifest, file in models]
            reports = validation.khronos_reports(paths)
            missing = khronos.what_is_missing() or "it is not there"
            why = f"the Khronos validator did not run: {missing}"
        except RelicscanError as error:
            reports, why = None, f"{error.message}: the models were held to our own checks alone"
        if reports is None:
            self._by_khronos = False
            self.not_checked.add(why)
            return
        for report in reports:
            wrong = () if report.clean else _wrong(report.messages)
            yield [(f"by the Khronos validator, {problem}", _BROKEN) for problem in wrong]


def _differences(manifest: RelicManifest, file: FileRecord, told: _Told) -> list[Difference]:
    path = f"{manifest.id}/{file.path}"
    return [Difference(manifest.id, path, problem, remedy) for problem, remedy in told]


def _problems(
    file: Path, record: FileRecord, manifest: RelicManifest, not_checked: set[str]
) -> _Told:
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
        not_checked |= {f.message for f in read.findings if f.code == "USD_NOT_CHECKED"}
    else:
        broken, lies = [], recorded.picture_problems(file)
    return [(text, _BROKEN) for text in broken] + [(text, _LIES) for text in lies]


def _wrong(findings: Sequence[Finding | KhronosMessage]) -> Iterator[str]:
    """Errors and warnings in a line, the first in full."""
    wrong = [f for f in findings if f.severity in ("error", "warning")]
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield f"viewers cannot rely on it: {wrong[0].code}: {wrong[0].message}{more}"
