"""Our own checks of a GLB: for machines without node, and for what the validator lets pass.

The rules are glTF 2.0's, and a finding bears the Khronos validator's code where
that has one, so that the two can be compared. Stricter than it on three points,
because a delivered relic must be whole and light: nothing may point outside the
file, no triangle may be without area, no vertex without a triangle.

What is compressed (Draco, meshopt) is decoded and held to the same rules.

The file is hostile until checked: every count is held against the bytes that are
there, and nothing in a file can raise an exception here.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from pathlib import Path
from typing import Any

from relicscan.delivery.conformance_data import check_accessors_and_meshes
from relicscan.delivery.decoded import decoded, is_compressed
from relicscan.delivery.findings import Document, Finding
from relicscan.delivery.xmp import EXTENSION as XMP
from relicscan.errors import RelicscanError, ScanError
from relicscan.formats._gltf_meshopt import MESHOPT
from relicscan.formats.images import image_type


def check_glb(path: Path) -> list[Finding]:
    """What is wrong with a GLB file, worst first; an empty list is a good file.

    Raises ScanError only where the file cannot be opened.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ScanError(
            f"the file cannot be read ({error.strerror or error})",
            scan=path.name,
            remedy="check that it exists and that you may read it",
        ) from None
    doc = Document()
    text, doc.binary = _chunks(data, doc)
    if text is not None and (content := _parse(text, doc)) is not None:
        doc.content = content
        _check_asset(doc)
        _check_extensions(doc)
        _check_packets(doc)
        _check_buffers(doc)
        if is_compressed(content):
            doc = _decoded(data, doc)
        check_accessors_and_meshes(doc)
        _check_materials(doc)
        _check_scene(doc)
    return doc.sorted_findings()


def _decoded(data: bytes, doc: Document) -> Document:
    """The document of the decoded file, with what was found so far; numbers stay the same."""
    try:
        text, binary = _chunks(decoded(data), doc)
        content = None if text is None else _parse(text, doc)
    except RelicscanError as error:
        doc.error("COMPRESSED_UNREADABLE", f"the content cannot be decoded: {error.message}")
        return doc
    return doc if content is None else Document(content, binary, doc.findings)


def _chunks(data: bytes, doc: Document) -> tuple[bytes | None, memoryview | None]:
    """The JSON and BIN chunks (section 4.4)."""
    if len(data) < 12:
        doc.error("GLB_UNEXPECTED_END_OF_HEADER", f"the file has only {len(data)} bytes")
        return None, None
    magic, version, length = struct.unpack_from("<4sII", data)
    if magic != b"glTF":
        doc.error("GLB_INVALID_MAGIC", "the file is no GLB: it does not begin with 'glTF'")
        return None, None
    if version != 2:
        doc.error("GLB_INVALID_VERSION", f"container version {version} instead of 2")
        return None, None
    if length != len(data):
        doc.error(
            "GLB_LENGTH_MISMATCH",
            f"the header says {length} bytes, the file has {len(data)}: it is cut or was added to",
        )
    found: dict[bytes, memoryview] = {}
    at, position = 12, 0
    while at < len(data):
        if at + 8 > len(data):
            doc.error("GLB_UNEXPECTED_END_OF_CHUNK_HEADER", f"{len(data) - at} bytes too many")
            break
        size, kind = struct.unpack_from("<I4s", data, at)
        if size % 4:
            doc.error("GLB_CHUNK_LENGTH_UNALIGNED", f"chunk {position} has {size} bytes")
        if at + 8 + size > len(data):
            doc.error(
                "GLB_UNEXPECTED_END_OF_CHUNK_DATA",
                f"chunk {position} should have {size} bytes, {len(data) - at - 8} are there",
            )
            break
        if position == 0 and kind != b"JSON":
            doc.error("GLB_UNEXPECTED_FIRST_CHUNK", f"the first chunk is {kind!r}, not JSON")
            break
        if kind in found:
            doc.error("GLB_DUPLICATE_CHUNK", f"a second chunk {kind!r}")
        elif kind == b"BIN\0" and position != 1:
            doc.error("GLB_UNEXPECTED_BIN_CHUNK", "the BIN chunk is not the second")
        elif kind not in (b"JSON", b"BIN\0"):
            doc.warning("GLB_UNKNOWN_CHUNK_TYPE", f"a chunk of unknown type {kind!r}")
        found.setdefault(kind, memoryview(data)[at + 8 : at + 8 + size])
        at, position = at + 8 + size, position + 1
    text = found.get(b"JSON")
    return None if text is None else bytes(text), found.get(b"BIN\0")


