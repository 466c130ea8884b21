"""`relicscan validate`: is a GLB what viewers can rely on?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from relicscan.cli import output


def command(
    files: Annotated[list[Path], typer.Argument(help="GLB files.")],
    as_json: Annotated[bool, typer.Option("--json", help="Findings as JSON.")] = False,
) -> None:
    """Check GLB files with our own checks and, where node is installed, the Khronos validator.

    [bold]Example:[/bold] relicscan validate out/amphora/web/high.glb
    """
    from rich.text import Text

    from relicscan.delivery.conformance import check_glb
    from relicscan.delivery.khronos import validate_many, what_is_missing
    from relicscan.errors import ScanError

    for file in files:
        if not file.is_file():
            raise ScanError("there is no such file", scan=str(file), remedy="check the path")
    own = [check_glb(file) for file in files]
    khronos = validate_many(files)
    results = []
    for position, file in enumerate(files):
        report = khronos[position] if khronos else None
        findings = [asdict(finding) for finding in own[position]]
        theirs = [asdict(message) for message in report.messages] if report else None
        wrong = any(f["severity"] in ("error", "warning") for f in [*findings, *(theirs or [])])
        results.append(
            {"file": str(file), "ok": not wrong, "findings": findings, "khronos": theirs}
        )
    if as_json:
        output.print_json(results)
    else:
        console = output.answers()
        for result in results:
            verdict = ("ok", "green") if result["ok"] else ("wrong", "red")
            console.print(Text.assemble(f"{result['file']}: ", verdict))
            for source, found in (("", result["findings"]), ("Khronos ", result["khronos"])):
                for f in found or []:  # type: ignore[attr-defined]
                    console.print(
                        f"  {source}{f['severity']} {f['code']}: {f['message']} {f['pointer']}",
                        markup=False,
                    )
        if khronos is None:
            output.remarks().print(
                f"the Khronos validator did not run: {what_is_missing()}", markup=False
            )
    if not all(result["ok"] for result in results):
        raise typer.Exit(output.EXIT_FAILED)
