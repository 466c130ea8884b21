"""IIIF manifests: valid by the draft's schemas, and by what those schemas leave out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from relicscan.errors import OutputError
from relicscan.metadata.exports import iiif
from relicscan.metadata.exports.exported import Exported, Loss, stated_fields
from relicscan.metadata.exports.iiif_metadata import value
from relicscan.metadata.exports.licences import canonical
from tests.metadata.exports.conftest import ATTACKS, EVERYTHING, distinct

GOLDEN = Path(__file__).parent / "golden"
BASE = "https://museum.example/3d"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def validator(shared: Path) -> Any:
    folder = shared / "schemas" / "iiif-presentation-4"
    if not folder.is_dir():
        pytest.skip(f"the schemas of IIIF are not at {folder}")
    schemas = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )
    main = next(schema for schema in schemas if schema["$id"].endswith("/main.json"))
    return jsonschema.Draft202012Validator(main, registry=registry)


def written(
    relics: Sequence[Exported], folder: Path, base_url: str = BASE
) -> tuple[list[Json], Json, list[Loss]]:
    folder.mkdir()
    lost = iiif.write(relics, folder, base_url)
    manifests = [json.loads((folder / r.id / "manifest.json").read_bytes()) for r in relics]
    return manifests, json.loads((folder / "collection.json").read_bytes()), lost


def nodes(document: Any) -> Iterator[Json]:
    """Every object of a document."""
    if isinstance(document, dict):
        yield document
    for inside in document.values() if isinstance(document, dict) else document:
        if isinstance(inside, dict | list):
            yield from nodes(inside)


def of_type(document: Json, kind: str) -> list[Json]:
    return [node for node in nodes(document) if node.get("type") == kind and len(node) > 2]


def annotations(document: Json, motivation: str) -> list[Json]:
    return [a for a in of_type(document, "Annotation") if a["motivation"] == [motivation]]


def test_the_golden_files(relic: Exported, tmp_path: Path) -> None:
    written([relic], tmp_path / "to")
    for path, name in (
        (f"{relic.id}/manifest.json", "iiif-manifest.json"),
        ("collection.json", "iiif-collection.json"),
    ):
        content = (tmp_path / "to" / path).read_bytes()
        if os.environ.get("RELICSCAN_RENEW_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / name).write_bytes(content)
        expected = (GOLDEN / name).read_bytes()
        assert content == expected, "if it should differ: RELICSCAN_RENEW_GOLDEN=1"


def test_valid_by_the_published_schemas(
    relic: Exported,
    bare: Exported,
    attacker: Exported,
    samples: list[Exported],
    tmp_path: Path,
    validator: Any,
) -> None:
    manifests, collection, _ = written([relic, bare, attacker, *samples], tmp_path / "to")
    assert len(collection["items"]) == len(manifests) == 8
    for document in (*manifests, collection):
        found = [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(document)]
        assert found == [], document["id"]


def test_the_schemas_refuse_what_is_wrong(relic: Exported, tmp_path: Path, validator: Any) -> None:
    (manifest,), _, _ = written([relic], tmp_path / "to")
    assert validator.is_valid(manifest)
    painting = ("items", 0, "items", 0, "items")
    for path, wrong in {
        ("label",): "Amphora",
        (*painting, 0, "motivation"): "painting",
        (*painting, 0, "target"): f"{BASE}/amphora-12/scene",
        (*painting, 0, "body", "items", 0, "type"): "3DModel",
        (*painting, 1, "body", "lookAt", "x"): "0",
        ("items", 0, "annotations", 0, "items", 0, "target", "selector", 0, "z"): None,
        ("items", 0, "spatialScale", "unit"): 1,
        ("metadata", 0, "value"): {"en": "amphora"},
    }.items():
        broken = json.loads(json.dumps(manifest))
        node: Any = broken
        for key in path[:-1]:
            node = node[key]
        assert path[-1] in node
        node[path[-1]] = wrong
        assert not validator.is_valid(broken), path


def test_what_the_schemas_leave_out(
    relic: Exported, bare: Exported, samples: list[Exported], tmp_path: Path
) -> None:
    manifests, collection, _ = written([relic, bare, *samples], tmp_path / "to")
    for document in (*manifests, collection):
        assert beyond_the_schemas(document) == []
    broken = json.loads(json.dumps(manifests[0]))
    broken["rights"] = "https://creativecommons.org/licenses/by/4.0/"
    broken["provider"][0]["id"] = "XX-000001"
    broken["items"][0]["id"] += "#scene"
    assert len(beyond_the_schemas(broken)) == 3


def beyond_the_schemas(document: Json) -> list[str]:
    """Rules of the draft's text: addresses, http rights, whole providers, one id a thing."""
    found = []
    if "rights" in document and canonical(document["rights"]) != document["rights"]:
        found.append(f"rights: {document['rights']}")
    for node in nodes(document):
        if "id" in node and not node["id"].startswith(("https://", "http://")):
            found.append(f"id: {node['id']}")
        if node.get("type") == "Scene" and "#" in node["id"]:
            found.append(f"a Scene with a fragment: {node['id']}")
        if node.get("type") == "Agent" and not {"id", "label"} <= set(node):
            found.append("a provider without id or label")
    defined = [
        n["id"] for n in nodes(document) if {"items", "body", "source"} & set(n) and "id" in n
    ]
    return found + [f"twice: {own}" for own in {i for i in defined if defined.count(i) > 1}]


