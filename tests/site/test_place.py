"""A folder takes its place whole, or the one before stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from relicscan.errors import OutputError
from relicscan.site.place import built_beside


def test_it_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "site"
    for content in ("first", "second"):
        with built_beside(target, "site") as partial:
            (partial / "index.html").write_text(content)
    assert (target / "index.html").read_text() == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_what_was_there_stays_when_building_fails(tmp_path: Path) -> None:
    target = tmp_path / "site"
    target.mkdir()
    (target / "index.html").write_text("first")

    def build() -> None:
        with built_beside(target, "site") as partial:
            (partial / "index.html").write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="cannot be written"):
        build()
    assert (target / "index.html").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_what_was_there_comes_back_when_the_place_cannot_be_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "site"
    target.mkdir()
    (target / "index.html").write_text("first")
    rename = Path.rename

    def refused(self: Path, to: Path) -> Path:
        if self.name.endswith(".part"):
            raise PermissionError(13, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OutputError, match="Permission denied"), built_beside(target, "site"):
        pass
    assert (target / "index.html").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
