"""Tables for the bulk ingestion of Packrat, the Smithsonian's repository for 3D data.

Columns are those of capture_data_photo.csv, models.csv and scenes.csv in its documentation
("Bulk Ingestion", smithsonian.github.io/dpo-packrat). A title is what Packrat calls a media
group: subject, name and subtitle. What is about single files is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from relicscan.metadata.imports.columns import FieldPath, target_of
from relicscan.metadata.imports.mapping import ColumnMapping
from relicscan.metadata.imports.sheets import Row, Sheet
from relicscan.units import ALIASES

_TAKEN = {
    "subject_name": "title",
    "unit_guid": "museum.id",
    "unit_name": "museum.name",
    "description": "capture.notes",
    "date_captured": "capture.date",
    "units": "scan.unit",
    "directory_path": "folder",
}
#: What a title is made of, the first being its column.
_TITLE = ("subject_name", "item_name", "item_subtitle")
_OTHERS = frozenset(
    {
        *("subject_guid", "item_guid", "item_name", "item_subtitle", "entire_subject", "name"),
        *("capture_dataset_type", "capture_dataset_field_id", "item_position_type"),
        *("item_position_field_id", "item_arrangement_field_id", "focus_type", "light_source_type"),
        *("background_removal_method", "cluster_type", "cluster_type_type"),
        *(
            "cluster_geometry_field_id",
            "model_subtitle",
            "date_created",
            "creation_method",
            "master",
        ),
        *("authoritative", "modality", "purpose", "scene_subtitle", "posed_and_qcd"),
        "approved_for_publication",
    }
)


def is_packrat(columns: Iterable[str]) -> bool:
    """Whether a table has the columns by which Packrat finds subject and files."""
    return {"subject_name", "directory_path"} <= {_known(column) for column in columns}


def packrat_mapping(columns: Iterable[str]) -> ColumnMapping:
    """What Packrat's columns are for here; those that have no field are ignored."""
    known = {column: _known(column) for column in columns}
    return ColumnMapping(
        {column: target_of(_TAKEN[name]) for column, name in known.items() if name in _TAKEN},
        frozenset(column for column, name in known.items() if name in _OTHERS),
        {("scan", "unit"): dict(ALIASES)},
    )


def with_titles(sheet: Sheet) -> Sheet:
    """The table with names and subtitles of media groups added to the subjects' names."""
    named = {_known(column): column for column in sheet.columns}
    columns = [named[name] for name in _TITLE if name in named]
    return replace(sheet, rows=tuple(_with_title(row, columns) for row in sheet.rows))


def not_taken(columns: Iterable[str]) -> list[str]:
    """Columns of Packrat's that nothing is taken of."""
    return [c for c in columns if _known(c) in _OTHERS and _known(c) not in _TITLE]


def unclear_date(path: FieldPath, text: str) -> bool:
    """Whether a date is one as Packrat's examples have them, 6/25/2018, which is no EDTF.

    Which number is the month is a matter of country, so it is not taken.
    """
    slashes = re.fullmatch(r"\d{1,2}/\d{1,2}/(\d\d|\d{4})", text.strip(), re.ASCII)
    return path == ("capture", "date") and slashes is not None


def _with_title(row: Row, columns: list[str]) -> Row:
    title = ""
    for part in (row.cells[column] for column in columns if column in row.cells):
        # Packrat itself writes the subject's name into that of its media group.
        title = part if part.startswith(title) else f"{title}: {part}"
    return replace(row, cells={**row.cells, columns[0]: title}) if title else row


def _known(column: str) -> str:
    """Older tables write "unit guid"."""
    return column.lower().replace(" ", "_")
