"""The scene is valid, its models are there, and Voyager's camera stands where it was told to."""

from __future__ import annotations

import copy
import hashlib
import html
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from metadata.exports.test_table import without_scale
from referencing import Registry, Resource

from relicscan.errors import OutputError
from relicscan.metadata.exports import svx
from relicscan.metadata.exports.exported import PARTS, Exported, Loss, stated_fields

GOLDEN = Path(__file__).parent / "golden" / "scene.svx.json"
NAMES = {"en": "EN", "de": "DE", "fr": "FR", "it": "IT", "ar": "AR"}

#: Where Voyager sets a text as HTML.
AS_HTML = ("object.title", "object.description", "hotspot.text", "tour.title", "tour.text")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


@pytest.fixture
def validator(shared: Path) -> jsonschema.Draft7Validator:
    schemas = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((shared / "schemas" / "voyager-svx").glob("*.schema.json"))
    ]
    if not schemas:
        pytest.skip(f"the schemas of Voyager are not in {shared / 'schemas' / 'voyager-svx'}")
    registry: Registry[Any] = Registry().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in schemas]
    )
    entry = next(schema for schema in schemas if schema["$id"].endswith("/document.schema.json"))
    return jsonschema.Draft7Validator(entry, registry=registry)


def scene(relic: Exported, there: Path) -> dict[str, Any]:
    svx.write([relic], there, None)
    text = (there / relic.id / "scene.svx.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def with_metadata(relic: Exported, **update: Any) -> Exported:
    metadata = relic.manifest.metadata.model_copy(update=update)
    return Exported(relic.manifest.model_copy(update={"metadata": metadata}), relic.folder)


def test_golden(relic: Exported, there: Path) -> None:
    svx.write([relic], there, None)
    written = (there / relic.id / "scene.svx.json").read_bytes()
    if os.environ.get("RELICSCAN_RENEW_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(written)
    assert written == GOLDEN.read_bytes(), "RELICSCAN_RENEW_GOLDEN=1 writes the golden file anew"


def test_valid_by_the_published_schema(
    relic: Exported,
    bare: Exported,
    attacker: Exported,
    samples: list[Exported],
    there: Path,
    validator: jsonschema.Draft7Validator,
) -> None:
    for exported in [relic, bare, attacker, *samples]:
        validator.validate(scene(exported, there))


@pytest.mark.parametrize(
    "broken",
    [
        lambda d: d["setups"][0]["language"].update(language="ZH"),
        lambda d: d["models"][0]["derivatives"][0].update(quality="thumb"),
        lambda d: d["models"][0]["annotations"][0].update(position=[1, 2]),
        lambda d: d["models"][0].update(units="metres"),
        lambda d: d["metas"][0].update(rights="CC0"),
        lambda d: d["metas"][0]["audio"][0].pop("uris"),
        lambda d: d["asset"].pop("version"),
    ],
)
def test_the_schema_refuses_what_is_broken(
    relic: Exported,
    there: Path,
    validator: jsonschema.Draft7Validator,
    broken: Callable[[dict[str, Any]], Any],
) -> None:
    document = scene(relic, there)
    broken(document)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


def test_models_lie_beside_the_scene(relic: Exported, there: Path) -> None:
    document = scene(relic, there)
    place = there / relic.id
    levels = {level.path: level for level in relic.manifest.levels}
    seen = []
    for derivative in document["models"][0]["derivatives"]:
        (asset,) = derivative["assets"]
        content = (place / asset["uri"]).read_bytes()
        assert len(content) == asset["byteSize"]
        checksum = hashlib.sha256(content).hexdigest()
        assert document["metas"][0]["process"][f"{asset['uri']}.sha256"] == checksum
        if asset["uri"] in levels:
            assert asset["numFaces"] == levels[asset["uri"]].triangles
            assert asset["imageSize"] == levels[asset["uri"]].texture_side
        seen.append((derivative["usage"], derivative["quality"], asset["uri"], asset["mimeType"]))
    assert seen == [
        ("Web3D", "Thumb", "web/thumb.glb", "model/gltf-binary"),
        ("Web3D", "Low", "web/low.glb", "model/gltf-binary"),
        ("Web3D", "Medium", "web/medium.glb", "model/gltf-binary"),
        ("Web3D", "High", "web/high.glb", "model/gltf-binary"),
        ("Web3D", "AR", "ar/model.glb", "model/gltf-binary"),
        ("App3D", "AR", "ar/model.glb", "model/gltf-binary"),
        ("iOSApp3D", "AR", "ar/model.usdz", "model/vnd.usdz+zip"),
    ]
    (clip,) = document["metas"][0]["audio"]
    assert clip["uris"] == {"EN": "audio/handle.en.mp3"}
    sound = (place / "audio/handle.en.mp3").read_bytes()
    checksum = document["metas"][0]["process"]["audio/handle.en.mp3.sha256"]
    assert checksum == hashlib.sha256(sound).hexdigest()
    assert [path.name for path in (place / "audio").iterdir()] == ["handle.en.mp3"]
    handle, foot = document["models"][0]["annotations"]
    assert handle["audioId"] == clip["id"]
    assert "audioId" not in foot
    (image,) = document["metas"][0]["images"]
    assert (place / image["uri"]).stat().st_size == image["byteSize"]
    assert not (place / "master").exists()


def test_a_changed_model_is_not_exported(relic: Exported, there: Path) -> None:
    (relic.folder / "web/low.glb").write_bytes(b"changed")
    with pytest.raises(OutputError, match="SHA-256"):
        svx.write([relic], there, None)
    assert not (there / relic.id / "scene.svx.json").exists()


def test_every_field_it_carries_is_there(relic: Exported, there: Path) -> None:
    document = scene(relic, there)
    written = list(leaves(document))
    fields = stated_fields(relic)
    in_numbers = {"hotspot.position", "hotspot.normal", "hotspot.camera.position"}
    for field in svx.CARRIES:
        if field not in fields or field in in_numbers or field == "tour.steps":
            continue
        value = fields[field]
        if field == "hotspot.audio":  # its path is another one here
            value = [{tag: f"audio/handle.{tag}.mp3" for tag in value[0]}]
        for one in value if isinstance(value, list) else [value]:
            texts = one if isinstance(one, dict) else {"": one}
            for tag, text in texts.items():
                expected = html.escape(text, quote=False) if field in AS_HTML else text
                assert (expected in written) == (tag in NAMES or not tag), (field, tag)
    unknown = set(svx.CARRIES) - set(fields) - set(PARTS)
    assert all(field.startswith(("rights.object.", "hotspot.camera.target")) for field in unknown)


def leaves(value: Any) -> Any:
    if isinstance(value, dict | list):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from leaves(inside)
    else:
        yield value


def test_texts_stand_under_voyagers_names(relic: Exported, there: Path) -> None:
    document = scene(relic, there)
    collection = document["metas"][0]["collection"]
    assert collection["titles"] == {
        "AR": "أمفورة ملونة",
        "DE": "Bemalte Amphora",
        "EN": "Painted amphora",
        "FR": "Amphore peinte",
        "IT": "Anfora dipinta",
    }
    assert collection["intros"]["EN"] == "Two handles; a warrior &amp; his chariot &lt;front&gt;."
    assert collection["object.dimension[1].value"] == "18.55"
    assert collection["object.material@DE"] == "Ton"
    # The rights of the object and of the copy are told apart.
    assert collection["rights.object.uri"].endswith("/mark/1.0/")
    assert collection["rights.digital.uri"].endswith("/by/4.0/")
    assert document["asset"]["copyright"] == "Sample Museum, 2026"
    # zh-Hans comes first among the museum's languages, and English second.
    assert document["setups"][0]["language"] == {"language": "EN"}
    handle, foot = document["models"][0]["annotations"]
    assert handle["titles"]["FR"] == "Anse"
    assert handle["leads"] == {"EN": "A fingerprint.", "DE": "Ein Fingerabdruck."}
    assert foot["titles"] == {"EN": "Foot"}
    assert "leads" not in foot


def test_hotspots_are_in_the_models_coordinates(relic: Exported, there: Path) -> None:
    document = scene(relic, there)
    model = document["models"][0]
    assert model["units"] == document["scenes"][0]["units"] == "m"
    assert model["boundingBox"] == {"min": [-0.09, -0.21, -0.09], "max": [0.09, 0.21, 0.09]}
    handle, foot = model["annotations"]
    assert handle["position"] == [-0.08, 0.1, 0.0]
    assert handle["direction"] == [-1.0, 0.0, 0.0]
    assert foot["position"] == [0.0, -0.205, 0.06]
    assert np.linalg.norm(foot["direction"]) == pytest.approx(1)
    assert np.dot(foot["direction"], foot["position"]) > 0


def camera_of(state: dict[str, Any]) -> tuple[Any, Any]:
    """Where Voyager's camera stands and which way it looks: composeOrbitMatrix of its math.ts,
    made of turns about axes.
    """
    (pitch, heading, roll), offset = state["values"][:2]

    def about(axis: int, degrees: float) -> Any:
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        turn = np.eye(3)
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        turn[i, i] = turn[j, j] = c
        turn[i, j], turn[j, i] = -s, s
        return turn

    R = about(2, roll) @ about(1, heading) @ about(0, pitch)
    return R @ np.asarray(offset), -R[:, 2]


def test_the_camera_stands_where_it_was_told_to_and_looks_at_the_hotspot(
    relic: Exported, there: Path
) -> None:
    document = scene(relic, there)
    snapshots = document["setups"][0]["snapshots"]
    states = {state["id"]: state for state in snapshots["states"]}
    assert set(states) == {"view-handle", "step-handle", "step-foot"}
    assert all(len(s["values"]) == len(snapshots["targets"]) for s in states.values())
    place, look = camera_of(states["view-handle"])
    np.testing.assert_allclose(place, [-0.4, 0.12, 0.0], atol=1e-8)
    towards = np.array([-0.08, 0.1, 0.0]) - place
    np.testing.assert_allclose(look, towards / np.linalg.norm(towards), atol=1e-8)
    # The foot states no camera: it is seen from outside, whole.
    place, look = camera_of(states["step-foot"])
    foot = np.array([0.0, -0.205, 0.06])
    towards = foot - place
    np.testing.assert_allclose(look, towards / np.linalg.norm(towards), atol=1e-8)
    assert np.linalg.norm(place) > np.linalg.norm(foot)


def test_a_camera_straight_above_looks_down(relic: Exported, there: Path) -> None:
    hotspot = relic.manifest.metadata.hotspot[1]
    above = copy.deepcopy(hotspot.model_dump(exclude_none=True))
    above["camera"] = {"position": [0.0, -60.0, 900.0]}
    moved = with_metadata(
        relic, hotspot=(relic.manifest.metadata.hotspot[0], type(hotspot).model_validate(above))
    )
    states = scene(moved, there)["setups"][0]["snapshots"]["states"]
    place, look = camera_of(next(s for s in states if s["id"] == "view-foot"))
    np.testing.assert_allclose(place, [0.0, 0.69, 0.06], atol=1e-8)
    np.testing.assert_allclose(look, [0, -1, 0], atol=1e-8)


def test_a_tour_goes_from_state_to_state(relic: Exported, there: Path) -> None:
    setup = scene(relic, there)["setups"][0]
    states = {state["id"]: state for state in setup["snapshots"]["states"]}
    (tour,) = setup["tours"]
    assert [step["id"] for step in tour["steps"]] == ["step-handle", "step-foot", "step-handle"]
    assert tour["titles"] == {"EN": "Around", "DE": "Rundgang"}
    assert tour["leads"] == {"EN": "From handle to foot."}
    assert tour["steps"][1]["titles"] == {"EN": "Foot"}
    assert states["step-foot"]["values"][2:] == [True, "foot"]


def test_no_unit_where_the_scale_is_not_known(
    relic: Exported, there: Path, validator: jsonschema.Draft7Validator
) -> None:
    known = scene(relic, there)
    document = scene(without_scale(relic), there)
    validator.validate(document)
    assert document["models"][0]["units"] == "inherit"
    assert "units" not in document["scenes"][0]
    assert known["setups"][0]["interface"]["tools"] is True
    assert document["setups"][0]["interface"]["tools"] is False
    # Voyager shows such a model ten times as large, and the camera stands ten times as far.
    near, far = (camera_of(d["setups"][0]["snapshots"]["states"][0]) for d in (known, document))
    np.testing.assert_allclose(far[0], near[0] * 10, atol=1e-7)
    np.testing.assert_allclose(far[1], near[1], atol=1e-8)


def test_what_is_lost_is_told(relic: Exported, bare: Exported, there: Path) -> None:
    lost = svx.write([relic], there, None)
    fields = {loss.field for loss in lost}
    assert {"tour.id", "master", "sources", "steps", "deviation"} <= fields
    assert "hotspot.audio@zh-Hans" in fields
    assert [loss.reason for loss in lost if loss.field == "models"] == [
        "the format has no place for wechat/low.glb"
    ]
    assert Loss(relic.id, "object.title@zh-Hans", "Voyager knows no texts in zh-Hans") in lost
    assert {"hotspot.text@zh-Hans", "object.dimension.part@zh-Hans"} <= fields
    assert not any(field.endswith(("@en", "@ar", "@de", "@fr", "@it")) for field in fields)
    assert any(loss.field == "hotspot.normal" and "'foot'" in loss.reason for loss in lost)
    assert any(loss.field == "hotspot.camera.position" and "'foot'" in loss.reason for loss in lost)
    assert not {loss.field for loss in svx.write([bare], there, None)} - set(PARTS)


def test_kinds_of_a_language_and_texts_in_none(relic: Exported, there: Path) -> None:
    title = {"en-GB": "Colour", "en-US": "Color", "haw": "Kala", "und": "<b>", "zh-Hant": "色"}
    titled = with_metadata(
        relic, object=relic.manifest.metadata.object.model_copy(update={"title": title})
    )
    collection = scene(titled, there)["metas"][0]["collection"]
    assert collection["titles"] == {"EN": "Colour", "HAW": "Kala"}
    assert collection["title"] == "&lt;b&gt;"
    lost = [loss for loss in svx.write([titled], there, None) if "object.title" in loss.field]
    assert lost == [
        Loss(relic.id, "object.title@en-US", "Voyager has one text in EN"),
        Loss(relic.id, "object.title@zh-Hant", "Voyager knows no texts in zh-Hant"),
    ]


def test_a_language_that_one_of_voyagers_encompasses(relic: Exported, there: Path) -> None:
    """Arabic as "ar-arb", which is "arb" in canonical form, is Arabic to Voyager."""
    item = relic.manifest.metadata.object.model_copy(update={"title": {"arb": "جرة", "yue": "瓶"}})
    collection = scene(with_metadata(relic, object=item), there)["metas"][0]["collection"]
    assert collection["titles"] == {"AR": "جرة"}


def test_a_sound_that_voyager_cannot_play_is_told(
    export_of: Callable[[dict[str, Any]], Exported], there: Path
) -> None:
    def told(audio: Any) -> list[str]:
        spot = {"id": "lip", "position": [0.0, 0.0, 0.0], "audio": audio}
        relic = export_of({"id": "jar", "hotspot": [spot]})
        lost = svx.write([relic], there, None)
        document = json.loads((there / "jar" / "scene.svx.json").read_bytes())
        assert ("audio" in document["metas"][0]) == ("en" in audio)
        assert ("audioId" in document["models"][0]["annotations"][0]) == ("en" in audio)
        return [loss.field for loss in lost if loss.field.startswith("hotspot.audio")]

    assert told({"en": "a.mp3", "zh-Hans": "b.M4A"}) == ["hotspot.audio@zh-Hans"]
    assert told({"zh-Hans": "b.mp3"}) == ["hotspot.audio@zh-Hans"]
    assert told("a.mp3") == ["hotspot.audio@und"]


def test_levels_of_other_names(relic: Exported, there: Path) -> None:
    def named(*names: str) -> tuple[list[str], list[Loss]]:
        web = [level for level in relic.manifest.levels if level.target == "web"]
        levels = tuple(
            level.model_copy(update={"name": name}) for level, name in zip(web, names, strict=True)
        )
        renamed = Exported(relic.manifest.model_copy(update={"levels": levels}), relic.folder)
        every = svx.write([renamed], there, None)
        lost = [loss for loss in every if loss.field == "models" and "quality" in loss.reason]
        document = json.loads((there / relic.id / "scene.svx.json").read_bytes())
        found = [d["quality"] for d in document["models"][0]["derivatives"]]
        return found, lost

    assert named("thumb", "low", "high", "ultra") == (["Thumb", "Low", "High", "Highest"], [])
    found, lost = named("a", "b", "c", "d")
    assert found == ["High"]
    assert [loss.reason for loss in lost] == [
        f"Voyager has no quality for web/{name}.glb" for name in ("thumb", "low", "medium")
    ]


def test_a_relic_without_models(
    relic: Exported, there: Path, validator: jsonschema.Draft7Validator
) -> None:
    manifest = relic.manifest.model_copy(
        update={"levels": (), "master": None, "files": (), "frame": None, "units": None}
    )
    nothing = Exported(manifest, relic.folder)
    document = scene(nothing, there)
    validator.validate(document)
    assert document["models"][0]["derivatives"] == []
    assert [p.name for p in (there / relic.id).iterdir()] == ["scene.svx.json"]
    fields = {loss.field for loss in svx.write([nothing], there, None)}
    assert {"models", "hotspot", "tour"} <= fields


def test_texts_can_do_nothing(attacker: Exported, there: Path) -> None:
    document = scene(attacker, there)
    collection = document["metas"][0]["collection"]
    shown_as_html = [
        *collection["titles"].values(),
        *collection["intros"].values(),
        *document["models"][0]["annotations"][0]["leads"].values(),
    ]
    assert any("&lt;script&gt;" in text for text in shown_as_html)
    assert not any("<" in text or ">" in text for text in shown_as_html)
    # A title of an annotation is set as text, where an escape would be seen.
    assert document["models"][0]["annotations"][0]["titles"]["EN"].startswith("<script>")
    assert b"\x1b" not in (there / "attacker" / "scene.svx.json").read_bytes()
    assert sorted(p.name for p in there.iterdir()) == ["attacker"]
