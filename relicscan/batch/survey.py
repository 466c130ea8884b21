"""How much work is waiting: headers of scans, read in a process that may crash or hang on one.

The parent of a batch parses no scan. What this process cannot tell of a relic is guessed
from the size of its files.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from relicscan.batch.estimate import Estimate, Size, estimate
from relicscan.batch.job import effective_pipeline
from relicscan.errors import RelicscanError
from relicscan.metadata.filling import Filled
from relicscan.pipeline import Pipeline, read_pipeline
from relicscan.processes import ending_with_us, terminate
from relicscan.scan_folder import FoundRelic

#: Headers are read in milliseconds; a share may take its time to wake up.
PATIENCE_S = 30.0


def survey(
    relics: Sequence[FoundRelic], pipeline: str | None, overrides: Mapping[str, Any]
) -> dict[str, Estimate]:
    """What each relic will take, by its id. A relic that breaks the survey costs itself only."""
    left = {relic.id: relic for relic in relics}
    found: dict[str, Estimate] = {}
    while left:
        told = _ask(list(left.values()), pipeline, overrides)
        found |= told
        for relic_id in told:
            del left[relic_id]
        if left:
            # The first one that was not told of is the one that it broke on.
            broken = left.pop(next(iter(left)))
            found[broken.id] = _guess(broken, pipeline)
    return found


def _guess(relic: FoundRelic, pipeline: str | None) -> Estimate:
    size = Size()
    for path in relic.files:
        with suppress(OSError):
            size += Size.guessed(path.stat().st_size)
    return estimate(size, read_pipeline(pipeline or "web"))


def _ask(
    relics: Sequence[FoundRelic], pipeline: str | None, overrides: Mapping[str, Any]
) -> dict[str, Estimate]:
    """What a fresh process tells of as many of the relics, in their order, as it comes to."""
    question = {
        "pipeline": pipeline,
        "overrides": dict(overrides),
        "relics": [
            [r.id, [str(f) for f in r.files], r.toml and str(r.toml), r.filled] for r in relics
        ],
    }
    process = subprocess.Popen(
        ending_with_us([sys.executable, "-P", "-m", "relicscan.batch.survey"]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def converse() -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError), process.stdin as stream:
            stream.write(json.dumps(question).encode())
        with process.stdout as stream:
            for line in stream:
                lines.put(line)
        lines.put(b"")

    threading.Thread(target=converse, daemon=True).start()
    told: dict[str, Estimate] = {}
    try:
        while len(told) < len(relics) and (line := lines.get(timeout=PATIENCE_S)):
            relic_id, seconds, memory = json.loads(line)
            told[relic_id] = Estimate(seconds, memory)
    except (queue.Empty, ValueError):
        pass
    finally:
        terminate(process)
    return told


def main() -> int:
    """Answer the question on standard input, a line for each relic."""
    question = json.load(sys.stdin)
    for relic_id, files, toml, filled in question["relics"]:
        found = FoundRelic(
            relic_id,
            Path(),
            tuple(Path(file) for file in files),
            toml and Path(toml),
            filled=tuple(Filled(*source) for source in filled),
        )
        cost = _estimated(found, question["pipeline"], question["overrides"])
        sys.stdout.write(json.dumps([relic_id, cost.seconds, cost.memory_bytes]) + "\n")
        sys.stdout.flush()
    return 0


def _estimated(found: FoundRelic, pipeline: str | None, overrides: Mapping[str, Any]) -> Estimate:
    from relicscan import formats

    size = Size()
    for path in found.files:
        try:
            size += Size.peeked(formats.peek(path), path.stat().st_size)
        except (RelicscanError, OSError):
            continue  # reading it will tell what is wrong, at once
    if _placed(found):
        size = replace(size, apart=0)
    return estimate(size, _pipeline(found, pipeline, overrides))


def _placed(found: FoundRelic) -> bool:
    """Whether something beside the scans says where they lie."""
    try:
        stated = found.stated()[0].get("scan", {})
    except RelicscanError:
        return False
    posed = len(stated.get("pose", ())) >= len(found.files)
    beside = any(any(folder.glob("*.conf")) for folder in {path.parent for path in found.files})
    return stated.get("frame") == "common" or posed or beside


def _pipeline(found: FoundRelic, pipeline: str | None, overrides: Mapping[str, Any]) -> Pipeline:
    try:
        return effective_pipeline(found.stated()[0], pipeline, overrides)
    except RelicscanError:
        return read_pipeline(pipeline or "web")


if __name__ == "__main__":
    sys.exit(main())
