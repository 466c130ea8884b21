"""LIDO records become rows; what is not understood is told, and nothing in them does anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from limits import within
from metadata.exports.conftest import ATTACKS, EVERYTHING, exported

from relicscan.errors import ScanError
from relicscan.metadata.exports.lido import write as write_lido
from relicscan.metadata.imports.catalogue import Catalogue, read_catalogue
from relicscan.metadata.imports.mapping import ColumnMapping
from relicscan.metadata.relic_toml import RelicToml

Read = Callable[..., Catalogue]

NAMESPACES = 'xmlns:lido="http://www.lido-schema.org"'
TERMS = "http://terminology.lido-schema.org"

#: As museums write them: LIDO 1.0, two languages, an estimated date, photographs, much besides.
RECORD = f"""\
<lido:lido {NAMESPACES}>
  <lido:lidoRecID lido:type="local">krug-7</lido:lidoRecID>
  <lido:descriptiveMetadata xml:lang="de">
    <lido:objectClassificationWrap>
      <lido:objectWorkTypeWrap>
        <lido:objectWorkType>
          <lido:conceptID lido:source="AAT" lido:type="local">300148696</lido:conceptID>
          <lido:term>Amphora</lido:term>
          <lido:term xml:lang="en">amphora</lido:term>
        </lido:objectWorkType>
        <lido:objectWorkType><lido:term>Gefäß</lido:term></lido:objectWorkType>
      </lido:objectWorkTypeWrap>
      <lido:classificationWrap>
        <lido:classification><lido:term>Keramik</lido:term></lido:classification>
      </lido:classificationWrap>
    </lido:objectClassificationWrap>
    <lido:objectIdentificationWrap>
      <lido:titleWrap>
        <lido:titleSet>
          <lido:appellationValue lido:pref="alternate">Der Krug</lido:appellationValue>
          <lido:appellationValue lido:pref="preferred">
            Bemalte Amphora
          </lido:appellationValue>
          <lido:appellationValue xml:lang="zh-hans">彩绘双耳瓶</lido:appellationValue>
        </lido:titleSet>
      </lido:titleWrap>
      <lido:repositoryWrap>
        <lido:repositorySet lido:type="former">
          <lido:workID>alt 1</lido:workID>
        </lido:repositorySet>
        <lido:repositorySet lido:type="current">
          <lido:repositoryName>
            <lido:legalBodyID lido:type="URI">http://d-nb.info/gnd/1</lido:legalBodyID>
            <lido:legalBodyName>
              <lido:appellationValue>Beispielmuseum</lido:appellationValue>
            </lido:legalBodyName>
            <lido:legalBodyWeblink>https://museum.example/</lido:legalBodyWeblink>
          </lido:repositoryName>
          <lido:workID lido:type="accession">1926/4</lido:workID>
          <lido:workID lido:type="{TERMS}/lido00113">1926.12</lido:workID>
        </lido:repositorySet>
      </lido:repositoryWrap>
      <lido:objectDescriptionWrap>
        <lido:objectDescriptionSet>
          <lido:descriptiveNoteValue>
            Zwei Henkel &amp; ein &lt;Krieger&gt;.
          </lido:descriptiveNoteValue>
        </lido:objectDescriptionSet>
        <lido:objectDescriptionSet>
          <lido:descriptiveNoteValue>Ein zweiter Text.</lido:descriptiveNoteValue>
        </lido:objectDescriptionSet>
      </lido:objectDescriptionWrap>
      <lido:objectMeasurementsWrap>
        <lido:objectMeasurementsSet>
          <lido:displayObjectMeasurements>H 31,2 cm</lido:displayObjectMeasurements>
          <lido:objectMeasurements>
            <lido:measurementsSet>
              <lido:measurementType>Höhe</lido:measurementType>
              <lido:measurementUnit>cm</lido:measurementUnit>
              <lido:measurementValue>31.20</lido:measurementValue>
            </lido:measurementsSet>
            <lido:measurementsSet>
              <lido:measurementType>Gewicht</lido:measurementType>
              <lido:measurementUnit>kg</lido:measurementUnit>
              <lido:measurementValue>2</lido:measurementValue>
            </lido:measurementsSet>
            <lido:measurementsSet>
              <lido:measurementType>Breite</lido:measurementType>
              <lido:measurementUnit>cm</lido:measurementUnit>
              <lido:measurementValue>18,5</lido:measurementValue>
            </lido:measurementsSet>
          </lido:objectMeasurements>
        </lido:objectMeasurementsSet>
        <lido:objectMeasurementsSet>
          <lido:objectMeasurements>
            <lido:measurementsSet>
              <lido:measurementType>
                <lido:conceptID>http://vocab.getty.edu/aat/300055624</lido:conceptID>
                <lido:term>Durchmesser</lido:term>
              </lido:measurementType>
              <lido:measurementUnit><lido:term>Zentimeter</lido:term><lido:term>cm</lido:term>
              </lido:measurementUnit>
              <lido:measurementValue>18</lido:measurementValue>
            </lido:measurementsSet>
            <lido:extentMeasurements>Mündung</lido:extentMeasurements>
          </lido:objectMeasurements>
        </lido:objectMeasurementsSet>
        <lido:objectMeasurementsSet>
          <lido:objectMeasurements>
            <lido:measurementsSet>
              <lido:measurementType>Tiefe</lido:measurementType>
              <lido:measurementUnit>cm</lido:measurementUnit>
              <lido:measurementValue>5</lido:measurementValue>
            </lido:measurementsSet>
            <lido:qualifierMeasurements>circa</lido:qualifierMeasurements>
          </lido:objectMeasurements>
        </lido:objectMeasurementsSet>
      </lido:objectMeasurementsWrap>
    </lido:objectIdentificationWrap>
    <lido:eventWrap>
      <lido:eventSet>
        <lido:event>
          <lido:eventType>
            <lido:conceptID lido:type="URI">{TERMS}/lido00007</lido:conceptID>
          </lido:eventType>
          <lido:eventActor>
            <lido:displayActorInRole>Amasis-Maler (Töpfer)</lido:displayActorInRole>
            <lido:actorInRole>
              <lido:actor>
                <lido:nameActorSet>
                  <lido:appellationValue>Amasis-Maler</lido:appellationValue>
                </lido:nameActorSet>
              </lido:actor>
            </lido:actorInRole>
          </lido:eventActor>
          <lido:culture><lido:term>griechisch</lido:term></lido:culture>
          <lido:eventDate>
            <lido:displayDate>um 525 v. Chr.</lido:displayDate>
            <lido:date>
              <lido:earliestDate>-0529</lido:earliestDate>
              <lido:latestDate>-0519</lido:latestDate>
            </lido:date>
          </lido:eventDate>
          <lido:eventPlace>
            <lido:place>
              <lido:namePlaceSet>
                <lido:appellationValue>Attika</lido:appellationValue>
              </lido:namePlaceSet>
            </lido:place>
          </lido:eventPlace>
          <lido:eventMaterialsTech>
            <lido:materialsTech>
              <lido:termMaterialsTech lido:type="{TERMS}/lido00132">
                <lido:term>Ton</lido:term>
              </lido:termMaterialsTech>
              <lido:termMaterialsTech lido:type="{TERMS}/lido00132">
                <lido:term>Glasur</lido:term>
              </lido:termMaterialsTech>
              <lido:termMaterialsTech lido:type="{TERMS}/lido00131">
                <lido:term>bemalt</lido:term>
              </lido:termMaterialsTech>
            </lido:materialsTech>
          </lido:eventMaterialsTech>
        </lido:event>
      </lido:eventSet>
      <lido:eventSet>
        <lido:event>
          <lido:eventType><lido:term>Fund</lido:term></lido:eventType>
          <lido:eventPlace><lido:displayPlace>Athen</lido:displayPlace></lido:eventPlace>
        </lido:event>
      </lido:eventSet>
    </lido:eventWrap>
  </lido:descriptiveMetadata>
  <lido:administrativeMetadata xml:lang="de">
    <lido:rightsWorkWrap>
      <lido:rightsWorkSet>
        <lido:rightsType>
          <lido:conceptID>https://creativecommons.org/publicdomain/mark/1.0/</lido:conceptID>
          <lido:term>gemeinfrei</lido:term>
        </lido:rightsType>
        <lido:rightsHolder>
          <lido:legalBodyName>
            <lido:appellationValue>Beispielmuseum</lido:appellationValue>
          </lido:legalBodyName>
        </lido:rightsHolder>
        <lido:creditLine>Beispielmuseum, 2026</lido:creditLine>
      </lido:rightsWorkSet>
    </lido:rightsWorkWrap>
    <lido:recordWrap>
      <lido:recordID>7</lido:recordID>
    </lido:recordWrap>
    <lido:resourceWrap>
      <lido:resourceSet>
        <lido:resourceRepresentation>
          <lido:linkResource>https://museum.example/photo.jpg</lido:linkResource>
        </lido:resourceRepresentation>
        <lido:rightsResource>
          <lido:rightsType>
            <lido:conceptID>https://creativecommons.org/licenses/by-nc/4.0/</lido:conceptID>
          </lido:rightsType>
        </lido:rightsResource>
      </lido:resourceSet>
    </lido:resourceWrap>
  </lido:administrativeMetadata>
