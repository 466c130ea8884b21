"""`relicscan import`: a museum's catalogue becomes the relic.toml of each scan folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.batch.import_catalogue import Imported

#: Longer tables are for scripts: --json has every row.
_SHOWN_ROWS = 1_000
_SHOWN_PROBLEMS = 200


def command(
    catalogue: Annotated[Path, typer.Argument(help="CSV, Excel (.xlsx) or LIDO (.xml).")],
    root: Annotated[Path, typer.Argument(help="The folder that the scan folders are in.")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="A TOML file that explains foreign columns.")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help="Which sheet of a workbook; the first if not.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a relic.toml; the old one is kept beside it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be written.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Write a relic.toml for each row of a catalogue into its scan folder.

    [bold]Example:[/bold] relicscan import catalogue.xlsx scans/ --dry-run
    """
    from relicscan.batch.import_catalogue import import_catalogue
    from relicscan.errors import RelicscanError

    try:
        imported = import_catalogue(
            catalogue, root, mapping=mapping, sheet=sheet, replace=replace, dry_run=dry_run
        )
    except RelicscanError as error:
        output.explain(error)
        raise typer.Exit(output.EXIT_WRONG) from None
    if as_json:
        _print_json(imported, dry_run=dry_run)
    else:
        _print(imported, dry_run=dry_run)
    if not imported.ok:
        raise typer.Exit(output.EXIT_FAILED)


def _print_json(imported: Imported, *, dry_run: bool) -> None:
    from dataclasses import asdict

    output.print_json(
        {
            "dry_run": dry_run,
            "unit": imported.unit,
            "rows": [asdict(row) for row in imported.rows],
            "problems": [asdict(problem) for problem in imported.problems],
            "not_taken": [asdict(entry) for entry in imported.not_taken],
        }
    )


def _print(imported: Imported, *, dry_run: bool) -> None:
    console, unit = output.answers(), imported.unit
    rows = output.table(unit, "folder", "id", "relic.toml", right=(unit,))
    for row in imported.rows[:_SHOWN_ROWS]:
        kept = f", the old one is {row.before}" if row.before else ""
        kept += f"; only there: {', '.join(row.left_behind)}" if row.left_behind else ""
        cells = (str(row.number), row.folder, row.id or "", f"{row.outcome}{kept}")
        rows.add_row(*map(output.cell, cells))
    if imported.rows:
        console.print(rows)
    if len(imported.rows) > _SHOWN_ROWS:
        output.say(console, f"and {len(imported.rows) - _SHOWN_ROWS:,} more: see --json")
    counts = Counter(row.outcome for row in imported.rows)
    told = [f"{count:,} {outcome}" for outcome, count in sorted(counts.items())]
    told += [f"{imported.rejected:,} rejected"] if imported.problems else []
    total = output.plural(len(imported.rows) + imported.rejected, unit)
    output.say(console, f"{total}: ", ", ".join(told) or "nothing to write")
    if dry_run:
        output.say(console, "nothing was written: this was a dry run")
    _remark(imported)


def _remark(imported: Imported) -> None:
    console, unit = output.remarks(), imported.unit
    for problem in imported.problems[:_SHOWN_PROBLEMS]:
        column = f", column {problem.column}" if problem.column else ""
        given = f" (given: {problem.given})" if problem.given else ""
        where = f"{unit} {problem.number}{column}: "
        output.say(console, (where, "bold red"), f"{problem.problem}{given}")
        output.say(console, f"what would work: {problem.remedy}", indent=2)
    if len(imported.problems) > _SHOWN_PROBLEMS:
        more = len(imported.problems) - _SHOWN_PROBLEMS
        output.say(console, f"and {more:,} more problems: see --json")
    for entry in imported.not_taken[:_SHOWN_PROBLEMS]:
        where = entry.column if entry.number is None else f"{unit} {entry.number}, {entry.column}"
        output.say(console, f"not taken: {where}{': ' if entry.given else ''}{entry.given}")
        output.say(console, entry.reason, indent=2)
    if len(imported.not_taken) > _SHOWN_PROBLEMS:
        more = len(imported.not_taken) - _SHOWN_PROBLEMS
        output.say(console, f"and {more:,} more that were not taken: see --json")
