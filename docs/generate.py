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

BELOW = "<!-- What follows is made by `make docs` from the code. Edits below are overwritten. -->\n"


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
    return "\n".join([*parts, *_gates()])


def _gates() -> Iterator[str]:
    from relicscan.cli.gates import rows
    from relicscan.pipeline import pipeline_names, read_pipeline

    yield "## Quality gates\n"
    yield (
        "`[gates]` decides the verdict on a relic whose models are made. A gate has a figure. "
        "Beyond `review` somebody should look, beyond `fail` the relic is not for use; a gate that "
        "wants something to be so names what it comes to otherwise. The worst gate is the verdict, "
        "unless something else is worse (a level over its limits, a doubt about how scans lie).\n"
    )
    yield f"```toml\n{OWN_GATES.strip()}\n```\n"
    yield (
        "`relic.json` records each gate with its figure and its thresholds, and gives the reason "
        "with a remedy where it does not pass. A gate that nothing in the pipeline measures is an "
        "error of the pipeline, told before a scan is read. A figure that cannot be had of a relic "
        "(millimetres where the scale is unknown) is `review`, with the reason. `--set "
        "gates.max_filled_share.review=0.3`, or `set.gates.max_filled_share.review = 0.3` under "
        "`[pipeline]` in relic.toml, goes over the file, on record; `--set gates.watertight=pass` "
        "lets a gate go.\n"
    )
    pipelines = [read_pipeline(name) for name in pipeline_names()]
    held = [{one.gate.name: one for one in pipeline.gates} for pipeline in pipelines]
    gates = [
        (
            *(f"`{name}`", wants, unit, f"`{needs}`" if needs else "", text),
            *(_held(gates[name].given) if name in gates else "" for gates in held),
        )
        for name, wants, unit, needs, text in rows()
    ]
    columns = (f"`{pipeline.name}`" for pipeline in pipelines)
    yield table(("gate", "wants", "in", "measured by", "what it measures", *columns), gates)
    yield (
        "Why these: scans differ in size by a thousand, so the pipelines that come with relicscan "
        "hold the deviation as a share of the diagonal; a museum that knows its objects writes "
        "millimetres. Models of sound scans come to 0.0001 to 0.004 of it, those of scans with too "
        "few points for their shape (150 to 1,100) to 0.008 and more. No coverage is wanted: a "
        "relief is scanned from the front, and a statue stands. `web` wants neither a scale nor "
        "rights, which nobody may have written yet when a batch is run by night; what has no "
        "rights is not published, whatever "
        "its verdict, and where the scale is unknown a page does not offer to measure. `archive` "
        "is for keeping, so there both are for somebody to look at. `preview` holds no gate: it is "
        "a first look.\n"
    )


def _held(given: Any) -> str:
    if isinstance(given, str):
        return given
    return ", ".join(f"{verdict} {limit:g}" for verdict, limit in given.items())


#: A test reads it as well: what is shown must work.
OWN_GATES = """
[gates]
max_deviation_rms_mm = { review = 0.1, fail = 0.5 }
max_filled_share = { review = 0.05 }
min_coverage = { review = 0.9, fail = 0.6 }
max_difference = { review = 0.06 }
scale_known = "fail"
digital_rights_known = "review"
watertight = "review"
"""


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
                    "or `verify` found a difference, or `compare` could not be sure",
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

    extensions: dict[str, list[str]] = {"stanford_conf": [".conf"]}  # beside scans, and none
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