def _parse(text: bytes, doc: Document) -> dict[str, Any] | None:
    def no_number(name: str) -> None:
        raise ValueError(f"{name} is no JSON number")

    try:
        content = json.loads(text.decode("utf-8"), parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        doc.error("INVALID_JSON", f"the JSON chunk cannot be parsed ({error})")
        return None
    if not isinstance(content, dict):
        doc.error("TYPE_MISMATCH", "the JSON chunk is not an object")
        return None
    return content


def _check_asset(doc: Document) -> None:
    asset = doc.content.get("asset")
    version = asset.get("version") if isinstance(asset, dict) else None
    if not isinstance(version, str):
        doc.error("UNDEFINED_PROPERTY", "asset.version is missing", "/asset/version")
    elif not version.startswith("2."):
        message = f"glTF version {version!r} instead of 2.0"
        doc.error("UNKNOWN_ASSET_MAJOR_VERSION", message, "/asset/version")


def _check_extensions(doc: Document) -> None:
    """Declared, required and present must agree (section 3.12)."""
    used, required = doc.names("extensionsUsed"), doc.names("extensionsRequired")
    for name in sorted(required - used):
        message = f"{name} is required but not in extensionsUsed"
        doc.error("UNSATISFIED_DEPENDENCY", message, "/extensionsRequired")
    present: set[str] = set()
    queue: deque[Any] = deque([doc.content])
    while queue:
        value = queue.popleft()
        if isinstance(value, dict):
            if isinstance(value.get("extensions"), dict):
                present.update(value["extensions"])
            queue.extend(v for k, v in value.items() if k != "extras")
        elif isinstance(value, list):
            queue.extend(v for v in value if isinstance(v, dict | list))
    for name in sorted(present - used):
        message = f"{name} is used but not declared in extensionsUsed"
        doc.error("UNDECLARED_EXTENSION", message, "/extensionsUsed")
    # A warning only: an extension we do not know may have no object of its own,
    # as quantization has none.
    for name in sorted(required - present - {"KHR_mesh_quantization"}):
        message = f"{name} is required but used nowhere"
        doc.warning("UNUSED_EXTENSION_REQUIRED", message, "/extensionsRequired")
    if "EXT_texture_webp" in present - required and any(
        "source" not in t for t in doc.objects("textures")
    ):
        message = "WebP textures without a fallback need EXT_texture_webp in extensionsRequired"
        doc.error("NON_REQUIRED_EXTENSION", message, "/extensionsRequired")


def _check_packets(doc: Document) -> None:
    """Metadata (KHR_xmp_json_ld), into which the Khronos validator does not look."""
    extensions = doc.at(doc.content, "extensions")
    pointer = f"/extensions/{XMP}/packets"
    packets = doc.at(extensions, XMP).get("packets")
    if XMP not in extensions:
        packets = []
    elif not isinstance(packets, list) or not packets:
        doc.error("TYPE_MISMATCH", "packets is no array with a packet in it", pointer)
        packets = []
    for i, packet in enumerate(packets):
        context = packet.get("@context") if isinstance(packet, dict) else None
        if not isinstance(context, dict) or not all(isinstance(c, str) for c in context.values()):
            message = "the packet has no @context that names its vocabularies"
            doc.error("UNDEFINED_PROPERTY", message, f"{pointer}/{i}/@context")
    asset = doc.at(doc.content, "asset", "extensions")
    if XMP in asset:
        where = f"/asset/extensions/{XMP}"
        index = doc.integer(doc.at(asset, XMP), "packet", where)
        if index is not None and index >= len(packets):
            doc.error("UNRESOLVED_REFERENCE", f"there is no packet {index}", f"{where}/packet")


def _check_buffers(doc: Document) -> None:
    for i, buffer in enumerate(doc.objects("buffers")):
        pointer = f"/buffers/{i}"
        length = doc.integer(buffer, "byteLength", pointer, at_least=1)
        if "uri" in buffer:
            message = "the buffer points outside the file: everything belongs into the BIN chunk"
            doc.error("URI_GLB", message, f"{pointer}/uri")
        elif i > 0 and not any(
            doc.at(buffer, "extensions", name).get("fallback") is True for name in MESHOPT
        ):
            message = "only the first buffer can have the BIN chunk, and this one has no data"
            doc.error("BUFFER_WITHOUT_DATA", message, pointer)
        elif i == 0 and length is not None:
            if doc.binary is None:
                message = "the buffer's bytes are missing: there is no BIN chunk"
                doc.error("BUFFER_MISSING_GLB_DATA", message, pointer)
            elif length > len(doc.binary):
                message = f"the buffer claims {length} bytes, the BIN chunk has {len(doc.binary)}"
                doc.error("BUFFER_BYTE_LENGTH_MISMATCH", message, pointer)
            elif len(doc.binary) - length > 3:
                message = f"the BIN chunk has {len(doc.binary) - length} bytes after the buffer"
                doc.warning("BUFFER_GLB_CHUNK_TOO_BIG", message, pointer)
    for i in range(len(doc.objects("bufferViews"))):
        doc.view_bytes(i)


def _check_materials(doc: Document) -> None:
    for i, image in enumerate(doc.objects("images")):
        pointer = f"/images/{i}"
        if "uri" in image:
            message = "the image points outside the file: it belongs into the BIN chunk"
            doc.error("URI_GLB", message, f"{pointer}/uri")
            continue
        view = doc.reference(image, "bufferView", "bufferViews", pointer, needed=True)
        data = None if view is None else doc.view_bytes(view)
        if data is None:
            continue
        mime, found = image.get("mimeType"), image_type(bytes(data[:16]))
        if mime == "image/ktx2":
            continue
        if found is None:
            doc.error("IMAGE_UNRECOGNIZED_FORMAT", "the image is no JPEG, PNG or WebP", pointer)
        elif found != mime:
            message = f"the image is {found} but declared as {mime!r}"
            doc.error("IMAGE_MIME_TYPE_INVALID", message, f"{pointer}/mimeType")
    for i, texture in enumerate(doc.objects("textures")):
        doc.reference(texture, "sampler", "samplers", f"/textures/{i}")
        source = doc.reference(texture, "source", "images", f"/textures/{i}")
        webp = doc.at(texture, "extensions", "EXT_texture_webp")
        doc.reference(
            webp,
            "source",
            "images",
            f"/textures/{i}/extensions/EXT_texture_webp",
            needed=bool(webp),
        )
        if source is not None and doc.objects("images")[source].get("mimeType") == "image/webp":
            message = "a WebP image may only be named by EXT_texture_webp"
            doc.error("TEXTURE_INVALID_IMAGE_MIME_TYPE", message, f"/textures/{i}/source")
    for i, material in enumerate(doc.objects("materials")):
        pbr = doc.at(material, "pbrMetallicRoughness")
        for owner, key, where in (
            (pbr, "baseColorTexture", "/pbrMetallicRoughness"),
            (pbr, "metallicRoughnessTexture", "/pbrMetallicRoughness"),
            (material, "normalTexture", ""),
            (material, "occlusionTexture", ""),
            (material, "emissiveTexture", ""),
        ):
            if key in owner:
                pointer = f"/materials/{i}{where}/{key}"
                doc.reference(doc.at(owner, key), "index", "textures", pointer, needed=True)


def _check_scene(doc: Document) -> None:
    """Nodes form trees: one parent each, no loops (section 3.5.2)."""
    nodes = doc.objects("nodes")
    doc.reference(doc.content, "scene", "scenes", "")
    parent: dict[int, int] = {}
    for i, node in enumerate(nodes):
        doc.reference(node, "mesh", "meshes", f"/nodes/{i}")
        for child in doc.references(node, "children", "nodes", f"/nodes/{i}"):
            if child in parent:
                message = f"node {child} has two parents"
                doc.error("NODE_PARENT_OVERRIDE", message, f"/nodes/{i}/children")
            parent.setdefault(child, i)
    cleared: set[int] = set()
    for start in range(len(nodes)):
        path: set[int] = set()
        at: int | None = start
        while at is not None and at not in cleared:
            if at in path:
                doc.error("NODE_LOOP", "the node is its own ancestor", f"/nodes/{at}")
                break
            path.add(at)
            at = parent.get(at)
        cleared |= path
    for i, scene in enumerate(doc.objects("scenes")):
        for root in doc.references(scene, "nodes", "nodes", f"/scenes/{i}"):
            if root in parent:
                message = f"node {root} is no root"
                doc.error("SCENE_NON_ROOT_NODE", message, f"/scenes/{i}/nodes")
