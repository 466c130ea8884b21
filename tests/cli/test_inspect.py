"""`relicscan inspect`: figures that can be relied on, and doubts said before the night."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.commands import Cli, Evening
from tiny_scans import box, plane, sphere, write_ply, write_toml

from relicscan.relic import PointCloud


def inspected(cli: Cli, *arguments: str | Path, code: int = 0) -> list[dict[str, Any]]:
    return json.loads(cli("inspect", *arguments, "--json", code=code).out)


def scan_of(cli: Cli, folder: Path) -> dict[str, Any]:
    (relic,) = inspected(cli, folder)
    (scan,) = relic["scans"]
    return scan


# Figures


@pytest.mark.parametrize(("noise", "within"), [(0.05, 0.05), (0.1, 0.05), (0.2, 0.05)])
def test_counts_extent_spacing_and_noise_of_a_plane(
    cli: Cli, tmp_path: Path, noise: float, within: float
) -> None:
    write_ply(tmp_path / "a.ply", plane(80, spacing=1.0, noise=noise))
    scan = scan_of(cli, tmp_path)
    assert scan["points"] == 6400
    assert scan["spacing"] == pytest.approx(1.0, rel=within)
    assert scan["noise"] == pytest.approx(noise, rel=0.1)


@pytest.mark.parametrize("noise_mm", [0.05, 0.2])
def test_curvature_is_not_taken_for_noise(cli: Cli, tmp_path: Path, noise_mm: float) -> None:
    count, radius_mm = 5000, 50.0
    write_ply(tmp_path / "a.ply", sphere(count, radius_mm, noise_mm))
    scan = scan_of(cli, tmp_path)
    assert scan["noise"] == pytest.approx(noise_mm, rel=0.1)
    spacing = radius_mm * np.sqrt(4 * np.pi / count)
    assert scan["spacing"] == pytest.approx(spacing, rel=0.05)
    assert scan["extent"][1:] == pytest.approx([100, 100], abs=1)


def test_no_noise_is_no_noise(cli: Cli, tmp_path: Path) -> None:
    write_ply(tmp_path / "a.ply", plane(50), double=True)
    assert scan_of(cli, tmp_path)["noise"] == pytest.approx(0, abs=1e-12)


def test_survey_coordinates_do_not_blur_the_figures(cli: Cli, tmp_path: Path) -> None:
    cloud = plane(80, spacing=0.001, noise=0.0001)
    far = replace(cloud, points=cloud.points + np.array([5e5, 4e6, 100.0]))
    write_ply(tmp_path / "a.ply", far, double=True)
    scan = scan_of(cli, tmp_path)
    assert scan["spacing"] == pytest.approx(0.001, rel=0.05)
    assert scan["noise"] == pytest.approx(0.0001, rel=0.1)


def test_a_mesh(cli: Cli, tmp_path: Path) -> None:
    write_toml(tmp_path, '[scan]\nunit = "cm"\nup = "+Z"')
    write_ply(tmp_path / "cup.ply", box(4))
    (relic,) = inspected(cli, tmp_path)
    (scan,) = relic["scans"]
    assert (scan["kind"], scan["points"], scan["triangles"]) == ("mesh", 8, 12)
    assert scan["extent"] == pytest.approx([4, 4, 4])
    assert (scan["name"], scan["unit"], scan["spacing"]) == ("cup", "cm", None)
    assert (relic["unit"], relic["unit_basis"]) == ("cm", "declared in relic.toml")
    assert (relic["up"], relic["up_basis"]) == ("+Z", "declared in relic.toml")


def test_files_are_listed_with_their_checksums(cli: Cli, tmp_path: Path) -> None:
    write_ply(tmp_path / "vase" / "a.ply", sphere(200))
    (tmp_path / "vase" / "notes.md").write_text("x")
    (relic,) = inspected(cli, tmp_path)
    assert [(f["path"], f["role"]) for f in relic["files"]] == [
        ("a.ply", "scan"),
        ("notes.md", "other"),
    ]
    assert all(len(f["sha256"]) == 64 for f in relic["files"])


def test_the_cost_grows_with_the_scan_and_follows_the_pipeline(cli: Cli, tmp_path: Path) -> None:
    small = write_ply(tmp_path / "small.ply", sphere(1000))
    large = write_ply(tmp_path / "large.ply", sphere(40_000))
    a, b = (inspected(cli, path)[0] for path in (small, large))
    assert b["estimated_seconds"] > a["estimated_seconds"] > 0
    assert b["estimated_memory_bytes"] > a["estimated_memory_bytes"] > 1e8
    (mesh,) = inspected(cli, write_ply(tmp_path / "cup.ply", box()))
    assert mesh["estimated_seconds"] <= a["estimated_seconds"]
    write_toml(tmp_path / "chosen", '[pipeline]\nuse = "preview"')
    write_ply(tmp_path / "chosen" / "a.ply", sphere(500))
    assert inspected(cli, tmp_path / "chosen")[0]["pipeline"] == "preview"
    assert inspected(cli, tmp_path / "chosen", "-p", "web")[0]["pipeline"] == "web"


# Doubts


def doubts_about(cli: Cli, cloud: PointCloud, folder: Path, unit: str = "mm") -> str:
    write_toml(folder, f'[scan]\nunit = "{unit}"')
    write_ply(folder / "a.ply", cloud)
    (relic,) = inspected(cli, folder)
    return "\n".join(relic["doubts"])


def test_a_good_scan_leaves_no_doubt(cli: Cli, tmp_path: Path) -> None:
    assert doubts_about(cli, sphere(120_000), tmp_path) == ""


def test_doubts(cli: Cli, tmp_path: Path) -> None:
    cloud = sphere(1000)
    assert "too sparse for low, medium, high: the scan makes about 750 triangles" in doubts_about(
        cli, cloud, tmp_path / "few"
    )

    broken = np.array(cloud.points)
    broken[:3] = np.nan
    text = doubts_about(cli, replace(cloud, points=broken), tmp_path / "nan")
    assert "a: 3 points are not numbers" in text

    twice = PointCloud(np.repeat(cloud.points, 2, axis=0))
    assert "a: 1,000 points stand at exactly the same place" in doubts_about(
        cli, twice, tmp_path / "twice"
    )
    noisy = plane(60, spacing=1.0, noise=0.8)
    assert "a: points scatter by 0." in doubts_about(cli, noisy, tmp_path / "noisy")

    flat = PointCloud(cloud.points * [1, 1, 0])
    assert "a: all points lie in one plane" in doubts_about(cli, flat, tmp_path / "flat")

    dark = replace(cloud, colors=np.full((1000, 3), 3))
    write_ply(tmp_path / "dark" / "a.ply", dark)
    assert scan_of(cli, tmp_path / "dark")["colors"] == "very dark colours (brightest value 3)"


def test_a_unit_that_cannot_be_right(cli: Cli, tmp_path: Path) -> None:
    text = doubts_about(cli, sphere(500), tmp_path / "m", unit="m")
    assert "its longest side is 109,145 mm, if the unit m is right" in text
    assert "longest side" not in doubts_about(cli, sphere(500), tmp_path / "mm", unit="mm")


def test_an_unknown_unit_and_missing_poses(cli: Cli, tmp_path: Path) -> None:
    for name in ("a.ply", "b.ply"):
        write_ply(tmp_path / "figurine" / name, sphere(300))
    (relic,) = inspected(cli, tmp_path)
    text = "\n".join(relic["doubts"])
    assert "2 of 2 scans have no pose: a run places them by what they show" in text
    assert 'write unit = "mm"' in text
    write_toml(tmp_path / "figurine", '[scan]\nunit = "mm"\nframe = "common"')
    (relic,) = inspected(cli, tmp_path)
    assert "pose" not in "\n".join(relic["doubts"])


def test_a_scan_without_a_unit_among_others(cli: Cli, tmp_path: Path) -> None:
    write_ply(tmp_path / "pot" / "a.ply", sphere(300))
    turn = "0 0 0\n1 0 0\n0 1 0\n0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    rows = "".join(f"{x} {y} {z} 0.5\n" for x, y, z in sphere(300).points / 1000)
    (tmp_path / "pot" / "b.ptx").write_text(f"300\n1\n{turn}{rows}")
    (relic,) = inspected(cli, tmp_path)
    text = "\n".join(relic["doubts"])
    assert "1 of 2 scans state no unit, and the others do" in text
    assert "the unit is unknown" not in text


# How it is said


def test_what_a_technician_reads(cli: Cli, evening: Evening) -> None:
    said = cli("inspect", evening.scans, code=1)
    assert said.err == ""
    blocks = said.out.split("\n\n")
    names = [block.split()[0] for block in blocks[:-1]]
    assert names == ["cup", "figurine", "torn", "vase"]
    vase = [line.rstrip() for line in blocks[3].splitlines()]
    assert vase[0] == f"vase  {evening.scans / 'vase'}"
    assert vase[1].split() == [
        *("scan", "points", "triangles", "spacing", "noise", "extent", "has"),
    ]
    assert vase[2].split()[:3] == ["vase", "2,500", "–"]
    assert vase[2].endswith("  3.62  0.051  109.9 x 99.97 x 100 mm  colours")
    assert vase[3] == "  unit: mm (declared in relic.toml)"
    assert vase[4] == "  up: +Z (declared in relic.toml)"
    assert vase[5] == "  other files: relic.toml"
    assert vase[6].startswith("  a run with pipeline plain takes about ")
    assert vase[7].startswith("  expected: a master of about 1,900 triangles, the finest level 0.")
    assert vase[8].startswith("  doubt: too sparse for low, medium, high: the scan makes about 1,9")
    assert "cannot be run: scan.ply: " in blocks[2]
    assert "what would work: " in blocks[2]
    assert blocks[-1].startswith("4 relics, 1 of which cannot be run; all together take about")


def test_names_with_brackets_are_names(cli: Cli, tmp_path: Path) -> None:
    write_ply(tmp_path / "a [red] scan.ply", sphere(100))
    assert "  a [red] scan  " in cli("inspect", tmp_path).out


def test_sixty_columns_lose_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "a-scan-with-a-name-that-does-not-fit-into-a-column"
    write_ply(tmp_path / f"{name}.ply", sphere(100))
    monkeypatch.setenv("COLUMNS", "60")
    table = cli("inspect", tmp_path).out.splitlines()[1:]
    table = table[: next(i for i, line in enumerate(table) if line.startswith("  unit"))]
    assert max(map(len, table)) <= 60
    assert "".join(line[2:].split(" ")[0] for line in table[1:]) == name


def test_a_wrong_pipeline_and_a_missing_input(cli: Cli, tmp_path: Path) -> None:
    assert "no pipeline 'wep'" in cli("inspect", tmp_path, "-p", "wep", code=2).err
    assert "no such file" in cli("inspect", tmp_path / "none", code=2).err


def test_a_relic_toml_that_does_not_fit(cli: Cli, tmp_path: Path) -> None:
    write_toml(tmp_path, '[pipeline]\nset."decimate.x" = 1')
    write_ply(tmp_path / "a.ply", sphere(100))
    said = cli("inspect", tmp_path, code=1)
    assert "cannot be run: relic.toml: it does not fit the pipeline" in said.out
