"""Files are whole or not there."""

from __future__ import annotations

import hashlib
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from relicscan.durable import write_durably
from relicscan.errors import OutputError


def test_returns_the_hash_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "model.glb"
    path.write_bytes(b"old")
    assert write_durably(path, [b"new ", b"bytes"]) == hashlib.sha256(b"new bytes").hexdigest()
    assert path.read_bytes() == b"new bytes"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file size limit to set")
def test_no_room_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    import resource

    path = tmp_path / "model.glb"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OutputError, match="no room") as caught:
            write_durably(path, [b"x" * 600] * 4)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "free disk space" in str(caught.value)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_that_do_not_come_back_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda f, name: real(io.BytesIO(b"rotten"), name))
    with pytest.raises(OutputError, match="did not come back"):
        write_durably(tmp_path / "a", [b"good"])
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_source_leaves_nothing(tmp_path: Path) -> None:
    def chunks() -> Any:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_durably(tmp_path / "a", chunks())
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        write_durably(tmp_path / "nowhere" / "a", [b""])