def test_every_field_that_is_said_to_be_carried_is_there(
    export_of: Callable[[Json], Exported], tmp_path: Path
) -> None:
    stated = distinct(EVERYTHING)
    stated["hotspot"][0]["camera"]["target"] = [-70.0, 0.0, 300.0]
    relic = export_of(stated)
    (manifest,), _, lost = written([relic], tmp_path / "to")
    said = set(texts_by_language(manifest))
    everything = "\n".join(text for _, text in said) + "\n".join(
        str(node.get("id")) for node in nodes(manifest)
    )
    elsewhere = {
        "rights.digital.uri": manifest["rights"] == "http://creativecommons.org/licenses/by/4.0/",
        "object.dimension.kind": "Height" in everything and "Diameter" in everything,
        "related.relation": "Pair of" in everything and "See" in everything,
        "hotspot.position": [-0.08, 0.1, 0.0] in points(manifest),
        "hotspot.camera.position": [-0.4, 0.12, 0.0] in points(manifest),
        "hotspot.camera.target": [-0.07, 0.09, 0.0] in points(manifest),
        "tour.steps": stated_fields(relic)["tour.steps"] == [toured(manifest, "around")],
        "hotspot.audio": heard(manifest)
        == {
            ("en", f"{BASE}/amphora-12/audio/handle.en.mp3", "audio/mpeg"),
            ("zh-Hans", f"{BASE}/amphora-12/audio/handle.zh-Hans.mp3", "audio/mpeg"),
        },
    }
    for field, given in stated_fields(relic).items():
        if field not in iiif.CARRIES:
            assert field in {loss.field for loss in lost}
        elif field in elsewhere:
            assert elsewhere[field], field
        else:
            for one in given if isinstance(given, list) else [given]:
                if isinstance(one, dict):
                    for tag, text in one.items():
                        assert any(tag == t and text in s for t, s in said), (field, tag)
                else:
                    assert one in everything, field
    assert {loss.field for loss in lost} & set(iiif.CARRIES) == {"models"}


def toured(document: Json, tour: str) -> list[str]:
    """The ids of the hotspots at the places of a tour, in its order."""
    pages = {page["id"].rpartition("/")[2]: page for page in of_type(document, "AnnotationPage")}
    hotspots = {
        str(spot["target"]["selector"]): spot["id"].rpartition("/")[2]
        for spot in pages["hotspots"]["items"]
    }
    return [hotspots[str(step["target"]["selector"])] for step in pages[tour]["items"]]


