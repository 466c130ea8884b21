"""Mini-programmes: their structure, texts and limits, and their scripts under a stand-in for the
platform.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from relicscan.delivery.target import read_target
from relicscan.errors import OutputError, PipelineError, ScanError
from relicscan.metadata.canonical import file_sha256, write_json_atomically
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import RelicManifest
from relicscan.site.mini import package
from relicscan.site.mini import publish as mini
from relicscan.site.mini.publish import publish_mini
from tests.metadata.exports.conftest import ATTACKS
from tests.site.outputs import everything, write_output

URL = "https://cdn.museum.example/relics"
STAND_IN = Path(__file__).with_name("mini_stand_in.js")

HOSTILE = {
    "zh-Hans": "{{ 7*7 }}\u2028</text><script>alert(1)</script>\\u0022'\"`${1}",
    "en": ATTACKS["html"],
    "de": ATTACKS["ansi"],
    "ar": "\u202egnp.exe أمفورة",
}
TOUR = """
title = { en = "Shown", zh-Hans = "展览" }
contact = "desk@museum.example"

[[theme]]
id = "pair"
title = { zh-Hans = "成对" }
relics = ["cup", "jar"]

[[tour]]
id = "both"
title = { zh-Hans = "导览", en = "Tour" }

[[tour.step]]
relic = "cup"
hotspot = "handle"

[[tour.step]]
relic = "jar"
text = { en = "Look." }
camera = { position = [0.0, 0.2, 1.0], target = [0.0, 0.2, 0.0] }
"""


def with_alipay(out: Path, *ids: str) -> Path:
    """The same output with two levels for Alipay: the web's, under that target's name."""
    for one in ids:
        folder = out / one
        stated = json.loads((folder / "relic.json").read_text())
        web = [level for level in stated["levels"] if level["target"] == "web"][:2]
        (folder / "alipay").mkdir()
        for name, level in zip(("low", "medium"), web, strict=True):
            path = f"alipay/{name}.glb"
            shutil.copy(folder / level["path"], folder / path)
            sha256 = file_sha256(folder / path)
            stated["levels"].append(
                level | {"path": path, "target": "alipay", "name": name, "sha256": sha256}
            )
        (folder / "relic.json").write_text(json.dumps(stated))
    return reindexed(out, *ids)


def reindexed(out: Path, *ids: str) -> Path:
    """The index once more, after manifests were changed by hand."""
    manifests = [
        RelicManifest.model_validate_json((out / one / "relic.json").read_bytes()) for one in ids
    ]
    for one, manifest in zip(ids, manifests, strict=True):
        write_json_atomically(out / one / "relic.json", manifest)
    merge_index(out, [IndexEntry.of(manifest) for manifest in manifests])
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both platforms' packages of three relics, one of which has no model for Alipay."""
    folder = tmp_path_factory.mktemp("mini")
    told: dict[str, Any] = {
        "object__title": HOSTILE,
        "object__description": HOSTILE,
        "museum__name": HOSTILE,
    }
    told["hotspot"] = [
        {"id": "rim", "position": [0.0, 0.0, 0.0], "title": HOSTILE, "text": HOSTILE}
    ]
    told["tour"] = []
    out = write_output(
        folder / "out", everything("cup"), everything("jar", **told), everything("web-only")
    )
    with_alipay(out, "cup", "jar")
    (folder / "exhibition.toml").write_text(TOUR)
    for target in ("alipay", "wechat"):
        published(folder, target)
    return folder


def published(folder: Path, target: str, to: str | None = None, **asked: Any) -> mini.MiniPublished:
    return publish_mini(
        folder / "out",
        folder / (to or target),
        target=target,
        **{"base_url": f"{URL}/", "exhibition": folder / "exhibition.toml", **asked},
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file()
    }


def data(package_folder: Path, name: str) -> Any:
    """A module of data, which is JSON."""
    text = (package_folder / "data" / f"{name}.js").read_text(encoding="utf-8")
    assert text.startswith("module.exports = ")
    assert text.endswith(";\n")
    return json.loads(text[len("module.exports = ") : -2])


TARGETS = pytest.mark.parametrize("target", ["alipay", "wechat"])


