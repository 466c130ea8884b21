"""A spreadsheet, a share of scans, one command: what was written once is in everything."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from tiny_scans import sphere, write_ply

from relicscan.batch.export import export
from relicscan.batch.run import run
from relicscan.batch.sign import new_key, sign
from relicscan.batch.verify import verify
from relicscan.metadata.canonical import digest
from relicscan.metadata.described import described_part

BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("share")
    for name in ("bowl", "cup"):
        (root / name).mkdir()
        write_ply(root / name / "a.ply", sphere(3000))
    (root / "catalogue.csv").write_text(
        "folder;title@en;title@zh-Hans;height;edtf\n"
        "bowl;Bowl;碗;400 cm;-5999/-5000\n"
        "cup;Cup;杯;;530 BC\n",
        encoding="utf-8-sig",
    )
    (root / "defaults.toml").write_text(
        f"[museum]\nname.en = 'M'\nname.zh-Hans = '馆'\n[scan]\nunit = 'mm'\nup = '+Z'\n"
        f"[rights.digital]\nuri = '{BY}'\nattribution.en = 'M, 2026'\nattribution.zh-Hans = '馆'\n"
    )
    outcomes = run(root, root / "out")
    assert {outcome.id: outcome.state for outcome in outcomes} == {
        "bowl": "done",
        "cup": "rejected",
    }
    return root / "out"


def manifest(out: Path) -> dict[str, object]:
    data: dict[str, object] = json.loads((out / "bowl" / "relic.json").read_text(encoding="utf-8"))
    return data


def test_the_manifest_says_who_said_what(out: Path) -> None:
    said = manifest(out)
    assert said["metadata_sources"]["object.title.zh-Hans"] == "catalogue.csv row 2"  # type: ignore[index]
    assert said["metadata_sources"]["museum.name.en"] == "defaults.toml"  # type: ignore[index]
    assert said["units"]["scale"] == "declared"  # type: ignore[index]


def test_a_height_that_is_not_the_model_s_is_told(out: Path) -> None:
    said = manifest(out)
    (height,) = said["dimensions"]  # type: ignore[misc]
    assert height["agrees"] is False  # type: ignore[index]
    assert any("catalogue says height 4000 mm" in text for text in said["warnings"])  # type: ignore[attr-defined]


def test_the_model_carries_it(out: Path) -> None:
    content = (out / "bowl" / "web" / "low.glb").read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    gltf = json.loads(content[20 : 20 + length])
    assert gltf["asset"]["copyright"] == "M, 2026"
    packet = gltf["extensions"]["KHR_xmp_json_ld"]["packets"][0]
    assert "碗" in json.dumps(packet, ensure_ascii=False)
    assert packet["xmpRights:WebStatement"] == BY
    described = digest(described_part(manifest(out)["metadata"]))  # type: ignore[arg-type]
    assert gltf["asset"]["extras"]["metadata_sha256"] == described


def test_it_leaves_in_every_language(out: Path, tmp_path: Path) -> None:
    export("lido", out, tmp_path / "lido")
    assert "碗" in (tmp_path / "lido" / "bowl" / "lido.xml").read_text(encoding="utf-8")
    found = export("csv", out, tmp_path / "csv")
    assert (found.relics, found.left_out, found.losses) == (("bowl",), ("cup",), ())


def test_it_is_the_museum_s(out: Path, tmp_path: Path) -> None:
    key = new_key(tmp_path / "museum.pem")
    sign(out, key.private)
    assert verify(out, public_key=key.public) == []
    with (out / "bowl" / "relic.json").open("ab") as stream:
        stream.write(b" ")
    assert any("bowl" in difference.path for difference in verify(out, public_key=key.public))
