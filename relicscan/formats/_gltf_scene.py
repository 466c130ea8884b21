"""Which meshes a glTF scene shows, and where: its node hierarchy worked out."""

from __future__ import annotations

import numpy as np

from relicscan.formats._gltf_document import Document, Part, gltf_error
from relicscan.relic import FloatArray

_TRANSFORMS = frozenset(["matrix", "rotation", "scale", "translation"])


def placed_meshes(document: Document) -> list[tuple[int, FloatArray]]:
    """Each mesh of the default scene with its T_scene_mesh (4, 4) float64.

    A file without scenes shows its root nodes, one without nodes its meshes.
    A mesh may be placed several times. Raises ScanError for a node that is below
    itself or below two others (glTF 2.0, section 3.5.2: nodes are trees).
    """
    root = document.root
    count = root.count("nodes")
    if not count:
        return [(index, np.eye(4)) for index in range(root.count("meshes"))]
    placed: list[tuple[int, FloatArray]] = []
    seen = bytearray(count)
    waiting = [(index, np.eye(4)) for index in reversed(_roots(root))]
    while waiting:
        index, T_scene_parent = waiting.pop()
        node = root.item("nodes", index)
        if seen[index]:
            raise gltf_error(f"{node.where} hangs below itself or below two nodes")
        seen[index] = True
        T_scene_node = T_scene_parent
        if not _TRANSFORMS.isdisjoint(node.data):
            with np.errstate(over="ignore", invalid="ignore"):
                T_scene_node = T_scene_parent @ _local(node)
        mesh = node.reference("mesh")
        if mesh is not None:
            placed.append((mesh, T_scene_node))
        waiting += [(child, T_scene_node) for child in reversed(node.integers("children"))]
    return placed


def _roots(root: Part) -> list[int]:
    if root.count("scenes"):
        return root.item("scenes", root.integer("scene", 0)).integers("nodes")
    below = {child for node in root.children("nodes") for child in node.integers("children")}
    roots = [index for index in range(root.count("nodes")) if index not in below]
    if not roots:
        raise gltf_error("every node hangs below another, in a circle")
    return roots


def _local(node: Part) -> FloatArray:
    """T_parent_node (4, 4) of one node, from its matrix or its translation, rotation, scale."""
    if "matrix" in node.data:
        matrix = np.array(node.numbers("matrix", tuple(np.eye(4).ravel()))).reshape(4, 4).T
        if not np.array_equal(matrix[3], [0, 0, 0, 1]):
            raise gltf_error(f"{node.where}.matrix is not affine")
        return np.asarray(matrix, np.float64)
    x, y, z, w = node.numbers("rotation", (0.0, 0.0, 0.0, 1.0))
    length = np.sqrt(x * x + y * y + z * z + w * w)
    if not 0.5 < length < 2:
        raise gltf_error(f"{node.where}.rotation is not a unit quaternion")
    x, y, z, w = x / length, y / length, z / length, w / length
    rotation = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    local = np.eye(4)
    local[:3, :3] = rotation * node.numbers("scale", (1.0, 1.0, 1.0))
    local[:3, 3] = node.numbers("translation", (0.0, 0.0, 0.0))
    return local
