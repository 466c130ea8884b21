"""Every hostile file of the collection ends as its INDEX.tsv expects, within 60 s and 4 GB."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.formats.test_real_scans import LOADS, NOTHING, expected, rows

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(os.name == "nt", reason="its limits are those of POSIX"),
]

SECONDS, BYTES = 60, 4 << 30

#: Reads the files named on its standard input. A file that takes too long ends it by SIGALRM, one
#: that takes too much by a MemoryError or a crash: then there are fewer lines than files.
READER = """
import json, resource, signal, sys, time
from pathlib import Path

seconds, most = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
from relicscan import formats
from relicscan.errors import ScanError

for name in sys.stdin.read().split("\\0"):
    signal.alarm(seconds)
    began = time.perf_counter()
    try:
        outcome = {"scans": len(formats.read(Path(name)))}
    except ScanError as error:
        outcome = {"message": error.message, "remedy": error.remedy, "scan": error.scan}
    outcome["seconds"] = time.perf_counter() - began
    print(json.dumps(outcome), flush=True)
"""


def test_hostile_files_end_as_expected_within_limits(shared: Path) -> None:
    hostile = [row for row in rows() if row["path"].startswith("hostile/")]
    assert len(hostile) > 80
    paths = [shared / "scans" / row["path"] for row in hostile]
    done = subprocess.run(
        [sys.executable, "-c", READER, str(SECONDS), str(BYTES)],
        input="\0".join(map(str, paths)),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{paths[len(outcomes)]}: {done.stderr[-2000:]}"
    for row, path, outcome in zip(hostile, paths, outcomes, strict=True):
        wanted = expected(row)
        if wanted == LOADS:
            assert outcome.get("scans"), f"{path}: {outcome}"
            continue
        assert "message" in outcome, f"{path} was read, and {wanted}"
        assert outcome["scan"] == path.name
        assert outcome["remedy"]
        if wanted == NOTHING:
            assert "no geometry" in outcome["message"] or "empty" in outcome["message"]
