"""The table says everything, says it so that it can be read back, and computes nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relicscan.metadata.csv_cells import unguarded
from relicscan.metadata.exports import table
from relicscan.metadata.exports.exported import PARTS, Exported, Loss, losses, stated_fields
from relicscan.metadata.relic_toml import RelicToml

GOLDEN = Path(__file__).parent / "golden" / "relics.csv"
NUMBERS = re.compile(r"hotspot\[\d+\]\.(position|normal|camera\.(position|target))\[\d+\]")


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    return folder


def raw_rows(folder: Path) -> list[dict[str, str]]:
    """Rows as a spreadsheet reads them, apostrophes and all."""
    text = (folder / "relics.csv").read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def read_back(row: dict[str, str]) -> dict[str, Any]:
    """What relic.toml said, from the columns of a row that belong to it."""
    found: dict[str, Any] = {}
    for column, cell in row.items():
        if column.partition(".")[0].partition("[")[0] not in RelicToml.model_fields or not cell:
            continue
        value = float(cell) if NUMBERS.fullmatch(column) else unguarded(cell)
        path, _, tag = column.partition("@")
        keys: list[str | int] = []
        for name in path.split("."):
            field, *places = re.findall(r"[^\[\]]+", name)
            keys += [field, *map(int, places)]
        put(found, [*keys, *([tag] if tag else [])], value)
    return found


def put(into: Any, keys: list[str | int], value: Any) -> None:
    key, *rest = keys
    if isinstance(into, list) and key == len(into):
        into.append(None)
    empty: Any = [] if rest and isinstance(rest[0], int) else {}
    if not rest:
        into[key] = value
        return
    if isinstance(into, list):
        into[key] = into[key] if into[key] is not None else empty
    else:
        into.setdefault(key, empty)
    put(into[key], rest, value)


def said_of_the_object(relic: Exported) -> dict[str, Any]:
    stated = relic.manifest.metadata.stated()
    return {key: value for key, value in stated.items() if key not in ("scan", "crop", "pipeline")}


def test_golden(relic: Exported, bare: Exported, there: Path) -> None:
    table.write([relic, bare], there, None)
    written = (there / "relics.csv").read_bytes().replace(b"\r\n", b"\n")  # as git keeps texts
    if os.environ.get("RELICSCAN_RENEW_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_bytes(written)
    assert written == GOLDEN.read_bytes(), "RELICSCAN_RENEW_GOLDEN=1 writes the golden file anew"


def test_what_was_said_is_read_back_whole(
    relic: Exported, bare: Exported, attacker: Exported, samples: list[Exported], there: Path
) -> None:
    relics = [relic, bare, attacker, *samples]
    table.write(relics, there, None)
    for exported, row in zip(relics, raw_rows(there), strict=True):
        said = json.dumps(said_of_the_object(exported))
        for code in (0x1B, 0x07):  # as pictures of them, and told so
            said = said.replace(f"\\u{code:04x}", f"\\u{0x2400 + code:04x}")
        assert read_back(row) == json.loads(said)
        RelicToml.model_validate(read_back(row))


def test_no_field_of_any_relic_is_lost(
    relic: Exported, bare: Exported, attacker: Exported, samples: list[Exported], there: Path
) -> None:
    assert table.write([relic, bare, *samples], there, None) == []
    told = table.write([attacker], there, None)
    pictured = "control characters are written as pictures of them"
    assert Loss("attacker", "object.title@de", pictured) in told
    assert any("Excel cuts" in loss.reason for loss in told)
    assert b"\x1b" not in (there / table.FILE).read_bytes()
    without = {key: value for key, value in table.CARRIES.items() if key != "object.title"}
    assert [loss.field for loss in losses(relic, without)] == ["object.title"]


def test_carries_names_every_field_and_part_and_its_column(relic: Exported, there: Path) -> None:
    assert set(PARTS) <= set(table.CARRIES)
    table.write([relic], there, None)
    columns = {re.sub(r"\[\d+\]|@.*", "", column) for column in raw_rows(there)[0]}
    fields = stated_fields(relic)
    assert len(fields) > 40
    for field in fields:
        assert field in columns
        assert table.CARRIES[field] == f"`{field}`"


def test_models_and_their_figures(relic: Exported, there: Path) -> None:
    table.write([relic], there, "https://museum.example/3d")
    row = raw_rows(there)[0]
    for level in relic.manifest.levels:
        name = f"models.{level.target}.{level.name}"
        assert row[f"{name}.path"] == level.path
        assert row[f"{name}.sha256"] == level.sha256
        assert row[f"{name}.bytes"] == str(level.bytes)
        assert row[f"{name}.triangles"] == str(level.triangles)
        assert row[f"{name}.deviation_scan_to_level.rms_mm"] == "0.05"
        assert row[f"{name}.deviation_scan_to_level.rms_of_diagonal"] == "0.0001"
        assert row[f"{name}.url"] == f"https://museum.example/3d/amphora-12/{level.path}"
    assert row["scale_known"] == "true"
    assert row["master.triangles"] == "300000"
    assert row["steps[1].stage"] == "reconstruct_surface"
    assert row["sources[0].path"] == "a.ply"
    assert row["files[3].path"] == "preview/poster.webp"


def test_no_millimetres_where_the_scale_is_not_known(relic: Exported, there: Path) -> None:
    unknown = without_scale(relic)
    table.write([unknown], there, None)
    row = raw_rows(there)[0]
    assert row["scale_known"] == "false"
    in_mm = {column: cell for column, cell in row.items() if column.endswith("_mm")}
    assert in_mm
    assert set(in_mm.values()) == {""}
    shares = {column: cell for column, cell in row.items() if column.endswith("_of_diagonal")}
    assert len(shares) == len(in_mm)
    assert set(shares.values()) == {"0.0001"}


def without_scale(relic: Exported) -> Exported:
    """The same relic as if its scans had said no unit."""
    manifest = relic.manifest

    def unknown(distances: Any) -> Any:
        return distances.model_copy(update={"rms_mm": None, "p95_mm": None, "max_mm": None})

    levels = tuple(
        level.model_copy(
            update={
                "deviation": level.deviation.model_copy(
                    update={
                        "no_mm_because": "no unit",
                        "scan_to_level": unknown(level.deviation.scan_to_level),
                        "level_to_scan": unknown(level.deviation.level_to_scan),
                    }
                )
            }
        )
        for level in manifest.levels
        if level.deviation
    )
    assert manifest.units
    units = manifest.units.model_copy(
        update={"unit": None, "scale_known": False, "figures_in": "working units"}
    )
    return Exported(manifest.model_copy(update={"units": units, "levels": levels}), relic.folder)


def test_nothing_is_computed(attacker: Exported, there: Path) -> None:
    table.write([attacker], there, None)
    row = raw_rows(there)[0]
    for column, cell in row.items():
        if not NUMBERS.fullmatch(column):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), column
    assert row["object.inventory_number"].startswith("'=HYPERLINK")
    assert row["capture.operator"].startswith("'+1+1")


def test_numbers_of_ours_stay_numbers_and_dates_do_not_become_any(
    relic: Exported, there: Path
) -> None:
    table.write([relic], there, None)
    row = raw_rows(there)[0]
    assert row["hotspot[0].position[0]"] == "-80.0"
    assert row["object.dating.edtf"] == "'-0529/-0519"


def test_excel_and_rfc_4180(attacker: Exported, there: Path) -> None:
    table.write([attacker], there, None)
    written = (there / "relics.csv").read_bytes()
    assert written.startswith("\ufeffid,state".encode())
    assert written.count(b"\r\n") == 2 + attacks_with_newlines(attacker)
    assert b"\n" not in re.sub(rb"\r\n", b"", written)
    assert b'one\r\ntwo\ttab ""quoted""' in written


def attacks_with_newlines(attacker: Exported) -> int:
    return attacker.manifest.model_dump_json().count("one\\r\\ntwo")


def test_columns_are_in_the_order_of_relic_toml_and_of_numbers(
    export_of: Callable[[dict[str, Any]], Exported], relic: Exported, there: Path
) -> None:
    many = {
        "id": "many",
        "object": {"description": {"en": "d"}, "title": {"en": "t"}},
        "hotspot": [{"id": f"h{n}", "position": [n, 0.0, 0.0]} for n in range(1, 13)],
    }
    many["hotspot"] = [
        {**h, "position": [float(v) for v in h["position"]]} for h in many["hotspot"]
    ]
    table.write([relic, export_of(many)], there, None)
    columns = list(raw_rows(there)[0])
    assert len(set(columns)) == len(columns)
    ids = [column for column in columns if re.fullmatch(r"hotspot\[\d+\]\.id", column)]
    assert ids == [f"hotspot[{n}].id" for n in range(12)]
    assert columns[:4] == ["id", "state", "verdict", "scale_known"]
    assert columns.index("object.title@en") < columns.index("object.description@en")
    assert columns.index("related[0].relation") < columns.index("master.path")
    table.write([export_of(many), relic], there, None)
    assert list(raw_rows(there)[0]) == columns


def test_without_relics_there_is_a_table_without_rows(there: Path) -> None:
    assert table.write([], there, None) == []
    assert raw_rows(there) == []
