"""How large and how deep a change is, without the bias of what was only just found.

The places of a region say where it is, and badly how large it is: which of them are on its edge
is decided by noise, and the deepest is the deepest with its noise. So the area is taken at half
of the depth, where noise lets as many places in as out, and from there to the foot of the slope
that the area shows over several heights; and the depth from a fit to all places that may be the
deepest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.change.detection import Detected
from relicscan.geometry.change.differences import Differences
from relicscan.geometry.change.places import NEIGHBOURS, Places, masked_median
from relicscan.relic import BoolArray, FloatArray

#: The medians of the few nearest places show an edge sharper than those of a cylinder.
_FEW, _BESIDE = 9, 8

#: Of the heights of a region, those where it is as deep as its floor; and between which shares
#: of the depth, and over how many times the noise, the slope of its edge is read.
_FLOOR, _SLOPE, _OVER_NOISE = 0.85, (0.12, 0.6), 3.0

#: The edge of a loss with upright walls is a slope too, of this many spacings: that of the mesh.
_WALL = 0.9

#: The median over a disc of radius r leaves out pi r²/3 of what has an upright edge, whatever
#: its outline (r²/6 of the curvature, which is 2 pi once round), and pi r²/2 of a paraboloid.
_LEFT_OUT = 0.4

#: An edge is where it seems to be within so many spacings: with half of one, every fourth error of
#: the area on reconstructed scans was larger than stated, by 1.3 times at the most.
_UNSURE = 0.75

#: What may be the deepest: within so many times the noise, and so many cylinders.
_MAY_BE, _AS_NEAR = 2.0, 3.0

#: Tukey's constant, and standard deviations from the median absolute deviation.
_TUKEY, _FROM_MAD = 4.685, 1.4826


def area_of(
    places: Places,
    found: Differences,
    detection: Detected,
    own: NDArray[np.int64],
    around: NDArray[np.int64],
    spacing: float,
) -> tuple[float, float]:
    """Area of a region, and how far it is unsure; `around` (m,) are its places `own` and those
    beside. The edge of a wall may lie anywhere between two places, the foot of a slope wherever
    noise (twice) puts it.
    """
    change = detection.change
    sign = np.sign(np.median(change[own]))
    values = sign * _few_medians(places, found, around)
    noise = detection.typical_noise * np.sqrt(NEIGHBOURS / _FEW)
    area = places.area[around]
    depth = float(np.quantile(sign * change[own], _FLOOR))
    inside = values > depth / 2
    half = float(area[inside].sum())
    edge = _perimeter(places, around[inside])
    low, high = max(_OVER_NOISE * noise, _SLOPE[0] * depth), _SLOPE[1] * depth
    slope = 0.0
    if low < 0.8 * high and edge > 0:
        heights = np.linspace(low, high, 9)
        falls, at_zero = np.polyfit(heights, [area[values > h].sum() for h in heights], 1)
        half = float(at_zero + falls * depth / 2)
        slope = max(0.0, float(-falls * depth / 2 / edge))
    foot = float(np.sqrt(max(0.0, slope**2 - (_WALL * spacing) ** 2)))
    total = half + foot * edge + _LEFT_OUT * np.pi * places.reach**2 * _FEW / NEIGHBOURS
    unsure = edge * (_UNSURE * spacing + 2 * noise * 2 * slope / max(depth, 1e-12))
    return float(total), float(unsure)


def deepest_of(
    places: Places, found: Differences, detection: Detected, own: NDArray[np.int64]
) -> tuple[float, int]:
    """The deepest change of a region, signed, and the place of it.

    By a paraboloid through the places that may be the deepest and those about them: the largest
    of many medians is the one with the largest noise, and in a hollow each is less than its
    deepest (by 13 % in one of 8 mm radius, with a cylinder of 3.3 mm).
    """
    change = detection.change
    mask = places.alike[own] & (detection.region[places.near[own]] == detection.region[own[0]])
    mean = np.where(mask, change[places.near[own]], 0).sum(axis=1) / mask.sum(axis=1)
    within = mask.mean(axis=1) > 0.9
    size = np.abs(np.where(within, mean, 0) if within.any() else mean)
    at = int(own[size.argmax()])
    may_be = size >= size.max() - _MAY_BE * detection.noise[at]
    off = np.linalg.norm(places.points[own] - places.points[at], axis=1)
    top = own[may_be & (off <= _AS_NEAR * places.reach)]
    near = np.unique(places.near[top][places.alike[top]])
    near = near[(detection.region[near] == detection.region[at]) & found.known[near]]
    if len(near) < 12:
        return float(change[at]), at
    flat = (places.points[near] - places.points[top].mean(axis=0)) / places.reach
    flat = flat - np.outer(flat @ places.normals[at], places.normals[at])
    value = found.distance[near]
    rows = np.c_[np.ones(len(near)), flat, (flat * flat).sum(axis=1)]
    fitted = _robust(rows, value)
    return float(np.clip(fitted, *np.quantile(value, [0.02, 0.98]))), at


def ellipse_of(
    places: Places, own: NDArray[np.int64]
) -> tuple[FloatArray, float, float, FloatArray]:
    """Centre of area (3,), length, width, and mean normal (3,): of the ellipse with its moments."""
    area, points = places.area[own], places.points[own]
    centroid = (points * area[:, None]).sum(axis=0) / area.sum()
    normal = (places.normals[own] * area[:, None]).sum(axis=0)
    normal /= max(float(np.linalg.norm(normal)), 1e-12)
    flat = points - centroid
    flat = flat - np.outer(flat @ normal, normal)
    spread = np.linalg.eigvalsh((flat * area[:, None]).T @ flat / area.sum())
    length, width = (4 * float(np.sqrt(max(spread[k], 0))) for k in (2, 1))
    return centroid, length, width, normal


def _few_medians(places: Places, found: Differences, which: NDArray[np.int64]) -> FloatArray:
    near = places.near[which, :_FEW]
    mask = places.alike[which, :_FEW] & found.known[near]
    middle, _ = masked_median(np.where(mask, found.distance[near], 0.0), mask)
    return np.nan_to_num(middle)


def _perimeter(places: Places, inside: NDArray[np.int64]) -> float:
    """The length of the edge about places: Crofton's, counted on the ways to their neighbours."""
    if not len(inside):
        return 0.0
    is_inside = np.zeros(len(places), dtype=bool)
    is_inside[inside] = True
    near = places.near[inside, 1 : 1 + _BESIDE]
    ways = np.linalg.norm(places.points[near] - places.points[inside, None], axis=2)
    crossing: BoolArray = places.alike[inside, 1 : 1 + _BESIDE] & ~is_inside[near]
    return float(np.pi * crossing.sum() * places.area[inside].mean() / ways.sum(axis=1).mean())


def _robust(rows: FloatArray, value: FloatArray) -> float:
    """The constant of a linear fit by Tukey's weights: walls have no say in how deep a floor is."""
    weight: FloatArray = np.ones(len(rows))
    fitted: FloatArray = np.zeros(rows.shape[1])
    for _ in range(6):
        fitted = np.linalg.lstsq(rows * weight[:, None], value * weight, rcond=None)[0]
        off = value - rows @ fitted
        spread = max(_FROM_MAD * float(np.median(np.abs(off))), 1e-12)
        weight = np.maximum(1 - (off / (_TUKEY * spread)) ** 2, 0)
    return float(fitted[0])
