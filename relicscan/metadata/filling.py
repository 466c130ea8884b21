"""What scan folders leave out is filled in from their root: catalogue.csv, then defaults.toml.

The order is relic.toml, the relic's row of the catalogue, the defaults; whoever comes first
says a field, a text each language of its own. Every field keeps who said it. What would not be
true of what a nearer source says is not filled in: the restrictions of another licence, the
display text of another date.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from relicscan.errors import PipelineError, ScanError
from relicscan.metadata.relic_toml import MAX_BYTES, RelicToml
from relicscan.metadata.toml_file import read_toml
from relicscan.metadata.toml_outline import outline
from relicscan.metadata.toml_problems import schema_error

CATALOGUE, DEFAULTS = "catalogue.csv", "defaults.toml"

#: What may stand for catalogue.csv, and what explains its columns.
WORKBOOK, MAPPING = "catalogue.xlsx", "catalogue.mapping.toml"

#: How many folders up it is looked for a catalogue that was not given.
_LOOKED_UP = 3

#: Tables whose other fields speak of one of them: where two sources differ in it, the farther
#: says nothing of the table.
_SPEAK_OF = {
    "object.type": "aat",
    "object.dating": "edtf",
    "rights.object": "uri",
    "rights.digital": "uri",
}


class Filled(NamedTuple):
    """What one source states besides relic.toml, as plain data: "catalogue.csv row 12"."""

    source: str
    stated: Mapping[str, Any]


@dataclass(frozen=True)
class RootMetadata:
    """The catalogue and the defaults of a root, looked up by a relic's places and its id.

    A place is a path below the root, of the scan folder or of a relic's only file.
    """

    defaults: Filled | None = None
    rows: Mapping[str, Filled] = field(default_factory=dict)
    rejected: Mapping[str, ScanError] = field(default_factory=dict)
    of_nothing: tuple[str, ...] = ()
    catalogue: str | None = None

    def row_of(self, relic_id: str, places: Iterable[str]) -> Filled | None:
        """The row of a relic, if there is one. Raises ScanError where it is wrong."""
        keys = _keys_of(relic_id, places)
        for key in keys:
            if key in self.rejected:
                raise self.rejected[key]
        return next((self.rows[key] for key in keys if key in self.rows), None)

    def unused(self, relics: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
        """Rows, in words, that are of none of these relics, each given by its id and places."""
        used = {key for relic_id, places in relics for key in _keys_of(relic_id, places)}
        rows = {self.rows[key].source: key for key in self.rows if key not in used}
        wrong = {f"{self.catalogue} {e.message}": key for key, e in self.rejected.items()}
        told = [f"{source} is of no relic here: {key}" for source, key in rows.items()]
        told += [f"{text}, and of no relic here" for text, key in wrong.items() if key not in used]
        return [*told, *self.of_nothing]


def read_root(root: Path) -> RootMetadata:
    """What a root says of its relics; nothing where it holds neither file.

    Raises PipelineError where one cannot be read as a whole: no relic would have what it is
    meant to. Rows that are wrong reject their relics alone.
    """
    try:
        defaults = _defaults(root / DEFAULTS) if (root / DEFAULTS).is_file() else None
        tables = [root / name for name in (CATALOGUE, WORKBOOK) if (root / name).is_file()]
        if len(tables) > 1:
            raise ScanError(
                f"there are {CATALOGUE} and {WORKBOOK}", scan=str(root), remedy="keep one of them"
            )
        return replace(_rows(tables[0]), defaults=defaults) if tables else RootMetadata(defaults)
    except ScanError as error:
        raise PipelineError(error.message, scan=error.scan, remedy=error.remedy) from None


def unused_roots(inputs: Iterable[Path]) -> list[Path]:
    """Catalogues and defaults in folders above the inputs: they count for what is given with them,
    and a scan folder that is given alone goes without.
    """
    found: dict[Path, None] = {}
    for path in inputs:
        for above in list(Path(path).absolute().parents)[:_LOOKED_UP]:
            names = (above / name for name in (CATALOGUE, WORKBOOK, DEFAULTS))
            found |= dict.fromkeys(name for name in names if name.is_file())
    return list(found)


def combined(
    stated: Mapping[str, Any], filled: Sequence[Filled]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What all say together, and who said each field, by its path ("object.title.en").

    Lists (hotspots, tours) are taken whole from the first that has any. Raises ScanError where
    what they say does not fit together.
    """
    together: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, says in (("relic.toml", stated), *filled):
        _fill(together, _fitting(says, together), source, sources, "")
    try:
        return RelicToml.model_validate(together).stated(), dict(sorted(sources.items()))
    except ValidationError as error:
        scan = " and ".join(["relic.toml", *(one.source for one in filled)])
        raise schema_error(error, RelicToml, outline(""), scan) from None


