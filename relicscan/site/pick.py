"""Placing hotspots by a click: relics of an output folder in a browser, TOML back.

The page shows the finest model. A click sends what was hit, in metres of the model, and where it
was looked at from; the answer is the `[[hotspot]]` for relic.toml, in the coordinates and the unit
of the scan, as `placed_hotspots` takes them. Nothing is written: a scan folder is its owner's.

All addresses begin with a secret that only the printed one has, so that no other page or user of
the machine can read models or have things printed. Files are sent as relic.json vouches for them.
"""

from __future__ import annotations

import hmac
import json
import math
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from http import HTTPStatus
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from pydantic import ValidationError

from relicscan.errors import OutputError, RelicscanError
from relicscan.metadata.exports.exported import Exported, models, placed_hotspots
from relicscan.metadata.fields import Direction, Record, RelicId, Vector3
from relicscan.metadata.index import read_index, require_output
from relicscan.metadata.manifest import LevelRecord, RelicManifest
from relicscan.metadata.toml_writing import toml_text
from relicscan.metadata.vouched import vouched_bytes, vouched_for
from relicscan.site.headers import media_type_of
from relicscan.site.wire import Answer, Log, Request, Server, refusal

#: Positions are written to this share of the relic's diagonal: what a pixel shows is far coarser.
_RESOLUTION = 1e-5
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class View(Record):
    """From where a visitor looks, and at what: metres in the frame of the model."""

    position: Vector3
    target: Vector3


class Picked(Record):
    """What the page sends: a point of the surface, the way it faces, and the view of it."""

    relic: RelicId
    position: Vector3
    normal: Direction | None
    camera: View


class PickServer(Server):
    """A server of the relics of an output folder; `entrance` is the address to open."""

    def __init__(self, desk: Desk, *, host: str, port: int, log: Log | None) -> None:
        self.desk = desk
        super().__init__(
            desk.answer, host=host, port=port, methods=("GET", "HEAD", "POST"), log=log
        )

    @property
    def entrance(self) -> str:
        return f"{self.address}{self.desk.secret}/"


def pick_server(
    out: Path,
    *,
    picked: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 8000,
    log: Log | None = None,
) -> PickServer:
    """A server that shows the relics of `out`; `picked` is called with the TOML of each click.

    Raises OutputError where `out` is no output folder, has no models, or the viewer is not
    installed; PipelineError where the address cannot be had.
    """
    require_output(out)
    return PickServer(Desk(out, picked), host=host, port=port, log=log)


class Desk:
    """Where relics are looked at and points are picked; answers requests."""

    def __init__(self, out: Path, picked: Callable[[str], None]) -> None:
        self.out, self.picked = out, picked
        self.secret = secrets.token_urlsafe(16)
        self.entries = {
            entry.id: entry for entry in read_index(out).relics if entry.counts.levels > 0
        }
        if not self.entries:
            raise OutputError(
                "there is no relic with a model in it",
                scan=str(out),
                remedy="see why in its report.html, and run the relics again",
            )
        self._tools = _tools()
        self._given: Counter[str] = Counter()

    def answer(self, request: Request) -> Answer:
        """A page, a file of a relic, or the TOML of what was picked."""
        secret, _, path = request.path.partition("/")
        if not hmac.compare_digest(secret.encode(), self.secret.encode()):
            return refusal(HTTPStatus.NOT_FOUND, "open the address that was printed")
        if request.method == "POST":
            return self._picked(request) if path == "pick" else refusal(HTTPStatus.NOT_FOUND)
        headers = {"Content-Type": media_type_of(path or "index.html"), "Cache-Control": "no-store"}
        if path == "":
            return Answer(HTTPStatus.OK, headers, self._page(None).encode())
        if path in self._tools:
            return Answer(HTTPStatus.OK, headers, self._tools[path])
        name, _, file = path.partition("/")
        if name not in self.entries:
            return refusal(HTTPStatus.NOT_FOUND)
        try:
            relic = vouched_for(self.out, self.entries[name])
            if file == "":
                headers["Content-Type"] = media_type_of("index.html")
                return Answer(HTTPStatus.OK, headers, self._page(relic).encode())
            shown = {level.path: level for level in _levels(relic.manifest)}
            if file not in shown:
                return refusal(HTTPStatus.NOT_FOUND)
            return Answer(HTTPStatus.OK, headers, vouched_bytes(relic, shown[file]))
        except RelicscanError as error:
            return refusal(HTTPStatus.CONFLICT, " ".join(str(error).split()))

    def _page(self, relic: Exported | None) -> str:
        return str(
            self._template.render(
                relic=relic and relic.id,
                relics=list(self.entries),
                island=relic and _island(relic),
            )
        )

    @cached_property
    def _template(self) -> Any:
        from jinja2 import Environment, PackageLoader, StrictUndefined

        loader = PackageLoader("relicscan.site")
        environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        return environment.get_template("pick.html")

    def _picked(self, request: Request) -> Answer:
        # A page of another origin can send neither this type unasked nor an Origin of ours.
        own = f"http://{request.headers.get('Host')}"
        if request.headers.get("Origin") != own:
            return refusal(HTTPStatus.FORBIDDEN, "it was sent by another page")
        if request.headers.get_content_type() != "application/json":
            return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            picked = Picked.model_validate_json(request.body)
        except ValidationError as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error.errors()[0]["msg"]))
        if picked.relic not in self.entries:
            return refusal(HTTPStatus.NOT_FOUND)
        try:
            manifest = vouched_for(self.out, self.entries[picked.relic]).manifest
            text = hotspot_toml(manifest, picked, self._name(manifest))
        except RelicscanError as error:
            return refusal(HTTPStatus.CONFLICT, " ".join(str(error).split()))
        self.picked(text)
        return Answer(HTTPStatus.OK, _JSON, json.dumps({"toml": text}).encode())

    def _name(self, manifest: RelicManifest) -> str:
        """A name for a new hotspot that the relic does not have yet."""
        taken = {hotspot.id.casefold() for hotspot in manifest.metadata.hotspot}
        while True:
            self._given[manifest.id] += 1
            name = f"spot-{self._given[manifest.id]}"
            if name not in taken:
                return name


