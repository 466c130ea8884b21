"""Which differences are changes: the level of detection of each place, and connected regions.

After M3C2 (Lague, Brodu & Leroux 2013), in its median form (CloudCompare's "use median and
interquartile range"): the difference at a place is the median over the cylinder about its
normal. A median keeps the edge of a chip where it is; a mean would smear it over the cylinder.

M3C2 takes the errors in a cylinder for independent. On surfaces that were laid through points
they are not, so the level of detection follows from what is seen: the noise at a place is the
largest of what the spread inside its cylinder says (Lague et al., eq. 1), how the medians wander
from cylinder to cylinder in its surroundings, and how they scatter over the whole relic. The
error of the alignment there is added in squares. LOD95 is 1.96 times that.

Of 100,000 places 5,000 lie beyond LOD95 by chance, so a change needs more: connected places
beyond three times the noise, of which one is beyond the level that a relic without changes
reaches anywhere with a probability of ONE_IN (Bonferroni over its places). In a crease it needs
more again, because surfaces differ there for another reason than noise: each is laid across it as
its own points allow. Which places those are says where a change is; how large and deep it is,
`extent` says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from relicscan import threads
from relicscan.geometry.change.differences import Differences
from relicscan.geometry.change.places import Places, masked_median
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.topology import connected
from relicscan.relic import BoolArray, FloatArray

#: Two-sided 95 %, and the chance of a false change anywhere on the relic.
Z95 = 1.959964
ONE_IN = 0.01

#: Errors of surfaces laid through points have longer tails than the normal distribution: among
#: 320,000 places of two scans of the figurine the largest was 6.0 times the noise, not 5.
_TAILS = 1.5

#: Standard deviation of normal noise whose median absolute deviation is 1; and how much more a
#: median scatters than a mean.
_FROM_MAD, _OF_MEDIAN = 1.4826, 1.2533

#: A place needs so many others in its cylinder of which something is known.
_FEWEST = 8

#: In a crease and beside it a surface is off by a share of the crease's curvature times the square
#: of a cylinder's radius. Eight pairs of scans of the unchanged figurine, reconstructed each from
#: other stations, differed by up to 0.028 of it more than by what their noise explains, and by
#: nothing at ridges.
_CREASE = 0.04

#: Rays are cast in single precision: a share of the diagonal that is never a change.
_PRECISION = 1e-6

#: Surroundings: so many places, of which every so many-th stands for its cylinder.
_AROUND, _EVERY = 100, 24

#: A large change must not pass for noise of its surroundings.
_MOST_NOISE = 3.0

#: Beside the edge of a chip, up to half of a cylinder has changed, and the median is what noise
#: leaves of it: less than so many of its standard deviations, and than this share of what it is
#: among so many neighbours. Without this, losses of 5 mm come out 7 to 13 % too long, not 1 to 7 %.
_BESIDE, _EDGE, _NEARBY = 2.5, 0.4, 8

#: A change goes on to where it is so many times the noise. To LOD95 it would take along patches of
#: noise beside it: one place in twenty, and neighbours share most of their cylinders. The length
#: of flat chips of 0.3 mm, 10 mm wide, then came out 28 % too large.
_GROWS = 3.0

#: A place with fewer than this share of its neighbours in the change is a fringe of noise.
_COMPANY, _LEAST_COMPANY = 20, 0.3

#: A change begins so many cylinders away from where one of both scans ends.
_OFF_RIM = 3.0

#: Regions of fewer places are none: half a cylinder.
_LEAST = 12


@dataclass(frozen=True, eq=False)
class Detected:
    """Of places (n,): the median difference (NaN where unknown), its noise, LOD95, and regions.

    region (n,): number of the region of change, -1 for none. least (n,): what a change must exceed
    somewhere. typical_noise: the noise over most of the relic.
    """

    change: FloatArray
    noise: FloatArray
    lod95: FloatArray
    region: NDArray[np.int64]
    least: FloatArray
    typical_noise: float


def detected(places: Places, found: Differences, alignment_error: FloatArray) -> Detected:
    """The changes among differences; alignment_error (n,) is one standard deviation."""
    change, inside = _medians(places, found)
    known = np.isfinite(change)
    typical = _FROM_MAD * float(np.median(np.abs(change[known]))) if known.any() else 0.0
    typical = max(typical, _PRECISION * float(np.linalg.norm(np.ptp(places.points, axis=0))))
    around = np.minimum(_wander(places, change), _MOST_NOISE * typical)
    noise = np.maximum(np.maximum(inside, around), typical)
    total = np.hypot(noise, alignment_error)
    lod95 = Z95 * total
    needed = _TAILS * _two_sided(ONE_IN / max(1, int(known.sum())))
    # A change is no noise of its own surroundings: from where it is sure it goes on to the noise
    # of the whole relic.
    edge = _GROWS * np.hypot(typical, alignment_error)
    off = np.abs(found.distance - change)[known]
    beside = _BESIDE * _FROM_MAD * float(np.median(off)) if known.any() else 0.0
    # Where a scan ends, its surface is a guess of the reconstruction: no change begins there.
    least = needed * total + _CREASE * _creased(places) * places.reach**2
    sure = (np.abs(change) > least) & (_to_rim(places, found) > _OFF_RIM * places.reach)
    region = _regions(places, change, edge, beside, sure)
    return Detected(change, total, lod95, region, least, typical)


def _medians(places: Places, found: Differences) -> tuple[FloatArray, FloatArray]:
    """Median of each cylinder (n,), and the standard error that the spread in it speaks for."""
    n = len(places)
    change, error = np.empty(n), np.empty(n)

    def measure(start: int, stop: int) -> None:
        span = slice(start, stop)
        near = places.near[span]
        mask = places.alike[span] & found.known[near]
        values = np.where(mask, found.distance[near], 0.0)
        middle, count = masked_median(values, mask)
        middle[(count < _FEWEST) | ~found.known[span]] = np.nan
        spread, _ = masked_median(np.abs(values - middle[:, None]), mask)
        change[span] = middle
        error[span] = _OF_MEDIAN * _FROM_MAD * spread / np.sqrt(np.maximum(count, 1))

    threads.in_blocks(measure, n)
    return change, np.where(np.isfinite(error), error, 0.0)


def _wander(places: Places, change: FloatArray) -> FloatArray:
    """How the medians scatter about their own median in the surroundings of each place (n,)."""
    known = np.flatnonzero(np.isfinite(change))
    # A random one of every so many: in the order of places they would lie in rows.
    some = np.sort(np.random.default_rng(0).permutation(known)[: max(1, len(known) // _EVERY)])
    if len(some) < _AROUND:
        return np.zeros(len(places))
    near = nearest(tree(places.points[some]), places.points[some], _AROUND)[1]
    values = change[some][near]
    middle = np.median(values, axis=1)
    spread = _FROM_MAD * np.median(np.abs(values - middle[:, None]), axis=1)
    return np.asarray(spread[nearest(tree(places.points[some]), places.points)[1]])


def _creased(places: Places) -> FloatArray:
    """The curvature (n,) of the most concave place within two cylinders; 0 where none is."""
    mean, product = places.bend.T
    concave = np.maximum(np.sqrt(np.maximum(mean**2 - product, 0)) - mean, 0)
    return np.asarray(concave[places.near].max(axis=1)[places.near].max(axis=1))


def _to_rim(places: Places, found: Differences) -> FloatArray:
    """How far (n,) it is to a place of which nothing is known."""
    if found.known.all():
        return np.full(len(places), np.inf)
    return nearest(tree(places.points[~found.known]), places.points)[0]


def _regions(
    places: Places, change: FloatArray, edge: FloatArray, beside: float, seeds: BoolArray
) -> NDArray[np.int64]:
    """The region of each place (n,), -1 for none; losses and gains never share one."""
    n = len(places)
    sign = np.where(np.isfinite(change), np.sign(change), 0)
    size = np.where(np.isfinite(change), np.abs(change), 0)
    nearby = np.zeros(n)

    def highest(start: int, stop: int) -> None:
        near = places.near[start:stop, :_NEARBY]
        same = places.alike[start:stop, :_NEARBY] & (sign[near] == sign[start:stop, None])
        nearby[start:stop] = np.where(same, size[near], 0).max(axis=1)

    threads.in_blocks(highest, n)
    changed = size > np.maximum(edge, np.minimum(_EDGE * nearby, beside))
    near = places.near[:, 1:_COMPANY]
    company = changed[near] & places.alike[:, 1:_COMPANY] & (sign[near] == sign[:, None])
    changed &= company.mean(axis=1) >= _LEAST_COMPANY
    close = places.near[:, 1:9]
    joined = places.alike[:, 1:9] & changed[close] & changed[:, None]
    joined &= sign[close] == sign[:, None]
    row, column = np.nonzero(joined)
    part = connected(row, close[row, column], n)
    part[~changed] = -1
    size_of = np.bincount(part[changed], minlength=n)
    sure = np.zeros(n, dtype=bool)
    sure[part[changed & seeds]] = True
    sure &= size_of >= _LEAST
    return np.where(changed & sure[np.maximum(part, 0)], part, -1)


def _two_sided(probability: float) -> float:
    from scipy.special import ndtri

    return float(-ndtri(probability / 2))
