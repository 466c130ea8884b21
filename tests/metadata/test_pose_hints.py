"""Matched points and turntables: what cannot be meant is refused by line, with what would work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relicscan.errors import ScanError
from relicscan.metadata.relic_toml import read_relic_toml

Write = Callable[[str | bytes], Path]

CORNER = "[[0,0,0],[40,0,0],[0,30,0]]"
MATCH = """\
[[scan.match]]
file = "{file}"
points = {points}
onto = "{onto}"
onto_points = {onto_points}
"""
TABLE = """\
[scan.turntable]
axis_point = [0, 0, 500]
axis = {axis}
step_degrees = {step}
"""


def match(
    file: str = "b.ply", points: str = CORNER, onto: str = "a.ply", onto_points: str = CORNER
) -> str:
    return MATCH.format(file=file, points=points, onto=onto, onto_points=onto_points)


def table(axis: str = "[0, 1, 0]", step: str = "30", files: str = "") -> str:
    return TABLE.format(axis=axis, step=step) + files


def test_what_is_said_is_read(write: Write) -> None:
    scan = read_relic_toml(write(match() + table(step="-30.5"))).scan
    assert scan.match[0].points[1] == (40, 0, 0)
    assert scan.turntable is not None
    assert scan.turntable.step_degrees == -30.5
    assert scan.turntable.files is None


@pytest.mark.parametrize(
    ("text", "line", "says", "remedy"),
    [
        (match(points="[[0,0,0],[1,0,0]]"), 3, "2 points, where 3 are needed", "not on one line"),
        (match(points="[]"), 3, "0 points, where 3 are needed", "pick more"),
        (match(points="[[0,0,0],[1,1,1],[5,5,5.1]]"), 3, "on one line", "far to the side"),
        (match(onto_points="[[2,2,2],[2,2,2],[2,2,2]]"), 5, "in one place", "to the side"),
        (match(points="[[0,0,0],[1e20,0,0],[0,1e20,0]]"), 3, "1e+20 apart", "check the numbers"),
        (match(points="[[0,0],[1,0],[0,1]]"), 3, "too few numbers", ""),
        (match(onto="b.ply"), 4, "'b.ply' is matched with itself", "another scan"),
        (
            match(points="[[0,0,0],[40,0,0],[0,30,0],[9,9,9]]"),
            5,
            "4 points of 'b.ply', but 3 of 'a.ply'",
            "in the same order",
        ),
        (
            match() + match(file="a.ply", onto="b.ply"),
            7,
            "'a.ply' and 'b.ply' are matched twice",
            "into one",
        ),
        (
            '[scan]\nfiles = ["a.ply", "bb.ply"]\n' + match(),
            4,
            "'b.ply' has a match but is not among [scan] files",
            "did you mean 'bb.ply'",
        ),
        (table(step="0"), 4, "a step of 0 degrees", "more than 0"),
        (table(step="360"), 4, "a step of 360 degrees", "less than 360"),
        (table(axis="[0, 0, 0]"), 3, "length 0", ""),
        (table(files='files = ["a.ply", "a.ply"]'), 5, "'a.ply' stands twice", "once"),
        (table(files="files = []"), 5, "the list is empty", "leave the key out"),
        (
            '[scan]\nfiles = ["a.ply"]\n' + table(files='files = ["a.ply", "b.ply"]'),
            7,
            "'b.ply' is on the turntable but is not among [scan] files",
            "the files are a.ply",
        ),
    ],
)
def test_what_cannot_be_meant(write: Write, text: str, line: int, says: str, remedy: str) -> None:
    with pytest.raises(ScanError) as caught:
        read_relic_toml(write(text))
    assert f"line {line}: " in caught.value.message
    assert says in caught.value.message
    assert remedy in str(caught.value)


def test_points_need_not_be_far_off_a_line(write: Write) -> None:
    points = "[[0,0,0],[100,0,0],[50,0,2.1]]"
    assert read_relic_toml(write(match(points=points))).scan.match
