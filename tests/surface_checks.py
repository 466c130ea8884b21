"""Whether a mesh is a surface, found out face by face without any of the code that makes it one."""

from __future__ import annotations

from collections import defaultdict

from relicscan.relic import Mesh


def assert_manifold(mesh: Mesh) -> None:
    """Edges of two faces or one, run through both ways; vertices in one fan; no face twice."""
    faces = mesh.faces.tolist()
    directed = set()
    beside: dict[int, dict[int, int]] = defaultdict(dict)
    for face in faces:
        assert len(set(face)) == 3, f"face {face} uses a vertex twice"
        for i in range(3):
            a, b, c = face[i], face[(i + 1) % 3], face[(i + 2) % 3]
            assert (a, b) not in directed, f"two faces run from {a} to {b}"
            directed.add((a, b))
            beside[a][b] = c
    assert len({tuple(sorted(face)) for face in faces}) == len(faces), "a face is there twice"
    for vertex, after in beside.items():
        begins = set(after) - set(after.values())
        start = begins.pop() if begins else next(iter(after))
        at, met = after[start], 1
        while at in after and at != start:
            at, met = after[at], met + 1
        assert met == len(after), f"vertex {vertex} has more than one fan"
