"""Files that a scan file refers to: found inside its own folder, or not at all.

A material library, a texture or a glTF buffer is named by whoever wrote the
scan. Followed blindly, `map_Kd ../secret.png`, an absolute path or a symbolic
link would end up published inside a GLB (Open3D follows all three). So every
reference goes through `resolve_reference`, which knows one rule: a regular file
in the folder of the file that names it, or below.

Geometry is worth more than its picture: `TextureFiles` and `embedded_texture`
turn whatever is wrong with an image into a warning, and the relic is read
without it.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from relicscan.errors import ScanError
from relicscan.formats.images import load_texture
from relicscan.relic import Texture

#: Looking for a file costs a look into its folder. No scan is painted with more images than this.
MOST_REFERENCES = 1000

_SCHEME_OR_DRIVE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|:")


def resolve_reference(base_file: Path, reference: str, *, url_encoded: bool = False) -> Path:
    r"""The file that `base_file` means by `reference`: a regular file in its folder or below.

    Backslashes count as slashes, and where the exact name is missing, one that
    differs only in case or Unicode form is taken: Windows and macOS tools write
    such names. With `url_encoded` (glTF) `%20` is decoded, and the name as it
    stands is tried second, since many exporters do not encode.

    Raises ScanError for absolute paths, drive letters, URLs of any scheme, paths
    and symbolic links that leave the folder, anything but a regular file, and
    files that do not exist.
    """
    folder = base_file.parent
    readings = dict.fromkeys([unquote(reference), reference] if url_encoded else [reference])
    for reading in readings:
        found = _find(folder, _parts_inside(base_file, reading))
        if found is None:
            continue
        if not is_inside(found, folder):
            raise _refused(base_file, reference, "a symbolic link that leads out of the folder")
        if not stat.S_ISREG(found.stat().st_mode):
            raise _refused(base_file, reference, "not a regular file")
        return found
    raise ScanError(
        f"it refers to '{_shown(reference)}', which is missing",
        scan=base_file.name,
        remedy=f"copy the missing file into the folder of {base_file.name}, under that name",
    )


def is_inside(path: Path, folder: Path) -> bool:
    """Whether what lies at `path`, all links followed, lies in `folder` or below."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def existing_references(
    base_file: Path, references: Iterable[str], *, url_encoded: bool = False
) -> list[Path]:
    """Those of `references` that exist inside the folder, each once, in order of appearance.

    Of more than MOST_REFERENCES different ones, the first.
    """
    found: dict[Path, None] = {}
    for reference in islice(dict.fromkeys(references), MOST_REFERENCES):
        with suppress(ScanError):
            found[resolve_reference(base_file, reference, url_encoded=url_encoded)] = None
    return list(found)


class TextureFiles:
    """The textures that one scan names. Each is read once, under however many names it goes.

    Memory would else be what a material library of a few lines makes of one large image.
    """

    def __init__(self) -> None:
        self._by_name: dict[tuple[Path, str], Texture | None] = {}
        self._by_file: dict[str, Texture | None] = {}

    def get(
        self, base_file: Path, reference: str, *, url_encoded: bool = False
    ) -> tuple[Texture | None, tuple[str, ...]]:
        """The texture, or None; warnings say what to do about it, where it was not said before."""
        name = (base_file.parent, reference)
        if name in self._by_name:
            return self._by_name[name], ()
        if len(self._by_name) > MOST_REFERENCES:
            return None, ()
        self._by_name[name] = None
        if len(self._by_name) > MOST_REFERENCES:
            return None, (f"read without some textures: more than {MOST_REFERENCES:,} are named",)
        try:
            path = resolve_reference(base_file, reference, url_encoded=url_encoded)
            file = os.path.realpath(path)
            warnings: tuple[str, ...] = ()
            if file not in self._by_file:
                self._by_file[file] = None  # what is broken is so under any name
                # glTF 2.0 (3.8.3) has readers ignore what an image says of its colours.
                self._by_file[file], warnings = load_texture(
                    path, name=path.name, profiles=not url_encoded
                )
            self._by_name[name] = self._by_file[file]
            return self._by_file[file], warnings
        except ScanError as error:
            return None, (_without_texture(error),)
        except OSError as error:
            unreadable = ScanError(
                f"the image '{_shown(reference)}' cannot be read ({error.strerror or error})",
                remedy="check that you may read it",
            )
            return None, (_without_texture(unreadable),)


def embedded_texture(data: bytes, *, name: str) -> tuple[Texture | None, tuple[str, ...]]:
    """The texture that lies inside a glTF file, or None and a warning."""
    try:
        return load_texture(data, name=name, profiles=False)
    except ScanError as error:
        return None, (_without_texture(error),)


def _parts_inside(base_file: Path, reference: str) -> list[str]:
    """The path's components, `.` and `..` worked out; ScanError if it is not ours to open."""
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in reference):
        raise _refused(base_file, reference, "a name with characters that no file name has")
    path = reference.strip().replace("\\", "/")
    if _SCHEME_OR_DRIVE.match(path):
        raise _refused(base_file, reference, "a URL or a path with a drive letter")
    if path.startswith("/"):
        raise _refused(base_file, reference, "an absolute path")
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise _refused(base_file, reference, "a path that leaves the folder")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    if not parts:
        raise _refused(base_file, reference, "no file name")
    return parts


def _find(folder: Path, parts: list[str]) -> Path | None:
    """The path of `parts` below `folder`; exact names first, then any case and Unicode form."""
    path = folder
    try:
        for part in parts:
            exact = path / part
            if not exact.exists():
                wanted = _folded(part)
                near = sorted(other for other in path.iterdir() if _folded(other.name) == wanted)
                if not near:
                    return None
                exact = near[0]
            path = exact
        return path if path.exists() else None
    except OSError:  # a name that is too long, a file where a folder should be
        return None


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _refused(base_file: Path, reference: str, what: str) -> ScanError:
    name = re.split(r"[\\/]", reference.strip())[-1]
    return ScanError(
        f"it refers to '{_shown(reference)}', {what}: only files in its own folder are read",
        scan=base_file.name,
        remedy=f"put '{_shown(name)}' into the folder of {base_file.name} "
        "and let the reference be its bare name",
    )


def _shown(text: str) -> str:
    """A path as a message can print it, long enough to be recognised."""
    clean = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:121])
    return clean if len(text) <= 120 else clean[:120] + "…"


def _without_texture(error: ScanError) -> str:
    return f"read without a texture: {error.message}; {error.remedy}, then run again"
