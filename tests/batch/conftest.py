"""A batch in which nearly everything goes wrong, and what other batches are made from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from batch.spoiled import SITECUSTOMIZE, Night
from tiny_scans import sphere, write_cup, write_ply, write_toml

from relicscan.batch.run import run

#: Without what only real scans need: a mesh takes a second.
PIPELINE = """
[[stage]]
use = "merge_scans"
[[stage]]
use = "estimate_normals"
[[stage]]
use = "reconstruct_surface"
[[stage]]
use = "clean_mesh"
[[stage]]
use = "set_upright"
[[stage]]
use = "build_levels"
ceilings = { low = 8, high = 100 }
"""


@pytest.fixture(scope="session")
def spoiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that, on PYTHONPATH, spoils the workers of certain relics."""
    folder = tmp_path_factory.mktemp("spoiler")
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("pipelines") / "meshes.toml"
    path.write_text(PIPELINE, encoding="utf-8")
    return str(path)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A root with one good relic, `cup`."""
    write_cup(tmp_path / "shelf" / "cup")
    return tmp_path / "shelf"


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory, spoiler: Path, pipeline: str) -> Night:
    root = tmp_path_factory.mktemp("night")
    scans, out = root / "scans", root / "out"
    for name in ("bowl", "cup", "crashing", "once", "defect", "exhausted", "full"):
        write_cup(scans / name)
    whole = write_cup(scans / "truncated").read_bytes()
    (scans / "truncated" / "cup.ply").write_bytes(whole[:-20])
    write_toml(scans / "misspelt", '[scan]\nunits = "mm"\n')
    (scans / "empty").mkdir()
    for name in ("a.ply", "b.ply"):
        write_ply(scans / "unposed" / name, sphere(300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(spoiler))
        patch.setenv("RELICSCAN_THREADS", "2")
        # Most of the scans are the same: what is kept of one would spare the others their fate.
        outcomes = run([scans, scans / "empty"], out, pipeline=pipeline, jobs=1, cache_bytes=0)
    return Night(scans, out, {o.id: o for o in outcomes}, spoiler)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, pipeline: str) -> Path:
    """A root of scans and the output folder made from it: `bowl`, `cup` and a rejected `torn`."""
    root = tmp_path_factory.mktemp("verify")
    for name in ("bowl", "cup", "torn"):
        write_cup(root / "scans" / name)
    (root / "scans" / "bowl" / "notes.txt").write_text("seen on Monday")
    torn = root / "scans" / "torn" / "cup.ply"
    torn.write_bytes(torn.read_bytes()[:-20])
    run(root / "scans", root / "out", pipeline=pipeline, jobs=2)
    return root


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of that output folder, to be spoiled."""
    shutil.copytree(finished / "out", tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def scans(finished: Path, tmp_path: Path) -> Path:
    """A copy of the scans that it was made from."""
    shutil.copytree(finished / "scans", tmp_path / "scans")
    return tmp_path / "scans"
