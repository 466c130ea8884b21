"""A night in which everything goes wrong, again and again: `make chaos`.

    python -m bench.chaos                          60 relics, 50 kills
    python -m bench.chaos --relics 12 --kills 6    a shorter night
    python -m bench.chaos --write                  and write the figures to docs/reliability.md

A shelf of sample relics, thinned and each a little different, among them some whose process
crashes, hangs (and does not listen to SIGTERM) or eats memory without end. It is run once
undisturbed and `--reproducible`, and once more by a run that is killed with -9 at random
moments and started again, until it has been killed so often. Then every file of both output
folders must be the same, byte by byte, and nothing may be left that still runs or was meant
to be temporary.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.figures import write_section

ROOT = Path(__file__).resolve().parents[1]
SPOIL = ROOT / "bench" / "spoil"
#: What differs between two runs by its nature, or is no part of the output.
NOT_COMPARED = (".relicscan/", "/run.json", "report.html")
#: Every so many relics, from which on, one crashes, one hangs and one eats memory.
SPOILED = {"crash": (12, 2), "hang": (15, 5), "hog": (20, 7)}
POINTS = 6_000
RUN = ("--pipeline", "preview", "--reproducible", "--memory", "3GB", "--time-limit", "25", "-q")


@dataclass(frozen=True)
class Night:
    """What came of it."""

    relics: int
    spoiled: int
    kills: int
    undisturbed_s: float
    disturbed_s: float
    files: int
    different: tuple[str, ...]
    orphans: int
    leftovers: tuple[str, ...]
    states: dict[str, int]

    @property
    def survived(self) -> bool:
        return not self.different and not self.leftovers and self.orphans == 0


def make_shelf(root: Path, count: int, seed: int = 1) -> int:
    """Write `count` scan folders below `root`; returns how many of them are spoiled."""
    from relicscan import formats
    from relicscan.formats.ply import write_cloud, write_mesh
    from relicscan.relic import Mesh, PointCloud

    rng = np.random.default_rng(seed)
    samples = ("ding-bronze/ding.ply", "stele-relief/stele.laz", "amphora-painted/close_up.ply")
    clouds = [formats.read(ROOT / "samples" / name)[0].geometry for name in samples]
    tile = formats.read(ROOT / "samples" / "tile-textured" / "tile.obj")[0].geometry
    assert isinstance(tile, Mesh)
    spoiled = 0
    for number in range(count):
        kinds = (k for k, (each, first) in SPOILED.items() if number % each == first)
        kind = next(kinds, "relic")
        spoiled += kind != "relic"
        folder = root / f"{kind}-{number:03d}"
        folder.mkdir(parents=True)
        toml = '[scan]\nunit = "mm"\nup = "+Z"\nframe = "common"\n'
        (folder / "relic.toml").write_text(toml, encoding="utf-8")
        if number % 4 == 3:
            shrunk = tile.vertices * rng.uniform(0.8, 1.2)
            write_mesh(folder / "scan.ply", Mesh(shrunk, tile.faces))
        else:
            cloud = clouds[number % len(clouds)]
            assert isinstance(cloud, PointCloud)
            write_cloud(folder / "scan.ply", cloud.take(rng.choice(len(cloud), POINTS)))
    return spoiled


def start(shelf: Path, out: Path, *more: str) -> subprocess.Popen[bytes]:
    """A run over the shelf in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "relicscan", "run", shelf, "-o", out, *RUN, *more],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(SPOIL), str(ROOT)])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a run; the spoiled relics make it end with 1, and nothing else may be wrong."""
    _, said = process.communicate()
    if process.returncode not in (0, 1) or b"Traceback" in said:
        raise SystemExit(f"exit code {process.returncode}: {said.decode(errors='replace')}")


def processes_of(out: Path) -> list[int]:
    """Processes that were told of the output folder, or were started by one that was (Linux)."""
    found = []
    wanted = os.fsencode(out)
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
                state = (folder / "stat").read_bytes().rpartition(b") ")[2][:1]
            except OSError:
                continue
            if wanted in command and state != b"Z":
                found.append(int(folder.name))
    return found


def wait_until_gone(out: Path, seconds: float = 10.0) -> int:
    """How many processes of a run still live so long after it has ended."""
    end = time.monotonic() + seconds
    while (left := len(processes_of(out))) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def compared(out: Path) -> dict[str, bytes]:
    """Every file of an output folder that two runs must agree on, by its path."""
    files = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file()}
    return {
        name: path.read_bytes()
        for name, path in files.items()
        if not any(part in name for part in NOT_COMPARED)
    }


def leftovers(out: Path) -> Iterator[str]:
    """What should have been temporary."""
    for path in out.rglob("*"):
        name = path.relative_to(out).as_posix()
        if name.endswith(".part") or name.startswith((".relicscan/work-", ".relicscan/old")):
            yield name
    if (out / ".relicscan" / "journal").exists():
        yield ".relicscan/journal"


def disturbed(shelf: Path, out: Path, kills: int, longest_s: float, seed: int) -> tuple[int, int]:
    """Run, kill and start again until killed so often; how often it was, and orphans seen.

    A run that comes to its end before is begun anew, with nothing kept.
    """
    rng = random.Random(seed)
    orphans = killed = 0
    while killed < kills:
        process = start(shelf, out)
        try:
            process.communicate(timeout=rng.uniform(0.2, longest_s))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed += 1
            orphans += wait_until_gone(out)
        else:
            shutil.rmtree(out)
    finish(start(shelf, out))
    return killed, orphans + wait_until_gone(out)


def night(root: Path, relics: int, kills: int, *, longest_s: float = 8.0, seed: int = 1) -> Night:
    """The whole night in the folder `root`."""
    shelf, calm, torn = root / "shelf", root / "calm", root / "torn"
    spoiled = make_shelf(shelf, relics, seed)
    began = time.monotonic()
    finish(start(shelf, calm))
    middle = time.monotonic()
    killed, orphans = disturbed(shelf, torn, kills, longest_s, seed)
    end = time.monotonic()
    expected, found = compared(calm), compared(torn)
    different = sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )
    index = json.loads((torn / "index.json").read_bytes())
    return Night(
        relics,
        spoiled,
        killed,
        middle - began,
        end - middle,
        len(expected),
        tuple(different),
        orphans,
        tuple(leftovers(torn)),
        index["states"],
    )


def main() -> int:
    """Print what came of the night; 1 where it was not survived."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--relics", type=int, default=60)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--longest", type=float, default=8.0, help="seconds until a kill, at most")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write to docs/reliability.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as scratch:
        came = night(
            Path(scratch), given.relics, given.kills, longest_s=given.longest, seed=given.seed
        )
    states = ", ".join(f"{count} {state}" for state, count in sorted(came.states.items()))
    text = (
        f"{came.relics} relics ({came.spoiled} of them spoiled: {states}), killed with -9 "
        f"{came.kills} times at random moments and started again: {len(came.different)} of "
        f"{came.files} files differ from an undisturbed run, {came.orphans} orphan processes, "
        f"{len(came.leftovers)} temporary files left. "
        f"Undisturbed {came.undisturbed_s:.0f} s, disturbed {came.disturbed_s:.0f} s."
    )
    print(text)
    for name in (*came.different, *came.leftovers):
        print(f"  {name}")
    if given.write:
        write_section("chaos", text)
    return 0 if came.survived else 1


if __name__ == "__main__":
    sys.exit(main())
