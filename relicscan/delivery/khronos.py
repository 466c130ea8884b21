"""What the Khronos glTF validator says of a file (npm package gltf-validator, run by node).

Set-up puts the package into relicscan/vendor/ with

    npm install --prefix relicscan/vendor --no-save gltf-validator@2.0.0-dev.3.10

and the wheel carries it, so that only node itself has to be there. Where it is
not, `relicscan.delivery.conformance` still checks the file.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from relicscan.errors import OutputError
from relicscan.processes import ending_with_us

#: The newest published version, 2026.
PACKAGE = "gltf-validator@2.0.0-dev.3.10"

_HERE = Path(__file__).resolve().parent
_VENDOR = _HERE.parent / "vendor"
_SEVERITIES: tuple[Literal["error", "warning", "info", "hint"], ...] = (
    "error",
    "warning",
    "info",
    "hint",
)


@dataclass(frozen=True)
class KhronosMessage:
    """One remark; `code` as in the validator's list of issues, `pointer` into the JSON."""

    severity: Literal["error", "warning", "info", "hint"]
    code: str
    message: str
    pointer: str


@dataclass(frozen=True)
class KhronosReport:
    """Counts are complete up to a thousand messages; `truncated` says that there were more."""

    errors: int
    warnings: int
    infos: int
    hints: int
    messages: tuple[KhronosMessage, ...]
    version: str
    truncated: bool = False

    @property
    def clean(self) -> bool:
        """Neither errors nor warnings: what every file that we write must be."""
        return self.errors == 0 and self.warnings == 0


def find_validator() -> Path | None:
    """The folder of the npm package, or None where it was not set up."""
    folder = _VENDOR / "node_modules" / "gltf-validator"
    return folder if (folder / "package.json").is_file() else None


def what_is_missing() -> str | None:
    """None if the validator can run; else what is missing and how to get it, in plain words."""
    if shutil.which("node") is None:
        return "node is not installed (on Debian: apt-get install nodejs)"
    if find_validator() is None:
        return (
            f"the npm package gltf-validator is missing "
            f"(npm install --prefix {_VENDOR} --no-save {PACKAGE})"
        )
    return None


def validate(path: Path, *, time_limit_s: float = 120.0) -> KhronosReport | None:
    """The validator's report on a GLB or glTF file; None where node or the package is missing.

    Raises OutputError if the validator does not finish in time or breaks down.
    """
    reports = validate_many([path], time_limit_s=time_limit_s)
    return None if reports is None else reports[0]


def validate_many(
    paths: Sequence[Path], *, time_limit_s: float = 120.0
) -> list[KhronosReport] | None:
    """The same for several files with one start of node; the time limit is for all of them."""
    package = find_validator()
    node = shutil.which("node")
    if package is None or node is None:
        return None
    try:
        done = subprocess.run(
            ending_with_us([node, str(_HERE / "gltf_validator.mjs"), str(package)]),
            input=json.dumps([str(path.resolve()) for path in paths]).encode(),
            capture_output=True,
            timeout=time_limit_s,
            check=True,
        )
        return [_report(raw) for raw in json.loads(done.stdout)]
    except subprocess.TimeoutExpired:
        what = f"did not finish within {time_limit_s:.0f} s"
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        what = f"broke down: {said[-1] if said else f'exit code {error.returncode}'}"
    except (OSError, ValueError) as error:
        what = f"could not be run: {error}"
    raise OutputError(
        f"the Khronos glTF validator {what}",
        remedy="try again with more time and memory, or without node: the own checks remain",
    )


def _report(raw: dict[str, Any]) -> KhronosReport:
    version = str(raw.get("validatorVersion", ""))
    if "error" in raw:
        message = KhronosMessage("error", "UNREADABLE", str(raw["error"]), "")
        return KhronosReport(1, 0, 0, 0, (message,), version)
    issues = raw["issues"]
    messages = tuple(
        KhronosMessage(
            _SEVERITIES[m["severity"]], m["code"], m["message"], str(m.get("pointer", ""))
        )
        for m in issues["messages"]
    )
    return KhronosReport(
        errors=issues["numErrors"],
        warnings=issues["numWarnings"],
        infos=issues["numInfos"],
        hints=issues["numHints"],
        messages=messages,
        version=version,
        truncated=bool(issues.get("truncated", False)),
    )
