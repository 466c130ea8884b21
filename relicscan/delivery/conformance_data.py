"""The half of the checks that looks at numbers: accessors, and the meshes made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from relicscan.delivery.findings import Document

_DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_ARRAY_BUFFER, _ELEMENT_ARRAY_BUFFER = 34962, 34963

#: How far a normal's length may be from 1. Khronos' validator takes 0.006 for floats; a normal
#: in 8 bits is rounded by up to half of 1/127 in each of three directions.
_UNIT_TOLERANCE = {"f": 0.006, "i": 0.02}

#: Accessors may share bytes; a file of a few kB could have the same bytes looked at for days.
_MAX_READS_OF_FILE = 64


def check_accessors_and_meshes(doc: Document) -> None:
    """Sections 3.6 and 3.7 of glTF 2.0."""
    accessors = _Accessors(doc)
    for i in range(len(doc.objects("accessors"))):
        accessors.array(i)
    triangles = 0
    for m, mesh in enumerate(doc.objects("meshes")):
        primitives = mesh.get("primitives")
        if not isinstance(primitives, list) or not primitives:
            doc.error("EMPTY_ENTITY", "a mesh without primitives", f"/meshes/{m}/primitives")
            continue
        for p, primitive in enumerate(primitives):
            pointer = f"/meshes/{m}/primitives/{p}"
            if isinstance(primitive, dict):
                triangles += _check_primitive(doc, accessors, primitive, pointer)
            else:
                doc.error("ARRAY_TYPE_MISMATCH", "not an object", pointer)
    if not triangles:
        doc.warning("NO_TRIANGLES", "the file shows nothing: it has no triangles")


class _Accessors:
    """Each accessor's numbers, checked once against the bytes that are there."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.known: dict[int, NDArray[Any] | None] = {}
        self.budget = _MAX_READS_OF_FILE * len(doc.binary or b"")

    def array(self, index: int) -> NDArray[Any] | None:
        """(count, width) as stored, or None where it is not (readably) in the file."""
        if index not in self.known:
            array = self._read(index)
            self.known[index] = array
            if array is not None:
                if self.afford(array.nbytes):
                    self._check_values(index, array)
                else:
                    self.known[index] = None
        return self.known[index]

    def afford(self, size_bytes: int) -> bool:
        """Whether so many bytes may still be looked at."""
        if self.budget >= 0 > self.budget - size_bytes:
            self.doc.error("ACCESSOR_OVERLAP", "the same bytes are used over and over without end")
        self.budget -= size_bytes
        return self.budget >= 0

    def _read(self, index: int) -> NDArray[Any] | None:
        doc, pointer = self.doc, f"/accessors/{index}"
        accessor = doc.objects("accessors")[index]
        component, kind = accessor.get("componentType"), accessor.get("type")
        if not isinstance(component, int) or component not in _DTYPES:
            doc.error("VALUE_NOT_IN_LIST", f"componentType {component!r}", pointer)
            return None
        if not isinstance(kind, str) or kind not in _WIDTHS:
            doc.error("VALUE_NOT_IN_LIST", f"type {kind!r}", pointer)
            return None
        count = doc.integer(accessor, "count", pointer, at_least=1)
        offset = doc.integer(accessor, "byteOffset", pointer, default=0)
        view = doc.reference(accessor, "bufferView", "bufferViews", pointer)
        if "sparse" in accessor:
            doc.info(
                "SPARSE_NOT_CHECKED", "the content of a sparse accessor is not checked", pointer
            )
            return None
        if view is None or count is None or offset is None:
            return None
        dtype, width = np.dtype(_DTYPES[component]), _WIDTHS[kind]
        described = doc.objects("bufferViews")[view]
        element = dtype.itemsize * width
        stride = doc.integer(described, "byteStride", f"/bufferViews/{view}", default=element)
        start = described.get("byteOffset", 0)
        if isinstance(start, int) and (start + offset) % dtype.itemsize:
            message = f"starts at byte {start + offset}, no multiple of {dtype.itemsize}"
            doc.error("ACCESSOR_TOTAL_OFFSET_ALIGNMENT", message, pointer)
            return None
        data = doc.view_bytes(view)
        if data is None or stride is None:
            if doc.at(described, "extensions"):
                doc.info("COMPRESSED_NOT_CHECKED", "compressed content is not checked", pointer)
            return None
        if not element <= stride <= 252:  # 252 is the specification's limit
            message = f"byteStride {stride} for elements of {element} bytes"
            doc.error("ACCESSOR_SMALL_BYTESTRIDE", message, pointer)
            return None
        if offset + stride * (count - 1) + element > len(data):
            message = f"{count} elements do not fit the {len(data)} bytes of bufferView {view}"
            doc.error("ACCESSOR_TOO_LONG", message, pointer)
            return None
        return np.ndarray((count, width), dtype, data, offset, (stride, dtype.itemsize))

    def _check_values(self, index: int, array: NDArray[Any]) -> None:
        doc, pointer = self.doc, f"/accessors/{index}"
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
            doc.error("ACCESSOR_INVALID_FLOAT", f"element {bad} is not a finite number", pointer)
            return
        accessor = doc.objects("accessors")[index]
        for key, actual in (("min", array.min(axis=0)), ("max", array.max(axis=0))):
            if key not in accessor:
                continue
            stated = accessor[key]
            numbers = isinstance(stated, list) and all(
                isinstance(v, int | float) and not isinstance(v, bool) for v in stated
            )
            if not numbers or len(stated) != len(actual):
                message = f"{key} is not {len(actual)} numbers"
                doc.error("ARRAY_LENGTH_NOT_IN_LIST", message, f"{pointer}/{key}")
            elif [_rounded(v, array.dtype) for v in stated] != actual.tolist():
                message = f"{key} says {stated}, the data say {actual.tolist()}"
                doc.error(f"ACCESSOR_{key.upper()}_MISMATCH", message, f"{pointer}/{key}")


