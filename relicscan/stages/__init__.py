"""One verb per file: each module here registers one stage of the same name."""

from __future__ import annotations

import importlib
import pkgutil


def load_all() -> None:
    """Import every stage module, so that its stage is registered."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
