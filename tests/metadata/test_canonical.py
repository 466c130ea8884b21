"""Canonical JSON: one content, one text; and files that are whole or not there."""

from __future__ import annotations

import errno
import json
import os
import random
import stat
from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import OutputError
from relicscan.metadata import canonical
from relicscan.metadata.canonical import canonical_json, digest, read_json, write_json_atomically
from relicscan.metadata.fields import Record


class Vase(Record):
    schema_version: str
    height_mm: float
    marks: tuple[str, ...]


VASE = Vase(schema_version="1.0.0", height_mm=12.5, marks=("鼎", "a"))


def test_the_exact_bytes() -> None:
    data = {"b": [1, 2.0, True, None], "a": {"鼎": 'q"\\\n\x1b\u202e'}, "B": (), "ä": {}}
    assert canonical_json(data) == (
        b'{\n  "B": [],\n  "a": {\n    "\xe9\xbc\x8e": "q\\"\\\\\\n\\u001b\xe2\x80\xae"\n  },\n'
        b'  "b": [\n    1,\n    2.0,\n    true,\n    null\n  ],\n  "\xc3\xa4": {}\n}\n'
    )


def test_the_order_of_keys_does_not_matter() -> None:
    items = [(chr(c), c) for c in range(0x20, 0x2FF)] + [("😀", 1), ("\uffff", 2)]
    shuffled = items[:]
    random.Random(7).shuffle(shuffled)
    assert canonical_json(dict(items)) == canonical_json(dict(shuffled))
    assert digest(dict(items)) == digest(dict(shuffled))


def test_floats_read_back_to_the_same_double() -> None:
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 1e16, 2.0**53 + 2, 1e22, 123456.789]
    assert json.loads(canonical_json(values)) == values
    assert canonical_json(1e22) == b"1e+22\n"


def test_zero_has_no_sign() -> None:
    expected = canonical_json([0.0, [0.0, {"a": 0.0}]])
    assert canonical_json([-0.0, [-0.0, {"a": -0.0}]]) == expected
    assert b"-" not in canonical_json(np.array([[-0.0, 0.0]]))


def test_numpy_is_plain() -> None:
    data = {"a": np.float64(0.5), "b": np.int32(3), "c": np.eye(2), "d": np.bool_(True)}
    assert json.loads(canonical_json(data)) == {"a": 0.5, "b": 3, "c": [[1, 0], [0, 1]], "d": True}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"a": [1, {"b": float("nan")}]}, r"a\[1\]\.b is nan"),
        (float("inf"), "the value is inf"),
        (np.array([1.0, -np.inf]), r"\[1\] is -inf"),
        ({1: 2}, "key 1"),
        ({"a": {1, 2}}, "a is a set"),
        ({"a": b"x"}, "a is a bytes"),
        ({"a": Path("x")}, "Path, which"),
        ({"a": "\udcff"}, "not Unicode"),
        ({"\udcff": 1}, "not Unicode"),
        (1j, "complex"),
    ],
)
def test_what_json_cannot_hold(bad: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        canonical_json(bad)


def test_written_whole_with_its_checksum(tmp_path: Path) -> None:
    path = tmp_path / "relic.json"
    assert write_json_atomically(path, VASE) == digest(VASE)
    assert path.read_bytes() == canonical_json(VASE)
    assert [p.name for p in tmp_path.iterdir()] == ["relic.json"]
    assert read_json(path, Vase) == VASE


def test_readable_by_a_web_server(tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("permissions of other systems")
    old = os.umask(0o022)
    try:
        write_json_atomically(tmp_path / "relic.json", VASE)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "relic.json").stat().st_mode) == 0o644


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "relic.json"
    write_json_atomically(path, {"old": True})

    def fail(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError) as caught:
        write_json_atomically(path, VASE)
    assert caught.value.remedy
    assert json.loads(path.read_bytes()) == {"old": True}
    assert [p.name for p in tmp_path.iterdir()] == ["relic.json"]


def test_the_folder_is_flushed_and_may_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "posix":
        pytest.skip("no handles for folders")
    flushed = []
    real = os.fsync

    def spy(handle: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        flushed.append(is_folder)
        if is_folder:
            raise OSError(errno.EINVAL, "not on this file system")
        real(handle)

    monkeypatch.setattr(os, "fsync", spy)
    write_json_atomically(tmp_path / "relic.json", VASE)
    assert flushed == [False, True]
    assert read_json(tmp_path / "relic.json", Vase) == VASE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not what relicscan writes"),
        (b"{", "not what relicscan writes"),
        (b"[" * 200_000, "not what relicscan writes"),
        (b"\xff\xfe", "not what relicscan writes"),
        (b'{"schema_version": "1.0.0", "height_mm": NaN, "marks": []}', "height_mm"),
        (b'{"schema_version": "1.0.0", "height_mm": "1", "marks": []}', "height_mm"),
        (b'{"schema_version": "1.0.0", "height_mm": 1, "marks": [3]}', "marks.0"),
        (b'{"schema_version": "1.0.0", "height_mm": 1, "marks": [], "x": 1}', "x: Extra"),
        (b'{"schema_version": "1.0.0", "height_mm": 1}', "marks: Field required"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "relic.json"
    path.write_bytes(content)
    with pytest.raises(OutputError, match=says) as caught:
        read_json(path, Vase)
    assert caught.value.scan == str(path)
    assert caught.value.remedy


def test_missing_and_huge_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="cannot be read"):
        read_json(tmp_path / "relic.json", Vase)
    monkeypatch.setattr(canonical, "MAX_BYTES", 10)
    write_json_atomically(tmp_path / "relic.json", VASE)
    with pytest.raises(OutputError, match="larger than 10"):
        read_json(tmp_path / "relic.json", Vase)
