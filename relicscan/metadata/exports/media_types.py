"""Media types (IANA) of the files that relics have, by the ending of their names."""

from __future__ import annotations

from pathlib import PurePosixPath

GLB = "model/gltf-binary"

#: PLY has none.
_TYPES = {
    ".glb": GLB,
    ".usdz": "model/vnd.usdz+zip",
    ".webp": "image/webp",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".json": "application/json",
}


def media_type(path: str) -> str | None:
    """The media type of a file, None of one that has none."""
    return _TYPES.get(PurePosixPath(path).suffix.lower())
