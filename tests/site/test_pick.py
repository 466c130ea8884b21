"""What is picked on a model comes out where it is on the scan; nobody else picks."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from metadata.exports.conftest import EVERYTHING, exported

from relicscan.errors import OutputError
from relicscan.metadata.canonical import canonical_json, write_json_atomically
from relicscan.metadata.exhibition import read_exhibition
from relicscan.metadata.exports.exported import placed_hotspots
from relicscan.metadata.index import Index, IndexEntry, write_index
from relicscan.metadata.manifest import FrameRecord, RelicManifest
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.site import pick
from relicscan.site.pick import Picked, hotspot_toml, pick_server
from relicscan.site.wire import MAX_BODY
from tests.site.serving import Heard, ask, parsed, running, said

#: Frames as scans have them: millimetres turned, metres at survey coordinates, inches, no unit.
FRAMES = {
    "mm": (0.001, (30.0, -210.0, 5.5)),
    "survey metres": (1.0, (-412_345.678, -5_654_321.987, -118.25)),
    "inches": (0.0254, (1.0, 2.0, 3.0)),
    "no unit": (0.42 / 1000, (0.0, 0.0, -500.0)),
}


def T_model_source(scale: float, source: tuple[float, float, float]) -> np.ndarray:
    """Metres of a model upright (+Y) from a scan upright (+Z), `source` becoming the origin."""
    turn = math.radians(37)
    about_z = np.array(
        [[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]]
    )
    T = np.eye(4)
    T[:3, :3] = scale * np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) @ about_z
    T[:3, 3] = -T[:3, :3] @ np.asarray(source)
    return T


def manifest_in(frame: str, tmp_path: Path) -> tuple[RelicManifest, np.ndarray]:
    relic = exported(tmp_path / "out", RelicToml.model_validate(EVERYTHING)).manifest
    T = T_model_source(*FRAMES[frame])
    record = FrameRecord(up="+Z", up_basis="declared", T_model_source=T.tolist())
    return relic.model_copy(update={"frame": record}), T


def picked(position: Any, normal: Any = (0.0, 0.0, 1.0), **other: Any) -> Picked:
    camera = {"position": (0.1, 0.2, 0.9), "target": (0.01, 0.02, 0.03)}
    stated = {"relic": "amphora-12", "position": position, "normal": normal, "camera": camera}
    return Picked.model_validate_json(json.dumps(stated | other, default=list))


# From the model to the scan


@pytest.mark.parametrize("frame", FRAMES)
def test_a_known_vertex_comes_out_where_it_is_on_the_scan(frame: str, tmp_path: Path) -> None:
    manifest, T = manifest_in(frame, tmp_path)
    scale, origin = FRAMES[frame]
    vertex = np.asarray(origin) + np.array([0.0712345, -0.0512345, 0.1912345]) / scale  # source
    on_model = T[:3, :3] @ vertex + T[:3, 3]
    facing = np.array([0.6, 0.0, 0.8])
    text = hotspot_toml(manifest, picked(on_model, T[:3, :3] @ facing / scale), "spot-1")
    (hotspot,) = tomllib.loads(text)["hotspot"]
    resolution = 1e-5 * np.linalg.norm([0.18, 0.42, 0.18]) / scale
    assert hotspot["id"] == "spot-1"
    np.testing.assert_allclose(hotspot["position"], vertex, atol=resolution, rtol=0)
    np.testing.assert_allclose(hotspot["normal"], facing, atol=1e-4, rtol=0)
    # And no more digits than that: they would claim what nobody saw.
    decimals = max(0, math.ceil(-math.log10(resolution)))
    assert all(value == round(value, decimals) for value in hotspot["position"])


@pytest.mark.parametrize("frame", FRAMES)
def test_what_is_printed_is_placed_where_it_was_picked(frame: str, tmp_path: Path) -> None:
    """The TOML is read as relic.toml is, and goes the way of every hotspot to the model."""
    manifest, _ = manifest_in(frame, tmp_path)
    path = tmp_path / "relic.toml"
    path.write_text(hotspot_toml(manifest, picked((0.05, -0.11, 0.08)), "spot-1"), "utf-8")
    read = manifest.model_copy(update={"metadata": read_relic_toml(path)})
    (spot,) = placed_hotspots(read)
    within = {"atol": 1e-5 * 0.5, "rtol": 0}
    np.testing.assert_allclose(spot.position, (0.05, -0.11, 0.08), **within)
    np.testing.assert_allclose(spot.camera, (0.1, 0.2, 0.9), **within)
    np.testing.assert_allclose(spot.target, (0.01, 0.02, 0.03), **within)
    np.testing.assert_allclose(spot.normal, (0, 0, 1), atol=2e-4)


def test_the_step_of_a_tour_is_in_metres_of_the_model(tmp_path: Path) -> None:
    manifest, _ = manifest_in("inches", tmp_path)
    text = hotspot_toml(manifest, picked((0.0, 0.0, 0.0)), "spot-1")
    head, _, step = text.partition("# [[tour.step]]\n")
    assert "exhibition.toml, in metres of the model" in head
    lines = [line.removeprefix("# ") for line in step.splitlines()]
    path = tmp_path / "exhibition.toml"
    body = "\n".join(['[[tour]]\nid = "a"\ntitle.en = "A"', "[[tour.step]]", *lines])
    path.write_text(body, encoding="utf-8")
    ((camera,),) = [[step.camera for step in tour.step] for tour in read_exhibition(path).tour]
    assert camera is not None
    assert (camera.position, camera.target) == ((0.1, 0.2, 0.9), (0.01, 0.02, 0.03))


def test_without_a_normal_and_what_is_not_on_the_relic(tmp_path: Path) -> None:
    manifest, _ = manifest_in("mm", tmp_path)
    assert "normal" not in hotspot_toml(manifest, picked((0, 0, 0), None), "spot-1")
    with pytest.raises(OutputError, match="not on it"):
        hotspot_toml(manifest, picked((0, 9, 0)), "spot-1")
    with pytest.raises(OutputError, match="no model"):
        hotspot_toml(manifest.model_copy(update={"frame": None}), picked((0, 0, 0)), "spot-1")


# Over the wire


@dataclass
class Open:
    """A desk that is open, and what it has printed."""

    port: int
    secret: str
    printed: list[str] = field(default_factory=list)

    def post(self, body: Any, *, path: str | None = None, **headers: str) -> Heard:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = f"127.0.0.1:{self.port}"
        sent = {
            "Host": own,
            "Origin": f"http://{own}",
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        target = path or f"/{self.secret}/pick"
        lines = [f"POST {target} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items() if v)]
        return parsed(said(self.port, "\r\n".join([*lines, "", ""]).encode() + content))


BODY = {
    "relic": "amphora-12",
    "position": [0, 0.1, 0.05],
    "normal": [0, 0, 1],
    "camera": {"position": [0, 0.1, 0.9], "target": [0, 0, 0]},
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("picked") / "out"
    manifests = [
        exported(out, RelicToml.model_validate(EVERYTHING | {"id": name, "tour": [], **spots}))
        .manifest
        for name, spots in (("amphora-12", {}), ("pick", {"hotspot": [
            {"id": "Spot-1", "position": [0.0, 0.0, 100.0], "title": {"en": "</script><b>&"}},
        ]}))
    ]  # fmt: skip
    for manifest in manifests:
        write_json_atomically(out / manifest.id / "relic.json", manifest)
    index = Index.of([IndexEntry.of(manifest) for manifest in manifests])
    write_index(out, canonical_json(index))
    return out


@pytest.fixture
def desk(out: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    tools = {"viewer.js": b"export {}", "pick.js": b"", "pick.css": b"", "viewer.css": b""}
    monkeypatch.setattr(pick, "_tools", lambda: tools)
    printed: list[str] = []
    server = pick_server(out, port=0, picked=printed.append)
    with running(server) as port:
        yield Open(port, server.desk.secret, printed)


def test_relics_are_listed_and_shown(desk: Open) -> None:
    listed = ask(desk.port, f"/{desk.secret}/")
    assert listed.headers["content-type"] == "text/html; charset=utf-8"
    assert b'<a href="amphora-12/">amphora-12</a>' in listed.body
    shown = ask(desk.port, f"/{desk.secret}/pick/").body.decode()
    _, _, rest = shown.partition('<script type="application/json" id="relic">')
    data = json.loads(rest.partition("</script>")[0])
    assert [level["url"] for level in data["levels"]] == ["web/low.glb", "web/high.glb"]
    assert [spot["id"] for spot in data["hotspots"]] == ["Spot-1"]
    assert "<b>" not in shown
    assert " style=" not in shown  # the policy forbids it
    for name, kind in (("viewer.js", "text/javascript"), ("pick.css", "text/css")):
        heard = ask(desk.port, f"/{desk.secret}/{name}")
        assert (heard.status, heard.headers["content-type"]) == (200, f"{kind}; charset=utf-8")


def test_only_the_models_that_are_shown_are_read(desk: Open, out: Path) -> None:
    below = f"/{desk.secret}/amphora-12"
    heard = ask(desk.port, f"{below}/web/high.glb")
    assert heard.body == (out / "amphora-12" / "web" / "high.glb").read_bytes()
    assert heard.headers["content-type"] == "model/gltf-binary"
    for path in ("relic.json", "master/mesh.ply", "web/thumb.glb", "../index.json", "web/"):
        assert ask(desk.port, f"{below}/{path}").status == 404
    for path in ("index.json", "nothing/", "amphora-12"):
        assert ask(desk.port, f"/{desk.secret}/{path}").status in (200, 404)


def test_a_model_that_is_not_what_was_written_is_not_sent(desk: Open, out: Path) -> None:
    model = out / "amphora-12" / "web" / "low.glb"
    content = model.read_bytes()
    model.write_bytes(content[:-1] + b"?")
    try:
        heard = ask(desk.port, f"/{desk.secret}/amphora-12/web/low.glb")
    finally:
        model.write_bytes(content)
    assert heard.status == 409
    assert b"is not the file that relic.json lists" in heard.body


def test_a_click_is_printed_and_answered_with_the_same(desk: Open) -> None:
    heard = desk.post(BODY)
    assert heard.status == 200
    assert [json.loads(heard.body)["toml"]] == desk.printed
    (hotspot,) = tomllib.loads(desk.printed[0])["hotspot"]
    assert hotspot["position"] == [0.0, -50.0, 310.0]  # the frame of the export tests' relics
    assert hotspot["id"] == "spot-1"
    desk.post(BODY)
    desk.post(BODY | {"relic": "pick"})
    ids = [tomllib.loads(text)["hotspot"][0]["id"] for text in desk.printed]
    assert ids == ["spot-1", "spot-2", "spot-2"]  # the other relic has a Spot-1 of its own


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "null"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
        ({"Content_Length": ""}, 411),
        ({"Content_Length": "-5"}, 411),
        ({"Content_Length": str(MAX_BODY + 1)}, 413),
        ({"Content_Length": "9" * 40}, 411),
        ({"Transfer_Encoding": "chunked"}, 411),
    ],
)
def test_what_another_page_could_send_is_refused(
    desk: Open, headers: dict[str, str], status: int
) -> None:
    assert desk.post(BODY, **headers).status == status
    assert desk.printed == []


@pytest.mark.parametrize("secret", ["", "x", "é", "A" * 22, "pick", "../pick"])
def test_without_the_secret_there_is_nothing(desk: Open, secret: str) -> None:
    assert ask(desk.port, f"/{secret}/amphora-12/").status == 404
    assert ask(desk.port, f"/{secret}/").status == 404
    assert desk.post(BODY, path=f"/{secret}/pick").status == 404
    assert ask(desk.port, "/").status == 404
    assert desk.printed == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{" * 10_000,
        b"\xff",
        BODY | {"position": [0, 0]},
        BODY | {"position": [0, 0, "1"]},
        json.dumps(BODY).replace("0.05", "NaN").encode(),
        json.dumps(BODY).replace("0.05", "1e999").encode(),
        BODY | {"normal": [0, 0, 0]},
        BODY | {"relic": "../../etc"},
        BODY | {"relic": "none"},
        BODY | {"more": 1},
        BODY | {"position": [0, 99, 0]},
    ],
    ids=lambda body: str(body)[-60:],
)
def test_what_is_no_pick_is_refused(desk: Open, body: Any) -> None:
    assert desk.post(body).status in (400, 404, 409)
    assert desk.printed == []


def test_a_secret_of_its_own_for_each(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pick, "_tools", dict)
    with pick_server(out, port=0, picked=print) as a, pick_server(out, port=0, picked=print) as b:
        assert a.desk.secret != b.desk.secret
        assert len(a.desk.secret) >= 22  # 128 bits
        assert a.entrance == f"{a.address}{a.desk.secret}/"


def test_what_cannot_be_picked_from(tmp_path: Path, out: Path) -> None:
    with pytest.raises(OutputError, match="no output folder"):
        pick_server(tmp_path, picked=print)
    write_index(tmp_path, canonical_json(Index.of([])))
    with pytest.raises(OutputError, match="no relic with a model"):
        pick_server(tmp_path, picked=print)