@TARGETS
def test_every_page_has_its_files_and_every_name_in_them_is_there(
    folder: Path, target: str
) -> None:
    project = folder / target / "package"
    template, style = {"alipay": ("axml", "acss"), "wechat": ("wxml", "wxss")}[target]
    app = json.loads((project / "app.json").read_text())
    assert app["pages"] == [f"pages/{p}/{p}" for p in ("home", "museum", "relic", "tour", "about")]
    for page in app["pages"]:
        for suffix in (template, "js", "json"):
            assert (project / f"{page}.{suffix}").is_file()
        uses = json.loads((project / f"{page}.json").read_text())["usingComponents"]
        for component in uses.values():
            for suffix in (template, "js", "json"):
                assert (project / f"{component[1:]}.{suffix}").is_file()
    assert (project / f"app.{style}").is_file()
    named = {"alipay": "mini.project.json", "wechat": "project.config.json"}[target]
    json.loads((project / named).read_text())
    for script in project.rglob("*.js"):
        for path in re.findall(r"require\('([^']+)'\)", script.read_text()):
            assert (script.parent / path).is_file(), (script, path)


@TARGETS
def test_templates_bind_what_scripts_offer_in_the_platforms_own_words(
    folder: Path, target: str
) -> None:
    for template in (folder / target / "package" / "pages").glob("*/*.?xml"):
        text = template.read_text()
        script = template.with_suffix(".js").read_text()
        script += (folder / target / "package" / "lib" / "stage.js").read_text()
        assert "@" not in text
        assert "<said" not in text
        ours, other = ("a:", "wx:") if target == "alipay" else ("wx:", "a:")
        assert f" {ours}for=" in text or template.stem == "tour"
        assert not re.search(rf"[\s]{other}(for|if|key)=", text)
        tapped = set(re.findall(r'(?:onTap|bindtap|[tT]ouch\w+|onReady|bind:ready)="(\w+)"', text))
        assert tapped or template.stem == "about"
        for method in tapped:
            assert re.search(rf"\n\s+{method}\(", script), (template, method)


@TARGETS
def test_models_are_the_targets_own_and_lie_where_the_package_looks(
    folder: Path, target: str
) -> None:
    things = data(folder / target / "package", "things")
    ids = ["cup", "jar"] if target == "alipay" else ["cup", "jar", "web-only"]
    assert [relic["id"] for relic in things["relics"]] == ids
    uploaded = contents(folder / target / "files")
    for relic in things["relics"]:
        names = [level["url"].removeprefix(f"{URL}/") for level in relic["levels"]]
        given = sorted((folder / "out" / relic["id"] / target).glob("*.glb"))
        assert [uploaded[name] for name in names] == [one.read_bytes() for one in given]
        assert [level["bytes"] for level in relic["levels"]] == [len(uploaded[n]) for n in names]
        poster = uploaded[relic["poster"].removeprefix(f"{URL}/")]
        assert Image.open(io.BytesIO(poster)).format == "JPEG"
        thumb = folder / target / "package" / relic["thumb"].removeprefix("/")
        with Image.open(thumb) as picture:
            assert picture.size == (300, 300)
            # The disc of the poster on the colour of the pages.
            seen = np.asarray(picture.convert("RGB")).astype(int)
            assert np.abs(seen[2, 2] - (245, 242, 236)).max() <= 3
            assert np.abs(seen[150, 150] - (180, 90, 40)).max() <= 6


def test_a_relic_without_the_targets_models_is_left_out_with_the_remedy(folder: Path) -> None:
    found = published(folder, "alipay", "again")
    (left,) = found.left_out
    assert (left.relic, left.reason) == ("web-only", "it has no model for alipay")
    assert 'targets = ["web", "alipay"]' in (left.remedy or "")
    assert found.remarks == ("sounds are not part of a mini-programme",)
    write_output(folder / "bare", everything("cup"))
    with pytest.raises(OutputError, match="none of its 1 relics") as caught:
        publish_mini(folder / "bare", folder / "none", target="alipay", base_url=URL)
    assert 'targets = ["web", "alipay"]' in (caught.value.remedy or "")
    assert not (folder / "none").exists()


@TARGETS
def test_a_damaged_model_is_left_out_and_not_uploaded(
    folder: Path, target: str, tmp_path: Path
) -> None:
    shutil.copytree(folder / "out", tmp_path / "out")
    shutil.copy(folder / "exhibition.toml", tmp_path)
    (tmp_path / "out" / "jar" / target / "low.glb").write_bytes(b"another")
    found = published(tmp_path, target)
    assert "jar" in {one.relic for one in found.left_out}
    assert b"another" not in contents(tmp_path / target / "files").values()


