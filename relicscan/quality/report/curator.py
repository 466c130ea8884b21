"""The metadata as a curator reads it: label by label, in every language that it was given in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from relicscan.metadata.languages import best_text
from relicscan.metadata.manifest import RelicManifest
from relicscan.metadata.relic_toml import RelicToml
from relicscan.quality.report import words


@dataclass(frozen=True)
class Said:
    """A text with its language, a tag and its name; empty where it was not said in which."""

    text: str
    tag: str = ""
    language: str = ""
    link: str | None = None


@dataclass(frozen=True)
class Label:
    """A label with what stands behind it, at least one text."""

    name: str
    texts: tuple[Said, ...]


@dataclass(frozen=True)
class Group:
    """Labels under a heading."""

    name: str
    labels: tuple[Label, ...]


def texts(given: Mapping[str, str] | None, order: Sequence[str] = ()) -> tuple[Said, ...]:
    """Texts by language, those of `order` first; languages are named where there are several."""
    if not given:
        return ()
    tags = [tag for tag in order if tag in given] + [tag for tag in given if tag not in order]
    several = len(given) > 1
    return tuple(
        Said(given[tag], "" if tag == "und" else tag, words.language(tag) if several else "")
        for tag in tags
    )


def titles(manifest: RelicManifest) -> tuple[Said, ...]:
    """The titles, that in the language of the page first; the id where there is none."""
    given = manifest.metadata.object.title
    if not given:
        return (Said(manifest.id),)
    first = best_text(given)
    assert first is not None, "there is a title"
    order = [first[1], *(manifest.metadata.languages or ())]
    return texts(given, list(dict.fromkeys(order)))


def holder(manifest: RelicManifest) -> tuple[Said, ...]:
    """Museum and inventory number in a line: in the language of the page, if there is one."""
    museum, thing = manifest.metadata.museum, manifest.metadata.object
    name = best_text(museum.name)
    said = (
        (Said(name[0], "" if name[1] == "und" else name[1], link=web(museum.url)),) if name else ()
    )
    return said + _plain(thing.inventory_number)


def web(address: str | None) -> str | None:
    """An address that may be followed from a page: only http and https."""
    return address if address and address.lower().startswith(("http://", "https://")) else None


def groups(manifest: RelicManifest) -> tuple[Group, ...]:
    """All that is stated of the object, its museum, its rights and its capture."""
    metadata = manifest.metadata
    made = (
        Group("The object", tuple(_object(metadata))),
        Group("Rights", tuple(_rights(metadata))),
        Group("Capture", tuple(_capture(metadata))),
        Group("Hotspots, tours and relations", tuple(_told(metadata))),
    )
    return tuple(group for group in made if group.labels)


def stated_by(manifest: RelicManifest) -> list[tuple[str, int]]:
    """Who stated the metadata, and how many fields each."""
    return Counter(manifest.metadata_sources.values()).most_common()


def _labels(rows: Iterable[tuple[str, tuple[Said, ...]]]) -> Iterable[Label]:
    return (Label(name, said) for name, said in rows if said)


def _plain(text: str | None, link: str | None = None) -> tuple[Said, ...]:
    return (Said(text, link=web(link)),) if text else ()


def _object(metadata: RelicToml) -> Iterable[Label]:
    thing, museum, order = metadata.object, metadata.museum, metadata.languages or ()
    kind, dating = thing.type, thing.dating
    edtf = dating.edtf if dating else None
    aat = kind.aat if kind else None
    return _labels(
        [
            ("Description", texts(thing.description, order)),
            ("Kind", texts(kind.label if kind else None, order) + _plain(aat, aat)),
            ("Material", texts(thing.material, order)),
            ("Culture", texts(thing.culture, order)),
            ("Place", texts(thing.place, order)),
            ("Maker", texts(thing.maker, order)),
            ("Dating", texts(dating.display if dating else None, order)
             + _plain(f"{edtf} (EDTF)" if edtf else None)),
            ("Museum", texts(museum.name, order) + _plain(museum.url, museum.url)),
            ("Museum identifier", _plain(museum.id)),
            ("Inventory number", _plain(thing.inventory_number)),
            ("The model shows", _plain(thing.represents)),
        ]
    )  # fmt: skip


def _rights(metadata: RelicToml) -> Iterable[Label]:
    order = metadata.languages or ()
    rows: list[tuple[str, tuple[Said, ...]]] = []
    for name, rights in (
        ("in the object", metadata.rights.object),
        ("in the digital copy", metadata.rights.digital),
    ):
        rows += [
            (f"Rights {name}", _plain(rights.uri, rights.uri)),
            (f"Holder {name}", texts(rights.holder, order)),
            (f"To be named {name}", texts(rights.attribution, order)),
            (f"Restrictions {name}", texts(rights.restrictions, order)),
        ]
    if metadata.rights.digital.uri is None:
        rows.append(
            ("Publication", _plain("Not possible: no rights are stated in the digital copy."))
        )
    return _labels(rows)


def _capture(metadata: RelicToml) -> Iterable[Label]:
    capture, order = metadata.capture, metadata.languages or ()
    return _labels(
        [
            ("Method", texts(capture.method, order)),
            ("Device", _plain(capture.device)),
            ("Software", _plain(capture.software)),
            ("Operator", _plain(capture.operator)),
            ("Date", _plain(capture.date)),
            ("Calibration", texts(capture.calibration, order)),
            ("Scale", _plain(capture.scale)),
            ("Scale from", texts(capture.scale_basis, order)),
            ("Notes", texts(capture.notes, order)),
        ]
    )


def _told(metadata: RelicToml) -> Iterable[Label]:
    order = metadata.languages or ()
    rows: list[tuple[str, tuple[Said, ...]]] = [
        (f"Hotspot {one.id}", texts(one.title, order)) for one in metadata.hotspot
    ]
    rows += [
        (f"Tour {one.id}", texts(one.title, order) or _plain(" → ".join(one.steps)))
        for one in metadata.tour
    ]
    rows += [
        (one.relation.capitalize(), _plain(one.id or one.uri, one.uri) + texts(one.label, order))
        for one in metadata.related
    ]
    return _labels(rows)
