"""RO-Crate: whole by a check of our own, read by the library rocrate, true in every field.

The check asks what the specification says MUST be, and more: that no reference dangles, that
every term is in the published context, that the files are what the crate says. Each thing it
asks is shown to be refused where it is broken.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from relicscan.errors import OutputError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.exports import ro_crate
from relicscan.metadata.exports.exported import PARTS, Exported, Loss, stated_fields
from relicscan.metadata.manifest import FileRecord, SourceRecord, StepRecord

rocrate = pytest.importorskip("rocrate.rocrate")

GOLDEN = Path(__file__).parent / "golden" / "ro-crate-metadata.json"
SPEC = "https://w3id.org/ro/crate/1.3"
#: datePublished is required too, and no relic states it: see UNPUBLISHED.
REQUIRED = ("name", "description", "license", "datePublished")
UNPUBLISHED = ["the root has no datePublished"]
_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
_REFERENCE = re.compile(r"[^\x00-\x20\x7f<>\"{}|\\^`]+")


def pinned(relic: Exported) -> Exported:
    """The relic as made by software of one version, whatever is installed here."""
    versions = {"relicscan": "2.0.0", "python": "3.11.9", "numpy": "2.4.0"}
    return replace(relic, manifest=relic.manifest.model_copy(update={"versions": versions}))


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


# --- that others read them -------------------------------------------------------------------


def test_rocrate_reads_it(relic: Exported, tmp_path: Path) -> None:
    folder = crate_of(relic, tmp_path / "crates")
    crate = rocrate.ROCrate(folder)
    assert crate.version == "1.3"
    assert len(crate.get_entities()) == len(entities(folder))
    root = crate.root_dataset
    assert {"datePublished", "author"}.isdisjoint(entities(folder)["./"])
    assert "Bemalte Amphora" in root["name"]
    assert root["license"].id == "https://creativecommons.org/licenses/by/4.0/"
    assert root["about"]["license"].id == "https://creativecommons.org/publicdomain/mark/1.0/"
    assert root["publisher"]["url"] == "https://museum.example/"
    files = {entity.id for entity in crate.data_entities}
    assert files == {file.path for file in relic.manifest.delivered} | {"relic.json"}
    assert root["image"].id == "preview/poster.webp"
    assert crate.get("#source/a.ply") not in crate.data_entities


def test_rocrate_reads_the_way_from_the_object_to_the_files(
    relic: Exported, tmp_path: Path
) -> None:
    crate = rocrate.ROCrate(crate_of(pinned(relic), tmp_path / "crates"))
    way = crate.root_dataset["mentions"]
    assert [action.id for action in way] == ["#capture", "#step/1", "#step/2", "#delivery"]
    capture, outliers, surface, delivery = way
    assert {one["name"] for one in capture["instrument"]} == {
        "Sample Scanner 3",
        "Sample Studio 5.1",
    }
    assert capture["agent"]["name"] == "team 2"
    assert capture["agent"].type == "Thing"
    assert capture["endTime"] == "2026-05-01"
    assert crate.get("#object") in capture["object"]
    assert capture["result"] == crate.get("#source/a.ply")
    assert {"#source/a.ply", "#source/relic.toml"} <= {one.id for one in outliers["object"]}
    assert outliers["instrument"]["name"] == "relicscan"
    assert outliers["instrument"]["version"] == "2.0.0"
    assert crate.get("#stage/1")["value"] == "remove_outliers"
    assert crate.get("#stage/1") in outliers["object"]
    assert outliers["result"] in surface["object"]
    assert surface["result"] == delivery["object"]
    assert {one.id for one in delivery["result"]} == {one.id for one in crate.data_entities}
    neighbours = crate.get("#step/1/neighbours")
    assert (neighbours["name"], neighbours["value"]) == ("neighbours", 12)


# --- that they are true ----------------------------------------------------------------------


def test_the_golden_file(relic: Exported, tmp_path: Path) -> None:
    crate = crate_of(pinned(relic), tmp_path / "crates")
    document = read(crate)
    # What relic.json is made of is another test's business.
    own = next(entity for entity in document["@graph"] if entity["@id"] == "relic.json")
    own |= {"sha256": "0" * 64, "contentSize": "0"}
    written = canonical_json(document)
    if os.environ.get("RELICSCAN_RENEW_GOLDEN"):
        GOLDEN.write_bytes(written)
    assert written == GOLDEN.read_bytes(), "RELICSCAN_RENEW_GOLDEN=1 writes it anew"


def test_the_same_relic_is_the_same_crate(relic: Exported, tmp_path: Path) -> None:
    one, other = (crate_of(relic, tmp_path / name) for name in ("one", "other"))
    names = [path.relative_to(one) for path in sorted(one.rglob("*")) if path.is_file()]
    assert len(names) == len(relic.manifest.delivered) + 2
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in names)
    assert (one / "relic.json").read_bytes() == canonical_json(relic.manifest)


def everything_in(document: Any) -> Iterator[Any]:
    """Every text, number and text with its language."""
    if isinstance(document, dict) and set(document) == {"@language", "@value"}:
        yield document["@language"], document["@value"]
    elif isinstance(document, dict | list):
        for inside in document.values() if isinstance(document, dict) else document:
            yield from everything_in(inside)
    else:
        yield document


def test_what_is_carried_is_there(relic: Exported, tmp_path: Path) -> None:
    crate = crate_of(relic, tmp_path / "crates")
    own = set(everything_in(read(crate)))
    stated = stated_fields(relic)
    assert stated.keys() - ro_crate.CARRIES.keys() == set()
    assert ro_crate.CARRIES.keys() - stated.keys() - set(PARTS) == {
        "hotspot.camera.target",
        "rights.object.attribution",
        "rights.object.restrictions",
    }
    manifest = json.loads((crate / "relic.json").read_bytes())["metadata"]
    for field, value in stated.items():
        if "relic.json" in ro_crate.CARRIES[field]:
            part = field.split(".")[0]
            assert manifest[part] == relic.manifest.metadata.stated()[part]
            continue
        for one in as_list(value):
            said = one.items() if isinstance(one, dict) else [one]
            assert set(said) <= own, field


def test_no_part_of_the_manifest_is_missing(relic: Exported, tmp_path: Path) -> None:
    crate = crate_of(relic, tmp_path / "crates")
    found = entities(crate)
    assert set(PARTS) <= ro_crate.CARRIES.keys()
    for file in relic.manifest.delivered:
        assert found[file.path]["sha256"] == file.sha256
    assert found["web/high.glb"]["encodingFormat"] == "model/gltf-binary"
    assert found["web/high.glb"]["@type"] == ["File", "3DModel"]
    source = found["#source/a.ply"]
    assert source["sha256"] == hashlib.sha256(b"a").hexdigest()
    assert "Not included" in source["description"]
    stages = [entity["value"] for at, entity in found.items() if at.startswith("#stage/")]
    assert stages == ["remove_outliers", "reconstruct_surface"]


def test_rights_of_object_and_copy_are_apart(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    rights = {
        of: {
            "uri": f"https://rights.example/{of}",
            "holder": {"en": f"holder of the {of}"},
            "attribution": {"en": f"attribution of the {of}"},
            "restrictions": {"en": f"restrictions of the {of}"},
        }
        for of in ("object", "digital")
    }
    found = entities(crate_of(export_of({"id": "a", "rights": rights}), tmp_path / "crates"))
    for at, of, other in (("./", "digital", "object"), ("#object", "object", "digital")):
        entity = found[at]
        assert entity["license"] == {"@id": f"https://rights.example/{of}"}
        assert entity["creditText"] == {"@language": "en", "@value": f"attribution of the {of}"}
        around = json.dumps([entity, *(found[entity[key]["@id"]] for key in _RIGHTS)])
        assert f"holder of the {of}" in around
        assert f"restrictions of the {of}" in around
        assert f"of the {other}" not in around


_RIGHTS = ("license", "copyrightHolder", "usageInfo")


def test_one_licence_of_both_is_one_entity(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    licence = "https://creativecommons.org/publicdomain/zero/1.0/"
    stated = {"id": "a", "rights": {"object": licence, "digital": licence}}
    crate = crate_of(export_of(stated), tmp_path / "crates")
    assert problems(crate) == UNPUBLISHED
    assert entities(crate)["./"]["license"] == entities(crate)["#object"]["license"]


@pytest.mark.parametrize(
    ("date", "begin", "end", "kept"),
    [
        ("2026-05-01", None, "2026-05-01", None),
        ("2026-05", None, "2026-05", None),
        ("2026-05-01/2026-05-03", "2026-05-01", "2026-05-03", None),
        ("2026-05~", None, None, "2026-05~"),
        ("2026-21", None, None, "2026-21"),
        ("2026-05-01/..", None, None, "2026-05-01/.."),
    ],
)
def test_the_date_of_capture(
    export_of: Callable[[dict[str, Any]], Exported],
    tmp_path: Path,
    date: str,
    begin: str | None,
    end: str | None,
    kept: str | None,
) -> None:
    relic = export_of({"id": "a", "capture": {"date": date, "device": "scanner"}})
    folder = tmp_path / "crates"
    folder.mkdir()
    lost = {loss.field: loss.reason for loss in ro_crate.write([relic], folder, None)}
    found = entities(folder / "a")
    assert (found["#capture"].get("startTime"), found["#capture"].get("endTime")) == (begin, end)
    assert found.get("#capture/date", {}).get("value") == kept
    assert "datePublished" not in found["./"]
    assert "none was given" in lost["datePublished"]


@pytest.mark.parametrize(
    ("edtf", "created"),
    [("1926-05", "1926-05"), ("-0529", None), ("0000", None), ("1575~", None), ("1500/1510", None)],
)
def test_the_object_is_created_in_years_that_schema_org_has(
    export_of: Callable[[dict[str, Any]], Exported],
    tmp_path: Path,
    edtf: str,
    created: str | None,
) -> None:
    dated = export_of({"id": "a", "object": {"dating": {"edtf": edtf}}})
    found = entities(crate_of(dated, tmp_path / "crates"))
    assert found["#object"].get("dateCreated") == created
    assert found["#dating"]["value"] == edtf


def test_an_unknown_device_is_told(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    relic = export_of({"id": "a", "capture": {"date": "2026", "operator": "x"}})
    folder = tmp_path / "crates"
    folder.mkdir()
    lost = ro_crate.write([relic], folder, None)
    assert "capture.device" in {loss.field for loss in lost}
    assert entities(folder / "a")["#device"]["name"] == "not stated"
    assert "the root has no license" not in problems(folder / "a")


def test_what_the_relic_says_is_not_lost(relic: Exported, tmp_path: Path) -> None:
    (tmp_path / "crates").mkdir()
    assert ro_crate.write([relic], tmp_path / "crates", None) == [
        Loss(
            "amphora-12",
            "datePublished",
            "a crate needs the day of its publication, and none was given: --published 2026-11-26",
        )
    ]


def test_addresses_below_a_base(relic: Exported, tmp_path: Path) -> None:
    crate = crate_of(relic, tmp_path / "crates", "https://m.example/relics/")
    assert problems(crate) == UNPUBLISHED
    found = entities(crate)
    assert found["web/low.glb"]["contentUrl"] == "https://m.example/relics/amphora-12/web/low.glb"
    assert found["./"]["url"] == "https://m.example/relics/amphora-12/"


# --- that they do no harm --------------------------------------------------------------------


def test_texts_that_attack_are_texts(attacker: Exported, tmp_path: Path) -> None:
    crate = crate_of(attacker, tmp_path / "crates")
    assert problems(crate) == UNPUBLISHED
    texts = set(everything_in(read(crate)))
    for field, value in stated_fields(attacker).items():
        if "relic.json" not in ro_crate.CARRIES[field]:
            for one in as_list(value):
                said = one.items() if isinstance(one, dict) else [one]
                assert set(said) <= texts, field
    assert len(rocrate.ROCrate(crate).get_entities()) == len(entities(crate))
    content = (crate / "ro-crate-metadata.json").read_text("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f]", content)


def test_names_of_files_and_stages_are_escaped(relic: Exported, tmp_path: Path) -> None:
    name = "preview/面 #1 50%\u202e?.webp"
    (relic.folder / name).write_bytes(b"picture")
    manifest = relic.manifest.model_copy(
        update={
            "files": (*relic.manifest.files, FileRecord.of(relic.folder, name)),
            "sources": (SourceRecord(path="a b/<c>\n.ply", role="scan", bytes=1, sha256="0" * 64),),
            "steps": (
                StepRecord(
                    stage='../"x',
                    parameters={"a b": [1, None], "empty": "", "none": None},
                    overridden={"a b": "relic.toml"},
                    skipped=None,
                    before={},
                    after={},
                    figures={},
                    warnings=(),
                ),
            ),
        }
    )
    crate = crate_of(replace(relic, manifest=manifest), tmp_path / "crates")
    assert problems(crate) == UNPUBLISHED
    found = entities(crate)
    assert found["preview/面%20%231%2050%25%E2%80%AE%3F.webp"]["name"] == name
    assert found["#step/1/a%20b"]["value"] == "[1, null]"
    assert found["#step/1/a%20b"]["description"] == "relic.toml"
    assert found["#step/1/empty"]["name"] == "empty"
    assert "#step/1/none" not in found
    assert found["#stage/1"]["value"] == '../"x'
    assert (rocrate.ROCrate(crate).source / name).is_file()


def test_a_file_in_the_place_of_the_description_is_refused(relic: Exported, tmp_path: Path) -> None:
    for name in ("ro-crate-metadata.json", "Relic.json"):
        shutil.copy(relic.folder / "web" / "low.glb", relic.folder / name)
        files = (*relic.manifest.files, FileRecord.of(relic.folder, name))
        false = replace(relic, manifest=relic.manifest.model_copy(update={"files": files}))
        with pytest.raises(OutputError, match="where the crate's own description goes"):
            ro_crate.write([false], tmp_path, None)


def test_a_file_that_changed_is_refused(relic: Exported, tmp_path: Path) -> None:
    (relic.folder / "web" / "low.glb").write_bytes(b"another")
    with pytest.raises(OutputError, match="SHA-256"):
        ro_crate.write([relic], tmp_path, None)
    assert not (tmp_path / "amphora-12" / "ro-crate-metadata.json").exists()
