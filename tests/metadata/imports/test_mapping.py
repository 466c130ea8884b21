"""A mapping file explains a museum's own headings and terms; every mistake is told by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from relicscan.errors import ScanError
from relicscan.metadata.imports.mapping import ColumnMapping, read_mapping

GOOD = """\
ignore = ["Bemerkung", "Standort"]

[columns]
"Objekttitel" = "object.title@de"
"Höhe" = "height"
"Ordner" = "folder"

[values."represents"]
"Ist-Zustand" = "existing state"

[values."material"]
"Br" = "Bronze"

[values."material@en"]
"Br" = "bronze"
"""


def read(tmp_path: Path, text: str) -> ColumnMapping:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path)


def test_a_mapping(tmp_path: Path) -> None:
    mapping = read(tmp_path, GOOD)
    assert mapping.columns == {
        "Objekttitel": ("object", "title", "de"),
        "Höhe": ("height",),
        "Ordner": ("folder",),
    }
    assert mapping.ignore == {"Bemerkung", "Standort"}


def test_values_stand_for_others(tmp_path: Path) -> None:
    mapping = read(tmp_path, GOOD)
    represents = ("object", "represents")
    assert mapping.meant(represents, " Ist-Zustand ") == "existing state"
    assert mapping.meant(represents, "restoration") == "restoration"
    assert mapping.meant(("object", "material", "de"), "Br") == "Bronze"
    assert mapping.meant(("object", "material", "en"), "Br") == "bronze"
    assert mapping.meant(("object", "culture", "en"), "Br") == "Br"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "") == ColumnMapping()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[column]\n"a" = "title"\n', "line 1: there is no key column"),
        ('[columns]\n"a" = "Titelo@de"\n', "line 2: columns.a: there is no field 'Titelo'"),
        ('[columns]\n"a" = "titel@de"\n', "did you mean 'title'"),
        ('[columns]\n"a" = "title@german"\n', "line 2: columns.a: 'german' is not a language tag"),
        ('[columns]\n"a" = "height@en"\n', "height has no language"),
        ('[columns]\na = "title"\nb = "object.title"\n', "line 3: columns.b: 'a' and 'b' are both"),
        ("[columns]\na = 1\n", "line 2: columns.a = 1 is not a text"),
        ('[columns]\na = "title"\nignore = ["b"]\n', "line 3: columns.ignore: ignore stands below"),
        ('[values."represent"]\na = "b"\n', "did you mean 'represents'"),
        ('[values]\nrepresents = "b"\n', "line 2: values.represents = 'b' is not a table"),
        ('ignore = "a"\n', "ignore = 'a' is not a list"),
        ('ignore = ["a"]\n[columns]\na = "title"\n', "'a' stands below [columns] and is to be"),
        ('[columns]\n"a = "title"\n', "line 2: this is not TOML"),
        ('[columns]\n"hotspot x" = "hotspot[0].id"\n', "there is no field 'hotspot[0].id'"),
    ],
)
def test_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ScanError) as caught:
        read(tmp_path, text)
    assert says in str(caught.value)
    assert caught.value.remedy
    assert "mapping.toml" in (caught.value.scan or "")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="no such mapping file"):
        read_mapping(tmp_path / "none.toml")
