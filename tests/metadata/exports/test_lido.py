"""LIDO 1.1, checked by its XSD: every language, both events, rights kept apart."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from relicscan.metadata.exports import lido
from relicscan.metadata.exports.exported import PARTS, Exported, parts, stated_fields
from relicscan.metadata.exports.xml_text import xml_text

from .conftest import ATTACKS, EVERYTHING

GOLDEN = Path(__file__).parent / "golden" / "lido.xml"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Check = Callable[[Path], list[str]]


@pytest.fixture
def xsd(shared: Path) -> Check:
    """Its imports are read from beside it: the parser may not use the network."""
    parser = etree.XMLParser(no_network=True)
    schema = etree.XMLSchema(etree.parse(str(shared / "schemas/lido/lido-v1.1.xsd"), parser))

    def check(path: Path) -> list[str]:
        schema.validate(etree.parse(str(path)))
        return [str(error) for error in schema.error_log]

    return check


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Exported], Any]:
    def write(relic: Exported) -> Any:
        lido.write([relic], tmp_path, None)
        return etree.parse(str(tmp_path / relic.id / "lido.xml")).getroot()

    return write


def find(root: Any, path: str) -> list[Any]:
    return list(root.xpath(path, namespaces=lido._NAMESPACES))


def test_it_is_what_it_was(relic: Exported, tmp_path: Path) -> None:
    lido.write([relic], tmp_path, "https://relics.example/3d")
    content = (tmp_path / relic.id / "lido.xml").read_bytes()
    if os.environ.get("RELICSCAN_RENEW_GOLDEN") == "1":
        GOLDEN.write_bytes(content)
    assert content == GOLDEN.read_bytes(), "RELICSCAN_RENEW_GOLDEN=1 writes what it is now"


def test_the_schema_takes_every_relic_and_all_of_them(
    relic: Exported,
    bare: Exported,
    attacker: Exported,
    samples: list[Exported],
    tmp_path: Path,
    xsd: Check,
) -> None:
    every = [relic, bare, attacker, *samples]
    assert len(samples) > 2
    lido.write(every, tmp_path, None)
    for one in every:
        assert xsd(tmp_path / one.id / "lido.xml") == [], one.id
    assert xsd(tmp_path / "lido.xml") == []
    wrap = etree.parse(str(tmp_path / "lido.xml")).getroot()
    assert find(wrap, "lido:lido/lido:lidoRecID/text()") == [one.id for one in every]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"lido:recordType>", b"lido:recordKind>"),
        (b'<lido:descriptiveMetadata xml:lang="en">', b"<lido:descriptiveMetadata>"),
        (b"<lido:workID ", b"<lido:workID lido:pref='x' "),
    ],
)
def test_the_schema_refuses_what_is_wrong(
    relic: Exported, tmp_path: Path, xsd: Check, right: bytes, wrong: bytes
) -> None:
    lido.write([relic], tmp_path, None)
    path = tmp_path / relic.id / "lido.xml"
    content = path.read_bytes()
    assert right in content
    path.write_bytes(content.replace(right, wrong))
    assert xsd(path)


def test_everything_that_it_says_it_carries_is_there(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    root = written(relic)
    texts = [(e.get(LANG), e.text) for e in root.iter(etree.Element) if e.text]
    sets = find(root, "//lido:objectMeasurements/lido:measurementsSet")
    measured = [[text.strip() for text in one.itertext() if text.strip()] for one in sets]
    assert measured == [["height", "cm", "42.0"], ["diameter", "cm", "18.55"]]
    said = "\n".join(text for _, text in texts)
    for field, value in stated_fields(relic).items():
        if field not in lido.CARRIES or field in ("object.dimension.kind", "object.dimension.unit"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                for tag, text in one.items():
                    assert (tag, text) in texts, (field, tag)
            else:
                for part in one.split("/") if field.endswith(".edtf") else [one]:
                    assert part in said, field


def test_what_it_cannot_carry_is_told(relic: Exported, tmp_path: Path) -> None:
    lost = {loss.field for loss in lido.write([relic], tmp_path, None)}
    assert {"hotspot.text", "tour.steps"} <= lost
    there = {*stated_fields(relic), *parts(relic.manifest)}
    assert lost == {field for field in there if field not in lido.CARRIES}
    assert {"master", "sources", "steps", "deviation", "checksums"} <= lost


def test_what_lido_insists_on_and_is_not_stated_is_told(
    bare: Exported, written: Callable[[Exported], Any], tmp_path: Path
) -> None:
    lost = {loss.field for loss in lido.write([bare], tmp_path, None)}
    assert lost - set(PARTS) == {"object.title", "object.type.label", "museum.name"}
    root = written(bare)
    assert find(root, "//lido:titleSet/lido:appellationValue/text()") == ["unnamed"]
    assert find(root, "//lido:category | //lido:eventWrap | //lido:rightsWorkWrap") == []
    assert find(root, "//lido:rightsResource | //lido:recordRights") == []


def test_a_date_in_doubt_is_years_and_told(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    stated = copy.deepcopy(EVERYTHING)
    stated["object"]["dating"]["edtf"] = "-05XX"
    lost = lido.write([export_of(stated)], tmp_path, None)
    assert "object.dating.edtf" in {loss.field for loss in lost}
    root = etree.parse(str(tmp_path / "amphora-12" / "lido.xml")).getroot()
    production = find(root, "//lido:event[lido:eventType/lido:term='Production']")[0]
    assert find(production, ".//lido:earliestDate/text()") == ["-0599"]
    assert find(production, ".//lido:latestDate/text()") == ["-0500"]
    assert find(production, ".//lido:earliestDate/@lido:type") == ["estimatedDate"]


def test_making_and_digitization_are_two_events(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    made, scanned = find(written(relic), "//lido:event")
    assert find(made, ".//lido:earliestDate/text()") == ["-0529"]
    assert find(made, ".//lido:earliestDate/@lido:type") == []
    assert find(made, ".//lido:eventActor//lido:appellationValue[@xml:lang='en']/text()") == [
        "Amasis Painter"
    ]
    assert find(scanned, ".//lido:earliestDate/text()") == ["2026-05-01"]
    assert find(scanned, "lido:eventMethod/lido:term[@xml:lang='de']/text()") == ["Streifenlicht"]
    assert find(scanned, ".//lido:displayObject/text()") == [
        "Sample Scanner 3",
        "Sample Studio 5.1",
    ]
    assert find(scanned, ".//lido:earliestDate")[0] not in list(made.iter())


def test_every_term_and_text_of_the_object_has_its_language(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    names = ("term", "appellationValue", "descriptiveNoteValue", "displayDate", "creditLine")
    for name in names:
        found = find(written(relic), f"//lido:{name}")
        assert found, name
        assert all(element.get(LANG) for element in found), name


def test_rights_of_object_and_copy_are_kept_apart(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    root = written(relic)
    work = find(root, "//lido:rightsWorkSet//lido:conceptID/text()")
    assert work == ["https://creativecommons.org/publicdomain/mark/1.0/"]
    copies = find(root, "//lido:resourceSet")
    assert len(copies) == 2
    for one in copies:
        licence = find(one, "lido:rightsResource//lido:conceptID/text()")
        assert licence == ["https://creativecommons.org/licenses/by/4.0/"]
    for rights in find(root, "//lido:rightsResource | //lido:rightsWorkSet"):
        assert len(find(rights, "lido:rightsType")) <= 1


def test_resources_are_measured_and_linked(
    relic: Exported, written: Callable[[Exported], Any]
) -> None:
    root = written(relic)
    links = find(root, "//lido:linkResource/text()")
    assert links[0] == "amphora-12/web/thumb.glb"
    assert links[-2:] == ["amphora-12/ar/model.usdz", "amphora-12/preview/poster.webp"]
    units = set(find(root, "//lido:resourceMeasurementsSet/lido:measurementUnit/lido:term/text()"))
    assert units == {"byte", "count", "mm"}
    unscaled = Exported(relic.manifest.model_copy(update={"units": None}), relic.folder)
    root = written(unscaled)
    units = set(find(root, "//lido:resourceMeasurementsSet/lido:measurementUnit/lido:term/text()"))
    assert units == {"byte", "count"}


def test_attacks_are_texts(attacker: Exported, tmp_path: Path) -> None:
    lost = lido.write([attacker], tmp_path, None)
    for path in (tmp_path / "attacker" / "lido.xml", tmp_path / "lido.xml"):
        root = etree.parse(str(path)).getroot()
        titles = find(root, "//lido:titleSet/lido:appellationValue")
        said = {title.get(LANG): title.text for title in titles}
        for kind, text in ATTACKS.items():
            assert said[f"x-{kind}"] == xml_text(text)[0]
        assert not root.xpath("//*[local-name()='script' or local-name()='img']")
    assert "object.title@x-ansi" in {loss.field for loss in lost}


def test_no_relics_no_files(tmp_path: Path) -> None:
    assert lido.write([], tmp_path, None) == []
    assert list(tmp_path.iterdir()) == []
