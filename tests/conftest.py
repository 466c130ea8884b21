"""Shared by all tests: where the real scans are, and how to say that they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared_folder() -> Path:
    return Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans and published schemas, or a skip that says so plainly."""
    folder = shared_folder()
    if not (folder / "scans").is_dir():
        pytest.skip(f"the real scans are not at {folder} (set RELICSCAN_SHARED)")
    return folder
