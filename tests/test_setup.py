"""The Makefile, CI and the set-up script say the same as the rest of the project."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from relicscan.delivery import khronos

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ("help", "demo", "test", "check", "bench", "samples", "docs")


def test_make_alone_lists_the_targets() -> None:
    make = shutil.which("make") or pytest.skip("there is no make here")
    done = subprocess.run([make, "-C", ROOT], capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\S+) +\S", done.stdout, re.MULTILINE)
    assert listed[0] == "help"
    assert set(TARGETS) <= set(listed)


def test_every_target_of_make_is_listed_and_phony() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    described = set(re.findall(r"^([a-z-]+):.*## \S", text, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert targets == described == set(phony.split())


def test_set_up_fetches_the_validator_that_delivery_runs() -> None:
    text = (ROOT / "tools" / "setup.sh").read_text("utf-8")
    assert re.findall(r"^validator=(\S+)$", text, re.MULTILINE) == [khronos.PACKAGE]


def test_ci_runs_what_the_readme_says_and_ends_with_the_tests() -> None:
    commands = [
        line
        for line in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
        if line.startswith("make ")
    ]
    assert "make demo" in commands
    assert commands[-1] == "make test"
    readme = (ROOT / "README.md").read_text("utf-8")
    for command in ("make demo", "make test"):
        assert f"$ {command}\n" in readme
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
