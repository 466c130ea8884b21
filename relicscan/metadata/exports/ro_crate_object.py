"""The object that a crate is about, and the rights in it and in its digital copy, apart.

Its type is CreativeWork, what RO-Crate falls back to, and IndividualProduct, schema.org's single
thing with a number of its own: these two have the properties that a catalogue needs. An
uncertainty, a culture and a date in EDTF have no property and are a PropertyValue each.
"""

from __future__ import annotations

from typing import Any

from relicscan.metadata.dating import calendar_dates
from relicscan.metadata.descriptive import Dimension, Related, RightsIn
from relicscan.metadata.exports.exported import Exported
from relicscan.metadata.exports.ro_crate_graph import (
    Graph,
    Ref,
    add,
    by_language,
    iri,
    named,
    property_value,
)
from relicscan.units import UNECE_CODES

_RELATIONS = {"part of": "isPartOf", "has part": "hasPart", "copy of": "isBasedOn"}


def physical_object(graph: Graph, relic: Exported) -> Ref:
    """The entity of the object, with its own rights."""
    stated = relic.manifest.metadata
    said = stated.object
    dating = None
    single = None
    if said.dating:
        edtf = said.dating.edtf
        first, last = calendar_dates(edtf) or ("", None)
        single = first if first == last else None
        dating = property_value(
            graph, "#dating", "dating", edtf, description=by_language(said.dating.display)
        )
    related: dict[str, list[Ref]] = {}
    for number, other in enumerate(stated.related, start=1):
        way = _RELATIONS.get(other.relation, "isRelatedTo")
        related.setdefault(way, []).append(_related(graph, number, other))
    kind = said.type
    return add(
        graph,
        "#object",
        ("CreativeWork", "IndividualProduct"),
        name=by_language(said.title) or relic.id,
        description=by_language(said.description),
        identifier=said.inventory_number,
        additionalType=add(
            graph,
            iri(kind.aat) if kind.aat else "#type",
            "DefinedTerm",
            name=by_language(kind.label) or kind.aat,
            inDefinedTermSet="http://vocab.getty.edu/aat/" if kind.aat else None,
        )
        if kind
        else None,
        material=by_language(said.material),
        creator=named(graph, "#maker", "Thing", said.maker),
        locationCreated=named(graph, "#place", "Place", said.place),
        dateCreated=single,
        size=[_size(graph, n, dimension) for n, dimension in enumerate(said.dimension, start=1)],
        additionalProperty=[
            dating,
            property_value(graph, "#culture", "culture", by_language(said.culture)),
        ],
        **rights_in(graph, "object", stated.rights.object),
        **related,
    )


def _size(graph: Graph, number: int, dimension: Dimension) -> Ref:
    here = f"#dimension/{number}"
    return add(
        graph,
        here,
        "QuantitativeValue",
        name=dimension.kind,
        description=by_language(dimension.part),
        value=dimension.value,
        unitText=dimension.unit,
        unitCode=UNECE_CODES[dimension.unit],
        additionalProperty=property_value(
            graph,
            f"{here}/uncertainty",
            "uncertainty",
            dimension.uncertainty,
            unitText=dimension.unit,
        ),
    )


def _related(graph: Graph, number: int, other: Related) -> Ref:
    return add(
        graph,
        f"#related/{number}",
        ("CreativeWork", "IndividualProduct"),
        name=by_language(other.label) or other.id or other.uri,
        description=other.relation,
        identifier=other.id,
        url=iri(other.uri) if other.uri else None,
    )


def rights_in(graph: Graph, of: str, rights: RightsIn) -> dict[str, Any]:
    """The rights in one thing, "object" or "digital", as properties of its entity."""
    found: dict[str, Any] = {
        "license": add(
            graph,
            iri(rights.uri),
            "CreativeWork",
            name=rights.uri,
            description="A licence or rights statement: its text is at this address.",
        )
        if rights.uri
        else None,
        "copyrightHolder": named(graph, f"#holder/{of}", "Thing", rights.holder),
        "creditText": by_language(rights.attribution),
        "usageInfo": add(
            graph,
            f"#restrictions/{of}",
            "CreativeWork",
            name="Restrictions",
            text=by_language(rights.restrictions),
        )
        if rights.restrictions
        else None,
    }
    return {key: value for key, value in found.items() if value}