</lido:lido>
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_it(content: str | bytes, mapping: ColumnMapping | None = None) -> Catalogue:
        path = tmp_path / "records.xml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with within(30):
            return read_catalogue(path, mapping)

    return read_it


def refused(read: Read, content: str | bytes) -> str:
    with pytest.raises(ScanError) as caught:
        read(content)
    assert caught.value.scan == "records.xml"
    assert caught.value.remedy
    assert str(caught.value).replace("\n", "").isprintable()
    return str(caught.value)


def stated(catalogue: Catalogue) -> dict[str, Any]:
    assert catalogue.problems == ()
    (row,) = catalogue.rows
    return row.stated


def test_a_record(read: Read) -> None:
    catalogue = read(RECORD)
    assert catalogue.unit == "record"
    (row,) = catalogue.rows
    assert (row.number, row.folder, row.id) == (1, None, "krug-7")
    assert row.stated == {
        "id": "krug-7",
        "object": {
            "title": {"de": "Bemalte Amphora", "zh-Hans": "彩绘双耳瓶"},
            "description": {"de": "Zwei Henkel & ein <Krieger>."},
            "type": {
                "label": {"de": "Amphora", "en": "amphora"},
                "aat": "http://vocab.getty.edu/aat/300148696",
            },
            "material": {"de": "Ton; Glasur"},
            "culture": {"de": "griechisch"},
            "place": {"de": "Attika"},
            "maker": {"de": "Amasis-Maler (Töpfer)"},
            "inventory_number": "1926.12",
            "dating": {"edtf": "-0529/-0519", "display": {"de": "um 525 v. Chr."}},
            "dimension": [
                {"kind": "height", "value": "31.20", "unit": "cm"},
                {"kind": "diameter", "value": "18", "unit": "cm", "part": {"de": "Mündung"}},
            ],
        },
        "museum": {
            "name": {"de": "Beispielmuseum"},
            "url": "https://museum.example/",
            "id": "http://d-nb.info/gnd/1",
        },
        "rights": {
            "object": {
                "uri": "https://creativecommons.org/publicdomain/mark/1.0/",
                "holder": {"de": "Beispielmuseum"},
                "attribution": {"de": "Beispielmuseum, 2026"},
            }
        },
    }


