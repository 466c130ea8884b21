"""Scale bars from relic.toml to the last figure: scans without a unit, models in millimetres."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch.conftest import PIPELINE
from tiny_scans import box, checked_output, sphere, write_ply, write_toml

from relicscan.batch.export import export
from relicscan.batch.freeze import freeze, thaw
from relicscan.batch.inspect import inspect
from relicscan.batch.run import run
from relicscan.metadata.exports import FORMATS
from relicscan.scan_folder import read_relic

#: A ball of 0.1 units across; two bars lie along it, and the real one is 250 mm across.
BAR = '[[scan.distance]]\nname = "{}"\npoints = [{}, {}]\nlength = {}\nuncertainty = 0.5\n'
ALONG_Y = BAR.format("along y", [0, -0.05, 0], [0, 0.05, 0], 250.4)
ALONG_Z = BAR.format("along z", [0, 0, -0.05], [0, 0, 0.05], 249.6)
DENIED = BAR.format("along z", [0, 0, -0.05], [0, 0, 0.05], 300)
SAID = (
    '[object]\ntitle.en = "Ball"\ntype.label.en = "ball"\n'
    '[[object.dimension]]\nkind = "height"\nvalue = "250"\n'
    'unit = "mm"\n[museum]\nname.en = "M"\n[rights]\n'
    'digital.uri = "https://creativecommons.org/licenses/by/4.0/"\n'
    '[[hotspot]]\nid = "top"\nposition = [0, 0, 0.05]\nnormal = [0, 0, 1]\n[scan]\nup = "+Z"\n'
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bars")
    (root / "quick.toml").write_text(PIPELINE)
    cloud = sphere(3000, radius_mm=0.05, noise_mm=0)
    for name, bars in (("ball", ALONG_Y + ALONG_Z), ("doubted", ALONG_Y + DENIED)):
        write_ply(root / "scans" / name / "ball.ply", cloud)
        write_toml(root / "scans" / name, SAID + bars)
    run(root / "scans", root / "out", pipeline=str(root / "quick.toml"), jobs=1)
    return root


@pytest.fixture(scope="module")
def said(root: Path) -> dict[str, dict[str, Any]]:
    return checked_output(root / "out")


def test_a_scan_without_a_unit_becomes_a_model_in_millimetres(said: dict[str, Any]) -> None:
    ball = said["ball"]
    assert (ball["state"], ball["verdict"], ball["reasons"]) == ("done", "pass", [])
    units = ball["units"]
    assert (units["unit"], units["scale"], units["figures_in"]) == (None, "measured", "mm")
    assert units["mm_per_source_unit"] == pytest.approx(2500)
    assert units["basis"] == "measured: 2 known distances, RMS residual 0.4 mm"
    assert [one["residual_mm"] for one in units["distances"]] == pytest.approx([-0.4, 0.4])
    sides = np.ptp(ball["master"]["bounds"], axis=0)
    assert sides[1:] == pytest.approx([250, 250], rel=0.02)
    assert np.ptp(ball["levels"][-1]["bounds_m"], axis=0).min() == pytest.approx(0.25, rel=0.02)
    (height,) = ball["dimensions"]
    assert height["agrees"] is True


def test_hotspots_are_where_the_scan_has_them(said: dict[str, Any]) -> None:
    ball = said["ball"]
    T = np.array(ball["frame"]["T_model_source"])
    assert np.cbrt(np.linalg.det(T[:3, :3])) == pytest.approx(2.5), "metres in a unit"
    (x, y, z, _), high = T @ [0, 0, 0.05, 1], ball["levels"][-1]["bounds_m"][1]
    assert y == pytest.approx(high[1], abs=0.003), "+Z of the source is +Y of the model"
    assert abs(z) < 0.003
    assert abs(x) < 0.05


def test_distances_that_do_not_agree_leave_it_for_review(said: dict[str, Any]) -> None:
    doubted = said["doubted"]
    assert (doubted["state"], doubted["verdict"]) == ("done", "review")
    (reason,) = doubted["reasons"]
    assert "along y of 250.4 mm measures 275.2 mm (+24.8)" in reason["text"]
    assert doubted["units"]["figures_in"] == "working units"
    assert doubted["units"]["distance_rms_mm"] is None
    assert np.ptp(doubted["master"]["bounds"], axis=0).max() == pytest.approx(1000, rel=0.02)


def test_what_is_kept_between_runs_keeps_the_scale(root: Path, tmp_path: Path) -> None:
    relic = read_relic(root / "scans" / "doubted")
    freeze(relic, tmp_path / "kept")
    again = thaw(tmp_path / "kept")
    assert (again.frame.distances, again.doubts) == (relic.frame.distances, relic.doubts)
    assert len(again.frame.distances) == 2


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_it(
    root: Path, said: dict[str, Any], tmp_path: Path, format: str
) -> None:
    url = "https://museum.example/relics"
    found = export(format, root / "out", tmp_path / "to", base_url=url, relics=["ball"])
    assert len(found.relics) == 1
    assert not [loss for loss in found.losses if "scale" in loss.reason]
    text = "".join(
        path.read_text(encoding="utf-8", errors="ignore")
        for path in (tmp_path / "to").rglob("*")
        if path.suffix in (".xml", ".json", ".csv")
    )
    expected = {"svx": '"units": "m"', "edm": " mm</dcterms:extent>", "csv": "true",
                "packrat": "millimeter", "iiif": "spatialScale"}  # fmt: skip
    assert expected.get(format, "") in text


def test_inspect_shows_the_scale_and_where_it_is_from(root: Path, tmp_path: Path) -> None:
    write_ply(tmp_path / "box.ply", box(4))
    edge = BAR.format("edge", [0, 0, 0], [4, 0, 0], 101.6)
    write_toml(tmp_path, '[scan]\nunit = "mm"\nup = "+Z"\n' + edge)
    ball, doubted, inches = (*inspect(root / "scans"), *inspect(tmp_path))
    assert ball.mm_per_unit == pytest.approx(2500)
    assert [one.residual_mm for one in ball.distances] == pytest.approx([-0.4, 0.4])
    assert ball.distance_rms_mm == pytest.approx(0.4)
    assert not [doubt for doubt in ball.doubts if "unit" in doubt]
    assert any("do not agree on the scale" in doubt for doubt in doubted.doubts)
    assert any('write unit = "in"' in doubt for doubt in inches.doubts)
