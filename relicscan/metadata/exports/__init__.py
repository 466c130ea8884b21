"""The formats in which metadata leaves: one module each, found here by name."""

from __future__ import annotations

from importlib import import_module

from relicscan.errors import PipelineError
from relicscan.metadata.exports.exported import Exporter
from relicscan.stage import did_you_mean

#: Formats by the name that users give, and the module of each, in the order of the docs.
_MODULES = {
    "iiif": "iiif",
    "svx": "svx",
    "schema-org": "schema_org",
    "edm": "edm",
    "lido": "lido",
    "ro-crate": "ro_crate",
    "bagit": "bag",
    "packrat": "packrat",
    "csv": "table",
}

FORMATS = tuple(_MODULES)


def exporter(name: str) -> Exporter:
    """The exporter of a format. Raises PipelineError naming those there are."""
    if name not in _MODULES:
        raise PipelineError(
            f"there is no format {name[:60]!r}",
            remedy=did_you_mean(name, list(FORMATS), "the formats are"),
        )
    module = import_module(f"{__name__}.{_MODULES[name]}")
    return Exporter(module.NAME, module.TITLE, module.CARRIES, module.write)
