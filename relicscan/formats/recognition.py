"""Which files are scans, and which of these are point clouds: by name, else by a first look."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from relicscan.errors import ScanError
from relicscan.formats import is_scan_file, peek

#: Formats that hold only points; PLY may hold either, and so may an OBJ without faces.
CLOUD_SUFFIXES = frozenset([".pcd", ".xyz", ".asc", ".txt", ".pts", ".ptx", ".las", ".laz", ".e57"])


def is_scan(path: Path) -> bool:
    """Whether a file is a scan by its name; a .txt also needs columns of numbers in it."""
    if not is_scan_file(path):
        return False
    return path.suffix.lower() != ".txt" or _looks_like_points(path)


def scans_among(files: list[Path]) -> list[Path]:
    """The scans among the files of one folder.

    A .txt beside other scans holds targets, poses or notes on them.
    """
    scans = [f for f in files if is_scan(f)]
    return [f for f in scans if f.suffix.lower() != ".txt"] or scans


def is_cloud(path: Path) -> bool:
    """Whether a scan holds points alone, as far as its name and a PLY header tell."""
    suffix = path.suffix.lower()
    if suffix in CLOUD_SUFFIXES:
        return True
    if suffix != ".ply":
        return False
    try:
        return peek(path).kind == "cloud"
    except ScanError:
        return True  # reading it will say what is wrong


def _looks_like_points(path: Path) -> bool:
    """Whether a .txt holds columns of numbers rather than notes: its first lines tell."""
    try:
        if not path.stat().st_size:  # among them files of /proc that are waited for
            return False
        with path.open("rb") as stream:
            head = stream.read(4096).decode("utf-8", "replace").splitlines()[1:8]
    except OSError:
        return False
    rows = [line.replace(",", " ").replace(";", " ").split() for line in head if line.strip()]
    return bool(rows) and all(len(row) >= 3 and _are_numbers(row[:3]) for row in rows[:-1] or rows)


def _are_numbers(words: Iterable[str]) -> bool:
    try:
        return all(isinstance(float(word), float) for word in words)
    except ValueError:
        return False
