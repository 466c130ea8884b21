"""One exposure for all scans: a gain per scan and channel, in linear light.

Where two scans show one place, the ratio of their colours is that of their exposures. All pairs
that overlap are solved for together, as Brown & Lowe (2007, section 6) do for photographs, but
in logarithms: there a gain is an offset and the problem linear. A prior that gains are 1 keeps
the mean of their logarithms at zero: the relic as a whole gets neither brighter nor darker.

Six scans of the figurine with gains of 0.8 to 1.25 per scan and channel laid on come out within
0.5 % of each other; see `bench.fusion`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.fusion.layers import Layer, same_places
from relicscan.geometry.neighbours import tree
from relicscan.relic import ByteArray, FloatArray

#: Only points that are as reliable as that count, and so light (linear) that the rounding of
#: an 8-bit value does not matter.
RELIABLE, DARK = 0.3, 0.01
#: Places that two scans must share to have a say.
FEWEST_PLACES = 200
#: How much gains differ, as far as anybody knows beforehand: the standard deviation of their
#: logarithms.
_PRIOR = 0.3
#: No ratio is known better than to so much, however many places there are. One that is off what
#: the others say by more than _HUBER counts for less (Huber 1964).
_SURE, _HUBER = 0.003, 0.01
#: Gains within one per cent of 1 are none.
SAME = 0.01


@dataclass(frozen=True, eq=False)
class Ratio:
    """What two scans say: the median of log(color of first / color of second) (3,).

    variance (3,) is how sure it is, infinite for a channel with too few places.
    """

    first: int
    second: int
    log_ratio: FloatArray
    variance: FloatArray


def layer_light(layer: Layer, colors: ByteArray) -> FloatArray:
    """Mean linear light (m, 3) of a layer's points; NaN where a color (n, 3) was clipped."""
    which = np.flatnonzero(layer.member >= 0)
    member, own = layer.member[which], colors[which]
    light = LINEAR_OF_SRGB[own].astype(np.float64)
    light[(own == 0) | (own == 255)] = np.nan
    count = np.maximum(np.bincount(member, minlength=len(layer.points)), 1)
    sums = [np.bincount(member, light[:, c], len(layer.points)) for c in range(3)]
    return np.asarray(np.stack(sums, axis=1) / count[:, None])


def log_ratios(one: FloatArray, other: FloatArray) -> FloatArray:
    """log(one / other) of linear light (p, 3) each; NaN where it is clipped or dark.

    Dark together: to ask it of each alone would leave out what noise made dark in one of them.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        lit = (one * other > DARK**2) & (one > 0)
        return np.where(lit, np.log(one / other), np.nan)


def color_ratios(lit: Sequence[tuple[Layer, FloatArray] | None]) -> list[Ratio]:
    """The ratios of all pairs of scans, layers with their light, that overlap well enough."""
    known = {k: pair for k, pair in enumerate(lit) if pair is not None}
    index = {k: tree(layer.points) for k, (layer, _) in known.items()}

    def ratio(pair: tuple[int, int]) -> Ratio | None:
        (one, light), (other, its_light) = (known[k] for k in pair)
        i, j = same_places(one, other, index[pair[1]])
        sure = np.minimum(one.reliability[i], other.reliability[j]) >= RELIABLE
        logs = log_ratios(light[i[sure]], its_light[j[sure]])
        medians, variances = zip(*(_median(logs[:, c]) for c in range(3)), strict=True)
        if not np.isfinite(variances).any():
            return None
        return Ratio(*pair, np.array(medians), np.array(variances))

    found = threads.each(ratio, list(combinations(known, 2)))
    return [one for one in found if one is not None]


def _median(logs: FloatArray) -> tuple[float, float]:
    """The median, and its variance: infinite of too few."""
    logs = logs[np.isfinite(logs)]
    if len(logs) < FEWEST_PLACES:
        return 0.0, np.inf
    median = float(np.median(logs))
    spread = 1.4826 * float(np.median(np.abs(logs - median)))
    return median, (1.2533 * spread) ** 2 / len(logs) + _SURE**2


def gains(count: int, ratios: Sequence[Ratio]) -> FloatArray:
    """Gains (count, 3) that make the scans agree; 1 for those that no ratio is about."""
    log = np.zeros((count, 3))
    for c in range(3):
        said = [ratio for ratio in ratios if np.isfinite(ratio.variance[c])]
        if not said:
            continue
        first = np.array([ratio.first for ratio in said])
        second = np.array([ratio.second for ratio in said])
        differ = np.array([ratio.log_ratio[c] for ratio in said])
        certain = 1 / np.array([ratio.variance[c] for ratio in said])
        trust = np.ones(len(said))
        for _ in range(10):
            log[:, c] = _solved(count, first, second, differ, certain * trust)
            off = np.abs(log[first, c] + differ - log[second, c])
            trust = np.minimum(1, _HUBER / np.maximum(off, 1e-12))
    return np.asarray(np.exp(log))


def _solved(
    count: int,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    differ: FloatArray,
    weight: FloatArray,
) -> FloatArray:
    """Least squares of log[first] + differ = log[second], weighted, and of log = 0."""
    normal = np.eye(count) / _PRIOR**2
    right = np.zeros(count)
    np.add.at(normal, (first, first), weight)
    np.add.at(normal, (second, second), weight)
    np.add.at(normal, (first, second), -weight)
    np.add.at(normal, (second, first), -weight)
    np.add.at(right, first, -weight * differ)
    np.add.at(right, second, weight * differ)
    return np.asarray(np.linalg.solve(normal, right))


def exposed(colors: ByteArray, gain: FloatArray) -> ByteArray:
    """Colours (n, 3) under a gain (3,) in linear light; the same array where it is none."""
    if np.all(np.abs(gain - 1) <= SAME):
        return colors
    tables = srgb_of(LINEAR_OF_SRGB[:, None] * gain)
    return np.stack([tables[colors[:, c], c] for c in range(3)], axis=1)
