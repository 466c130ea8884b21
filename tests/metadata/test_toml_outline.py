"""The outline knows the lines of keys, and reads hostile texts in one pass."""

from __future__ import annotations

import pytest

from relicscan.metadata.toml_outline import MAX_DEPTH, outline

TEXT = '''\
# [not a table]
id = "a"   # id = 2
[object]
title.en = """
fake = 1
[fake]
"""
"title"."zh-Hans" = 'x = 1'
note = [ # comment with ] and "
  [1, 2],
  { fake = 3 },
]
after = 1

[[scan.pose]]
file = "[[scan.pose]]"
[[scan.pose]]
file = """a \\""" = b"""
[scan.pose.more]
key = 1
[["hot spot"]]
"quoted \\u0041" = 1
[ spaced . table ]
x . y = 1
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("id",), 2),
        (("object",), 3),
        (("object", "title"), 4),
        (("object", "title", "en"), 4),
        (("object", "title", "zh-Hans"), 8),
        (("object", "note"), 9),
        (("object", "note", 1, 0), 9),
        (("object", "after"), 13),
        (("scan", "pose", 0), 15),
        (("scan", "pose", 0, "file"), 16),
        (("scan", "pose", 1, "file"), 18),
        (("scan", "pose", 1, "missing"), 17),
        (("scan", "pose", 1, "more", "key"), 20),
        (("hot spot", 0, "quoted A"), 22),
        (("spaced", "table", "x", "y"), 24),
        (("nowhere",), 1),
    ],
)
def test_lines(path: tuple[str | int, ...], line: int) -> None:
    assert outline(TEXT).line_of(path) == line


def test_what_is_inside_texts_and_arrays_is_no_key() -> None:
    assert not [path for path in outline(TEXT).lines if "fake" in path]


def test_windows_line_ends_count_once() -> None:
    assert outline(TEXT.replace("\n", "\r\n")).lines == outline(TEXT).lines


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 400_000,
        "a = " + "{a = " * 100_000,
        "x = 1\n" + "a." * 400_000 + "a = 1",
        "x = 1\n[" + "a ." * 300_000 + "a]",
        "x = 1\ny = {" + "'a'." * 200_000 + "a = 1}",
    ],
    ids=["brackets", "braces", "key", "header", "inline key"],
)
def test_nesting_is_found(text: str) -> None:
    assert outline(text).too_deep == (2 if text.startswith("x") else 1)


@pytest.mark.parametrize(
    "text",
    ['"' + '\\"' * 400_000, '"""' * 300_001, "'" * 900_001, '"\\' * 400_000, "]" * 900_000,
     "=\n" * 400_000, '""' * 450_000, "\\" * 900_000, "a" * 900_000, "'''''" * 180_000]
)  # fmt: skip
def test_broken_texts_take_one_pass(text: str) -> None:
    # A pattern that came back to what it has read would need hours for these.
    assert outline(text).too_deep is None


def test_decimal_points_are_not_nesting() -> None:
    text = "a = [" + "1.5, " * 1000 + "]\nb = '" + "x." * 1000 + "'\nc.d.e = 1.0"
    assert outline(text).too_deep is None
    deep = ".".join(["k"] * MAX_DEPTH)
    assert outline(f"{deep} = 1").too_deep is None