def heard(document: Json) -> set[tuple[str, str, str]]:
    return {
        (language, sound["id"], sound["format"])
        for sound in of_type(document, "Audio")
        for language in sound["language"]
    }


def texts_by_language(document: Json) -> Iterator[tuple[str, str]]:
    for node in nodes(document):
        if node.get("type") == "TextualBody":
            yield node.get("language", ["none"])[0], node["value"]
        for tag, texts in node.items():
            if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
                yield from ((tag, text) for text in texts)


def points(document: Json) -> list[list[float]]:
    return [[p[axis] for axis in "xyz"] for p in of_type(document, "PointSelector")]


def test_the_medium_model_is_shown_first_and_the_others_are_a_choice(
    relic: Exported, tmp_path: Path
) -> None:
    (manifest,), _, _ = written([relic], tmp_path / "to")
    body = annotations(manifest, "painting")[0]["body"]
    assert body["type"] == "Choice"
    assert [m["label"]["none"] for m in body["items"]] == [["medium"], ["low"], ["high"], ["thumb"]]
    assert body["items"][0]["id"] == f"{BASE}/amphora-12/web/medium.glb"
    sizes = {f"{BASE}/amphora-12/{file.path}": file.bytes for file in relic.manifest.levels}
    assert all(model["fileSize"] == sizes[model["id"]] for model in body["items"])
    assert [file["format"] for file in manifest["rendering"]] == [
        "model/gltf-binary",
        "model/vnd.usdz+zip",
    ]


@pytest.mark.parametrize(
    ("there", "shown"), [(["thumb", "high"], "high"), (["thumb"], "thumb"), ([], None)]
)
def test_the_nearest_model_there_is(
    relic: Exported, tmp_path: Path, there: list[str], shown: str | None
) -> None:
    levels = tuple(level for level in relic.manifest.levels if level.name in there)
    fewer = Exported(relic.manifest.model_copy(update={"levels": levels}), relic.folder)
    (manifest,), _, lost = written([fewer], tmp_path / "to")
    models = of_type(manifest["items"][0], "Model")
    assert (models[0]["label"]["none"] if models else []) == ([shown] if shown else [])
    assert any("the Scene is empty" in loss.reason for loss in lost) == (shown is None)
    assert (manifest["items"][0]["items"][0]["items"] != []) is True


def test_hotspots_are_comments_in_every_language_and_their_cameras_are_hidden(
    relic: Exported, tmp_path: Path
) -> None:
    (manifest,), _, _ = written([relic], tmp_path / "to")
    (scene,) = manifest["items"]
    handle, foot = scene["annotations"][0]["items"]
    assert handle["body"]["type"] == "Choice"
    written_in = [body for body in handle["body"]["items"] if body["type"] == "TextualBody"]
    bodies = {body["language"][0]: body["value"] for body in written_in}
    # In French, only the title is given.
    assert bodies["de"] == "Ein Fingerabdruck."
    assert bodies["fr"] == "Anse"
    assert handle["label"]["fr"] == ["Anse"]
    assert handle["target"]["source"] == {"id": scene["id"], "type": "Scene"}
    (camera,) = of_type(manifest, "PerspectiveCamera")
    assert handle["scope"] == [{"id": camera["id"], "type": "PerspectiveCamera"}]
    assert camera["lookAt"] == {"type": "PointSelector", "x": -0.08, "y": 0.1, "z": 0.0}
    (painted,) = [a for a in annotations(scene, "painting") if a["body"] == camera]
    assert painted["behavior"] == ["hidden"]
    assert "scope" not in foot


def test_a_tour_is_a_page_in_order(relic: Exported, tmp_path: Path) -> None:
    (manifest,), _, _ = written([relic], tmp_path / "to")
    page = manifest["items"][0]["annotations"][1]
    assert page["behavior"] == ["hidden", "sequence"]
    assert page["label"]["de"] == ["Rundgang"]
    assert page["summary"]["en"] == ["From handle to foot."]
    assert [step["label"]["en"] for step in page["items"]] == [["Handle"], ["Foot"], ["Handle"]]
    assert len({step["id"] for step in page["items"]}) == 3


