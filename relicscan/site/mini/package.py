"""The files of a mini-programme's project: pages of both platforms from one source, data, limits.

Templates are written once: `@if`, `@for`, `@key` and `@tap` become the platform's own words,
`<said of="x"/>` a text with the mark of its language, `<cards of="x"/>` a list of relics, and
`<stage/>` the model. Texts are in the data alone, which is JSON inside a module: a path given to
`require` must stand in the source, so every file has its line in languages.js.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from typing import Any

PAGES = ("home", "museum", "relic", "tour", "about")

#: Bytes of package/engine/galacean.js once it is built, rounded up: 1,231,765 with engine 1.6.13.
ENGINE_BYTES = 1_300_000

#: What the platforms call things: template, style, and the words of templates.
_SUFFIXES = {"alipay": (".axml", ".acss"), "wechat": (".wxml", ".wxss")}
_WORDS = {
    "alipay": {"@if": "a:if", "@for": "a:for", "@key": "a:key", "@tap": "onTap"},
    "wechat": {"@if": "wx:if", "@for": "wx:for", "@key": "wx:key", "@tap": "bindtap"},
}
_TOUCHES = {
    "alipay": 'onTouchStart="touchStart" catchTouchMove="touchMove" onTouchEnd="touchEnd" '
    'onTouchCancel="touchEnd"',
    "wechat": 'bindtouchstart="touchStart" catchtouchmove="touchMove" bindtouchend="touchEnd" '
    'bindtouchcancel="touchEnd"',
}
_CANVAS = {
    "alipay": '<canvas class="stage-canvas" id="stage" type="webgl" onReady="stageReady"/>',
    "wechat": '<relic-scene class="stage-canvas" id="stage" disable-scroll '
    'width="{{stage.renderWidth}}" height="{{stage.renderHeight}}" '
    'style="width:{{stage.width}}px;height:{{stage.height}}px" bind:ready="stageReady"/>',
}
_STAGE = """<view class="stage">
    {canvas}
    <image class="stage-poster" @if="{{{{poster && state !== 'shown'}}}}" src="{{{{poster}}}}" \
mode="aspectFit"/>
    <view class="stage-touch" {touches}></view>
    <view class="stage-told" @if="{{{{state === 'loading'}}}}">{{{{words.loading}}}}</view>
    <view class="stage-told" @if="{{{{state === 'failed'}}}}">{{{{words.failed}}}}</view>
  </view>"""
_SAID = (
    r'<text class="{{\1.dir}}" selectable="{{true}}">{{\1.text}}</text>'
    r'<text class="other" @if="{{\1.other}}">{{\1.other}}</text>'
)
_CARDS = r"""<view class="cards">
    <view class="card" @for="{{\1}}" @key="n" data-n="{{item.n}}" @tap="openRelic">
      <image class="card-picture" @if="{{item.thumb}}" src="{{item.thumb}}" mode="aspectFit"/>
      <view class="row-title"><said of="item.title"/></view>
      <view class="quiet"><said of="item.date"/></view>
    </view>
  </view>"""

_ROOT = package_files("relicscan") / "site" / "mini"


def project(
    platform: str, things: Mapping[str, Any], texts: Sequence[Mapping[str, Any]]
) -> dict[str, bytes]:
    """Every file of the project but its pictures, by path. `texts` are by language, in order."""
    title = texts[0]["title"]["text"][:30]
    template, style = _SUFFIXES[platform]
    found = {
        "app.js": (_ROOT / "shared" / "app.js").read_bytes(),
        f"app{style}": (_ROOT / "shared" / "style.css").read_bytes(),
        **_read(_ROOT / "shared" / "lib", "lib"),
        **_read(_ROOT / platform / "lib", "lib"),
        **_data(things, texts),
        **(_alipay(title) if platform == "alipay" else _wechat(title)),
    }
    for page in PAGES:
        source = _ROOT / "shared" / "pages" / page
        path = f"pages/{page}/{page}"
        found[f"{path}.js"] = (source / f"{page}.js").read_bytes()
        found[path + template] = _template(platform, source / f"{page}.xml").encode()
        scene = {"relic-scene": "/components/relic-scene/index"}
        uses = scene if platform == "wechat" and page in ("relic", "tour") else {}
        found[f"{path}.json"] = _json({"usingComponents": uses})
    return found


def engine() -> dict[str, bytes]:
    """The folder that builds the engine for Alipay from npm."""
    return _read(_ROOT / "alipay" / "engine", "engine")


def _read(folder: Traversable, at: str) -> dict[str, bytes]:
    return {f"{at}/{one.name}": one.read_bytes() for one in folder.iterdir() if one.is_file()}


def _template(platform: str, source: Traversable) -> str:
    stage = _STAGE.format(canvas=_CANVAS[platform], touches=_TOUCHES[platform])
    text = source.read_text(encoding="utf-8").replace("<stage/>", stage)
    text = re.sub(r'<cards of="([\w.]+)"/>', _CARDS, text)
    text = re.sub(r'<said of="([\w.]+)"/>', _SAID, text)
    for ours, theirs in _WORDS[platform].items():
        text = text.replace(f"{ours}=", f"{theirs}=")
    return text


def _alipay(title: str) -> dict[str, bytes]:
    return {
        "app.json": _json({"pages": _paths(), "window": {"defaultTitle": title}}),
        "mini.project.json": _json({"format": 2, "compileOptions": {"component2": True}}),
        "engine/galacean.js": (_ROOT / "alipay" / "galacean.js").read_bytes(),
    }


def _wechat(title: str) -> dict[str, bytes]:
    """`appid` is WeChat's own stand-in, with which its tools open a project but do not upload it;
    xr-frame is stable from 2.32.0 on.
    """
    settings = {
        "appid": "touristappid",
        "compileType": "miniprogram",
        "libVersion": "2.32.1",
        "projectname": "relics",
        "setting": {"es6": True, "minified": True, "urlCheck": True},
    }
    app = {
        "pages": _paths(),
        "window": {"navigationBarTitleText": title},
        "lazyCodeLoading": "requiredComponents",
    }
    scene = _ROOT / "wechat" / "components" / "relic-scene"
    return {
        "app.json": _json(app),
        "project.config.json": _json(settings),
        **_read(scene, "components/relic-scene"),
    }


def _paths() -> list[str]:
    return [f"pages/{page}/{page}" for page in PAGES]


def _data(things: Mapping[str, Any], texts: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    names = [f"language-{n}" for n in range(len(texts))]
    lines = "".join(f"  () => require('./{name}.js'),\n" for name in names)
    return {
        "data/things.js": _module(things),
        "data/languages.js": f"module.exports = [\n{lines}];\n".encode(),
        **{f"data/{name}.js": _module(said) for name, said in zip(names, texts, strict=True)},
    }


def _module(data: Any) -> bytes:
    """Data as a module. JSON is JavaScript but for two ends of lines that old engines take for
    such inside a text (ECMA-262, 2019).
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"module.exports = {text};\n".encode()


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=2).encode() + b"\n"
