"""Where scans overlap, colours that pass from one into the other without a seam.

Light falls off where a surface turns away and towards the rim of a scan. There colours are drawn
to what more reliable scans say of the place (feathering), in low frequencies alone (Burt &
Adelson 1983): what is averaged over a neighbourhood is the ratio of the scans' colours. Each
point gets lighter or darker with its neighbours and keeps its own detail.

Of six scans of the figurine whose light falls off with the cosine of incidence to the power of
0.6, the mean error of a point's colour is 4.5 CIEDE2000 without and 3.8 with it, 2.7 being noise;
without a falloff it is 2.7 either way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from relicscan import threads
from relicscan.color import LINEAR_OF_SRGB, srgb_of
from relicscan.geometry.fusion.exposure import SAME, log_ratios
from relicscan.geometry.fusion.layers import Layer, same_places
from relicscan.geometry.kernels.kdtree import KdTree
from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.voxels import cell_order
from relicscan.relic import ByteArray, FloatArray

#: Side of the cells over which ratios are averaged, in spacings; a point's is mixed from those
#: of the nearest cells.
_CELL, _MIXED = 5.0, 6
#: How much larger than chance makes them, squared, corrections are that are worth it.
_NOISE = 4.0
#: What a point counts for by itself, however unreliable it is.
_LEAST = 0.02


def corrections(lit: Sequence[tuple[Layer, FloatArray] | None]) -> list[FloatArray | None]:
    """Logarithms (m, 3) of what each layer's points are multiplied with, in linear light.

    `lit` are layers with their light (m, 3), as evened out by gains. None where a scan already
    agrees with the others, or none shows the same places.
    """
    index = [None if pair is None else tree(pair[0].points) for pair in lit]
    return threads.each(lambda k: _correction(k, lit, index), range(len(lit)))


def corrected(colors: ByteArray, layer: Layer, correction: FloatArray) -> ByteArray:
    """Colours (n, 3) of a scan under the correction (m, 3) of its layer's points."""
    which = np.flatnonzero(layer.member >= 0)
    out = colors.copy()
    light = LINEAR_OF_SRGB[colors[which]]
    out[which] = srgb_of(light * np.exp(correction[layer.member[which]]))
    return out


def _correction(
    k: int, lit: Sequence[tuple[Layer, FloatArray] | None], index: Sequence[KdTree | None]
) -> FloatArray | None:
    pair = lit[k]
    if pair is None:
        return None
    layer, light = pair
    total, weight = np.zeros_like(layer.points), np.zeros(len(layer.points))
    for pair, its_index in zip(lit, index, strict=True):
        if pair is None or its_index is None or pair[0] is layer:
            continue
        other, its_light = pair
        i, j = same_places(layer, other, its_index)
        logs = log_ratios(its_light[j], light[i])
        told = np.isfinite(logs).all(axis=1)
        i, reliability = i[told], other.reliability[j[told]]
        total[i] += reliability[:, None] * logs[told]
        weight[i] += reliability
    if not weight.any():
        return None
    wanted = total / (weight + np.maximum(layer.reliability, _LEAST))[:, None]
    return _smoothed(layer, wanted)


def _smoothed(layer: Layer, wanted: FloatArray) -> FloatArray | None:
    """Averages over cells, mixed between them; None where they are no more than noise."""
    order, starts = cell_order(layer.points, _CELL * layer.spacing)
    counts = np.diff(np.append(starts, len(order)))[:, None]

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(values[order], starts, axis=0) / counts)

    middle, average = mean(layer.points), mean(wanted)
    several = (counts >= 4)[:, 0] & average.any(axis=1)
    noise = ((mean(wanted**2) - average**2) / np.maximum(counts - 1, 1))[several]
    if not several.any() or (average[several] ** 2).mean() <= _NOISE * noise.mean() + SAME**2:
        return None
    apart, near = nearest(tree(middle), layer.points, _MIXED)
    share = np.exp(-((apart / (_CELL * layer.spacing)) ** 2))
    share /= share.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("nk,nki->ni", share, average[near]))
