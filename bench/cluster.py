"""What a cluster costs, and how many machines 100,000 relics take: `make bench-cluster`.

    python -m bench.cluster             all figures, some five minutes on two cores
    python -m bench.cluster --write     and write them to docs/cluster.md

Everything is measured on this machine, which must do nothing else, with the cluster that
`relicscan cluster up` starts. What the machines of a museum would take is computed from it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.batch import ROOT, cubes
from bench.figures import write_section
from relicscan.batch.job import Job

PAGE = ROOT / "docs" / "cluster.md"
RELICSCAN = (sys.executable, "-m", "relicscan")
#: Sample scans that become models, beside the million points of `make bench`.
SAMPLES = ("tile-textured", "stele-relief", "ding-bronze", "amphora-painted")
RELICS = 100_000
#: Machines that work on it: their name, how many, the slots of each, hours of a unit of time, unit.
FLEETS = (
    ("5 PCs of 4 cores, 14 hours a night", 5, 4, 14, "nights"),
    ("4 nodes of 32 cores", 4, 32, 1, "hours"),
)
EVENTS = 14
#: An attempt that takes no time and tells as much as one that makes a model.
NOTHING = f"""
import sys
if "multiprocessing" in " ".join(sys.orig_argv):
    import relicscan.batch.process as process
    from relicscan.batch.job import Outcome
    def attempt(job, log, emit, cancelled):
        for number in range({EVENTS}):
            emit({{"event": "stage", "stage": "nothing", "done": number / {EVENTS}}})
        return process.Attempt(job, Outcome(job.id, "done", "pass"), {{}}, 0, 0)
    process.attempt = attempt
