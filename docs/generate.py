"""Writes the documents that are made from the code: `make docs`.

Nothing here is written twice: stages come from their signatures, commands from
their own help, formats from their modules, schemas from their models. A test
holds what is committed to what this writes.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
NOTE = "<!-- Made by `make docs` from the code. Edits here are overwritten. -->\n"


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; bars inside cells are escaped."""
    head = list(headings)
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def stages() -> str:
    """docs/stages.md: every stage with its parameters."""
    from relicscan.cli.stages import parameter_rows
    from relicscan.pipeline import pipeline_names, read_pipeline
    from relicscan.stage import all_stages

    pipelines = [read_pipeline(name) for name in pipeline_names()]
    parts = [
        NOTE,
        "# Stages\n",
        "A stage is a function from a relic to a relic. What it *needs* and *makes* decides "
        "where it may stand in a pipeline; a `?` means: if the scan had it. "
        "Lengths are millimetres where the scale is known.\n",
    ]
    for stage in all_stages().values():
        makes = [*sorted(stage.makes), *(f"{m}?" for m in sorted(stage.may_make))]
        used = [p.name for p in pipelines if any(s.stage.name == stage.name for s in p.stages)]
        parts.append(f"## {stage.name}\n")
        parts.append(stage.description + "\n")
        parts.append(
            f"Needs {_codes(sorted(stage.needs))}; makes {_codes(makes)}; "
            f"in the pipelines {_codes(used)}.\n"
        )
        rows = [(f"`{name}`", *rest) for name, *rest in parameter_rows(stage)]
        parts.append(table(("parameter", "type", "default", "what it means"), rows))
    return "\n".join(parts)


def pipelines() -> str:
    """docs/pipelines.md: the pipelines that come with relicscan."""
    from relicscan.pipeline import pipeline_folder, pipeline_names, read_pipeline

    parts = [
        NOTE,
        "# Pipelines\n",
        "An ordered list of [stages](stages.md) in a TOML file. `relicscan check FILE` checks "
        "one of your own; `relicscan run -p FILE` uses it.\n",
    ]
    for name in pipeline_names():
        text = (pipeline_folder() / f"{name}.toml").read_text(encoding="utf-8")
        parts += [
            f"## {name}\n",
            read_pipeline(name).description + "\n",
            f"```toml\n{text.strip()}\n```\n",
        ]
    return "\n".join(parts)


def commands() -> str:
    """docs/commands.md: every command with its arguments and options."""
    import typer

    from relicscan.cli.main import app

    def commands_of(group: Any, *before: str) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from commands_of(command, *before, name)
            else:
                yield " ".join((*before, name)), command

    parts = [
        NOTE,
        "# Commands\n",
        "Answers go to standard output, progress and errors to standard error.\n",
        table(
            ("exit code", "meaning"),
            (
                ("0", "all well"),
                (
                    "1",
                    "at least one relic failed, was rejected, or broke its budget, "
                    "or `verify` found a difference",
                ),
                ("2", "the command line or a pipeline is wrong, or OUT cannot be written"),
                ("11", "another run holds the output folder"),
                ("12", "not enough disk or memory to start, or no worker of the cluster to run on"),
                ("130", "interrupted; the same command goes on"),
            ),
        ),
    ]
    for name, command in commands_of(typer.main.get_command(app)):
        help_text = inspect.cleandoc(command.help or "").replace("[bold]", "**")
        parts += [f"## relicscan {name}\n", help_text.replace("[/bold]", "**") + "\n"]
        rows = []
        for parameter in command.params:
            if "--help" in parameter.opts:
                continue
            argument = parameter.param_type_name == "argument"
            name_of = parameter.metavar or (parameter.name or "").upper()
            shown = name_of if argument else ", ".join(parameter.opts)
            default = parameter.default
            is_value = isinstance(default, str | Path | float | int) and not argument
            is_value = is_value and not isinstance(default, bool)
            rows.append(
                (f"`{shown}`", f"`{default}`" if is_value else "", getattr(parameter, "help", ""))
            )
        parts.append(table(("", "default", ""), rows))
    return "\n".join(parts)


def formats() -> str:
    """docs/formats.md: what relicscan reads."""
    from relicscan.formats import MODULES

    extensions: dict[str, list[str]] = {}
    for extension, module in MODULES.items():
        extensions.setdefault(module, []).append(extension)
    parts = [NOTE, "# Formats\n", "What `relicscan` reads, by file name extension.\n"]
    for module, names in sorted(extensions.items()):
        doc = inspect.getdoc(importlib.import_module(f"relicscan.formats.{module}")) or ""
        parts += [f"## {_codes(names)}\n", doc + "\n"]
    return "\n".join(parts)


def relic_toml() -> str:
    """docs/relic-toml.md: the commented template, as `relicscan new` writes it."""
    from relicscan.metadata.template import relic_toml_template

    return "\n".join(
        [
            NOTE,
            "# relic.toml\n",
            "What a scan folder says of its relic. Everything is optional. `relicscan new FOLDER` "
            "writes this file, `--language` with comments in another language; "
            "`relicscan schema relic.toml` prints its JSON Schema.\n",
            f"```toml\n{relic_toml_template('en').strip()}\n```\n",
        ]
    )


def schema(name: str) -> Callable[[], str]:
    """docs/schemas/<name>.schema.json."""

    def write() -> str:
        from relicscan.metadata.schemas import json_schema

        return json.dumps(json_schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"

    return write


DOCUMENTS: dict[str, Callable[[], str]] = {
    "stages.md": stages,
    "pipelines.md": pipelines,
    "commands.md": commands,
    "formats.md": formats,
    "relic-toml.md": relic_toml,
    **{
        f"schemas/{name}.schema.json": schema(name)
        for name in ("relic.toml", "relic.json", "run.json", "index.json")
    },
}


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"


def main() -> int:
    """Write every document; says which have changed."""
    for name, make in DOCUMENTS.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        text = make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
