"""`relicscan publish`: finished relics as a static exhibition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relicscan.cli import output

if TYPE_CHECKING:
    from relicscan.site.estimate import Estimate
    from relicscan.site.gather import LeftOut

#: How many relics that are left out are told by name.
_TOLD = 20


def command(
    out: Annotated[Path, typer.Argument(help="The output folder of a run.")],
    to: Annotated[Path, typer.Option("--to", "-o", help="The folder of the site.")],
    exhibition: Annotated[
        Path | None,
        typer.Option("--exhibition", help="An exhibition.toml: title, themes, tours, languages."),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", help="Show relics of this verdict too: review or fail."),
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Where the site will be found on the web.")
    ] = None,
    target: Annotated[
        str, typer.Option("--target", help="web, or a mini-programme: alipay, wechat.")
    ] = "web",
    estimate_viewers: Annotated[
        int | None,
        typer.Option(
            "--estimate-viewers", min=1, help="Tell what so many viewers take in the first minute."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was published as JSON.")] = False,
) -> None:
    """Make a static exhibition of finished relics: pages, models, tours, a timeline, search.

    Relics whose verdict is pass and whose rights in the digital copy are stated are shown. A site
    that is there already is replaced as a whole. With --target, a mini-programme is made instead.

    [bold]Example:[/bold] relicscan publish out -o site --exhibition exhibition.toml
    """
    from relicscan.errors import PipelineError
    from relicscan.metadata.manifest import VERDICTS

    wanted = include or []
    if strange := [one for one in wanted if one not in VERDICTS]:
        raise PipelineError(
            f"{strange[0][:40]!r} is no verdict", remedy=f"verdicts are {', '.join(VERDICTS)}"
        )
    given: dict[str, Any] = {
        "exhibition": exhibition, "include": ("pass", *wanted), "base_url": base_url
    }  # fmt: skip
    if target != "web":
        if estimate_viewers:
            raise PipelineError(
                "a mini-programme has no pages whose bytes could be told",
                remedy="leave --estimate-viewers out, or --target",
            )
        _mini(out, to, target, given, as_json)
        return
    from relicscan.site.estimate import estimate
    from relicscan.site.publish import publish

    found = publish(out, to, **given)
    crowd = estimate(found.folder, estimate_viewers) if estimate_viewers else None
    if as_json:
        output.print_json(found.as_data() | ({"estimate": crowd.as_data()} if crowd else {}))
        return
    _print_left_out(found.left_out, found.remarks, "site.json")
    counted = (
        output.plural(len(found.relics), "relic"),
        output.plural(found.museums, "museum"),
        output.plural(found.tours, "tour"),
        output.plural(found.pages, "page"),
    )
    console = output.answers()
    output.say(console, f"{', '.join(counted)} in {', '.join(found.languages)}: {found.folder}")
    output.say(console, f"for a look: relicscan serve {found.folder}")
    if crowd:
        _print_estimate(crowd)


def _mini(out: Path, to: Path, target: str, given: dict[str, Any], as_json: bool) -> None:
    from relicscan.site.mini.publish import publish_mini

    found = publish_mini(out, to, target=target, **given)
    if as_json:
        output.print_json(found.as_data())
        return
    _print_left_out(found.left_out, found.remarks, "mini.json")
    console = output.answers()
    relics, tours = output.plural(len(found.relics), "relic"), output.plural(found.tours, "tour")
    output.say(console, f"{relics}, {tours} in {', '.join(found.languages)}: {found.folder}")
    output.say(
        console,
        f"package: {found.package_bytes:,} of {found.limit_bytes:,} bytes; to be uploaded: "
        f"{output.plural(found.files, 'file')}, {found.files_bytes:,} bytes",
    )


def _print_left_out(left_out: Sequence[LeftOut], remarks: Sequence[str], listed: str) -> None:
    console = output.remarks()
    for one in left_out[:_TOLD]:
        output.say(console, (f"{one.relic} ", "bold"), f"is left out: {one.reason}")
        if one.remedy:
            output.say(console, f"what would work: {one.remedy}", indent=2)
    if len(left_out) > _TOLD:
        output.say(console, f"and {len(left_out) - _TOLD} more, in {listed}")
    for remark in remarks:
        output.say(console, ("remark: ", "yellow"), remark)


def _print_estimate(crowd: Estimate) -> None:
    """Bytes and requests of a first view, and what the crowd takes of both in a minute."""
    from relicscan.site.estimate import SECONDS, gbit_per_s

    console = output.answers()
    output.say(console, f"{crowd.viewers:,} viewers within a minute take")
    for name, view in (("home", crowd.home), ("a relic", crowd.relic), ("both", crowd.both)):
        if view is not None:
            rate = gbit_per_s(view.bytes, crowd.viewers)
            asked = view.requests * crowd.viewers / SECONDS
            text = (
                f"{view.bytes / 1000:,.0f} kB in {view.requests} requests each, "
                f"{rate:,.1f} Gbit/s and {asked:,.0f} requests/s in all"
            )
            output.say(console, f"{name:<8}", text, indent=2)
            for address in view.elsewhere:
                output.say(output.remarks(), f"{view.page} asks {address}, which is elsewhere")
