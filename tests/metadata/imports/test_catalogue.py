"""Rows become what a relic.toml says; a row that is wrong is told cell by cell and costs itself."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from limits import within
from metadata.exports.conftest import EVERYTHING, exported
from openpyxl import Workbook

from relicscan.errors import ScanError
from relicscan.metadata.exports.table import write as write_table
from relicscan.metadata.imports.catalogue import Catalogue, read_catalogue
from relicscan.metadata.imports.columns import fields, names, said, target_of
from relicscan.metadata.imports.given import RowProblem
from relicscan.metadata.imports.mapping import ColumnMapping
from relicscan.metadata.relic_toml import RelicToml

Read = Callable[..., Catalogue]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads lines as a catalogue."""

    def read_it(*lines: str, mapping: ColumnMapping | None = None) -> Catalogue:
        path = tmp_path / "catalogue.csv"
        path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
        return read_catalogue(path, mapping)

    return read_it


def stated(catalogue: Catalogue) -> dict[str, Any]:
    assert catalogue.problems == ()
    (row,) = catalogue.rows
    return row.stated


def problem(catalogue: Catalogue) -> RowProblem:
    assert catalogue.rows == ()
    (found,) = catalogue.problems
    assert found.remedy
    assert "".join(str(part) for part in found.__dict__.values()).isprintable()
    return found


def test_a_row(read: Read) -> None:
    catalogue = read(
        "folder;id;title;title@zh-hans;object.type.label@en;aat;inventory_number;edtf;dating@de;"
        "represents;museum@de;museum.url;rights.object;rights.digital.attribution@en;capture.date",
        "a/b;vase;Krug;罐;jug;http://vocab.getty.edu/aat/300148696;1926.12;'-0529/-0519;um 525;"
        "existing state;Museum;https://museum.example/;"
        "https://creativecommons.org/publicdomain/mark/1.0/;Museum, 2026;2026-05",
    )
    (row,) = catalogue.rows
    assert (row.number, row.folder, row.id) == (2, "a/b", "vase")
    assert row.stated == {
        "id": "vase",
        "object": {
            "title": {"und": "Krug", "zh-Hans": "罐"},
            "type": {"label": {"en": "jug"}, "aat": "http://vocab.getty.edu/aat/300148696"},
            "inventory_number": "1926.12",
            "dating": {"edtf": "-0529/-0519", "display": {"de": "um 525"}},
            "represents": "existing state",
        },
        "museum": {"name": {"de": "Museum"}, "url": "https://museum.example/"},
        "rights": {
            "object": {"uri": "https://creativecommons.org/publicdomain/mark/1.0/"},
            "digital": {"attribution": {"en": "Museum, 2026"}},
        },
        "capture": {"date": "2026-05"},
    }
    assert catalogue.unit == "row"
    assert catalogue.problems == catalogue.not_taken == ()


def test_empty_cells_say_nothing(read: Read) -> None:
    catalogue = read("folder;title@de;title@en;height", "a; ;;", ";;;", "b;Krug")
    assert [(row.number, row.stated) for row in catalogue.rows] == [
        (2, {}),
        (4, {"object": {"title": {"de": "Krug"}}}),
    ]


def test_texts_are_carried_as_they_are_and_terms_without_spaces(read: Read) -> None:
    catalogue = read("folder;title;represents;edtf", " a ; Krug ; existing state ; 1926 ")
    (row,) = catalogue.rows
    assert row.folder == "a"
    assert row.stated["object"] == {
        "title": {"und": " Krug "},
        "represents": "existing state",
        "dating": {"edtf": "1926"},
    }


def test_numbered_lists_close_ranks(read: Read) -> None:
    heads = [f"object.dimension[{n}].{key}" for n in (3, 0, 1) for key in ("kind", "value", "unit")]
    cells = "height;31.20;cm;width;7;cm;;;"
    data = stated(read(f"folder;{';'.join(heads)};object.dimension[3].part@en", f"a;{cells};mouth"))
    assert data["object"]["dimension"] == [
        {"kind": "width", "value": "7", "unit": "cm"},
        {"kind": "height", "value": "31.20", "unit": "cm", "part": {"en": "mouth"}},
    ]


