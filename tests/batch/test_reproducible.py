"""`--reproducible`: the same input gives the same bytes, wherever and whenever it is run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_scans import checked_output, files_below, sphere, write_cup, write_ply, write_toml

#: What may differ: run.json tells of this run, and the rest is not part of the output.
CHANGES = ("run.json", "lock", ".log", ".relic")


def run(scans: Path, out: Path, **environment: str) -> dict[str, bytes]:
    """Every file of the output that must not change."""
    subprocess.run(
        [sys.executable, "-m", "relicscan", "run", scans, "-o", out, "--reproducible", "-q"],
        env=os.environ | environment,
        check=True,
    )
    checked_output(out)
    names = [name for name in files_below(out) if not name.endswith(CHANGES)]
    return {name: (out / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A point cloud with colours, a mesh, and scans that end as review."""
    root = tmp_path_factory.mktemp("here") / "scans"
    write_toml(root / "vase", '[scan]\nunit = "mm"\n[crop]\nsupport = "remove"\n')
    write_ply(root / "vase" / "vase.ply", sphere(2500))
    write_cup(root / "cup")
    for name in ("a.ply", "b.ply"):
        write_ply(root / "figurine" / name, sphere(300))
    return root


@pytest.fixture(scope="module")
def first(scans: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return run(scans, tmp_path_factory.mktemp("out") / "out", PYTHONHASHSEED="1", TZ="UTC")


def test_the_first_run_made_models(first: dict[str, bytes]) -> None:
    assert {"vase/web/high.glb", "vase/master/mesh.ply", "cup/web/thumb.glb"} <= set(first)
    assert {"index.json", "index.json.sha256", "figurine/relic.json"} <= set(first)
    assert b'"reproducible": true' in first["vase/relic.json"]


def test_again_elsewhere_and_under_other_circumstances(
    scans: Path, first: dict[str, bytes], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another disk" / "Übung" / "scans"
    shutil.copytree(scans, elsewhere)
    for file in elsewhere.rglob("*.ply"):
        os.utime(file, (1e9, 1e9))
    second = run(
        elsewhere,
        tmp_path / "models",
        PYTHONHASHSEED="4711",
        TZ="Asia/Shanghai",
        LANG="de_DE.UTF-8",
        LC_ALL="C",
        OMP_NUM_THREADS="7",
        RELICSCAN_THREADS="5",
    )
    assert sorted(second) == sorted(first)
    assert [name for name in first if first[name] != second[name]] == []


def test_no_path_of_this_machine_is_written(scans: Path, first: dict[str, bytes]) -> None:
    for name, content in first.items():
        assert str(scans.parent).encode() not in content, name
