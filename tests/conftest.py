"""Shared by all tests: where the real scans are, and how to say that they are not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

# What is started in the background by a script, as CI may be, ignores these, and all that it
# starts does too: tests that send them would wait in vain.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Workers start hundreds of times: let them keep their byte code.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).resolve().parents[1]

# Tests of batches, caches and commands are about them and not about textures and posters, which
# `web` makes: they run a pipeline without, and those of `web` name it.
os.environ["RELICSCAN_PIPELINE"] = str(ROOT / "tests" / "pipelines" / "plain.toml")


def shared_folder() -> Path:
    return Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans and published schemas, or a skip that says so plainly."""
    folder = shared_folder()
    if not (folder / "scans").is_dir():
        pytest.skip(f"the real scans are not at {folder} (set RELICSCAN_SHARED)")
    return folder