@TARGETS
def test_same_input_same_bytes_and_a_package_is_replaced_as_a_whole(
    folder: Path, target: str
) -> None:
    before = contents(folder / target)
    (folder / target / "package" / "left.js").write_text("old")
    published(folder, target)
    assert contents(folder / target) == before
    (folder / "foreign").mkdir(exist_ok=True)
    (folder / "foreign" / "thesis.txt").write_text("mine")
    with pytest.raises(OutputError, match="no published mini-programme"):
        published(folder, target, "foreign")
    with pytest.raises(OutputError, match="does not lie in the output folder"):
        published(folder, target, "out/mini")


def test_texts_of_relics_are_data_alone(folder: Path) -> None:
    """In no template, script, style or path; what could end a line of a script is escaped."""
    for target in ("alipay", "wechat"):
        for path, content in contents(folder / target).items():
            if path.startswith("package/data/language-"):
                assert "\u2028" not in content.decode()
            elif path != "mini.json" and not path.endswith((".jpg", ".glb")):
                for text in ("alert", "gnp.exe", "7*7", "\x1b", "彩绘"):
                    assert text not in content.decode(), path
        said = data(folder / target / "package", "language-0")["relics"][1]["title"]
        assert said == {"text": HOSTILE["zh-Hans"], "other": "", "dir": ""}


def test_chinese_comes_first_and_what_is_in_another_language_says_so(folder: Path) -> None:
    project = folder / "wechat" / "package"
    things = data(project, "things")
    assert [one["tag"] for one in things["languages"]] == ["zh-Hans", "en", "de", "fr", "it"]
    chinese, french = (data(project, f"language-{n}") for n in (0, 3))
    cup = chinese["relics"][0]
    assert cup["title"]["text"] == "彩绘双耳瓶"
    assert cup["spots"][0] == {
        "title": {"text": "把手", "other": "", "dir": ""},
        "text": {"text": "一枚指纹。", "other": "", "dir": ""},
    }
    assert french["relics"][0]["spots"][1]["title"] == {
        "text": "足",
        "other": "langue\u202f: 简体中文",
        "dir": "",
    }
    sizes = [fact["value"]["text"] for fact in cup["facts"] if fact["label"] == "尺寸"]
    assert sizes[0] == "高 42.0 cm, 直径 18.55 cm (口径) (据目录记载)"
    assert sizes[1].startswith("高 42.0\u00a0cm, 宽 18.0\u00a0cm, 深 18.0\u00a0cm")
    assert cup["rights"][1]["licence"] == "CC BY 4.0"
    assert cup["citation"].startswith("示例博物馆，2026. 彩绘双耳瓶 (1926.12)")
    assert cup["truth"][0].startswith("最精细的模型与扫描数据的偏差为0.050")
    assert things["tours"][0]["steps"] == [
        {"relic": 0, "camera": things["relics"][0]["spots"][0]["camera"]},
        {"relic": 1, "camera": {"position": [0.0, 0.2, 1.0], "target": [0.0, 0.2, 0.0]}},
    ]
    assert chinese["tours"][0]["steps"][0]["place"] == "第1站，共2站"


def test_a_hotspot_without_a_camera_is_looked_at_from_outside(folder: Path) -> None:
    things = data(folder / "wechat" / "package", "things")
    cup = things["relics"][0]
    low, high = np.array(cup["bounds"])
    given, made = (spot["camera"] for spot in cup["spots"])
    assert np.allclose(given["position"], (-0.4, 0.12, 0), atol=1e-6)
    away = np.subtract(made["position"], made["target"])
    outwards = np.subtract(made["target"], (low + high) / 2)
    assert away @ outwards == pytest.approx(np.linalg.norm(away) * np.linalg.norm(outwards))
    assert np.linalg.norm(away) == pytest.approx(0.8 * np.linalg.norm(high - low), rel=1e-4)


@TARGETS
@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"base_url": None}, "nothing says from where"),
        ({"base_url": "http://cdn.museum.example"}, "no address that a mini-programme"),
        ({"base_url": "https://cdn.museum.example/a?b"}, "no address that a mini-programme"),
        ({"base_url": 'https://cdn.museum.example/"'}, "no address that a mini-programme"),
        ({"target": "web"}, "'web' is no mini-programme"),
    ],
)
def test_a_wrong_address_or_target_is_told_before_anything_is_read(
    tmp_path: Path, target: str, asked: dict[str, Any], why: str
) -> None:
    given = {"target": target, "base_url": URL, **asked}
    with pytest.raises(PipelineError, match=re.escape(why)) as caught:
        publish_mini(tmp_path / "out", tmp_path / "to", **given)
    assert caught.value.remedy


