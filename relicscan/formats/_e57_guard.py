"""Checks on an E57 file before libE57 sees it: native code believes more than it should.

Stands on ASTM E2807-11: a header of 48 bytes, then pages of 1024 bytes of which
the last four are a checksum, and somewhere in them an XML section that
describes the rest.
"""

from __future__ import annotations

import struct
from pathlib import Path
from xml.parsers import expat

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN, file_size

_PAGE, _PAYLOAD = 1024, 1020
_MOST_XML = 1 << 28  # a thousand scans with their images described take a few MB
_DEEPEST = 64


def check_structure(path: Path) -> int:
    """Bytes of the file, once its header and XML are sound. Raises ScanError, OSError.

    Refused are files of another length than they state, and XML with entities
    (a few lines can expand to gigabytes) or nested deeper than any E57 is: the
    tree is taken apart by recursion in native code.
    """
    size = file_size(path)
    with path.open("rb") as stream:
        head = stream.read(48)
        if head[:8] != b"ASTM-E57":
            raise ScanError(
                "this is not an E57 file: it does not begin with ASTM-E57", remedy=COPY_AGAIN
            )
        if len(head) < 48:
            raise ScanError("the E57 header is cut short", remedy=COPY_AGAIN)
        major, _, length, xml_start, xml_length, page = struct.unpack_from("<IIQQQQ", head, 8)
        if major != 1 or page != _PAGE:
            raise ScanError(
                f"this is E57 version {major} with pages of {page} bytes; version 1 with "
                f"{_PAGE} can be read",
                remedy="export the scan again with another program",
            )
        if length != size or size % _PAGE:
            raise ScanError(
                f"the file should have {length:,} bytes and has {size:,}", remedy=COPY_AGAIN
            )
        pages = -(-xml_length // _PAYLOAD) + 1
        if not 48 <= xml_start < size or not 0 < xml_length < min(size, _MOST_XML):
            raise ScanError("the description inside the file lies outside of it", remedy=COPY_AGAIN)
        stream.seek(xml_start // _PAGE * _PAGE)
        raw = stream.read(pages * _PAGE)
    payload = b"".join(raw[at : at + _PAYLOAD] for at in range(0, len(raw), _PAGE))
    xml = payload[xml_start % _PAGE :][:xml_length]
    if len(xml) < xml_length:
        raise ScanError("the description inside the file lies outside of it", remedy=COPY_AGAIN)
    _check_xml(xml)
    return size


def _check_xml(xml: bytes) -> None:
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _refused(f"nested deeper than {_DEEPEST} levels")

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1

    def doctype(*_: object) -> None:
        raise _refused("one with a document type, which E57 does not have")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # or an encoding nobody knows
        raise _refused(f"not well-formed ({error})") from None


def _refused(what: str) -> ScanError:
    return ScanError(f"the description inside the file is {what}", remedy=COPY_AGAIN)
