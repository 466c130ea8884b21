"""A catalogue becomes one relic.toml for each of its rows, in the folders of the scans.

Nothing that is there is lost: a relic.toml stays as it is, or with `replace` is kept under
another name; nothing outside ROOT is written, whatever a cell or a link says.
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from relicscan.durable import write_durably
from relicscan.errors import OutputError, PipelineError, ScanError
from relicscan.formats.references import is_inside
from relicscan.metadata.imports.catalogue import CatalogueRow, read_catalogue
from relicscan.metadata.imports.given import NotTaken, RowProblem, shown
from relicscan.metadata.imports.mapping import ColumnMapping, read_mapping
from relicscan.metadata.relic_toml import MAX_BYTES, read_relic_toml
from relicscan.metadata.toml_writing import toml_text
from relicscan.scan_folder import TOML, FoundRelic, find_relics
from relicscan.stage import did_you_mean

BEFORE = f"{TOML}.before"
_PIECE = 1 << 20
#: Names of folders or relics that a nearest one is looked for among.
_COMPARED = 200

FoldersIn = Callable[[Path], tuple[str, ...]]
Outcome = Literal["written", "replaced", "kept", "unchanged"]


@dataclass(frozen=True)
class ImportedRow:
    """A row that was taken, the folder below ROOT, and what became of the relic.toml there.

    Where it was replaced, `before` is the name that the old one is kept under, and `left_behind`
    are its tables of which the new one has nothing: a table knows no poses and no hotspots.
    """

    number: int
    folder: str
    id: str | None
    outcome: Outcome
    before: str | None = None
    left_behind: tuple[str, ...] = ()


@dataclass(frozen=True)
class Imported:
    """What came of every row of a catalogue; `unit` is what is numbered."""

    rows: tuple[ImportedRow, ...]
    problems: tuple[RowProblem, ...]
    not_taken: tuple[NotTaken, ...]
    unit: str

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def rejected(self) -> int:
        """How many rows were rejected."""
        return len({problem.number for problem in self.problems})


def import_catalogue(
    catalogue: str | Path,
    root: str | Path,
    *,
    mapping: str | Path | ColumnMapping | None = None,
    sheet: str | None = None,
    replace: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Write a relic.toml for each row of a catalogue that is right, in its folder below `root`.

    One that is there is kept, or with `replace` renamed. With `dry_run` nothing is written, and
    the outcomes are those that a run would have. Raises ScanError for a catalogue or mapping
    file that cannot be read, PipelineError for a root that is no folder.
    """
    root, path = Path(root).absolute(), Path(catalogue)
    if not root.is_dir():
        raise PipelineError(
            "there is no such folder", scan=str(root), remedy="name the folder of the scan folders"
        )
    if isinstance(mapping, str | Path):
        mapping = read_mapping(Path(mapping))
    read = read_catalogue(path, mapping, sheet=sheet)
    problems = list(read.problems)
    placed: list[tuple[CatalogueRow, Path]] = []
    relics = _relics_of(root) if any(row.folder is None for row in read.rows) else {}
    folders_in = cache(_folders_in)
    for row in read.rows:
        try:
            if row.folder is None:
                placed.append((row, _folder_of_relic(row.id or "", root, relics)))
            else:
                placed.append((row, _folder_of(row.folder, root, folders_in)))
        except ScanError as error:
            problems.append(_problem(row, error))
    rows: list[ImportedRow] = []
    claimed = Counter(os.path.realpath(folder) for _, folder in placed)
    for row, folder in placed:
        try:
            if claimed[os.path.realpath(folder)] > 1:
                raise ScanError(
                    f"another {read.unit} is for the same folder, {shown(_below(folder, root))}",
                    remedy="keep one",
                )
            text = _text_of(row, path.name, read.unit)
            left = _left_behind(folder / TOML, row) if replace else ()
            outcome, before = _put(folder, text, replace=replace, dry_run=dry_run)
            left = left if outcome == "replaced" else ()
            below = _below(folder, root)
            rows.append(ImportedRow(row.number, below, row.id, outcome, before, left))
        except (ScanError, OutputError) as error:
            problems.append(_problem(row, error))
    problems.sort(key=lambda problem: problem.number)
    return Imported(tuple(rows), tuple(problems), read.not_taken, read.unit)


