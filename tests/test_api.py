"""The Python API: the commands under their names, from a script, nothing imported too soon."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_scans import box, checked_output, sphere, write_cup, write_ply

import relicscan

SCRIPT = """
import json, sys
import relicscan

scans, out = sys.argv[1:]
doubts = [inspection.doubts for inspection in relicscan.inspect(scans)]
outcomes = relicscan.run(scans, out, overrides={"build_levels.ceilings": {"only": 500}})
good = relicscan.validate(out)
print(json.dumps([len(doubts), [o.verdict for o in outcomes], [v.ok for v in good]]))
"""


@pytest.mark.parametrize("name", relicscan.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(relicscan, name).__doc__
    assert name in dir(relicscan)


def test_what_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'relicscan' has no attribute 'runn'"):
        relicscan.runn  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, relicscan; print([m for m in sys.modules "
        "if m.split('.')[0] in ('numpy', 'pydantic', 'typer', 'rich', 'open3d', 'scipy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_from_a_script(tmp_path: Path) -> None:
    write_cup(tmp_path / "scans" / "cup")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script, tmp_path / "scans", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [1, ["pass"], [True]]
    assert done.stderr == ""
    assert set(checked_output(tmp_path / "out")) == {"cup"}


def test_scans_and_relics_by_path(tmp_path: Path) -> None:
    path = write_ply(tmp_path / "vase" / "a.ply", sphere(200))
    (scan,) = relicscan.read_scan(str(path))
    assert len(scan.geometry) == 200  # type: ignore[arg-type]
    relic = relicscan.read_relic(str(tmp_path))
    assert (relic.id, len(relic.scans)) == ("vase", 1)
    write_ply(tmp_path / "cup" / "cup.ply", box())
    with pytest.raises(relicscan.RelicscanError, match="there are 2 relics"):
        relicscan.read_relic(tmp_path)


def test_the_docstring_names_what_is_there() -> None:
    called = re.findall(r"relicscan\.(\w+)\(", relicscan.__doc__ or "")
    assert called == ["inspect", "run", "read_scan"]
    assert set(called) <= set(relicscan.__all__)
