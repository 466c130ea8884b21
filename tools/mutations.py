"""Seeded damage to valid files, for tools/fuzz.py: what disks, networks, exporters and malice do.

A mutation depends on nothing but its random numbers, so a case can be made again from the
seed, the format and its number.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable

#: What replaces a number in text: the ends of all types, and what is no number at all.
NUMBERS = [
    b"0", b"-0", b"-1", b"1", b"2", b"255", b"65536", b"2147483647", b"2147483648", b"-2147483649",
    b"4294967295", b"9223372036854775808", b"18446744073709551616", b"1000000000000", b"1e308",
    b"-1e308", b"1e400", b"1e-320", b"nan", b"-nan", b"inf", b"-inf", b"1.#QNAN", b"0x10", b"1_0",
    b"1,5", b"", b"9" * 400, b"0." + b"3" * 300,
]  # fmt: skip
#: What replaces bytes in binary files, little and big endian.
WORDS = [
    struct.pack(order + code, value)
    for order in "<>"
    for code, values in {
        "B": (0, 1, 127, 128, 255),
        "H": (0, 1, 0x7FFF, 0x8000, 0xFFFF),
        "I": (0, 1, 3, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF),
        "Q": (0, 1, 1 << 32, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1),
        "f": (0.0, -0.0, 1e38, float("nan"), float("inf"), float("-inf"), 1e-45),
        "d": (0.0, 1e308, float("nan"), float("inf"), float("-inf"), 5e-324),
    }.items()
    for value in values
]
#: No case becomes larger than this, whatever is doubled in it.
MOST_BYTES = 200_000

_NUMBER = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_TOKEN = re.compile(rb"\S+")
#: Half of all places lie in the first bytes, where files say what follows.
_HEADER_BYTES = 600


def mutated(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """`data` after one to five mutations; `others` are files that it may be spliced with."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        mutation = rng.choice(_MUTATIONS)
        data = mutation(data, others, rng)[:MOST_BYTES]
    return data


def _place(data: bytes, rng: random.Random) -> int:
    end = min(len(data), _HEADER_BYTES) if rng.random() < 0.5 else len(data)
    return rng.randrange(end + 1)


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = _place(data, rng)
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 100, 1000)))


def _flip_bits(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        at = _place(data, rng)
        if at < len(out):
            out[at] ^= 1 << rng.randrange(8)
    return bytes(out)


def _set_word(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    word = rng.choice(WORDS)
    at = _place(data, rng)
    if rng.random() < 0.5:
        at -= at % 4
    return data[:at] + word + data[at + len(word) :]


def _truncate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _delete(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start, stop = _span(data, rng)
    return data[:start] + data[stop:]


def _double(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start, stop = _span(data, rng)
    times = rng.choice((1, 1, 2, 10, 1000))
    return data[:start] + data[start:stop] * times + data[start:]


def _move(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    start, stop = _span(data, rng)
    at = _place(data, rng)
    return data[:at] + data[start:stop] + data[at:]


def _splice(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    other = rng.choice(others or [data])
    start, stop = _span(other, rng)
    if rng.random() < 0.3:
        stop = len(other)
    at = _place(data, rng)
    return data[:at] + other[start:stop] + data[at + (stop - start) * rng.randrange(2) :]


def _set_number(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    at = _place(data, rng)
    found = _NUMBER.search(data, at) or _NUMBER.search(data)
    if found is None:
        return _set_word(data, others, rng)
    return data[: found.start()] + rng.choice(NUMBERS) + data[found.end() :]


def _set_token(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A word of the text, or of another, in the place of a word."""
    found = _TOKEN.search(data, _place(data, rng))
    source = rng.choice([data, *others])
    given = _TOKEN.search(source, _place(source, rng))
    if found is None or given is None:
        return _flip_bits(data, others, rng)
    return data[: found.start()] + given[0][:100] + data[found.end() :]


def _shuffle_lines(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    start = rng.randrange(min(len(lines), 40))
    some = lines[start : start + rng.choice((2, 3, 10))]
    rng.shuffle(some)
    return b"\n".join([*lines[:start], *some, *lines[start + len(some) :]])


Mutation = Callable[[bytes, list[bytes], random.Random], bytes]
_MUTATIONS: list[Mutation] = [
    _flip_bits, _flip_bits, _set_word, _set_word, _set_number, _set_number, _set_number,
    _truncate, _delete, _double, _move, _splice, _set_token, _shuffle_lines,
]  # fmt: skip
