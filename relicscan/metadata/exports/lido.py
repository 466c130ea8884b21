"""LIDO: one document for each relic, and one of all, for portals of museums.

LIDO 1.1 (CIDOC LIDO working group, 2021; lido-schema.org). The object, its making as an event, its
digitization as another, rights in the object apart from those in its models and pictures. Every
term and every text has its language.

Dates: earliestDate and latestDate are ISO 8601, which the XSD does not check (xs:string). ISO 8601
and EDTF (its part 2) count alike: four digits at least and a year 0000, so 530 BC is "-0529" in
both. A plain date stays as it is; of any other, LIDO has the years that it reaches over, marked as
estimated, and what it says of doubt is told as lost.

LIDO insists on a kind of object, a title and a source of the record: without a kind the term is
"not stated", without a title the relic's id stands for it, without a museum the source is empty.
Each of them is told. Rights in the record itself are not stated by relics, so there are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from relicscan.durable import write_durably
from relicscan.metadata.dating import iso_dates
from relicscan.metadata.descriptive import Capture, Dimension, Museum, Related, RightsIn
from relicscan.metadata.exports.exported import Exported, Loss, address, losses, poster
from relicscan.metadata.exports.media_types import media_type
from relicscan.metadata.exports.xml_text import (
    add,
    document,
    dropped_characters,
    escaped,
    has_text,
    readable,
    write_xml,
)
from relicscan.metadata.languages import UNDETERMINED
from relicscan.metadata.manifest import LevelRecord, RelicManifest
from relicscan.metadata.relic_toml import RelicToml

NAME = "lido"
TITLE = "LIDO 1.1"

CARRIES: Mapping[str, str] = {
    "id": "lidoRecID, recordID",
    "object.title": "titleWrap",
    "object.description": "objectDescriptionWrap",
    "object.type.aat": "objectWorkType conceptID",
    "object.type.label": "objectWorkType term",
    "object.material": "production event: eventMaterialsTech",
    "object.culture": "production event: culture",
    "object.place": "production event: eventPlace",
    "object.maker": "production event: eventActor",
    "object.inventory_number": "repositoryWrap workID",
    "object.dating.edtf": "production event: earliestDate, latestDate",
    "object.dating.display": "production event: displayDate",
    **{f"object.dimension.{key}": "objectMeasurementsWrap" for key in Dimension.model_fields},
    "object.represents": "resourceDescription of the models",
    **{f"museum.{key}": "repositoryWrap, recordSource" for key in Museum.model_fields},
    **{f"rights.object.{key}": "rightsWorkWrap" for key in RightsIn.model_fields},
    **{f"rights.digital.{key}": "rightsResource" for key in RightsIn.model_fields},
    **{f"capture.{key}": "digitization event" for key in Capture.model_fields},
    **{f"related.{key}": "relatedWorksWrap" for key in Related.model_fields},
    "models": "resourceWrap: one resource, a representation for every model",
    "posters": "resourceWrap",
}

Texts = Mapping[str, str] | None

_NAMESPACES = {"lido": "http://www.lido-schema.org"}
_TERMINOLOGY = "http://terminology.lido-schema.org/"
_URI = _TERMINOLOGY + "lido00099"
_LOCAL = _TERMINOLOGY + "lido00100"
_INVENTORY_NUMBER = _TERMINOLOGY + "lido00113"
_HUMAN_MADE = _TERMINOLOGY + "lido00096"
_ITEM_LEVEL = _TERMINOLOGY + "lido00141"
_PRODUCTION = _TERMINOLOGY + "lido00007"
_MATERIAL = _TERMINOLOGY + "termMaterialsTech_type/material"
#: LIDO's list has no event for it.
_DIGITIZATION = "http://www.ics.forth.gr/isl/CRMdig/D2_Digitization_Process"
_MEASURES = "resourceMeasurementsSet"


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """Write `<id>/lido.xml` for every relic, and `lido.xml` with all of them in a lidoWrap.

    Without `base_url` links are relative to the folder of all relics.
    """
    lost: list[Loss] = []

    def records() -> Iterator[Any]:
        for relic in relics:
            record = _record(relic.manifest, base_url)
            write_xml(folder / relic.id / "lido.xml", record)
            lost.extend(losses(relic, CARRIES))
            lost.extend(_replaced(relic))
            lost.extend(dropped_characters(relic, CARRIES))
            yield record

    if relics:
        write_durably(folder / "lido.xml", _wrapped(records()))
    return lost


def _wrapped(records: Iterable[Any]) -> Iterator[bytes]:
    """A document of many records, which are never all in memory."""
    from lxml import etree

    buffer = BytesIO()
    with etree.xmlfile(buffer, encoding="UTF-8") as file:
        file.write_declaration()
        with file.element(f"{{{_NAMESPACES['lido']}}}lidoWrap", nsmap=_NAMESPACES):
            for record in records:
                file.write("\n")
                file.write(record)
                file.flush()
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
            file.write("\n")
    yield buffer.getvalue() + b"\n"


def _replaced(relic: Exported) -> list[Loss]:
    """What LIDO insists on and the relic does not state, and dates that say more than years."""
    metadata = relic.manifest.metadata
    about = metadata.object
    lost = []
    if not _kind_stated(metadata):
        lost.append(Loss(relic.id, "object.type.label", 'LIDO insists on it: "not stated"'))
    if not readable(about.title):
        lost.append(Loss(relic.id, "object.title", "LIDO insists on it: the id stands for it"))
    if not readable(metadata.museum.name):
        lost.append(Loss(relic.id, "museum.name", "LIDO insists on a recordSource: it is empty"))
    for field, edtf in (
        ("object.dating.edtf", about.dating.edtf if about.dating else None),
        ("capture.date", metadata.capture.date),
    ):
        if edtf and not iso_dates(edtf)[2]:
            lost.append(Loss(relic.id, field, f"of {edtf} LIDO has the first and last year only"))
    return lost


def _record(manifest: RelicManifest, base_url: str | None) -> Any:
    metadata = manifest.metadata
    root = document("lido:lido", _NAMESPACES)
    add(root, "lido:lidoRecID", manifest.id, type=_LOCAL)
    if _made(metadata):
        _concept(root, "category", _HUMAN_MADE, {"en": "Human-made object"})
    # What has no language of its own below is in English: the words are ours.
    described = add(root, "lido:descriptiveMetadata", **{"xml:lang": "en"})
    _add_classification(described, metadata)
    _add_identification(described, manifest)
    if _made(metadata) or readable(metadata.object.material) or metadata.capture.model_dump():
        events = _wrap(described, "eventWrap")
        _add_production(events, metadata)
        _add_digitization(events, metadata.capture)
    _add_relations(described, metadata.related)
    administrative = add(root, "lido:administrativeMetadata", **{"xml:lang": "en"})
    if metadata.rights.object.model_dump():
        _add_rights(
            _wrap(administrative, "rightsWorkWrap"), "rightsWorkSet", metadata.rights.object
        )
    _add_record(administrative, manifest)
    _add_resources(administrative, manifest, base_url)
    return root


def _add_classification(parent: Any, metadata: RelicToml) -> None:
    wrap = _wrap(parent, "objectClassificationWrap", "objectWorkTypeWrap")
    if (kind := metadata.object.type) and _kind_stated(metadata):
        _concept(wrap, "objectWorkType", kind.aat, kind.label, source="AAT")
    else:
        _concept(wrap, "objectWorkType", None, {"en": "not stated"})


def _add_identification(parent: Any, manifest: RelicManifest) -> None:
    metadata = manifest.metadata
    about = metadata.object
    identification = _wrap(parent, "objectIdentificationWrap")
    title = readable(about.title) or {UNDETERMINED: manifest.id}
    _texts(_wrap(identification, "titleWrap", "titleSet"), "appellationValue", title)
    museum = metadata.museum
    if museum.model_dump() or about.inventory_number:
        repository = _wrap(identification, "repositoryWrap", "repositorySet")
        if museum.model_dump():
            _add_museum(_wrap(repository, "repositoryName"), museum)
        if about.inventory_number:
            add(repository, "lido:workID", about.inventory_number, type=_INVENTORY_NUMBER)
    if readable(about.description):
        note = _wrap(identification, "objectDescriptionWrap", "objectDescriptionSet")
        _texts(note, "descriptiveNoteValue", about.description)
    if about.dimension:
        measurements = _wrap(identification, "objectMeasurementsWrap")
        for dimension in about.dimension:
            _add_dimension(measurements, dimension)


def _add_dimension(parent: Any, dimension: Dimension) -> None:
    measured = _wrap(parent, "objectMeasurementsSet", "objectMeasurements")
    _add_measure(measured, "measurementsSet", dimension.kind, dimension.unit, dimension.value)
    if readable(dimension.part):
        _concept(measured, "extentMeasurements", None, dimension.part)
    if dimension.uncertainty:
        plus_minus = {"en": f"± {dimension.uncertainty} {dimension.unit}"}
        _concept(measured, "qualifierMeasurements", None, plus_minus)


def _add_measure(parent: Any, name: str, kind: str, unit: str, value: str) -> None:
    measure = _wrap(parent, name)
    _concept(measure, "measurementType", None, {"en": kind})
    _concept(measure, "measurementUnit", None, {"en": unit})
    add(measure, "lido:measurementValue", value)


def _add_production(events: Any, metadata: RelicToml) -> None:
    about = metadata.object
    if not (_made(metadata) or readable(about.material)):
        return
    event = _add_event(events, "Production", _PRODUCTION)
    if readable(about.maker):
        _add_actor(event, about.maker)
    _concept(event, "culture", None, about.culture)
    if dating := about.dating:
        _add_date(event, dating.edtf, dating.display)
    if readable(about.place):
        place = _wrap(event, "eventPlace")
        _texts(place, "displayPlace", about.place)
        _texts(_wrap(place, "place", "namePlaceSet"), "appellationValue", about.place)
    if readable(about.material):
        material = _wrap(event, "eventMaterialsTech")
        _texts(material, "displayMaterialsTech", about.material)
        term = add(_wrap(material, "materialsTech"), "lido:termMaterialsTech", type=_MATERIAL)
        _texts(term, "term", about.material)


def _add_digitization(events: Any, capture: Capture) -> None:
    if not capture.model_dump():
        return
    event = _add_event(events, "Digitization", _DIGITIZATION)
    if capture.operator:
        _add_actor(event, {UNDETERMINED: capture.operator})
    _add_date(event, capture.date, None)
    _concept(event, "eventMethod", None, capture.method)
    for kind, name in (("device", capture.device), ("software", capture.software)):
        if name and has_text(name):
            thing = _wrap(event, "thingPresent")
            _texts(thing, "displayObject", {UNDETERMINED: name})
            used = _wrap(thing, "object")
            _concept(used, "objectType", None, {"en": kind})
            _texts(_wrap(used, "objectName"), "appellationValue", {UNDETERMINED: name})
    for kind, texts in (
        ("calibration", capture.calibration),
        ("scale", {"en": capture.scale} if capture.scale else None),
        ("scale basis", capture.scale_basis),
        ("notes", capture.notes),
    ):
        if readable(texts):
            note = add(event, "lido:eventDescriptionSet", type=kind)
            _texts(note, "descriptiveNoteValue", texts)


def _add_event(events: Any, term: str, concept: str) -> Any:
    event_set = _wrap(events, "eventSet")
    _texts(event_set, "displayEvent", {"en": term})
    event = _wrap(event_set, "event")
    _concept(event, "eventType", concept, {"en": term})
    return event


def _add_actor(event: Any, names: Texts) -> None:
    actor = _wrap(event, "eventActor")
    _texts(actor, "displayActorInRole", names)
    named = _wrap(actor, "actorInRole", "actor", "nameActorSet")
    _texts(named, "appellationValue", names)


def _add_date(event: Any, edtf: str | None, display: Texts) -> None:
    if not (edtf or readable(display)):
        return
    when = _wrap(event, "eventDate")
    _texts(when, "displayDate", display)
    if edtf:
        first, last, exact = iso_dates(edtf)
        date = _wrap(when, "date")
        for end, value in (("earliestDate", first), ("latestDate", last)):
            if value:
                add(date, f"lido:{end}", value, type=None if exact else "estimatedDate")


def _add_relations(parent: Any, relations: Sequence[Related]) -> None:
    if not relations:
        return
    works = _wrap(parent, "objectRelationWrap", "relatedWorksWrap")
    for related in relations:
        work = _wrap(works, "relatedWorkSet")
        _texts(work, "displayRelatedWork", related.label)
        other = _wrap(work, "relatedWork", "object")
        if related.uri:
            add(other, "lido:objectWebResource", escaped(related.uri))
        else:
            add(other, "lido:objectID", related.id, type=_LOCAL)
        _concept(work, "relatedWorkRelType", None, {"en": related.relation})


def _add_rights(parent: Any, name: str, rights: RightsIn) -> None:
    """Licence, holder and credit line; restrictions in a second set, as a set has one type only."""
    if rights.uri or readable(rights.holder) or readable(rights.attribution):
        element = _wrap(parent, name)
        _concept(element, "rightsType", escaped(rights.uri) if rights.uri else None, None)
        if readable(rights.holder):
            named = _wrap(element, "rightsHolder", "legalBodyName")
            _texts(named, "appellationValue", rights.holder)
        _texts(element, "creditLine", rights.attribution)
    if readable(rights.restrictions):
        _concept(_wrap(parent, name), "rightsType", None, rights.restrictions)


def _add_record(parent: Any, manifest: RelicManifest) -> None:
    record = _wrap(parent, "recordWrap")
    add(record, "lido:recordID", manifest.id, type=_LOCAL)
    _concept(record, "recordType", _ITEM_LEVEL, {"en": "Item-level record"})
    _add_museum(_wrap(record, "recordSource"), manifest.metadata.museum)


def _add_museum(legal_body: Any, museum: Museum) -> None:
    if museum.id:
        add(legal_body, "lido:legalBodyID", museum.id, type=_LOCAL)
    if readable(museum.name):
        _texts(_wrap(legal_body, "legalBodyName"), "appellationValue", museum.name)
    if museum.url:
        add(legal_body, "lido:legalBodyWeblink", escaped(museum.url))


def _add_resources(parent: Any, manifest: RelicManifest, base_url: str | None) -> None:
    """The models are one resource in several representations, the picture is another."""
    levels = {level.path: level for level in manifest.levels}
    picture = poster(manifest)
    kinds = {
        "3D model": [*manifest.levels, *(f for f in manifest.files if f.path.endswith(".usdz"))],
        "digital image": [file for file in manifest.files if file.path == picture],
    }
    resources = _wrap(parent, "resourceWrap")
    for kind, files in kinds.items():
        resource = _wrap(resources, "resourceSet") if files else None
        for file in files:
            shown = _wrap(resource, "resourceRepresentation")
            where = address(base_url, manifest.id, file.path)
            add(shown, "lido:linkResource", where, formatResource=media_type(file.path))
            _add_measure(shown, _MEASURES, "file size", "byte", str(file.bytes))
            if file.path in levels:
                _add_level(shown, manifest, levels[file.path])
        if files:
            _concept(resource, "resourceType", None, {"en": kind})
            if kind == "3D model" and (represents := manifest.metadata.object.represents):
                _texts(resource, "resourceDescription", {"en": f"Represents: {represents}"})
            _add_rights(resource, "rightsResource", manifest.metadata.rights.digital)


def _add_level(shown: Any, manifest: RelicManifest, level: LevelRecord) -> None:
    _add_measure(shown, _MEASURES, "triangles", "count", str(level.triangles))
    if manifest.scale_known:
        low, high = level.bounds_m
        for axis, start, end in zip("xyz", low, high, strict=True):
            _add_measure(shown, _MEASURES, f"along {axis}", "mm", f"{1000 * (end - start):.1f}")


def _kind_stated(metadata: RelicToml) -> bool:
    kind = metadata.object.type
    return bool(kind and (kind.aat or readable(kind.label)))


def _made(metadata: RelicToml) -> bool:
    """Whether it is stated that somebody made it: who, when, where or in which culture."""
    about, dating = metadata.object, metadata.object.dating
    texts = (about.maker, about.place, about.culture, dating.display if dating else None)
    return any(readable(text) for text in texts) or bool(dating and dating.edtf)


def _wrap(parent: Any, *names: str) -> Any:
    """Elements one inside the other; the innermost."""
    for name in names:
        parent = add(parent, f"lido:{name}")
    return parent


def _concept(parent: Any, name: str, uri: str | None, terms: Texts, source: str = "") -> None:
    """A concept by its address, its name in every language, or both."""
    if uri or readable(terms):
        concept = add(parent, f"lido:{name}")
        if uri:
            add(concept, "lido:conceptID", uri, type=_URI, source=source or None)
        _texts(concept, "term", terms)


def _texts(parent: Any, name: str, texts: Texts) -> None:
    for tag, text in readable(texts).items():
        add(parent, f"lido:{name}", text, **{"xml:lang": tag})
