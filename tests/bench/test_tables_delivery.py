"""The whole package's table is in the order of the run, adds up, and hides nothing."""

from __future__ import annotations

from typing import Any

from bench.measured import Measured
from bench.tables_delivery import package, same_size

RECORD: dict[str, Any] = {
    "seconds": 50.0,
    "attempts": 1,
    "verdict": "pass",
    "reasons": [],
    "peak_memory_bytes": 1_500_000_000,
    "stage_seconds": {
        "bake_textures": 10.0,
        "clean_mesh": 5.0,
        "read": 1.0,
        "validate": 2.0,
        "write master": 3.0,
        "write models": 22.0,
        "write pictures": 6.0,
    },
}
LEVEL: dict[str, Any] = {
    "path": "web/low.glb",
    "target": "web",
    "bytes": 250_000,
    "triangles": 40_000,
    "texture_side": 1024,
    "image_quality": 65,
    "maps": ["normal"],
    "difference": {
        "screen_px": 512,
        "shaded": {"flip": 0.0712, "psnr_db": 33.0},
        "albedo": {"flip": 0.0501, "psnr_db": 35.0},
    },
    "decided": "the smallest that will do",
    "unmet": [],
}
MANIFEST: dict[str, Any] = {
    "steps": [{"stage": "clean_mesh"}, {"stage": "bake_textures"}, {"stage": "skipped"}],
    "levels": [LEVEL, {**LEVEL, "target": "ar", "path": "ar/model.glb"}],
    "master": {"path": "master/mesh.ply", "bytes": 9, "triangles": 700_000},
    "files": [
        {"path": "ar/model.usdz", "bytes": 1_000},
        {"path": "preview/poster.webp", "bytes": 20},
        *({"path": f"preview/turn-{n}.webp", "bytes": 10} for n in range(8)),
    ],
}


def text(points: int = 1_000_000, wall_s: float = 53.0, **record: Any) -> str:
    took = Measured(wall_s, 90.0, 10**9, "", "")
    return package("vase", points, took, {**RECORD, **record}, MANIFEST, {})


def test_stages_stand_in_the_order_of_the_run_and_add_up() -> None:
    lines = text().split("| stage | seconds | share |")[1].split("\n\n")[0].splitlines()[2:]
    names, seconds = zip(*[line.strip("| ").split(" | ")[:2] for line in lines], strict=True)
    assert names[:7] == (
        *("read", "clean_mesh", "bake_textures", "write master", "write models"),
        *("write pictures", "validate"),
    )
    assert sum(map(float, seconds[:-1])) == float(seconds[-1]) == 53.0


def test_seconds_stand_against_what_is_asked() -> None:
    assert "Asked are 60 s: 7.0 s to spare." in text()
    assert "Asked are 60 s: 2.5 s over." in text(wall_s=62.5)
    assert "The 60 s asked are for 1,000,000 points." in text(points=100_000)


def test_a_second_attempt_and_a_verdict_are_told() -> None:
    assert "attempts" not in text()
    assert "It took 2 attempts" in text(attempts=2)
    said = text(verdict="fail", reasons=[{"text": "web/low.glb is too large"}])
    assert "The verdict is fail: web/low.glb is too large" in said


def test_every_file_has_its_row_and_turns_share_one() -> None:
    told = text()
    row = "| web/low.glb | 250,000 | 40,000 | 1024 | 65 | normal | 512 | 0.0712 | 0.0501 | the "
    assert row in told
    assert "| preview/, 8 turns | 80 |" in told
    assert "| ar/model.usdz | 1,000 |" in told


def test_a_level_over_its_limits_says_so() -> None:
    levels = [{**LEVEL, "unmet": ["300,000 bytes, over 280,000"]}]
    took = Measured(53.0, 90.0, 10**9, "", "")
    told = package("vase", 1_000_000, took, RECORD, {**MANIFEST, "levels": levels}, {})
    assert "misses its limits: 300,000 bytes, over 280,000" in told


def test_models_are_compared_with_the_peers() -> None:
    seen = {"flip": 0.03, "psnr_db": None}
    model = {
        "bytes": 1_000,
        "triangles": 90,
        "vertices": 50,
        "texture_side": 64,
        "parts": {"POSITION": 600, "JSON": 400},
        "khronos": {
            "file": {"errors": 0, "warnings": 1, "codes": ["NO_TANGENTS"]},
            "decoded": {"errors": 0, "warnings": 0, "codes": []},
        },
        "difference": {w: {"shaded": seen, "albedo": seen} for w in ("as_read", "as_viewed")},
    }
    ours = {**model, "bytes": 950, "khronos": None}
    told = {"screen_px": 9, "original": model, "models": {"gltf-transform": model, "ours": ours}}
    text = same_size([("skull", told), ("bottle", "npm is not installed.")])
    row = "1,000 | 1.000 | 90 | 64 | 0, 1 | 0, 0 | 0.03000, the same |"
    assert f"| gltf-transform | {row}" in text
    assert "| ours | 950 | 0.950 | 90 | 64 | not run | not run |" in text
    assert "`NO_TANGENTS`" in text
    assert "### bottle\n\nLeft out: npm is not installed." in text
    assert "| POSITION | JSON | vertices |" in text
