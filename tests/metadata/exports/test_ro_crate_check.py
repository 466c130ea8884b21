"""RO-Crate: whole by a check of our own, which is shown to refuse each thing that is broken.

The check asks what the specification says MUST be, and more: that no reference dangles, that
every term is in the published context, that the files are what the crate says.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from relicscan.metadata.exports import ro_crate
from relicscan.metadata.exports.exported import Exported

pytest.importorskip("rocrate.rocrate")

SPEC = "https://w3id.org/ro/crate/1.3"
#: datePublished is required too, and no relic states it: see UNPUBLISHED.
REQUIRED = ("name", "description", "license", "datePublished")
UNPUBLISHED = ["the root has no datePublished"]
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_REFERENCE = re.compile(r"[^\x00-\x20\x7f<>\"{}|\\^`]+")


def crate_of(relic: Exported, folder: Path, base_url: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    ro_crate.write([relic], folder, base_url)
    return folder / relic.id


def read(crate: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((crate / "ro-crate-metadata.json").read_bytes())
    return document


def entities(crate: Path) -> dict[str, dict[str, Any]]:
    return {entity["@id"]: entity for entity in read(crate)["@graph"]}


def ids(value: Any) -> list[str]:
    return [one["@id"] for one in as_list(value)]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


# --- the check ------------------------------------------------------------------------------


def problems(crate: Path, document: dict[str, Any] | None = None) -> list[str]:
    """What is wrong with a crate, by RO-Crate 1.3 and by what we ask besides."""
    document = document or read(crate)
    if document.get("@context") != f"{SPEC}/context" or set(document) != {"@context", "@graph"}:
        return ["no RO-Crate 1.3"]
    nameless = [e for e in document["@graph"] if not isinstance(e.get("@id"), str)]
    if nameless:
        return [f"{len(nameless)} entities have no @id"]
    graph = {entity["@id"]: entity for entity in document["@graph"]}
    wrong = [] if len(graph) == len(document["@graph"]) else ["an @id stands twice"]
    about = graph.get("ro-crate-metadata.json", {}).get("about", {}).get("@id")
    root = graph.get(about)
    if root is None:
        return [*wrong, "there is no root"]
    if graph["ro-crate-metadata.json"]["conformsTo"] != {"@id": SPEC}:
        wrong.append("the descriptor does not say to what it conforms")
    wrong += [f"the root has no {name}" for name in REQUIRED if not root.get(name)]
    if root.get("datePublished") and not _DATE.fullmatch(root["datePublished"]):
        wrong.append("datePublished is not a date of ISO 8601")
    for entity in graph.values():
        wrong += _of_entity(entity, graph)
    wrong += [f"{at} is not reached from the root" for at in graph.keys() - _reached(graph, about)]
    return [*wrong, *_of_files(crate, graph, root), *_of_actions(graph, root)]


def _of_entity(entity: dict[str, Any], graph: dict[str, Any]) -> Iterator[str]:
    at = entity["@id"]
    if not _REFERENCE.fullmatch(at) or (at[0] != "#" and ".." in at.split("/")):
        yield f"{at!r} is no reference"
    terms = _context()
    for term in (*as_list(entity.get("@type")), *(k for k in entity if k[0] != "@")):
        if term not in terms:
            yield f"{at}: {term} is not in the context"
    if not entity.get("@type"):
        yield f"{at} has no @type"
    for key, value in entity.items():
        if isinstance(value, list) and len(value) < 2:
            yield f"{at}: {key} is a list of {len(value)}"
        for one in as_list(value):
            if not isinstance(one, dict):
                if not isinstance(one, str | int | float):
                    yield f"{at}: {key} is {one!r}"
            elif set(one) == {"@id"}:
                if one["@id"] not in graph and one["@id"] != SPEC:
                    yield f"{at}: {key} dangles: {one['@id']}"
            elif set(one) != {"@language", "@value"}:
                yield f"{at}: {key} is nested"


@cache
def _context() -> dict[str, str]:
    from rocrate import vocabs

    assert vocabs.RO_CRATE["@id"] == f"{SPEC}/context"
    return dict(vocabs.RO_CRATE["@context"])


def _reached(graph: dict[str, Any], root: str) -> set[str]:
    seen, to_see = {"ro-crate-metadata.json"}, [root]
    while to_see:
        at = to_see.pop()
        if at in seen or at not in graph:
            continue
        seen.add(at)
        for value in graph[at].values():
            to_see += [
                one["@id"] for one in as_list(value) if isinstance(one, dict) and "@id" in one
            ]
    return seen


def _of_files(crate: Path, graph: dict[str, Any], root: dict[str, Any]) -> Iterator[str]:
    parts = ids(root.get("hasPart"))
    files = [
        at
        for at, e in graph.items()
        if "File" in as_list(e.get("@type")) and not at.startswith("#")
    ]
    if sorted(parts) != sorted(files):
        yield "hasPart is not what the files are"
    found = {unquote(at): graph[at] for at in files}
    there = {p.relative_to(crate).as_posix() for p in crate.rglob("*") if not p.is_dir()}
    if there != found.keys() | {"ro-crate-metadata.json"}:
        yield f"files and descriptions differ: {there ^ found.keys()}"
    for path in found.keys() & there:
        content, entity = (crate / path).read_bytes(), found[path]
        if entity["sha256"] != hashlib.sha256(content).hexdigest():
            yield f"{path} has another sha256"
        if entity["contentSize"] != str(len(content)):
            yield f"{path} has another size"


def _of_actions(graph: dict[str, Any], root: dict[str, Any]) -> Iterator[str]:
    """Process Run Crate 0.6."""
    profile = graph.get("https://w3id.org/ro/wfrun/process/0.6")
    if root.get("conformsTo") != {"@id": profile and profile["@id"]}:
        yield "the root does not say to which profile it conforms"
    elif not {"CreativeWork", "Profile"} <= set(as_list(profile["@type"])):
        yield "the profile is none"
    for at, entity in graph.items():
        if "SoftwareApplication" in as_list(entity.get("@type")):
            for needed in {"name", "url", "version"} - entity.keys():
                yield f"{at} has no {needed}"
        if entity.get("@type") == "CreateAction":
            if at not in ids(root.get("mentions")):
                yield f"{at} is not mentioned"
            for needed in ("name", "instrument", "object", "result"):
                if not entity.get(needed):
                    yield f"{at} has no {needed}"
            for tool in ids(entity.get("instrument")):
                if "SoftwareApplication" not in as_list(graph.get(tool, {}).get("@type")):
                    yield f"{at} is no run of software"


# --- that crates are whole -------------------------------------------------------------------


def test_the_crate_is_whole(relic: Exported, tmp_path: Path) -> None:
    assert problems(crate_of(relic, tmp_path / "crates")) == UNPUBLISHED


def test_every_sample_makes_a_whole_crate(samples: list[Exported], tmp_path: Path) -> None:
    assert len(samples) >= 5
    for sample in samples:
        assert problems(crate_of(sample, tmp_path / "crates")) == UNPUBLISHED, sample.id


def test_a_relic_that_says_nothing_lacks_nothing_but_a_date(bare: Exported, tmp_path: Path) -> None:
    folder = tmp_path / "crates"
    folder.mkdir()
    lost = ro_crate.write([bare], folder, None)
    assert problems(folder / "unnamed") == UNPUBLISHED
    assert {loss.field for loss in lost} == {"datePublished", "rights.digital.uri"}
    assert all(loss.relic == "unnamed" for loss in lost)
    root = entities(folder / "unnamed")["./"]
    assert root["name"] == "unnamed"
    assert root["license"] == "No licence is stated."
    assert {"publisher", "author", "copyrightHolder"}.isdisjoint(root)
    assert "#capture" not in entities(folder / "unnamed")


Break = Callable[[list[dict[str, Any]]], Any]


def _at(graph: list[dict[str, Any]], at: str) -> dict[str, Any]:
    return next(entity for entity in graph if entity["@id"] == at)


BROKEN: dict[str, tuple[Break, str]] = {
    "no root": (lambda g: g.remove(_at(g, "./")), "there is no root"),
    "no id": (lambda g: _at(g, "#museum").pop("@id"), "1 entities have no @id"),
    "no type": (lambda g: _at(g, "#museum").pop("@type"), "#museum has no @type"),
    "dangling": (lambda g: g.remove(_at(g, "#museum")), "./: publisher dangles: #museum"),
    "twice": (lambda g: g.append(dict(_at(g, "#museum"))), "an @id stands twice"),
    "strange": (lambda g: _at(g, "#museum").update(wings=2), "wings is not in the context"),
    "undated": (lambda g: _at(g, "./").update(datePublished="May"), "datePublished is not a date"),
    "unlicensed": (lambda g: _at(g, "./").pop("license"), "the root has no license"),
    "nested": (lambda g: _at(g, "./").update(author={"name": "x"}), "./: author is nested"),
    "single": (lambda g: _at(g, "./").update(about=[{"@id": "#object"}]), "about is a list of 1"),
    "lonely": (lambda g: _at(g, "./").pop("publisher"), "#museum is not reached"),
    "hash": (lambda g: _at(g, "web/low.glb").update(sha256="0"), "low.glb has another sha256"),
    "size": (lambda g: _at(g, "web/low.glb").update(contentSize="1"), "low.glb has another size"),
    "part": (lambda g: _at(g, "./")["hasPart"].pop(), "hasPart is not what the files are"),
    "tool": (lambda g: _at(g, "#step/1").pop("instrument"), "#step/1 has no instrument"),
    "run": (lambda g: _at(g, "#capture").update({"@type": "CreateAction"}), "no run of software"),
    "version": (lambda g: _at(g, "#relicscan").pop("version"), "#relicscan has no version"),
    "blank": (lambda g: _at(g, "#museum").update({"@id": "a b"}), "'a b' is no reference"),
}  # fmt: skip


def test_the_check_refuses_what_is_broken(relic: Exported, tmp_path: Path) -> None:
    crate = crate_of(relic, tmp_path / "crates")
    for how, (breaks, told) in BROKEN.items():
        document = read(crate)
        breaks(document["@graph"])
        assert any(told in problem for problem in problems(crate, document)), how


def test_the_check_refuses_files_that_differ(relic: Exported, tmp_path: Path) -> None:
    crate = crate_of(relic, tmp_path / "crates")
    (crate / "web" / "low.glb").write_bytes(b"another")
    assert "web/low.glb has another sha256" in problems(crate)
    (crate / "web" / "low.glb").unlink()
    assert any("files and descriptions differ" in problem for problem in problems(crate))
