"""The XMP packet: valid, small, in every target that takes it, in its languages, and harmless."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relicscan import formats
from relicscan.delivery.conformance import check_glb
from relicscan.delivery.decoded import decoded
from relicscan.delivery.khronos import KhronosReport
from relicscan.delivery.outputs import write_models
from relicscan.delivery.sources import Sources
from relicscan.delivery.target import Limits, Target, TargetLevel, builtin_targets, read_target
from relicscan.delivery.target_check import check_against
from relicscan.delivery.usdz import what_is_missing
from relicscan.delivery.validation import validate
from relicscan.delivery.xmp import EXTENSION, MAX_BYTES, MAX_CHARACTERS, xmp_packet
from relicscan.metadata.canonical import canonical_json, read_json
from relicscan.metadata.described import descriptive_digest
from relicscan.metadata.languages import canonical_tag
from relicscan.metadata.manifest import RelicManifest, relic_manifest
from relicscan.metadata.relic_toml import RelicToml
from relicscan.relic import Level, Material, Relic
from tests.delivery.glb_shapes import Glb, cube, painted, texture, write
from tests.delivery.targets_files import changed
from tests.metadata.exports.conftest import ATTACKS, EVERYTHING

GEOMETRIES = ("plain", "quantized", "meshopt", "draco")


def everything(**tables: Any) -> dict[str, Any]:
    return RelicToml.model_validate(EVERYTHING | tables).stated()


def size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def texts(alternatives: dict[str, Any]) -> dict[str, str]:
    """The texts of a language alternative by canonical tag, in their order."""
    assert alternatives["@type"] == "rdf:Alt"
    items = [alternatives[f"rdf:_{n}"] for n in range(1, len(alternatives))]
    return {canonical_tag(item["@language"]): item["@value"] for item in items}


def relic(metadata: dict[str, Any]) -> Relic:
    mesh = painted(Material("glaze", texture=texture("jpeg", (16, 8))))
    return Relic("amphora-12", mesh=mesh, levels=(Level("low", 40, mesh),), metadata=metadata)


def delivered(metadata: dict[str, Any], target: Target, folder: Path) -> Path:
    """The first model of a target."""
    made = write_models(Sources(relic(metadata)), [target], folder)
    return folder / made.levels[0].path


def target(**more: Any) -> Target:
    level = TargetLevel(name="low", **more.pop("level", {}))
    return Target(**{"name": "house", "description": "-", "level": (level,), **more})


def packet_of(path: Path) -> dict[str, Any]:
    doc = Glb(path).doc
    assert doc["asset"]["extensions"][EXTENSION] == {"packet": 0}
    (packet,) = doc["extensions"][EXTENSION]["packets"]
    return dict(packet)


@pytest.fixture(scope="module")
def schema_errors(shared: Path) -> Callable[[dict[str, Any]], list[str]]:
    """What the published schemas say against a glTF document and against its XMP packets."""
    from jsonschema import Draft4Validator, Draft202012Validator
    from referencing import Registry, Resource
    from referencing.jsonschema import DRAFT4, DRAFT202012

    folder = shared / "schemas"
    if not folder.is_dir():
        pytest.skip(f"the published schemas are not at {folder}")
    base = [
        (path.name, Resource.from_contents(json.loads(path.read_text()), DRAFT202012))
        for path in (folder / "gltf-2.0").glob("*.json")
    ]
    registry: Any = Registry().with_resources(base)
    gltf = Draft202012Validator(
        json.loads((folder / "gltf-2.0" / "glTF.schema.json").read_text()), registry=registry
    )
    # The extension's schemas name those of glTF from their own folder.
    own: list[Any] = []
    for name in ("glTF.KHR_xmp_json_ld.schema.json", "KHR_xmp_json_ld.schema.json"):
        contents = json.loads((folder / "khr-xmp-json-ld" / name).read_text())
        contents["$id"] = f"urn:test:{name}"
        registry = registry.with_resource(f"urn:test:{name}", DRAFT4.create_resource(contents))
        own.append(contents)
    registry = registry.with_resources([(f"urn:test:{uri}", part) for uri, part in base])
    document, instance = (Draft4Validator(contents, registry=registry) for contents in own)

    def errors(doc: dict[str, Any]) -> list[str]:
        said = [*gltf.iter_errors(doc)]
        said += document.iter_errors(doc.get("extensions", {}).get(EXTENSION, {}))
        said += instance.iter_errors(doc["asset"].get("extensions", {}).get(EXTENSION, {}))
        return [f"{error.json_path}: {error.message[:200]}" for error in said]

    return errors


def restrictions(value: Any, path: str = "") -> list[str]:
    """What a packet does against the rules of the extension's text, which no schema holds."""
    wrong = []
    if isinstance(value, list) and not path.endswith(("@list", "@set")):
        wrong.append(f"{path} is an array outside of @list and @set")
    if isinstance(value, dict):
        for key, inside in value.items():
            prefix = key.partition(":")[0]
            if path == "" and not key.startswith("@") and prefix not in value["@context"]:
                wrong.append(f"{key} has a prefix that @context does not know")
            if key == "@context" and path:
                wrong.append(f"{path} has a context of its own")
            if key == "@value" and not (set(value) == {"@language", "@value"} and "rdf:_" in path):
                wrong.append(f"{path} is a value object")
            if inside in (None, "", [], {}) and key != "@id":
                wrong.append(f"{path}/{key} says nothing")
            wrong += restrictions(inside, f"{path}/{key}")
    return wrong


