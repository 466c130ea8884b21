"""EDM: what Europeana takes passes its XSD and Schematron; what it does not is left out."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from relicscan.errors import OutputError
from relicscan.metadata.exports import edm
from relicscan.metadata.exports.exported import Exported, parts, stated_fields
from relicscan.metadata.exports.licences import europeana_rights
from relicscan.metadata.exports.xml_text import escaped, xml_text

from .conftest import ATTACKS, EVERYTHING

BASE = "https://relics.example/3d/"
GOLDEN = Path(__file__).parent / "golden" / "edm.xml"
PREFIXES = edm._NAMESPACES
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Stated = Callable[[dict[str, Any]], Exported]
Check = Callable[[bytes], list[str]]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Exported], Any]:
    """Exports one relic and reads it back."""

    def write(relic: Exported) -> Any:
        edm.write([relic], tmp_path, BASE)
        return etree.parse(str(tmp_path / relic.id / "edm.xml")).getroot()

    return write


@pytest.fixture
def xsd(shared: Path) -> Check:
    schema = etree.XMLSchema(etree.parse(str(shared / "schemas/edm/EDM.xsd")))

    def check(content: bytes) -> list[str]:
        schema.validate(etree.fromstring(content))
        return [str(error) for error in schema.error_log]

    return check


@pytest.fixture
def schematron(shared: Path) -> Check:
    saxonche = pytest.importorskip("saxonche")
    processor = saxonche.PySaxonProcessor(license=False)
    rules = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(shared / "schemas/edm/schematron/schematron.xsl")
    )

    def check(content: bytes) -> list[str]:
        node = processor.parse_xml(xml_text=content.decode())
        report = etree.fromstring(rules.transform_to_string(xdm_node=node).encode())
        svrl = {"s": "http://purl.oclc.org/dsdl/svrl"}
        assert report.xpath("//s:fired-rule", namespaces=svrl), "the rules were not run"
        failed = report.xpath("//s:failed-assert", namespaces=svrl)
        return [" ".join(found.itertext()).strip() for found in failed]

    return check


def find(root: Any, path: str) -> list[Any]:
    return list(root.xpath(path, namespaces=PREFIXES))


def test_it_is_what_it_was(relic: Exported, tmp_path: Path) -> None:
    edm.write([relic], tmp_path, BASE)
    content = (tmp_path / relic.id / "edm.xml").read_bytes()
    if os.environ.get("RELICSCAN_RENEW_GOLDEN") == "1":
        GOLDEN.write_bytes(content)
    assert content == GOLDEN.read_bytes(), "RELICSCAN_RENEW_GOLDEN=1 writes what it is now"


def test_europeana_takes_the_relic_and_every_sample(
    relic: Exported,
    attacker: Exported,
    samples: list[Exported],
    tmp_path: Path,
    xsd: Check,
    schematron: Check,
) -> None:
    assert len(samples) > 2
    edm.write([relic, attacker, *samples], tmp_path, BASE)
    for one in (relic, attacker, *samples):
        content = (tmp_path / one.id / "edm.xml").read_bytes()
        assert xsd(content) == [], one.id
        assert schematron(content) == [], one.id


@pytest.mark.parametrize(
    ("right", "wrong", "by_xsd"),
    [
        (b"<edm:type>3D</edm:type>", b"<edm:type>3d</edm:type>", True),
        (b"<edm:polygonCount>", b"<edm:polygonCount>-", True),
        (b"http://creativecommons.org/licenses/by/4.0/", b"https://c.example/by/4.0/", False),
        (b"usageArea/Exhibition", b"usageArea/Fun", False),
        (b"digitalsourcetype/digitalCapture", b"digitalsourcetype/photo", False),
    ],
)
def test_the_checks_refuse_what_is_wrong(
    relic: Exported,
    tmp_path: Path,
    xsd: Check,
    schematron: Check,
    right: bytes,
    wrong: bytes,
    by_xsd: bool,
) -> None:
    edm.write([relic], tmp_path, BASE)
    content = (tmp_path / relic.id / "edm.xml").read_bytes()
    assert right in content
    assert (xsd if by_xsd else schematron)(content.replace(right, wrong))


def test_everything_that_it_says_it_carries_is_there(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    root = written(relic)
    texts = [(e.get(LANG), e.text) for e in root.iter(etree.Element) if e.text]
    said = "\n".join([*(text for _, text in texts), *root.xpath("//@*")])
    extents = find(root, "//edm:ProvidedCHO/dcterms:extent[@xml:lang='en']/text()")
    assert extents == ["height 42.0 cm ± 0.1 cm", "diameter 18.55 cm (mouth)"]
    for field, value in stated_fields(relic).items():
        if field not in edm.CARRIES or field in ("object.dimension.kind", "object.dimension.unit"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                for tag, text in one.items():
                    assert any(t == tag and text in s for t, s in texts), (field, tag)
            else:
                wanted = one.removeprefix("https:") if field.endswith(".uri") else one
                assert wanted in said, field


def test_what_it_cannot_carry_is_told(relic: Exported, tmp_path: Path) -> None:
    told = edm.write([relic], tmp_path, BASE)
    lost = {loss.field for loss in told}
    assert {"capture.device", "hotspot.text", "tour.steps", "master", "deviation"} <= lost
    assert [loss.reason for loss in told if loss.field in edm.CARRIES] == [
        "the format has no place for ar/model.usdz"
    ]
    there = {*stated_fields(relic), *parts(relic.manifest)}
    assert lost == {field for field in there if field not in edm.CARRIES} | {"models"}


def test_models_and_picture_are_linked(relic: Exported, written: Callable[[Exported], Any]) -> None:
    root = written(relic)
    (shown,) = find(root, "//edm:isShownBy/@rdf:resource")
    assert shown == "https://relics.example/3d/amphora-12/web/high.glb"
    resources = find(root, "//edm:WebResource/@rdf:about")
    views = find(root, "//edm:hasView/@rdf:resource") + find(root, "//edm:object/@rdf:resource")
    assert sorted(resources) == sorted([shown, *views])
    assert len(resources) == len(relic.manifest.levels) + 1
    (model,) = find(root, f"//edm:WebResource[@rdf:about='{shown}']")
    high = next(level for level in relic.manifest.levels if level.path == "web/high.glb")
    assert find(model, "edm:polygonCount/text()") == [str(high.triangles)]
    assert find(model, "ebucore:fileByteSize/text()") == [str(high.bytes)]
    assert find(model, "dcterms:extent/text()") == ["180.0 × 420.0 × 180.0 mm"]


def test_no_millimetres_without_a_scale(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    manifest = relic.manifest.model_copy(update={"units": None})
    root = written(Exported(manifest, relic.folder))
    assert find(root, "//edm:WebResource/dcterms:extent") == []


def test_rights_of_object_and_copy_are_kept_apart(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    root = written(relic)
    licence = ["http://creativecommons.org/licenses/by/4.0/"]
    assert find(root, "//ore:Aggregation/edm:rights/@rdf:resource") == licence
    assert set(find(root, "//edm:WebResource/edm:rights/@rdf:resource")) == set(licence)
    mark = ["https://creativecommons.org/publicdomain/mark/1.0/"]
    assert find(root, "//edm:ProvidedCHO/dc:rights/@rdf:resource") == mark
    assert not find(root, "//edm:ProvidedCHO/dc:rights[text()='Sample Museum, 2026']")


@pytest.mark.parametrize(
    ("table", "key", "field"),
    [
        ("rights", "digital", "rights.digital.uri"),
        ("museum", "name", "museum.name"),
    ],
)
def test_a_relic_that_europeana_does_not_take_is_left_out(
    export_of: Stated, tmp_path: Path, table: str, key: str, field: str
) -> None:
    stated = copy.deepcopy(EVERYTHING)
    del stated[table][key]
    lost = edm.write([export_of(stated)], tmp_path, BASE)
    assert [loss.field for loss in lost] == [field]
    assert "left out" in lost[0].reason
    assert "state" in lost[0].reason
    assert not (tmp_path / "amphora-12").exists()


def test_a_bare_relic_is_left_out_with_all_that_is_missing(bare: Exported, tmp_path: Path) -> None:
    lost = {loss.field for loss in edm.write([bare], tmp_path, BASE)}
    assert lost == {"rights.digital.uri", "museum.name", "object.title", "object.type.label"}
    assert list(tmp_path.glob("*/edm.xml")) == []


def test_no_model_no_record(relic: Exported, tmp_path: Path) -> None:
    manifest = relic.manifest.model_copy(update={"levels": ()})
    lost = edm.write([Exported(manifest, relic.folder)], tmp_path, BASE)
    assert [loss.field for loss in lost] == ["models"]


@pytest.mark.parametrize(
    ("stated", "taken"),
    [
        ("https://creativecommons.org/licenses/by-nc-sa/4.0", True),
        ("http://creativecommons.org/licenses/by/3.0/de/", True),
        ("https://creativecommons.org/licenses/by/2.1/", False),
        ("https://creativecommons.org/licenses/by/4.0/de/", False),
        ("https://creativecommons.org/licenses/by/5.0/", False),
        ("https://rightsstatements.org/vocab/InC/1.0/", True),
        ("http://rightsstatements.org/vocab/UND/1.0/", False),
        ("https://museum.example/terms", False),
    ],
)
def test_licences_are_those_of_the_schematron(
    relic: Exported, tmp_path: Path, schematron: Check, stated: str, taken: bool
) -> None:
    uri = europeana_rights(stated)
    assert (uri is not None) == taken
    edm.write([relic], tmp_path, BASE)
    tried = uri or stated.replace("https:", "http:")
    content = (tmp_path / relic.id / "edm.xml").read_bytes()
    found = schematron(
        content.replace(b"http://creativecommons.org/licenses/by/4.0/", tried.encode())
    )
    assert (found == []) == taken


def test_attacks_are_texts(attacker: Exported, tmp_path: Path) -> None:
    lost = edm.write([attacker], tmp_path, BASE)
    root = etree.parse(str(tmp_path / "attacker" / "edm.xml")).getroot()
    titles = {title.get(LANG): title.text for title in find(root, "//dc:title")}
    for kind, text in ATTACKS.items():
        assert titles[f"x-{kind}"] == xml_text(text)[0]
    assert titles["x-ansi"] == "[31mred]0;title"
    assert "object.title@x-ansi" in {loss.field for loss in lost}
    assert "object.title@x-override" not in {loss.field for loss in lost}
    assert not root.xpath("//*[local-name()='script' or local-name()='img']")


def test_it_wants_web_addresses(relic: Exported, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="base-url"):
        edm.write([relic], tmp_path, None)


def test_concepts_are_named_by_their_identifier(
    export_of: Stated, written: Callable[[Exported], Any]
) -> None:
    stated = copy.deepcopy(EVERYTHING)
    stated["object"]["type"]["aat"] = "https://vocab.getty.edu/aat/300148696"
    root = written(export_of(stated))
    assert find(root, "//skos:Concept/@rdf:about") == ["http://vocab.getty.edu/aat/300148696"]


def test_addresses_are_escaped() -> None:
    assert escaped("https://m.example/ä b?q=1#a#b") == "https://m.example/%C3%A4%20b?q=1#a%23b"
    assert escaped("http://a:xyz/%zz\x01") == "http://a%3Axyz/%25zz"
    assert escaped("https://m.example:80/%41") == "https://m.example:80/%41"


def test_xml_holds_no_control_characters() -> None:
    assert xml_text("a\x00\x1b\x0b\ufffe\ud800b") == ("ab", True)
    assert xml_text("a\t\r\n\x85\u202e\U0001f3fab") == ("a\t\r\n\x85\u202e\U0001f3fab", False)
