"""Tables are read as a person sees them, from files of any kind that people have, or refused."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits import within
from openpyxl import Workbook
from openpyxl.styles import numbers

from relicscan.errors import ScanError
from relicscan.metadata.csv_cells import guarded
from relicscan.metadata.imports import sheets, workbook
from relicscan.metadata.imports.excel_texts import cell_text
from relicscan.metadata.imports.sheets import Sheet, column_letters, read_sheet

Write = Callable[[bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_it(content: bytes | str) -> Path:
        path = tmp_path / "catalogue.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_it


@pytest.fixture
def excel(tmp_path: Path) -> Callable[..., Path]:
    """Writes rows as a workbook; a cell may be (value, number format)."""

    def write_it(*rows: list[Any], title: str = "Objekte") -> Path:
        book = Workbook()
        page = book.active
        page.title = title
        for row, cells in enumerate(rows, start=1):
            for column, value in enumerate(cells, start=1):
                cell = page.cell(row, column)
                if isinstance(value, tuple):
                    value, cell.number_format = value
                cell.value = value
        path = tmp_path / "catalogue.xlsx"
        book.save(path)
        return path

    return write_it


def refused(path: Path, sheet: str | None = None) -> str:
    with within(20), pytest.raises(ScanError) as caught:
        read_sheet(path, sheet)
    assert caught.value.scan == path.name
    assert caught.value.remedy
    assert str(caught.value).replace("\n", "").isprintable()
    return str(caught.value)


def texts(sheet: Sheet) -> list[tuple[int, dict[str, str]]]:
    return [(row.number, dict(row.cells)) for row in sheet.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_csv(write: Write, encoding: str, mark: str, end: str) -> None:
    lines = [mark.join(["folder", "title@zh-Hans"]), mark.join(["vase", "彩绘双耳瓶"]), ""]
    sheet = read_sheet(write(end.join(lines).encode(encoding)))
    assert sheet.columns == ("folder", "title@zh-Hans")
    assert texts(sheet) == [(2, {"folder": "vase", "title@zh-Hans": "彩绘双耳瓶"})]


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        ('a,"x;y;z"', ("a", "x;y;z")),
        ('"a, b";c', ("a, b", "c")),
        ("Titel;Höhe, cm;Ort", ("Titel", "Höhe, cm", "Ort")),
        ('"one\nline";b', ("one\nline", "b")),
        ('Höhe 5";b', ('Höhe 5"', "b")),
        ("folder", ("folder",)),
        ('"with ""quotes"", and commas";b;c', ('with "quotes", and commas', "b", "c")),
    ],
)
def test_the_delimiter_is_that_of_the_headings(
    write: Write, headings: str, columns: tuple[str, ...]
) -> None:
    assert read_sheet(write(f"{headings}\n1{';' * 9}\n")).columns == columns


def test_headings_that_could_be_read_in_two_ways(write: Write) -> None:
    assert "';' and ',' stand equally often" in refused(write("a;b,c\n"))


def test_rows_are_numbered_as_a_spreadsheet_does(write: Write) -> None:
    sheet = read_sheet(write('\nfolder;text\n\na;"two\nlines"\n;;\nb;\n'))
    assert texts(sheet) == [(4, {"folder": "a", "text": "two\nlines"}), (6, {"folder": "b"})]


def test_a_guarded_formula_is_a_text_again(write: Write) -> None:
    sheet = read_sheet(write("folder;edtf;title\na;'-0529;'=1+1\nb;-0529;'quoted'\n"))
    assert sheet.rows[0].cells == {"folder": "a", "edtf": "-0529", "title": "=1+1"}
    assert sheet.rows[1].cells == {"folder": "b", "edtf": "-0529", "title": "'quoted'"}


def test_what_stands_beside_the_table_makes_the_row_wrong(write: Write) -> None:
    sheet = read_sheet(write("folder;title\na;b;c\nd;e;;\n"))
    assert "3 cells and the table 2 columns" in sheet.rows[0].wrong[""][0]
    assert not sheet.rows[1].wrong


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("folder;title\na;Krüge\n".encode("cp1252"), "line 2: the file is not UTF-8"),
        ("folder;标题\na;青铜\n".encode("gbk"), "line 1: the file is not UTF-8"),
        ("folder;a\n".encode("utf-16-le"), "NUL"),
        ("folder;a\n".encode("utf-32"), "line 1: the file is not UTF-8"),
        (b"\xff\xfea", "not UTF-16"),
        ("folder;title\na;b\0c\n", "line 2: there is a NUL"),
        ("", "the table is empty"),
        ("\n\n;;\n", "the table is empty"),
        ("folder;;title\n", "row 1, column B: a heading is missing"),
        ("folder;title;folder \n", "row 1, column C: the heading 'folder' stands twice"),
        ('folder;title\na;"not closed\nb;c\n', "row 2: this is not CSV"),
        ('folder;title\nx;y\na;"b"c\n', "row 3: this is not CSV"),
        ("folder;title\na;" + "x" * 1_000_000, "row 2: this is not CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1old", "an old Excel file"),
        (b"PK\x03\x04torn", "cannot be unpacked"),
        ("a" + ";b" * 1_000 + "\n", "more than 1,000 columns"),
        ("folder\n" + "a\n" * 200_001, "more than 200,000 rows"),
        (b"a;" * 25_000_001, "more than 50,000,000 bytes"),
    ],
)
def test_what_cannot_be_read(write: Write, content: bytes | str, says: str) -> None:
    assert says in refused(write(content))


def test_a_table_of_too_many_cells(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_CELLS", 5)
    assert "more than 5 cells" in refused(write("a;b\n1;2\n3;4\n5;6\n"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.csv")
    assert "cannot be read" in refused(tmp_path)


def test_excel(excel: Callable[..., Path]) -> None:
    path = excel(["folder", "title@de"], [], ["vase", "Krug"], [None, "   "])
    assert texts(read_sheet(path)) == [(3, {"folder": "vase", "title@de": "Krug"})]
    assert texts(read_sheet(path, "Objekte")) == texts(read_sheet(path))
    assert "did you mean 'Objekte'" in refused(path, "Objekt")


def test_only_workbooks_have_sheets(write: Write) -> None:
    assert "only a workbook has sheets" in refused(write("folder\na\n"), "first")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1926.12, "1926.12"),
        (1926.1200000001, "1926.12"),
        (0.1 + 0.2, "0.3"),
        (1926, "1926"),
        (1926.0, "1926"),
        (-529, "-529"),
        (123456789012, "123456789012"),
        ((31.2, "0.00"), "31.20"),
        ((31.25, "0.0"), "31.3"),
        ((1234.5, "#,##0.00"), "1234.50"),
        ((42, "00000"), "00042"),
        ((31.2, '0.0" cm"'), "31.2 cm"),
        ((31.2, "0.0##"), "31.2"),
        ((0.31, "0%"), "31%"),
        ((-3.5, "0.0"), "-3.5"),
        ((3.5, "# ?/?"), "3.5"),
        ((1926.12, "@"), "1926.12"),
        (True, "TRUE"),
        ("1926.12", "1926.12"),
        (datetime.date(2026, 5, 1), "2026-05-01"),
        ((datetime.date(1926, 12, 1), "mmm yy"), "1926-12"),
        ((datetime.date(1926, 1, 1), "yyyy"), "1926"),
        (datetime.datetime(2026, 5, 1, 10, 30), "2026-05-01T10:30"),
        (datetime.time(10, 30), "10:30"),
    ],
)
def test_numbers_and_dates_are_what_a_person_sees(
    excel: Callable[..., Path], value: Any, shown: str
) -> None:
    (row,) = read_sheet(excel(["folder", "cell"], ["a", value])).rows
    assert row.cells["cell"] == shown
    given = value[0] if isinstance(value, tuple) else value
    assert ("cell" in row.dates) == isinstance(given, datetime.date | datetime.time)


def test_a_number_that_excel_has_rounded(excel: Callable[..., Path]) -> None:
    (row,) = read_sheet(excel(["folder", "cell"], ["a", 1.2345678901234567e19])).rows
    assert "more digits than Excel keeps" in row.wrong["cell"][0]


def test_formulas(tmp_path: Path, excel: Callable[..., Path]) -> None:
    path = excel(["folder", "sum", "text"], ["a", "=1+1", "'=1+1"])
    (row,) = read_sheet(path).rows
    assert row.cells == {"folder": "a", "text": "=1+1"}
    assert "has no result" in row.wrong["sum"][0]
    with_result(path, b"<v></v>", b"<v>2</v>")
    assert read_sheet(path).rows[0].cells["sum"] == "2"
    with_result(path, b'<c r="B2"><f>1+1</f><v>2</v>', b'<c r="B2" t="e"><f>1+1</f><v>#REF!</v>')
    (row,) = read_sheet(path).rows
    assert "ends in #REF!" in row.wrong["sum"][0]


def with_result(path: Path, old: bytes, new: bytes) -> None:
    parts = unpacked(path)
    sheet = (
        parts["xl/worksheets/sheet1.xml"].replace(b"<v />", b"<v></v>").replace(b"<v/>", b"<v></v>")
    )
    assert old in sheet, sheet
    pack(path, parts | {"xl/worksheets/sheet1.xml": sheet.replace(old, new)})


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path: Path, parts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_long_cell_makes_its_row_wrong(excel: Callable[..., Path]) -> None:
    path = excel(["folder", "title"], ["a", "PLACE"], ["b", "short"])
    parts = unpacked(path)
    for name, content in parts.items():
        parts[name] = content.replace(b"PLACE", b"x" * 1_000_000)
    pack(path, parts)
    long, short = read_sheet(path).rows
    assert long.wrong["title"] == ("a text of 1,000,000 characters", "shorten it to 131,072")
    assert short.cells == {"folder": "b", "title": "short"}


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_a_zip_bomb_is_not_unpacked(excel: Callable[..., Path], part: str) -> None:
    path = excel(["folder"], ["a"])
    bomb = io.BytesIO()
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            if name != part:
                archive.writestr(name, good.read(name))
        with archive.open(part, "w", force_zip64=True) as stream:
            for _ in range(201):
                stream.write(bytes(1_000_000))
    path.write_bytes(bomb.getvalue())
    assert path.stat().st_size < 1_000_000
    assert "would unpack to 201,000,000 bytes" in refused(path)


def test_a_zip_bomb_of_many_parts(
    excel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = excel(["folder"], ["a"])
    monkeypatch.setattr(workbook, "MAX_PARTS", 5)
    assert "files inside" in refused(path)
    monkeypatch.setattr(workbook, "MAX_PARTS", 100)
    monkeypatch.setattr(workbook, "MAX_BYTES", 1_000)
    assert "it would unpack to" in refused(path)


def test_a_zip_that_lies_of_its_size(excel: Callable[..., Path]) -> None:
    path = excel(["folder"], ["a"])
    pack(path, unpacked(path) | {"xl/styles.xml": b" " * 3_000_000})
    content = bytearray(path.read_bytes())
    size = (3_000_000).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, (100).to_bytes(4, "little")))
    refused(path)


LAUGHS = (
    b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;">]>"""
)


