"""The page itself: manifests and measured pictures through a template, into one file.

Jinja2 escapes all that it writes. The policy in the head (CSP) lets nothing be fetched, and
runs no script but the one of ours, by its hash.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from relicscan.errors import PipelineError
from relicscan.metadata.canonical import digest
from relicscan.metadata.manifest import LevelRecord, RelicManifest
from relicscan.metadata.run_record import RunRecord
from relicscan.quality.colormap import css, css_gradient
from relicscan.quality.gate import get_gate
from relicscan.quality.report import curator, maps, numbers, process, words
from relicscan.quality.report.measured import Measured, by_fineness, shown_levels

if TYPE_CHECKING:
    from jinja2 import Environment

#: Warnings, and placements of scans, that are seen at once; more are folded below them.
MOST_UNFOLDED = 12


def render_page(
    template: str,
    *,
    script: str = "report.js",
    styles: Sequence[str] = ("style.css",),
    **data: Any,
) -> str:
    """A page from a template of `templates/` that extends base.html, with these of its files."""
    environment = _environment()
    source = _source(script)
    hashed = b64encode(sha256(source.encode()).digest()).decode()
    style = "\n".join(_source(name) for name in styles)
    return environment.get_template(template).render(
        style=style, script=source, script_hash=hashed, **data
    )


def relic_page(manifest: RelicManifest, run: RunRecord, measured: Measured) -> str:
    """report.html of one relic."""
    unit = "mm" if manifest.scale_known else "units"
    shown = shown_levels(manifest.levels)
    finest = shown[0] if shown else None
    placements, pairs = process.graph(manifest)
    return render_page(
        "relic.html",
        manifest=manifest,
        run=run,
        measured=measured,
        unit=unit,
        unit_one=unit.removesuffix("s"),
        finest=finest,
        shown=shown,
        verdict=_verdict(manifest, run),
        titles=curator.titles(manifest),
        holder=curator.holder(manifest),
        by_fineness=by_fineness(manifest.levels),
        groups=curator.groups(manifest),
        stated_by=curator.stated_by(manifest),
        warnings=[
            *manifest.warnings,
            *(f"This report lacks {missing}" for missing in measured.missing),
        ],
        most_unfolded=MOST_UNFOLDED,
        rows=process.rows(manifest, run, unit),
        taken_away=process.taken_away(manifest),
        placements=placements,
        pairs=pairs,
        gates=[(gate, _wanted(gate.name)) for gate in manifest.gates],
        dimensions=list(zip(manifest.dimensions, manifest.metadata.object.dimension, strict=False)),
        size=None if finest is None else _size(finest, unit),
        points=_points(manifest),
        fingerprint=digest(manifest),
        ticks=_ticks(measured),
        gradient=css_gradient(),
        colors={name: css(color) for name, color in _COLORS.items()},
        removed_colors={}
        if measured.removed is None
        else {step: css(color) for step, color in measured.removed.colors.items()},
    )


_COLORS = {"seen": maps.SEEN, "filled": maps.FILLED, "open": maps.OPEN, "unknown": maps.UNKNOWN}


def _verdict(manifest: RelicManifest, run: RunRecord) -> dict[str, str]:
    """What is in run.json: the validator of a machine may stand against a relic as well."""
    kind: str = run.verdict or run.state
    if kind == "review" and manifest.master is None:
        kind = "undecided"
    name, sentence = words.VERDICTS[kind]
    tone = {"pass": "good", "review": "look", "undecided": "look"}.get(kind, "bad")
    return {"name": name, "sentence": sentence, "tone": tone}


def _wanted(gate: str) -> str:
    try:
        return get_gate(gate).description
    except PipelineError:  # a gate of another version
        return ""


def _size(level: LevelRecord, unit: str) -> dict[str, float]:
    low, high = level.bounds_m
    return dict(
        zip(("width", "height", "depth"), (1000 * (b - a) for a, b in zip(low, high, strict=True)),
            strict=True)
    )  # fmt: skip


def _points(manifest: RelicManifest) -> int:
    """Points of the scans before anything was removed; 0 of a scanned mesh."""
    return max((step.before.get("points", 0) for step in manifest.steps), default=0)


def _ticks(measured: Measured) -> list[tuple[float, str]]:
    """Places (percent) and texts of the ticks below the deviation's scale."""
    if measured.deviation is None:
        return []
    top = measured.deviation.top
    return [(25.0 * i, f"{top * i / 4:.6g}") for i in range(5)]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("relicscan.quality.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        digits=numbers.digits,
        count=numbers.count,
        size=numbers.size,
        share=numbers.share,
        seconds=numbers.seconds,
        with_unit=numbers.with_unit,
        heading=words.heading,
        figure=words.gate_figure,
        limit=words.gate_limit,
    )
    return environment


@lru_cache(maxsize=4)
def _source(name: str) -> str:
    """A file of `templates/` that is put into the page as it is."""
    loader = _environment().loader
    assert loader is not None, "templates come from the package"
    return loader.get_source(_environment(), name)[0].strip()
