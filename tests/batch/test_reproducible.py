"""`--reproducible`: the same input gives the same bytes, wherever and whenever it is run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_scans import checked_output, files_below, sphere, write_cup, write_ply, write_toml

#: What may differ: run.json and reports tell of this run, the rest is not part of the output.
CHANGES = ("run.json", "report.html", "lock", "scans.json", ".log", ".relic")


SAMPLE = Path(__file__).parents[2] / "samples" / "figurine-unposed"
ARCHIVE = Path(__file__).parents[2] / "pipelines" / "archive.toml"

#: As coarse as the stages allow: what is asked is that they repeat themselves.
SMALL = (
    "--set",
    "reconstruct_surface.cell_size_spacings=8",
    "--set",
    "bake_textures.max_side=128",
)

#: Puts itself on so many cores, in the folder that is given, and becomes the command.
ON_CORES = """
import os, sys
cores, folder, *command = sys.argv[1:]
if hasattr(os, "sched_setaffinity"):
    mine = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, mine[: int(cores)] if int(cores) else mine)
os.chdir(folder)
os.umask(0o077 if int(cores) else 0o022)
os.execv(sys.executable, [sys.executable, "-m", "relicscan", *command])
"""


@dataclass(frozen=True)
class Circumstances:
    """What a run may find: cores (0 is all), jobs, a folder to stand in, the environment."""

    cores: int
    jobs: int
    here: Path
    environment: dict[str, str]

    def run(self, scans: Path, out: Path, *options: str) -> dict[str, bytes]:
        """Every file of the output that must not change."""
        command = ["run", scans, "-o", out, "--reproducible", "-q", "--jobs", str(self.jobs)]
        subprocess.run(
            [sys.executable, "-c", ON_CORES, str(self.cores), self.here, *command, *options],
            env=os.environ | self.environment,
            check=True,
        )
        checked_output(out)
        names = [name for name in files_below(out) if not name.endswith(CHANGES)]
        return {name: (out / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def one_core(tmp_path_factory: pytest.TempPathFactory) -> Circumstances:
    """In the winter, in the west: one core, one relic at a time."""
    return Circumstances(
        1,
        1,
        tmp_path_factory.mktemp("one"),
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "80"},
    )


@pytest.fixture(scope="module")
def all_cores(tmp_path_factory: pytest.TempPathFactory) -> Circumstances:
    """All cores, more threads than there are, another place, time zone, locale and hash seed."""
    here = tmp_path_factory.mktemp("Übung mit Leerzeichen")
    (here / "tmp").mkdir()
    return Circumstances(
        0,
        2,
        here,
        {
            "PYTHONHASHSEED": "4711",
            "TZ": "Asia/Shanghai",
            "LANG": "de_DE.UTF-8",
            "LC_ALL": "C",
            "LC_NUMERIC": "de_DE.UTF-8",
            "OMP_NUM_THREADS": "7",
            "RELICSCAN_THREADS": "5",
            "TMPDIR": str(here / "tmp"),
            "USER": "somebody",
            "COLUMNS": "200",
        },
    )


def moved(scans: Path, to: Path) -> Path:
    """A copy of scans elsewhere: files made in another order, and long ago."""
    for path in sorted((p for p in scans.rglob("*") if p.is_file()), reverse=True):
        copy = to / path.relative_to(scans)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        os.utime(copy, (1e9, 1e9))
    return to


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
def first(
    scans: Path, one_core: Circumstances, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    return one_core.run(scans, tmp_path_factory.mktemp("out") / "out")


def test_the_first_run_made_models(first: dict[str, bytes]) -> None:
    assert {"vase/web/high.glb", "vase/master/mesh.ply", "cup/web/thumb.glb"} <= set(first)
    assert {"index.json", "index.json.sha256", "figurine/relic.json"} <= set(first)
    assert b'"reproducible": true' in first["vase/relic.json"]


def test_again_elsewhere_and_under_other_circumstances(
    scans: Path, first: dict[str, bytes], all_cores: Circumstances, tmp_path: Path
) -> None:
    elsewhere = moved(scans, tmp_path / "another disk" / "Übung" / "scans")
    second = all_cores.run(elsewhere, tmp_path / "models")
    assert sorted(second) == sorted(first)
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.slow
def test_partial_scans_for_the_archive(
    one_core: Circumstances, all_cores: Circumstances, tmp_path: Path
) -> None:
    """Three scans without poses through every stage of `archive`; of its targets the first.

    Registration and reconciliation work with as many threads as there are, and
    `--reproducible` has to leave them one.
    """
    text = ARCHIVE.read_text(encoding="utf-8")
    for taken_out in (', "web"]', "pictures = true\n", "report = true\n"):
        assert taken_out in text
        text = text.replace(taken_out, "]" if "web" in taken_out else "")
    made = []
    for number, circumstances in enumerate((one_core, all_cores)):
        root = tmp_path / f"place {number}"
        figurine = moved(SAMPLE, root / "scans" / "figurine")
        for left_out in (4, 5, 6):  # three show enough of each other, and take a third as long
            (figurine / f"figurine_{left_out}.ply").unlink()
        pipeline = root / "keep.toml"
        pipeline.write_text(text, encoding="utf-8")
        options = ["-p", str(pipeline), *SMALL]
        made.append(circumstances.run(root / "scans", root / "out", *options))
    one, other = made
    assert {"figurine-unposed/archive/full.glb", "figurine-unposed/master/mesh.ply"} <= set(one)
    steps = json.loads(one["figurine-unposed/relic.json"])["steps"]
    done = {step["stage"] for step in steps if step["skipped"] is None}
    assert {"register_scans", "reconcile_scans", "bake_textures", "measure_deviation"} <= done
    assert sorted(other) == sorted(one)
    assert [name for name in one if one[name] != other[name]] == []


def test_no_path_of_this_machine_is_written(scans: Path, first: dict[str, bytes]) -> None:
    for name, content in first.items():
        assert str(scans.parent).encode() not in content, name
