"""A relic.toml and a relic.json with everything in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from relicscan.metadata.gate_record import GateRecord
from relicscan.metadata.manifest import (
    FileRecord,
    LevelRecord,
    MasterRecord,
    PipelineRecord,
    Reason,
    RelicManifest,
    relic_manifest,
)
from relicscan.metadata.relic_toml import read_relic_toml
from relicscan.relic import Frame, PointCloud, Relic, Scan, SourceFile, Step

EVERYTHING = """\
id = "amphora-painted"
languages = ["EN"]

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

[[object.dimension]]
kind = "height"
value = "41.50"
unit = "cm"
uncertainty = "0.5"

[[object.dimension]]
kind = "diameter"
value = "18"
unit = "cm"
part.en = "mouth"

[museum]
name.en = "Sample Museum"
url = "https://museum.example/"
id = "XX-1"

[rights]
object.uri = "https://creativecommons.org/publicdomain/mark/1.0/"
object.holder.en = "Sample Museum"
object.attribution.en = "Sample Museum"
object.restrictions.en = "Not to be moved."
digital.uri = "https://creativecommons.org/licenses/by/4.0/"
digital.holder.en = "Sample Museum"
digital.attribution.en = "Sample Museum, 2026"
digital.restrictions.en = "No advertising."

[capture]
method.en = "structured light"
device = "Sample Scanner 3"
software = "Sample Studio"
operator = "team 2"
date = 2026-05-01
calibration.en = "on the day"
scale = "measured"
scale_basis.en = "scale bar of 500 mm"
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
rough = true

[[scan.match]]
file = "parts/b.ply"
points = [[0, 0, 1], [0, 2, 1.5], [3, 0, 1]]
onto = "a.ply"
onto_points = [[0, 1, 0], [-2, 1.5, 0], [0, 1, 3]]

[scan.turntable]
axis_point = [0, 0, 500.5]
axis = [0, 1, 0]
step_degrees = -30
files = ["parts/b.ply", "a.ply"]

[[scan.distance]]
name = "scale bar A"
file = "a.ply"
points = [[0, 0, 1], [0, 0, 3.5]]
length = 0.25
unit = "cm"
uncertainty = 0.001

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
camera = { position = [1, 0, 30], target = [0, 0, 3] }
audio.en = "audio/handle.mp3"
title.en = "Handle"
text.en = "A fingerprint."

[[hotspot]]
id = "foot"
position = [0, 0, -3]

[[tour]]
id = "around"
title.en = "Around"
text.en = "Twice by the handle."
steps = ["handle", "foot", "handle"]

[[related]]
relation = "pair of"
id = "amphora-13"
label.en = "The other one"

[[related]]
relation = "see"
uri = "https://museum.example/amphora"
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


@pytest.fixture
def manifest(tmp_path: Path, everything: str) -> RelicManifest:
    """A relic.json with something in every place, and its files on the disk."""
    out = tmp_path / "out" / "amphora-painted"
    for name, size in (("master/mesh.ply", 900), ("web/low.glb", 40), ("web/high.glb", 400)):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(name.encode() * size)
    (out / "preview.webp").write_bytes(b"RIFF")
    (tmp_path / "relic.toml").write_text(everything, encoding="utf-8")
    box = ((-10.0, -20.0, -30.0), (10.0, 20.0, 30.0))
    relic = Relic(
        id="amphora-painted",
        scans=(Scan("a", PointCloud(np.zeros((1, 3))), "a.ply", warnings=("no colours",)),),
        frame=Frame(
            unit="mm",
            unit_basis="relic.toml",
            T_work_source=np.array(
                [[1, 0, 0, -5.5], [0, 1, 0, 0.25], [0, 0, 1, 3], [0, 0, 0, 1]], dtype=float
            ),
            up="+Z",
            up_basis="relic.toml",
            R_model_work=np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float),
        ),
        metadata=read_relic_toml(tmp_path / "relic.toml").stated(),
        sources=(
            SourceFile("relic.toml", "metadata", 1234, "1" * 64),
            SourceFile("a.ply", "scan", 99, "0" * 64),
        ),
        warnings=("the plate was removed",),
        history=(
            Step(
                "voxel_downsample",
                MappingProxyType({"voxel_size_mm": 0.5, "seed": None}),
                overridden={"voxel_size_mm": "relic.toml"},
                before={"points": 1000},
                after={"points": 400},
                figures={"spacing_mm": np.float64(0.25), "extent_mm": np.array([1.0, -0.0, 2.0])},
                warnings=(f"odd points in {tmp_path / 'vase'}/a.ply",),
            ),
            Step("set_upright", {}, skipped="the scan brings no point cloud"),
        ),
    )
    return relic_manifest(
        relic,
        state="done",
        verdict="review",
        reproducible=True,
        reasons=[Reason(text="two scans overlap little", remedy="scan the back again")],
        pipeline=PipelineRecord.of("web", {"name": "web", "stages": [{"use": "decimate"}]}),
        master=MasterRecord.of(
            out, "master/mesh.ply", triangles=300_000, vertices=150_000, bounds=box
        ),
        levels=[
            LevelRecord.of(
                out,
                f"web/{name}.glb",
                target="web",
                surface=name,
                name=name,
                ceiling=ceiling,
                triangles=ceiling - 2,
                vertices=ceiling // 2,
                bounds_m=((-0.01, -0.02, -0.03), (0.01, 0.02, 0.03)),
            )
            for name, ceiling in (("low", 40_000), ("high", 150_000))
        ],
        files=[FileRecord.of(out, "preview.webp")],
        gates=[
            GateRecord(
                name="max_filled_share",
                unit="share",
                figure=0.25,
                wants="at_most",
                review=0.1,
                fail=0.5,
                verdict="review",
                reason="25% of the surface was filled and not scanned, over 10%",
                remedy="scan what is missing",
                overridden={"review": "--set"},
            )
        ],
        warnings=["no colours", "one file was ignored"],
        private_folders=[tmp_path, tmp_path / "vase"],
    )
