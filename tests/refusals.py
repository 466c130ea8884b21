"""Scan folders read as a batch reads them, and what is said of those that are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from relicscan.errors import ScanError
from relicscan.relic import Relic
from relicscan.scan_folder import FoundRelic, find_relics, read_relic

posix = pytest.mark.skipif(os.name == "nt", reason="such files and names are none of Windows'")


def by_id(*inputs: Path) -> dict[str, FoundRelic]:
    return {relic.id: relic for relic in find_relics(list(inputs))}


def refused(found: FoundRelic) -> str:
    """All that is said of a relic that is not read."""
    with pytest.raises(ScanError) as caught:
        read_relic(found)
    assert caught.value.remedy
    return str(caught.value)


def read_all(root: Path) -> list[Relic]:
    return [read_relic(found) for found in find_relics([root])]
