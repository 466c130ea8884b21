"""Models for the bulk ingestion of Packrat, the Smithsonian's repository: `packrat.csv`.

The columns are those of `models.csv` in Smithsonian/dpo-packrat (server/utils/parser/csvTypes.ts,
commit d96028c, 2026), whose reader refuses any other; terms are of its vocabularies, where "_"
and " " are the same. A row is a model: the master and every delivered level. To ingest, the
table goes into a BagIt zip under the name `models.csv`, and the file of each row into the folder
`directory_path` of the bag's `data`: Packrat takes all files of a folder for one model.

Packrat finds a subject by its identifier and a unit by its name, and has one text for each. It
has no word for an unknown unit of length: `units` is empty then, and it refuses the row.
`item_guid` names a media group that Packrat already has, and is empty. Two columns are always
empty because nobody states them: whether the scan is of the entire subject (empty is no to
Packrat), and the day a model was made (empty is the day of ingestion).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from relicscan.metadata.canonical import write_bytes_atomically
from relicscan.metadata.csv_cells import guarded, pictured
from relicscan.metadata.exports.exported import Exported, Loss, losses, untold_models
from relicscan.metadata.languages import best_text, one_text

NAME = "packrat"
TITLE = "Packrat bulk ingestion table"
FILE = "packrat.csv"

COLUMNS = (
    *("subject_guid", "subject_name", "unit_guid", "unit_name"),
    *("item_guid", "item_name", "item_subtitle", "entire_subject"),
    *("name", "model_subtitle", "date_created", "creation_method"),
    *("modality", "units", "purpose", "directory_path"),
)

CARRIES: Mapping[str, str] = {
    "id": "item_name, directory_path",
    "object.title": "subject_name, name",
    "object.inventory_number": "subject_guid",
    "museum.name": "unit_name",
    "museum.id": "unit_guid",
    "models": "a row each: model_subtitle, directory_path",
    "master": "a row: model_subtitle, directory_path",
}

#: What models of a target are for; any other is for download.
_PURPOSES = {"web": "voyager_scene_model"}

#: Columns with what a museum states, and the fields that fill them.
_STATED = {
    "subject_guid": "object.inventory_number",
    "subject_name": "object.title",
    "unit_guid": "museum.id",
    "unit_name": "museum.name",
}
_WANTED = ("subject_guid", "subject_name", "unit_name")


def write(relics: Sequence[Exported], folder: Path, base_url: str | None) -> list[Loss]:
    """`packrat.csv`, UTF-8 without a byte order mark, like Packrat's own."""
    text = io.StringIO(newline="")
    sheet = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    sheet.writeheader()
    lost: list[Loss] = []
    for relic in relics:
        for row in _rows(relic):
            sheet.writerow({column: guarded(pictured(cell)) for column, cell in row.items()})
        lost += _lost(relic)
    write_bytes_atomically(folder / FILE, text.getvalue().encode())
    return lost


def _rows(relic: Exported) -> Iterator[dict[str, str]]:
    """The master and every level, each with its subject, unit and media group."""
    manifest = relic.manifest
    subject = _subject(relic)
    common = {
        **subject,
        "item_name": relic.id,
        "name": subject["subject_name"] or relic.id,
        # Whatever the object is, its models come out of scans.
        "creation_method": "scan_to_mesh",
        "modality": "mesh",
    }
    if manifest.master:
        yield {
            **common,
            "model_subtitle": "master",
            "units": "millimeter" if manifest.scale_known else "",
            "purpose": "master",
            "directory_path": f"{relic.id}/master",
        }
    for level in manifest.levels:
        yield {
            **common,
            "model_subtitle": f"{level.target} {level.name}",
            "units": "meter" if manifest.scale_known else "",
            "purpose": _PURPOSES.get(level.target, "download"),
            "directory_path": f"{relic.id}/{level.path.rpartition('.')[0]}",
        }


def _subject(relic: Exported) -> dict[str, str]:
    told = relic.manifest.metadata
    return {
        "subject_guid": told.object.inventory_number or "",
        "subject_name": one_text(told.object.title) or "",
        "unit_guid": told.museum.id or "",
        "unit_name": one_text(told.museum.name) or "",
    }


def _lost(relic: Exported) -> Iterator[Loss]:
    manifest = relic.manifest
    yield from losses(relic, CARRIES)
    yield from untold_models(manifest, [level.path for level in manifest.levels])
    for field, texts in {
        "object.title": manifest.metadata.object.title,
        "museum.name": manifest.metadata.museum.name,
    }.items():
        chosen = best_text(texts)
        for tag in texts or {}:
            if chosen and tag != chosen[1]:
                yield Loss(
                    relic.id, f"{field}@{tag}", f"Packrat has one text, which is {chosen[1]}"
                )
    rows = list(_rows(relic))
    if not rows:
        yield Loss(relic.id, "models", "there is no model, and Packrat takes nothing else")
        return
    for column, field in _STATED.items():
        cell = rows[0][column]
        if not cell and column in _WANTED:
            yield Loss(relic.id, field, f"Packrat wants a {column}, and none is stated")
        elif pictured(cell) != cell:
            yield Loss(relic.id, field, "control characters are written as pictures of them")
        elif guarded(cell) != cell:
            yield Loss(relic.id, field, f"the apostrophe before it in {column} is Packrat's too")
    if not rows[0]["units"]:
        yield Loss(relic.id, "units", "the scale is unknown, and Packrat refuses models without")
    yield Loss(relic.id, "entire_subject", "nobody states it; left empty, Packrat reads a part")
    yield Loss(relic.id, "date_created", "nobody states it; Packrat takes the day of ingestion")
    if manifest.levels:
        yield Loss(
            relic.id, "models", "Packrat wants each in a folder of its own: see directory_path"
        )
