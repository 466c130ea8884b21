"""report.html of one relic, which fails no relic: run.json says why where there is none."""

from __future__ import annotations

import traceback
from pathlib import Path

from relicscan.durable import write_durably
from relicscan.metadata.manifest import RelicManifest
from relicscan.metadata.page_seal import sealed
from relicscan.metadata.run_record import RunRecord
from relicscan.quality.report.measured import Measured

REPORT = "report.html"


def write_relic_report(
    folder: Path, manifest: RelicManifest, run: RunRecord, measured: Measured | None = None
) -> RunRecord:
    """Write the page into the relic's folder; returns run.json's content, with what went wrong."""
    try:
        from relicscan.quality.report.page import relic_page

        page = relic_page(manifest, run, measured or Measured())
        write_durably(folder / REPORT, [sealed(page, manifest.id)])
    except Exception as error:
        traceback.print_exc()
        return run.model_copy(update={"no_report": f"{type(error).__name__}: {error}"})
    return run