def test_all_the_rest_is_told(read: Read) -> None:
    told = {(entry.given, entry.reason) for entry in read(RECORD).not_taken}
    assert told >= {
        ("Der Krug", "another title is taken"),
        ("Gefäß", "another type is taken"),
        ("Keramik", "there is no field for it"),
        ("alt 1", "there is no field for it"),
        ("1926/4", "there is no field for it"),
        ("Ein zweiter Text.", "another description is taken"),
        ("H 31,2 cm", "there is no field for it"),
        ("2", "it is of no kind that is known"),
        ("18,5", "its value is not a number with a decimal point"),
        ("5", "it has a qualifier, as circa is one"),
        ("Amasis-Maler", "the display text is taken"),
        ("bemalt", "it is not marked as a material"),
        ("Athen", "there is no field for it"),
        ("gemeinfrei", "there is no field for it"),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "it is of no 3D model"),
    }
    assert all(entry.number == 1 and "line" in entry.column for entry in read(RECORD).not_taken)
    given = {entry.given for entry in read(RECORD).not_taken}
    assert not given & {"Bemalte Amphora", "1926.12", "31.20", "Höhe", "-0529", "-0519", "Ton"}


@pytest.mark.parametrize(
    ("earliest", "latest", "edtf"),
    [
        ("1926", "1926", "1926"),
        ("1926", "1930", "1926/1930"),
        ("0850", "0900", "0850/0900"),
        ("850", "0900", None),
        ("-530", "-0520", None),
        ("1926-05-01", "1926-05-01", None),
        ("um 1926", "1926", None),
        ("", "1926", None),
        ("1926", "", None),
    ],
)
def test_dates_are_exact_years_or_none(
    read: Read, earliest: str, latest: str, edtf: str | None
) -> None:
    record = RECORD.replace(">-0529<", f">{earliest}<").replace(">-0519<", f">{latest}<")
    catalogue = read(record)
    assert stated(catalogue)["object"]["dating"].get("edtf") == edtf
    told = {entry.given for entry in catalogue.not_taken}
    assert edtf is not None or told >= {earliest, latest} - {""}


