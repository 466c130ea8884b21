"""Every real and hostile scan of the collection, held against what its INDEX.tsv expects."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from relicscan import formats
from relicscan.errors import ScanError
from relicscan.relic import Mesh, PointCloud
from tests.conftest import shared_folder

pytestmark = pytest.mark.real

INDEX = shared_folder() / "scans" / "INDEX.tsv"

LOADS, REFUSED, NOTHING = "loads", "is refused", "holds no geometry"

#: Where we see a file otherwise than the index, and why.
OTHER_OUTCOMES = {
    # Its points are whole; the one field whose extension is not declared is not read.
    "hostile/e57/e57__no_ext_namespace.e57": LOADS,
    # A valid file that one reader once failed on; libE57 reads all of its points.
    "hostile/e57/e57__read_error.e57": LOADS,
    # A valid file, but of one picture and no scan.
    "e57_libe57format/PinholeImageWithDistortionParameters.e57": NOTHING,
    # Valid, but their scenes hold no mesh.
    "hostile/gltf/gltfval__json__bom.gltf": NOTHING,
    "hostile/gltf/trimesh__empty_nodes.glb": NOTHING,
}
#: Points or vertices and faces where they differ from the index, and why.
OTHER_COUNTS = {
    # Half of the 360 points are flagged as invalid.
    "e57_cry_inc/tiny_spherical.e57": (180, 0),
    # It announces eight points and holds nine.
    "pc_ascii/bunny_8.pts": (9, 0),
    # The index counts vertices split along texture seams; ours are the surface's own.
    "tex_fuze_bottle/fuze.obj": (502, 1000),
    "tex_whale_skull/whale_cranium.glb": (50_000, 100_000),
    "tex_whale_skull/whale_cranium_draco.glb": (50_000, 100_000),
    "tex_whale_skull/whale_mandible.glb": (49_996, 100_000),
}


def rows() -> list[dict[str, str]]:
    """The rows of the index that are scans: not texts, pictures and companions of others."""
    if not INDEX.is_file():
        return []
    with INDEX.open(encoding="utf-8", newline="") as stream:
        found = [row for row in csv.DictReader(stream, delimiter="\t") if row["path"]]
    return [
        row
        for row in found
        if Path(row["path"]).suffix.lower() in formats.MODULES
        and not row["what"].startswith("documentation")
    ]


def expected(row: dict[str, str]) -> str:
    """What must happen to the file."""
    if row["path"] in OTHER_OUTCOMES:
        return OTHER_OUTCOMES[row["path"]]
    truth = row["ground_truth"]
    if "clear error" in truth:
        return REFUSED
    return NOTHING if '"no geometry"' in truth else LOADS


@pytest.mark.parametrize("row", rows() or [{"path": "none"}], ids=lambda row: row["path"])
def test_a_real_file(shared: Path, row: dict[str, str]) -> None:
    path = shared / "scans" / row["path"]
    outcome = expected(row)
    if outcome != LOADS:
        with pytest.raises(ScanError) as raised:
            formats.read(path)
        assert raised.value.scan == path.name
        assert raised.value.remedy
        if outcome == NOTHING:
            assert "no geometry" in raised.value.message or "empty" in raised.value.message
        return
    peek = formats.peek(path)
    scans = formats.read(path)
    clouds = [scan.geometry for scan in scans if isinstance(scan.geometry, PointCloud)]
    meshes = [scan.geometry for scan in scans if isinstance(scan.geometry, Mesh)]
    assert peek.kind == ("mesh" if meshes else "cloud")
    counts = (
        sum(map(len, clouds)) + sum(len(mesh.vertices) for mesh in meshes),
        sum(len(mesh.faces) for mesh in meshes),
    )
    assert min(counts[0], len(scans)) > 0
    if row["points_or_vertices"]:
        stated = (int(row["points_or_vertices"]), int(row["faces"] or 0))
        assert counts == OTHER_COUNTS.get(row["path"], stated)
    if row["colour"]:
        has_colors = any(scan.geometry.colors is not None for scan in scans)
        assert has_colors == (row["colour"] == "RGB")


def test_the_index_is_there_and_complete(shared: Path) -> None:
    paths = {row["path"] for row in rows()}
    assert {Path(path).suffix.lower() for path in paths} >= set(formats.MODULES) - {".txt"}
    assert OTHER_OUTCOMES.keys() | OTHER_COUNTS.keys() <= paths


BUNNY_E57 = [
    "e57_cry_inc/bunnyFloat.e57",
    "e57_cry_inc/bunnyInt19.e57",
    "e57_libe57format/bunnyInt32.e57",
    "e57_libe57format/bunnyDouble.e57",
]


def points_of(path: Path) -> np.ndarray:
    (scan,) = formats.read(path)
    assert isinstance(scan.geometry, PointCloud)
    return scan.geometry.points


@pytest.mark.parametrize("name", BUNNY_E57)
def test_the_bunny_is_the_same_in_every_encoding(shared: Path, name: str) -> None:
    ours = points_of(shared / "scans" / name)
    assert abs(ours - points_of(shared / "scans" / BUNNY_E57[-1])).max() < 1e-6


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ("las_laspy/simple.laz", "las_laspy/simple.las"),
        ("las_laspy/extrabytes.las", "las_laspy/simple.las"),
        ("pc_ascii/1.2-with-color.ptx", "las_pdal/1.2-with-color.las"),
        ("pc_ascii/points_cloudcompare.xyz", "pc_ascii/points_agisoft.xyz"),
        ("pc_sbcv_sfm/Example.asc", "pc_sbcv_sfm/Example.ply"),
    ],
)
def test_the_same_cloud_in_two_formats(shared: Path, ours: str, other: str) -> None:
    (first,) = formats.read(shared / "scans" / ours)
    (second,) = formats.read(shared / "scans" / other)
    a, b = first.geometry, second.geometry
    assert isinstance(a, PointCloud)
    assert isinstance(b, PointCloud)
    n = min(len(a), len(b))  # one exporter repeats the first point at the end
    assert a.points[:n] == pytest.approx(b.points[:n], rel=1e-6, abs=1e-7)
    assert abs(a.colors[:n].astype(int) - b.colors[:n]).max() <= 1


def test_every_raw_bunny_scan_lies_on_the_bunny(shared: Path) -> None:
    """Poses of bun.conf (the conjugate quaternion, then the step) put the scans on the mesh."""
    from scipy.spatial import cKDTree
    from scipy.spatial.transform import Rotation

    folder = shared / "scans" / "ms_stanford_bunny"
    (bunny,) = formats.read(folder / "reconstruction" / "bun_zipper.ply")
    assert isinstance(bunny.geometry, Mesh)
    tree = cKDTree(bunny.geometry.vertices)
    lines = (folder / "data" / "bun.conf").read_text().splitlines()
    scans = [line.split() for line in lines if line.startswith("bmesh")]
    assert len(scans) == 10
    for _, name, *numbers in scans:
        values = np.array(numbers, float)
        R = Rotation.from_quat(values[3:]).inv().as_matrix()
        placed = points_of(folder / "data" / name)[::50] @ R.T + values[:3]
        assert np.median(tree.query(placed)[0]) < 0.6e-3  # metres, to the nearest vertex


def test_milk_is_what_open3d_reads(shared: Path) -> None:
    import open3d

    path = shared / "scans" / "pc_pcl" / "milk.pcd"
    (scan,) = formats.read(path)
    theirs = open3d.io.read_point_cloud(str(path), remove_nan_points=False)
    assert isinstance(scan.geometry, PointCloud)
    assert scan.geometry.points == pytest.approx(np.asarray(theirs.points), nan_ok=True)
    assert scan.geometry.colors == pytest.approx(np.asarray(theirs.colors) * 255, abs=0.5)
