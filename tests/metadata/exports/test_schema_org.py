"""3DModels for search engines: only what schema.org knows, and nothing that ends a script."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from relicscan.metadata.exports import schema_org
from relicscan.metadata.exports.exported import PARTS, Exported, Loss, stated_fields
from tests.metadata.exports.conftest import ATTACKS, EVERYTHING, distinct

GOLDEN = Path(__file__).parent / "golden" / "schema-org.json"
BASE = "https://museum.example/3d"

TEXT, URL, PLAIN, BOOLEAN = "texts by language", "address", "plain text", "true or false"

#: Every type and property that may be written, and what schema.org says its value is.
ALLOWED: dict[str, dict[str, Any]] = {
    "3DModel": {
        "identifier": PLAIN,
        "name": TEXT,
        "description": TEXT,
        "disambiguatingDescription": TEXT,
        "isResizable": BOOLEAN,
        "thumbnailUrl": URL,
        "encoding": ["MediaObject"],
        "provider": "Museum+Organization",
        "license": URL,
        "copyrightHolder": "",
        "creditText": TEXT,
        "usageInfo": "CreativeWork",
        "about": "VisualArtwork",
    },
    "VisualArtwork": {
        "name": TEXT,
        "artform": TEXT,
        "additionalType": URL,
        "material": TEXT,
        "keywords": TEXT,
        "locationCreated": "Place",
        "creator": "",
        "identifier": "PropertyValue",
        "dateCreated": PLAIN,
        "temporal": TEXT,
        "height": "QuantitativeValue",
        "width": "QuantitativeValue",
        "depth": "QuantitativeValue",
        "size": ["QuantitativeValue"],
        "license": URL,
        "copyrightHolder": "",
        "creditText": TEXT,
        "usageInfo": "CreativeWork",
    },
    "MediaObject": {
        "name": PLAIN,
        "contentUrl": URL,
        "encodingFormat": PLAIN,
        "contentSize": PLAIN,
        "sha256": PLAIN,
    },
    "QuantitativeValue": {
        "name": PLAIN,
        "description": TEXT,
        "value": PLAIN,
        "unitCode": PLAIN,
        "unitText": PLAIN,
        "additionalProperty": "PropertyValue",
    },
    "PropertyValue": {"name": PLAIN, "value": PLAIN, "unitCode": PLAIN, "unitText": PLAIN},
    "Museum+Organization": {"name": TEXT, "url": URL, "identifier": PLAIN},
    "CreativeWork": {"text": TEXT},
    "Place": {"name": TEXT},
    "": {"name": TEXT},
}


def problems(node: Any, kind: str, where: str = "$") -> list[str]:
    """What in a node is not a property of its type, or not of the kind that the property takes."""
    if not isinstance(node, dict):
        return [f"{where} is no node"]
    stated = node.get("@type", "")
    typed = "+".join(stated) if isinstance(stated, list) else stated
    if typed != kind:
        return [f"{where} is {typed!r}, not {kind!r}"]
    found = []
    for key, value in node.items():
        here = f"{where}.{key}"
        if key == "@type":
            continue
        if key == "@context":
            found += [] if (where, value) == ("$", "https://schema.org") else [f"{here}: {value}"]
        elif key == "@id":
            found += [] if kind in ("3DModel", "VisualArtwork") else [f"{here} is not looked for"]
        elif key not in ALLOWED[kind]:
            found.append(f"{here} is no property of {kind}")
        else:
            found += _wrong(value, ALLOWED[kind][key], here)
    return found


def _wrong(value: Any, wanted: Any, where: str) -> list[str]:
    if wanted in (PLAIN, URL):
        return [] if isinstance(value, str) and value.strip() else [f"{where} is no {wanted}"]
    if wanted == BOOLEAN:
        return [] if isinstance(value, bool) else [f"{where} is not {wanted}"]
    if wanted == TEXT:
        good = isinstance(value, list) and value and all(map(_is_text, value))
        return [] if good else [f"{where} has no {wanted}"]
    if isinstance(wanted, list):
        if not isinstance(value, list) or not value:
            return [f"{where} is no list"]
        nodes = enumerate(value)
        return [p for n, node in nodes for p in problems(node, wanted[0], f"{where}[{n}]")]
    return problems(value, wanted, where)


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value)
    return set(value) == {"@language", "@value"} and all(isinstance(v, str) for v in value.values())


def written(
    relics: Sequence[Exported], folder: Path, base_url: str | None = BASE
) -> tuple[list[Any], list[Loss]]:
    folder.mkdir()
    lost = schema_org.write(relics, folder, base_url)
    return [json.loads((folder / r.id / "schema-org.json").read_bytes()) for r in relics], lost


def in_language(texts: list[Any]) -> dict[str, str]:
    return {t["@language"]: t["@value"] for t in texts if isinstance(t, dict)}


def test_the_golden_file(relic: Exported, tmp_path: Path) -> None:
    written([relic], tmp_path / "to")
    content = (tmp_path / "to" / relic.id / "schema-org.json").read_bytes()
    if os.environ.get("RELICSCAN_RENEW_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(content)
    assert content == GOLDEN.read_bytes(), "if it should differ: RELICSCAN_RENEW_GOLDEN=1"


def test_only_what_schema_org_knows(
    relic: Exported, bare: Exported, samples: list[Exported], tmp_path: Path
) -> None:
    for base_url, name in ((BASE, "a"), (None, "b")):
        documents, _ = written([relic, bare, *samples], tmp_path / name, base_url)
        assert [p for d in documents for p in problems(d, "3DModel")] == []


def test_the_check_refuses_what_is_wrong(relic: Exported, tmp_path: Path) -> None:
    (good,), _ = written([relic], tmp_path / "to")
    assert problems(good, "3DModel") == []
    for path, wrong in {
        ("about", "colour"): "red",
        ("about", "@type"): "Product",
        ("name",): "no language",
        ("isResizable",): "no",
        ("encoding",): good["encoding"][0],
        ("provider", "@type"): "Museum",
        ("about", "height", "value"): 42.0,
        ("about", "material"): [{"@value": "clay"}],
        ("@context",): "https://example.org",
        ("license",): {"@id": "x"},
    }.items():
        broken = json.loads(json.dumps(good))
        node = broken
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = wrong
        assert len(problems(broken, "3DModel")) == 1, path


def test_every_field_that_is_said_to_be_carried_is_there(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    relic = export_of(distinct(EVERYTHING))
    (document,), lost = written([relic], tmp_path / "to")
    texts: set[Any] = set()
    collect(document, texts)
    for field, value in stated_fields(relic).items():
        if field not in schema_org.CARRIES:
            assert Loss(relic.id, field, "the format has no place for it") in lost
            continue
        for one in value if isinstance(value, list) else [value]:
            for said in one.items() if isinstance(one, dict) else [one]:
                assert said in texts, field


def collect(node: Any, texts: set[Any]) -> None:
    """Properties, texts, and texts with their language."""
    if isinstance(node, dict) and "@value" in node:
        texts |= {(node["@language"], node["@value"]), node["@value"]}
    elif isinstance(node, dict):
        texts |= set(node)
        for inside in node.values():
            collect(inside, texts)
    elif isinstance(node, list):
        for inside in node:
            collect(inside, texts)
    elif isinstance(node, str):
        texts.add(node)


def test_what_is_lost_is_told(relic: Exported, bare: Exported, tmp_path: Path) -> None:
    _, lost = written([relic, bare], tmp_path / "to")
    assert {loss.field for loss in lost if loss.relic == "unnamed"} <= set(PARTS)
    told = {loss.field for loss in lost if loss.relic == "amphora-12"}
    assert {"master", "sources", "steps", "deviation", "models"} <= told
    assert "the format has no place for wechat/low.glb" in {loss.reason for loss in lost}
    assert {"capture.method", "hotspot.text", "tour.steps", "related.uri"} < told
    assert "object.dating.edtf" in told
    assert not told & {"object.title", "rights.digital.uri", "object.represents"}


def test_a_date_is_exact_or_a_text(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    exact = ("1926", "1926-05", "1926-05-01")
    rough = ("1575~", "-0529", "0000", "1500/1510", "15XX", "1926?")
    for number, edtf in enumerate((*exact, *rough)):
        dated = export_of({"id": "dated", "object": {"dating": {"edtf": edtf}}})
        (document,), lost = written([dated], tmp_path / str(number))
        about = document["about"]
        assert about.get("dateCreated") == (edtf if edtf in exact else None)
        assert about.get("temporal") == (None if edtf in exact else [edtf])
        assert ("object.dating.edtf" in {loss.field for loss in lost}) == (edtf in rough)
        assert "dateCreated" not in document
        assert "temporalCoverage" not in document | about


def test_no_text_ends_the_script_or_is_changed(attacker: Exported, tmp_path: Path) -> None:
    (document,), _ = written([attacker], tmp_path / "to")
    content = (tmp_path / "to" / attacker.id / "schema-org.json").read_bytes()
    assert b"<" not in content
    assert rb"\u003cscript" in content
    names = in_language(document["name"])
    assert {names[f"x-{kind}"] for kind in ATTACKS} == set(ATTACKS.values())
    assert problems(document, "3DModel") == []

    class Page(HTMLParser):
        seen: list[str]

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            self.seen.append(tag)

    page = Page()
    page.seen = []
    script = '<script type="application/ld+json">'
    page.feed(f"<body>{script}{content.decode()}</script><p></body>")
    assert page.seen == ["body", "script", "p"]


def test_what_would_end_a_script_is_escaped_wherever_it_is() -> None:
    hostile = {"<!--": ["</script>", "\\<", "<", 'a"<b']}
    content = schema_org.inline_json(hostile)
    assert b"<" not in content
    assert json.loads(content) == hostile


def test_rights_of_object_and_model_are_kept_apart(relic: Exported, tmp_path: Path) -> None:
    (document,), _ = written([relic], tmp_path / "to")
    assert document["license"] == "https://creativecommons.org/licenses/by/4.0/"
    about = document["about"]
    assert about["license"] == "https://creativecommons.org/publicdomain/mark/1.0/"
    assert in_language(document["creditText"])["en"] == "Sample Museum, 2026"
    assert "creditText" not in about
    assert in_language(document["usageInfo"]["text"])["de"] == "Keine Werbung."


def test_a_model_of_unknown_scale_does_not_say_whether_it_may_be_resized(
    relic: Exported, tmp_path: Path
) -> None:
    manifest = relic.manifest
    assert manifest.units is not None
    units = manifest.units.model_copy(
        update={"unit": None, "scale_known": False, "figures_in": "working units"}
    )
    unknown = Exported(manifest.model_copy(update={"units": units}), relic.folder)
    (known,), _ = written([relic], tmp_path / "a")
    (nothing,), _ = written([unknown], tmp_path / "b")
    assert known["isResizable"] is False
    assert "isResizable" not in nothing


def test_dimensions_have_units_and_their_decimals(relic: Exported, tmp_path: Path) -> None:
    (document,), _ = written([relic], tmp_path / "to")
    height, (mouth,) = document["about"]["height"], document["about"]["size"]
    assert (height["value"], height["unitCode"]) == ("42.0", "CMT")
    assert height["additionalProperty"]["value"] == "0.1"
    assert (mouth["name"], mouth["value"]) == ("diameter", "18.55")
    assert in_language(mouth["description"])["zh-Hans"] == "口径"


def test_models_with_and_without_a_base_address(relic: Exported, tmp_path: Path) -> None:
    (near,), _ = written([relic], tmp_path / "a", None)
    (far,), _ = written([relic], tmp_path / "b")
    paths = [media["contentUrl"] for media in near["encoding"]]
    assert paths[:2] == ["web/thumb.glb", "web/low.glb"]
    assert paths[-2:] == ["ar/model.glb", "ar/model.usdz"]
    assert far["encoding"][0]["contentUrl"] == f"{BASE}/amphora-12/web/thumb.glb"
    assert far["thumbnailUrl"] == f"{BASE}/amphora-12/preview/poster.webp"
    formats = {media["encodingFormat"] for media in far["encoding"]}
    assert formats == {"model/gltf-binary", "model/vnd.usdz+zip"}
    sums = {file.sha256 for file in relic.manifest.delivered}
    assert all(media["sha256"] in sums for media in far["encoding"])


def test_same_input_same_bytes_and_nothing_is_guessed(
    relic: Exported, bare: Exported, tmp_path: Path
) -> None:
    (document,), lost = written([bare], tmp_path / "bare")
    assert set(document) == {
        *("@context", "@type", "@id", "identifier", "isResizable", "thumbnailUrl", "encoding"),
    }
    assert {loss.field for loss in lost} <= set(PARTS)
    written([relic], tmp_path / "a")
    written([relic], tmp_path / "b")
    name = f"{relic.id}/schema-org.json"
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_text_without_a_language_is_a_plain_string(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    (document,), _ = written(
        [export_of({**EVERYTHING, "object": {"title": "Jar"}})], tmp_path / "to"
    )
    assert document["name"] == ["Jar"]
