"""Damaged files are read or refused: a few thousand of them here, and the fuzzer itself at work.

`tools/fuzz.py --seconds 600` looks further; what it found is in the tests of its format.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="its limits are those of POSIX")

TOOLS = Path(__file__).resolve().parents[2] / "tools"
#: Of each format; always the same ones, for the seed is fixed and the collection left out.
CASES = 100


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    arguments = ["--cases", str(CASES), "--seed", "7"]
    done = subprocess.run(
        [sys.executable, str(TOOLS / "fuzz.py"), *arguments],
        env={**os.environ, "RELICSCAN_SHARED": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1] == "0 findings"
    counted = [line.split() for line in lines if " cases" in line and " read" in line]
    assert {words[1] for words in counted} == {str(CASES)}
    # Damage that is always refused, or never, would not find much. The checks refuse nothing.
    read = {words[0]: int(words[3]) for words in counted}
    assert read.pop("check") == CASES
    assert all(0 < count < CASES for count in read.values()), done.stdout


#: Python imports this before anything else in the fuzzer's children; the third case goes wrong.
SPOILED = """
import os, sys, time
if "--child" in sys.argv:
    import fuzz_seeds
    reader_of = fuzz_seeds.reader_of
    number = 0
    def spoiled(kind):
        def read(path):
            global number
            number += 1
            if number == 3:
                {what}
        return read
    fuzz_seeds.reader_of = spoiled
"""


@pytest.fixture
def fuzz(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    import fuzz

    monkeypatch.setattr(fuzz, "SECONDS_PER_CASE", 2)
    return fuzz


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("raise KeyError('ours')", "KeyError('ours') in "),
        ("os.abort()", "ended with -6"),
        ("time.sleep(60)", "not done within 2 s"),
        ("bytearray(2 << 30)", "MemoryError"),
        ("from relicscan.errors import ScanError; raise ScanError('no remedy')", "without words"),
    ],
)
def test_the_fuzzer_finds_what_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fuzz: ModuleType, what: str, says: str
) -> None:
    code, work = tmp_path / "code", tmp_path / "work"
    code.mkdir()
    work.mkdir()
    (code / "sitecustomize.py").write_text(SPOILED.format(what=what))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(code), str(TOOLS)]))
    monkeypatch.setenv("RELICSCAN_SHARED", str(tmp_path))
    last, read, problem = fuzz.watch("off", 1, 10, 5, work)
    assert (last, read) == (12, 2)
    assert says in problem
    assert len(list(work.iterdir())) == 1  # the file of that case, to be kept
    # A batch goes on behind it; the next child's third case is the last but none.
    monkeypatch.setattr(fuzz, "KEPT", tmp_path / "kept")
    if "sleep" not in what:
        assert fuzz.run_batch("off", 1, 10, 5, work) == (4, 1)
        assert [path.name for path in (tmp_path / "kept").iterdir()] == ["off-1-12"]


def test_a_case_can_be_made_again(tmp_path: Path, fuzz: ModuleType) -> None:
    import random

    seeds = fuzz.seeds_of("off")
    made = [
        fuzz.write_case(tmp_path, "off", seeds, random.Random(f"7 off {number}")).read_bytes()
        for number in (1, 2, 1)
    ]
    assert made[0] == made[2] != made[1]