def hotspot_toml(manifest: RelicManifest, picked: Picked, name: str) -> str:
    """The `[[hotspot]]` of relic.toml for what was picked, and its camera for exhibition.toml.

    Raises OutputError for a relic without a frame, or a point far from it.
    """
    if manifest.frame is None or not manifest.levels:
        raise OutputError("it has no model", scan=manifest.id, remedy="run it again")
    bounds = np.asarray(manifest.levels[-1].bounds_m)
    diagonal = float(np.linalg.norm(bounds[1] - bounds[0])) or 1.0
    off = np.asarray(picked.position) - np.clip(picked.position, *bounds)
    if float(np.linalg.norm(off)) > 0.1 * diagonal:
        raise OutputError("the point is not on it", scan=manifest.id, remedy="click on the relic")
    T = np.asarray(manifest.frame.T_model_source, dtype=np.float64)
    metres = float(np.cbrt(abs(np.linalg.det(T[:3, :3]))))
    exact = _RESOLUTION * diagonal

    def at(place: Sequence[float]) -> list[float]:
        source = np.linalg.solve(T[:3, :3], np.asarray(place) - T[:3, 3])
        return _rounded(source, exact / metres)

    hotspot: dict[str, Any] = {"id": name, "position": at(picked.position)}
    if picked.normal is not None:
        normal = np.linalg.solve(T[:3, :3], np.asarray(picked.normal))
        hotspot["normal"] = _rounded(normal / np.linalg.norm(normal), 1e-4)
    hotspot["camera"] = {"position": at(picked.camera.position), "target": at(picked.camera.target)}
    unit = manifest.units.unit if manifest.units else None
    where = f"the coordinates and the unit of the scan{f' ({unit})' if unit else ''}"
    text = toml_text({"hotspot": [hotspot]}, [f"{manifest.id}: for its relic.toml, in {where}"])
    camera = {
        "position": _rounded(picked.camera.position, exact),
        "target": _rounded(picked.camera.target, exact),
    }
    step = toml_text({"tour": {"step": [{"relic": manifest.id, "camera": camera}]}})
    head = "The same view for a step of a tour in exhibition.toml, in metres of the model:"
    block = "".join(f"# {line}\n" for line in (head, *step.splitlines()))
    return f"{text}{block}\n"


def _rounded(place: Any, exact: float) -> list[float]:
    decimals = max(0, math.ceil(-math.log10(exact)))
    return [round(float(x), decimals) + 0.0 for x in place]


def _levels(manifest: RelicManifest) -> list[LevelRecord]:
    """The first to be shown and the finest: one is there soon, the other is picked on."""
    found = [level for level in models(manifest) if level.name != "thumb"] or models(manifest)
    found = found or list(manifest.levels)
    found.sort(key=lambda level: level.triangles)
    return found[:1] if len(found) == 1 else [found[0], found[-1]]


def _island(relic: Exported) -> str:
    from relicscan.site.relic_data import island

    manifest = relic.manifest
    levels = _levels(manifest)
    return island(
        {
            "id": relic.id,
            "title": relic.id,
            "levels": [
                {
                    "name": level.name,
                    "url": quote(level.path),
                    "bytes": level.bytes,
                    "triangles": level.triangles,
                    "gpu_bytes": level.gpu_bytes,
                }
                for level in levels
            ],
            "ar": {"glb": None, "usdz": None},
            "scale_known": manifest.scale_known,
            "bounds": [list(corner) for corner in levels[-1].bounds_m],
            "restored": False,
            "hotspots": [
                {
                    "id": spot.id,
                    "title": spot.id,
                    "text": "",
                    "position": spot.position.tolist(),
                    "normal": None if spot.normal is None else spot.normal.tolist(),
                    "camera": None,
                    "audio": None,
                }
                for spot in placed_hotspots(manifest)
            ],
            "view": None,
        }
    )


def _tools() -> dict[str, bytes]:
    """The scripts and styles of the page by their names. Raises OutputError."""
    package = package_files("relicscan")
    viewer = package / "vendor" / "site" / "viewer.js"
    if not viewer.is_file():
        raise OutputError(
            "the viewer is not installed, so no relic can be shown",
            scan=str(viewer),
            remedy="install relicscan from its wheel, which has it; in a checkout, run `make "
            "setup` where npm is",
        )
    sources = package / "site" / "viewer"
    own = ("pick.js", "pick.css", "viewer.css")
    return {"viewer.js": viewer.read_bytes()} | {
        name: (sources / name).read_bytes() for name in own
    }
