"""A short night of `bench.chaos`; `make chaos` is the long one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.chaos import Night, night


def check(came: Night) -> None:
    assert came.different == ()
    assert came.leftovers == ()
    assert came.orphans == 0
    assert came.survived
    assert came.files > came.relics
    assert came.states["done"] == came.relics - came.spoiled


@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_was_not(tmp_path: Path) -> None:
    came = night(tmp_path, relics=5, kills=4, longest_s=5.0)
    check(came)
    assert (came.kills, came.spoiled) == (4, 1)
    assert came.states["crashed"] == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes as Linux shows them")
def test_the_long_night(tmp_path: Path) -> None:
    came = night(tmp_path, relics=60, kills=50)
    check(came)
    assert set(came.states) == {"done", "crashed", "timed_out", "out_of_memory"}
