"""The benchmark's figures as the page docs/benchmarks.md has them."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bench.measured import Measured
from docs.generate import table

HEAD = """<!-- Made by `python -m bench --write`. Edits here are overwritten. -->

# Benchmarks

`make bench` scans subjects whose surface is known with the virtual scanner (480 mm tall,
coloured points, 0.05 mm of noise along the ray, 1 % outliers; nobody sees the underside),
then runs three chains on the same PLY file, one after the other, each in a process of its
own, down to 100,000 triangles:

- **ours**: the stages of `pipelines/web.toml` that make the surface and its colours, then one
  level, without pictures;
- **open3d**: its tutorials' chain: voxels of 0.47 mm, statistical outliers (20, 2.0),
  normals (30 neighbours), tangent-plane orientation (15), Poisson depth 10, 2 % of the
  lowest densities cut, quadric decimation;
- **pymeshlab**: clustering at 0.47 mm, outliers, normals (30 neighbours: its default of 10
  turns most of them inwards), screened Poisson depth 9, edges over 3 mm cut, quadric edge
  collapse.

Seconds are from before the file is read to the mesh in memory, libraries imported before,
our compiled loops not: loading them counts. A run of ours on each subject that compiles what
is not compiled yet is done before and not counted. CPU s are seconds of processors; memory
is the most that the process held.

Errors are in millimetres. *To*: from points of the true surface that the scanner saw to
the mesh. *Back*: from points spread over the mesh to the true surface; openings that a chain
closed without having seen them show here.
"""


@dataclass(frozen=True)
class Row:
    """A chain on a scan: what its process took, and, where it ended well, its figures."""

    subject: str
    points: int
    chain: str
    took: Measured
    seconds: float = 0.0
    cpu_s: float = 0.0
    steps: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    version: str = ""
    errors: Mapping[str, float] = field(default_factory=dict)

    def with_figures(self, **figures: Any) -> Row:
        """The row with those of its fields replaced."""
        return replace(self, **figures)


def preface(rows: Sequence[Row], load: float, command: str) -> str:
    """On what it was measured, with which versions, and the command."""
    versions = ", ".join(dict.fromkeys(row.version for row in rows if row.version))
    busy = f"; other work kept {load:.1f} of them busy as it began" if load > 0.5 else ""
    return (
        f"Made by `{command}` on {os.cpu_count()} cores ({platform.machine()}{busy}), "
        f"Python {platform.python_version()}, {versions}.\n"
    )


def comparison(rows: Sequence[Row], titles: Mapping[str, Mapping[str, Any]]) -> str:
    """A table and its ratios for each subject and number of points, and where time went."""
    parts = []
    for subject, points in dict.fromkeys((row.subject, row.points) for row in rows):
        chosen = [row for row in rows if (row.subject, row.points) == (subject, points)]
        said = titles[subject]
        share = said[str(points)]["seen"]
        parts += [
            f"## {subject}, {points:,} points\n",
            f"{said['title']}; {share:.1%} of its surface was seen.\n",
            _figures(chosen),
            _ratios(chosen),
            _steps(chosen),
        ]
    return "\n".join(part for part in [*parts, _growth(rows)] if part)


def _figures(rows: Sequence[Row]) -> str:
    heads = ("", "seconds", "CPU s", "whole process", "CPU s", "memory", "triangles")
    lines = []
    for row in rows:
        if row.took.ending:
            lines.append([row.chain, _why_not(row.took), *[""] * 11])
            continue
        e = row.errors
        lines.append(
            [
                row.chain,
                f"{row.seconds:.1f}",
                f"{row.cpu_s:.1f}",
                f"{row.took.wall_s:.1f}",
                f"{row.took.cpu_s:.1f}",
                f"{row.took.peak_bytes / 1e9:.2f} GB",
                f"{e['triangles']:,}",
                *(f"{e[f'to_{k}']:.4f}" for k in ("rms", "p95")),
                f"{e['to_max']:.2f}",
                *(f"{e[f'back_{k}']:.4f}" for k in ("rms", "p95")),
                f"{e['back_max']:.2f}",
            ]
        )
    return table((*heads, "to: RMS", "p95", "max", "back: RMS", "p95", "max"), lines)


def _why_not(took: Measured) -> str:
    if "No module named" in took.last_line:
        return "not installed"
    return f"{took.ending} after {took.wall_s:.0f} s"


def _ratios(rows: Sequence[Row]) -> str:
    """How many times as long each peer takes, and our errors as shares of its own."""
    ended = {row.chain: row for row in rows if not row.took.ending}
    ours = ended.pop("ours", None)
    if ours is None or not ended:
        return ""
    lines = []
    for chain, peer in ended.items():
        shares = (ours.errors[k] / peer.errors[k] for k in ("to_rms", "to_p95"))
        back = (ours.errors[k] / peer.errors[k] for k in ("back_rms", "back_p95"))
        lines.append(
            [
                chain,
                f"{peer.seconds / ours.seconds:.1f}",
                f"{peer.cpu_s / ours.cpu_s:.1f}",
                *(f"{share:.2f}" for share in (*shares, *back)),
            ]
        )
    heads = ("ours against", "times faster", "times less CPU", "RMS to", "p95 to")
    return table((*heads, "RMS back", "p95 back"), lines)


def _steps(rows: Sequence[Row]) -> str:
    """Where each chain's seconds went, in the order of its steps."""
    lines = []
    for row in rows:
        told = [f"{n} {s:.1f} ({c:.1f})" for n, (s, c) in row.steps.items() if max(s, c) >= 0.05]
        lines += [f"- {row.chain}: {', '.join(told)}"] if told else []
    return "Seconds (CPU s) of each step:\n\n" + "\n".join(lines) + "\n" if lines else ""


def _growth(rows: Sequence[Row]) -> str:
    """Our time per point on the largest scan against that on the smallest."""
    lines = []
    for subject in dict.fromkeys(row.subject for row in rows):
        mine = [r for r in rows if (r.subject, r.chain) == (subject, "ours") and not r.took.ending]
        if len(mine) < 2:
            continue
        few, many = min(mine, key=lambda r: r.points), max(mine, key=lambda r: r.points)
        wall = (many.seconds / many.points) / (few.seconds / few.points)
        cpu = (many.cpu_s / many.points) / (few.cpu_s / few.points)
        lines.append(
            f"{subject}, from {few.points:,} to {many.points:,} points: the time per point "
            f"is {wall:.2f} times as long (CPU {cpu:.2f})."
        )
    return "## Time per point\n\n" + "\n".join(lines) + "\n" if lines else ""