def _rounded(value: float, dtype: np.dtype[Any]) -> float:
    """A JSON number as the accessor's type holds it; whole numbers stay exact."""
    if dtype.kind != "f" or abs(value) > float(np.finfo(np.float32).max):
        return value
    return float(np.float32(value))


def _check_primitive(
    doc: Document, accessors: _Accessors, primitive: dict[str, Any], pointer: str
) -> int:
    """One primitive; returns its number of triangles, as far as they can be counted."""
    attributes = primitive.get("attributes")
    if not isinstance(attributes, dict) or "POSITION" not in attributes:
        doc.error("MESH_PRIMITIVE_NO_POSITION", "no POSITION attribute", f"{pointer}/attributes")
        return 0
    material = doc.reference(primitive, "material", "materials", pointer)
    indices_at = doc.reference(primitive, "indices", "accessors", pointer)
    mode = doc.integer(primitive, "mode", pointer, default=4)
    # Under Draco the accessors only describe what comes out of the decoder.
    if "KHR_draco_mesh_compression" in doc.at(primitive, "extensions"):
        doc.info("COMPRESSED_NOT_CHECKED", "content under Draco is not checked", pointer)
        described = doc.objects("accessors")[indices_at] if indices_at is not None else {}
        count = described.get("count")
        return count // 3 if isinstance(count, int) else 0

    counts: dict[str, int] = {}
    arrays: dict[str, NDArray[Any] | None] = {}
    for name in attributes:
        where = f"{pointer}/attributes"
        at = doc.reference(attributes, name, "accessors", where)
        if at is None:
            continue
        accessor = doc.objects("accessors")[at]
        count = accessor.get("count")
        if isinstance(count, int):
            counts[name] = count
        if _has_right_type(doc, name, accessor, f"{where}/{name}"):
            arrays[name] = accessors.array(at)
            _check_attribute(doc, name, accessor, arrays[name], f"{where}/{name}")
    if len(set(counts.values())) > 1:
        message = f"attributes of different lengths: {counts}"
        doc.error("MESH_PRIMITIVE_UNEQUAL_ACCESSOR_COUNT", message, pointer)
        return 0
    if material is not None:
        _check_material_needs(doc, doc.objects("materials")[material], attributes, pointer)
    positions = arrays.get("POSITION")
    if mode != 4 or positions is None or "POSITION" not in counts:
        return 0
    if indices_at is None:
        corners: NDArray[Any] | None = np.arange(len(positions))
    else:
        corners = _indices(doc, accessors, indices_at, len(positions))
    if corners is None or not accessors.afford(12 * len(corners) + positions.nbytes):
        return 0
    if len(corners) % 3:
        message = f"{len(corners)} corners do not make triangles"
        doc.warning("MESH_PRIMITIVE_INCOMPATIBLE_MODE", message, pointer)
    return _check_triangles(doc, positions, corners[: len(corners) // 3 * 3], pointer)


def _check_material_needs(
    doc: Document, material: dict[str, Any], attributes: dict[str, Any], pointer: str
) -> None:
    pbr = doc.at(material, "pbrMetallicRoughness")
    infos = [(pbr, "baseColorTexture"), (pbr, "metallicRoughnessTexture")]
    infos += [(material, f"{kind}Texture") for kind in ("normal", "occlusion", "emissive")]
    for owner, key in infos:
        wanted = f"TEXCOORD_{doc.at(owner, key).get('texCoord', 0)}"
        if key in owner and wanted not in attributes:
            message = f"the material has a {key}, the mesh no {wanted}"
            doc.error("MESH_PRIMITIVE_TOO_FEW_TEXCOORDS", message, pointer)
    if "normalTexture" in material and "TANGENT" not in attributes:
        message = "the material has a normal map, the mesh no tangents: every viewer makes its own"
        doc.warning("MESH_PRIMITIVE_GENERATED_TANGENT_SPACE", message, f"{pointer}/material")


_FLOAT, _BYTE, _UBYTE, _SHORT, _USHORT = 5126, 5120, 5121, 5122, 5123
_CORE_FORMATS: dict[str, tuple[tuple[int, bool], ...]] = {
    "POSITION": ((_FLOAT, False),),
    "NORMAL": ((_FLOAT, False),),
    "TANGENT": ((_FLOAT, False),),
    "TEXCOORD": ((_FLOAT, False), (_UBYTE, True), (_USHORT, True)),
    "COLOR": ((_FLOAT, False), (_UBYTE, True), (_USHORT, True)),
}
_ANY_SMALL = tuple(
    (c, normal) for c in (_BYTE, _UBYTE, _SHORT, _USHORT) for normal in (False, True)
)
_SIGNED = ((_BYTE, True), (_SHORT, True))
#: What KHR_mesh_quantization allows besides.
_QUANTIZED_FORMATS = {
    "POSITION": _ANY_SMALL,
    "NORMAL": _SIGNED,
    "TANGENT": _SIGNED,
    "TEXCOORD": _ANY_SMALL,
}
_TYPES = {
    "POSITION": ("VEC3",),
    "NORMAL": ("VEC3",),
    "TANGENT": ("VEC4",),
    "TEXCOORD": ("VEC2",),
    "COLOR": ("VEC3", "VEC4"),
}


def _has_right_type(doc: Document, name: str, accessor: dict[str, Any], pointer: str) -> bool:
    """Whether the accessor is of a type that the attribute may have (section 3.7.2.1)."""
    kind = name.rstrip("0123456789").rstrip("_")
    wanted = _TYPES.get(kind, ())
    if wanted and accessor.get("type") not in wanted:
        message = f"{name} is {accessor.get('type')!r} instead of {' or '.join(wanted)}"
        doc.error("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT", message, pointer)
        return False
    found = (accessor.get("componentType"), accessor.get("normalized", False))
    formats: tuple[Any, ...] = _CORE_FORMATS.get(kind, (found,))
    if "KHR_mesh_quantization" in doc.names("extensionsRequired"):
        formats += _QUANTIZED_FORMATS.get(kind, ())
    if found not in formats:
        whole = "normalized whole" if found[1] is True else "whole"
        message = f"{name} has {whole} numbers of type {found[0]!r}, which it may not have here"
        doc.error("MESH_PRIMITIVE_ATTRIBUTES_ACCESSOR_INVALID_FORMAT", message, pointer)
        return False
    return True


def _check_attribute(
    doc: Document, name: str, accessor: dict[str, Any], array: NDArray[Any] | None, pointer: str
) -> None:
    if name == "POSITION" and not ("min" in accessor and "max" in accessor):
        message = "POSITION without min and max"
        doc.error("MESH_PRIMITIVE_POSITION_ACCESSOR_WITHOUT_BOUNDS", message, pointer)
    _check_view(doc, accessor, _ARRAY_BUFFER, pointer)
    if array is None:
        return
    if array.strides[0] % 4 or int(accessor.get("byteOffset", 0)) % 4:
        message = "vertex data must lie on 4-byte boundaries"
        doc.error("MESH_PRIMITIVE_ACCESSOR_UNALIGNED", message, pointer)
    if name in ("NORMAL", "TANGENT") and np.isfinite(array).all():
        scale = 1.0 if array.dtype.kind == "f" else float(np.iinfo(array.dtype).max)
        length = np.linalg.norm(array[:, :3].astype(np.float64) / scale, axis=1)
        bad = np.abs(length - 1) > _UNIT_TOLERANCE.get(array.dtype.kind, 0.02)
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            message = (
                f"{int(bad.sum())} of {len(bad)} are not of unit length; "
                f"the first is element {first}, of length {length[first]:.6g}"
            )
            doc.error("ACCESSOR_VECTOR3_NON_UNIT", message, pointer)
        if name == "TANGENT" and not (np.abs(array[:, 3]) == scale).all():
            message = "the fourth number of a tangent must be 1 or -1"
            doc.error("ACCESSOR_INVALID_SIGN", message, pointer)


def _check_view(doc: Document, accessor: dict[str, Any], target: int, pointer: str) -> None:
    view = accessor.get("bufferView")
    if isinstance(view, int) and 0 <= view < len(doc.objects("bufferViews")):
        stated = doc.objects("bufferViews")[view].get("target")
        if stated is None:
            message = f"bufferView {view} does not say what it is for (target)"
            doc.info("BUFFER_VIEW_TARGET_MISSING", message, pointer)
        elif stated != target:
            message = f"bufferView {view} is used both for vertices and for indices"
            doc.error("BUFFER_VIEW_TARGET_OVERRIDE", message, pointer)


def _indices(
    doc: Document, accessors: _Accessors, at: int, vertex_count: int
) -> NDArray[Any] | None:
    accessor, pointer = doc.objects("accessors")[at], f"/accessors/{at}"
    if accessor.get("type") != "SCALAR" or accessor.get("componentType") not in (5121, 5123, 5125):
        message = "indices must be unsigned whole numbers"
        doc.error("MESH_PRIMITIVE_INDICES_ACCESSOR_INVALID_FORMAT", message, pointer)
        return None
    _check_view(doc, accessor, _ELEMENT_ARRAY_BUFFER, pointer)
    array = accessors.array(at)
    if array is None:
        return None
    corners = array[:, 0]
    highest = int(corners.max())
    if highest == np.iinfo(corners.dtype).max:
        message = f"index {highest} means 'restart' to a graphics card"
        doc.error("ACCESSOR_INDEX_PRIMITIVE_RESTART", message, pointer)
        return None
    if highest >= vertex_count:
        message = f"index {highest} of only {vertex_count} vertices"
        doc.error("ACCESSOR_INDEX_OOB", message, pointer)
        return None
    return corners


def _check_triangles(
    doc: Document, positions: NDArray[Any], corners: NDArray[Any], pointer: str
) -> int:
    used = np.zeros(len(positions), dtype=bool)
    used[corners] = True
    unused = len(used) - int(used.sum())
    if unused:
        message = f"{unused} of {len(positions)} vertices belong to no triangle"
        doc.warning("VERTICES_UNREFERENCED", message, pointer)
    triangles = corners.reshape(-1, 3)
    a, b, c = (positions[triangles[:, i]].astype(np.float64) for i in range(3))
    with np.errstate(all="ignore"):
        flat = np.asarray(~np.cross(b - a, c - a).any(axis=1))
    if flat.any():
        message = f"{int(flat.sum())} of {len(flat)} triangles have no area"
        doc.warning("ACCESSOR_INDEX_TRIANGLE_DEGENERATE", message, pointer)
    return len(triangles)
