"""glTF-Transform, the peer for finished models: set up where it is asked for, and run.

An npm package of the version below goes into build/bench-node, the first time; nothing of it is
part of relicscan. Its `optimize` welds, simplifies (to an error of 1/10,000 of the extent),
codes images at sharp's quality of 80 and compresses.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from bench.measured import ROOT, Measured, measured

PACKAGE, VERSION = "@gltf-transform/cli", "4.5.1"
OPTIONS = ("--compress", "meshopt", "--texture-compress", "webp")
#: What its WebP images are coded with, by default.
QUALITY = 80

_FOLDER = ROOT / "build" / "bench-node"
_PROGRAM = Path("node_modules", ".bin", "gltf-transform")


def what_is_missing(folder: Path = _FOLDER) -> str | None:
    """None once the program is there, fetched if need be; else what is missing, in plain words."""
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        return f"{' and '.join(missing)} not installed (on Debian: apt-get install nodejs npm)"
    if _installed(folder) == VERSION:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund"]
    command += ["--ignore-scripts", "--loglevel=error", f"{PACKAGE}@{VERSION}"]
    took = measured(command, folder / "npm.log", timeout_s=600)
    if took.ending or _installed(folder) != VERSION:
        return (
            f"npm could not install {PACKAGE} {VERSION}, it {took.ending or 'left none'}: "
            f"{took.last_line}"
        )
    return None


def optimize(source: Path, result: Path, log: Path, folder: Path = _FOLDER) -> Measured:
    """Let it write `source` as `result`, both GLB; what it says goes to `log`."""
    program = str(folder / _PROGRAM)
    return measured([program, "optimize", str(source), str(result), *OPTIONS], log)


def _installed(folder: Path) -> str | None:
    described = folder / "node_modules" / PACKAGE / "package.json"
    if not (folder / _PROGRAM).exists() or not described.is_file():
        return None
    return str(json.loads(described.read_text(encoding="utf-8"))["version"])
