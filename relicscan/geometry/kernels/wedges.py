"""Corners that are one: those of the same vertex that show the same place of the same picture."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def numbered(vertex, place, material):
    """The number (c,) of each corner, those that agree in all three having the same.

    vertex (c,), place (c,) int64 (two coordinates bit by bit) and material (c,). By a table of
    hashes, open addressing; numbers are in the order of the first corners.
    """
    bits = 1
    while (1 << bits) < 2 * len(vertex) + 1:
        bits += 1
    first = np.full(1 << bits, -1, np.int64)
    number = np.empty(len(vertex), np.int64)
    count = 0
    mask = np.uint64((1 << bits) - 1)
    for c in range(len(vertex)):
        key = np.uint64(place[c]) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
        key += np.uint64(vertex[c]) * np.uint64(0xBF58476D1CE4E5B9)
        key ^= key >> np.uint64(32)
        key += np.uint64(material[c])
        key *= np.uint64(0x94D049BB133111EB)
        key ^= key >> np.uint64(31)
        slot = key & mask
        while True:
            other = first[slot]
            if other < 0:
                first[slot] = c
                number[c] = count
                count += 1
                break
            if (
                vertex[other] == vertex[c]
                and place[other] == place[c]
                and material[other] == material[c]
            ):
                number[c] = number[other]
                break
            slot = (slot + np.uint64(1)) & mask
    return number