def test_metres_only_where_the_scale_is_known(relic: Exported, tmp_path: Path) -> None:
    (manifest,), _, _ = written([relic], tmp_path / "a")
    metre = {"type": "Quantity", "quantityValue": 1.0, "unit": "m"}
    assert manifest["items"][0]["spatialScale"] == metre
    assert relic.manifest.units is not None
    units = relic.manifest.units.model_copy(
        update={"unit": None, "scale_known": False, "figures_in": "working units"}
    )
    unknown = Exported(relic.manifest.model_copy(update={"units": units}), relic.folder)
    (manifest,), _, _ = written([unknown], tmp_path / "b")
    assert "spatialScale" not in manifest["items"][0]


def test_hotspots_that_cannot_be_placed_are_told(relic: Exported, tmp_path: Path) -> None:
    unread = Exported(relic.manifest.model_copy(update={"frame": None}), relic.folder)
    (manifest,), _, lost = written([unread], tmp_path / "to")
    assert "annotations" not in manifest["items"][0]
    assert {"hotspot.position", "tour.steps"} <= {loss.field for loss in lost}


def test_rights_are_what_iiif_knows_or_are_told(
    export_of: Callable[[Json], Exported], tmp_path: Path
) -> None:
    cc, rs = "creativecommons.org", "rightsstatements.org"
    for number, (uri, known) in enumerate(
        {
            f"https://{cc}/licenses/by-nc-sa/4.0/deed.de": f"http://{cc}/licenses/by-nc-sa/4.0/",
            f"http://{cc}/publicdomain/zero/1.0": f"http://{cc}/publicdomain/zero/1.0/",
            f"https://{cc}/licenses/by/3.0/de/": f"http://{cc}/licenses/by/3.0/de/",
            f"https://{rs}/page/InC-EDU/1.0/": f"http://{rs}/vocab/InC-EDU/1.0/",
            "https://museum.example/terms": None,
            f"https://museum.example/?http://{cc}/licenses/by/4.0/": None,
            f"https://{cc}/licenses/by/4.0/evil": None,
            f"https://{cc}.example/licenses/by/4.0/": None,
        }.items()
    ):
        stated = {"id": "r", "object": {"title": "R"}, "rights": {"digital": {"uri": uri}}}
        (manifest,), _, lost = written([export_of(stated)], tmp_path / str(number))
        assert manifest.get("rights") == known
        shown = [entry["value"] for entry in manifest.get("metadata", [])]
        assert shown == ([] if known else [{"none": [uri]}])
        assert ("rights.digital.uri" in {loss.field for loss in lost}) == (known is None)


def test_rights_of_object_and_model_are_kept_apart(relic: Exported, tmp_path: Path) -> None:
    (manifest,), _, _ = written([relic], tmp_path / "to")
    assert manifest["rights"] == "http://creativecommons.org/licenses/by/4.0/"
    shown = {entry["label"]["en"][0]: entry["value"] for entry in manifest["metadata"]}
    of_object = {"none": ["https://creativecommons.org/publicdomain/mark/1.0/"]}
    assert shown["Rights in the object"] == of_object
    assert "Rights in the 3D model" not in shown
    assert manifest["requiredStatement"]["value"]["en"] == ["Sample Museum, 2026"]