@TARGETS
def test_pictures_that_do_not_fit_are_uploaded_and_texts_that_do_not_are_refused(
    folder: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = published(folder, target, "sized")
    thumbs = sum(p.stat().st_size for p in (folder / "sized/package/thumbs").iterdir())
    assert full.package_bytes <= full.limit_bytes == read_target(target).limits.max_total_bytes
    later = package.ENGINE_BYTES if target == "alipay" else 0
    project = sum(map(len, contents(folder / "sized" / "package").values()))
    assert full.package_bytes == project + later

    def limited(limit: int) -> mini.MiniPublished:
        stated = read_target(target)
        limits = stated.limits.model_copy(update={"max_total_bytes": limit})
        monkeypatch.setattr(
            mini, "read_target", lambda _: stated.model_copy(update={"limits": limits})
        )
        return published(folder, target, "sized")

    small = limited(full.package_bytes - thumbs // 2)
    assert not (folder / "sized" / "package" / "thumbs").exists()
    assert small.package_bytes <= small.limit_bytes
    assert any("small pictures do not fit" in remark for remark in small.remarks)
    for relic in data(folder / "sized" / "package", "things")["relics"]:
        name = relic["thumb"].removeprefix(f"{URL}/")
        assert (folder / "sized" / "files" / name).is_file()
    before = contents(folder / "sized")
    with pytest.raises(OutputError, match=r"texts in 5 languages are [\d,]+ of them") as caught:
        limited(full.package_bytes - thumbs - 5000)
    assert "fewer languages" in (caught.value.remedy or "")
    assert contents(folder / "sized") == before


def test_an_exhibition_that_names_nothing_is_told(folder: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "exhibition.toml"
    wrong.write_text('[[theme]]\nid = "x"\ntitle = { en = "X" }\nrelics = ["nowhere"]\n')
    with pytest.raises(ScanError, match="no such relic"):
        published(folder, "wechat", "never", exhibition=wrong)


@TARGETS
def test_pages_run_under_a_stand_in_for_the_platform(folder: Path, target: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no page was run: there is no node (apt-get install nodejs)")
    project = folder / target / "package"
    ran = subprocess.run(
        [node, STAND_IN, project, target], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    said, found = answer["said"], answer["found"]
    things, chinese = data(project, "things"), data(project, "language-0")
    assert found["home"]["title"]["text"] == "展览"
    assert found["english"]["text"] == "Shown"
    assert said["stored"] == "zh-Hans"
    assert [card["title"] for card in found["home"]["relics"]] == [
        chinese["relics"][n]["title"] for n in things["selected"]
    ]
    assert said["went"][:4] == [
        "/pages/museum/museum?n=1",
        "/pages/tour/tour?id=both",
        "/pages/relic/relic?id=jar",
        "/pages/about/about",
    ]
    assert found["museum"]["group"] == chinese["groups"][1]
    assert found["about"]["contact"] == "desk@museum.example"
    cup = things["relics"][0]
    detail = cup["spots"][0]["camera"]
    assert np.allclose(found["detail"], [detail["position"], detail["target"]], atol=1e-5)
    assert np.allclose(*found["first"])
    eye, target_at = np.array(found["first"][0])
    turned = np.array(found["turned"][0]) - target_at
    # Half a stage is a quarter turn, and the height stays.
    assert turned @ ((eye - target_at) * (1, 0, 1)) == pytest.approx(0, abs=1e-9)
    assert turned[1] == pytest.approx((eye - target_at)[1])
    nearer = np.array(found["nearer"][0]) - target_at
    assert np.linalg.norm(nearer) == pytest.approx(np.linalg.norm(turned) / 2)
    assert said["copied"] == chinese["relics"][0]["citation"]
    assert found["relic"]["state"] == "shown"
    levels = [level["url"] for level in cup["levels"]]
    assert said["loaded"][: len(levels)] == levels
    assert said["closed"]
    assert found["tour"]["step"] == chinese["tours"][0]["steps"][1]
    assert (found["tour"]["first"], found["tour"]["last"]) == (False, True)
    assert said["loaded"][-1] == things["relics"][1]["levels"][0]["url"]
    assert np.allclose(found["step"], [[0.0, 0.2, 1.0], [0.0, 0.2, 0.0]])
    assert found["lost"] == "failed"
