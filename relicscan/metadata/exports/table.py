"""One flat table of all relics: a row for each, a column for each field, for any spreadsheet.

CSV as RFC 4180 has it (comma, CRLF, quotes doubled), UTF-8 with a byte order mark, without which
Excel shows Chinese as noise. A column is named by the path of its field in relic.toml:
`object.title@zh-Hans` a text in a language, `hotspot[0].position[2]` a place in a list, which
counts from 0. Texts that a spreadsheet would compute get an apostrophe, which
`relicscan.metadata.csv_cells.unguarded` takes away again; numbers are numbers.

What relic.toml says of how to run (`scan`, `crop`, `pipeline`) describes no object and is not
here. Of relic.json there is a part: of steps the names, of deviations the root mean squares (in
millimetres where the scale is known, as a share of the diagonal always). Excel shows 32,767
characters of a cell and no more; the file has all of them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from relicscan.metadata.canonical import write_bytes_atomically
from relicscan.metadata.csv_cells import guarded, pictured
from relicscan.metadata.exports.exported import Exported, Loss, address, losses
from relicscan.metadata.manifest import FileRecord, LevelRecord, SourceRecord
from relicscan.metadata.relic_toml import RelicToml

NAME = "csv"
TITLE = "CSV table for spreadsheets"
FILE = "relics.csv"

#: Tables of relic.toml that say how to run, not what something is.
_NOT_SAID_OF_THE_OBJECT = {"id", "scan", "crop", "pipeline"}

#: Where a column stands among the others: positions of fields and in lists, tags of languages.
Order = tuple[int | str, ...]
Column = tuple[Order, str]
Cell = str | int | float | None


def _carried(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """The path of every field below a model, without positions."""
    for name, field in model.model_fields.items():
        below = _tables_in(field.annotation)
        if not path and name in _NOT_SAID_OF_THE_OBJECT | {"languages"}:
            continue
        for table in below:
            yield from _carried(table, f"{path}{name}.")
        if not below:
            yield f"{path}{name}"


def _tables_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [table for part in getattr(annotation, "__args__", ()) for table in _tables_in(part)]


#: Characters that a cell of Excel holds.
_EXCEL_CELL = 32_767

#: Every field of relic.toml that describes has a column of its name.
CARRIES: Mapping[str, str] = {
    "id": "`id`",
    **{path: f"`{path}`" for path in _carried(RelicToml)},
    "models": "`models.<target>.<level>.path`, `.bytes`, `.triangles`",
    "posters": "`files[n].path`",
    "master": "`master.path`, `.bytes`, `.triangles`",
    "sources": "`sources[n].path`",
    "steps": "`steps[n].stage`",
    "deviation": "`models.<target>.<level>.deviation_….rms_mm`, `.rms_of_diagonal`",
    "checksums": "`….sha256` of master, models, files and sources",
}


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """`relics.csv`: a column where any of the relics has something to say.

    With `base_url`, every model also has its address in a column `url`.
    """
    rows = [dict(_row(relic, base_url)) for relic in relics]
    columns = sorted({column for row in rows for column in row})
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow([guarded(name) for _, name in columns])
    for row in rows:
        sheet.writerow([_cell(row.get(column)) for column in columns])
    write_bytes_atomically(folder / FILE, text.getvalue().encode("utf-8-sig"))
    lost = [loss for relic in relics for loss in losses(relic, CARRIES)]
    for relic, row in zip(relics, rows, strict=True):
        lost += [Loss(relic.id, name, why) for (_, name), cell in row.items() for why in _cut(cell)]
    return lost


def _cut(cell: Cell) -> Iterator[str]:
    """What becomes of a cell in a table."""
    if isinstance(cell, str) and pictured(cell) != cell:
        yield "control characters are written as pictures of them"
    if isinstance(cell, str) and len(cell) > _EXCEL_CELL:
        yield f"Excel cuts what is longer than {_EXCEL_CELL:,} characters"


def flat(value: Any, path: str) -> Iterator[tuple[Order, str, Cell]]:
    """Every value that is stated below a table of relic.toml: its place among others, its path
    with positions and languages, and itself.
    """
    if isinstance(value, BaseModel):
        for place, name in enumerate(type(value).model_fields):
            for order, below, leaf in flat(getattr(value, name), f"{path}.{name}"):
                yield (place, *order), below, leaf
    elif isinstance(value, tuple):
        for place, inside in enumerate(value):
            for order, below, leaf in flat(inside, f"{path}[{place}]"):
                yield (place, *order), below, leaf
    elif isinstance(value, dict):
        for tag, text in value.items():
            yield (tag,), f"{path}@{tag}", text
    elif value is not None:
        yield (), path, value


def _row(relic: Exported, base_url: str | None) -> Iterator[tuple[Column, Cell]]:
    """The columns of one relic with their values."""
    manifest = relic.manifest
    # What a run finds out first, then what the museum says, then what there is of files.
    first = {
        "id": relic.id,
        "state": manifest.state,
        "verdict": manifest.verdict,
        "scale_known": str(manifest.scale_known).lower(),
    }
    for place, (name, text) in enumerate(first.items()):
        yield ((0, place), name), text
    for place, name in enumerate(RelicToml.model_fields):
        if name not in _NOT_SAID_OF_THE_OBJECT:
            for order, path, value in flat(getattr(manifest.metadata, name), name):
                yield ((1, place, *order), path), value
    if manifest.master:
        yield from _file((2,), "master", manifest.master, triangles=manifest.master.triangles)
    for level in manifest.levels:
        yield from _model(relic, level, base_url)
    for place, file in enumerate(manifest.files):
        yield from _file((4, place), f"files[{place}]", file)
    for place, source in enumerate(manifest.sources):
        yield from _file((5, place), f"sources[{place}]", source)
    for place, step in enumerate(manifest.steps):
        yield ((6, place), f"steps[{place}].stage"), step.stage


def _file(
    order: Order, name: str, file: FileRecord | SourceRecord, **figures: Cell
) -> Iterator[tuple[Column, Cell]]:
    said: dict[str, Cell] = {"path": file.path, "bytes": file.bytes, "sha256": file.sha256}
    for place, (key, value) in enumerate({**said, **figures}.items()):
        yield ((*order, place), f"{name}.{key}"), value


def _model(
    relic: Exported, level: LevelRecord, base_url: str | None
) -> Iterator[tuple[Column, Cell]]:
    """A model's columns; figures in mm are empty where the scale is not known."""
    found = level.deviation
    there = found.scan_to_level if found else None
    back = found.level_to_scan if found else None
    yield from _file(
        (3, level.target, level.name),
        f"models.{level.target}.{level.name}",
        level,
        triangles=level.triangles,
        **{
            "deviation_scan_to_level.rms_mm": there.rms_mm if there else None,
            "deviation_scan_to_level.rms_of_diagonal": there.rms_of_diagonal if there else None,
            "deviation_level_to_scan.rms_mm": back.rms_mm if back else None,
            "deviation_level_to_scan.rms_of_diagonal": back.rms_of_diagonal if back else None,
        },
        **({"url": address(base_url, relic.id, level.path)} if base_url else {}),
    )


def _cell(value: Cell) -> str:
    """A number as it is; a text so that it stays one; nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value + 0.0)  # -0.0 + 0.0 is 0.0
    return str(value) if isinstance(value, int) else guarded(pictured(str(value)))