"""


@dataclass(frozen=True)
class Made:
    """A relic and what it took with one thread."""

    id: str
    points: int
    seconds: float
    peak_bytes: int
    room_bytes: int
    output_bytes: int


@contextmanager
def cluster(scratch: Path, slots: int, **environment: str) -> Iterator[tuple[str, Path]]:
    """Address and certificates of two workers, each with so many slots."""
    tls = scratch / "tls"
    cores = {"RELICSCAN_THREADS": str(2 * slots)}
    with subprocess.Popen(
        [*RELICSCAN, "cluster", "up", "--workers", "2", "--folder", tls],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | cores | environment,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[6], tls
        process.send_signal(signal.SIGTERM)


def task_cost(scratch: Path, count: int = 1000) -> str:
    """What a task costs besides the process that it starts."""
    from relicscan.batch.cluster.workers import ClusterWorkers

    (scratch / "sitecustomize.py").write_text(NOTHING, encoding="utf-8")
    with cluster(scratch, slots=4, PYTHONPATH=str(scratch)) as (address, tls):
        workers = ClusterWorkers(address, tls)
        free = [name for name, budget in workers.machines().items() for _ in range(budget.jobs)]
        slots, placed, ended = len(free), dict[str, str](), 0
        waiting = [f"relic-{number}" for number in range(count)]
        began, cpu = time.perf_counter(), time.process_time()
        while ended < count:
            while free and waiting:
                relic = waiting.pop()
                placed[relic] = free.pop()
                job = _job(relic, scratch / "work")
                workers.start(job, scratch / "log", placed[relic])
            workers.machines()
            message = workers.next(1.0)
            if message and message.ended:
                ended += 1
                free.append(placed[message.id])
        each, own = (time.perf_counter() - began) / count, (time.process_time() - cpu) / count
        workers.stop()
    return (
        f"{count:,} attempts that do nothing, {slots} at a time, each telling of {EVENTS} stages: "
        f"{1000 * each:.1f} ms each, of which {1000 * own:.1f} ms are the run's own."
    )


def run_cost(scratch: Path, count: int = 60) -> str:
    """What a relic costs the run itself, which plans and places what the workers make."""
    cubes(scratch / "shelf", count)
    with cluster(scratch, slots=1) as (address, tls):
        options = ("--cluster", address, "--cluster-tls", str(tls))
        one = run(scratch / "shelf" / "hall0" / "cube0000", scratch / "one", *options)
        many = run(scratch / "shelf", scratch / "many", *options)
    cubes(scratch / "long", 2000)
    few = run(scratch / "shelf", scratch / "none", "--dry-run")
    lot = run(scratch / "long", scratch / "none", "--dry-run")
    return (
        f"A relic takes {1000 * (many - one) / (count - 1):.0f} ms of processor time on the "
        f"machine where `relicscan run` runs ({count} cubes against one), of which "
        f"{1000 * (lot - few) / (2000 - count):.1f} ms are planning, before the first is started."
    )


def search_cost(times: int = 20) -> str:
    """What it costs to find the next relic in a long queue."""
    from relicscan.batch.budget import Budget
    from relicscan.batch.estimate import Estimate
    from relicscan.batch.schedule import Waiting, next_on_machines

    queue = [
        Waiting(f"relic-{n}", Estimate(n % 997, 0), 10**9, 600.0, threads=1) for n in range(RELICS)
    ]
    machines = {"one": Budget(jobs=4, threads=4, memory_bytes=4 * 10**9)}
    began = time.perf_counter()
    for _ in range(times):
        next_on_machines(queue, [], machines)
    each = (time.perf_counter() - began) / times
    return f"Finding the next among {RELICS:,} relics that wait takes {1000 * each:.0f} ms."


def night(scratch: Path) -> tuple[str, list[Made]]:
    """The same relics with two jobs on this machine, and on two workers of a cluster."""
    shelf = scratch / "shelf"
    for name in SAMPLES:
        shutil.copytree(ROOT / "samples" / name, shelf / name)
    million(shelf / "benchmark")
    options = ("--threads", "1", "--cache", "0", "--events")
    began = time.perf_counter()
    run(shelf, scratch / "alone", "--jobs", "2", *options, str(scratch / "alone.jsonl"))
    alone = time.perf_counter() - began
    with cluster(scratch, slots=1) as (address, tls):
        began = time.perf_counter()
        where = ("--cluster", address, "--cluster-tls", str(tls))
        run(shelf, scratch / "out", *options, str(scratch / "out.jsonl"), *where)
        took = time.perf_counter() - began
    text = (
        f"{len(SAMPLES) + 1} relics: {alone:.1f} s with `--jobs 2 --threads 1`, {took:.1f} s "
        f"through a cluster of two workers on the same machine."
    )
    return text, made(scratch / "out", scratch / "out.jsonl")


def million(folder: Path) -> None:
    """The scan of `make bench`."""
    from bench.__main__ import noisy_scan
    from relicscan.formats.ply import write_cloud
    from samples.procedural import exact_surface
    from samples.relics.benchmark import benchmark_relic

    folder.mkdir(parents=True)
    scan = noisy_scan(exact_surface(benchmark_relic(), 0.7), 1_000_000)
    write_cloud(folder / "scan.ply", scan)
    text = '[scan]\nunit = "mm"\nup = "+Z"\nfront = "-Y"\n'
    (folder / "relic.toml").write_text(text, encoding="utf-8")


def made(out: Path, events: Path) -> list[Made]:
    """What the events of a run tell of each relic, the smallest first."""
    told = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    room = {e["id"]: e["memory_bytes"] for e in told if e["event"] == "relic_started"}
    relics = [
        Made(
            *(e["id"], e["points"], e["seconds"], e["peak_memory_bytes"], room[e["id"]]),
            sum(file.stat().st_size for file in (out / e["id"]).rglob("*.*")),
        )
        for e in told
        if e["event"] == "relic_ended"
    ]
    return sorted(relics, key=lambda relic: relic.seconds)


def run(shelf: Path, out: Path, *more: str) -> float:
    """Processor seconds of the command itself, without its relics' where it has a cluster."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*RELICSCAN, "run", shelf, "-o", out, "-q", *more]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tables(relics: list[Made]) -> str:
    """What each took, and what 100,000 like it would."""
    from docs.generate import table

    rows = [
        (
            *(r.id, f"{r.points:,}", f"{r.seconds:.1f} s"),
            *(_gb(r.peak_bytes), _gb(r.room_bytes), f"{r.output_bytes / 1e6:.0f} MB"),
        )
        for r in relics
    ]
    head = ("relic", "points", "one thread", "memory at the most", "memory reserved", "output")
    fleets = []
    for relic in relics:
        hours = RELICS * relic.seconds / 3600
        takes = [
            f"{hours / (count * slots * unit):,.1f} {name}, {slots * relic.room_bytes / 1e9:,.0f} "
            "GB of memory each"
            for _, count, slots, unit, name in FLEETS
        ]
        disk = f"{RELICS * relic.output_bytes / 1e12:.1f} TB"
        fleets.append((f"like {relic.id}", f"{hours:,.0f}", *takes, disk))
    names = [name for name, *_ in FLEETS]
    return f"{table(head, rows)}\n" + table(
        (f"{RELICS:,} relics", "slot hours", *names, "output"), fleets
    )


def _gb(count: int) -> str:
    return f"{count / 1e9:.2f} GB"


def _job(relic: str, work: Path) -> Job:
    work.mkdir(exist_ok=True)
    return Job(
        id=relic,
        folder=str(work),
        files=(),
        toml=None,
        whole_folder=True,
        pipeline=None,
        overrides={},
        work=str(work / relic),
        threads=1,
        reproducible=True,
        request={},
        memory_bytes=10**9,
    )


def main() -> int:
    """Measure and print; optionally write docs/cluster.md."""
    parser = argparse.ArgumentParser(prog="python -m bench.cluster", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write to docs/cluster.md")
    arguments = parser.parse_args()
    lines = []
    for measure in (task_cost, run_cost):
        with tempfile.TemporaryDirectory() as scratch:
            lines.append(measure(Path(scratch)))
            print(lines[-1])
    lines.append(search_cost())
    print(lines[-1])
    with tempfile.TemporaryDirectory() as scratch:
        line, relics = night(Path(scratch))
    lines.append(line)
    print(line)
    text = "\n".join(f"- {line}" for line in lines) + f"\n\n{tables(relics)}"
    print(text)
    if arguments.write:
        write_section("bench-cluster", text, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
