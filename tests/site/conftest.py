"""A small exhibition that browsers can open: three spheres of two museums, and tours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import FileRecord
from relicscan.metadata.relic_toml import RelicToml
from relicscan.site.publish import publish
from relicscan.site.serve import site_server
from tests.delivery.glb_shapes import write
from tests.engines.browser import FLAGS, find_chromium, what_is_missing
from tests.engines.models import RADIUS_MM, quartered_sphere
from tests.metadata.exports.conftest import exported
from tests.site.outputs import everything, picture
from tests.site.serving import running
from tests.site.viewer_page import BUNDLES

#: A second of silence: MPEG audio frames of 128 kbit/s and 44.1 kHz.
SILENCE = (b"\xff\xfb\x90\x00" + bytes(413)) * 38

#: Seconds of the steps of the tour "across".
SECONDS = (900, 1500, 600, 1200)

EXHIBITION = f"""
languages = ["en", "de"]
title = {{ en = "Spheres", de = "Kugeln" }}

[[tour]]
id = "across"
title = {{ en = "Across", de = "Quer" }}
text = {{ en = "Three spheres." }}

[[tour.step]]
relic = "first"
seconds = {SECONDS[0]}
title = {{ en = "The first <b>sphere</b>", de = "Die erste Kugel" }}
notes = {{ en = "Greet them.\\n\\nTurn it.", de = "Grüßen." }}

[[tour.step]]
relic = "first"
hotspot = "side"
seconds = {SECONDS[1]}

[[tour.step]]
relic = "second"
camera = {{ position = [0.3, 0.0, 0.0], target = [0.0, 0.0, 0.0] }}
seconds = {SECONDS[2]}
title = {{ en = "The second", de = "Die zweite" }}
notes = {{ en = "=1+1" }}

[[tour.step]]
relic = "third"
seconds = {SECONDS[3]}
title = {{ en = "The third", de = "Die dritte" }}

[[tour]]
id = "quick"
title = {{ en = "Quick" }}
[[tour.step]]
relic = "first"
seconds = 1
[[tour.step]]
relic = "first"
hotspot = "side"
seconds = 3600
audio = {{ en = "silence.mp3" }}
[[tour.step]]
relic = "first"
seconds = 1
"""


def write_spheres(out: Path) -> None:
    """The output of three relics, each a sphere with its paints in another order."""
    entries = []
    for turn, name in enumerate(("first", "second", "third")):
        spot = {
            "id": "side",
            "position": [RADIUS_MM, 0.0, 210.0],
            "normal": [1.0, 0.0, 0.0],
            "title": {"en": "Its side", "de": "Die Seite"},
            "text": {"en": "Round.", "de": "Rund."},
        }
        stated = everything(
            name,
            object__title={"en": f"Sphere {name}", "de": f"Kugel {name}"},
            museum__id="museum-a" if turn < 2 else "museum-b",
            hotspot=[spot],
            tour=[],
        )
        relic = exported(out, RelicToml.model_validate(stated))
        levels = []
        for level in relic.manifest.levels:
            if level.path.startswith("web/"):
                mesh = quartered_sphere("colours", turn)
                write(relic.folder / level.path, mesh, geometry="meshopt")
            file = FileRecord.of(relic.folder, level.path)
            side = RADIUS_MM / 1000
            box = {"bounds_m": ((-side,) * 3, (side,) * 3)}
            levels.append(level.model_copy(update=file.model_dump() | box))
        picture(relic.folder / "preview" / "poster.webp", 720)
        files = tuple(FileRecord.of(relic.folder, file.path) for file in relic.manifest.files)
        made = relic.manifest.model_copy(update={"files": files, "levels": tuple(levels)})
        write_json_atomically(relic.folder / "relic.json", made)
        entries.append(IndexEntry.of(made))
    merge_index(out, entries)


@pytest.fixture(scope="session")
def spheres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published exhibition of three spheres with the tours `across` and `quick`."""
    if not (BUNDLES / "viewer.js").is_file():
        pytest.skip("the viewer is not bundled here (sh tools/setup.sh, with npm)")
    folder = tmp_path_factory.mktemp("spheres")
    write_spheres(folder / "out")
    (folder / "exhibition.toml").write_text(EXHIBITION, encoding="utf-8")
    (folder / "silence.mp3").write_bytes(SILENCE)
    published = publish(folder / "out", folder / "site", exhibition=folder / "exhibition.toml")
    return published.folder


@pytest.fixture(scope="module")
def host(spheres: Path) -> Iterator[str]:
    """Where the exhibition is served."""
    with running(site_server(spheres, port=0)) as port:
        yield f"http://127.0.0.1:{port}"


# Not for the session: Playwright's event loop runs in this thread as long as it is open.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium, or a skip that says what is missing."""
    if (missing := what_is_missing()) is not None:
        pytest.skip(f"no browser looks at the exhibition: {missing}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS])
        yield launched
        launched.close()
