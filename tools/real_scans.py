"""Runs every real scan and writes what became of each to docs/real-scans.md: `make real-scans`.

The scans are not part of this repository; they are looked for beside it (or at
RELICSCAN_SHARED). Folders of unrelated scans (las_*, e57_*, pc_*) are run file
by file, all others as the scan folders they are.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNRELATED = ("las_", "e57_", "pc_")
HEAD = """<!-- Made by `make real-scans`. Edits here are overwritten. -->

# What became of real scans

Every scan below went through `relicscan run` with the default pipeline and no
relic.toml. A scan ends with a model, or with a plain reason why there is none.
Every GLB was checked with the Khronos validator: errors / warnings are over all
levels of detail of a relic.
"""


def targets(scans: Path) -> list[Path]:
    """Folders to run whole, and the single files of folders of unrelated scans."""
    from relicscan.formats.recognition import is_scan

    found: list[Path] = []
    for folder in sorted(p for p in scans.iterdir() if p.is_dir() and p.name != "hostile"):
        if folder.name.startswith(UNRELATED):
            found += sorted(f for f in folder.rglob("*") if is_scan(f))
        else:
            found.append(folder)
    return found


def rows(target: Path, scans: Path, out: Path) -> list[list[str]]:
    """Run one target; a row for each relic in it."""
    from relicscan.batch.run import run

    outcomes = run([target], out)
    result = []
    for outcome in outcomes:
        print(f"{target.relative_to(scans)}: {outcome.id}: {outcome.verdict or outcome.state}")
        manifest = json.loads((out / outcome.id / "relic.json").read_text(encoding="utf-8"))
        record = out / outcome.id / "run.json"
        validation = json.loads(record.read_text(encoding="utf-8"))["validation"]["results"]
        files = [s["path"] for s in manifest["sources"] if s["role"] == "scan"]
        name = target.relative_to(scans).as_posix()
        if target.is_dir():
            name += "/" + (files[0] if len(files) == 1 else f"{len(files)} scans")
        first = next((s["before"] for s in manifest["steps"] if s["before"]), {})
        came = f"{first.get('points', 0):,} points"
        if "triangles" in first:
            came = f"{first['triangles']:,} triangles"
        units, frame = manifest["units"], manifest["frame"]
        remarks = [text for text, _ in outcome.reasons] or list(manifest["warnings"])
        result.append(
            [
                name,
                came if first else "–",
                outcome.verdict or outcome.state,
                f"{max(outcome.triangles.values()):,}" if outcome.triangles else "–",
                (units or {}).get("unit") or "unknown",
                f"{frame['up']}: {frame['up_basis']}" if outcome.triangles else "–",
                f"{sum(r['errors'] for r in validation)} / {sum(r['warnings'] for r in validation)}"
                if validation
                else "–",
                "; ".join(remarks),
            ]
        )
    return result


def main() -> int:
    """Run all scans, write the table, fail if a scan ended without a model or a reason."""
    from docs.generate import table

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="keep the models here")
    arguments = parser.parse_args()
    scans = Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared")) / "scans"
    if not scans.is_dir():
        print(f"skipped: the real scans are not at {scans} (set RELICSCAN_SHARED)")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        out = arguments.out or Path(scratch)
        found = [
            row
            for i, target in enumerate(targets(scans))
            for row in rows(target, scans, out / f"{i:02d}-{target.stem}")
        ]
    headings = ("scan", "came as", "result", "high", "unit", "up", "validator", "remarks")
    path = ROOT / "docs" / "real-scans.md"
    path.write_text(HEAD + "\n" + table(headings, found), encoding="utf-8", newline="\n")
    bad = [row for row in found if row[2] in ("failed", "crashed", "fail")]
    print(f"{len(found)} relics, {len(bad)} without a model or a plain reason; wrote {path.name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