@pytest.mark.parametrize(
    ("cell", "value", "uncertainty", "unit"),
    [
        ("31.2 cm", "31.2", None, "cm"),
        ("31.20cm", "31.20", None, "cm"),
        ("31.2 ± 0.1 cm", "31.2", "0.1", "cm"),
        ("31.2±0.10 mm", "31.2", "0.10", "mm"),
        ("31.2\u00a0cm", "31.2", None, "cm"),
        ("5 us-ft", "5", None, "us-ft"),
    ],
)
def test_a_measure(read: Read, cell: str, value: str, uncertainty: str | None, unit: str) -> None:
    expected = {"kind": "height", "value": value, "unit": unit}
    expected |= {"uncertainty": uncertainty} if uncertainty else {}
    data = stated(read("folder;height", f"a;{cell}"))
    assert data["object"]["dimension"] == [expected]


@pytest.mark.parametrize(
    "cell",
    [
        *("31.2", "31,2 cm", "ca. 31 cm", "31-32 cm", "31.2 cm (max.)", "-3 cm", "0 cm", "1e3 cm"),
        *(
            "31.2 Zoll",
            "31.2 centimetre",
            "31.2 +/- 0.1 cm",
            "31.2 ± cm",
            "cm",
            "३१ cm",
            "31..2 cm",
        ),
        "31.2 cm 31.2 cm",
    ],
)
def test_a_measure_is_never_guessed(read: Read, cell: str) -> None:
    found = problem(read("folder;height", f"a;{cell}"))
    assert (found.number, found.column, found.given) == (2, "height", cell)


def test_a_measure_that_stands_twice(read: Read) -> None:
    found = problem(
        read(
            "folder;height;object.dimension[0].kind;object.dimension[0].value;"
            "object.dimension[0].unit",
            "a;31.2 cm;height;31;cm",
        )
    )
    assert "the height of the whole stands twice" in found.problem


@pytest.mark.parametrize(
    ("column", "cell", "says", "works"),
    [
        ("edtf", "530 v. Chr.", "not a date in EDTF", "-0529/-0519"),
        ("edtf", "12.5.1926", "not a date in EDTF", "four digits"),
        ("represents", "Ist-Zustand", "not possible here", "'existing state'"),
        ("aat", "300148696", "not a concept", "http://vocab.getty.edu/aat/300148696"),
        ("rights.object", "CC BY", "not a web address", "in full"),
        ("museum.url", "javascript:alert(1)", "not a web address", "in full"),
        ("object.dimension[0].value", "31,2", "not a positive decimal", "with a point: 31.2"),
        ("scan.unit", "millimeter", "not one of the units", 'write "mm"'),
        ("capture.scale", "measured", "was measured by something", "capture.scale_basis@en"),
        ("related[0].relation", "see", "an id or an address", "related[0].uri"),
        ("id", "Vase 12", "cannot be an id", "vase-12"),
    ],
)
def test_a_wrong_cell(read: Read, column: str, cell: str, says: str, works: str) -> None:
    catalogue = read(f"folder;title;{column}", f"a;fine;{cell}", "b;fine;")
    found = [p for p in catalogue.problems if p.column == column and says in p.problem]
    assert len(found) == 1
    assert (found[0].number, found[0].given) == (2, cell)
    assert works in found[0].remedy
    assert [row.number for row in catalogue.rows] == [3]


def test_every_wrong_cell_is_told(read: Read) -> None:
    catalogue = read("folder;height;edtf;represents", "../x;31;prose;what")
    assert {p.column for p in catalogue.problems} == {"folder", "height", "edtf", "represents"}


def test_what_is_missing_is_told_beside(read: Read) -> None:
    found = problem(read("folder;object.dimension[2].value;object.dimension[2].unit", "a;3;cm"))
    assert found.column == "object.dimension[2].value"
    assert "kind is missing" in found.problem


@pytest.mark.parametrize(
    "cell",
    [
        *("../../etc", "/etc", "a/../../b", "C:/x", "C:\\x", "a\\b", ".", "..", "a//b", "./a"),
        *("a/\x1b[31m", "file:///etc/passwd", "~/../x/.."),
    ],
)
def test_a_folder_that_is_none(read: Read, cell: str) -> None:
    found = problem(read("folder;title", f"{cell};x"))
    assert found.column == "folder"


def test_a_folder_may_end_with_a_slash(read: Read) -> None:
    assert read("folder;title", "a/b/;x").rows[0].folder == "a/b"


def test_which_relic_is_said_by_folder_or_id(read: Read) -> None:
    catalogue = read("folder;id;title", "a;;x", ";b;x", ";;x")
    assert [(row.folder, row.id) for row in catalogue.rows] == [("a", None), (None, "b")]
    (found,) = catalogue.problems
    assert (found.number, found.column) == (4, "")
    with pytest.raises(ScanError, match="no column says which relic"):
        read("title;place", "a;b")


