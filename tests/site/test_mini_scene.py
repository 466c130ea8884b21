"""The scene of the Alipay mini-programme in a browser, with the engine that it uses.

Once with the engine as browsers load it, and once as the mini-programme does: built from npm by the
script that is delivered with it, with a stand-in for the platform, without what this has not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from relicscan.site.mini import package
from tests.delivery.glb_shapes import write
from tests.engines.browser import SIDE_PX, open_gallery, what_is_missing
from tests.engines.models import PAINTS, quartered_sphere
from tests.engines.server import ENGINES

SOURCES = Path(package.__file__).parent
ESBUILD = ENGINES.parents[1] / "viewer" / "node_modules" / "esbuild" / "bin" / "esbuild"
LIBRARY = ("shared/lib/orbit.js", "shared/lib/stage.js", "alipay/lib/scene.js")
HIDDEN = "const WebAssembly = undefined, Worker = undefined, fetch = undefined;"

#: Places of the middles of the four paints, seen from the front: row and column, in radii.
_QUARTERS = [(-0.4, -0.4), (-0.4, 0.4), (0.4, -0.4), (0.4, 0.4)]


def test_the_scene_shows_a_model_in_galacean_from_where_it_is_asked(tmp_path: Path) -> None:
    missing = what_is_missing()
    if missing is not None:
        pytest.skip(f"no model was looked at in Galacean: {missing}")
    for path in LIBRARY:
        wrap(SOURCES / path, tmp_path, "(module, require)")
    write(tmp_path / "model.glb", quartered_sphere("jpeg"), geometry="meshopt")
    with open_gallery(tmp_path) as gallery:
        front = gallery.picture("mini", "model.glb", "0,0,0.25")
        first = gallery.picture("mini", "model.glb", "first")
        turned = gallery.picture("mini", "model.glb", "turned")
    assert_painted(front)
    # The poster's view has all of it within the margin.
    rows, columns = np.nonzero(off(first))
    assert min(rows.min(), columns.min()) > 0.07 * SIDE_PX
    assert max(rows.max(), columns.max()) < 0.93 * SIDE_PX
    assert share(first) > 0.25
    # Half round: left and right have changed places.
    middle = SIDE_PX // 2
    left, right = (int(turned[90, middle + x].argmax()) for x in (-40, 40))
    assert (left, right) == (2, 0)


def test_the_stage_opens_as_in_alipay_with_the_engine_built_from_npm(tmp_path: Path) -> None:
    missing = what_is_missing()
    needed = json.loads((SOURCES / "alipay/engine/package.json").read_text())
    for name in needed["dependencies"]:
        if missing is None and not (ENGINES / name / "package.json").is_file():
            missing = f"the npm package {name} is not in build/engines"
    if missing is None and not ESBUILD.is_file():
        missing = "esbuild is not in build/viewer (sh tools/setup.sh)"
    if missing is not None:
        pytest.skip(f"the engine of the Alipay mini-programme was not built: {missing}")
    folder = shutil.copytree(SOURCES / "alipay/engine", tmp_path / "engine")
    (folder / "node_modules").symlink_to(ENGINES)
    command, *arguments = needed["scripts"]["build"].split()
    assert command == "esbuild"
    subprocess.run([ESBUILD, *arguments], cwd=folder, check=True, capture_output=True, timeout=60)
    built = tmp_path / "package" / "engine" / "galacean.js"
    assert built.stat().st_size <= package.ENGINE_BYTES
    for path in (*(SOURCES / one for one in (*LIBRARY, "alipay/lib/open.js")), built):
        wrap(path, tmp_path, "(module, exports, require)", HIDDEN)
    write(tmp_path / "model.glb", quartered_sphere("webp"), geometry="meshopt")
    with open_gallery(tmp_path) as gallery:
        assert_painted(gallery.picture("alipay", "model.glb"))


def wrap(path: Path, folder: Path, parameters: str, before: str = "") -> None:
    """Put a module into the folder of models, in the function that a platform wraps around it."""
    code = path.read_text(encoding="utf-8")
    (folder / "lib").mkdir(exist_ok=True)
    wrapped = f"define('{path.name}', {parameters} => {{\n{before}\n{code}\n}});"
    (folder / "lib" / path.name).write_text(wrapped, encoding="utf-8")


def assert_painted(front: np.ndarray) -> None:
    """The sphere of four paints from 0.25 m in front of its middle."""
    # In front, its outline is RADIUS seen from 0.25: sin of the angle is 0.2.
    radius = SIDE_PX / 2 * np.tan(np.arcsin(0.2)) / np.tan(np.radians(13))
    assert share(front) == pytest.approx(np.pi * radius**2 / SIDE_PX**2, abs=0.005)
    for (row, column), paint in zip(_QUARTERS, PAINTS, strict=True):
        shown = front[round(120 + row * radius), round(120 + column * radius)].astype(int)
        # Lit by lamps, so brighter or darker; no other paint is nearer.
        apart = [np.abs(shown / shown.max() - p / p.max()).max() for p in PAINTS.astype(int)]
        assert int(np.argmin(apart)) == PAINTS.tolist().index(paint.tolist())
        assert np.abs(shown - paint).max() < 40


def off(picture: np.ndarray) -> np.ndarray:
    """Where there is no background, #f5f2ec."""
    return np.asarray(np.abs(picture.astype(int) - (245, 242, 236)).max(axis=2) > 8)


def share(picture: np.ndarray) -> float:
    return float(off(picture).mean())
