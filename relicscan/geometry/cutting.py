"""Cutting faces in two or three where a line crosses them, so that borders need not follow edges.

On a decimated surface the edges are long: a border along them has teeth that no other chart
fills.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import FloatArray, Mesh

#: A line crosses an edge no nearer to its ends than this share: slivers are hard to flatten.
NEAREST = 0.1


def cut(
    mesh: Mesh, label: NDArray[np.int32], at: FloatArray, *, along_edges: bool = False
) -> tuple[Mesh, NDArray[np.int32], NDArray[np.intp]]:
    """The surface cut between corners (m, 3) of different labels; each face's label and old face.

    The edge from corner k to the next is cut at the share at (m, 3) of its way. Two corners of
    one label and one of another make three faces; three labels six, around a new vertex in the
    middle. An edge that only one of its faces is cut at has a new vertex that the other has not.
    With `along_edges` all faces stay whole, and have the label of most of their corners.
    """
    if along_edges:
        most = np.where(label[:, 1] == label[:, 2], label[:, 1], label[:, 0])
        return mesh, most, np.arange(len(most))
    faces, n = mesh.faces, len(mesh.vertices)
    following = np.roll(faces, -1, axis=1)
    crossed = label != np.roll(label, -1, axis=1)
    u, v = faces[crossed].astype(np.int64), following[crossed].astype(np.int64)
    t = np.where(u < v, at[crossed], 1 - at[crossed])
    key = np.minimum(u, v) * n + np.maximum(u, v)
    edges, first, index = np.unique(key, return_index=True, return_inverse=True)
    t = np.clip(t[first], NEAREST, 1 - NEAREST)[:, None]
    on_edges = (1 - t) * mesh.vertices[edges // n] + t * mesh.vertices[edges % n]
    middle = np.full(faces.shape, -1, dtype=np.int64)
    middle[crossed] = n + index

    cuts = crossed.sum(axis=1)
    whole, two, three = (np.flatnonzero(cuts == k) for k in (0, 2, 3))
    centre = n + len(edges) + np.arange(len(three))
    centres = on_edges[middle[three] - n].mean(axis=1)
    alone = (np.argmin(crossed[two], axis=1) + 2) % 3  # opposite the edge that is whole
    p, q, r = (faces[two, (alone + i) % 3] for i in range(3))
    pq, rp = middle[two, alone], middle[two, (alone + 2) % 3]
    new = [faces[whole]] + [np.stack(of, 1) for of in ((p, pq, rp), (pq, q, r), (pq, r, rp))]
    own, others = label[two, alone], label[two, (alone + 1) % 3]
    belongs, old = [label[whole, 0], own, others, others], [whole, two, two, two]
    for i in range(3):
        p, to, back = faces[three, i], middle[three, i], middle[three, (i + 2) % 3]
        new += [np.stack([p, to, centre], 1), np.stack([p, centre, back], 1)]
        belongs += [label[three, i]] * 2
        old += [three] * 2
    cut = Mesh(np.vstack([mesh.vertices, on_edges, centres]), np.concatenate(new).astype(np.int32))
    return cut, np.concatenate(belongs), np.concatenate(old)
