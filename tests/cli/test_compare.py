"""`relicscan compare` as its users meet it: tables, exit codes, files, and refusals in words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from cli.commands import Cli

from relicscan.formats.ply import write_mesh
from relicscan.geometry.change import measure
from relicscan.metadata.change_record import ChangeRecord
from relicscan.metadata.schemas import json_schema
from relicscan.quality import change_maps
from relicscan.relic import Mesh
from tests.geometry.change.bodies import Chip, scanned, smooth_body

LOSS = Chip((0, -0.3, 1), radius=20, depth=5.0, flat=True)


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LEAST_SHARE", 1 / 120)
    monkeypatch.setattr(change_maps, "SIDE_PX", 160)
    monkeypatch.setattr(change_maps, "CLOSE_PX", 64)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """whole.ply, again.ply, less.ply, holed.ply and metres.ply of one body."""
    folder = tmp_path_factory.mktemp("meshes")
    body = smooth_body(5)
    hole = Chip((0, 1, 0.1), radius=20, depth=0)
    made = {
        "whole": scanned(body, 1),
        "again": scanned(body, 2),
        "less": scanned(body, 3, chips=(LOSS,)),
        "holed": scanned(body, 4, hole=hole),
    }
    made["metres"] = Mesh(made["again"].vertices / 1000, made["again"].faces)
    for name, mesh in made.items():
        write_mesh(folder / f"{name}.ply", mesh)
    return folder


def mm(files: Path, *names: str) -> list[str]:
    return [*(str(files / f"{name}.ply") for name in names), "--unit", "mm"]


def test_a_loss_in_a_table(cli: Cli, files: Path) -> None:
    said = cli("compare", *mm(files, "whole", "less"), "--aligned")
    assert said.out.startswith("less.ply: 1 loss\n")
    (row,) = re.findall(r"^1 +loss +(.+)$", said.out, re.MULTILINE)
    assert " ± " in row
    assert "circle of" in said.out
    assert "the frames were taken as they are" in said.out


def test_no_change_is_no_failure_and_a_change_is_one_if_asked(cli: Cli, files: Path) -> None:
    said = cli("compare", *mm(files, "whole", "again"), "--aligned", "--fail-on-change")
    assert "no change found" in said.out
    cli("compare", *mm(files, "whole", "less"), "--aligned", "--fail-on-change", code=1)


def test_roughly_aligned(cli: Cli, files: Path, tmp_path: Path) -> None:
    """Where it nearly lies the place is not looked for, and what was moved is moved back."""
    T = np.eye(4)
    T[:3, 3] = 2, -1, 1
    write_mesh(tmp_path / "moved.ply", scanned(smooth_body(5), 3, chips=(LOSS,), T=T))
    both = [str(files / "whole.ply"), str(tmp_path / "moved.ply"), "--unit", "mm"]
    (record,) = json.loads(cli("compare", *both, "--roughly-aligned", "--json").out)
    assert record["alignment"]["method"] == "refined"
    assert record["alignment"]["moved_mm"] == pytest.approx(np.sqrt(6), abs=0.1)
    assert len(record["changes"]) == 1
    said = cli("compare", *both, "--roughly-aligned", "--aligned", code=2)
    assert "leave one of both out" in said.err


def test_json_fits_the_schema(cli: Cli, files: Path) -> None:
    said = cli("compare", *mm(files, "whole", "less"), "--aligned", "--json")
    (record,) = json.loads(said.out)
    jsonschema.validate(record, json_schema("compare.json"))
    (change,) = record["changes"]
    _, volume = LOSS.truth(smooth_body(5))
    assert change["volume_mm3"] == pytest.approx(volume, rel=0.1)
    assert np.linalg.norm(np.array(change["centroid"]["mesh_mm"]) - LOSS.center) < 3
    assert change["centroid"]["model_m"] is None
    assert change["centroid"]["source"] == pytest.approx(change["centroid"]["mesh_mm"], abs=1e-3)


def test_a_folder_with_record_pictures_and_page(cli: Cli, files: Path, tmp_path: Path) -> None:
    said = cli("compare", *mm(files, "whole", "holed"), "--aligned", "-o", tmp_path / "to")
    assert "report.html" in said.out
    made = {path.name for path in (tmp_path / "to").iterdir()}
    assert {"compare.json", "report.html", "scale.webp"} <= made
    assert {f"{s}-{w}.webp" for s in ("front", "top") for w in ("before", "unseen")} <= made
    record = ChangeRecord.model_validate_json((tmp_path / "to" / "compare.json").read_bytes())
    assert record.changes == ()
    assert len(record.gaps) == 1
    page = (tmp_path / "to" / "report.html").read_text(encoding="utf-8")
    assert "No change found" in page
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    again = cli("compare", *mm(files, "whole", "again"), "-o", tmp_path / "to", code=2)
    assert "replaces nothing" in again.err


def test_a_strange_name_stays_a_text(cli: Cli, files: Path, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>.ply"
    (tmp_path / name).write_bytes((files / "less.ply").read_bytes())
    one = [str(files / "whole.ply"), str(tmp_path / name), "--unit", "mm", "--aligned"]
    cli("compare", *one, "-o", tmp_path / "to")
    page = (tmp_path / "to" / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_a_unit_that_is_not_stated(cli: Cli, files: Path) -> None:
    said = cli("compare", files / "whole.ply", files / "again.ply", code=1)
    assert "does not say what unit" in said.err
    assert "--unit mm" in said.err


def test_a_unit_that_is_wrong(cli: Cli, files: Path) -> None:
    said = cli("compare", *mm(files, "whole", "metres"), code=1)
    assert "units that differ by 1000" in said.err
    assert said.out == ""
    assert "not a unit" in cli("compare", *mm(files, "whole", "again")[:2], "--unit", "ell",
                               code=1).err  # fmt: skip


def test_a_refusal_names_the_file(cli: Cli, files: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("no mesh", encoding="utf-8")
    said = cli("compare", files / "whole.ply", tmp_path / "notes.md", "--unit", "mm", code=1)
    assert "notes.md: " in said.err
    assert "Traceback" not in said.err


def test_what_is_no_output_and_no_mesh(cli: Cli, files: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = cli("compare", files / "whole.ply", tmp_path / "empty", code=2)
    assert "no output of a run" in said.err
    assert "no such file" in cli("compare", files / "whole.ply", tmp_path / "no", code=2).err
    np.savetxt(tmp_path / "points.xyz", smooth_body(3).vertices)
    said = cli("compare", files / "whole.ply", tmp_path / "points.xyz", "--unit", "mm", code=1)
    assert "point cloud" in said.err


def test_outputs_of_a_run(cli: Cli, files: Path, tmp_path: Path) -> None:
    """Two relics before, one of them again after: compared by id, in all three frames."""
    for out, name in (("then", "whole"), ("now", "less")):
        for id in ("vase", "jar") if out == "then" else ("vase",):
            scan = tmp_path / out / id
            scan.mkdir(parents=True)
            (scan / "scan.ply").write_bytes((files / f"{name}.ply").read_bytes())
            (scan / "relic.toml").write_text('[scan]\nunit = "cm"\nup = "+Z"\n', encoding="utf-8")
        cli("run", tmp_path / out, "-o", tmp_path / f"out-{out}", "-q")
    both = tmp_path / "out-then", tmp_path / "out-now"
    (record,) = json.loads(cli("compare", *both, "--json").out)
    assert record["id"] == "vase"
    (change,) = record["changes"]
    assert change["kind"] == "loss"
    assert -change["deepest_mm"] == pytest.approx(50, rel=0.1)
    source = np.array(change["centroid"]["source"])
    assert np.linalg.norm(source - LOSS.center) < 3
    manifest = json.loads((both[0] / "vase" / "relic.json").read_bytes())
    T = np.array(manifest["frame"]["T_model_source"])
    model = T[:3, :3] @ source + T[:3, 3]
    assert change["centroid"]["model_m"] == pytest.approx(model.tolist(), abs=1e-4)
    # Frames are those of the scans: also where a master has a place of its own.
    scan = both[0], files / "less.ply"
    for way, most in (("--aligned", 1e-9), ("--roughly-aligned", 1.0)):
        said = cli("compare", *scan, "--unit", "cm", "--relic", "vase", way, "--json")
        (record,) = json.loads(said.out)
        (change,) = record["changes"]
        assert -change["deepest_mm"] == pytest.approx(50, rel=0.1)
        T = np.array(record["alignment"]["T_before_after"])
        before = T[:3, :3] @ (10 * np.array(change["centroid"]["source"])) + T[:3, 3]
        assert np.linalg.norm(before - change["centroid"]["mesh_mm"]) < most + 0.01
    said = cli("compare", both[0], files / "whole.ply", "--unit", "cm", code=2)
    assert "--relic jar" in said.err
    said = cli("compare", *both, "--relic", "jar", code=2)
    assert "no relic 'jar'" in said.err
