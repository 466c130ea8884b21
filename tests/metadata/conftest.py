"""A relic.toml with everything in it, and a way to write one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

EVERYTHING = """\
id = "amphora-painted"

[object]
title.en = "Painted amphora"
title.zh-hans = "彩绘双耳瓶"
description.en = "Two handles."
type = { aat = "http://vocab.getty.edu/aat/300148696", label.en = "amphora" }
material.en = "fired clay"
culture.en = "Greek"
place.en = "Attica"
maker = "unknown"
inventory_number = "1926.12"
dating = { edtf = "-0529/-0519", display.en = "530-520 BC" }
represents = "existing state"

[museum]
name.en = "Sample Museum"
url = "https://museum.example/"
id = "XX-1"

[rights]
object = "https://creativecommons.org/publicdomain/mark/1.0/"
digital = "https://creativecommons.org/licenses/by/4.0/"
holder.en = "Sample Museum"
attribution.en = "Sample Museum, 2026"
restrictions.en = "No advertising."

[capture]
method.en = "structured light"
device = "Sample Scanner 3"
software = "Sample Studio"
operator = "team 2"
date = 2026-05-01
calibration.en = "on the day"
notes.en = "Foot not seen."

[scan]
unit = "mm"
up = "+Z"
front = "-Y"
frame = "common"
files = ["a.ply", "parts/b.ply"]

[[scan.pose]]
file = "a.ply"
matrix = [[1, 0, 0, 5.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]

[[scan.pose]]
file = "parts/b.ply"
matrix = [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, -2], [0, 0, 0, 1]]

[crop]
support = "remove"
min = [-1, -2, -3.5]
max = [1, 2, 3.5]

[pipeline]
use = "web"
set."voxel_downsample.voxel_size_mm" = 0.5
set.build_levels.ceilings.high = 100_000

[[hotspot]]
id = "handle"
position = [0.5, 0, 3]
normal = [0, 0, 2]
title.en = "Handle"
text.en = "A fingerprint."

[[hotspot]]
id = "foot"
position = [0, 0, -3]

[[tour]]
id = "around"
title.en = "Around"
steps = ["handle", "foot", "handle"]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Writes a text (or bytes) as vase/relic.toml."""

    def write_it(text: str | bytes) -> Path:
        path = tmp_path / "vase" / "relic.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write_it


@pytest.fixture
def everything() -> str:
    return EVERYTHING
