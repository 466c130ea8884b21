"""Cutting a surface along the seams of its texture, so that no face lies on two charts.

What a decimated copy was cut into crosses the faces of the surface itself. Where these are
about as large as the copy's, a face over a seam that is drawn on one chart alone leaves a tooth
of the other empty.
"""

from __future__ import annotations

import numpy as np

from relicscan.geometry.closest import closest
from relicscan.geometry.cutting import cut
from relicscan.geometry.transfer import Source
from relicscan.relic import Mesh

#: Halvings of an edge until the seam is found: to a thirtieth of its length.
_HALVINGS = 5


def cut_along_seams(mesh: Mesh, source: Source) -> Mesh:
    """The bare surface, cut where two charts of `source` meet, which lies on it.

    A corner belongs to the chart that is nearest; an edge between two is cut where the
    nearest is another for the first time. Both faces at an edge are cut at one place.
    """
    label = source.chart[closest(source.tree, mesh.vertices)[1]]
    u, v = mesh.faces, np.roll(mesh.faces, -1, axis=1)
    low, high = np.minimum(u, v), np.maximum(u, v)  # from both sides the same way along
    crossed = label[u] != label[v]
    start, end = mesh.vertices[low[crossed]], mesh.vertices[high[crossed]]
    here, there = np.zeros(len(start)), np.ones(len(start))
    for _ in range(_HALVINGS):
        middle = (here + there) / 2
        place = start + middle[:, None] * (end - start)
        same = source.chart[closest(source.tree, place)[1]] == label[low[crossed]]
        here, there = np.where(same, middle, here), np.where(same, there, middle)
    at = np.zeros(mesh.faces.shape)
    at[crossed] = np.where(u[crossed] == low[crossed], here + there, 2 - here - there) / 2
    return cut(mesh, label[mesh.faces].astype(np.int32), at)[0]
