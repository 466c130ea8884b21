"""Primitives under KHR_draco_mesh_compression (Khronos, ratified 2018), decoded by DracoPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN
from relicscan.formats._gltf_accessors import Accessors
from relicscan.formats._gltf_document import Part, gltf_error
from relicscan.formats._text import shown


def draco_decoded(
    draco: Part, primitive: Part, accessors: Accessors
) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """Attributes (n, components) and indices (3 m,) of a primitive, by its extension object.

    The extension maps attribute names to Draco's unique ids, which need not be
    in any order. Raises ScanError.
    """
    import DracoPy

    attributes = primitive.child("attributes")
    data = bytes(accessors.view(draco.integer("bufferView")))
    try:
        decoded = DracoPy.decode(data)
        by_id = {int(a["unique_id"]): np.asarray(a["data"]) for a in decoded.attributes}
        faces = np.asarray(getattr(decoded, "faces", np.empty((0, 3))), np.int64)
    except Exception as error:  # whatever the decoder makes of hostile bytes
        raise ScanError(
            f"{draco.where} cannot be decoded ({shown(str(error))})", remedy=COPY_AGAIN
        ) from None
    ids = draco.child("attributes")
    stored = {}
    for name in ids.data:
        if name in attributes.data:
            unique_id = ids.integer(name)
            if unique_id not in by_id:
                raise gltf_error(f"{ids.where}.{name} is not among the decoded attributes")
            array = by_id[unique_id].reshape(len(by_id[unique_id]), -1)
            stored[name] = _typed(array, accessors.dtype(attributes.integer(name)))
    if "POSITION" not in stored:
        raise gltf_error(f"{draco.where} has no POSITION")
    _check_claims(primitive, accessors, len(stored["POSITION"]), faces.size)
    return stored, faces.reshape(-1)


def _typed(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """In the accessor's type where that can hold it: DracoPy widens whole numbers."""
    with np.errstate(all="ignore"):
        typed = array.astype(dtype)
    same = np.array_equal(typed, array, equal_nan=typed.dtype.kind == array.dtype.kind == "f")
    return typed if same else array


def _check_claims(primitive: Part, accessors: Accessors, vertices: int, corners: int) -> None:
    """Refuse compressed data that hold more than their accessors say: by those they were counted.

    Less is passed over: exporters state what there was before equal vertices were joined.
    """
    claimed = accessors.count(primitive.child("attributes").integer("POSITION"))
    index = primitive.reference("indices")
    most_corners = claimed if index is None else accessors.count(index)
    if vertices > claimed or corners > most_corners:
        raise gltf_error(
            f"{primitive.where} announces {claimed:,} vertices and {most_corners:,} indices, but "
            f"its compressed data have {vertices:,} and {corners:,}"
        )
