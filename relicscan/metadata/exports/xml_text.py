"""What the XML exports share: texts that XML can hold, elements by language, addresses.

XML 1.0 (fifth edition, production 2, Char) has no place for most control characters, not even
escaped: these are dropped and told. Everything else is carried: line ends, bidirectional
overrides, what looks like markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from relicscan.errors import OutputError
from relicscan.metadata.canonical import write_bytes_atomically
from relicscan.metadata.exports.exported import Exported, Loss, stated_fields

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML = "http://www.w3.org/XML/1998/namespace"


def xml_text(text: str) -> tuple[str, bool]:
    """The text without what XML 1.0 cannot hold, and whether anything was dropped."""
    kept = _NOT_XML.sub("", text)
    return kept, kept != text


def dropped_characters(relic: Exported, carries: Mapping[str, str]) -> list[Loss]:
    """A Loss for every carried text that lost characters to `xml_text`, and its language."""
    lost = []
    for field, value in stated_fields(relic).items():
        texts = value if isinstance(value, list) else [value]
        by_language = [t.items() if isinstance(t, dict) else [("", t)] for t in texts]
        changed = {
            tag
            for pairs in by_language
            for tag, text in pairs
            if isinstance(text, str) and xml_text(text)[1]
        }
        if field in carries:
            reason = "control characters that XML 1.0 cannot hold were dropped"
            lost += [
                Loss(relic.id, f"{field}@{tag}" if tag else field, reason)
                for tag in sorted(changed)
            ]
    return lost


def document(name: str, namespaces: Mapping[str, str]) -> Any:
    """The root element of a document, with its prefixes."""
    from lxml import etree

    prefix, _, local = name.partition(":")
    return etree.Element(f"{{{namespaces[prefix]}}}{local}", nsmap=dict(namespaces))


def add(parent: Any, name: str, text: str | None = None, /, **attributes: str | None) -> Any:
    """A child element "prefix:name" with a text; attributes that are None are left out.

    Prefixes are those of the document; of attributes without one, the element's.
    """
    from lxml import etree

    prefix = name.partition(":")[0]
    element = etree.SubElement(parent, _qualified(parent, name))
    if text is not None:
        element.text = xml_text(text)[0]
    for key, value in attributes.items():
        if value is not None:
            whole = key if ":" in key else f"{prefix}:{key}"
            element.set(_qualified(parent, whole), xml_text(value)[0])
    return element


def _qualified(element: Any, name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{{{_XML if prefix == 'xml' else element.nsmap[prefix]}}}{local}"


def has_text(text: str) -> bool:
    """Whether XML holds anything of a text besides spaces."""
    return bool(xml_text(text)[0].strip())


def readable(texts: Mapping[str, str] | None) -> dict[str, str]:
    """The texts of which XML holds something."""
    return {tag: text for tag, text in (texts or {}).items() if has_text(text)}


def escaped(address: str) -> str:
    """A stated web address with every character escaped that has no place in it (RFC 3986)."""
    whole = re.sub("%(?![0-9A-Fa-f]{2})", "%25", xml_text(address)[0])
    parts = re.fullmatch(r"(https?://)([^/?#]*)([^#]*)(#?)(.*)", whole, re.DOTALL)
    if not parts:
        return quote(whole, safe="%")
    scheme, host, path, hash_, fragment = parts.groups()
    port = ":" if re.fullmatch("[^:]*(:[0-9]+)?", host) else ""
    free = "%/?=&+,;:@!$'()*"
    return scheme + quote(host, f"%{port}") + quote(path, free) + hash_ + quote(fragment, free)


def write_xml(path: Path, root: Any) -> None:
    """Write a document in UTF-8, indented. Raises OutputError."""
    from lxml import etree

    etree.indent(root)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be made ({error.strerror or error})",
            scan=str(path.parent),
            remedy="check that you may write there, and that no file has this name",
        ) from None
    write_bytes_atomically(path, content)
