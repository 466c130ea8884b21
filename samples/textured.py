"""A relic as a textured mesh: triangles, charts on an atlas, and colours baked into it.

Charts are made as box projections are: a face belongs to the axis it looks
along, and connected faces of one axis are a chart. That suits objects with few
folds; the front can be given more pixels than the rest.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from relicscan.relic import Material, Mesh, Texture
from samples.procedural import ProceduralRelic, exact_surface, onto_surface

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_GUTTER_PX = 6
_SMALL = 30  # faces: smaller islands join the chart around them
_FRONT = 2  # the direction -Y, see _directions


def textured(
    relic: ProceduralRelic,
    face_count: int,
    width_px: int,
    px_per_mm: tuple[float, float],
    texture_name: str,
    quality: int,
) -> Mesh:
    """A mesh of about face_count triangles on the true surface, with a baked JPEG texture.

    The atlas is width_px wide and as high as it must be. px_per_mm is for the
    front (-Y), and for the other sides.
    """
    from fast_simplification import simplify

    fine = exact_surface(relic, 1.2)
    # Copies: it does not take read-only arrays.
    vertices, faces = simplify(fine.vertices.copy(), fine.faces.copy(), target_count=face_count)
    mesh = Mesh(onto_surface(relic, np.asarray(vertices, float)), faces)
    side = _sides(mesh)
    chart = _charts(mesh, side)
    corner_px, height_px = _atlas(mesh, side, chart, width_px, px_per_mm)
    image = _baked(relic, mesh, corner_px, width_px, height_px)
    corner_uv = corner_px / [width_px, height_px]
    texture = Texture(texture_name, _jpeg(image, quality), "image/jpeg", width_px, height_px)
    return Mesh(
        mesh.vertices,
        mesh.faces,
        corner_uv=corner_uv,
        face_material=np.zeros(len(mesh.faces)),
        materials=(Material("glazed", texture=texture),),
    )


def _directions() -> Array:
    """+X, -X, -Y, +Y, +Z, -Z."""
    return np.array([[1, 0, 0], [-1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, 1], [0, 0, -1]], float)


def _sides(mesh: Mesh) -> Index:
    """For each face the direction (0..5) it looks along; flat sides keep their relief."""
    corners = mesh.vertices[mesh.faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    side: Index = (normal @ _directions().T).argmax(axis=1)
    pairs = _neighbours(mesh)
    for _ in range(40):
        chart = _components(len(side), pairs[side[pairs[:, 0]] == side[pairs[:, 1]]])
        small = np.bincount(chart)[chart] < _SMALL
        edge = small[pairs].any(axis=1) & (chart[pairs[:, 0]] != chart[pairs[:, 1]])
        if not edge.any():
            break
        # Every face of a small island takes the side of one neighbour outside it, if it fits.
        for a, b in (pairs[edge].T, pairs[edge].T[::-1]):
            movable = small[a] & ((normal[a] * _directions()[side[b]]).sum(axis=1) > 0.1)
            side[a[movable]] = side[b[movable]]
    return side


def _neighbours(mesh: Mesh) -> Index:
    """Pairs (k, 2) of faces that share an edge."""
    edges = np.sort(mesh.faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    order = np.lexsort(edges.T)
    same = (edges[order][1:] == edges[order][:-1]).all(axis=1)
    return np.column_stack([order[:-1][same], order[1:][same]]) // 3


def _components(count: int, pairs: Index) -> Index:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs), bool)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _charts(mesh: Mesh, side: Index) -> Index:
    pairs = _neighbours(mesh)
    return _components(len(side), pairs[side[pairs[:, 0]] == side[pairs[:, 1]]])


def _atlas(
    mesh: Mesh, side: Index, chart: Index, width_px: int, px_per_mm: tuple[float, float]
) -> tuple[Array, int]:
    """Corners (m, 3, 2) in pixels, and the height: charts on shelves, the tallest first."""
    flat = np.empty((len(side), 3, 2))
    for k, out in enumerate(_directions()):
        up = np.array([0, 0, 1.0]) if out[2] == 0 else np.array([0, -out[2], 0])
        right = np.cross(up, out)
        corners = mesh.vertices[mesh.faces[side == k]]
        scale = px_per_mm[0 if k == _FRONT else 1]
        flat[side == k] = np.stack([corners @ right, -(corners @ up)], axis=-1) * scale
    low = np.full((chart.max() + 1, 2), np.inf)
    high = -low
    for corner in range(3):
        np.minimum.at(low, chart, flat[:, corner])
        np.maximum.at(high, chart, flat[:, corner])
    size = high - low
    order = np.argsort(-size[:, 1], kind="stable")
    room = np.ceil(size) + 2 * _GUTTER_PX
    at, place, shelf_height = np.zeros(2), np.empty_like(low), 0.0
    for k in order:
        if at[0] + room[k, 0] > width_px:
            at, shelf_height = np.array([0.0, at[1] + shelf_height]), 0.0
        place[k] = at + _GUTTER_PX
        at[0] += room[k, 0]
        shelf_height = max(shelf_height, room[k, 1])
    corner_px = flat - low[chart][:, None] + place[chart][:, None]
    return corner_px, int(np.ceil((at[1] + shelf_height) / 8) * 8)


def _baked(
    relic: ProceduralRelic, mesh: Mesh, corner_px: Array, width: int, height: int
) -> NDArray[np.uint8]:
    """The image (height, width, 3): each pixel the relic's colour at its place on the mesh.

    The atlas is laid out flat and rays are cast down on it, one for each pixel.
    Pixels beside a chart repeat its nearest one.
    """
    import open3d as o3d
    from scipy.ndimage import distance_transform_edt

    sheet = np.concatenate([corner_px, np.zeros((*corner_px.shape[:2], 1))], axis=2).reshape(-1, 3)
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(
        o3d.core.Tensor(sheet.astype(np.float32)),
        o3d.core.Tensor(np.arange(len(sheet), dtype=np.uint32).reshape(-1, 3)),
    )
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.zeros((height, width, 6), np.float32)
    rays[..., 0], rays[..., 1], rays[..., 2], rays[..., 5] = x, y, 1.0, -1.0
    hit = scene.cast_rays(o3d.core.Tensor(rays))
    inside = np.isfinite(hit["t_hit"].numpy())
    face = hit["primitive_ids"].numpy()[inside].astype(np.int64)
    b, c = hit["primitive_uvs"].numpy()[inside].T.astype(float)
    corners = mesh.vertices[mesh.faces[face]]
    weights = np.column_stack([1 - b - c, b, c])
    points = np.einsum("nk,nkd->nd", weights, corners)
    image = np.empty((height, width, 3), np.uint8)
    image[inside] = np.concatenate(
        [relic.color(part) for part in np.array_split(points, len(points) // 16384 + 1)]
    )
    apart, nearest = distance_transform_edt(~inside, return_indices=True)
    filled = image[nearest[0], nearest[1]]
    filled[apart > 2 * _GUTTER_PX] = image[inside].mean(axis=0)
    return filled


def _jpeg(image: NDArray[np.uint8], quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, optimize=True)
    return file.getvalue()
