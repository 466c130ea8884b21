"""Compressed copies: the content comes back, the bytes repeat, and what gains nothing has none."""

from __future__ import annotations

import gzip
import json
import random
import time
import zlib

import brotli
import pytest

from relicscan.site.compress import COMPRESSIBLE, ENCODINGS, compressed

PAGE = json.dumps([{"title": f"Amphora {n}", "text": "A storage jar. " * 9} for n in range(80)])
CONTENT = PAGE.encode()
NOISE = random.Random(0).randbytes(20_000)
UNPACK = {"br": brotli.decompress, "gz": gzip.decompress}


@pytest.mark.parametrize("suffix", sorted(COMPRESSIBLE))
def test_the_content_comes_back_and_is_smaller(suffix: str) -> None:
    made = compressed(CONTENT, suffix)
    assert list(made) == list(ENCODINGS)
    for ending, packed in made.items():
        assert UNPACK[ending](packed) == CONTENT
        assert len(packed) < len(CONTENT) / 4
    assert len(made["br"]) < len(made["gz"])


def test_the_same_content_gives_the_same_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = compressed(CONTENT, ".html")
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert compressed(CONTENT, ".html") == first
    assert first["gz"][:4] == b"\x1f\x8b\x08\x00"  # no name in it (RFC 1952, section 2.3)
    assert first["gz"][4:8] == bytes(4)  # and no time


@pytest.mark.parametrize("suffix", [".webp", ".usdz", ".mp3", ".png", ".woff2", ""])
def test_what_is_compressed_already_has_no_copies(suffix: str) -> None:
    assert compressed(CONTENT, suffix) == {}


def test_what_does_not_shrink_or_is_small_has_no_copies() -> None:
    assert compressed(NOISE, ".glb") == {}
    assert compressed(CONTENT[:999], ".html") == {}
    assert set(compressed(CONTENT[:1000], ".HTML")) == {"br", "gz"}


def test_what_hardly_shrinks_must_save_one_part_in_fifty() -> None:
    barely = NOISE + bytes(200)
    assert len(zlib.compress(barely)) < len(barely)
    assert compressed(barely, ".glb") == {}
    assert set(compressed(NOISE + bytes(800), ".glb")) == {"br", "gz"}


@pytest.mark.parametrize("size", [1000, 2**14 - 1, 2**14, 2**14 + 1, 200_000])
def test_a_window_holds_what_repeats_at_the_far_end(size: int) -> None:
    """Half of it is noise that comes a second time: it can only shrink by looking back that far."""
    half = random.Random(size).randbytes(size // 2)
    packed = compressed(half + half, ".glb")["br"]
    assert brotli.decompress(packed) == half + half
    assert len(packed) < 0.6 * size


def test_scripts_and_styles_are_worth_more_time() -> None:
    sizes = {suffix: len(compressed(CONTENT, suffix)["br"]) for suffix in (".js", ".css", ".json")}
    assert sizes[".js"] == sizes[".css"] < sizes[".json"]
