"""`relicscan check`: is the pipeline right, and the metadata, before a scan is read?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from relicscan.cli import output


def command(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Pipelines (name or path) and scan folders; all pipelines if none."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="stage.parameter=value to check as well.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check pipelines and metadata; no scan is read.

    [bold]Example:[/bold] relicscan check web samples/
    """
    from relicscan.pipeline import parse_assignment, pipeline_names

    overrides = dict(parse_assignment(text) for text in settings or [])
    results: list[dict[str, Any]] = []
    for target in targets or pipeline_names():
        folder = Path(target)
        if folder.exists() and folder.suffix != ".toml":
            results += _check_relics(folder)
        else:
            results.append(_check_pipeline(target, overrides))
    if as_json:
        output.print_json(results)
    else:
        _print(results)
    if not all(result["ok"] for result in results):
        raise typer.Exit(output.EXIT_FAILED)


def _check_pipeline(name: str, overrides: dict[str, Any]) -> dict[str, Any]:
    from relicscan.pipeline import MESH, POINT_CLOUD, read_pipeline

    pipeline = read_pipeline(name).with_overrides(overrides, "--set")
    leads = {
        kind: pipeline.leads_to("levels", products)
        for kind, products in (("point clouds", POINT_CLOUD), ("meshes", MESH))
    }
    return {
        "pipeline": pipeline.name,
        "ok": True,
        "description": pipeline.description,
        "stages": [planned.stage.name for planned in pipeline.stages],
        "models_from": [kind for kind, yes in leads.items() if yes],
    }


def _check_relics(folder: Path) -> list[dict[str, Any]]:
    from relicscan.batch.job import effective_pipeline
    from relicscan.errors import RelicscanError
    from relicscan.metadata.relic_toml import read_relic_toml
    from relicscan.scan_folder import find_relics

    results = []
    for found in find_relics([folder]):
        error: RelicscanError | None = found.error
        if error is None and found.toml is not None:
            try:
                effective_pipeline(read_relic_toml(found.toml).stated(), None, {})
            except RelicscanError as problem:
                error = problem
        results.append(
            {
                "relic": found.id,
                "ok": error is None,
                "scans": [file.name for file in found.files],
                "metadata": None if found.toml is None else found.toml.name,
                "error": None if error is None else error.message,
                "remedy": None if error is None else error.remedy,
            }
        )
    return results


def _print(results: list[dict[str, Any]]) -> None:
    from rich.text import Text

    console = output.answers()
    for result in results:
        ok = result["ok"]
        kind = "pipeline" if "pipeline" in result else "relic"
        line = Text.assemble(
            f"{kind} {result[kind]}: ", ("ok", "green") if ok else ("wrong", "red")
        )
        if kind == "pipeline":
            models = " and ".join(result["models_from"]) or "nothing: no stage makes levels"
            line.append(f", {len(result['stages'])} stages, models from {models}")
        elif ok:
            scans = result["scans"]
            line.append(f", {len(scans)} scan{'s' if len(scans) != 1 else ''}")
            line.append("" if result["metadata"] else ", no relic.toml")
        console.print(line)
        if not ok:
            console.print(f"  {result['error']}", markup=False)
            if result["remedy"]:
                console.print(f"  what would work: {result['remedy']}", markup=False)