def test_an_estimated_date_is_none(read: Read) -> None:
    record = RECORD.replace(
        "<lido:earliestDate>", f'<lido:earliestDate lido:type="{TERMS}/lido00529">'
    )
    assert "edtf" not in stated(read(record))["object"]["dating"]


def test_dates_the_wrong_way_round(read: Read) -> None:
    (problem,) = read(RECORD.replace(">-0519<", ">-0999<")).problems
    assert "ends before it begins" in problem.problem
    assert "earliestDate (line" in problem.column


def wrapped(*records: str) -> str:
    return f"<lido:lidoWrap {NAMESPACES}>{''.join(records)}</lido:lidoWrap>"


def test_many_records(read: Read) -> None:
    others = [RECORD.replace("krug-7", name) for name in ("Krug 8!", "krug-9", "krug-9", "")]
    catalogue = read(wrapped(RECORD, *others))
    assert [(row.number, row.id) for row in catalogue.rows] == [(1, "krug-7")]
    assert [problem.number for problem in catalogue.problems] == [2, 3, 4, 5]
    assert "cannot be an id" in catalogue.problems[0].problem
    assert "records 3, 4 are for one relic" in catalogue.problems[1].problem


def test_a_mapping_says_which_relic_a_record_is_for(read: Read) -> None:
    foreign = RECORD.replace("krug-7", "DE-Mb112/lido-obj1,T,001")
    by_id = ColumnMapping(values={("id",): {"DE-Mb112/lido-obj1,T,001": "krug"}})
    by_folder = ColumnMapping(values={("folder",): {"DE-Mb112/lido-obj1,T,001": "a/krug"}})
    assert read(foreign, by_id).rows[0].id == "krug"
    (row,) = read(foreign, by_folder).rows
    assert (row.folder, row.id) == ("a/krug", None)


def test_a_language_that_is_none(read: Read) -> None:
    (problem,) = read(RECORD.replace('xml:lang="zh-hans"', 'xml:lang="zh_Hans"')).problems
    assert problem.remedy == "write it with '-': zh-Hans"
    assert problem.given == "彩绘双耳瓶"


def test_a_language_has_one_tag_however_a_record_writes_it(read: Read) -> None:
    term = "<lido:term>Glasur</lido:term>"
    assert term in RECORD
    (row,) = read(RECORD.replace(term, term.replace("term>", 'term xml:lang="DE">', 1))).rows
    assert row.stated["object"]["material"] == read(RECORD).rows[0].stated["object"]["material"]
    (row,) = read(RECORD.replace('xml:lang="zh-hans"', 'xml:lang="zh-cmn-hans"')).rows
    assert row.stated["object"]["title"]["cmn-Hans"] == "彩绘双耳瓶"


LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "subset",
    [
        f"[{LAUGHS}]",
        '[<!ENTITY l9 SYSTEM "file:///etc/passwd">]',
        'SYSTEM "http://127.0.0.1:9/evil.dtd"',
        '[<!ENTITY % p SYSTEM "http://127.0.0.1:9/evil.dtd"> %p;]',
        "",
    ],
    ids=["laughs", "file", "dtd", "parameter", "plain"],
)
def test_a_document_type_is_refused(read: Read, subset: str, encoding: str) -> None:
    record = RECORD.replace("Bemalte Amphora", "&l9;")
    comment = f"<!-- {'x' * 100_000} -->"
    text = f'<?xml version="1.0" encoding="{encoding}"?>{comment}<!DOCTYPE x {subset}>{record}'
    assert "document type" in refused(read, text.encode(encoding))


def test_utf_7_hides_nothing(read: Read) -> None:
    text = '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE x+AD4-' + RECORD
    assert "not well-formed" in refused(read, text.encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (RECORD.replace("Bemalte", "&undefined;"), "not well-formed"),
        (RECORD.replace("Bemalte", "a\0b"), "not well-formed"),
        (RECORD.replace("Bemalte", "\x1b[31m"), "not well-formed"),
        (RECORD[:-9], "not well-formed"),
        ("<a/>", "no LIDO record"),
        ('<lido xmlns="http://other.example/"/>', "no LIDO record"),
        (wrapped(), "no LIDO record"),
        ("", "not well-formed"),
        (b"\xff\xfe\xff", "not well-formed"),
        ("<a>" * 10_000 + "</a>" * 10_000, "not well-formed"),
        (RECORD.encode().replace(b"Ton", b"\xfc"), "not well-formed"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed"),
        (b" " * 50_000_001, "more than 50,000,000 bytes"),
    ],
    ids=range(13),
)
def test_what_cannot_be_read(read: Read, content: str | bytes, says: str) -> None:
    assert says in refused(read, content)


def test_a_text_of_one_megabyte(read: Read) -> None:
    data = stated(read(RECORD.replace("Bemalte", "x" * 1_000_000)))
    assert len(data["object"]["title"]["de"]) > 1_000_000


def test_records_in_latin_1_say_so_themselves(read: Read) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + RECORD.replace("彩绘双耳瓶", "x")
    assert stated(read(text.encode("latin-1")))["object"]["maker"] == {
        "de": "Amasis-Maler (Töpfer)"
    }


def test_a_record_of_very_many_elements(read: Read) -> None:
    many = "<lido:displayState>x</lido:displayState>" * 5_000
    catalogue = read(RECORD.replace("<lido:titleWrap>", f"{many}<lido:titleWrap>"))
    assert len(catalogue.not_taken) == 201
    assert "more elements" in catalogue.not_taken[-1].given


def test_what_our_own_export_wrote_reads_back(tmp_path: Path) -> None:
    relic = exported(tmp_path / "out", RelicToml.model_validate(EVERYTHING))
    write_lido([relic], tmp_path, None)
    expected = {
        key: value
        for key, value in relic.manifest.metadata.stated().items()
        if key in ("id", "object", "museum", "rights")
    }
    del expected["object"]["represents"]
    del expected["rights"]["digital"]["restrictions"]
    catalogue = read_catalogue(tmp_path / "lido.xml")
    assert stated(catalogue) == expected


def test_attacks_stay_texts(tmp_path: Path) -> None:
    title = {
        f"x-{kind}": text for kind, text in ATTACKS.items() if kind not in ("ansi", "newlines")
    }
    toml = RelicToml.model_validate({"id": "a", "object": {"title": title}})
    write_lido([exported(tmp_path / "out", toml)], tmp_path, None)
    back = stated(read_catalogue(tmp_path / "lido.xml"))["object"]["title"]
    assert back == {tag: text.strip() for tag, text in toml.object.title.items()}  # type: ignore[union-attr]
