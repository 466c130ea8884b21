"""Vertex data under EXT_meshopt_compression, each attribute in the form that packs best.

The vertex codec (version 0) takes each byte of a row by itself: the difference to the row before,
in groups of 16 rows, with 0, 2, 4 or 8 bits each. So few bits at the low end of a number are
cheap, and bits spread over a whole number are not. Indices cost a byte a triangle and more where
the next triangle shares no edge.

Tried on a whale's skull, 100,000 triangles, 57,568 vertices (7,568 of them along seams), 2048²
images; bytes, the choice first:

    triangles  113,700  in strips (optsize); in vertex cache order 116,000. Sorted before that
                        along an axis, a Morton curve or the image: all within 0.6 %
    positions  220,500  14 bits; 16 bits 244,300, 13 bits 210,300, 12 bits 191,600
    normals    103,600  octahedron, 8 bits; 7 bits 87,000, off by up to 1.5 degrees and not 0.94.
                        Choosing among near points, as tangents do, saves 2 %
    image      129,400  multiples of 1/4096 as floats (EXPONENTIAL, one exponent for all); as
    coordinates         normalized whole numbers 155,000, on a grid of 1/4095 or not: it fills
                        16 bits. As plain whole numbers under KHR_texture_transform 125,800, at
                        the price of one more extension. For 1024² images 96,700
    tangents    44,900  see `tangent_coding`; octahedron of 8 bits 92,000
    all        612,100  in the order of the file 1,324,800

gltf-transform 4.5.1 (`optimize --compress meshopt --simplify false`) makes 616,200 of the same
triangles without tangents.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.delivery.primitives import Primitive
from relicscan.delivery.quantization import exponential, octahedral
from relicscan.delivery.streams import Stream, described, padded
from relicscan.delivery.tangent_coding import coarse_tangents
from relicscan.relic import Float32Array

_NORMAL_BITS = 8

#: Linear light in multiples of this comes back to the same 8 bits of sRGB, whose steps at the
#: dark end are 1/3295.
_COLOR_EXPONENT = -12


def reordered(p: Primitive) -> Primitive:
    """The same triangles in strips, vertices in the order in which they are first used.

    What compresses best is also what a graphics card's caches like.
    """
    import meshopt

    indices, place, count = meshopt.reorder_mesh(p.triangles.reshape(-1), True, True)
    order = np.empty(count, np.intp)
    order[place] = np.arange(count)

    def moved(array: NDArray[Any] | None) -> Any:
        return None if array is None else array[order]

    return replace(
        p,
        positions=moved(p.positions),
        normals=moved(p.normals),
        triangles=np.asarray(indices, np.uint32).reshape(-1, 3),
        uv=moved(p.uv),
        tangents=moved(p.tangents),
        colors=moved(p.colors),
        filled=moved(p.filled),
    )


def triangles(indices: NDArray[np.uint16] | NDArray[np.uint32]) -> Stream:
    """Triangles (t, 3), in the order of `reordered`."""
    import meshopt

    data = meshopt.encode_gltf_buffer(indices.astype(np.uint32).reshape(-1), "TRIANGLES")
    packing = {"mode": "TRIANGLES", "count": indices.size, "byteStride": indices.itemsize}
    return described(
        data, indices.dtype, 1, indices.size, indices.nbytes, indices=True, meshopt=packing
    )


def positions(numbers: NDArray[Any]) -> Stream:
    """Places on a grid (k, 3) uint16."""
    bounds = (numbers.min(axis=0).tolist(), numbers.max(axis=0).tolist())
    return _vertices(padded(numbers), np.dtype(np.uint16), 3, bounds=bounds)


def normals(vectors: Float32Array) -> Stream:
    """Unit vectors (k, 3), in 8 bits once decoded."""
    rows = octahedral(vectors, _NORMAL_BITS)
    return _vertices(rows, np.dtype(np.int8), 3, "OCTAHEDRAL", normalized=True)


def tangents(vectors: Float32Array, normals: Float32Array) -> Stream:
    """Unit vectors with their handedness (k, 4), in 8 bits once decoded."""
    rows = coarse_tangents(vectors, normals)
    return _vertices(rows, np.dtype(np.int8), 4, "OCTAHEDRAL", normalized=True)


def texture_coordinates(uv: Float32Array, texture_side_px: int) -> Stream:
    """(k, 2), at most a quarter of a texel off; as they are where they are too large for that."""
    step = -math.ceil(math.log2(2 * texture_side_px))
    rows = exponential(uv, step)
    if rows is None:
        return _vertices(uv.astype("<f4"), np.dtype(np.float32), 2)
    return _vertices(rows, np.dtype(np.float32), 2, "EXPONENTIAL")


def colors(linear: NDArray[np.uint16]) -> Stream:
    """(k, 3), 65535 = 1, as floats."""
    rows = exponential(linear / 65535, _COLOR_EXPONENT)
    assert rows is not None, "colours are 0..1"
    return _vertices(rows, np.dtype(np.float32), 3, "EXPONENTIAL")


def flags(numbers: NDArray[np.uint8]) -> Stream:
    """A byte for each vertex (k,)."""
    return _vertices(padded(numbers[:, None]), np.dtype(np.uint8), 1)


def _vertices(
    rows: NDArray[Any], dtype: np.dtype[Any], width: int, filtered: str = "NONE", **more: Any
) -> Stream:
    """Rows of bytes packed; a viewer gets `width` numbers of `dtype` from each."""
    import meshopt

    stride = rows[0].nbytes
    packing: dict[str, Any] = {"mode": "ATTRIBUTES", "count": len(rows), "byteStride": stride}
    if filtered != "NONE":
        packing["filter"] = filtered
    little = np.ascontiguousarray(rows.astype(rows.dtype.newbyteorder("<"), copy=False))
    data = meshopt.encode_gltf_buffer(little, "ATTRIBUTES")
    return described(
        data, dtype, width, len(rows), rows.nbytes, stride=stride, meshopt=packing, **more
    )
