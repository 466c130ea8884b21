"""relicscan: raw museum scans to web-ready relic models that can be trusted.

What the commands do is here under the same names, for scripts and notebooks:

    import relicscan

    for inspection in relicscan.inspect("scans/"):
        print(inspection.relic, *inspection.doubts, sep="\\n  ")

    outcomes = relicscan.run(
        "scans/", "out", pipeline="web", overrides={"build_levels.ceilings.ultra": 500_000}
    )
    failed = [outcome.id for outcome in outcomes if not outcome.ok]

    cloud = relicscan.read_scan("scans/vase/front.ply")[0].geometry

`run`, `watch`, `inspect`, `check`, `compare`, `validate`, `verify`, `sign`, `export`, `schema`,
`new` and `doctor` are the commands; `import` is a word of Python's, so it is `import_catalogue`;
`relicscan.stage` and `relicscan.stages` are the modules of the stages, so the commands of these
names are `run_stage_on` and `all_stages`, and `verify --rebuild` is `rebuild`. Everything raises
`RelicscanError` and prints nothing. Nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relicscan.batch.check import check
    from relicscan.batch.compare import compare
    from relicscan.batch.examine import examine as doctor
    from relicscan.batch.export import export
    from relicscan.batch.import_catalogue import import_catalogue
    from relicscan.batch.inspect import inspect
    from relicscan.batch.new import new
    from relicscan.batch.rebuild import rebuild
    from relicscan.batch.run import run
    from relicscan.batch.schema import schema
    from relicscan.batch.sign import new_key, sign
    from relicscan.batch.single import run_stage_on
    from relicscan.batch.verify import verify
    from relicscan.batch.watch import watch
    from relicscan.delivery.validation import validate
    from relicscan.errors import RelicscanError
    from relicscan.pipeline import read_pipeline, run_pipeline
    from relicscan.relic import Mesh, PointCloud, Relic, Scan
    from relicscan.scan_folder import find_relics, read_relic, read_scan
    from relicscan.stage import all_stages

__version__ = "0.1.0"

__all__ = [
    "Mesh",
    "PointCloud",
    "Relic",
    "RelicscanError",
    "Scan",
    "all_stages",
    "check",
    "compare",
    "doctor",
    "export",
    "find_relics",
    "import_catalogue",
    "inspect",
    "new",
    "new_key",
    "read_pipeline",
    "read_relic",
    "read_scan",
    "rebuild",
    "run",
    "run_pipeline",
    "run_stage_on",
    "schema",
    "sign",
    "validate",
    "verify",
    "watch",
]

#: Where each name lives, and what it is called there if not the same.
_HOMES = {
    "Mesh": "relic",
    "PointCloud": "relic",
    "Relic": "relic",
    "RelicscanError": "errors",
    "Scan": "relic",
    "all_stages": "stage",
    "check": "batch.check",
    "compare": "batch.compare",
    "doctor": "batch.examine:examine",
    "export": "batch.export",
    "find_relics": "scan_folder",
    "import_catalogue": "batch.import_catalogue",
    "inspect": "batch.inspect",
    "new": "batch.new",
    "new_key": "batch.sign",
    "read_pipeline": "pipeline",
    "read_relic": "scan_folder",
    "read_scan": "scan_folder",
    "rebuild": "batch.rebuild",
    "run": "batch.run",
    "run_pipeline": "pipeline",
    "run_stage_on": "batch.single",
    "schema": "batch.schema",
    "sign": "batch.sign",
    "validate": "delivery.validation",
    "verify": "batch.verify",
    "watch": "batch.watch",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for, once (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'relicscan' has no attribute '{name}'")
    module, _, called = _HOMES[name].partition(":")
    value = globals()[name] = getattr(import_module(f"relicscan.{module}"), called or name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
