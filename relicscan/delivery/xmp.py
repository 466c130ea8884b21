"""What a GLB says of the relic that it shows: one XMP packet, which goes where the file goes.

Khronos KHR_xmp_json_ld (ratified, github.com/KhronosGroup/glTF, extensions/2.0/Khronos), which
stands on XMP (ISO 16684-1) as JSON-LD (ISO 16684-3). The packet is about the whole asset, so
`asset` names it. Title, description, type, coverage and creator (its maker) are of the object that
the model shows; the rights are those of the digital copy alone. Properties that XMP gives one value
to have it in English, else in the first language; names too, since several would be several people.
`dc:date` is left out: XMP's dates know neither years before Christ nor "about".

A model is small, and relic.toml may be a book, so the packet has a limit. Texts are cut and end in
"…"; terms of use and addresses are whole or not there, since half a condition is another condition.
Where that is not enough, the descriptions go first, then languages and properties, the largest
first. `relicscan:abridged` names what lost something; all of it is in relic.json, which
`relicscan:metadata_sha256` is of (see `relicscan.metadata.described`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from relicscan import __version__
from relicscan.metadata.described import descriptive_digest
from relicscan.metadata.languages import UNDETERMINED, is_in, one_text
from relicscan.metadata.relic_toml import RelicToml

EXTENSION = "KHR_xmp_json_ld"

CONTEXT = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "relicscan": "urn:relicscan:schema:relic.toml:",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}

#: Bytes of a packet as JSON: a twenty-fifth of the smallest model of the targets, a thumb.
MAX_BYTES = 8_000
#: Characters of a text, and of a description.
MAX_CHARACTERS, MAX_DESCRIPTION = 500, 2_000
#: Characters of an address, at which it still fits into a packet of MAX_BYTES.
MAX_ADDRESS = 1_000

#: Not cut: an address, and what must not be done.
_WHOLE = {"xmpRights:WebStatement": MAX_ADDRESS, "xmpRights:UsageTerms": MAX_DESCRIPTION}


def xmp_packet(relic_id: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The packet of a relic, for `extensions.KHR_xmp_json_ld.packets` of its models.

    `metadata` is what relic.toml says (`RelicToml.stated`). At most MAX_BYTES as JSON without
    spaces. Raises ValueError for what no relic.toml could say.
    """
    fixed = {
        "@context": CONTEXT,
        "@id": "",
        "dc:identifier": relic_id,
        "xmp:CreatorTool": f"relicscan {__version__}",
        "relicscan:id": relic_id,
        "relicscan:metadata_sha256": descriptive_digest(metadata),
    }
    said = _properties(RelicToml.model_validate(dict(metadata)))
    kept = {name: _cut(name, value) for name, value in said.items()}
    kept = {name: value for name, value in kept.items() if value}

    def packet() -> dict[str, Any]:
        abridged = sorted(name for name, value in said.items() if kept.get(name) != value)
        told = {"relicscan:abridged": {"@set": abridged}} if abridged else {}
        return {**fixed, **kept, **told}

    while _size(packet()) > MAX_BYTES:
        losable = kept.keys() - {"xmpRights:WebStatement"}
        largest = max(sorted(losable), key=lambda name: _size(kept[name]))
        name = "dc:description" if "dc:description" in kept else largest
        if name != "dc:description" and "rdf:_2" in kept[name]:
            kept[name] = {key: kept[name][key] for key in ("@type", "rdf:_1")}
        else:
            del kept[name]
    return packet()


def in_one_language(texts: Mapping[str, str] | None) -> str | None:
    """A text in English where there is one, else in the first language; cut to MAX_CHARACTERS."""
    text = one_text(texts)
    return None if text is None else _shortened(text, MAX_CHARACTERS)


def _properties(stated: RelicToml) -> dict[str, Any]:
    """All that could be said, uncut; only what was stated."""
    item, digital = stated.object, stated.rights.digital
    display = item.dating.display if item.dating else None
    kind = item.type and [part for part in (one_text(item.type.label), item.type.aat) if part]
    coverage = [part for part in (one_text(item.place), one_text(display)) if part]
    said = {
        "dc:title": _alternatives(item.title),
        "dc:description": _alternatives(item.description),
        "dc:creator": _array("@list", one_text(item.maker)),
        "dc:publisher": _array("@set", one_text(stated.museum.name)),
        "dc:source": item.inventory_number,
        "dc:type": _array("@set", *(kind or ())),
        "dc:coverage": ", ".join(coverage),
        "relicscan:object.dating.edtf": item.dating and item.dating.edtf,
        "dc:rights": _alternatives(digital.credit),
        "xmpRights:Owner": _array("@set", one_text(digital.holder)),
        "xmpRights:UsageTerms": _alternatives(digital.restrictions),
        "xmpRights:WebStatement": digital.uri,
    }
    return {name: value for name, value in said.items() if value}


def _alternatives(texts: Mapping[str, str] | None) -> dict[str, Any] | None:
    """A language alternative: rdf:_1, rdf:_2 …, the default (of no stated language) first.

    Tags are in lower case, as the extension wants them.
    """
    if not texts:
        return None
    tags = {tag: tag.lower() for tag in texts}
    if UNDETERMINED in tags and "x-default" not in tags.values():
        tags[UNDETERMINED] = "x-default"
    order = sorted(tags, key=lambda tag: (tags[tag] != "x-default", not is_in(tag, "en"), tag))
    items = {
        f"rdf:_{number}": {"@language": tags[tag], "@value": texts[tag]}
        for number, tag in enumerate(order, start=1)
    }
    return {"@type": "rdf:Alt", **items}


def _array(kind: str, *texts: str | None) -> dict[str, list[str]] | None:
    """An ordered ("@list") or unordered ("@set") array, as XMP has it for the property."""
    found = [text for text in texts if text]
    return {kind: found} if found else None


def _cut(name: str, value: Any) -> Any:
    """The value of a property with its texts cut; None for what must be whole and is too long."""
    if name in _WHOLE:
        return value if _shortened(value, _WHOLE[name]) == value else None
    return _shortened(value, MAX_DESCRIPTION if name == "dc:description" else MAX_CHARACTERS)


def _shortened(value: Any, most: int) -> Any:
    """The same with every text in it of at most so many characters."""
    if isinstance(value, dict):
        return {key: _shortened(inside, most) for key, inside in value.items()}
    if isinstance(value, list):
        return [_shortened(inside, most) for inside in value]
    return value if len(value) <= most else f"{value[: most - 1].rstrip()}…"


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