def test_no_text_is_taken_for_html_or_changed(attacker: Exported, tmp_path: Path) -> None:
    (manifest,), _, _ = written([attacker], tmp_path / "to")
    for kind, text in ATTACKS.items():
        assert manifest["label"][f"x-{kind}"] == [text]
        (shown,) = manifest["summary"][f"x-{kind}"]
        assert shown.removesuffix(" ") == text.removesuffix(" ")
    html_is_read = [
        manifest["summary"],
        manifest["requiredStatement"]["value"],
        *(entry["value"] for entry in manifest["metadata"]),
    ]
    texts = [text for given in html_is_read for said in given.values() for text in said]
    assert any("<script>" in text for text in texts)
    assert not any(text.startswith("<") and text.endswith(">") for text in texts)
    bodies = of_type(manifest, "TextualBody")
    assert bodies
    assert all(body["format"] == "text/plain" for body in bodies)
    assert beyond_the_schemas(manifest) == []


def test_a_text_without_a_language_is_none(
    export_of: Callable[[Json], Exported], tmp_path: Path
) -> None:
    spot = {"id": "lip", "position": [0, 0, 0.0], "text": "Chipped."}
    relic = export_of({"id": "jar", "object": {"title": "Jar"}, "hotspot": [spot]})
    (manifest,), _, _ = written([relic], tmp_path / "to")
    assert manifest["label"] == {"none": ["Jar"]}
    (comment,) = annotations(manifest, "commenting")
    assert comment["body"] == {"type": "TextualBody", "value": "Chipped.", "format": "text/plain"}
    assert value("<b>") == {"none": ["<b> "]}


def test_what_is_lost_is_told(relic: Exported, bare: Exported, tmp_path: Path) -> None:
    _, _, lost = written([relic, bare], tmp_path / "to")
    assert {loss.field for loss in lost if loss.relic == "amphora-12"} == {
        *("hotspot.normal", "master", "sources", "steps", "deviation", "checksums"),
        "models",
    }
    stated = set(stated_fields(bare)) | {"object.title"}
    told = {loss.field for loss in lost if loss.relic == "unnamed"}
    assert told & stated == {"object.title"}
    assert [loss.reason for loss in lost if loss.field == "models"] == [
        "the format has no place for wechat/low.glb"
    ] * 2


def test_related_relics_that_are_exported_too_are_linked(
    export_of: Callable[[Json], Exported], tmp_path: Path
) -> None:
    one = export_of({"id": "a", "related": [{"relation": "pair of", "id": "b"}]})
    other = export_of({"id": "b", "related": [{"relation": "pair of", "id": "gone"}]})
    (first, second), collection, _ = written([one, other], tmp_path / "to")
    assert first["seeAlso"][0]["id"] == second["id"] == f"{BASE}/b/manifest.json"
    assert "seeAlso" not in second
    assert [item["id"] for item in collection["items"]] == [first["id"], second["id"]]


def test_a_collection_names_the_museum_where_there_is_one(
    relic: Exported, bare: Exported, samples: list[Exported], tmp_path: Path
) -> None:
    _, ours, _ = written(samples, tmp_path / "a")
    assert ours["provider"][0]["label"]["en"] == ["Sample Museum"]
    assert ours["provider"][0]["id"] == f"{BASE}/collection.json#museum"
    _, mixed, _ = written([relic, *samples], tmp_path / "b")
    _, unknown, _ = written([bare], tmp_path / "c")
    _, empty, _ = written([], tmp_path / "d")
    assert not any("provider" in collection for collection in (mixed, unknown, empty))
    assert empty["items"] == []


def test_without_an_address_nothing_is_written(relic: Exported, tmp_path: Path) -> None:
    for wrong in (
        None,
        "",
        "museum.example",
        "file:///srv",
        "https://m.example/#x",
        "https://a b/",
    ):
        with pytest.raises(OutputError) as raised:
            iiif.write([relic], tmp_path, wrong)
        assert raised.value.remedy is not None
        assert "--base-url https://" in raised.value.remedy
    assert not list(tmp_path.rglob("manifest.json"))


def test_same_input_same_bytes_with_or_without_a_slash(relic: Exported, tmp_path: Path) -> None:
    written([relic], tmp_path / "a")
    written([relic], tmp_path / "b", f"{BASE}/")
    for name in (f"{relic.id}/manifest.json", "collection.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