def targets() -> str:
    """docs/targets.md: the delivery targets, their limits and levels, and where those are from."""
    from relicscan.delivery.target import (
        Limits,
        TargetFile,
        TargetLevel,
        builtin_targets,
        comments,
        read_target,
        target_file,
    )

    def shown(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, tuple):
            return _codes(value)
        return f"{value:,}" if isinstance(value, int) else str(value)

    def stated(record: Any) -> list[tuple[str, str]]:
        set_here = record.model_dump(exclude_unset=True, exclude={"refused"})
        return [(f"`{key}`", shown(value)) for key, value in set_here.items()]

    parts = [
        NOTE,
        "# Delivery targets\n",
        "Whose viewers will show a model, what they take, and what each level of it may cost. "
        "`relicscan validate FILE --target NAME` holds any file to a target, ours or anybody's; "
        "`--level` names the level whose budget counts, else it is the one the file is called "
        "after. What is said below to be *measured* was rendered in that engine; what is "
        "*restated* is a vendor's own word.\n",
        "`max_difference` and `max_deviation_mm` compare a level with the master, so no file can "
        "be held to them alone: they are met when a level is made.\n",
        "A USDZ file is checked as a zip (stored, every file at a multiple of 64 bytes, the layer "
        "first), and where usd-core is installed (`pip install 'relicscan[usd]'`) by all the "
        "validators that it brings (`pxr.UsdValidation`) and by the rules that Pixar's "
        "`usdchecker --arkit` had. None of this is a phone: Quick Look itself runs nowhere else.\n",
    ]
    for name in builtin_targets():
        target = read_target(name)
        parts += [f"## {name}\n", target.description + ".\n", comments(target_file(name)) + "\n"]
        parts.append(
            table(
                ("", ""),
                (
                    ("geometry", target.geometry),
                    ("images", target.images),
                    ("USDZ beside each GLB", shown(target.usdz)),
                    *stated(target.limits),
                ),
            )
        )
        keys = [key for key in TargetLevel.model_fields if key != "name"]
        used = [key for key in keys if any(getattr(level, key) for level in target.level)]
        rows = [
            (f"`{level.name}`", *(shown(getattr(level, key)) for key in used))
            for level in target.level
        ]
        parts.append(table(("level", *(f"`{key}`" for key in used)), rows))
        if target.limits.refused:
            why = ((f"`{key}`", text) for key, text in target.limits.refused.items())
            parts.append(table(("not taken", "because"), why))
    parts += [
        "## A target of your own\n",
        "A TOML file, named after the target: `relicscan validate FILE --target app.toml`. It is "
        "checked as strictly as ours: an unknown key, a level named twice, or a geometry that its "
        "own limits refuse is told with its line. A key left out sets no limit. For example, a "
        "kiosk that brings its own Draco decoder:\n",
        f"```toml\n{OWN_TARGET.strip()}\n```\n",
    ]
    for heading, model in (
        ("The file", TargetFile),
        ("`[limits]`", Limits),
        ("`[[level]]`", TargetLevel),
    ):
        rows = [
            (
                f"`{key}`",
                "" if field.is_required() or field.default_factory else shown(field.default),
                field.description or "",
            )
            for key, field in model.model_fields.items()
        ]
        parts += [f"### {heading}\n", table(("key", "default", "what it means"), rows)]
    return "\n".join(parts)


def metadata() -> str:
    """docs/metadata.md: as it is written down to BELOW, then what each format carries."""
    from relicscan.metadata.exports import FORMATS, exporter
    from relicscan.metadata.exports.exported import fields
    from relicscan.metadata.imports.columns import MEASURES, SHORT

    columns = [
        ("`folder`", "the scan folder's path below the root"),
        ("`id`", "the relic's id; with `folder`, the id that it gets"),
        *((f"`{name}`", f"`{field}`") for name, field in SHORT.items()),
        (", ".join(f"`{name}`" for name in MEASURES), "a measure of the whole: `25.2 ± 0.3 cm`"),
    ]
    made = [exporter(name) for name in FORMATS]
    rows = [
        (f"`{field}`", *("●" if field in one.carries else "–" for one in made))
        for field in fields()
    ]
    written = (DOCS / "metadata.md").read_text(encoding="utf-8").partition(BELOW)[0]
    parts = [
        written + BELOW,
        "## Columns\n",
        "Short names of a spreadsheet's columns; any other field by its path "
        "(`capture.device`, `related[0].uri`). Texts take a language: `title@zh-Hans`. Numbers "
        "have a point, not a comma.\n",
        table(("column", "field"), columns),
        "## What each format carries\n",
        "● is carried, – is not: where a relic states it, it is told in `losses.json` beside the "
        "export. Fields are those of [relic.toml](relic-toml.md), then parts of relic.json. Below "
        "stands where in each format a field goes.\n",
        table(("", *(f"[{name}](#{name})" for name in FORMATS)), rows),
    ]
    for one in made:
        parts += [f"### {one.name}\n", f"{one.title}.\n"]
        if one.name == "csv":
            parts.append("Every field has a column of its own name.\n")
            continue
        rows = [(f"`{field}`", one.carries[field]) for field in fields() if field in one.carries]
        parts.append(table(("field", "where it goes"), rows))
    return "\n".join(parts)


#: A test reads it as well: what is shown must work.
OWN_TARGET = """
description = "The kiosk in hall 3"
geometry = "draco"
images = "jpeg"

[limits]
extensions = ["KHR_draco_mesh_compression"]
max_texture_side = 4096

[[level]]
name = "kiosk"
max_bytes = 20_000_000
max_triangles = 500_000
max_texture_side = 4096
screen_px = 2160
max_difference = 0.04
"""


def schema(name: str) -> Callable[[], str]:
    """docs/schemas/<name>.schema.json."""

    def write() -> str:
        from relicscan.batch import schema as batch

        return json.dumps(batch.schema(name), indent=2, ensure_ascii=False, sort_keys=True) + "\n"

    return write


DOCUMENTS: dict[str, Callable[[], str]] = {
    "stages.md": stages,
    "pipelines.md": pipelines,
    "commands.md": commands,
    "formats.md": formats,
    "relic-toml.md": relic_toml,
    "targets.md": targets,
    "metadata.md": metadata,
    **{
        f"schemas/{name}.schema.json": schema(name)
        for name in (
            "relic.toml",
            "relic.json",
            "run.json",
            "index.json",
            "index.json.sig",
            "compare.json",
            "pipeline.toml",
        )
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
