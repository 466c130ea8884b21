"""Relics to export: one with all that can be said, one that attacks, and every sample.

None is run: their manifests are what a run writes, with small stand-ins for the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan.metadata.exports.exported import Exported
from relicscan.metadata.figures import DeviationRecord, DistancesRecord
from relicscan.metadata.manifest import (
    FileRecord,
    LevelRecord,
    MasterRecord,
    PipelineRecord,
    relic_manifest,
)
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.metadata.sounds import sound_path
from relicscan.relic import Frame, PointCloud, Relic, Scan, SourceFile, Step

SAMPLES = Path(__file__).resolve().parents[3] / "samples"

FIVE = ("zh-Hans", "en", "de", "fr", "it")


def said(**words: str) -> dict[str, str]:
    return {tag.replace("_", "-"): text for tag, text in words.items()}


#: Everything that a relic.toml can say of an object, in five languages and one that runs from
#: right to left.
EVERYTHING: dict[str, Any] = {
    "id": "amphora-12",
    "languages": list(FIVE),
    "object": {
        "title": said(
            zh_Hans="彩绘双耳瓶",
            en="Painted amphora",
            de="Bemalte Amphora",
            fr="Amphore peinte",
            it="Anfora dipinta",
            ar="أمفورة ملونة",
        ),
        "description": said(
            zh_Hans="双耳，战士与战车。",
            en="Two handles; a warrior & his chariot <front>.",
            de="Zwei Henkel; ein Krieger.",
            fr="Deux anses ; un guerrier.",
            it="Due anse; un guerriero.",
        ),
        "type": {
            "aat": "http://vocab.getty.edu/aat/300148696",
            "label": said(en="amphora", zh_Hans="双耳瓶", de="Amphora", fr="amphore", it="anfora"),
        },
        "material": said(
            en="fired clay", zh_Hans="陶", de="Ton", fr="terre cuite", it="terracotta"
        ),
        "culture": said(en="Greek", zh_Hans="希腊", de="griechisch", fr="grec", it="greca"),
        "place": said(en="Attica", zh_Hans="阿提卡", de="Attika", fr="Attique", it="Attica"),
        "maker": said(en="Amasis Painter", zh_Hans="阿马西斯画家", de="Amasis-Maler"),
        "inventory_number": "1926.12",
        "dating": {
            "edtf": "-0529/-0519",
            "display": said(en="530–520 BC", zh_Hans="公元前530–520年", de="530–520 v. Chr."),
        },
        "dimension": [
            {"kind": "height", "value": "42.0", "unit": "cm", "uncertainty": "0.1"},
            {
                "kind": "diameter",
                "value": "18.55",
                "unit": "cm",
                "part": said(en="mouth", zh_Hans="口径", de="Mündung"),
            },
        ],
        "represents": "existing state",
    },
    "museum": {
        "name": said(
            zh_Hans="示例博物馆",
            en="Sample Museum",
            de="Beispielmuseum",
            fr="Musée exemple",
            it="Museo esempio",
        ),
        "url": "https://museum.example/",
        "id": "XX-000001",
    },
    "rights": {
        "object": {
            "uri": "https://creativecommons.org/publicdomain/mark/1.0/",
            "holder": said(en="Sample Museum", zh_Hans="示例博物馆"),
        },
        "digital": {
            "uri": "https://creativecommons.org/licenses/by/4.0/",
            "holder": said(en="Sample Museum", zh_Hans="示例博物馆"),
            "attribution": said(en="Sample Museum, 2026", zh_Hans="示例博物馆，2026"),
            "restrictions": said(en="No advertising.", de="Keine Werbung."),
        },
    },
    "capture": {
        "method": said(en="structured light", zh_Hans="结构光", de="Streifenlicht"),
        "device": "Sample Scanner 3",
        "software": "Sample Studio 5.1",
        "operator": "team 2",
        "date": "2026-05-01",
        "calibration": said(en="on the day"),
        "scale": "measured",
        "scale_basis": said(en="scale bar of 500 mm", zh_Hans="500 毫米标尺"),
        "notes": said(en="The foot was not seen."),
    },
    "scan": {"unit": "mm", "up": "+Z", "front": "-Y"},
    "hotspot": [
        {
            "id": "handle",
            "position": [-80.0, 0.0, 310.0],
            "normal": [-1.0, 0.0, 0.0],
            "camera": {"position": [-400.0, 0.0, 330.0]},
            "title": said(en="Handle", zh_Hans="把手", de="Henkel", fr="Anse", it="Ansa"),
            "text": said(en="A fingerprint.", zh_Hans="一枚指纹。", de="Ein Fingerabdruck."),
            "audio": said(en="audio/handle-en.mp3", zh_Hans="audio/handle-zh.mp3"),
        },
        {"id": "foot", "position": [0.0, -60.0, 5.0], "title": said(en="Foot", zh_Hans="足")},
    ],
    "tour": [
        {
            "id": "around",
            "title": said(en="Around", zh_Hans="环绕", de="Rundgang"),
            "text": said(en="From handle to foot."),
            "steps": ["handle", "foot", "handle"],
        }
    ],
    "related": [
        {"relation": "pair of", "id": "amphora-13", "label": said(en="The other one")},
        {"relation": "see", "uri": "https://museum.example/amphora"},
    ],
}

#: Texts that would do something where they are not carried as texts.
ATTACKS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "formula": '=HYPERLINK("http://evil.example","click")',
    "plus": "+1+1|' /C calc'!A0",
    "entity": '&xxe; <!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]> ]]>',
    "ansi": "\x1b[31mred\x1b]0;title\x07",
    "override": "photo\u202egnp.exe\u2066",
    "long": "long " * 20_000,
    "newlines": "one\r\ntwo\ttab \"quoted\", 'single'; semicolon",
}


def distinct(stated: Any, path: str = "") -> Any:
    """The same with its path in every text by language, so that none is taken for another."""
    if isinstance(stated, list):
        return [distinct(inside, path) for inside in stated]
    if not isinstance(stated, dict):
        return stated
    below = {key: f"{path}.{key}" for key in stated}
    return {
        key: f"{inside} ({path})"
        if key in ("en", "de", "fr", "it", "ar", "zh-Hans") and not path.endswith("audio")
        else distinct(inside, below[key])
        for key, inside in stated.items()
    }


@pytest.fixture
def export_of(tmp_path: Path) -> Callable[[dict[str, Any]], Exported]:
    """Makes the output of a relic whose relic.toml says what is given."""

    def make(stated: dict[str, Any]) -> Exported:
        return exported(tmp_path / "out", RelicToml.model_validate(stated))

    return make


@pytest.fixture
def relic(export_of: Callable[[dict[str, Any]], Exported]) -> Exported:
    """The relic that says everything."""
    return export_of(EVERYTHING)


@pytest.fixture
def bare(export_of: Callable[[dict[str, Any]], Exported]) -> Exported:
    """A relic that says nothing but its id."""
    return export_of({"id": "unnamed"})


@pytest.fixture
def attacker(export_of: Callable[[dict[str, Any]], Exported]) -> Exported:
    """A relic each of whose texts is an attack."""
    all_of = {f"x-{kind}": text for kind, text in ATTACKS.items()}
    all_of |= {"en": ATTACKS["html"], "zh-Hans": ATTACKS["formula"], "de": ATTACKS["ansi"]}
    stated = json.loads(json.dumps(EVERYTHING))
    stated["id"] = "attacker"
    for part in (
        stated["object"],
        stated["museum"],
        stated["capture"],
        stated["rights"]["digital"],
    ):
        for key, value in part.items():
            if isinstance(value, dict) and "en" in value:
                part[key] = dict(all_of)
    stated["object"]["inventory_number"] = ATTACKS["formula"]
    stated["capture"]["device"] = ATTACKS["html"]
    stated["capture"]["operator"] = ATTACKS["plus"]
    stated["hotspot"][0]["title"] = dict(all_of)
    stated["hotspot"][0]["text"] = dict(all_of)
    return export_of(stated)


@pytest.fixture
def samples(tmp_path: Path) -> list[Exported]:
    """Every sample as a run that went well would leave it."""
    return [
        exported(tmp_path / "out", read_relic_toml(path))
        for path in sorted(SAMPLES.glob("*/relic.toml"))
    ]


def exported(out: Path, toml: RelicToml) -> Exported:
    """The output of a relic: files that stand for models and pictures, and their manifest."""
    assert toml.id is not None
    folder = out / toml.id
    names = [f"web/{n}.glb" for n in ("thumb", "low", "medium", "high")]
    names += ["ar/model.glb", "wechat/low.glb"]
    files = ["ar/model.usdz", "preview/poster.webp", "preview/turn-0.webp"]
    files += [
        sound_path(hotspot.id, tag, given)
        for hotspot in toml.hotspot
        for tag, given in (hotspot.audio or {}).items()
    ]
    for size, name in enumerate(["master/mesh.ply", *names, *files], start=1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"{toml.id} {name} ".encode() * 10 * size)
    turned = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
    distances = DistancesRecord(
        rms_mm=0.05, p95_mm=0.09, max_mm=0.4, rms_of_diagonal=1e-4, p95_of_diagonal=2e-4,
        max_of_diagonal=8e-4, samples=120_000,
    )  # fmt: skip
    deviation = DeviationRecord(
        reference="points", no_mm_because=None, scan_to_level=distances, level_to_scan=distances,
        left_out_share=0.0, left_out_beyond_mm=2.0, left_out_beyond_of_diagonal=0.004,
        filled_area_share=0.001,
    )  # fmt: skip
    relic = Relic(
        id=toml.id,
        scans=(Scan("a", PointCloud(np.zeros((1, 3))), "a.ply"),),
        frame=Frame(
            unit="mm",
            unit_basis="declared in relic.toml",
            T_work_source=np.array(
                [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -210.0], [0, 0, 0, 1]], dtype=float
            ),
            up="+Z",
            up_basis="declared in relic.toml",
            R_model_work=turned,
        ),
        metadata=toml.stated(),
        sources=(
            SourceFile("a.ply", "scan", 99, hashlib.sha256(b"a").hexdigest()),
            SourceFile("relic.toml", "metadata", 12, hashlib.sha256(b"b").hexdigest()),
        ),
        history=(
            Step("remove_outliers", {"neighbours": 12}, before={"points": 9}, after={"points": 8}),
            Step("reconstruct_surface", {"cell_size_spacings": 2.0}, after={"triangles": 9000}),
            Step("decimate", {}, skipped="the scan is small enough"),
        ),
    )
    box = ((-0.09, -0.21, -0.09), (0.09, 0.21, 0.09))
    return Exported(
        relic_manifest(
            relic,
            state="done",
            verdict="pass",
            reproducible=True,
            pipeline=PipelineRecord.of("web", {"name": "web", "stages": []}),
            master=MasterRecord.of(
                folder,
                "master/mesh.ply",
                triangles=300_000,
                vertices=150_000,
                bounds=((-90.0, -90.0, -210.0), (90.0, 90.0, 210.0)),
            ),
            levels=[
                LevelRecord.of(
                    folder,
                    name,
                    target=name.split("/")[0],
                    name=Path(name).stem,
                    surface=Path(name).stem,
                    ceiling=10_000 * (number + 1),
                    triangles=9_000 * (number + 1),
                    vertices=4_600 * (number + 1),
                    bounds_m=box,
                    texture_side=512 * 2 ** min(number, 3),
                    image_quality=80,
                    maps=("base_color", "normal"),
                    gpu_bytes=1_000_000 * (number + 1),
                    deviation=deviation,
                )
                for number, name in enumerate(names)
            ],
            files=[FileRecord.of(folder, name) for name in files],
        ),
        folder,
    )