SPREADSHEETML = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHARED = f'<sst xmlns="{SPREADSHEETML}"><si><t>folder</t></si><si><t>TEXT</t></si></sst>'


@pytest.fixture
def stored(excel: Callable[..., Path]) -> Callable[..., Path]:
    """A workbook whose sheet and texts are stored under other names than those that Excel gives."""

    def write_it(sheet: str, strings: str, shared: bytes, before: bytes = b"") -> Path:
        path = excel(["folder"], ["CELL"])
        parts = unpacked(path)
        old = "xl/worksheets/sheet1.xml"
        for known in ("[Content_Types].xml", "xl/_rels/workbook.xml.rels"):
            assert old.encode() in parts[known]
            parts[known] = parts[known].replace(old.encode(), sheet.encode())
        override = (
            f'<Override PartName="/{strings}" ContentType="application/'
            'vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
        )
        types = parts["[Content_Types].xml"].replace(b"</Types>", override.encode())
        content = before + re.sub(
            rb'<c r="A2".*?</c>', b'<c r="A2" t="s"><v>1</v></c>', parts.pop(old)
        )
        assert b"CELL" not in content
        pack(path, parts | {"[Content_Types].xml": types, sheet: content, strings: shared})
        return path

    return write_it


NAMES = [
    ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"),
    ("xl/worksheets/sheet1.dat", "xl/s.dat"),
    ("a", "b.png"),
]


