"""RO-Crate: read by the library rocrate, true in every field, harmless whatever is in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from relicscan.errors import OutputError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.exports import ro_crate
from relicscan.metadata.exports.exported import PARTS, Exported, Loss, stated_fields
from relicscan.metadata.manifest import FileRecord, SourceRecord, StepRecord
from tests.metadata.exports.test_ro_crate_check import (
    UNPUBLISHED,
    as_list,
    crate_of,
    entities,
    problems,
    read,
)

rocrate = pytest.importorskip("rocrate.rocrate")

GOLDEN = Path(__file__).parent / "golden" / "ro-crate-metadata.json"


def pinned(relic: Exported) -> Exported:
    """The relic as made by software of one version, whatever is installed here."""
    versions = {"relicscan": "2.0.0", "python": "3.11.9", "numpy": "2.4.0"}
    return replace(relic, manifest=relic.manifest.model_copy(update={"versions": versions}))


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
    assert [action.type for action in way] == ["Action", *["CreateAction"] * 3]
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
    numpy = crate.get("https://pypi.org/project/numpy/")
    assert numpy in outliers["instrument"]["softwareRequirements"]
    assert (numpy["name"], numpy["url"], numpy["version"]) == ("numpy", numpy.id, "2.4.0")
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


def test_a_scan_has_its_media_type(relic: Exported, tmp_path: Path) -> None:
    sources = [
        SourceRecord(path=path, role="scan", bytes=1, sha256="0" * 64)
        for path in ("a.JPG", "a.ply")
    ]
    manifest = relic.manifest.model_copy(update={"sources": tuple(sources)})
    found = entities(crate_of(replace(relic, manifest=manifest), tmp_path / "crates"))
    assert found["#source/a.JPG"]["encodingFormat"] == "image/jpeg"
    assert "encodingFormat" not in found["#source/a.ply"]


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


def test_an_unknown_device_is_not_made_up(
    export_of: Callable[[dict[str, Any]], Exported], tmp_path: Path
) -> None:
    relic = export_of({"id": "a", "capture": {"date": "2026", "operator": "x"}})
    folder = tmp_path / "crates"
    folder.mkdir()
    lost = ro_crate.write([relic], folder, None)
    assert "capture.device" not in {loss.field for loss in lost}
    assert "instrument" not in entities(folder / "a")["#capture"]
    assert "#device" not in entities(folder / "a")
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