def _fitting(says: Mapping[str, Any], nearer: Mapping[str, Any]) -> dict[str, Any]:
    """What a source says of scale and directions, but what a nearer one rules out."""
    scan = dict(says.get("scan", {}))
    near = nearer.get("scan", {})
    if "up" in near:
        scan.pop("front", None)  # it was said of another direction
    if nearer.get("capture", {}).get("scale") == "unknown":
        scan.pop("unit", None)
        scan.pop("distance", None)
    return {**says, "scan": scan}


def _fill(
    into: dict[str, Any], says: Mapping[str, Any], source: str, sources: dict[str, str], path: str
) -> None:
    for key, value in says.items():
        here = f"{path}.{key}".lstrip(".")
        if isinstance(value, Mapping):
            spoken_of = _SPEAK_OF.get(here)
            there = into.get(key, {}).get(spoken_of, value.get(spoken_of))
            if spoken_of and there != value.get(spoken_of, there):
                continue
            _fill(into.setdefault(key, {}), value, source, sources, here)
        elif key not in into:
            into[key] = value
            sources[here] = source


def _defaults(path: Path) -> Filled:
    toml = read_toml(path, RelicToml, max_bytes=MAX_BYTES)
    if toml.id is not None:
        raise ScanError(
            "defaults hold for every relic, and an id is of one",
            scan=path.name,
            remedy="take id out of it: without one the path of the folder gives it",
        )
    return Filled(path.name, toml.stated())


def _rows(path: Path) -> RootMetadata:
    from relicscan.metadata.imports.catalogue import read_catalogue
    from relicscan.metadata.imports.mapping import read_mapping

    explained = path.with_name(MAPPING)
    mapping = read_mapping(explained) if explained.is_file() else None
    catalogue = read_catalogue(path, mapping)
    rows: dict[str, Filled] = {}
    for row in catalogue.rows:
        says = {key: value for key, value in row.stated.items() if key != "id"}
        for key in _keys(row.folder, row.id):
            rows[key] = Filled(f"{path.name} row {row.number}", {**says, **_id(row.folder, row.id)})
    rejected: dict[str, ScanError] = {}
    of_nothing = []
    for problem in catalogue.problems:
        column = f", column {problem.column}" if problem.column else ""
        error = ScanError(
            f"row {problem.number}{column}: {problem.problem}",
            scan=path.name,
            remedy=problem.remedy,
        )
        keys = _keys(*catalogue.claims.get(problem.number, (None, None)))
        for key in keys:
            rejected.setdefault(key, error)
        if not keys:
            of_nothing.append(f"{path.name} {error.message}")
    return RootMetadata(None, rows, rejected, tuple(of_nothing), path.name)


def _id(folder: str | None, relic_id: str | None) -> dict[str, str]:
    """A row that names its folder may give it an id; one that names the id only found by it."""
    return {"id": relic_id} if folder and relic_id else {}


def _keys_of(relic_id: str, places: Iterable[str]) -> list[str]:
    return [f"folder {_same(place)}" for place in places] + [f"id {_same(relic_id)}"]


def _keys(folder: str | None, relic_id: str | None) -> list[str]:
    if folder:
        return [f"folder {_same(folder)}"]
    return [f"id {_same(relic_id)}"] if relic_id else []


def _same(text: str) -> str:
    """Names of folders as file systems tell them apart: not by case, nor by how é is written."""
    return unicodedata.normalize("NFC", text.strip().rstrip("/")).casefold()
