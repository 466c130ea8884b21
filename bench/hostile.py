"""Every hostile file of the collection through the whole of `relicscan run`: `make hostile`.

    python -m bench.hostile            each in a scan folder of its own, under 4 GB and 60 s
    python -m bench.hostile --write    and write the figures to docs/reliability.md

The files are not part of this repository; they are looked for beside it (or at
RELICSCAN_SHARED). INDEX.tsv says which should load. A file that loads need not become a
model (three points do not): then a stage says so. None may crash, hang or eat memory.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.figures import write_section

ROOT = Path(__file__).resolve().parents[1]
MEMORY_BYTES, SECONDS = 4_000_000_000, 60.0
#: Not what any scan may end as, whatever it holds.
NEVER = ("crashed", "timed_out", "out_of_memory", "failed")


def shared_scans() -> Path:
    """Where the collection is, if it is there."""
    return Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared")) / "scans"


def hostile_files(scans: Path) -> list[tuple[Path, str]]:
    """The hostile scans with what INDEX.tsv says is to be expected of each."""
    from relicscan.formats import MODULES

    with (scans / "INDEX.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["path"]]
    return [
        (scans / row["path"], row["ground_truth"])
        for row in rows
        if row["path"].startswith("hostile/") and Path(row["path"]).suffix.lower() in MODULES
    ]


def lay_out(files: list[tuple[Path, str]], root: Path) -> dict[str, tuple[Path, str]]:
    """A scan folder for each file, with the files beside it that are no scans; by relic id."""
    from relicscan.formats import MODULES
    from relicscan.scan_folder import find_relics

    placed = {}
    for number, (file, expected) in enumerate(files):
        folder = root / f"{number:03d}"
        folder.mkdir(parents=True)
        shutil.copyfile(file, folder / file.name)
        for beside in file.parent.iterdir():
            if beside.is_file() and beside.suffix.lower() not in MODULES:
                shutil.copyfile(beside, folder / beside.name)
        placed[folder] = (file, expected)
    return {relic.id: placed[relic.folder] for relic in find_relics([root])}


def main() -> int:
    """Run them all and print what came of them; 1 where something must not be."""
    from relicscan.batch.run import run

    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write to docs/reliability.md")
    given = parser.parse_args()
    scans = shared_scans()
    if not scans.is_dir():
        print(f"skipped: the real scans are not at {scans} (set RELICSCAN_SHARED)")
        return 0
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        shelf = Path(scratch) / "shelf"
        files = lay_out(hostile_files(scans), shelf)
        outcomes = run(
            shelf, Path(scratch) / "out", memory_bytes=MEMORY_BYTES, time_limit_s=SECONDS
        )
    wrong = []
    for outcome in outcomes:
        file, expected = files[outcome.id]
        refused = "clear error" in expected or '"no geometry"' in expected
        ends = outcome.verdict or outcome.state
        said = outcome.reasons[0][0] if outcome.reasons else ""
        print(f"{file.relative_to(scans)}: {ends} {said}")
        if outcome.state in NEVER or (outcome.state == "rejected" and not said):
            wrong.append(f"{file.name}: {outcome.state} {said}")
        elif refused and outcome.state == "done":
            print("  where the index expects an error: see tests/formats/test_real_scans.py")
    states = ", ".join(
        f"{count} {state}"
        for state, count in Counter(o.verdict or o.state for o in outcomes).most_common()
    )
    text = (
        f"{len(outcomes)} hostile files through `relicscan run` under "
        f"{MEMORY_BYTES / 1e9:.0f} GB and {SECONDS:.0f} s each: {states}; the longest took "
        f"{max(o.seconds for o in outcomes):.1f} s, the most memory was "
        f"{max(o.peak_memory_bytes for o in outcomes) / 1e9:.2f} GB; "
        f"{len(wrong)} crashed, hung, failed or went without a reason."
    )
    print(text)
    if given.write:
        write_section("hostile", text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
