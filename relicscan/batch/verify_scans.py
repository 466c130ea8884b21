"""The scans held against the sources that each relic.json lists: have the masters rotted?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from relicscan.batch.held_against import Difference, HeldAgainst
from relicscan.formats.references import is_inside
from relicscan.metadata.manifest import RelicManifest
from relicscan.scan_folder import FoundRelic

_RESTORE = "restore it from a copy; if it was changed on purpose, run the relic again"
_ELSEWHERE = "name with --scans also the folder that holds them, as it was given to the run"


def hold_scans(
    manifests: Mapping[str, RelicManifest],
    found: Mapping[str, FoundRelic],
    roots: Sequence[Path],
    held: HeldAgainst,
    differences: list[Difference],
) -> None:
    """Add what is wrong with the sources of the manifests; all is there when `held` is left.

    Scans that no manifest lists are work that is still to be done, and no difference.
    """
    # What a scan refers to lies beside it, also where the scan alone was given.
    given = [root if root.is_dir() else root.parent for root in roots]
    total = sum(s.bytes for manifest in manifests.values() for s in manifest.sources)
    held.count(total=total)
    for relic_id, manifest in manifests.items():
        relic = found.get(relic_id)
        if relic is None:
            if manifest.sources:
                told = Difference(relic_id, relic_id, "its scans were not found", _ELSEWHERE)
                differences.append(told)
            continue
        for source in manifest.sources:
            path = _as_named(relic.folder, source.path)

            def say(problem: str, relic_id: str = relic_id, path: Path = path) -> None:
                differences.append(Difference(relic_id, str(path), problem, _RESTORE))

            if not any(is_inside(path, root) for root in given):
                say("it is a link that leads out of the folders that were given")
            else:
                held.file(Path(os.path.realpath(path)), source.bytes, source.sha256, say)


def _as_named(folder: Path, recorded: str) -> Path:
    r"""The file that was recorded under that path.

    Bytes that are no UTF-8 are recorded as `\udcff`, which an ordinary name may also hold.
    """
    path = folder / recorded
    if os.path.lexists(path):
        return path
    as_bytes = re.sub(r"\\u(dc[89a-f][0-9a-f])", lambda m: chr(int(m[1], 16)), recorded)
    return folder / as_bytes
