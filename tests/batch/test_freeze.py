"""A Relic as one file and back: everything, bit for bit, or a plain no."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_scans import box, sphere

from relicscan.batch.freeze import Torn, freeze, thaw
from relicscan.relic import (
    Arrangement,
    AsScanned,
    Deviation,
    Distances,
    Doubt,
    Frame,
    Level,
    Material,
    Mesh,
    PointCloud,
    Relic,
    Scan,
    SourceFile,
    Step,
    Texture,
)

AWAY = Distances(0.1, 0.2, 1.5, 100)
DEVIATION = Deviation("points", AWAY, AWAY, 0.01, 1.2, 0.02, 173.2)


def full_relic() -> Relic:
    """A relic that holds something in every field that there is."""
    cloud = sphere(40)
    n = len(cloud)
    cloud = PointCloud(
        np.add(cloud.points, [0.1, 1e9, -0.0]),
        np.tile(np.float32([0, 0, 1]), (n, 1)),
        cloud.colors,
        np.linspace(0, 1, n),
        np.ones((n, 3)),
    )
    texture = Texture("glaze", b"\xff\xd8\x00\xff", "image/jpeg", 2, 3)
    plain = box()
    mesh = Mesh(
        plain.vertices,
        plain.faces,
        np.tile(np.float32([1, 0, 0]), (8, 1)),
        np.full((8, 3), 7),
        np.full((12, 3, 2), 0.25),
        np.zeros(12),
        (Material("red", (1, 0, 0.1, 1), texture, texture, texture),),
        np.arange(8) < 3,
    )
    return Relic(
        id="vase",
        scans=(Scan("a", cloud, "a.ply", np.eye(4), "mm", "said so", "+Z", "E57", ("odd",)),),
        cloud=cloud,
        mesh=mesh,
        painted=mesh,
        levels=(Level("low", 100, mesh, DEVIATION),),
        frame=Frame("mm", "stated", np.eye(4) * 2, "+Y", "stated", np.eye(3)),
        metadata={"scan": {"unit": "mm"}, "object": {"title": {"zh-Hans": "瓶"}}},
        sources=(SourceFile("a.ply", "scan", 3, "0" * 64, 17),),
        seed=42,
        figures={"share": 0.1, "nothing": None, "list": [1, 2.5, "x"]},
        warnings=("one", "two"),
        history=(Step("crop", {"min": [1, 2], "on": True}, None, {"min": "--set"}, {"points": 3}),),
        doubts=(Doubt("scan b was left out", "look at it", (Arrangement("way 1", cloud),)),),
        as_scanned=AsScanned(cloud, np.arange(n) - 1, 3 * n, 0.04, 1.5),
    )


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal in type, structure and every bit of their arrays."""
    if type(a) is not type(b) and not (isinstance(a, dict) and isinstance(b, dict)):
        return False
    if dataclasses.is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def test_everything_comes_back(tmp_path: Path) -> None:
    relic = full_relic()
    for field in dataclasses.fields(Relic):
        assert getattr(relic, field.name), f"{field.name} is empty: the test would not see it lost"
    size = freeze(relic, tmp_path / "x.relic")
    assert size == (tmp_path / "x.relic").stat().st_size
    assert same(thaw(tmp_path / "x.relic"), relic)
    assert [path.name for path in tmp_path.iterdir()] == ["x.relic"]


def test_a_difference_is_seen() -> None:
    relic = full_relic()
    assert not same(relic, dataclasses.replace(relic, seed=43))
    assert not same(relic, dataclasses.replace(relic, cloud=sphere(40)))


def test_a_torn_file_is_told_wherever_it_is_torn(tmp_path: Path) -> None:
    path = tmp_path / "x.relic"
    freeze(full_relic(), path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(Torn):
            thaw(path)


def test_changed_bytes_are_told_or_make_no_difference(tmp_path: Path) -> None:
    """ZIP keeps a checksum of each array; only its own padding may change unseen."""
    path, relic = tmp_path / "x.relic", full_relic()
    freeze(relic, path)
    whole = path.read_bytes()
    for position in range(0, len(whole), 101):
        changed = bytearray(whole)
        changed[position] ^= 0x40
        path.write_bytes(bytes(changed))
        try:
            assert same(thaw(path), relic)
        except (Torn, OSError):
            continue


def test_nothing_but_a_relic_is_made_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.relic"
    np.savez(path.with_suffix(".npz"), structure=np.frombuffer(b'{"is": "Path", "with": {}}', "u1"))
    path.with_suffix(".npz").rename(path)
    with pytest.raises(Torn):
        thaw(path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        thaw(tmp_path / "none.relic")
