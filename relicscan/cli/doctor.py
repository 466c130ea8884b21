"""`relicscan doctor`: does this machine have what relicscan needs?"""

from __future__ import annotations

from typing import Annotated

import typer

from relicscan.cli import output


def command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check Python, the libraries, node with the glTF validator, memory and disk.

    [bold]Example:[/bold] relicscan doctor
    """
    from dataclasses import asdict

    from relicscan.batch.examine import examine

    findings = examine()
    if as_json:
        output.print_json([asdict(finding) for finding in findings])
    else:
        table = output.table("state", "what", "found")
        colours = {"ok": "green", "missing": "red", "optional": "yellow"}
        for finding in findings:
            state = output.cell(finding.state, colours[finding.state])
            table.add_row(state, finding.what, output.cell(finding.found))
            if finding.remedy:
                table.add_row("", "", output.cell(f"what would work: {finding.remedy}"))
        output.answers().print(table)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(output.EXIT_FAILED)
