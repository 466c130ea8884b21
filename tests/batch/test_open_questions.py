"""What nothing decides is delivered as pictures of the answers, with a model or without one."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tiny_scans import checked_output, sphere, write_cup, write_ply

from relicscan.batch.export import export
from relicscan.batch.run import run
from relicscan.batch.verify import verify
from relicscan.errors import OutputError
from relicscan.metadata.exports import FORMATS
from relicscan.metadata.index import read_index

#: In the workers two stages have questions: `open` cannot be merged, `cup` is built with a doubt.
SITECUSTOMIZE = """
import sys

if "relicscan.batch.worker" in sys.orig_argv:
    from dataclasses import replace
    import numpy as np
    import relicscan.quality.arrangements as pictures
    from relicscan.errors import Undecided
    from relicscan.relic import Arrangement, Doubt, PointCloud
    from relicscan.stage import _STAGES, get_stage

    pictures.VIEW_PX = 60

    def ways(*xs):
        grid = np.stack(np.meshgrid(range(20), range(20), [0.0]), axis=-1).reshape(-1, 3)
        both = lambda x: np.vstack([grid, grid * 0.3 + [x, 0, 1]])
        colors = np.repeat([[222, 222, 222], [230, 159, 0]], 400, axis=0)
        return tuple(
            Arrangement(f"way {n} (orange: b)", PointCloud(both(x), colors=colors))
            for n, x in enumerate(xs, start=1)
        )

    def merge_scans(relic, **parameters):
        raise Undecided(
            "b fits onto a in 4 ways",
            remedy="scan it again",
            figures={"pairs": [{"scans": ["a", "b"], "used": False, "overlap": 0.5}]},
            arrangements=ways(0, 5, 9, 13),
        )

    build = get_stage("build_levels").function

    def build_levels(relic, **parameters):
        return build(relic, **parameters).doubting(
            Doubt("it leans", "look at it"),
            Doubt("scan c was left out", "give it a pose", ways(1, 8)),
            Doubt("scan d was left out", "give it a pose", ways(4)),
        )

    for replaced in (merge_scans, build_levels):
        name = replaced.__name__
        _STAGES[name] = replace(get_stage(name), function=replaced)
"""


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory, pipeline: str) -> Path:
    root = tmp_path_factory.mktemp("questions")
    (root / "site").mkdir()
    (root / "site" / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    write_cup(root / "scans" / "cup")
    for name in ("a.ply", "b.ply"):
        write_ply(root / "scans" / "open" / name, sphere(300))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root / "site"))
        outcomes = run(root / "scans", root / "out", pipeline=pipeline, jobs=2)
    assert [(o.id, o.state, o.verdict) for o in outcomes] == [
        ("cup", "done", "review"),
        ("open", "done", "review"),
    ]
    return root / "out"


@pytest.fixture
def manifests(out: Path) -> dict[str, dict[str, Any]]:
    return checked_output(out)


def test_a_relic_that_stays_open_has_pictures_and_no_model(
    out: Path, manifests: dict[str, dict[str, Any]]
) -> None:
    told = manifests["open"]
    assert (told["master"], told["levels"]) == (None, [])
    paths = [f"preview/arrangement-{n}.webp" for n in (1, 2, 3, 4)]
    assert [file["path"] for file in told["files"]] == paths
    assert told["arrangements"] == [
        {"path": path, "title": f"way {n} (orange: b)", "question": 1}
        for n, path in enumerate(paths, start=1)
    ]
    (reason,) = told["reasons"]
    assert reason["text"] == (
        "stage merge_scans: b fits onto a in 4 ways (see preview/arrangement-1.webp, "
        "preview/arrangement-2.webp, preview/arrangement-3.webp, …)"
    )
    assert reason["remedy"] == "scan it again"
    for path in paths:
        with Image.open(out / "open" / path) as picture:
            assert picture.size == (128, 60)


def test_what_was_found_stays_with_the_step(manifests: dict[str, dict[str, Any]]) -> None:
    step = manifests["open"]["steps"][-1]
    assert (step["stage"], step["skipped"]) == ("merge_scans", None)
    assert step["undecided"] == "b fits onto a in 4 ways"
    assert step["before"] == step["after"] == {"points": 600}
    assert step["figures"] == {"pairs": [{"scans": ["a", "b"], "used": False, "overlap": 0.5}]}
    assert all(step["undecided"] is None for step in manifests["cup"]["steps"])


def test_a_model_with_doubts_has_the_pictures_of_each(
    manifests: dict[str, dict[str, Any]],
) -> None:
    """Though its pipeline makes no other pictures."""
    told = manifests["cup"]
    assert told["master"] is not None
    assert [(one["path"][-6:-5], one["question"]) for one in told["arrangements"]] == [
        *(("1", 2), ("2", 2), ("3", 3)),
    ]
    files = {file["path"] for file in told["files"]}
    assert {one["path"] for one in told["arrangements"]} == files
    assert [reason["text"] for reason in told["reasons"]] == [
        "it leans",
        "scan c was left out (see preview/arrangement-1.webp, preview/arrangement-2.webp)",
        "scan d was left out (see preview/arrangement-3.webp)",
    ]


def test_index_and_verify_know_the_files(out: Path) -> None:
    assert verify(out) == []
    counts = {entry.id: entry.counts for entry in read_index(out).relics}
    assert counts["open"].files == 4
    picture = out / "open" / "preview" / "arrangement-2.webp"
    whole = picture.read_bytes()
    picture.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    try:
        assert [d.path for d in verify(out)] == ["open/preview/arrangement-2.webp"]
    finally:
        picture.write_bytes(whole)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_exports_take_no_arrangement_for_the_picture_of_a_relic(
    out: Path, tmp_path: Path, format: str
) -> None:
    base = "https://museum.example/relics"
    with suppress(OutputError):  # some formats ask for more than these two state
        export(format, out, tmp_path / "all", base_url=base, relics=["open", "cup"])
    files = [path for path in (tmp_path / "all").rglob("*") if path.is_file()]
    copied = {path.name for path in files if path.suffix == ".webp"}
    if format in ("bagit", "ro-crate"):  # which hold all files of a relic that has a model
        assert copied == {f"arrangement-{n}.webp" for n in (1, 2, 3)}
        return
    assert not copied
    for path in files:
        if path.suffix in (".json", ".xml", ".rdf"):
            assert "arrangement-" not in path.read_text(encoding="utf-8")