@pytest.mark.parametrize(("sheet", "strings"), NAMES)
def test_parts_go_by_any_name(stored: Callable[..., Path], sheet: str, strings: str) -> None:
    assert texts(read_sheet(stored(sheet, strings, SHARED.encode()))) == [(2, {"folder": "TEXT"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("sheet", "strings"), NAMES)
def test_entities_in_the_texts(
    stored: Callable[..., Path], sheet: str, strings: str, encoding: str
) -> None:
    shared = (LAUGHS.decode() + SHARED.replace("TEXT", "&b;")).encode(encoding)
    assert f"{strings!r} in the workbook, line 1" in (
        told := refused(stored(sheet, strings, shared))
    )
    assert "document type" in told


@pytest.mark.parametrize(("sheet", "strings"), NAMES)
def test_entities_in_a_sheet(stored: Callable[..., Path], sheet: str, strings: str) -> None:
    told = refused(stored(sheet, strings, SHARED.encode(), LAUGHS))
    assert f"{sheet!r} in the workbook, line 1" in told
    assert "document type" in told


def test_entities_behind_a_long_prolog(stored: Callable[..., Path]) -> None:
    declaration, rest = LAUGHS[:21], LAUGHS[21:]
    shared = declaration + b" " * 2_000_000 + rest + SHARED.replace("TEXT", "&b;").encode()
    assert "no element in the first" in refused(stored(*NAMES[1], shared))


@pytest.mark.parametrize(("sheet", "strings"), NAMES)
def test_a_zip_bomb_of_any_name(stored: Callable[..., Path], sheet: str, strings: str) -> None:
    shared = SHARED.replace("TEXT", "T" * 255_000_000).encode()
    path = stored(sheet, strings, shared)
    assert path.stat().st_size < 1_000_000
    assert f"{strings!r} would unpack to 255,000," in refused(path)


def test_what_is_read_at_once_is_small_whatever_its_name(
    excel: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = excel(["folder"], ["a"], ["b" * 10_000])
    limit = max(len(content) for content in unpacked(path).values() if b"bbb" not in content)
    monkeypatch.setattr(workbook, "MAX_WHOLE_BYTES", limit)
    assert texts(read_sheet(path))[1] == (3, {"folder": "b" * 10_000})
    parts = unpacked(path)
    book = parts["xl/workbook.xml"] + b" " * limit
    rels = "xl/worksheets/_rels/sheet2.xml.rels"
    types = parts["[Content_Types].xml"].replace(b"/xl/workbook.xml", b"/xl/worksheets/sheet2.xml")
    pack(
        path,
        {
            **parts,
            "[Content_Types].xml": types,
            "xl/worksheets/sheet2.xml": book,
            rels: parts["xl/_rels/workbook.xml.rels"],
        },
    )
    assert "'xl/worksheets/sheet2.xml' would unpack to" in refused(path)


def test_a_chart_sheet_is_not_looked_at(excel: Callable[..., Path]) -> None:
    path = excel(["folder"], ["a"])
    parts = unpacked(path)
    relations = "xl/_rels/workbook.xml.rels"
    chart = parts[relations].replace(b"relationships/worksheet", b"relationships/chartsheet")
    assert chart != parts[relations]
    pack(path, parts | {relations: chart})
    assert "no sheet in the workbook" in refused(path)


def test_a_picture_beside_the_table(excel: Callable[..., Path]) -> None:
    path = excel(["folder"], ["a"])
    pack(path, unpacked(path) | {"xl/media/image1.png": bytes(range(256)) * 100_000})
    assert texts(read_sheet(path)) == [(2, {"folder": "a"})]


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.xlsx"
    pack(path, {"catalogue.csv": b"folder\na\n"})
    assert "no Excel workbook" in refused(path)
    pack(path, {"[Content_Types].xml": b"<Types/>"})
    assert "the workbook is broken" in refused(path)


def test_a_row_far_below_and_a_column_far_right(excel: Callable[..., Path]) -> None:
    path = excel(["folder", "title"], ["a", "b"])
    parts = unpacked(path)
    name = "xl/worksheets/sheet1.xml"
    far = parts[name].replace(b'<row r="2"', b'<row r="1048576"').replace(b'"A2"', b'"A1048576"')
    far = far.replace(b'"B2"', b'"B1048576"')
    assert far != parts[name]
    pack(path, parts | {name: far})
    assert "more than 200,000 rows" in refused(path)
    pack(path, parts | {name: parts[name].replace(b'"B1"', b'"XFD1"')})
    assert "columns" in refused(path)


CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=5),
    mark=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_a_spreadsheet_wrote_is_read(
    tmp_path: Path, rows: list[list[str]], mark: str, encoding: str
) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, delimiter=mark)
    table.writerows([["a;1", "b,2", "c"], *([guarded(cell) for cell in row] for row in rows)])
    (tmp_path / "catalogue.csv").write_bytes(text.getvalue().encode(encoding))
    sheet = read_sheet(tmp_path / "catalogue.csv")
    assert texts(sheet) == [
        (number, {key: cell for key, cell in zip(sheet.columns, row, strict=True) if cell.strip()})
        for number, row in enumerate(rows, start=2)
        if any(cell.strip() for cell in row)
    ]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "catalogue.csv").write_bytes(content)
    with contextlib.suppress(ScanError):
        read_sheet(tmp_path / "catalogue.csv")


def test_column_letters() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 702, 703)] == ["A", "Z", "AA", "ZZ", "AAA"]


def test_number_formats_of_excel_itself_are_understood() -> None:
    for code in numbers.BUILTIN_FORMATS.values():
        text, _, wrong = cell_text(31.25, code)
        assert text
        assert wrong is None
