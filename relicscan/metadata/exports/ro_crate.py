"""RO-Crate: the files of a relic with a description that archives and their software read.

RO-Crate Metadata Specification 1.3 (https://w3id.org/ro/crate/1.3), an attached crate, with
the profile Process Run Crate 0.6 (https://w3id.org/ro/wfrun/process/0.6): from the object by
its capture to the scans, by one action for each step that was not skipped to the last state,
and from there to the files. Scans and states between steps are not in the crate: they are
described under local ids, as section "File Data Entity" allows. relic.json is in the crate,
and holds what the crate's own terms do not.

Texts are JSON-LD values with their language; one without a language is a plain text. Where
the specification insists on what a relic does not state:

- `name` is the relic's id, and `description` a sentence about the dataset.
- `license` is the text "No licence is stated.": a textual description is allowed.
- `datePublished` has no way to say "unknown", and nothing in a relic says when it is
  published: it is what whoever exports says (`Exported.published`), and missing without.

Each of these is told as a Loss. Actions have no times but that of the capture: when a run took
place is in no file of a relic that is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from relicscan.errors import OutputError
from relicscan.metadata.canonical import (
    bytes_sha256,
    canonical_json,
    write_bytes_atomically,
    write_json_atomically,
)
from relicscan.metadata.descriptive import Museum
from relicscan.metadata.exports.exported import Exported, Loss, address, losses, poster
from relicscan.metadata.exports.files import copy_files
from relicscan.metadata.exports.media_types import media_type
from relicscan.metadata.exports.ro_crate_actions import actions
from relicscan.metadata.exports.ro_crate_graph import (
    Graph,
    Ref,
    add,
    by_language,
    iri,
    path_id,
    property_value,
)
from relicscan.metadata.exports.ro_crate_object import physical_object, rights_in
from relicscan.metadata.manifest import FileRecord, LevelRecord, MasterRecord

NAME = "ro-crate"
TITLE = "RO-Crate 1.3 with Process Run Crate 0.6"

DESCRIPTOR = "ro-crate-metadata.json"
MANIFEST = "relic.json"
SPECIFICATION = "https://w3id.org/ro/crate/1.3"
PROFILE = "https://w3id.org/ro/wfrun/process/0.6"

_IN_MANIFEST = "relic.json, which is in the crate"

CARRIES: Mapping[str, str] = {
    "id": "identifier of the root dataset",
    "object.title": "name of the root dataset and of the object that it is about",
    "object.description": "description of the root dataset and of the object",
    "object.type.aat": "additionalType of the object, a DefinedTerm",
    "object.type.label": "name of that DefinedTerm",
    "object.material": "material of the object",
    "object.culture": "additionalProperty 'culture' of the object",
    "object.place": "locationCreated of the object",
    "object.maker": "creator of the object",
    "object.inventory_number": "identifier of the object",
    "object.dating.edtf": "additionalProperty 'dating' of the object; one date AD: dateCreated",
    "object.dating.display": "description of 'dating'",
    "object.dimension.kind": "name of a QuantitativeValue in the object's size",
    "object.dimension.value": "value of that QuantitativeValue",
    "object.dimension.unit": "its unitText, and unitCode (UN/CEFACT)",
    "object.dimension.uncertainty": "its additionalProperty 'uncertainty'",
    "object.dimension.part": "its description",
    "object.represents": "variableMeasured of the root dataset",
    "museum.name": "name of the publisher",
    "museum.url": "url of the publisher",
    "museum.id": "identifier of the publisher",
    "rights.digital.uri": "license of the root dataset",
    "rights.digital.holder": "copyrightHolder of the root dataset",
    "rights.digital.attribution": "creditText of the root dataset",
    "rights.digital.restrictions": "usageInfo of the root dataset",
    "rights.object.uri": "license of the object",
    "rights.object.holder": "copyrightHolder of the object",
    "rights.object.attribution": "creditText of the object",
    "rights.object.restrictions": "usageInfo of the object",
    "capture.method": "measurementTechnique of the root dataset",
    "capture.device": "instrument of the capture",
    "capture.software": "instrument of the capture",
    "capture.operator": "agent of the capture",
    "capture.date": "endTime (and startTime) of the capture, or its parameter 'date' (EDTF)",
    "capture.calibration": "parameter 'calibration' of the capture",
    "capture.scale": "parameter 'scale' of the capture",
    "capture.scale_basis": "parameter 'scale basis' of the capture",
    "capture.notes": "description of the capture",
    "hotspot.id": _IN_MANIFEST,
    "hotspot.position": _IN_MANIFEST,
    "hotspot.normal": _IN_MANIFEST,
    "hotspot.camera.position": _IN_MANIFEST,
    "hotspot.camera.target": _IN_MANIFEST,
    "hotspot.title": _IN_MANIFEST,
    "hotspot.text": _IN_MANIFEST,
    "hotspot.audio": f"{_IN_MANIFEST}; File entities",
    "tour.id": _IN_MANIFEST,
    "tour.title": _IN_MANIFEST,
    "tour.text": _IN_MANIFEST,
    "tour.steps": _IN_MANIFEST,
    "related.relation": "isPartOf, hasPart, isBasedOn or isRelatedTo of the object",
    "related.id": "identifier of the related thing",
    "related.uri": "url of the related thing",
    "related.label": "name of the related thing",
    "models": "File entities",
    "posters": "File entities, one of them the image of the root dataset",
    "master": "a File entity",
    "sources": "File entities that are described and not included",
    "steps": "a CreateAction each, with their parameters as PropertyValue",
    "deviation": _IN_MANIFEST,
    "checksums": "sha256 of every File",
}

#: What a file is besides a File, by the first half of its media type.
_KINDS = {"model": "3DModel", "image": "ImageObject", "audio": "AudioObject"}
_WHAT = {
    "3DModel": "A three-dimensional model.",
    "ImageObject": "A picture of the model.",
    "AudioObject": "A spoken text.",
}


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """One crate for each relic, `folder / id`. Raises OutputError."""
    return [loss for relic in relics for loss in write_crate(relic, folder / relic.id, base_url)]


def write_crate(relic: Exported, folder: Path, base_url: str | None) -> list[Loss]:
    """The crate of one relic: its files under the paths of its manifest, and what describes them.

    Raises OutputError where a file is not what the manifest says.
    """
    paths = [file.path for file in relic.manifest.delivered]
    for path in paths:
        if path.partition("/")[0].casefold() in (DESCRIPTOR, MANIFEST):
            raise OutputError(
                f"{path!r} is where the crate's own description goes",
                scan=relic.id,
                remedy="restore relic.json from a copy, or run relicscan again",
            )
    folder.mkdir(parents=True, exist_ok=True)
    copy_files(relic, paths, folder)
    write_bytes_atomically(folder / MANIFEST, canonical_json(relic.manifest))
    write_json_atomically(folder / DESCRIPTOR, document(relic, base_url))
    return [*losses(relic, CARRIES), *_filled_in(relic)]


def document(relic: Exported, base_url: str | None = None) -> dict[str, Any]:
    """What ro-crate-metadata.json says: flattened, compacted JSON-LD."""
    graph: Graph = {}
    add(
        graph,
        DESCRIPTOR,
        "CreativeWork",
        about={"@id": "./"},
        conformsTo={"@id": SPECIFICATION},
    )
    add(graph, "./", "Dataset")
    files = [
        _file(graph, relic, file, base_url) for file in (*relic.manifest.delivered, _own(relic))
    ]
    thing = physical_object(graph, relic)
    _root(graph, relic, thing, files, base_url)
    add(graph, "./", "Dataset", mentions=actions(graph, relic, thing, files))
    return {"@context": f"{SPECIFICATION}/context", "@graph": list(graph.values())}


def _root(
    graph: Graph, relic: Exported, thing: Ref, files: list[Ref], base_url: str | None
) -> None:
    """The dataset as a whole: what models and pictures are, whose, and what may be done."""
    stated = relic.manifest.metadata
    image = poster(relic.manifest)
    add(
        graph,
        "./",
        "Dataset",
        conformsTo=add(
            graph, PROFILE, ("CreativeWork", "Profile"), name="Process Run Crate", version="0.6"
        ),
        identifier=property_value(graph, "#identifier", "identifier in relicscan", relic.id),
        name=by_language(stated.object.title) or relic.id,
        description=by_language(stated.object.description)
        or {"@value": f"The three-dimensional models of {relic.id}.", "@language": "en"},
        publisher=_museum(graph, stated.museum),
        datePublished=relic.published,
        about=thing,
        image={"@id": path_id(image)} if image else None,
        measurementTechnique=by_language(stated.capture.method),
        variableMeasured=property_value(
            graph, "#represents", "what the models show", stated.object.represents
        ),
        url=address(base_url, relic.id, "") if base_url else None,
        hasPart=files,
        **{"license": "No licence is stated."} | rights_in(graph, "digital", stated.rights.digital),
    )


def _museum(graph: Graph, museum: Museum) -> Ref | None:
    """Under an id of its own: its address is that of a page, and may be that of other things."""
    if not museum.model_dump():
        return None
    return add(
        graph,
        "#museum",
        "Organization",
        name=by_language(museum.name),
        url=iri(museum.url) if museum.url else None,
        identifier=museum.id,
    )


def _own(relic: Exported) -> FileRecord:
    """relic.json as it is written."""
    content = canonical_json(relic.manifest)
    return FileRecord(path=MANIFEST, bytes=len(content), sha256=bytes_sha256(content))


def _file(graph: Graph, relic: Exported, file: FileRecord, base_url: str | None) -> Ref:
    titles = {one.path: one.title for one in relic.manifest.arrangements}
    media = media_type(file.path)
    kind = _KINDS.get((media or "").partition("/")[0])
    match file:
        case MasterRecord():
            kind = "3DModel"  # PLY has no media type
            what = f"The full-resolution mesh: {file.triangles} triangles."
        case LevelRecord():
            what = f"Model {file.name} for {file.target}: {file.triangles} triangles."
        case _ if file.path == MANIFEST:
            what = "What became of the relic: metadata, sources, steps, models and their errors."
        case _ if file.path in titles:
            what = f"One of the ways in which scans fit: {titles[file.path]}."
        case _:
            what = _WHAT.get(kind or "", "A file of the relic.")
    return add(
        graph,
        path_id(file.path),
        ("File", kind) if kind else "File",
        name=file.path,
        description=what,
        contentSize=str(file.bytes),
        encodingFormat=media,
        sha256=file.sha256,
        contentUrl=address(base_url, relic.id, file.path) if base_url else None,
    )


def _filled_in(relic: Exported) -> list[Loss]:
    """What the specification insists on and the relic does not state."""
    stated = relic.manifest.metadata
    told = []
    if relic.published is None:
        why = "a crate needs the day of its publication, and none was given: --published 2026-11-26"
        told.append(("datePublished", why))
    if not stated.rights.digital.uri:
        told.append(("rights.digital.uri", "a crate needs a licence; it says that none is stated"))
    return [Loss(relic.id, field, reason) for field, reason in told]
