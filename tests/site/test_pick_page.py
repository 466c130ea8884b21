"""The page on which hotspots are placed, in a browser: a click on a sphere comes out on it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import trimesh
from metadata.exports.conftest import EVERYTHING, exported

from relicscan.metadata.canonical import canonical_json, write_json_atomically
from relicscan.metadata.index import Index, IndexEntry, write_index
from relicscan.metadata.manifest import LevelRecord
from relicscan.metadata.relic_toml import RelicToml
from relicscan.site.pick import pick_server
from tests.engines.browser import FLAGS, find_chromium
from tests.site.serving import running
from tests.site.viewer_page import BUNDLES

#: The sphere on the scan, in millimetres: the frame of the export tests' relics puts its middle
#: 210 mm above the origin of the scan.
MIDDLE, RADIUS = np.array([0.0, 0.0, 210.0]), 80.0


def output_of_a_sphere(out: Path) -> Path:
    relic = exported(out, RelicToml.model_validate(EVERYTHING | {"hotspot": [], "tour": []}))
    shape = trimesh.creation.icosphere(subdivisions=5, radius=RADIUS / 1000)
    (relic.folder / "web" / "low.glb").write_bytes(shape.export(file_type="glb"))
    low = next(level for level in relic.manifest.levels if level.path == "web/low.glb")
    figures = low.model_dump(exclude={"path", "bytes", "sha256"})
    bounds = (-RADIUS / 1000,) * 3, (RADIUS / 1000,) * 3
    level = LevelRecord.of(relic.folder, "web/low.glb", **figures | {"bounds_m": bounds})
    manifest = relic.manifest.model_copy(update={"levels": (level,)})
    write_json_atomically(relic.folder / "relic.json", manifest)
    write_index(out, canonical_json(Index.of([IndexEntry.of(manifest)])))
    return out


def test_a_click_and_enter_come_out_on_the_sphere_as_it_is_seen(tmp_path: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    if find_chromium() is None or not (BUNDLES / "viewer.js").is_file():
        pytest.skip("there is no Chromium, or the viewer is not built (sh tools/setup.sh)")
    printed: list[str] = []
    elsewhere: list[str] = []
    refused: list[str] = []
    server = pick_server(output_of_a_sphere(tmp_path / "out"), port=0, picked=printed.append)
    with running(server), sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS])
        page = browser.new_page(viewport={"width": 900, "height": 600})
        page.on("console", lambda m: "Security" in m.text and refused.append(m.text))
        page.on("pageerror", lambda e: refused.append(str(e)))
        page.on("request", lambda r: r.url.startswith(server.entrance) or elsewhere.append(r.url))
        page.goto(server.entrance)
        page.click("text=amphora-12")
        stage = page.locator('.stage[data-state="interactive"]')
        stage.wait_for(timeout=60_000)
        box = stage.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.locator("#picked li").wait_for(timeout=30_000)
        page.mouse.click(box["x"] + box["width"] * 0.56, box["y"] + box["height"] * 0.42)
        page.locator("#picked li:nth-child(2)").wait_for(timeout=30_000)
        stage.focus()
        page.keyboard.press("Enter")
        page.locator("#picked li:nth-child(3)").wait_for(timeout=30_000)
        page.mouse.click(box["x"] + 5, box["y"] + 5)  # beside it
        page.get_by_text("nothing of the relic at that place").wait_for(timeout=30_000)
        shown = page.locator("#picked pre").first.inner_text()
        browser.close()
    assert (elsewhere, refused) == ([], [])
    assert shown.strip() == printed[-1].strip()
    spots = [tomllib.loads(text)["hotspot"][0] for text in printed]
    assert [spot["id"] for spot in spots] == ["spot-1", "spot-2", "spot-3"]
    for spot in spots:
        out = np.array(spot["position"]) - MIDDLE
        assert np.linalg.norm(out) == pytest.approx(RADIUS, rel=2e-3)
        np.testing.assert_allclose(spot["normal"], out / RADIUS, atol=0.05)
    # In the middle of the picture lies what the camera looks at, as it is printed.
    for spot in (spots[0], spots[2]):
        eye, target = (np.array(spot["camera"][name]) for name in ("position", "target"))
        along = (target - eye) / np.linalg.norm(target - eye)
        off = np.cross(np.array(spot["position"]) - eye, along)
        assert np.linalg.norm(off) < 0.01 * RADIUS
        assert np.linalg.norm(np.array(spot["position"]) - eye) < np.linalg.norm(MIDDLE - eye)
    # The other was clicked on further right and higher up.
    eye, target = (np.array(spots[0]["camera"][name]) for name in ("position", "target"))
    right = np.cross(target - eye, [0, 0, 1])
    moved = np.array(spots[1]["position"]) - np.array(spots[0]["position"])
    assert moved @ right > 0
    assert moved[2] > 0
