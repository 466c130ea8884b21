"""A page tells by itself that no byte of it has changed, and whose it is."""

from __future__ import annotations

import hashlib

import pytest

from relicscan.metadata.page_seal import seal_problem, sealed

PAGE = "<!doctype html>\n<p>馆 <!-- SHA-256 of all before: nothing --></p>\n"
CHANGED = "its content has changed: its seal is another one"


def test_the_seal_is_a_comment_after_the_page_with_its_sha256() -> None:
    content = sealed(PAGE, "cup")
    before = PAGE.encode() + b"<!-- report of cup -->\n"
    digest = hashlib.sha256(before).hexdigest()
    assert content == before + f"<!-- SHA-256 of all before: {digest} -->\n".encode()
    assert seal_problem(content, "cup") is None


def test_no_byte_of_it_can_change() -> None:
    content = sealed(PAGE, "cup")
    for at in range(len(content)):
        spoiled = bytearray(content)
        spoiled[at] ^= 1
        assert seal_problem(bytes(spoiled), "cup") == CHANGED, at


@pytest.mark.parametrize(
    "content",
    [
        b"",
        PAGE.encode(),
        sealed(PAGE, "cup")[:-1],
        sealed(PAGE, "cup") + b"\n",
        b"x" + sealed(PAGE, "cup"),
    ],
)
def test_what_is_cut_added_to_or_never_was_sealed(content: bytes) -> None:
    assert seal_problem(content, "cup") == CHANGED


def test_a_page_is_of_one_relic_or_of_all() -> None:
    pages = {of: sealed(PAGE, of) for of in ("cup", "teacup", None)}
    for of, content in pages.items():
        for asked in pages:
            problem = seal_problem(content, asked)
            assert problem == (None if asked == of else "it is the report of something else")


def test_a_page_may_be_sealed_again() -> None:
    assert seal_problem(sealed(sealed(PAGE, "cup").decode(), "cup"), "cup") is None
