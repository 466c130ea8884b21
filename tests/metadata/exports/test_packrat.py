"""The table has the columns that Packrat's reader knows, and only terms of its vocabularies."""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path

import pytest
from metadata.exports.test_table import without_scale

from relicscan.metadata.csv_cells import unguarded
from relicscan.metadata.exports import packrat
from relicscan.metadata.exports.exported import Exported, Loss

GOLDEN = Path(__file__).parent / "golden" / "packrat.csv"

#: Packrat's models.csv, header by header, and the terms of its vocabularies for models.
HEADERS = [
    *("subject_guid", "subject_name", "unit_guid", "unit_name"),
    *("item_guid", "item_name", "item_subtitle", "entire_subject"),
    *("name", "model_subtitle", "date_created", "creation_method"),
    *("modality", "units", "purpose", "directory_path"),
]
TERMS = {
    "creation_method": {"scan to mesh", "cad"},
    "modality": {"point cloud", "mesh"},
    "units": {
        *("micrometer", "millimeter", "centimeter", "meter", "kilometer", "inch", "foot", "yard"),
        *("mile", "astronomical unit"),
    },
    "purpose": {"master", "voyager scene model", "download", "intermediate processing step"},
}


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


def ingested(content: bytes) -> list[dict[str, str]]:
    """What Packrat's reader makes of a table: an unknown header or term refuses it all."""
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
    if unknown := set(reader.fieldnames or ()) - set(HEADERS):
        raise ValueError(f"unknown headers {unknown}")
    rows = list(reader)
    for row in rows:
        for column, terms in TERMS.items():
            # normalizeTerm of its VocabularyCache
            if row[column].lower().replace("_", " ") not in terms:
                raise ValueError(f"{row[column]!r} is no {column}")
    return rows


def test_golden(relic: Exported, bare: Exported, there: Path) -> None:
    packrat.write([relic, bare], there, None)
    written = (there / "packrat.csv").read_bytes().replace(b"\r\n", b"\n")  # as git keeps texts
    if os.environ.get("RELICSCAN_RENEW_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(written)
    assert written == GOLDEN.read_bytes(), "RELICSCAN_RENEW_GOLDEN=1 writes the golden file anew"


def test_packrat_reads_it(
    relic: Exported, bare: Exported, attacker: Exported, samples: list[Exported], there: Path
) -> None:
    relics = [relic, bare, attacker, *samples]
    packrat.write(relics, there, None)
    content = (there / "packrat.csv").read_bytes()
    rows = ingested(content)
    assert content.decode().split("\r\n")[0].split(",") == HEADERS
    assert len(rows) == sum(1 + len(relic.manifest.levels) for relic in relics)
    with pytest.raises(ValueError, match="unknown headers"):
        ingested(content.replace(b"purpose", b"usage", 1))
    with pytest.raises(ValueError, match="no units"):
        ingested(content.replace(b"millimeter", b"mm", 1))


def test_the_master_and_every_model_have_a_row_with_their_unit(
    relic: Exported, there: Path
) -> None:
    packrat.write([relic], there, None)
    rows = ingested((there / "packrat.csv").read_bytes())
    assert [(row["model_subtitle"], row["units"], row["purpose"]) for row in rows] == [
        ("master", "millimeter", "master"),
        ("web thumb", "meter", "voyager_scene_model"),
        ("web low", "meter", "voyager_scene_model"),
        ("web medium", "meter", "voyager_scene_model"),
        ("web high", "meter", "voyager_scene_model"),
        ("ar model", "meter", "download"),
        ("wechat low", "meter", "download"),
    ]
    folders = [row["directory_path"] for row in rows]
    assert folders[:2] == ["amphora-12/master", "amphora-12/web/thumb"]
    assert len(set(folders)) == len(folders)
    # No folder may be the beginning of another: Packrat compares beginnings.
    assert not any(a != b and b.startswith(a) for a in folders for b in folders)


def test_every_field_it_carries_is_there(relic: Exported, there: Path) -> None:
    packrat.write([relic], there, None)
    row = ingested((there / "packrat.csv").read_bytes())[0]
    assert row["subject_guid"] == "1926.12"
    assert row["subject_name"] == row["name"] == "Painted amphora"
    assert row["unit_guid"] == "XX-000001"
    assert row["unit_name"] == "Sample Museum"
    assert row["item_name"] == "amphora-12"
    assert set(packrat.CARRIES) == {
        *("id", "object.title", "object.inventory_number", "museum.name", "museum.id"),
        *("models", "master"),
    }
    for where in packrat.CARRIES.values():
        for column in re.findall(r"[a-z]+_[a-z]+", where):
            assert row[column]


def test_what_is_lost_is_told(relic: Exported, bare: Exported, there: Path) -> None:
    lost = packrat.write([relic, bare], there, None)
    of = {
        relic_id: [loss.field for loss in lost if loss.relic == relic_id]
        for relic_id in ("amphora-12", "unnamed")
    }
    assert "object.title@zh-Hans" in of["amphora-12"]
    assert "object.title@en" not in of["amphora-12"]
    assert {"object.description", "capture.date", "rights.digital.uri"} <= set(of["amphora-12"])
    assert not {"object.inventory_number", "museum.name", "units"} & set(of["amphora-12"])
    reasons = [loss.reason for loss in lost if loss.field == "models"]
    assert "the format has no place for ar/model.usdz" in reasons
    parts = ["posters", "sources", "steps", "deviation", "checksums"]
    assert of["unnamed"] == [
        *(*parts, "models"),
        *("object.inventory_number", "object.title", "museum.name"),
        *("entire_subject", "date_created", "models"),
    ]


def test_a_title_in_one_other_language_is_the_subject(relic: Exported, there: Path) -> None:
    manifest = relic.manifest.model_copy(deep=True)
    told = manifest.metadata
    title = {"zh-Hans": "鼎"}
    metadata = told.model_copy(update={"object": told.object.model_copy(update={"title": title})})
    other = Exported(manifest.model_copy(update={"metadata": metadata}), relic.folder)
    lost = packrat.write([other], there, None)
    assert ingested((there / "packrat.csv").read_bytes())[0]["subject_name"] == "鼎"
    assert not [loss for loss in lost if loss.field.startswith("object.title")]


def test_no_unit_where_the_scale_is_not_known(relic: Exported, there: Path) -> None:
    lost = packrat.write([without_scale(relic)], there, None)
    content = (there / "packrat.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    assert {row["units"] for row in rows} == {""}
    assert b"meter" not in content
    assert [loss.field for loss in lost].count("units") == 1


def test_nothing_is_computed_and_that_is_told(attacker: Exported, there: Path) -> None:
    lost = packrat.write([attacker], there, None)
    rows = ingested((there / "packrat.csv").read_bytes())
    for row in rows:
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert rows[0]["subject_guid"].startswith("'=HYPERLINK")
    assert unguarded(rows[0]["subject_guid"]).startswith("=HYPERLINK")
    told = [loss for loss in lost if loss.field == "object.inventory_number"]
    assert told == [
        Loss(
            "attacker",
            "object.inventory_number",
            "the apostrophe before it in subject_guid is Packrat's too",
        )
    ]


def test_a_relic_without_models_has_no_row(relic: Exported, there: Path) -> None:
    manifest = relic.manifest.model_copy(update={"master": None, "levels": ()})
    lost = packrat.write([Exported(manifest, relic.folder)], there, None)
    assert ingested((there / "packrat.csv").read_bytes()) == []
    assert "there is no model" in lost[-1].reason
