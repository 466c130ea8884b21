"""What a machine has of what relicscan needs, for `relicscan doctor`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from relicscan.delivery.khronos import what_is_missing
from relicscan.pipeline import pipeline_folder, pipeline_names

#: Import name by distribution name, where they differ.
IMPORTS = {"pillow": "PIL", "DracoPy": "DracoPy"}
REQUIRED = (
    "numpy",
    "scipy",
    "numba",
    "open3d",
    "trimesh",
    "pygltflib",
    "pillow",
    "laspy",
    "lazrs",
    "pye57",
    "DracoPy",
    "pydantic",
    "typer",
    "rich",
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "missing", "optional"]
    found: str
    remedy: str | None = None


def examine() -> list[Finding]:
    """All findings, imports tried in processes of their own: a broken library may crash."""
    python = ".".join(map(str, sys.version_info[:3]))
    findings = [Finding("Python", "ok", python)]
    findings += [_library(name) for name in REQUIRED]
    missing = what_is_missing()
    findings.append(
        Finding("Khronos glTF validator", "optional", missing, "without it our own checks remain")
        if missing
        else Finding("Khronos glTF validator", "ok", "found, with node")
    )
    names = pipeline_names()
    findings.append(
        Finding("pipelines", "ok", ", ".join(names))
        if names
        else Finding("pipelines", "missing", str(pipeline_folder()), "install relicscan again")
    )
    findings.append(Finding("processors", "ok", str(os.cpu_count() or 1)))
    findings += _memory()
    free = shutil.disk_usage(Path.cwd()).free
    findings.append(Finding("free disk here", "ok", f"{free / 1e9:,.1f} GB"))
    return findings


def _library(name: str) -> Finding:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "missing", "not installed", f"pip install {name}")
    module = IMPORTS.get(name, name)
    tried = subprocess.run(
        [sys.executable, "-c", f"import {module}"], capture_output=True, text=True, check=False
    )
    if tried.returncode == 0:
        return Finding(name, "ok", version)
    said = tried.stderr.strip().splitlines()
    remedy = f"pip install --force-reinstall {name}"
    if name == "open3d" and "cannot open shared object file" in tried.stderr:
        remedy = (
            "install the system libraries that Open3D links to (on Debian: apt-get install "
            "libusb-1.0-0 libegl1 libgl1 libx11-6 libgomp1)"
        )
    return Finding(name, "missing", said[-1] if said else f"crashed ({tried.returncode})", remedy)


def _memory() -> list[Finding]:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return []
    # A million points need about 1.5 GB: see docs/benchmarks.
    enough = total >= 4e9
    return [
        Finding(
            "memory",
            "ok" if enough else "optional",
            f"{total / 1e9:,.1f} GB",
            None if enough else "4 GB or more are better for scans of a million points",
        )
    ]
