"""BagIt: a relic's whole output as archives take it in, every byte of it under a checksum.

The BagIt File Packaging Format 1.0 (RFC 8493). The payload `data/` is the crate that
`ro_crate` writes: the files of the relic's manifest, relic.json and ro-crate-metadata.json.
So a bag loses nothing; bag-info.txt has what tells bags apart, each in one language.

bag-info.txt has no Bagging-Date: the same relic is the same bag, whenever it is made. In its
values, every run of white space and control characters is one space and long values go on
in indented lines (section 2.2.2), so that no text of a relic can begin a field of its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from relicscan import __version__
from relicscan.metadata.canonical import write_bytes_atomically
from relicscan.metadata.exports import ro_crate
from relicscan.metadata.exports.exported import Exported, Loss
from relicscan.metadata.languages import one_text
from relicscan.metadata.manifest import FileRecord

NAME = "bagit"
TITLE = "BagIt 1.0 (RFC 8493) with an RO-Crate in it"

_ALSO = {
    "id": "External-Identifier",
    "object.title": "External-Description, in one language",
    "object.inventory_number": "Internal-Sender-Identifier",
    "museum.name": "Source-Organization, in one language",
    "checksums": "manifest-sha256.txt",
}
CARRIES: Mapping[str, str] = {
    field: f"{_ALSO[field]}; data/: {where}" if field in _ALSO else f"data/: {where}"
    for field, where in ro_crate.CARRIES.items()
}

_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
#: What section 2.2.2 recommends.
_LINE = 79


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """One bag for each relic, `folder / id`. Raises OutputError."""
    return [loss for relic in relics for loss in _bag(relic, folder / relic.id, base_url)]


def _bag(relic: Exported, folder: Path, base_url: str | None) -> list[Loss]:
    data = folder / "data"
    lost = ro_crate.write_crate(relic, data, base_url)
    payload = [
        *relic.manifest.delivered,
        *(FileRecord.of(data, name) for name in (ro_crate.MANIFEST, ro_crate.DESCRIPTOR)),
    ]
    tags = {
        "bag-info.txt": _bag_info(relic, payload).encode(),
        "bagit.txt": _DECLARATION,
        "manifest-sha256.txt": _manifest({f"data/{file.path}": file.sha256 for file in payload}),
    }
    sums = {name: write_bytes_atomically(folder / name, tags[name]) for name in tags}
    write_bytes_atomically(folder / "tagmanifest-sha256.txt", _manifest(sums))
    return lost


def _bag_info(relic: Exported, payload: Sequence[FileRecord]) -> str:
    stated = relic.manifest.metadata
    fields = (
        ("Source-Organization", one_text(stated.museum.name)),
        ("External-Identifier", relic.id),
        ("Internal-Sender-Identifier", stated.object.inventory_number),
        ("External-Description", one_text(stated.object.title)),
        ("Payload-Oxum", f"{sum(file.bytes for file in payload)}.{len(payload)}"),
        ("Bag-Software-Agent", f"relicscan {__version__}"),
    )
    return "".join(line for label, value in fields if value for line in _field(label, value))


def _field(label: str, value: str) -> Iterator[str]:
    """The lines of one field, broken between words only; none where a value says nothing."""
    line = f"{label}:"
    for number, word in enumerate(_words(value)):
        if number and len(line) + 1 + len(word) > _LINE:
            yield f"{line}\n"
            line = " "
        line = f"{line} {word}"
    if line != f"{label}:":
        yield f"{line}\n"


def _words(value: str) -> list[str]:
    """Also the separators of lines and paragraphs, at which Python's readers break lines."""
    controls = ("Cc", "Zl", "Zp")
    return "".join(" " if unicodedata.category(c) in controls else c for c in value).split()


def _manifest(sums: Mapping[str, str]) -> bytes:
    """Checksums and paths, in the order of the paths (section 2.1.3)."""
    return "".join(f"{sums[path]}  {_escaped(path)}\n" for path in sorted(sums)).encode()


def _escaped(path: str) -> str:
    """A path with the three characters escaped that section 2.1.3 names, and no others."""
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")
