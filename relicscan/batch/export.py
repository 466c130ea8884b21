"""Finished relics written in an exchange format, and what the format could not carry.

What is exported is what was vouched for: each relic.json is held against the index first. The
export is made beside its place and moved there whole, so a folder that is there is complete.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.exports import exporter
from relicscan.metadata.exports.exported import Exported, Loss
from relicscan.metadata.index import read_index, require_output
from relicscan.metadata.vouched import vouched_for
from relicscan.stage import did_you_mean

#: The loss report: what the format could not carry, relic by relic.
LOSSES = "losses.json"


@dataclass(frozen=True)
class Export:
    """What was written where: relics by id, those that were left out, and the losses."""

    format: str
    folder: Path
    relics: tuple[str, ...]
    left_out: tuple[str, ...]
    losses: tuple[Loss, ...]

    def as_data(self) -> dict[str, Any]:
        """For `--json` and losses.json."""
        data = asdict(self)
        data["losses"] = [loss._asdict() for loss in self.losses]
        del data["folder"]
        return data


def export(
    format: str,
    out: str | Path,
    to: str | Path,
    *,
    base_url: str | None = None,
    relics: Sequence[str] = (),
    published: str | None = None,
) -> Export:
    """Write relics of the output folder `out` to the new folder `to` in an exchange format.

    `relics` are ids; without any it is all that have a model. `base_url` is where the output
    folder will be found on the web, `published` the day (2026-11-26) that formats which ask for
    one are given. Raises PipelineError for a format, an address, a day or an id that is none;
    OutputError where `out` is not as it was written, `to` is there already, or no relic can be
    written so.
    """
    made = exporter(format)
    if base_url is not None and not re.fullmatch(r"https?://[^\s<>\"{}|\\^`?#]+", base_url):
        raise PipelineError(
            f"{base_url[:80]!r} is not a web address that others can be below",
            remedy="for example --base-url https://museum.example/relics",
        )
    if published is not None and not _is_day(published):
        raise PipelineError(
            f"{published[:40]!r} is not a day", remedy="for example --published 2026-11-26"
        )
    source, target = Path(out).absolute(), Path(to).absolute()
    if target.resolve().is_relative_to(source.resolve()):
        raise OutputError(
            "an export does not lie in the output folder that it is made from",
            scan=str(target),
            remedy="name a folder beside it: what nothing lists is a difference to `verify`",
        )
    chosen, without = _chosen(source, relics)
    chosen = [replace(relic, published=published) for relic in chosen]
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise OutputError(
            "there is something at this place already, and an export replaces nothing",
            scan=str(target),
            remedy="name a folder that is not there yet, or delete this one",
        )
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        partial.mkdir(parents=True)
        losses = made.write(chosen, partial, base_url)
        out_of_it = {loss.relic for loss in losses if loss.left_out}
        found = Export(
            format=made.name,
            folder=target,
            relics=tuple(relic.id for relic in chosen if relic.id not in out_of_it),
            left_out=tuple(sorted({*without, *out_of_it})),
            losses=tuple(sorted(set(losses))),
        )
        if not found.relics:
            raise _none_of_them(found, out)
        write_json_atomically(partial / LOSSES, found.as_data())
        partial.replace(target)
    except OSError as error:
        raise OutputError(
            f"the export cannot be written ({error.strerror or error})",
            scan=str(target),
            remedy="check that you may write there and that the disk has room",
        ) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return found


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _none_of_them(found: Export, out: str | Path) -> OutputError:
    why = next((loss for loss in found.losses if loss.left_out), None)
    return OutputError(
        f"no relic can be written as {found.format}: "
        + (f"{why.relic}: {why.field}: {why.reason}" if why else "none has a model"),
        scan=str(out),
        remedy="`relicscan check` tells what metadata leaves open, index.json why there is no "
        "model",
    )


def _chosen(out: Path, wanted: Sequence[str]) -> tuple[list[Exported], tuple[str, ...]]:
    """The relics that are to be exported, and the ids of those without a model."""
    require_output(out)
    entries = {entry.id: entry for entry in read_index(out).relics}
    for given in wanted:
        if given not in entries:
            raise PipelineError(
                f"there is no relic {given[:60]!r} in {out}",
                remedy=did_you_mean(given, list(entries), "the relics are"),
            )
    relics = [vouched_for(out, entries[one]) for one in dict.fromkeys(wanted or entries)]
    with_model = [relic for relic in relics if relic.manifest.levels]
    return with_model, tuple(relic.id for relic in relics if not relic.manifest.levels)
