"""A site of thousands of relics: how long it takes to build, what its pages weigh.

    python -m bench.exhibition [--relics 2000] [--museums 23] [--keep FOLDER]

Relics are generated: each has its own title in five languages, dating within 8,000 years, material,
pictures, and three models of its own. The models hold noise, which does not shrink, in sizes of
small relics; what is timed is `publish`, with pages in five languages, everything compressed, and
the same again where the site is there already.
"""

from __future__ import annotations

import argparse
import io
import random
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.figures import DeviationRecord
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.manifest import (
    FileRecord,
    LevelRecord,
    MasterRecord,
    RelicManifest,
    relic_manifest,
)
from relicscan.metadata.relic_toml import RelicToml
from relicscan.relic import Deviation, Distances, Frame, PointCloud, Relic, Scan

LANGUAGES = ("zh-Hans", "en", "de", "fr", "it")
#: Form, and in which material: by language in the order of LANGUAGES.
FORMS = (
    ("尊", "Vessel", "Gefäß", "Vase", "Vaso"),
    ("鼎", "Tripod", "Dreifuß", "Tripode", "Tripode"),
    ("佛像", "Figure of the Buddha", "Buddhafigur", "Figure du Bouddha", "Figura del Buddha"),
    ("玉璧", "Disc", "Scheibe", "Disque", "Disco"),
    ("铜镜", "Mirror", "Spiegel", "Miroir", "Specchio"),
    ("石碑", "Stele", "Stele", "Stèle", "Stele"),
)
MATERIALS = (
    ("青铜", "Bronze", "Bronze", "Bronze", "Bronzo"),
    ("陶", "Earthenware", "Irdenware", "Terre cuite", "Terracotta"),
    ("玉", "Jade", "Jade", "Jade", "Giada"),
    ("石灰石", "Limestone", "Kalkstein", "Calcaire", "Calcare"),
    ("瓷", "Porcelain", "Porzellan", "Porcelaine", "Porcellana"),
)
LEVELS = {"low": 60_000, "medium": 120_000, "high": 200_000}
RIGHTS = "https://creativecommons.org/licenses/by/4.0/"


