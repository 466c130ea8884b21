"""A relic.toml to fill in, for the scans that lie in a folder."""

from __future__ import annotations

from pathlib import Path

from relicscan.metadata.template import relic_toml_template, write_relic_toml
from relicscan.scan_folder import scans_in


def new(folder: str | Path, *, language: str = "en", id: str | None = None) -> Path:
    """Write a commented relic.toml into a folder, never over one that is there; its path.

    `language` is that of the comments. Raises PipelineError for a language without comments,
    ScanError for an id that cannot be one, OutputError where the file cannot be written.
    """
    files = [scan.name for scan in scans_in(Path(folder))]
    return write_relic_toml(Path(folder), relic_toml_template(language, id=id, files=files))