def test_two_rows_for_one_relic_are_both_rejected(read: Read) -> None:
    catalogue = read(
        "folder;id;title", "a;;1", "b;x;2", "A/;;3", "c;x;4", "d;;5", "Kru\u0308ge;;6", "Krüge;;7"
    )
    assert [row.number for row in catalogue.rows] == [6]
    assert [(p.number, p.column, p.problem) for p in catalogue.problems] == [
        (2, "folder", "rows 2, 4 are for one relic"),
        (3, "id", "rows 3, 5 are for one relic"),
        (4, "folder", "rows 2, 4 are for one relic"),
        (5, "id", "rows 3, 5 are for one relic"),
        (7, "folder", "rows 7, 8 are for one relic"),
        (8, "folder", "rows 7, 8 are for one relic"),
    ]


def test_a_wrong_row_still_claims_its_relic(read: Read) -> None:
    catalogue = read("folder;edtf", "a;1926", "a;prose")
    assert catalogue.rows == ()
    assert {p.number for p in catalogue.problems} == {2, 3}


def refused(read: Read, *lines: str, mapping: ColumnMapping | None = None) -> str:
    with pytest.raises(ScanError) as caught:
        read(*lines, mapping=mapping)
    assert caught.value.scan == "catalogue.csv"
    return str(caught.value)


def test_an_unknown_column(read: Read) -> None:
    said_so = refused(read, "folder;Titel;Title;Bemerkung", "a;b;c;d")
    assert "column 'Titel': there is no field 'Titel'" in said_so
    assert "column 'Bemerkung'" in said_so
    assert "did you mean 'title'" in said_so
    assert 'ignore = ["Titel"]' in said_so


def test_two_columns_for_one_field(read: Read) -> None:
    assert "are both for object.title@de" in refused(read, "folder;title@de;object.title@DE", "a;b")
    assert "are both for object.title@he" in refused(read, "folder;title@iw;title@he", "a;b;c")
    assert "are both for object.title@und" in refused(read, "folder;title;title@und", "a;b")


def test_a_mapping(read: Read) -> None:
    mapping = ColumnMapping(
        {"Titel": ("object", "title", "de"), "Ordner": ("folder",), "Höhe": ("height",)},
        frozenset(["Bemerkung"]),
        {
            ("object", "represents"): {"Ist-Zustand": "existing state"},
            ("folder",): {"Vitrine 1": "vitrine-1"},
        },
    )
    catalogue = read(
        "Ordner;Titel;Bemerkung;represents;Höhe",
        "Vitrine 1;Krug;geheim;Ist-Zustand;3 cm",
        "b;Krug;;;hoch",
        mapping=mapping,
    )
    (row,) = catalogue.rows
    assert row.folder == "vitrine-1"
    assert row.stated["object"]["represents"] == "existing state"
    assert "geheim" not in str(row.stated)
    assert catalogue.problems[0].column == "Höhe"  # as the museum calls it


def test_hostile_texts_are_texts(read: Read) -> None:
    attacks = [
        "<script>",
        "=cmd|' /C calc'!A0",
        "\x1b[31m",
        "\u202egnp.exe",
        '"""\nid = "x"',
        "%s{0}",
    ]
    quoted = [f'"{text.replace(chr(34), chr(34) * 2)}"' for text in attacks]
    heads = ";".join(f"title@x-{n}" for n in range(len(attacks)))
    data = stated(read(f"folder;{heads}", f"a;{';'.join(quoted)}"))
    assert list(data["object"]["title"].values()) == attacks


def test_a_date_of_excel_is_none_of_our_numbers(tmp_path: Path) -> None:
    book = Workbook()
    rows = [
        ["folder", "inventory_number", "edtf"],
        ["a", datetime.date(1926, 12, 1), None],
        ["b", 1926.12, datetime.date(1926, 12, 1)],
        [datetime.date(1926, 12, 1), None, None],
    ]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "catalogue.xlsx")
    catalogue = read_catalogue(tmp_path / "catalogue.xlsx", sheet="Sheet")
    (row,) = catalogue.rows
    assert row.stated["object"] == {"inventory_number": "1926.12", "dating": {"edtf": "1926-12-01"}}
    assert [(p.number, p.column) for p in catalogue.problems] == [
        (2, "inventory_number"),
        (4, "folder"),
    ]
    assert all("holds this cell as a date" in p.problem for p in catalogue.problems)


