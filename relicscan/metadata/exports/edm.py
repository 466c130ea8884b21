"""Europeana: one RDF/XML document for each relic, in the Europeana Data Model.

EDM External with the 3D profile of 2025 (github.com/europeana/metis-schema, EDM.xsd and its
Schematron). The object is an edm:ProvidedCHO, every model and the picture an edm:WebResource, an
ore:Aggregation holds them together. Elements stand in the order of the XSD.

Europeana takes no object without a licence of its list, a data provider, a title or description,
and a kind or a place. Where a relic does not state one of these it is left out, and the losses say
what to state: nothing is made up. EDM asks for dc:language of texts only, not of 3D.

edm:provider is who delivers to Europeana. Relics name no aggregator, so it is the museum, as EDM
has it for museums that deliver themselves. edm:intendedUsage, which the 3D profile insists on, is
what the model's target is made for and nothing that the relic states: see USAGE. Licences and
concepts are named by their http address, which is their identifier, also where https was stated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relicscan.errors import OutputError
from relicscan.metadata.dating import iso_dates
from relicscan.metadata.descriptive import Dating, Dimension, Related, RightsIn
from relicscan.metadata.exports.exported import (
    Exported,
    Loss,
    address,
    losses,
    models,
    poster,
    untold_models,
)
from relicscan.metadata.exports.licences import europeana_rights
from relicscan.metadata.exports.media_types import GLB, media_type
from relicscan.metadata.exports.xml_text import (
    add,
    document,
    dropped_characters,
    escaped,
    has_text,
    readable,
    write_xml,
)
from relicscan.metadata.languages import UNDETERMINED, best_text
from relicscan.metadata.manifest import FileRecord, LevelRecord, RelicManifest

NAME = "edm"
TITLE = "Europeana Data Model with the 3D profile"

_RIGHTS = ("holder", "attribution", "restrictions")

CARRIES: Mapping[str, str] = {
    "id": "addresses (rdf:about)",
    "object.title": "dc:title",
    "object.description": "dc:description",
    "object.type.aat": "dc:type (skos:Concept)",
    "object.type.label": "dc:type, or skos:prefLabel of the concept",
    "object.material": "dcterms:medium",
    "object.culture": "edm:hasType",
    "object.place": "dcterms:spatial (edm:Place)",
    "object.maker": "dc:creator (edm:Agent)",
    "object.inventory_number": "dc:identifier",
    "object.dating.edtf": "dcterms:created (edm:TimeSpan: begin, end, skos:notation)",
    "object.dating.display": "dcterms:created (edm:TimeSpan: skos:prefLabel)",
    "object.represents": "dc:description of the models, schema:digitalSourceType",
    "museum.name": "edm:dataProvider and edm:provider; every language in the edm:Agent",
    "museum.url": "edm:Agent that the object edm:hasMet",
    "museum.id": "dc:identifier of this edm:Agent",
    "capture.method": "dc:description of the models",
    "capture.notes": "dc:description of the models",
    "capture.operator": "dc:creator of the models",
    "capture.date": "dcterms:created of the models",
    "related.relation": "dc:relation, and the property nearest to it",
    "related.id": "dcterms:isPartOf, hasPart, hasVersion, edm:isDerivativeOf, isRelatedTo",
    "related.uri": "dcterms:isPartOf, hasPart, hasVersion, edm:isDerivativeOf, isRelatedTo",
    "related.label": "dc:relation",
    "models": "edm:isShownBy (the largest for the web) and edm:hasView; GLB only",
    "posters": "edm:object",
    **{f"object.dimension.{key}": "dcterms:extent" for key in Dimension.model_fields},
    **{f"rights.object.{key}": "dc:rights of the object" for key in RightsIn.model_fields},
    **{f"rights.digital.{key}": "dc:rights of models and picture" for key in _RIGHTS},
    "rights.digital.uri": "edm:rights of the aggregation, models and picture",
}

_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "edm": "http://www.europeana.eu/schemas/edm/",
    "ore": "http://www.openarchives.org/ore/terms/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "ebucore": "http://www.ebu.ch/metadata/ontologies/ebucore/ebucore#",
    "schema": "https://schema.org/",
}

#: What a model is made for, by its target: to be kept, and else to be shown.
USAGE = {"archive": "http://data.europeana.eu/vocabulary/usageArea/Documentation"}
_SHOWN = "http://data.europeana.eu/vocabulary/usageArea/Exhibition"
_MESH = "http://data.europeana.eu/vocabulary/modelType/3DMesh"
_IPTC = "https://cv.iptc.org/newscodes/digitalsourcetype/"
_SOURCE = {"existing state": _IPTC + "digitalCapture", "born digital": _IPTC + "digitalCreation"}
_EDTF = "http://id.loc.gov/datatypes/edtf/EDTF"
_LONG = "http://www.w3.org/2001/XMLSchema#long"
_RELATIONS = {
    "part of": "dcterms:isPartOf",
    "has part": "dcterms:hasPart",
    "has copy": "dcterms:hasVersion",
    "copy of": "edm:isDerivativeOf",
}


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """Write `<id>/edm.xml` for every relic that Europeana takes; the losses name the others.

    Raises OutputError without `base_url`.
    """
    if not base_url:
        raise OutputError(
            "Europeana names everything by its web address, and none is given",
            remedy="say where the output will be: --base-url https://museum.example/relics",
        )
    lost: list[Loss] = []
    for relic in relics:
        if missing := _missing(relic):
            lost += missing
            continue
        write_xml(folder / relic.id / "edm.xml", _document(relic.manifest, base_url))
        lost += losses(relic, CARRIES)
        lost += untold_models(relic.manifest, [level.path for level in relic.manifest.levels])
        lost += dropped_characters(relic, CARRIES)
    return lost


def _missing(relic: Exported) -> list[Loss]:
    """What keeps a relic out of Europeana."""
    metadata = relic.manifest.metadata
    about, licence = metadata.object, metadata.rights.digital.uri
    named = readable(about.title) or readable(about.description)
    of_a_kind = about.type and (about.type.aat or readable(about.type.label))
    needed = {
        "rights.digital.uri": (
            europeana_rights(licence),
            f"{licence} is not in Europeana's list: state one of Creative Commons or "
            "rightsstatements.org as uri of [rights.digital]"
            if licence
            else "state a licence or rights statement: uri of [rights.digital]",
        ),
        "museum.name": (readable(metadata.museum.name), "state whose object it is: [museum] name"),
        "object.title": (named, "state a title or a description in [object]"),
        "object.type.label": (
            of_a_kind or readable(about.place),
            "state what kind of object it is, or its place: type or place in [object]",
        ),
        "models": (relic.manifest.levels, "it has no model to show"),
    }
    return [
        Loss(relic.id, field, f"the relic is left out: {reason}", left_out=True)
        for field, (there, reason) in needed.items()
        if not there
    ]


def _document(manifest: RelicManifest, base_url: str) -> Any:
    root = document("rdf:RDF", _NAMESPACES)
    _add_object(root, manifest, base_url)
    for level in _levels(manifest):
        _add_model(root, manifest, level, base_url)
    for file in manifest.files:
        if file.path == poster(manifest):
            _add_picture(root, manifest, file, base_url)
    _add_context(root, manifest, base_url)
    _add_aggregation(root, manifest, base_url)
    return root


def _add_object(root: Any, manifest: RelicManifest, base_url: str) -> None:
    metadata = manifest.metadata
    about = metadata.object
    element = _about(root, "edm:ProvidedCHO", _part(base_url, manifest.id, "object"))
    if readable(about.maker):
        _link(element, "dc:creator", _part(base_url, manifest.id, "maker"))
    _texts(element, "dc:description", about.description)
    _text(element, "dc:identifier", about.inventory_number)
    for related in metadata.related:
        labels = readable(related.label)
        named = labels.pop("en", None) or related.id or related.uri
        _text(element, "dc:relation", f"{related.relation}: {named}", "en")
        _texts(element, "dc:relation", labels)
    rights = metadata.rights.object
    if rights.uri:
        _link(element, "dc:rights", escaped(rights.uri))
    _add_rights_texts(element, rights)
    _texts(element, "dc:title", about.title)
    if about.type and about.type.aat:
        _link(element, "dc:type", _identifier(about.type.aat))
    elif about.type:
        _texts(element, "dc:type", about.type.label)
    if _dating(manifest):
        _link(element, "dcterms:created", _part(base_url, manifest.id, "dating"))
    for dimension in about.dimension:
        _add_extent(element, dimension)
    _texts(element, "dcterms:medium", about.material)
    if readable(about.place):
        _link(element, "dcterms:spatial", _part(base_url, manifest.id, "place"))
    _add_related(element, metadata.related, base_url, "dcterms:")
    _link(element, "edm:hasMet", _museum(manifest, base_url))
    _texts(element, "edm:hasType", about.culture)
    _add_related(element, metadata.related, base_url, "edm:isDerivativeOf")
    _add_related(element, metadata.related, base_url, "edm:isRelatedTo")
    _text(element, "edm:type", "3D")


def _add_extent(element: Any, dimension: Dimension) -> None:
    """A measure in English; of a part, its name in every other language with the figure."""
    figure = f"{dimension.value} {dimension.unit}"
    if dimension.uncertainty:
        figure += f" ± {dimension.uncertainty} {dimension.unit}"
    parts = readable(dimension.part)
    english = parts.pop("en", None)
    of = f" ({english})" if english else ""
    if english or not parts:
        _text(element, "dcterms:extent", f"{dimension.kind} {figure}{of}", "en")
    for tag, part in parts.items():
        kind = "" if english else f" ({dimension.kind})"
        _text(element, "dcterms:extent", f"{part}{kind} {figure}", tag)


def _add_related(
    element: Any, relations: Sequence[Related], base_url: str, properties: str
) -> None:
    """Links to what is related, by those properties that begin so."""
    for related in relations:
        name = _RELATIONS.get(related.relation, "edm:isRelatedTo")
        if name.startswith(properties):
            other = _part(base_url, related.id, "object") if related.id else related.uri
            _link(element, name, escaped(other or ""))


def _add_model(root: Any, manifest: RelicManifest, level: LevelRecord, base_url: str) -> None:
    metadata = manifest.metadata
    capture, represents = metadata.capture, metadata.object.represents
    element = _about(root, "edm:WebResource", address(base_url, manifest.id, level.path))
    _text(element, "dc:creator", capture.operator)
    _texts(element, "dc:description", capture.method)
    _texts(element, "dc:description", capture.notes)
    _text(element, "dc:description", represents and f"Represents: {represents}", "en")
    _text(element, "dc:format", GLB)
    _add_rights_texts(element, metadata.rights.digital)
    _link(element, "dc:type", _MESH)
    _text(element, "dcterms:created", capture.date)
    if manifest.scale_known:
        sides = (1000 * (high - low) for low, high in zip(*level.bounds_m, strict=True))
        _text(element, "dcterms:extent", " × ".join(f"{side:.1f}" for side in sides) + " mm")
    _link(element, "edm:rights", _licence(manifest))
    _text(element, "ebucore:hasMimeType", GLB)
    add(element, "ebucore:fileByteSize", str(level.bytes), **{"rdf:datatype": _LONG})
    _text(element, "edm:polygonCount", str(level.triangles))
    _text(element, "edm:vertexCount", str(level.vertices))
    _link(element, "rdfs:seeAlso", address(base_url, manifest.id, "relic.json"))
    _text(element, "edm:type", "3D")
    if represents in _SOURCE:
        _link(element, "schema:digitalSourceType", _SOURCE[represents])
    _link(element, "edm:intendedUsage", USAGE.get(level.target, _SHOWN))


def _add_picture(root: Any, manifest: RelicManifest, picture: FileRecord, base_url: str) -> None:
    element = _about(root, "edm:WebResource", address(base_url, manifest.id, picture.path))
    _text(element, "dc:format", media_type(picture.path))
    _add_rights_texts(element, manifest.metadata.rights.digital)
    _link(element, "edm:rights", _licence(manifest))
    _text(element, "ebucore:hasMimeType", media_type(picture.path))
    add(element, "ebucore:fileByteSize", str(picture.bytes), **{"rdf:datatype": _LONG})
    _text(element, "edm:type", "IMAGE")


def _add_context(root: Any, manifest: RelicManifest, base_url: str) -> None:
    """Who, where, when and what: one resource each, with its name in every language."""
    about, museum, dating = manifest.metadata.object, manifest.metadata.museum, _dating(manifest)
    if readable(about.maker):
        _named(root, "edm:Agent", _part(base_url, manifest.id, "maker"), about.maker)
    agent = _named(root, "edm:Agent", _museum(manifest, base_url), museum.name)
    _text(agent, "dc:identifier", museum.id)
    if readable(about.place):
        _named(root, "edm:Place", _part(base_url, manifest.id, "place"), about.place)
    if dating:
        span = _named(root, "edm:TimeSpan", _part(base_url, manifest.id, "dating"), dating.display)
        if dating.edtf:
            first, last, _ = iso_dates(dating.edtf)
            _text(span, "edm:begin", first)
            _text(span, "edm:end", last)
            add(span, "skos:notation", dating.edtf, **{"rdf:datatype": _EDTF})
    if about.type and about.type.aat and readable(about.type.label):
        _named(root, "skos:Concept", _identifier(about.type.aat), about.type.label)


def _add_aggregation(root: Any, manifest: RelicManifest, base_url: str) -> None:
    name, tag = best_text(readable(manifest.metadata.museum.name)) or ("", UNDETERMINED)
    shown, *views = _levels(manifest)
    element = _about(root, "ore:Aggregation", _part(base_url, manifest.id, "aggregation"))
    _link(element, "edm:aggregatedCHO", _part(base_url, manifest.id, "object"))
    _text(element, "edm:dataProvider", name, tag)
    for view in views:
        _link(element, "edm:hasView", address(base_url, manifest.id, view.path))
    _link(element, "edm:isShownBy", address(base_url, manifest.id, shown.path))
    if picture := poster(manifest):
        _link(element, "edm:object", address(base_url, manifest.id, picture))
    _text(element, "edm:provider", name, tag)
    _link(element, "edm:rights", _licence(manifest))


def _levels(manifest: RelicManifest) -> list[LevelRecord]:
    """All models, the one that is shown first: the largest for the web, else the largest."""
    web = models(manifest)
    shown = web[-1] if web else max(manifest.levels, key=lambda level: level.bytes)
    return [shown, *(level for level in manifest.levels if level is not shown)]


def _dating(manifest: RelicManifest) -> Dating | None:
    dating = manifest.metadata.object.dating
    return dating if dating and (dating.edtf or readable(dating.display)) else None


def _licence(manifest: RelicManifest) -> str:
    return europeana_rights(manifest.metadata.rights.digital.uri) or ""


def _museum(manifest: RelicManifest, base_url: str) -> str:
    url = manifest.metadata.museum.url
    return escaped(url) if url else _part(base_url, manifest.id, "museum")


def _part(base_url: str, relic_id: str, part: str) -> str:
    """What a part of a relic is named in RDF: "https://museum.example/amphora-12/#maker"."""
    return f"{address(base_url, relic_id, '')}#{part}"


def _identifier(uri: str) -> str:
    """Identifiers of the AAT begin with http."""
    return re.sub("^https:", "http:", uri)


def _add_rights_texts(element: Any, rights: RightsIn) -> None:
    for key in _RIGHTS:
        _texts(element, "dc:rights", getattr(rights, key))


def _about(root: Any, name: str, identifier: str) -> Any:
    return add(root, name, **{"rdf:about": identifier})


def _named(root: Any, name: str, identifier: str, labels: Mapping[str, str] | None) -> Any:
    element = _about(root, name, identifier)
    _texts(element, "skos:prefLabel", labels)
    return element


def _link(element: Any, name: str, target: str) -> None:
    add(element, name, **{"rdf:resource": target})


def _texts(element: Any, name: str, texts: Mapping[str, str] | None) -> None:
    for tag, text in (texts or {}).items():
        _text(element, name, text, tag)


def _text(element: Any, name: str, text: str | None, tag: str = UNDETERMINED) -> None:
    """A text with its language, where that is known."""
    if text and has_text(text):
        add(element, name, text, **{"xml:lang": None if tag == UNDETERMINED else tag})
