"""A page tells by itself that no byte of it has changed."""

from __future__ import annotations

import hashlib

import pytest

from relicscan.metadata.page_seal import is_sealed, sealed

PAGE = "<!doctype html>\n<p>馆 <!-- SHA-256 of all before: nothing --></p>\n"


def test_the_seal_is_a_comment_after_the_page_with_its_sha256() -> None:
    content = sealed(PAGE)
    digest = hashlib.sha256(PAGE.encode()).hexdigest()
    assert content == PAGE.encode() + f"<!-- SHA-256 of all before: {digest} -->\n".encode()
    assert is_sealed(content)


def test_no_byte_of_it_can_change() -> None:
    content = sealed(PAGE)
    for at in range(len(content)):
        spoiled = bytearray(content)
        spoiled[at] ^= 1
        assert not is_sealed(bytes(spoiled)), at


@pytest.mark.parametrize(
    "content",
    [b"", PAGE.encode(), sealed(PAGE)[:-1], sealed(PAGE) + b"\n", b"x" + sealed(PAGE)],
)
def test_what_is_cut_added_to_or_never_was_sealed(content: bytes) -> None:
    assert not is_sealed(content)


def test_a_page_may_be_sealed_again() -> None:
    assert is_sealed(sealed(sealed(PAGE).decode()))
