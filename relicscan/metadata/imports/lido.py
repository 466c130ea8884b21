"""Records in LIDO 1.0 and 1.1 (ICOM-CIDOC, lido-schema.org) become rows of a catalogue.

Whether a document is valid is not asked: what is where it belongs is taken, and all the rest is
listed as not taken. Texts have the language of the nearest xml:lang. Nothing is read out of
prose: a dating is taken where earliest and latest date are exact years (ISO 8601, astronomical),
a measure where kind and unit are known words. Rights in photographs say nothing of a 3D copy:
those of a resource are taken only where it is a 3D model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relicscan.errors import ScanError
from relicscan.metadata.imports import lido_terms
from relicscan.metadata.imports.columns import FieldPath
from relicscan.metadata.imports.given import Given, NotTaken, shown
from relicscan.metadata.imports.sheets import MAX_ROWS, read_bounded
from relicscan.metadata.imports.xml_guard import parse_xml
from relicscan.metadata.languages import UNDETERMINED, canonical_tag
from relicscan.units import find_unit

NAMESPACE = "http://www.lido-schema.org"
_LIDO = f"{{{NAMESPACE}}}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

#: Reasons listed for one record; a file of some megabytes may hold a million elements.
_MOST_LISTED = 200

_IDENTIFICATION = "descriptiveMetadata/objectIdentificationWrap"
_EVENT = "descriptiveMetadata/eventWrap/eventSet/event"
_REPOSITORY = f"{_IDENTIFICATION}/repositoryWrap/repositorySet"
_RIGHTS = "administrativeMetadata/rightsWorkWrap/rightsWorkSet"
_RESOURCE = "administrativeMetadata/resourceWrap/resourceSet"
_TEXT_OF_MANY = "; "
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"


@dataclass(frozen=True)
class LidoRecord:
    """One record by its number in the file: its identifier, what it gives, what is not taken."""

    number: int
    identifier: Given | None
    given: tuple[Given, ...]
    not_taken: tuple[NotTaken, ...]


def read_lido(path: Path) -> list[LidoRecord]:
    """The records of a file whose root is lido or lidoWrap. Raises ScanError."""
    root = parse_xml(read_bounded(path), path.name)
    records = [root] if root.tag == f"{_LIDO}lido" else list(root.findall(f"{_LIDO}lido"))
    if root.tag not in (f"{_LIDO}lido", f"{_LIDO}lidoWrap") or not records:
        raise ScanError(
            f"the root is {shown(str(root.tag))} with no LIDO record in it",
            scan=path.name,
            remedy=f"give a file with lidoWrap or lido of {NAMESPACE} at its root",
        )
    if len(records) > MAX_ROWS:
        raise ScanError(
            f"there are more than {MAX_ROWS:,} records",
            scan=path.name,
            remedy="split the file into several",
        )
    return [_Reader(number, record).read() for number, record in enumerate(records, start=1)]


class _Reader:
    """One record, with what was taken of it so far."""

    def __init__(self, number: int, record: Any) -> None:
        self.number = number
        self.record = record
        self.texts: dict[FieldPath, tuple[list[str], str]] = {}
        self.taken: set[Any] = set()
        self.refused: dict[Any, str] = {}
        self.measured: dict[str, dict[str, str]] = {}

    def read(self) -> LidoRecord:
        identifier = self.first("lidoRecID")
        self.titles_and_descriptions()
        self.type()
        self.repository()
        self.measurements()
        self.materials(f"{_IDENTIFICATION}/objectMaterialsTechWrap/objectMaterialsTechSet")
        for event in self.all(_EVENT):
            if _is_one_of(event, "eventType", lido_terms.PRODUCTION):
                self.production(event)
        self.rights()
        given = [
            Given(path, _TEXT_OF_MANY.join(texts), column)
            for path, (texts, column) in self.texts.items()
        ]
        name = None
        if identifier is not None:
            self.taken.add(identifier)
            name = Given(("id",), _text(identifier), _where(identifier))
        return LidoRecord(self.number, name, tuple(given), tuple(self.not_taken()))

    def titles_and_descriptions(self) -> None:
        titles = self.all(f"{_IDENTIFICATION}/titleWrap/titleSet/appellationValue")
        for title in sorted(titles, key=_is_alternative):  # a title without a mark is none
            self.take(("object", "title"), title, only_one="another title is taken")
        notes = f"{_IDENTIFICATION}/objectDescriptionWrap/objectDescriptionSet/descriptiveNoteValue"
        for note in self.all(notes):
            self.take(("object", "description"), note, only_one="another description is taken")

    def type(self) -> None:
        wrap = "descriptiveMetadata/objectClassificationWrap/objectWorkTypeWrap"
        for kind in self.all(f"{wrap}/objectWorkType"):
            for concept in self.all("conceptID", kind):
                if address := _aat(concept):
                    self.take(("object", "type", "aat"), concept, address, "another type is taken")
            for term in self.all("term", kind):
                if not _is_alternative(term):
                    path = ("object", "type", "label")
                    self.take(path, term, only_one="another type is taken")

    def repository(self) -> None:
        for held in self.all(_REPOSITORY):
            if held.get(f"{_LIDO}type") not in lido_terms.CURRENT:
                continue
            numbers = self.all("workID", held)
            marked = [n for n in numbers if n.get(f"{_LIDO}type") in lido_terms.INVENTORY_NUMBER]
            only = "another number is taken"
            for number in marked or ([] if len(numbers) > 1 else numbers):
                self.take(("object", "inventory_number"), number, only_one=only)
            for body in self.all("repositoryName", held):
                only = "another repository is taken"
                for name in self.all("legalBodyName/appellationValue", body):
                    self.take(("museum", "name"), name, only_one=only)
                for key, element in (("url", "legalBodyWeblink"), ("id", "legalBodyID")):
                    for found in self.all(element, body):
                        self.take(("museum", key), found, only_one=only)

    def production(self, event: Any) -> None:
        for culture in self.all("culture/term", event):
            self.take(("object", "culture"), culture)
        for where in self.all("eventPlace", event):
            name = "place/namePlaceSet/appellationValue"
            self.display(("object", "place"), where, "displayPlace", name)
        for who in self.all("eventActor", event):
            name = "actorInRole/actor/nameActorSet/appellationValue"
            self.display(("object", "maker"), who, "displayActorInRole", name)
        for when in self.all("eventDate", event):
            for words in self.all("displayDate", when):
                self.take(("object", "dating", "display"), words)
            self.dating(when)
        self.materials("eventMaterialsTech", event)

    def dating(self, when: Any) -> None:
        earliest, latest = self.all("date/earliestDate", when), self.all("date/latestDate", when)
        if not earliest and not latest:
            return
        years = [_text(date) for date in (*earliest, *latest)]
        doubt = None
        if len(earliest) != 1 or len(latest) != 1:
            doubt = "earliest and latest date are taken together only"
        elif not all(re.fullmatch(r"-?[0-9]{4}", year) for year in years):
            doubt = "only exact years of four digits are taken"
        elif not all(d.get(f"{_LIDO}type") in lido_terms.EXACT_DATE for d in (*earliest, *latest)):
            doubt = "the date is marked as estimated"
        if doubt:
            self.refused |= dict.fromkeys([*earliest, *latest], doubt)
            return
        edtf = years[0] if years[0] == years[1] else "/".join(years)
        self.take(("object", "dating", "edtf"), earliest[0], edtf, "another dating is taken")
        if earliest[0] in self.taken:
            self.taken.add(latest[0])

    def materials(self, path: str, within: Any = None) -> None:
        for materials in self.all(path, within):
            words = self.all("displayMaterialsTech", materials)
            for word in words:
                self.take(("object", "material"), word)
            for term in self.all("materialsTech/termMaterialsTech", materials):
                if term.get(f"{_LIDO}type") not in lido_terms.MATERIAL:
                    self.refused[term] = "it is not marked as a material"
                elif words:
                    self.refused[term] = "the display text is taken"
                else:
                    for word in self.all("term", term):
                        self.take(("object", "material"), word)

    def measurements(self) -> None:
        sets = f"{_IDENTIFICATION}/objectMeasurementsWrap/objectMeasurementsSet/objectMeasurements"
        count = 0
        for measured in self.all(sets):
            for one in self.all("measurementsSet", measured):
                if problem := self.dimension(one, measured, ("object", "dimension", count)):
                    self.refused[one] = problem
                count += 1

    def dimension(self, one: Any, measured: Any, at: FieldPath) -> str | None:
        """Take one measure, or say why not."""
        kinds, units, values = (self.all(f"measurement{p}", one) for p in ("Type", "Unit", "Value"))
        kind = {k for e in kinds for word in _words(e) if (k := lido_terms.MEASURES.get(word))}
        unit = {u for e in units for word in _words(e) if (u := find_unit(word))}
        if len(kind) != 1:
            return "it is of no kind that is known"
        if len(unit) != 1:
            return "its unit is not known"
        if len(values) != 1 or not re.fullmatch(_NUMBER, _text(values[0])):
            return "its value is not a number with a decimal point"
        said = {"kind": min(kind), "value": _text(values[0]), "unit": min(unit)}
        qualifiers = self.named("qualifierMeasurements", measured)
        if qualifiers:
            plus_minus = re.fullmatch(rf"± ?({_NUMBER}) ?(\w+)", _text(qualifiers[0]))
            if len(qualifiers) > 1 or not plus_minus or plus_minus[2] != said["unit"]:
                return "it has a qualifier, as circa is one"
            said["uncertainty"] = plus_minus[1]
        parts = self.named("extentMeasurements", measured)
        if not parts and self.measured.setdefault(said["kind"], said) != said:
            return f"another {said['kind']} is taken"
        if parts or self.measured[said["kind"]] is said:
            self.texts |= {(*at, key): ([text], _where(values[0])) for key, text in said.items()}
        for part in parts:
            self.take((*at, "part"), part)
        for element in (*kinds, *units, *values, *qualifiers):
            self.taken.update(element.iter())
        return None

    def named(self, name: str, within: Any) -> list[Any]:
        """Terms of concepts, which LIDO 1.0 writes without an element of their own."""
        concepts = self.all(name, within)
        found = [term for concept in concepts for term in self.all("term", concept) or [concept]]
        return [term for term in found if _text(term)]

    def rights(self) -> None:
        for work in self.all(_RIGHTS):
            self.rights_in("object", work)
        for resource in self.all(_RESOURCE):
            for rights in self.all("rightsResource", resource):
                if any(_is_model(link) for link in resource.iter(f"{_LIDO}linkResource")):
                    self.rights_in("digital", rights)
                else:
                    self.refused[rights] = "it is of no 3D model"

    def rights_in(self, thing: str, rights: Any) -> None:
        for concept in self.all("rightsType/conceptID", rights):
            if _text(concept).startswith(("http://", "https://")):
                only = "another address is taken"
                self.take(("rights", thing, "uri"), concept, only_one=only)
        for holder in self.all("rightsHolder/legalBodyName/appellationValue", rights):
            self.take(("rights", thing, "holder"), holder)
        for line in self.all("creditLine", rights):
            self.take(("rights", thing, "attribution"), line)

    def display(self, path: FieldPath, within: Any, display: str, index: str) -> None:
        """The text for readers where there is one, else the name that was indexed."""
        words = self.all(display, within)
        for element in words or self.all(index, within):
            self.take(path, element)
        if words:
            self.refused |= dict.fromkeys(self.all(index, within), "the display text is taken")

    def take(
        self, path: FieldPath, element: Any, text: str | None = None, only_one: str | None = None
    ) -> None:
        """Take the text of an element. `only_one`: why a second is not, where it is not."""
        text = _text(element) if text is None else text
        if not text:
            return
        if path[-1] not in lido_terms.WITHOUT_LANGUAGE:
            path = (*path, _language(element))
        texts, _ = self.texts.setdefault(path, ([], _where(element)))
        if texts and only_one and text not in texts:
            self.refused[element] = only_one
            return
        self.taken.add(element)
        if text not in texts:
            texts.append(text)

    def all(self, path: str, within: Any = None) -> list[Any]:
        found = self.record if within is None else within
        return list(found.findall("/".join(f"{_LIDO}{name}" for name in path.split("/"))))

    def first(self, path: str) -> Any:
        return next(iter(self.all(path)), None)

    def not_taken(self) -> Iterator[NotTaken]:
        count = 0
        for element in self.record.iter():
            text = (element.text or "").strip()
            if not isinstance(element.tag, str) or not text or element in self.taken:
                continue
            above = [element, *element.iterancestors()]
            reason = next((self.refused[e] for e in above if e in self.refused), None)
            count += 1
            if count <= _MOST_LISTED:
                reason = reason or "there is no field for it"
                yield NotTaken(self.number, _where(element), shown(text), reason)
        if count > _MOST_LISTED:
            more = f"{count - _MOST_LISTED:,} more elements"
            yield NotTaken(self.number, "", more, "they are not listed one by one")


def _text(element: Any) -> str:
    return (element.text or "").strip()


def _words(element: Any) -> list[str]:
    """The text of a concept and its terms and identifiers, as LIDO 1.0 and 1.1 write them."""
    return [word for e in element.iter() if isinstance(e.tag, str) and (word := _text(e).lower())]


def _language(element: Any) -> str:
    for above in (element, *element.iterancestors()):
        if (tag := above.get(_LANG)) is not None:
            try:
                return canonical_tag(tag)
            except ValueError:
                return str(tag) or UNDETERMINED  # what is no tag is told where the record is read
    return UNDETERMINED


def _where(element: Any) -> str:
    """An element as a column is called: its name, that of what it is in, and its line."""
    names = [e.tag.rpartition("}")[2] for e in (element.getparent(), element) if e is not None]
    return f"{shown('/'.join(names))} (line {element.sourceline})"


def _is_alternative(element: Any) -> bool:
    """Whether a name, or the set that it is in, is marked as less than the first."""
    marks = (e.get(f"{_LIDO}pref") for e in (element, element.getparent()))
    return any(mark in lido_terms.ALTERNATIVE for mark in marks)


def _is_one_of(within: Any, name: str, words: frozenset[str]) -> bool:
    return any(not words.isdisjoint(_words(e)) for e in within.findall(f"{_LIDO}{name}"))


def _aat(concept: Any) -> str | None:
    """The address of a concept of the AAT, which some records give by number and source."""
    text, source = _text(concept), (concept.get(f"{_LIDO}source") or "").strip().lower()
    if found := re.fullmatch(r"https?://vocab\.getty\.edu/(?:page/)?aat/([0-9]+)/?", text):
        return f"http://vocab.getty.edu/aat/{found[1]}"
    if re.fullmatch("[0-9]+", text) and source.rstrip("/") in lido_terms.AAT:
        return f"http://vocab.getty.edu/aat/{text}"
    return None


def _is_model(link: Any) -> bool:
    kind = (link.get(f"{_LIDO}formatResource") or "").lower()
    return kind.startswith("model/") or _text(link).lower().endswith(lido_terms.MODEL_FILES)
