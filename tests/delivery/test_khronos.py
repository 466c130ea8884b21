"""The Khronos validator: its words reach us, and its absence is no crash."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from relicscan.delivery import khronos as validator
from relicscan.delivery.khronos import KhronosReport
from relicscan.errors import OutputError
from tests.delivery.glb_shapes import cube, write


def test_one_run_reports_on_each_file_in_order(
    tmp_path: Path, khronos: Callable[[list[Path]], list[KhronosReport]]
) -> None:
    good, bad, junk = (tmp_path / name for name in ("good ü.glb", "bad.glb", "junk.glb"))
    write(good, cube())
    data = bytearray(good.read_bytes())
    data[8] += 4
    bad.write_bytes(data)
    junk.write_bytes(b"no glTF at all")
    reports = khronos([good, bad, junk, tmp_path / "missing.glb"])
    assert [r.clean for r in reports] == [True, False, False, False]
    assert {m.code for m in reports[1].messages} == {"GLB_LENGTH_MISMATCH"}
    assert reports[1].messages[0].severity == "error"
    assert reports[3].messages[0].code == "UNREADABLE"
    assert reports[0].version.startswith("2.0.0")
    assert validator.validate(good) == reports[0]


def test_package_is_the_pinned_one(khronos: object) -> None:
    folder = validator.find_validator()
    assert folder is not None
    version = validator.PACKAGE.partition("@")[2]
    assert f'"version": "{version}"' in (folder / "package.json").read_text()


def test_none_where_the_package_or_node_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validator, "_VENDOR", tmp_path)
    assert validator.find_validator() is None
    assert validator.validate(tmp_path / "any.glb") is None
    if shutil.which("node"):
        assert "npm install --prefix" in str(validator.what_is_missing())
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "node is not installed" in str(validator.what_is_missing())
    assert validator.validate_many([tmp_path / "any.glb"]) is None


def test_a_validator_that_breaks_or_hangs_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not installed (on Debian: apt-get install nodejs)")
    package = tmp_path / "node_modules" / "gltf-validator"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"main": "index.js"}')
    monkeypatch.setattr(validator, "_VENDOR", tmp_path)
    (package / "index.js").write_text("throw new Error('out of order')")
    with pytest.raises(OutputError, match="broke down"):
        validator.validate(tmp_path / "any.glb")
    (package / "index.js").write_text("for (;;) {}")
    with pytest.raises(OutputError, match="did not finish"):
        validator.validate(tmp_path / "any.glb", time_limit_s=0.5)
