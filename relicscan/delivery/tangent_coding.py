"""Tangents in as few bits as a normal map needs: what it can be told, not what a number can.

A tangent only says how the image lies on the surface. Turned about the normal by an angle, it
turns what the map adds by that angle: 3 degrees change a slope of 20 degrees by one. Leant
towards the normal by 10 degrees, which leaves the bitangent alone, it changes a slope of 20
degrees by 1.2. So there is a choice among the points of a coarse octahedron, and the one that
says "as before" or "next to it" costs 0 or 2 bits where any other costs 8 or more.

Tried on the skull of `meshopt_streams`, bytes, and degrees RMS and at most turned about the
normal: rounded to 8 bits 92,000 (0.2, 0.6), to 6 bits 61,100 (1.0, 2.6), to 5 bits 49,100 (2.0,
5.3); chosen on 6 bits 52,700 (1.2, 3.0), on 5 bits 44,900 (1.6, 4.0), on 4 bits 39,700 (3.0, 9.0).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.delivery.quantization import folded, unfolded
from relicscan.relic import Float32Array, FloatArray

BITS = 4

_TURNED, _LEANT = np.sin(np.radians([3.0, 10.0]))

#: One tangent depends on the one before: chains of so many are walked side by side. Longer
#: ones save 0.1 %.
_CHAIN = 256

_AROUND = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
_NEXT = np.array([[0, 0], *([i, j] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)])


def coarse_tangents(tangents: Float32Array, normals: Float32Array) -> NDArray[np.int8]:
    """Rows (k, 4) for the OCTAHEDRAL filter of tangents (k, 4) beside unit normals (k, 3).

    Turned by 3 degrees at most, and leant by 10, wherever 4 bits have such a point; else the
    best there is (turned by 9.0 on that skull, which as rendered at 1024 px is FLIP 0.0001). The
    fourth byte is the handedness, 127 or -127.
    """
    one = 2 ** (BITS - 1) - 1
    t: FloatArray = tangents[:, :3].astype(np.float64)
    n: FloatArray = normals.astype(np.float64)
    exact, t, n, b = (_chains(a) for a in (folded(t) * one, t, n, np.cross(n, t)))
    chosen = np.empty(exact.shape)
    every = np.arange(exact.shape[1])

    def badness(points: FloatArray, k: int) -> FloatArray:
        """(chains, candidates): up to 1 where a point will do for tangent k of each chain."""
        v = unfolded(points / one)
        turned, leant = (np.abs(np.einsum("cpi,ci->cp", v, a[k])) for a in (b, n))
        worse = np.maximum(turned / _TURNED, leant / _LEANT)
        return np.where(np.einsum("cpi,ci->cp", v, t[k]) > 0, worse, np.inf)

    for k in range(len(exact)):
        points = np.clip(np.floor(exact[k])[:, None] + _AROUND, -one, one)
        best = points[every, np.argmin(badness(points, k), axis=1)]
        if k:
            points = np.clip(chosen[k - 1][:, None] + _NEXT, -one, one)
            bad = badness(points, k)
            good = points[every, np.argmin(bad, axis=1)]
            best = np.where(bad.min(axis=1)[:, None] <= 1, good, best)
            best = np.where(bad[:, :1] <= 1, points[:, 0], best)
        chosen[k] = best
    rows = np.empty((len(tangents), 4), np.int8)
    rows[:, :2] = chosen.swapaxes(0, 1).reshape(-1, 2)[: len(rows)]
    rows[:, 2] = one
    rows[:, 3] = np.where(tangents[:, 3] < 0, -127, 127)
    return rows


def _chains(array: FloatArray) -> FloatArray:
    """(_CHAIN, chains, w) of rows (k, w): one step of all chains after another."""
    chains = -(-len(array) // _CHAIN)
    filled = np.concatenate([array, np.repeat(array[-1:], chains * _CHAIN - len(array), axis=0)])
    return np.ascontiguousarray(filled.reshape(chains, _CHAIN, -1).swapaxes(0, 1))
