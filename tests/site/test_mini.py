"""Mini-programmes: their structure and limits, their scripts under a stand-in for the platform,
and the scene of the Alipay one in a browser, with the engine that it uses.
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
from relicscan.metadata.canonical import file_sha256
from relicscan.metadata.manifest import RelicManifest
from relicscan.site.mini import package
from relicscan.site.mini import publish as mini
from relicscan.site.mini.publish import MARK, publish_mini
from tests.delivery.glb_shapes import write
from tests.engines.browser import SIDE_PX, open_gallery, what_is_missing
from tests.engines.models import PAINTS, RADIUS_MM, quartered_sphere
from tests.metadata.exports.conftest import ATTACKS
from tests.site.outputs import everything, write_output

URL = "https://cdn.museum.example/relics"
SOURCES = Path(mini.__file__).parent

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