def _problem(row: CatalogueRow, error: ScanError | OutputError) -> RowProblem:
    column, given = ("folder", row.folder) if row.folder is not None else ("id", row.id or "")
    return RowProblem(row.number, column, shown(given), error.message, error.remedy or "")


def _relics_of(root: Path) -> dict[str, FoundRelic]:
    return {relic.id: relic for relic in find_relics([root])}


def _folder_of(path: str, root: Path, folders_in: FoldersIn) -> Path:
    """The folder of that path below the root. Raises ScanError where there is none."""
    folder = root
    for name in path.split("/"):
        if (folder / ".relicscan").is_dir():
            raise ScanError(
                f"{shown(folder.name)!r} is an output folder of relicscan",
                remedy="name the folder of the scans",
            )
        folder = _inside(folder, name, folders_in)
    if not is_inside(folder, root) or os.path.realpath(folder) == os.path.realpath(root):
        raise ScanError(
            "the folder is a link that leads out of the root",
            remedy="put the folder itself there, or name the root that holds it",
        )
    return folder


def _inside(folder: Path, name: str, folders_in: FoldersIn) -> Path:
    """The folder of that name in a folder, however its accents are stored. Raises ScanError."""
    try:
        if (folder / name).is_dir():
            return folder / name
    except OSError:
        pass  # a name that is longer than file systems take
    others = folders_in(folder)
    same = [o for o in others if _composed(o) == _composed(name)]
    if len(same) == 1:
        return folder / same[0]
    raise ScanError(
        f"there is no folder {shown(name)!r} in {shown(folder.name)!r}",
        remedy=did_you_mean(name, list(others[:_COMPARED]), "there are"),
    )


def _folders_in(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(inside.name for inside in folder.iterdir() if inside.is_dir()))
    except OSError:
        return ()


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folder_of_relic(relic_id: str, root: Path, relics: dict[str, FoundRelic]) -> Path:
    found = relics.get(relic_id)
    if found is None:
        raise ScanError(
            f"there is no relic {relic_id!r} below the root",
            remedy=did_you_mean(relic_id, list(relics)[:_COMPARED], "there are")
            + "; or name its folder in a column folder",
        )
    if not found.whole_folder:
        raise ScanError(
            f"the relic {relic_id!r} is one of several in the folder {shown(found.folder.name)!r}",
            remedy="give it a folder of its own: a relic.toml speaks for all that is in its folder",
        )
    if not is_inside(found.folder, root):
        raise ScanError("the folder leads out of the root", remedy="name its own root")
    return found.folder


def _text_of(row: CatalogueRow, source: str, unit: str) -> bytes:
    head = [f"From {unit} {row.number} of {source}, by `relicscan import`."]
    content = toml_text(row.stated, head).encode()
    if len(content) > MAX_BYTES:
        raise ScanError(
            f"the {unit} is more than a relic.toml can hold ({len(content):,} bytes)",
            remedy=f"shorten its texts to {MAX_BYTES:,} bytes together",
        )
    return content


def _put(
    folder: Path, content: bytes, *, replace: bool, dry_run: bool
) -> tuple[Outcome, str | None]:
    """Write a relic.toml unless there is one; what became of it, and the name of the old one."""
    toml = folder / TOML
    if not os.path.lexists(toml):
        if not dry_run:
            write_durably(toml, [content])
        return "written", None
    if toml.is_symlink() or not toml.is_file():
        if not replace:
            return "kept", None
        raise ScanError(
            f"the {TOML} there is a link or a folder, which is not replaced",
            remedy="move it away, and run again",
        )
    if _is_same(toml, content):
        return "unchanged", None
    if not replace:
        return "kept", None
    before = _unused(folder)
    if not dry_run:
        write_durably(before, _pieces(toml))
        write_durably(toml, [content])
    return "replaced", before.name


def _left_behind(toml: Path, row: CatalogueRow) -> tuple[str, ...]:
    """The tables of a relic.toml that a row says nothing of; none where it cannot be read."""
    try:
        return tuple(key for key in read_relic_toml(toml).stated() if key not in row.stated)
    except ScanError:
        return ()


def _is_same(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False


def _unused(folder: Path) -> Path:
    """relic.toml.before, or with a number where an earlier one is kept there."""
    number, path = 1, folder / BEFORE
    while os.path.lexists(path):
        number += 1
        path = folder / f"{BEFORE}.{number}"
    return path


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _below(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix()
