"""What `relicscan inspect` foretells, held against what runs then took and made.

Relics are run one after the other; what each process took is kept beside the models, so a folder
that is given again is not run again, but inspected and compared once more.

Seconds are compared by the processor's: the clock's depend on what else the machine does. On two
cores with nothing else to do a run takes CPU_PER_SECOND of them in a second (docs/benchmarks.md:
76.0 in 55.9 s).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measured import ROOT, measured
from relicscan.batch.inspect import Inspection, inspect

CPU_PER_SECOND = 1.36
#: Real scans beside this checkout: coloured and plain, clouds and meshes, large and small.
REAL = (
    "pc_guanyin/Guanyin.ply",
    "e57_libe57format/bunnyDouble.e57",
    "pc_pcl/milk.pcd",
    "tex_whale_skull/whale_cranium.glb",
    "las_laspy/autzen_trim.laz",
    "pc_sbcv_sfm/Example.ply",
    "mesh_nefertiti/nefertiti-lowres.obj",
)
PAGE = ROOT / "docs" / "predictions.md"
HEAD = """<!-- Made by `make predictions`. Edits here are overwritten. -->

# What inspect foretells, and what came

`relicscan inspect` looks at some thousand places of a scan and says what a run with pipeline `web`
will take and make. Below each figure of it stands beside what the run then took and made.
Seconds are for two cores that do nothing else: those of the processor over {per_second}, as
[benchmarks](benchmarks.md) has them, so other work on the machine hardly counts. Memory is what
a run is given room for, so it should err on the high side. Triangles are the master's. RMS is the
distance from the scan to the finest level: in mm, or in thousandths of the diagonal where the
scale is unknown (‰). The triangles of a mesh scan are its own, and where they are no more than
that level may have nothing is lost: neither is foretold. The constants of `batch/estimate.py` and
`quality/expectation.py` were set by such runs, so a scan that is not among them may be farther off.
"""


@dataclass(frozen=True)
class Figure:
    """A figure as it was foretold, and as it came."""

    foretold: float
    came: float

    @property
    def ratio(self) -> float:
        return self.foretold / self.came


@dataclass(frozen=True)
class Compared:
    """The figures of a relic by name; those that were not foretold or did not come are left out."""

    relic: str
    figures: Mapping[str, Figure]
    in_mm: bool


def compared(
    inspection: Inspection, run: Mapping[str, Any], manifest: Mapping[str, Any], cpu_s: float | None
) -> Compared:
    """An inspection held against the run.json and relic.json of the run that followed."""
    figures = {}
    if cpu_s:
        figures["seconds"] = Figure(inspection.estimated_seconds, cpu_s / CPU_PER_SECOND)
    if run["peak_memory_bytes"]:
        figures["GB"] = Figure(
            inspection.estimated_memory_bytes / 1e9, run["peak_memory_bytes"] / 1e9
        )
    expected, in_mm = inspection.expected, False
    meshes = any(scan.kind == "mesh" for scan in inspection.scans)
    if expected is not None and manifest["master"] and not meshes:
        figures["triangles"] = Figure(expected.triangles, manifest["master"]["triangles"])
        finest = max(manifest["levels"], key=lambda level: level["triangles"], default=None)
        came = ((finest or {}).get("deviation") or {}).get("scan_to_level")
        in_mm = bool(came and came["rms_mm"] is not None and expected.rms_mm is not None)
        if came and in_mm and expected.rms_mm:
            figures["RMS"] = Figure(expected.rms_mm, came["rms_mm"])
        elif came and expected.rms_of_diagonal:
            figures["RMS"] = Figure(1e3 * expected.rms_of_diagonal, 1e3 * came["rms_of_diagonal"])
    return Compared(inspection.relic, figures, in_mm)


def summary(relics: Sequence[Compared]) -> list[list[str]]:
    """For each figure: of how many relics, the median ratio, the median error and the worst."""
    rows = []
    for name in ("seconds", "GB", "triangles", "RMS"):
        ratios = {one.relic: one.figures[name].ratio for one in relics if name in one.figures}
        if not ratios:
            continue
        errors = {relic: abs(ratio - 1) for relic, ratio in ratios.items()}
        worst = max(errors, key=lambda relic: errors[relic])
        rows.append(
            [
                name,
                str(len(ratios)),
                f"{statistics.median(ratios.values()):.2f}",
                f"{statistics.median(errors.values()):.0%}",
                f"{ratios[worst]:.2f} ({worst})",
            ]
        )
    return rows


def page(relics: Sequence[Compared]) -> str:
    """docs/predictions.md."""
    from docs.generate import table

    rows = []
    for one in relics:
        row = [one.relic]
        for name, digits in (("seconds", 3), ("GB", 3), ("triangles", 0), ("RMS", 2)):
            figure = one.figures.get(name)
            if figure is None:
                row.append("–")
                continue
            unit = "" if name != "RMS" else " mm" if one.in_mm else " ‰"
            foretold, came = (
                f"{value:.{digits}g}" if digits else f"{value:,.0f}"
                for value in (figure.foretold, figure.came)
            )
            row.append(f"{foretold} / {came}{unit} ({figure.ratio:.2f})")
        rows.append(row)
    headings = (
        "relic",
        *(f"{name}: foretold / came" for name in ("seconds", "GB", "triangles", "RMS")),
    )
    return "\n".join(
        [
            HEAD.format(per_second=CPU_PER_SECOND),
            table(
                ("figure", "relics", "median ratio", "median error", "worst ratio"), summary(relics)
            ),
            table(headings, rows),
        ]
    )


def _cost_of(given: Path, out: Path) -> float:
    """Processor seconds of running a relic, or of when it was run into `out` before."""
    kept = out / "costs.json"
    costs = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if str(given) not in costs:
        command = [sys.executable, "-m", "relicscan", "run", str(given), "-o", str(out / "models")]
        found = measured([*command, "-p", "web", "-j", "1", "--cache", "0"], out / "log")
        print(f"{given.name}: {found.wall_s:.0f} s by the clock, {found.cpu_s:.0f} CPU s")
        costs[str(given)] = found.cpu_s
        kept.write_text(json.dumps(costs, indent=2), encoding="utf-8")
    return float(costs[str(given)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what has not been run, inspect all, write the page."""
    parser = argparse.ArgumentParser(prog="python -m bench.predictions", description=__doc__)
    parser.add_argument("inputs", nargs="*", type=Path, help="scan files and folders of one relic")
    parser.add_argument("--out", type=Path, help="keep the models here, and what they took")
    parser.add_argument("--to", type=Path, default=PAGE, help="the page that is written")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        out = given.out or Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        relics = []
        for path in given.inputs or default_inputs():
            cpu_s = _cost_of(path, out)
            for inspection in inspect(path, pipeline="web"):
                folder = out / "models" / inspection.relic
                run, manifest = (
                    json.loads((folder / name).read_text(encoding="utf-8"))
                    for name in ("run.json", "relic.json")
                )
                relics.append(compared(inspection, run, manifest, cpu_s))
    given.to.write_text(page(relics), encoding="utf-8", newline="\n")
    for row in summary(relics):
        print("{}: {} relics, median ratio {}, median error {}, worst {}".format(*row))
    return 0


def default_inputs() -> list[Path]:
    """The samples, and of the real scans those that are there."""
    samples = sorted(path.parent for path in (ROOT / "samples").glob("*/relic.toml"))
    scans = Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared")) / "scans"
    return [*samples, *(scans / name for name in REAL if (scans / name).exists())]


if __name__ == "__main__":
    sys.exit(main())
