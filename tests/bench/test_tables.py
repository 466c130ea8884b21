"""Ratios are the right way round, and a peer that crashed costs its own row only."""

from __future__ import annotations

from bench.__main__ import command_shown
from bench.measured import Measured
from bench.tables import Row, comparison, preface

TITLES = {"vase": {"title": "a vase", "1000": {"seen": 0.9}, "5000": {"seen": 0.9}}}


def row(chain: str, seconds: float, rms: float, points: int = 1000) -> Row:
    ways = ("to_rms", "to_p95", "to_max", "back_rms", "back_p95", "back_max")
    errors = {"triangles": 100_000, **dict.fromkeys(ways, rms)}
    took = Measured(seconds + 1, 2 * seconds, 10**9, "", "")
    return Row(
        "vase",
        points,
        chain,
        took,
        seconds,
        seconds,
        {"read": (seconds, seconds)},
        f"{chain} 1",
        errors,
    )


def test_ratios_say_how_many_times_faster_and_what_share_of_the_error() -> None:
    text = comparison([row("ours", 10, 0.05), row("open3d", 150, 0.1)], TITLES)
    assert "| open3d | 15.0 | 15.0 | 0.50 | 0.50 | 0.50 | 0.50 |" in text
    assert "| ours | 10.0 | 10.0 | 11.0 | 20.0 | 1.00 GB | 100,000 | 0.0500 |" in text
    assert "a vase; 90.0% of its surface was seen." in text


def test_a_crash_stands_in_the_table_and_has_no_ratio() -> None:
    took = Measured(61.0, 5.0, 1, "crashed (SIGSEGV)", "")
    text = comparison([row("ours", 10, 0.05), Row("vase", 1000, "open3d", took)], TITLES)
    assert "| open3d | crashed (SIGSEGV) after 61 s |" in text
    assert "times faster" not in text


def test_a_missing_peer_is_not_called_a_crash() -> None:
    took = Measured(1.0, 1.0, 1, "failed (exit code 1)", "No module named 'pymeshlab'")
    assert "| pymeshlab | not installed |" in comparison(
        [row("ours", 10, 0.05), Row("vase", 1000, "pymeshlab", took)], TITLES
    )


def test_time_per_point_is_told_where_there_are_two_sizes() -> None:
    text = comparison([row("ours", 10, 0.05), row("ours", 60, 0.05, 5000)], TITLES)
    assert "from 1,000 to 5,000 points: the time per point is 1.20 times as long" in text
    assert "Time per point" not in comparison([row("ours", 10, 0.05)], TITLES)


def test_the_preface_says_so_when_the_machine_was_busy() -> None:
    rows = [row("ours", 10, 0.05)]
    assert "busy" in preface(rows, 1.7, "make bench")
    assert "busy" not in preface(rows, 0.1, "make bench")


def test_the_command_on_the_page_leaves_out_where_files_lay() -> None:
    given = ["--points", "1000", "--keep", "build/bench", "--write"]
    assert command_shown(given) == "python -m bench --points 1000 --write"
    assert command_shown([]) == "python -m bench"
