"""Damaged files for our parsers: each must be read or refused with a ScanError, soon and cheaply.

    .venv/bin/python tools/fuzz.py --seconds 60 --seed 1
    .venv/bin/python tools/fuzz.py --cases 500 --format ply
    .venv/bin/python tools/fuzz.py --format ply --seed 1 --first 4711 --cases 1

Small valid files of every format (and relic.toml, images, and GLB for our own checks of it) are
damaged and read in a child process with a limit on its memory. Another exception, a warning of
NumPy's, a crash, more than 10 s or more than 1 GB is a finding: it is printed with the seed and
the number that make it again, and its files are kept under build/fuzz/. Exit code 1 where there
are findings.

Mutation by subprocess rather than coverage by atheris: that has no wheels for macOS and
Windows and sees nothing inside of NumPy, laspy or libE57, where the crashes would be.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from fuzz_seeds import ROOT, kinds, reader_of, repaired, seeds_of
from mutations import mutated

SECONDS_PER_CASE = 10
BYTES_PER_CASE = 1 << 30
BATCH = 1000
KEPT = ROOT / "build" / "fuzz"


def main() -> int:
    """Fuzz what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--format", choices=kinds(), help="only this one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, help="how long in all")
    parser.add_argument("--cases", type=int, help="how many of each format")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        return read_cases(given.child, given.format, given.seed, given.first, given.cases)
    chosen = [given.format] if given.format else kinds()
    return fuzz(chosen, given.seed, given.first, given.cases, given.seconds or 60)


def fuzz(chosen: list[str], seed: int, first: int, cases: int | None, seconds: float) -> int:
    """Go through the formats in turn, batch by batch, until the cases or the seconds are over."""
    started = time.perf_counter()
    done: Counter[str] = Counter()
    read: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        waiting = list(chosen)
        while waiting and (cases is not None or time.perf_counter() - started < seconds):
            kind = waiting.pop(0)
            count = BATCH if cases is None else min(BATCH, cases - done[kind])
            good, bad = run_batch(kind, seed, first + done[kind], count, Path(folder))
            read[kind] += good
            found[kind] += bad
            done[kind] += count
            if cases is None or done[kind] < cases:
                waiting.append(kind)
    took = time.perf_counter() - started
    for kind in chosen:
        print(f"{kind:6}{done[kind]:8,} cases{read[kind]:8,} read{found[kind]:4} findings")
    print(f"{done.total():,} cases in {took:.0f} s, {done.total() / took:.0f} a second")
    print(f"{found.total()} findings" + (f", kept in {KEPT}" if found.total() else ""))
    return 1 if found.total() else 0


def run_batch(kind: str, seed: int, first: int, count: int, folder: Path) -> tuple[int, int]:
    """Read the cases from `first` on in children; how many were read, and how many findings."""
    read, findings, end = 0, 0, first + count
    while first < end:
        last, good, problem = watch(kind, seed, first, end - first, folder)
        read += good
        if problem is None:
            break
        findings += 1
        kept = KEPT / f"{kind}-{seed}-{last}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept)
        print(f"FINDING {kind} --seed {seed} --first {last}: {problem}", flush=True)
        first = last + 1
    return read, findings


def watch(
    kind: str, seed: int, first: int, count: int, folder: Path
) -> tuple[int, int, str | None]:
    """Start a child and follow its cases: the last one, how many were read, what was wrong."""
    arguments = ["--child", str(folder), "--format", kind, "--seed", str(seed)]
    arguments += ["--first", str(first), "--cases", str(count)]
    last, good = -1, 0
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, stderr=said, bufsize=0
        ) as child,
    ):
        assert child.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            # The first case waits for imports and seeds.
            while ready.select(60 if last < 0 else SECONDS_PER_CASE):
                line = child.stdout.readline()
                if not line:
                    code = child.wait()
                    said.seek(0)
                    words = said.read()[-500:].decode("utf-8", "replace")
                    if last < 0:
                        raise SystemExit(f"the child did not begin: {words}")
                    return last, good, None if code == 0 else f"ended with {code}: {words}"
                event = json.loads(line)
                last, good = event["case"], event["read"]
                if "problem" in event:
                    return last, good, event["problem"]
        child.kill()
    return last, good, f"not done within {SECONDS_PER_CASE} s"


def read_cases(folder: str, kind: str, seed: int, first: int, count: int) -> int:
    """The child: make the cases one after the other and read them, saying so on stdout."""
    from relicscan.errors import ScanError

    events = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is not for the parent
    seeds, read = seeds_of(kind), reader_of(kind)
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES_PER_CASE, BYTES_PER_CASE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("error", RuntimeWarning)

    def say(number: int, **event: str) -> None:
        print(json.dumps({"case": number, "read": good, **event}), file=events, flush=True)

    good = 0
    for number in range(first, first + count):
        path = write_case(Path(folder), kind, seeds, random.Random(f"{seed} {kind} {number}"))
        say(number)
        try:
            read(path)
            good += 1
        except ScanError as error:
            if not error.message or not error.remedy:
                say(number, problem=f"a ScanError without words: {error}")
                break
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            say(number, problem=f"{error!r:.300} in {where.filename}:{where.lineno}")
            break
    else:
        say(number)
    return 0


def write_case(folder: Path, kind: str, seeds: list[dict[str, bytes]], rng: random.Random) -> Path:
    """The files of a case in an emptied folder; returns the one to read."""
    for old in folder.iterdir():
        old.unlink()
    files = dict(rng.choice(seeds))
    names = list(files)
    hurt = names[0] if len(names) == 1 or rng.random() < 0.7 else rng.choice(names)
    others = [next(iter(other.values())) for other in rng.sample(seeds, min(3, len(seeds)))]
    files[hurt] = mutated(files[hurt], others, rng)
    if rng.random() < 0.8:
        files[hurt] = repaired(kind, files[hurt])
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder / names[0]


if __name__ == "__main__":
    sys.exit(main())