def xmp_in(part: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = part["extensions"][EXTENSION]
    return found


Spoil = Callable[[dict[str, Any]], object]
SPOILED: list[Spoil] = [
    lambda doc: xmp_in(doc)["packets"][0].pop("@context"),
    lambda doc: xmp_in(doc)["packets"][0]["@context"].update(dc={}),
    lambda doc: xmp_in(doc).update(packets=[]),
    lambda doc: xmp_in(doc).update(packets=["a"]),
    lambda doc: xmp_in(doc["asset"]).update(packet="0"),
    lambda doc: xmp_in(doc["asset"]).pop("packet"),
]


class TestWhatItSays:
    def test_every_field_is_where_xmp_has_it(self) -> None:
        packet = xmp_packet("amphora-12", everything())
        item, digital = EVERYTHING["object"], EVERYTHING["rights"]["digital"]
        assert texts(packet["dc:title"]) == item["title"]
        assert texts(packet["dc:description"]) == item["description"]
        assert texts(packet["dc:rights"]) == digital["attribution"]
        assert texts(packet["xmpRights:UsageTerms"]) == digital["restrictions"]
        assert packet["dc:identifier"] == packet["relicscan:id"] == "amphora-12"
        assert packet["dc:creator"] == {"@list": ["Amasis Painter"]}
        assert packet["dc:publisher"] == {"@set": ["Sample Museum"]}
        assert packet["dc:source"] == "1926.12"
        assert packet["dc:type"] == {"@set": ["amphora", "http://vocab.getty.edu/aat/300148696"]}
        assert packet["dc:coverage"] == "Attica, 530–520 BC"
        assert packet["relicscan:object.dating.edtf"] == "-0529/-0519"
        assert packet["xmpRights:Owner"] == {"@set": ["Sample Museum"]}
        assert packet["xmpRights:WebStatement"] == "https://creativecommons.org/licenses/by/4.0/"
        assert "relicscan:abridged" not in packet

    def test_languages_go_round(self) -> None:
        title = texts(xmp_packet("amphora-12", everything())["dc:title"])
        assert list(title) == ["en", "ar", "de", "fr", "it", "zh-Hans"]
        assert title["zh-Hans"] == "彩绘双耳瓶"
        assert title["ar"] == "أمفورة ملونة"

    def test_english_comes_first_whatever_its_region(self) -> None:
        said = everything(museum={"name": {"de": "Haus", "en-GB": "House"}})
        assert xmp_packet("a", said)["dc:publisher"] == {"@set": ["House"]}
        said = everything(museum={"name": {"zh-Hans": "馆", "de": "Haus", "eng-x-a": "no"}})
        assert xmp_packet("a", said)["dc:publisher"] == {"@set": ["Haus"]}

    def test_a_text_in_no_stated_language_is_the_default(self) -> None:
        said = everything(object={"title": {"und": "Vase", "en": "A vase"}})
        first = xmp_packet("a", said)["dc:title"]["rdf:_1"]
        assert first == {"@language": "x-default", "@value": "Vase"}
        said = everything(object={"title": {"und": "Vase", "x-default": "A vase"}})
        assert set(texts(xmp_packet("a", said)["dc:title"])) == {"und", "x-default"}

    def test_rights_in_the_object_are_not_those_in_the_copy(self) -> None:
        said = everything(rights={"object": EVERYTHING["rights"]["digital"]})
        packet = xmp_packet("a", said)
        assert not [name for name in packet if "ights" in name]

    def test_what_is_not_stated_is_not_there(self) -> None:
        assert set(xmp_packet("a", {})) == {
            *("@context", "@id", "dc:identifier", "xmp:CreatorTool"),
            *("relicscan:id", "relicscan:metadata_sha256"),
        }

    def test_short_forms_say_the_same(self) -> None:
        short = xmp_packet("a", {"object": {"title": "Vase"}, "rights": {"digital": "https://c.c"}})
        assert short["xmpRights:WebStatement"] == "https://c.c"
        assert texts(short["dc:title"]) == {"x-default": "Vase"}


class TestTheDigest:
    def test_a_museum_makes_it_again_from_relic_json(self, tmp_path: Path) -> None:
        manifest = relic_manifest(
            relic(everything()), state="done", verdict="pass", reproducible=True
        )
        (tmp_path / "relic.json").write_bytes(canonical_json(manifest))
        described = json.loads((tmp_path / "relic.json").read_text("utf-8"))["metadata"]
        assert described.keys() > {"scan"}
        described = {k: v for k, v in described.items() if k not in ("scan", "crop", "pipeline")}
        text = json.dumps(described, ensure_ascii=False, sort_keys=True, indent=2) + "\n"
        by_hand = hashlib.sha256(text.encode()).hexdigest()
        again = read_json(tmp_path / "relic.json", RelicManifest)
        assert by_hand == descriptive_digest(again.metadata.stated())
        path = delivered(everything(), target(), tmp_path)
        assert packet_of(path)["relicscan:metadata_sha256"] == by_hand
        assert Glb(path).doc["asset"]["extras"]["metadata_sha256"] == by_hand

    def test_it_is_of_what_describes(self) -> None:
        before = descriptive_digest(everything())
        assert descriptive_digest(everything(scan={}, pipeline={"use": "web"})) == before
        assert descriptive_digest(everything(museum={"name": {"en": "Other"}})) != before

    def test_what_no_relic_toml_could_say_has_none(self) -> None:
        with pytest.raises(ValueError, match="titel"):
            descriptive_digest({"object": {"titel": "Vase"}})


class TestInTheModel:
    @pytest.mark.parametrize("geometry", GEOMETRIES)
    def test_the_published_schemas(
        self,
        geometry: Any,
        tmp_path: Path,
        schema_errors: Callable[[dict[str, Any]], list[str]],
    ) -> None:
        path = tmp_path / "a.glb"
        for number, said in enumerate((everything(), {}, hostile())):
            write(path, cube(), geometry=geometry, xmp=xmp_packet(f"a-{number}", said))
            assert schema_errors(Glb(path).doc) == []
            assert restrictions(packet_of(path)) == []

    @pytest.mark.parametrize("spoil", SPOILED)
    def test_they_refuse_what_is_wrong(
        self, spoil: Spoil, tmp_path: Path, schema_errors: Callable[[dict[str, Any]], list[str]]
    ) -> None:
        write(tmp_path / "a.glb", cube(), xmp=xmp_packet("a", everything()))
        doc = Glb(tmp_path / "a.glb").doc
        spoil(doc)
        assert schema_errors(doc)

    @pytest.mark.parametrize("spoil", [*SPOILED, lambda doc: xmp_in(doc["asset"]).update(packet=1)])
    def test_our_own_checks_refuse_it_too(self, spoil: Spoil, tmp_path: Path) -> None:
        path = tmp_path / "a.glb"
        write(path, cube(), xmp=xmp_packet("a", everything()))
        assert check_glb(path) == []
        changed(path, spoil)
        assert [finding.severity for finding in check_glb(path)][:1] == ["error"]

    def test_what_the_validator_does_not_look_into_is_not_told_of_each_file(
        self, tmp_path: Path, khronos: object
    ) -> None:
        write(tmp_path / "a.glb", cube(), xmp=xmp_packet("a", everything()))
        (said,) = validate(tmp_path)
        assert (said.ok, said.findings, said.khronos) == (True, (), ())

    def test_our_reading_of_the_rules_refuses_what_is_wrong(self) -> None:
        packet = xmp_packet("a", everything())
        assert restrictions({**packet, "dc:subject": ["a"]})
        assert restrictions({**packet, "dc11:title": "a"})
        assert restrictions({**packet, "dc:source": {"@value": "a", "@language": "en"}})
        assert restrictions({**packet, "dc:source": ""})

    @pytest.mark.parametrize("geometry", GEOMETRIES)
    def test_it_is_used_and_not_required_and_written_last(
        self, geometry: Any, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.glb"
        write(path, cube(), geometry=geometry)
        before = Glb(path)
        write(path, cube(), geometry=geometry, xmp=xmp_packet("a", everything()))
        after = Glb(path)
        assert set(after.doc["extensionsUsed"]) - {EXTENSION} == set(
            before.doc.get("extensionsUsed", [])
        )
        assert after.doc.get("extensionsRequired") == before.doc.get("extensionsRequired")
        assert list(after.doc)[-1] == "extensions"
        assert list(after.doc["asset"])[-1] == "extensions"
        assert after.bin == before.bin
        assert check_glb(path) == []
        assert formats.read(path)[0].geometry is not None

    @pytest.mark.parametrize("geometry", GEOMETRIES)
    def test_it_is_still_there_when_the_model_was_decoded(
        self, geometry: Any, tmp_path: Path
    ) -> None:
        path, packet = tmp_path / "a.glb", xmp_packet("a", everything())
        write(path, cube(), geometry=geometry, xmp=packet)
        path.write_bytes(decoded(path.read_bytes()))
        assert packet_of(path) == packet
        assert EXTENSION in Glb(path).doc["extensionsUsed"]
        assert check_glb(path) == []

    def test_the_validator_finds_neither_errors_nor_warnings(
        self, tmp_path: Path, khronos: Callable[[list[Path]], list[KhronosReport]]
    ) -> None:
        paths = [tmp_path / f"{geometry}.glb" for geometry in GEOMETRIES]
        for path, geometry in zip(paths, GEOMETRIES, strict=True):
            packet = xmp_packet("a", hostile())
            write(path, cube(), geometry=geometry, xmp=packet)  # type: ignore[arg-type]
        for path, report in zip(paths, khronos(paths), strict=True):
            assert report.clean, (path.stem, report.messages)


class TestTargets:
    @pytest.mark.parametrize("name", builtin_targets())
    def test_each_that_comes_with_relicscan_takes_it(self, name: str, tmp_path: Path) -> None:
        one = read_target(name)
        one = one.model_copy(update={"level": one.level[:1], "usdz": False})
        path = delivered(everything(), one, tmp_path)
        assert packet_of(path) == xmp_packet("amphora-12", everything())
        assert check_against(path, one) == []
        assert Glb(path).doc["asset"]["copyright"] == "Sample Museum, 2026"

    def test_one_that_takes_no_extension_goes_without(self, tmp_path: Path) -> None:
        plain = target(limits=Limits(extensions=()))
        path = delivered(everything(), plain, tmp_path)
        doc = Glb(path).doc
        assert "extensionsUsed" not in doc
        assert "extensions" not in doc
        assert "extensions" not in doc["asset"]
        assert doc["asset"]["extras"]["metadata_sha256"] == descriptive_digest(everything())
        assert check_against(path, plain) == []

    def test_it_counts_among_the_bytes_of_a_level(self, tmp_path: Path) -> None:
        made = write_models(Sources(relic(everything())), [target()], tmp_path)
        size_with = made.levels[0].bytes
        assert size_with == (tmp_path / made.levels[0].path).stat().st_size
        tight = target(name="tight", level={"max_bytes": size_with - 1})
        (level,) = write_models(Sources(relic(everything())), [tight], tmp_path).levels
        assert level.bytes < size_with or "bytes" in level.unmet[0]

    def test_a_book_of_metadata_leaves_a_thumb_within_its_bytes(self, tmp_path: Path) -> None:
        web = read_target("web")
        web = web.model_copy(update={"level": web.level[:1]})
        assert web.level[0].max_bytes
        book = everything(
            object={"title": {"en": "word " * 60_000}, "description": {"en": "书" * 300_000}},
            rights={"digital": {"attribution": {"en": "credit " * 50_000}}},
        )
        made = write_models(Sources(relic(book)), [web], tmp_path)
        assert made.levels[0].unmet == ()
        assert made.levels[0].bytes < 20_000
        assert len(Glb(tmp_path / made.levels[0].path).doc["asset"]["copyright"]) == MAX_CHARACTERS

    def test_copyright_is_in_english_or_the_first_and_the_holders_else(
        self, tmp_path: Path
    ) -> None:
        for number, (digital, says) in enumerate(
            [
                ({"attribution": {"de": "Haus", "en": "House"}}, "House"),
                ({"attribution": {"de": "Haus", "zh-Hans": "馆"}}, "Haus"),
                ({"holder": {"it": "Casa"}}, "Casa"),
                ({}, None),
            ]
        ):
            said = everything(rights={"digital": digital, "object": {"holder": {"en": "Other"}}})
            path = delivered(said, target(name=f"house-{number}"), tmp_path)
            assert Glb(path).doc["asset"].get("copyright") == says

    @pytest.mark.skipif(what_is_missing() is not None, reason=f"no USD: {what_is_missing()}")
    def test_a_usdz_says_whose_it_is_and_how_it_may_be_used(self, tmp_path: Path) -> None:
        from pxr import Usd

        def credits(said: dict[str, Any], name: str) -> dict[str, str]:
            delivered(said, target(name=name, usdz=True), tmp_path)
            stage = Usd.Stage.Open(str(tmp_path / name / "low.usdz"))
            return dict(stage.GetRootLayer().customLayerData)

        mine = credits(everything(), "ar")
        assert mine["copyright"] == "Sample Museum, 2026"
        assert mine["license"] == "https://creativecommons.org/licenses/by/4.0/"
        assert credits(hostile(), "hostile")["copyright"] == ATTACKS["html"]
        assert "license" not in credits({}, "bare")


def hostile() -> dict[str, Any]:
    """Every text an attack, in every language."""
    attack = {f"x-{kind}": text for kind, text in ATTACKS.items()} | {"en": ATTACKS["html"]}
    said = json.loads(json.dumps(EVERYTHING))
    for part in (said["object"], said["museum"], said["rights"]["digital"]):
        for key, value in part.items():
            if isinstance(value, dict) and "en" in value:
                part[key] = dict(attack)
    said["object"]["inventory_number"] = ATTACKS["formula"]
    said["object"]["type"]["label"] = {"en": ATTACKS["ansi"]}
    return RelicToml.model_validate(said).stated()


class TestWhatIsTooMuch:
    def test_hostile_texts_are_texts(self) -> None:
        packet = xmp_packet("a", hostile())
        assert size(packet) <= MAX_BYTES
        assert packet["dc:publisher"] == {"@set": [ATTACKS["html"]]}
        assert packet["dc:source"] == ATTACKS["formula"]
        assert packet["dc:type"]["@set"][0] == ATTACKS["ansi"]
        assert ATTACKS["override"] in texts(packet["dc:title"]).values()
        assert set(packet["@context"]) == {"dc", "rdf", "relicscan", "xmp", "xmpRights"}

    def test_a_long_title_is_cut_and_said_to_be(self) -> None:
        packet = xmp_packet("a", everything(object={"title": {"en": "word " * 200, "de": "Kurz"}}))
        title = texts(packet["dc:title"])
        assert title["de"] == "Kurz"
        assert title["en"].startswith("word word")
        assert title["en"].endswith("word…")
        assert len(title["en"]) <= MAX_CHARACTERS
        assert packet["relicscan:abridged"] == {"@set": ["dc:title"]}

    def test_descriptions_go_first(self) -> None:
        long = dict.fromkeys(("en", "zh-Hans"), "字" * 2000)
        said = json.loads(json.dumps(EVERYTHING["object"])) | {"description": long}
        packet = xmp_packet("a", everything(object=said))
        assert packet["relicscan:abridged"] == {"@set": ["dc:description"]}
        assert "dc:description" not in packet
        assert len(texts(packet["dc:title"])) == 6

    def test_then_languages_and_the_address_of_the_licence_never(self) -> None:
        many = {f"x-{n}": f"{n} " + "字" * 400 for n in range(99)} | {"en": "An amphora"}
        digital = {"uri": "https://c.c/0", "attribution": many, "restrictions": many}
        packet = xmp_packet("a", everything(object={"title": many}, rights={"digital": digital}))
        assert size(packet) <= MAX_BYTES
        assert texts(packet["dc:title"]) == {"en": "An amphora"}
        assert texts(packet["dc:rights"]) == {"en": "An amphora"}
        assert packet["xmpRights:WebStatement"] == "https://c.c/0"
        assert packet["relicscan:abridged"]["@set"] == [
            *("dc:rights", "dc:title", "xmpRights:UsageTerms")
        ]

    def test_terms_and_addresses_are_whole_or_not_there(self) -> None:
        digital = {
            "uri": "https://c.c/" + "a" * 1_000,
            "restrictions": {"en": "word " * 500, "de": "Keine Werbung."},
            "holder": {"en": "House"},
        }
        packet = xmp_packet("a", everything(rights={"digital": digital}))
        assert packet["relicscan:abridged"] == {
            "@set": ["xmpRights:UsageTerms", "xmpRights:WebStatement"]
        }
        assert "xmpRights:WebStatement" not in packet
        assert "xmpRights:UsageTerms" not in packet

    def test_nothing_is_too_much(self) -> None:
        """The most that each property may have is more than fits together."""
        most = {"en": "\u0001" * 500}
        item = dict.fromkeys(("title", "description", "maker", "place"), most)
        item |= {"inventory_number": most["en"], "type": {"label": most}}
        digital = {
            "uri": "https://c.c/" + "字" * 980,
            **dict.fromkeys(("holder", "attribution", "restrictions"), most),
        }
        said = everything(object=item, museum={"name": most}, rights={"digital": digital})
        packet = xmp_packet("a" * 100, said)
        assert size(packet) <= MAX_BYTES
        assert packet["xmpRights:WebStatement"] == digital["uri"]


def test_same_relic_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        delivered(everything(), target(), tmp_path / name)
    files = [(tmp_path / name / "house" / "low.glb").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]
    shuffled = dict(reversed(list(everything().items())))
    assert json.dumps(xmp_packet("a", shuffled)) == json.dumps(xmp_packet("a", everything()))


def test_a_relic_with_another_mesh_says_the_same(tmp_path: Path) -> None:
    other = replace(relic(everything()), mesh=cube(), levels=(Level("low", 40, cube()),))
    made = write_models(Sources(other), [target()], tmp_path)
    assert packet_of(tmp_path / made.levels[0].path) == xmp_packet("amphora-12", everything())
