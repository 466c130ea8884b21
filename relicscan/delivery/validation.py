"""Is a GLB what viewers can rely on? Our own checks, and the Khronos validator where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from relicscan.delivery.conformance import check_glb
from relicscan.delivery.findings import Finding
from relicscan.delivery.khronos import KhronosMessage, validate_many
from relicscan.errors import PipelineError


@dataclass(frozen=True)
class Validated:
    """One GLB; `khronos` is None where that validator did not run."""

    file: str
    ok: bool
    findings: tuple[Finding, ...]
    khronos: tuple[KhronosMessage, ...] | None


def validate(files: str | Path | Sequence[str | Path]) -> list[Validated]:
    """Check GLB files, and every GLB in folders; errors and warnings make one not ok.

    Raises PipelineError for a path that does not exist or a folder without a GLB.
    """
    given = [files] if isinstance(files, str | Path) else files
    paths = [path for name in given for path in _glbs(Path(name))]
    khronos = validate_many(paths)
    results = []
    for position, path in enumerate(paths):
        findings = tuple(check_glb(path))
        theirs = tuple(khronos[position].messages) if khronos else None
        severities = {f.severity for f in findings} | {m.severity for m in theirs or ()}
        ok = not severities & {"error", "warning"}
        results.append(Validated(str(path), ok, findings, theirs))
    return results


def _glbs(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = sorted(file for file in path.rglob("*.glb") if file.is_file())  # not pipes or folders
    if not found:
        what = "there is no GLB in this folder" if path.is_dir() else "there is no such file"
        raise PipelineError(what, scan=str(path), remedy="name a .glb, or a folder that holds some")
    return found
