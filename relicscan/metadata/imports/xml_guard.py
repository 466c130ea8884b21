"""XML of others, parsed so that it can reach nothing and grow to nothing.

A document type is refused before any of it is read: entities are defined there and nowhere else
(XML 1.0, 2.8), whether they fetch a file or unfold to gigabytes. Expat reads the prolog to the
first element, so that no choice of encoding hides one; only then does lxml build the tree,
without network, without entities, within its limits of depth and size. Whoever gives XML of
others to another parser has its beginning looked at here before.
"""

from __future__ import annotations

import io
from typing import IO, Any
from xml.parsers import expat

from relicscan.errors import ScanError

_PIECE = 65_536
#: Where no element has begun by then, none is looked for: what expat needs for a comment grows
#: with the square of its length.
_MOST_BEFORE_THE_ROOT = 1_000_000


class _Begun(Exception):
    """The root element was reached."""


class _HasType(Exception):
    """There is a document type."""


def parse_xml(content: bytes, scan: str) -> Any:
    """The root element. Raises ScanError with the line that is wrong."""
    check_prolog(io.BytesIO(content), scan)
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise _no_xml(scan, error.lineno or 1, str(error.msg)) from None
    if root.getroottree().docinfo.doctype:
        raise _with_type(scan, 1)
    return root


def check_prolog(stream: IO[bytes], scan: str) -> None:
    """Read to the first element. Raises ScanError for a document type, and for what is no XML."""
    parser = expat.ParserCreate()

    def begun(*_: object) -> None:
        raise _Begun

    def has_type(*_: object) -> None:
        raise _HasType

    parser.StartElementHandler = begun
    parser.StartDoctypeDeclHandler = has_type
    try:
        read = 0
        while (piece := stream.read(_PIECE)) and read < _MOST_BEFORE_THE_ROOT:
            parser.Parse(piece, False)
            read += len(piece)
        parser.Parse(b"", not piece)
    except _Begun:
        return
    except _HasType:
        raise _with_type(scan, parser.CurrentLineNumber) from None
    # An encoding that Python does not know is a LookupError, one of many bytes a ValueError.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _no_xml(scan, parser.CurrentLineNumber, str(error)) from None
    raise _no_xml(scan, parser.CurrentLineNumber, f"no element in the first {read:,} bytes")


def _with_type(scan: str, line: int) -> ScanError:
    return ScanError(
        f"line {line}: there is a document type (<!DOCTYPE …>), which is not read",
        scan=scan,
        remedy="remove it, and write what its entities stand for in their place",
    )


def _no_xml(scan: str, line: int, why: str) -> ScanError:
    return ScanError(
        f"line {line}: this is not well-formed XML ({why[:120]})",
        scan=scan,
        remedy="export the records again",
    )