def test_packrat(read: Read) -> None:
    catalogue = read(
        "subject_guid,subject_name,unit_guid,unit_name,item_guid,item_name,item_subtitle,"
        "entire_subject,name,date_captured,description,capture_dataset_type,units,directory_path",
        "edan:1,Sea Turtle,ISN:1,NMNH,,Top and Bottom,first,1,Turtle 1,2018-06-25,high,set,"
        "millimeter,turtle-1",
        "edan:2,Sea Turtle,ISN:1,NMNH,,Sea Turtle: shell,,1,Turtle 2,6/25/2018,,set,,turtle-2",
        "edan:3,Sea Turtle,ISN:1,NMNH,,,,1,Turtle 3,yesterday,,set,,turtle-3",
    )
    first, second = catalogue.rows
    assert first.folder == "turtle-1"
    assert first.stated == {
        "object": {"title": {"und": "Sea Turtle: Top and Bottom: first"}},
        "museum": {"name": {"und": "NMNH"}, "id": "ISN:1"},
        "capture": {"date": "2018-06-25", "notes": {"und": "high"}},
        "scan": {"unit": "mm"},
    }
    assert second.stated["object"]["title"] == {"und": "Sea Turtle: shell"}
    assert "capture" not in second.stated
    assert [p.column for p in catalogue.problems] == ["date_captured"]
    told = {entry.column: entry for entry in catalogue.not_taken}
    assert set(told) == {
        *("subject_guid", "item_guid", "entire_subject", "name", "capture_dataset_type"),
        "date_captured",
    }
    assert told["date_captured"].number == 3


def test_a_mapping_goes_before_what_packrat_means(read: Read) -> None:
    mapping = ColumnMapping({"subject_guid": ("object", "inventory_number")}, frozenset(["units"]))
    catalogue = read(
        "subject_guid,subject_name,units,directory_path", "7,Turtle,furlong,a", mapping=mapping
    )
    assert stated(catalogue)["object"] == {"inventory_number": "7", "title": {"und": "Turtle"}}
    assert catalogue.not_taken == ()


def test_columns_of_our_own_tables_are_known(read: Read) -> None:
    catalogue = read(
        "id;state;verdict;scale_known;languages[0];object.title@en;hotspot[0].position[2];"
        "tour[0].id;"
        "master.path;models.web.low.bytes;files[0].sha256;steps[3].stage",
        "a;done;pass;true;en;Vase;310.0;round;master/mesh.ply;9;00;decimate",
    )
    assert stated(catalogue) == {"id": "a", "object": {"title": {"en": "Vase"}}}
    no_place = {"languages[0]", "hotspot[0].position[2]", "tour[0].id"}
    assert len(catalogue.not_taken) == 10
    for column, reason in ((entry.column, entry.reason) for entry in catalogue.not_taken):
        stated_by_the_museum = column in no_place
        assert ("a table has no place for it" in reason) == stated_by_the_museum
        assert ("relicscan found out" in reason) != stated_by_the_museum


def test_our_own_table_reads_back(tmp_path: Path) -> None:
    relic = exported(tmp_path / "out", RelicToml.model_validate(EVERYTHING))
    write_table([relic], tmp_path, "https://museum.example/3d")
    catalogue = read_catalogue(tmp_path / "relics.csv")
    known = ("id", "object", "museum", "rights", "capture", "related")
    assert stated(catalogue) == {k: relic.manifest.metadata.stated()[k] for k in known}
    assert {entry.column.split("[")[0].split(".")[0] for entry in catalogue.not_taken} == {
        *("state", "verdict", "scale_known", "languages", "hotspot", "tour"),
        *("master", "models", "files", "sources", "steps"),
    }


def test_every_heading_leads_to_a_field_and_back() -> None:
    for name in names():
        path = target_of(name)
        assert target_of(said(path)) == path
    known = {path.split(".")[0].split("[")[0] for path in fields()}
    assert known == set(RelicToml.model_fields) - {"id", "languages", "hotspot", "tour"}


def test_many_rows_take_their_time(read: Read) -> None:
    lines = [f"f{n};Krug {n};3.5 cm" for n in range(20_000)]
    with within(30):
        assert len(read("folder;title@de;height", *lines).rows) == 20_000


def test_headings_in_capitals_are_the_same() -> None:
    assert target_of("Title@DE") == target_of("title@de") == ("object", "title", "de")
    assert target_of(" Folder ") == ("folder",)
