"""Is a model what viewers can rely on? Our own checks, the Khronos and USD validators, a target.

Our checks look under compression; Khronos' validator does not see into Draco or meshopt. So it is
given a decoded copy of each compressed file as well, and what it says of that begins with
"decoded". `target_check` holds a file to a delivery target.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from relicscan.delivery.conformance import check_glb
from relicscan.delivery.decoded import decoded, is_compressed
from relicscan.delivery.findings import Finding
from relicscan.delivery.khronos import (
    KhronosMessage,
    KhronosReport,
    validate_many,
    what_is_missing,
)
from relicscan.delivery.model_figures import parsed
from relicscan.delivery.target import Target
from relicscan.delivery.target_check import check_against, check_folder
from relicscan.delivery.usdz_check import read_usdz
from relicscan.delivery.xmp import EXTENSION as XMP
from relicscan.errors import OutputError, PipelineError, ScanError

_EXTENSIONS = (".glb", ".usdz")


@dataclass(frozen=True)
class Validated:
    """One file; `khronos` is None where that validator did not run (it reads no USDZ)."""

    file: str
    ok: bool
    findings: tuple[Finding, ...]
    khronos: tuple[KhronosMessage, ...] | None


def validate(
    files: str | Path | Sequence[str | Path],
    *,
    target: Target | None = None,
    level: str | None = None,
) -> list[Validated]:
    """Check GLB and USDZ files, and every one in folders; errors and warnings make one not ok.

    With a target, also whether its viewers take the file and whether it keeps to the budget of
    its level: the one named by `level`, else the one that the file is called after.
    Raises PipelineError for a path that does not exist, a folder without a model, or a level that
    the target does not have.
    """
    if target is not None and level is not None:
        target.level_named(level)
    given = [files] if isinstance(files, str | Path) else files
    paths = [path for name in given for path in _models(Path(name))]
    findings = {path: _findings(path, target, level) for path in paths}
    if target is not None:
        _check_packages(findings, target)
    glbs = [path for path in findings if not _is_usdz(path)]
    reports = dict(zip(glbs, khronos_reports(glbs) or (), strict=False))
    return [_validated(path, findings[path], reports.get(path)) for path in paths]


def _findings(path: Path, target: Target | None, level: str | None) -> list[Finding]:
    if not _is_usdz(path):
        found = check_glb(path)
        return found + (check_against(path, target, level) if target is not None else [])
    read = read_usdz(path)
    found = list(read.findings)
    return found + (check_against(path, target, level, usdz=read) if target is not None else [])


def khronos_reports(glbs: Sequence[Path]) -> list[KhronosReport] | None:
    """The Khronos validator's report on each GLB and on what it decodes to, in one.

    None where node or the validator is missing. Raises OutputError where it breaks down.
    """
    if not glbs or what_is_missing() is not None:
        return None
    with tempfile.TemporaryDirectory(prefix="relicscan-decoded-") as folder:
        copies = [Path(folder) / f"{number}.glb" for number in range(len(glbs))]
        written = [_write_decoded(path, copy) for path, copy in zip(glbs, copies, strict=True)]
        again = [number for number, is_written in enumerate(written) if is_written]
        reports = validate_many([*glbs, *(copies[number] for number in again)])
    if reports is None:
        return None
    whole = reports[: len(glbs)]
    for number, report in zip(again, reports[len(glbs) :], strict=True):
        whole[number] = _joined(whole[number], report)
    return whole


def _joined(report: KhronosReport, decoded: KhronosReport) -> KhronosReport:
    """A report with what was said of the decoded copy, which says so."""
    said = (replace(m, message=f"decoded: {m.message}") for m in decoded.messages)
    return KhronosReport(
        errors=report.errors + decoded.errors,
        warnings=report.warnings + decoded.warnings,
        infos=report.infos + decoded.infos,
        hints=report.hints + decoded.hints,
        messages=(*report.messages, *said),
        version=report.version,
        truncated=report.truncated or decoded.truncated,
    )


def _write_decoded(path: Path, copy: Path) -> bool:
    """Write what a compressed file decodes to; False where there is nothing to be had."""
    data = path.read_bytes()
    doc = parsed(data)
    if doc is None or not is_compressed(doc.content):
        return False
    try:
        copy.write_bytes(decoded(data))
    except ScanError:  # our own checks say so
        return False
    except OSError as error:
        raise OutputError(
            f"a decoded copy of {path.name} cannot be written ({error.strerror or error})",
            scan=str(copy.parent),
            remedy="make room there, or set TMPDIR to a folder that has some",
        ) from None
    return True


def _check_packages(findings: dict[Path, list[Finding]], target: Target) -> None:
    """Add what concerns the models of a folder together to the largest of them."""
    folders: dict[Path, list[Path]] = {}
    for path in findings:
        folders.setdefault(path.resolve().parent, []).append(path)
    for paths in folders.values():
        if len(paths) > 1:
            largest = max(paths, key=lambda path: path.stat().st_size)
            findings[largest] += check_folder(paths, target)


def _validated(path: Path, findings: Sequence[Finding], report: KhronosReport | None) -> Validated:
    khronos = None if report is None else tuple(m for m in report.messages if not _about_xmp(m))
    severities = {f.severity for f in findings} | {m.severity for m in khronos or ()}
    return Validated(str(path), not severities & {"error", "warning"}, tuple(findings), khronos)


def _about_xmp(message: KhronosMessage) -> bool:
    """That it does not look into metadata, which is said of each file: our own checks do."""
    return message.code == "UNSUPPORTED_EXTENSION" and f"'{XMP}'" in message.message


def _is_usdz(path: Path) -> bool:
    return path.suffix.lower() == ".usdz"


def _models(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in _EXTENSIONS and file.is_file()  # not pipes or folders
    )
    if not found:
        what = "there is no model in this folder" if path.is_dir() else "there is no such file"
        raise PipelineError(
            what, scan=str(path), remedy="name a .glb or .usdz, or a folder that holds some"
        )
    return found