def main() -> int:
    """Generate, build twice, and print what it took and weighs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--relics", type=int, default=2000)
    parser.add_argument("--museums", type=int, default=23)
    parser.add_argument("--keep", type=Path, help="keep OUT and SITE in this folder")
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp())
    out, site = folder / "out", folder / "site"
    if not (out / "index.json").exists():
        generate(out, asked.relics, asked.museums)
    from relicscan.site.publish import publish

    for what in ("built", "built again"):
        began, processor = time.perf_counter(), time.process_time()
        found = publish(out, site)
        took, spent = time.perf_counter() - began, time.process_time() - processor
        print(f"{what}: {took:.1f} s, {spent:.1f} CPU s, {len(found.relics)} relics of "
              f"{found.museums} museums, {found.pages} pages")  # fmt: skip
    for page in ("en/index.html", "en/timeline.html", "en/search.html", "zh-Hans/index.html"):
        print(f"{page}: {(site / page).stat().st_size:,} bytes, "
              f"{(site / f'{page}.br').stat().st_size:,} with Brotli")  # fmt: skip
    total = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    print(f"all: {total / 1e6:,.0f} MB")
    if asked.keep is None:
        shutil.rmtree(folder)
    return 0


def generate(out: Path, relics: int, museums: int, seed: int = 7) -> None:
    """An output folder of `relics` relics that no run has made."""
    chance = random.Random(seed)
    out.mkdir(parents=True)
    entries = [_relic(out, number, number % museums, chance) for number in range(relics)]
    merge_index(out, entries)


def _relic(out: Path, number: int, museum: int, chance: random.Random) -> IndexEntry:
    form, material = chance.choice(FORMS), chance.choice(MATERIALS)
    first = chance.randrange(-5999, 1950)
    stated = {
        "id": f"relic-{number:05d}",
        "languages": list(LANGUAGES),
        "object": {
            "title": {tag: f"{material[i]}{'' if i == 0 else ': '}{form[i]} {number}"
                      for i, tag in enumerate(LANGUAGES)},
            "description": {tag: f"{form[i]}, {material[i]}. " * 12
                            for i, tag in enumerate(LANGUAGES)},
            "material": dict(zip(LANGUAGES, material, strict=True)),
            "type": {"label": dict(zip(LANGUAGES, form, strict=True))},
            "inventory_number": f"{museum:02d}.{number}",
            "dating": {"edtf": f"{_edtf(first)}/{_edtf(first + chance.randrange(1, 80))}"},
        },
        "museum": {
            "id": f"museum-{museum:02d}",
            "name": {tag: ("博物馆{}", "Museum {}", "Museum {}", "Musée {}", "Museo {}")[i]
                     .format(museum + 1) for i, tag in enumerate(LANGUAGES)},
        },
        "rights": {"digital": {"uri": RIGHTS}},
        "hotspot": [{"id": "mark", "position": [0.0, 0.1, 0.05],
                     "title": {"en": "A mark", "zh-Hans": "标记"},
                     "text": {"en": "Made by hand.", "zh-Hans": "手工制作。"}}],
    }  # fmt: skip
    toml = RelicToml.model_validate(stated)
    assert toml.id is not None
    folder = out / toml.id
    noise = np.random.default_rng(number)
    for name, size in LEVELS.items():
        _put(folder / "web" / f"{name}.glb", noise.bytes(size))
    for side in (720, 300):
        _put(folder / "preview" / f"poster-{side}.webp", _picture(side, number))
    _put(folder / "master" / "mesh.ply", b"ply")
    manifest = _manifest(toml, folder)
    write_json_atomically(folder / "relic.json", manifest)
    return IndexEntry.of(manifest)


def _manifest(toml: RelicToml, folder: Path) -> RelicManifest:
    places = Distances(rms=0.05, p95=0.1, max=0.4, samples=100_000)
    deviation = Deviation("points", places, places, 0.0, None, 0.0, diagonal=250.0)
    frame = Frame(unit="m", unit_basis="declared in relic.toml")
    scans = (Scan("a", PointCloud(np.zeros((1, 3))), "a.ply"),)
    relic = Relic(toml.id or "", scans=scans, frame=frame, metadata=toml.stated())
    box = ((-0.1, -0.1, -0.1), (0.1, 0.1, 0.1))
    return relic_manifest(
        relic,
        state="done",
        verdict="pass",
        reproducible=True,
        files=[FileRecord.of(folder, f"preview/poster-{side}.webp") for side in (720, 300)],
        master=MasterRecord.of(
            folder, "master/mesh.ply", triangles=300_000, vertices=150_000, bounds=box
        ),
        levels=[
            LevelRecord.of(
                folder, f"web/{name}.glb", target="web", name=name, surface=name,
                ceiling=40_000 * (i + 1), triangles=39_000 * (i + 1), vertices=20_000 * (i + 1),
                bounds_m=box, texture_side=1024, image_quality=80, maps=(), gpu_bytes=6_000_000,
                deviation=DeviationRecord.of(deviation, frame),
            )
            for i, name in enumerate(LEVELS)
        ],
    )  # fmt: skip


def _picture(side: int, number: int) -> bytes:
    """A vase in outline on nothing, another for each number."""
    from PIL import Image

    chance = np.random.default_rng(number)
    y = np.linspace(-1, 1, side)
    width = 0.35 + 0.2 * np.sin(3 * y + chance.uniform(0, 6)) + chance.uniform(-0.1, 0.1)
    x = np.linspace(-1, 1, side)
    inside = (np.abs(x) < width[:, None]) & (np.abs(y) < 0.85)[:, None]
    light = (1 - (x / np.maximum(width[:, None], 0.05)) ** 2).clip(0, 1) ** 0.5
    grain = chance.normal(0, 9, (side // 4, side // 4)).repeat(4, 0).repeat(4, 1)
    color = chance.uniform(90, 220, 3)
    image = np.zeros((side, side, 4), np.uint8)
    shade = color * light[..., None] + grain[:side, :side, None]
    image[..., :3] = np.where(inside[..., None], shade.clip(0, 255), 0)
    image[..., 3] = 255 * inside
    out = io.BytesIO()
    Image.fromarray(image).save(out, "WEBP", quality=78, method=2)
    return out.getvalue()


def _edtf(year: int) -> str:
    return f"-{-year:04d}" if year < 0 else f"{year:04d}"


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    raise SystemExit(main())
