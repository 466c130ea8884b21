"""Documents that cannot rot: generated pages are as generated, commands do what is shown."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.console import blocks, comparable, run
from docs.generate import DOCUMENTS

ROOT = Path(__file__).resolve().parents[1]


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = [
    pytest.param(shown, id=f"{page.name}: {shown.command}")
    for page in PAGES
    for shown in blocks(page.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module", autouse=True)
def nothing_was_run_before() -> None:
    """What an earlier test run made would be told as unchanged."""
    for made in (ROOT / "out").glob("readme*"):
        shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_generated_pages_are_up_to_date(name: str) -> None:
    committed = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert committed == DOCUMENTS[name](), f"docs/{name} is not what the code says: run make docs"


@pytest.mark.parametrize("shown", SHOWN)
def test_commands_print_what_is_shown(shown: object) -> None:
    command = shown.command  # type: ignore[attr-defined]
    if command.startswith("make"):
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert command.split()[1] in targets
        return
    code, output = run(command)
    assert code == 0, output
    assert comparable(output) == comparable(shown.output)  # type: ignore[attr-defined]


def test_the_readme_speaks_true_python(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (snippet,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    done = subprocess.run(
        [sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "ding-bronze done pass\n", done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in readme, f"README does not link to {page.name}"


def test_a_changed_figure_is_no_difference_and_a_changed_word_is() -> None:
    assert comparable("a  12.3 s  1,234") == comparable("a  4 min  99")
    assert comparable("12 pass") != comparable("12 review")
