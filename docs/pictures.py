"""The pictures of the documents: `python -m docs.pictures`; those of reports are made last.

Needs `out/demo`, as `make demo` leaves it. The contact sheet shows real scans as well, which are
run into `out/pictures`; where they are not beside this checkout it is left as it is.
"""

from __future__ import annotations

import json
import os
import sys
from io import BytesIO
from pathlib import Path

import numpy as np

from docs import report_pictures
from relicscan import formats
from relicscan.pipeline import PlannedStage, get_stage, run_stage
from relicscan.quality.pictures import contact_sheet, save_webp, side_by_side
from relicscan.quality.render import render
from relicscan.relic import Mesh, PointCloud
from relicscan.scan_folder import find_relics, read_relic

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("amphora-painted", "ding-bronze", "figurine-unposed", "stele-relief", "tile-textured")
SIDE_PX, AZIMUTH_DEG, ELEVATION_DEG = 480, 24.0, 12.0

#: Real scans by the words that stand under their posters.
REAL = {
    "Guanyin": "pc_guanyin/Guanyin.ply",
    "Stanford bunny": "ms_stanford_bunny/data",
    "Fuze bottle": "tex_fuze_bottle/fuze.obj",
    "Whale skull": "tex_whale_skull/whale_cranium.glb",
}


def scanned(name: str) -> Mesh | PointCloud:
    """What the scanner delivered, put together as far as poses tell, in the working frame."""
    (found,) = find_relics([ROOT / "samples" / name])
    relic = read_relic(found)
    if relic.mesh is not None:
        return relic.mesh
    for name in ("register_scans", "merge_scans"):
        relic = run_stage(relic, PlannedStage(get_stage(name), get_stage(name).effective({})))
    return relic.the_cloud()


def upright(name: str) -> np.ndarray:
    """R_model_work (3, 3) of a relic that was run."""
    manifest = json.loads((ROOT / "out" / "demo" / name / "relic.json").read_text("utf-8"))
    turn = np.array(manifest["frame"]["T_model_source"])[:3, :3]
    return np.asarray(turn / np.linalg.norm(turn[0]))


def contact() -> None:
    """Write docs/pictures/posters.webp: the posters of real scans and of the samples."""
    from PIL import Image

    from relicscan.batch.run import run

    scans = Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared")) / "scans"
    if not scans.is_dir():
        print(f"no contact sheet: the real scans are not at {scans} (set RELICSCAN_SHARED)")
        return
    out, folders = ROOT / "out" / "pictures", {}
    for title, scan in REAL.items():
        (outcome,) = run([scans / scan], out / title, pipeline="web")
        folders[title] = out / title / outcome.id
    folders |= {name: ROOT / "out" / "demo" / name for name in SHOWN}
    posters = []
    for folder in folders.values():
        data = (folder / "preview" / "poster-grey.webp").read_bytes()
        with Image.open(BytesIO(data)) as poster:
            posters.append(np.asarray(poster.convert("RGBA")))
    path = ROOT / "docs" / "pictures" / "posters.webp"
    save_webp(path, contact_sheet(posters, list(folders), columns=5, tile_px=SIDE_PX), quality=82)
    print(f"wrote {path.relative_to(ROOT)}")


def main() -> int:
    """Write docs/pictures/before-after.webp and docs/pictures/posters.webp."""
    view = {"azimuth_deg": AZIMUTH_DEG, "elevation_deg": ELEVATION_DEG}
    size = {"width": SIDE_PX, "height": SIDE_PX}
    before, after = [], []
    for name in SHOWN:
        level = ROOT / "out" / "demo" / name / "web" / "high.glb"
        model = formats.read(level)[0].geometry
        before.append(render(scanned(name), R_model_work=upright(name), **size, **view))
        after.append(render(model, **size, **view))
    path = ROOT / "docs" / "pictures" / "before-after.webp"
    path.parent.mkdir(exist_ok=True)
    save_webp(path, side_by_side([*before, *after], columns=len(SHOWN)), quality=82)
    print(f"wrote {path.relative_to(ROOT)}")
    contact()
    return report_pictures.main()


if __name__ == "__main__":
    sys.exit(main())
