"""Carrying colours and texture coordinates from one surface to another.

Decimation and reconstruction return bare geometry; what belongs on it is looked
up again on the surface it came from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from relicscan.geometry.neighbours import nearest, tree
from relicscan.geometry.o3d import load, raycasting_scene
from relicscan.relic import ByteArray, Float32Array, FloatArray, Mesh, PointCloud


def colors_from_cloud(vertices: FloatArray, cloud: PointCloud, neighbours: int = 4) -> ByteArray:
    """Colours (n, 3) uint8 sRGB at vertices (n, 3): the nearest points, weighted by 1/d^2."""
    if cloud.colors is None:
        raise ValueError("the cloud has no colours")
    k = min(neighbours, len(cloud))
    distance, index = nearest(tree(cloud.points), vertices, k)
    distance, index = distance.reshape(-1, k), index.reshape(-1, k)
    weight = 1 / np.maximum(distance, 1e-6) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    mixed = np.einsum("ik,ikj->ij", weight, cloud.colors[index].astype(np.float64))
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def closest_on(mesh: Mesh, points: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """The face (q,) and barycentric coordinates (q, 3) on `mesh` closest to points (q, 3)."""
    o3d = load()
    found = raycasting_scene(mesh).compute_closest_points(
        o3d.core.Tensor(points.astype(np.float32))
    )
    uv = found["primitive_uvs"].numpy().astype(np.float64)
    weights = np.column_stack([1 - uv.sum(axis=1), uv])
    return found["primitive_ids"].numpy().astype(np.int64), np.clip(weights, 0, 1)


def colors_from_mesh(vertices: FloatArray, source: Mesh) -> ByteArray:
    """Colours (n, 3) uint8 sRGB at vertices (n, 3), interpolated on the closest face."""
    if source.colors is None:
        raise ValueError("the mesh has no colours")
    face, weights = closest_on(source, vertices)
    corners = source.colors[source.faces[face]].astype(np.float64)
    return np.asarray(np.rint(np.einsum("ik,ikj->ij", weights, corners)), dtype=np.uint8)


def texture_coordinates(target: Mesh, source: Mesh) -> Mesh:
    """`target` with the texture coordinates and materials of the surface it was decimated from.

    Each face takes the chart (connected patch of texture coordinates) that lies closest
    to its centre, and each of its corners the closest place on that chart: a face that
    spans a seam is stretched a little instead of showing what lies between charts.
    """
    if source.corner_uv is None:
        raise ValueError("the mesh has no texture coordinates")
    chart = texture_charts(source)
    centres = target.vertices[target.faces].mean(axis=1)
    nearest_face, _ = closest_on(source, centres)
    face_chart = chart[nearest_face]

    corners = target.vertices[target.faces].reshape(-1, 3)
    on_face, weights = closest_on(source, target.vertices)
    on_face, weights = on_face[target.faces].ravel(), weights[target.faces].reshape(-1, 3)
    wanted = np.repeat(face_chart, 3)
    strayed = np.flatnonzero(chart[on_face] != wanted)
    strayed = strayed[np.argsort(wanted[strayed], kind="stable")]
    for group in np.split(strayed, np.flatnonzero(np.diff(wanted[strayed])) + 1):
        if not len(group):
            continue
        faces = np.flatnonzero(chart == wanted[group[0]])
        local, weights[group] = closest_on(
            Mesh(source.vertices, source.faces[faces]), corners[group]
        )
        on_face[group] = faces[local]
    uv = np.einsum("ik,ikj->ij", weights, source.corner_uv[on_face].astype(np.float64))
    return Mesh(
        target.vertices,
        target.faces,
        normals=target.normals,
        colors=target.colors,
        corner_uv=uv.reshape(-1, 3, 2).astype(np.float32),
        face_material=None if source.face_material is None else source.face_material[nearest_face],
        materials=source.materials,
    )


def texture_charts(mesh: Mesh) -> NDArray[np.int64]:
    """The chart of each face (m,): faces that share an edge in the texture and the material."""
    from scipy.sparse import coo_matrix, csgraph

    uv: Float32Array = mesh.corner_uv  # type: ignore[assignment]
    m = len(mesh.faces)
    material = np.zeros(m, dtype=np.int64) if mesh.face_material is None else mesh.face_material
    corner = np.column_stack(
        [
            mesh.faces.ravel().astype(np.int64),
            np.ascontiguousarray(uv).view(np.int32).reshape(-1, 2).astype(np.int64),
            np.repeat(material, 3).astype(np.int64),
        ]
    )
    void = np.ascontiguousarray(corner).view(np.dtype((np.void, 32))).ravel()
    wedge = np.unique(void, return_inverse=True)[1].reshape(m, 3)
    face = np.arange(m)
    graph = coo_matrix(
        (np.ones(3 * m, dtype=np.int8), (np.tile(face, 3), m + wedge.T.ravel())),
        shape=(m + wedge.max() + 1,) * 2,
    )
    labels = csgraph.connected_components(graph, directed=False)[1][:m]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)
