"""MTL, the material libraries of OBJ: a name, a colour and the texture it is painted with.

Stands on Wavefront's "MTL material format" (Advanced Visualizer manual,
appendix B1, 1995) and on what exporters make of it: file names with spaces and
quotes, Windows paths, names in the code page of the exporting machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from relicscan.errors import ScanError
from relicscan.formats._text import shown
from relicscan.formats.references import MOST_REFERENCES, TextureFiles, resolve_reference
from relicscan.relic import Material

_MAX_MTL_BYTES = 1 << 24
_TOLD = 5  # of things that a warning lists
#: Encodings tried in this order; the last takes every byte.
_ENCODINGS = ("utf-8", "gb18030", "cp1252", "latin-1")

#: Statements that name an image.
_IMAGE = re.compile(r"(map_\w{1,40}|bump|disp|decal|norm|refl)$")
_NUMBER = r"[-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?"  # possessive: read once, however long
#: Options of texture statements: -o, -s and -t take one to three numbers, -mm two, others a word.
_OPTION = re.compile(
    rf"-(?P<vector>[ost])(?P<numbers>(?:\s+{_NUMBER}(?=\s)){{1,3}})\s+"
    rf"|-mm\s+{_NUMBER}\s+{_NUMBER}\s+"
    r"|-(?:blendu|blendv|boost|cc|clamp|imfchan|texres|type|bm)\s+\S+\s+",
    re.IGNORECASE,
)


@dataclass
class MtlEntry:
    """A material as its library describes it, names still unresolved.

    scale and offset apply to texture coordinates with v up: uv * scale + offset.
    """

    name: str
    library: Path
    diffuse: tuple[float, float, float] = (1.0, 1.0, 1.0)
    color_map: bytes | None = None
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[float, float] = (0.0, 0.0)
    other_maps: set[str] = field(default_factory=set)

    @property
    def unscaled(self) -> bool:
        return self.scale == (1.0, 1.0) and self.offset == (0.0, 0.0)


def decode_name(raw: bytes) -> str:
    """A name from an OBJ or MTL file, in the first encoding that fits."""
    return _decodings(raw)[0]


def find_libraries(obj_file: Path, statements: Iterable[bytes]) -> tuple[list[Path], list[str]]:
    """The files that `mtllib` statements name, and a warning for each that is missing.

    A statement may hold one name with spaces or several names: the whole is
    tried first, then its parts that end in .mtl.
    """
    found: dict[Path, None] = {}
    warnings = []
    tried = 0
    for statement in dict.fromkeys(statements):
        if tried > MOST_REFERENCES:
            warnings.append(
                f"read without some materials: more than {MOST_REFERENCES:,} libraries are named"
            )
            break
        parts = re.split(rb"(?<=\.mtl)\s+", statement, flags=re.IGNORECASE)[:MOST_REFERENCES]
        results = [_resolved(obj_file, statement)]
        if len(parts) > 1 and not isinstance(results[0], Path):
            results = [_resolved(obj_file, part) for part in parts]
        tried += len(results)
        for result in results:
            if isinstance(result, Path):
                found[result] = None
            else:
                warnings.append(f"read without some materials: {result.message}; {result.remedy}")
    return list(found), warnings


def parse_library(path: Path) -> list[MtlEntry]:
    """The materials of one MTL file. Raises ScanError for one that is far too large, OSError."""
    entries: list[MtlEntry] = []
    for word, rest in _mtl_statements(path):
        if word == "newmtl":
            entries.append(MtlEntry(decode_name(rest), path))
        elif not entries:
            continue
        elif word == "kd":
            with suppress(ValueError):
                r, g, b = (float(value) for value in (rest.split() * 3)[:3])
                entries[-1].diffuse = (r, g, b)
        elif word == "map_kd":
            _set_color_map(entries[-1], rest)
        elif _IMAGE.match(word) and word != "map_ka":  # map_Ka repeats map_Kd
            entries[-1].other_maps.add(word)
    return entries


def image_names(path: Path) -> list[str]:
    """Every file that the statements of an MTL file name, in all readings of their bytes.

    Raises ScanError for a file that is far too large, OSError.
    """
    names: dict[str, None] = {}
    for word, rest in _mtl_statements(path):
        if _IMAGE.match(word):
            names.update(dict.fromkeys(_decodings(_without_options(rest)[0])))
    return list(names)


def make_materials(entries: Iterable[MtlEntry]) -> tuple[tuple[Material, ...], list[str]]:
    """The entries as Materials, without the textures that are missing or broken, and warnings.

    Kd is an sRGB colour in practice and becomes linear; where a texture is named
    it does not count, as most exporters leave some grey in it. An image that
    several entries name is read once, however they spell it.
    """
    textures = TextureFiles()
    readings: dict[tuple[Path, bytes], str] = {}
    materials = []
    warnings: list[str] = []
    other_maps: set[str] = set()
    for entry in entries:
        other_maps |= entry.other_maps
        if entry.color_map is None:
            r, g, b = (_linear(value) for value in entry.diffuse)
            materials.append(Material(shown(entry.name), (r, g, b, 1.0)))
            continue
        key = (entry.library.parent, entry.color_map)
        if key not in readings and len(readings) <= MOST_REFERENCES:
            readings[key] = _likeliest(entry.library, entry.color_map)
        texture, notes = textures.get(
            entry.library, readings.get(key) or decode_name(entry.color_map)
        )
        warnings += notes
        materials.append(Material(shown(entry.name), texture=texture))
    if other_maps:
        warnings.append(
            f"{', '.join(sorted(other_maps)[:_TOLD])} in the material library: not kept, "
            "only the colour texture (map_Kd) is"
        )
    return tuple(materials), warnings


def _mtl_statements(path: Path) -> Iterator[tuple[str, bytes]]:
    """Keyword, in lower case, and the rest of each line."""
    if path.stat().st_size > _MAX_MTL_BYTES:
        raise ScanError(
            f"the material library '{path.name}' is larger than {_MAX_MTL_BYTES >> 20} MB",
            remedy="check that it really is an MTL file",
        )
    for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines():
        keyword, _, rest = line.strip().replace(b"\t", b" ").partition(b" ")
        yield keyword.decode("latin-1").lower(), rest.strip()


def _set_color_map(entry: MtlEntry, statement: bytes) -> None:
    entry.color_map, options = _without_options(statement)
    for option in options:
        values = [float(number) for number in option["numbers"].split()]
        if option["vector"].lower() == "s":
            entry.scale = (values[0], values[1] if len(values) > 1 else 1.0)
        elif option["vector"].lower() == "o":
            entry.offset = (values[0], values[1] if len(values) > 1 else 0.0)


def _without_options(statement: bytes) -> tuple[bytes, list[re.Match[str]]]:
    """The file name of a texture statement, and its -o, -s and -t options."""
    text = statement.decode("latin-1")
    options, at = [], 0
    while (option := _OPTION.match(text, at)) is not None:
        if option["vector"]:
            options.append(option)
        at = option.end()
    text = text[at:].strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return text.encode("latin-1"), options


def _resolved(base_file: Path, raw: bytes) -> Path | ScanError:
    """The file that a name means, or what is wrong with it."""
    try:
        return resolve_reference(base_file, _likeliest(base_file, raw))
    except ScanError as error:
        return error


def _likeliest(base_file: Path, raw: bytes) -> str:
    """The reading of a name that exists beside `base_file`, else the first."""
    readings = _decodings(raw)
    if len(readings) == 1:
        return readings[0]
    for reading in readings:
        with suppress(ScanError):
            resolve_reference(base_file, reading)
            return reading
    return readings[0]


def _decodings(raw: bytes) -> list[str]:
    decoded = []
    for encoding in _ENCODINGS:
        with suppress(UnicodeDecodeError):
            decoded.append(raw.decode(encoding))
    return list(dict.fromkeys(decoded))


def _linear(srgb: float) -> float:
    """An sRGB value in 0..1 as a linear factor (IEC 61966-2-1); not a number counts as white."""
    value = min(max(srgb, 0.0), 1.0) if srgb == srgb else 1.0
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
