"""Ids of relics: what they may be, how a path becomes one, and that no two are the same.

An id names a folder of the output, stands in URLs and in file names on every
operating system: so it is lower-case ASCII, is no device name of Windows, and
never depends on whether a file system writes é as one character or as two.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from relicscan.errors import ScanError

MAX_LENGTH = 100
ID_PATTERN = rf"^[a-z0-9][a-z0-9_.-]{{0,{MAX_LENGTH - 1}}}$"
_LISTED = 20  # of the places that claim an id

#: Windows opens a device under these names, whatever extension follows.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)
#: How files end that runs, signatures and exports write beside the folders of the relics.
_OUTPUT_FILES = (".json", ".sha256", ".sig", ".html", ".xml", ".csv")

#: Latin letters that Unicode does not decompose into a base letter and a mark.
_LATIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"}
)


def id_problem(relic_id: str) -> str | None:
    """Why a text cannot be a relic's id, in words; None when it can."""
    if len(relic_id) > MAX_LENGTH:
        return f"an id has at most {MAX_LENGTH} characters, this one has {len(relic_id)}"
    if not re.fullmatch(ID_PATTERN, relic_id):
        return (
            "an id has lower-case letters a-z, digits, '-', '_' and '.', "
            "and begins with a letter or a digit"
        )
    if relic_id.endswith("."):
        return "an id cannot end with '.': Windows drops it from folder names"
    if relic_id.split(".")[0] in _DEVICES:
        return f"Windows keeps the name '{relic_id.split('.')[0]}' for a device"
    if relic_id.endswith(_OUTPUT_FILES):
        return f"files like *{Path(relic_id).suffix} lie beside the folders of the relics"
    return None


def relic_id_from_path(parts: Sequence[str]) -> str:
    """The id of a relic whose relic.toml states none: a slug of its path.

    `parts` are the names on the way from the root to the scan folder (or to the
    file, without its extension). Accents are folded. Where letters or digits
    are lost on the way to ASCII (CJK, Cyrillic, Greek) or the text is too long,
    eight hexadecimal digits of the SHA-256 of the path keep apart what would
    otherwise look the same. Always a valid id.
    """
    path = unicodedata.normalize("NFC", "/".join(parts))
    folded = unicodedata.normalize("NFKD", path.lower().translate(_LATIN))
    lost = any(character.isalnum() and not character.isascii() for character in folded)
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    slug = re.sub(r"-*_[-_]*", "_", re.sub(r"[^a-z0-9_]+", "-", plain)).strip("-_")
    if lost or not slug or len(slug) > MAX_LENGTH:
        # A path read from the disk may hold bytes that are no UTF-8, as lone surrogates.
        digest = hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        # The end of a path says more of the object than its beginning.
        slug = f"{slug[-(MAX_LENGTH - 9) :].lstrip('-_') or 'relic'}-{digest}"
    return f"relic-{slug}" if id_problem(slug) else slug


def check_unique(ids: Mapping[str, Sequence[Path]]) -> list[ScanError]:
    """One error for each id that more than one folder or file claims, sorted by id.

    None of the relics concerned can be run: which of them owns the output
    folder would be a guess.
    """
    return [
        ScanError(
            f"{len(places)} relics have the id '{relic_id}': "
            + ", ".join(str(place) for place in sorted(places)[:_LISTED])
            + (f" and {len(places) - _LISTED:,} more" if len(places) > _LISTED else ""),
            scan=relic_id,
            remedy='write a different `id = "…"` into the relic.toml of all but one of them',
        )
        for relic_id, places in sorted(ids.items())
        if len(places) > 1
    ]
