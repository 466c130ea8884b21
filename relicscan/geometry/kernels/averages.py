"""Means over runs of sorted items."""

from __future__ import annotations

import numpy as np

from relicscan.geometry.kernels import kernel


@kernel
def means(values, order, starts, mean, start, stop):
    """Fill mean (cells, c) with the mean of the rows of values (n, c) that fall in each cell.

    order (n,) sorts the rows by cell; starts (cells,) is where each cell's begin.
    """
    total = np.empty(values.shape[1])
    for cell in range(start, stop):
        first = starts[cell]
        last = starts[cell + 1] if cell + 1 < len(starts) else len(order)
        total[:] = 0
        for at in range(first, last):
            for c in range(len(total)):
                total[c] += values[order[at], c]
        for c in range(len(total)):
            mean[cell, c] = total[c] / (last - first)
