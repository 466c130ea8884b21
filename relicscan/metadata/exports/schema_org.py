"""schema.org: a 3DModel in JSON-LD for every relic, as search engines read it.

Vocabulary https://schema.org/3DModel, JSON-LD 1.1 (W3C Recommendation, 16 July 2020):

    <id>/schema-org.json    3DModel, whose `about` is the object

To be put into a page about the relic, in a `script` element of the type application/ld+json that
the page brings: no text in these bytes can end that element, since every "<" is written as
an escape (JSON-LD 1.1, section 7.2). Without a base address, addresses are relative to the
folder of the relic.

The object is a VisualArtwork: of all kinds of CreativeWork only this one has height, width and
depth, and a Product would be for sale. The rights in the model are the 3DModel's, those in the
object the VisualArtwork's. Whether a maker or a holder of rights is a person or an organization
is not stated, so they have a name and no type. A museum is a place to schema.org; what provides
is an organization, and it is both.

`dateCreated` takes one date of the calendar in the years 1 to 9999. Any other dating is in
`temporal`, which is there for what no exact property suits; `temporalCoverage` would be the time
that a work tells of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from relicscan.metadata.canonical import canonical_json, write_bytes_atomically
from relicscan.metadata.dating import calendar_dates
from relicscan.metadata.descriptive import Dimension, ObjectInfo, RightsIn
from relicscan.metadata.exports.exported import (
    Exported,
    Loss,
    address,
    losses,
    models,
    packed_models,
    poster,
    untold_models,
)
from relicscan.metadata.exports.media_types import media_type
from relicscan.metadata.languages import UNDETERMINED
from relicscan.metadata.manifest import FileRecord, LevelRecord
from relicscan.units import UNECE_CODES

NAME = "schema-org"
TITLE = "schema.org 3DModel (JSON-LD)"

FILE = "schema-org.json"

CARRIES: Mapping[str, str] = {
    "id": "@id and identifier",
    "models": "encoding, one MediaObject a file",
    "posters": "thumbnailUrl",
    "checksums": "encoding.sha256",
    "object.title": "name, of the model and of the object",
    "object.description": "description",
    "object.type.label": "about.artform",
    "object.type.aat": "about.additionalType",
    "object.material": "about.material",
    "object.culture": "about.keywords",
    "object.place": "about.locationCreated",
    "object.maker": "about.creator",
    "object.inventory_number": "about.identifier",
    "object.dating.edtf": "about.dateCreated where it is one exact date, else about.temporal",
    "object.dating.display": "about.temporal",
    "object.dimension.kind": "about.height, width and depth, any other by name in about.size",
    "object.dimension.value": "QuantitativeValue.value",
    "object.dimension.unit": "QuantitativeValue.unitCode and unitText",
    "object.dimension.uncertainty": "QuantitativeValue.additionalProperty",
    "object.dimension.part": "about.size.description",
    "object.represents": "disambiguatingDescription",
    "museum.name": "provider.name",
    "museum.url": "provider.url",
    "museum.id": "provider.identifier",
    **{
        f"rights.{ours}.{field}": theirs
        for ours, of in (("object", "about."), ("digital", ""))
        for field, theirs in (
            ("uri", f"{of}license"),
            ("holder", f"{of}copyrightHolder"),
            ("attribution", f"{of}creditText"),
            ("restrictions", f"{of}usageInfo"),
        )
    },
}

Json = dict[str, Any]


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """A 3DModel for every relic; what cannot be carried."""
    lost: list[Loss] = []
    for relic in relics:
        (folder / relic.id).mkdir(exist_ok=True)
        write_bytes_atomically(folder / relic.id / FILE, inline_json(model_of(relic, base_url)))
        lost += _losses(relic)
    return lost


def inline_json(data: Any) -> bytes:
    """Canonical JSON in which nothing can be taken for markup: "<" occurs in texts only, where
    JSON has an escape for it.
    """
    return canonical_json(data).replace(b"<", rb"\u003c")


def model_of(relic: Exported, base_url: str | None) -> Json:
    """The 3DModel of a relic, with the object that it is about."""
    manifest = relic.manifest
    stated, picture = manifest.metadata, poster(manifest)
    own = _address(relic, FILE, base_url)
    return _filled(
        {
            "@context": "https://schema.org",
            "@type": "3DModel",
            "@id": f"{own}#model",
            "identifier": relic.id,
            "name": _texts(stated.object.title),
            "description": _texts(stated.object.description),
            "disambiguatingDescription": _texts(_in_english(stated.object.represents)),
            "isResizable": False if manifest.scale_known else None,
            "thumbnailUrl": picture and _address(relic, picture, base_url),
            "encoding": [_media(relic, file, base_url) for file in _files(relic)],
            "provider": _museum(relic),
            **_rights(stated.rights.digital),
            "about": _object(relic, f"{own}#object"),
        }
    )


def _object(relic: Exported, own: str) -> Json:
    stated = relic.manifest.metadata.object
    kind = stated.type
    found = _filled(
        {
            "name": _texts(stated.title),
            "artform": _texts(kind.label if kind else None),
            "additionalType": kind and kind.aat,
            "material": _texts(stated.material),
            "keywords": _texts(stated.culture),
            "locationCreated": _named(stated.place, "Place"),
            "creator": _named(stated.maker),
            "identifier": _property("inventory number", stated.inventory_number),
            **_dates(stated),
            **_dimensions(stated.dimension),
            **_rights(relic.manifest.metadata.rights.object),
        }
    )
    return {"@type": "VisualArtwork", "@id": own, **found} if found else {}


def _dates(stated: ObjectInfo) -> Json:
    dating = stated.dating
    if not dating:
        return {}
    exact = _exact(dating.edtf)
    rough = [] if exact or not dating.edtf else [dating.edtf]
    return {"dateCreated": exact, "temporal": [*rough, *_texts(dating.display)]}


def _exact(edtf: str | None) -> str | None:
    """One day, month or year of the calendar, and nothing else."""
    first, last = calendar_dates(edtf) or ("", None)
    return first if first == last else None


def _dimensions(dimensions: Sequence[Dimension]) -> Json:
    """Height, width and depth of the whole by these properties, and all others by name."""
    found: Json = {"size": []}
    for dimension in dimensions:
        if dimension.part or dimension.kind not in ("height", "width", "depth"):
            found["size"].append(
                {"name": dimension.kind, **_quantity(dimension)}
                | _filled({"description": _texts(dimension.part)})
            )
        else:
            found[dimension.kind] = _quantity(dimension)
    return found


def _quantity(dimension: Dimension) -> Json:
    """The value is a text: a number would forget how exactly it was given."""
    unit = {"unitCode": UNECE_CODES[dimension.unit], "unitText": dimension.unit}
    uncertainty = _property("uncertainty", dimension.uncertainty)
    return _filled(
        {
            "@type": "QuantitativeValue",
            "value": dimension.value,
            **unit,
            "additionalProperty": uncertainty and {**uncertainty, **unit},
        }
    )


def _rights(rights: RightsIn) -> Json:
    restrictions = _texts(rights.restrictions)
    return {
        "license": rights.uri,
        "copyrightHolder": _named(rights.holder),
        "creditText": _texts(rights.attribution),
        "usageInfo": restrictions and {"@type": "CreativeWork", "text": restrictions},
    }


def _museum(relic: Exported) -> Json:
    museum = relic.manifest.metadata.museum
    found = _filled(
        {"name": _texts(museum.name), "url": museum.url, "identifier": museum.id},
    )
    return {"@type": ["Museum", "Organization"], **found} if found else {}


def _files(relic: Exported) -> list[FileRecord]:
    """The models for the web and for augmented reality, from the smallest to the largest."""
    paths = packed_models(relic.manifest)
    packed = [file for file in relic.manifest.files if file.path in paths]
    return [*models(relic.manifest), *models(relic.manifest, "ar"), *packed]


def _media(relic: Exported, file: FileRecord, base_url: str | None) -> Json:
    path = PurePosixPath(file.path)
    return _filled(
        {
            "@type": "MediaObject",
            "name": file.name if isinstance(file, LevelRecord) else path.stem,
            "contentUrl": _address(relic, file.path, base_url),
            "encodingFormat": media_type(file.path),
            "contentSize": f"{file.bytes} B",
            "sha256": file.sha256,
        }
    )


def _address(relic: Exported, path: str, base_url: str | None) -> str:
    return address(base_url, relic.id, path) if base_url else quote(path)


def _property(name: str, stated: str | None) -> Json:
    return {"@type": "PropertyValue", "name": name, "value": stated} if stated else {}


def _named(texts: Mapping[str, str] | None, kind: str | None = None) -> Json:
    typed = {"@type": kind} if kind else {}
    return {**typed, "name": _texts(texts)} if texts else {}


def _texts(texts: Mapping[str, str] | None) -> list[Json | str]:
    """One value for each language; a text in no known language is a plain string."""
    return [
        text if tag == UNDETERMINED else {"@language": tag, "@value": text}
        for tag, text in (texts or {}).items()
    ]


def _in_english(word: str | None) -> dict[str, str]:
    return {"en": word} if word else {}


def _filled(given: Json) -> Json:
    """Without what was not stated: a property is there with a value or not at all."""
    return {key: found for key, found in given.items() if found not in (None, "", [], {})}


def _losses(relic: Exported) -> list[Loss]:
    lost = losses(relic, CARRIES)
    lost += untold_models(relic.manifest, [file.path for file in _files(relic)])
    dating = relic.manifest.metadata.object.dating
    if dating and dating.edtf and not _exact(dating.edtf):
        why = "dateCreated takes one exact date from the year 1 on: it is a text in temporal"
        lost.append(Loss(relic.id, "object.dating.edtf", why))
    return lost
