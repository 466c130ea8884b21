"""What every format promises, whatever it is: one suite over all of `formats.MODULES`."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from relicscan import formats
from relicscan.errors import ScanError
from relicscan.relic import Mesh, PointCloud, Scan
from tests.formats import cloud_examples, mesh_examples
from tests.formats.header_claims import CLAIMS

WRITERS = {**cloud_examples.EXAMPLES, **mesh_examples.EXAMPLES, **cloud_examples.VARIANTS}
EXTENSIONS = sorted(formats.MODULES)

#: No refusal of a header may cost more memory than this, in bytes: far less than what it claims.
CHEAP = 32 << 20
HUGE = 10**12


@pytest.fixture(params=WRITERS)
def example(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int, int]:
    """A valid file, and the points (or vertices) and faces that it holds."""
    path = tmp_path / f"example{Path('x' + request.param).suffix}"
    return path, *WRITERS[request.param](path)


def arrays(scans: list[Scan]) -> list[np.ndarray | None]:
    """Every array that was read, in a fixed order."""
    names = ("points", "vertices", "faces", "normals", "colors", "intensity", "viewpoints")
    names += ("corner_uv", "face_material")
    found = [getattr(scan.geometry, name, None) for scan in scans for name in names]
    return found + [scan.pose for scan in scans]


def attempt(access: Callable[[Path], Any], path: Path) -> Any:
    """What a reader returns, or its ScanError; anything else is for the test to report."""
    try:
        return access(path)
    except ScanError as error:
        return error


def is_refused(path: Path) -> bool:
    """Whether `read` refuses the file; what it refuses or returns must be fit to be shown."""
    for access in (formats.peek, formats.read):
        outcome = attempt(access, path)
        if isinstance(outcome, ScanError):
            assert outcome.message
            assert outcome.remedy
            assert outcome.scan == path.name
    if isinstance(outcome, ScanError):
        return True
    for scan in outcome:
        geometry = scan.geometry
        assert len(geometry.faces if isinstance(geometry, Mesh) else geometry) > 0
    return False


def test_there_is_an_example_of_every_extension() -> None:
    assert sorted(cloud_examples.EXAMPLES | mesh_examples.EXAMPLES) == EXTENSIONS


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_the_module_knows_its_extensions(extension: str) -> None:
    module = formats.format_of(Path(f"A{extension.upper()}"))
    assert extension in module.EXTENSIONS
    assert all(formats.MODULES[other] == formats.MODULES[extension] for other in module.EXTENSIONS)


def test_peek_agrees_with_read(example: tuple[Path, int, int]) -> None:
    path, points, faces = example
    peek = formats.peek(path)
    scans = formats.read(path)
    meshes = [scan.geometry for scan in scans if isinstance(scan.geometry, Mesh)]
    clouds = [scan.geometry for scan in scans if isinstance(scan.geometry, PointCloud)]
    assert sum(map(len, clouds)) + sum(len(mesh.vertices) for mesh in meshes) == points
    assert sum(len(mesh.faces) for mesh in meshes) == faces
    assert peek.kind == ("mesh" if meshes else "cloud")
    assert not (meshes and clouds)
    assert peek.points in (points, -1)
    assert peek.faces in (faces, -1)
    assert peek.scans in (len(scans), -1)
    assert peek.unit == scans[0].unit
    assert peek.colors == any(scan.geometry.colors is not None for scan in scans)
    assert peek.textured == any(mesh.textured for mesh in meshes)


def test_scans_are_named_after_their_file(example: tuple[Path, int, int]) -> None:
    scans = formats.read(example[0])
    assert {scan.file for scan in scans} == {example[0].name}
    assert all(scan.name for scan in scans)
    assert len({scan.name for scan in scans}) == len(scans)


def test_reading_changes_nothing(example: tuple[Path, int, int]) -> None:
    path = example[0]
    before = hashlib.sha256(path.read_bytes()).digest()
    formats.peek(path)
    formats.read(path)
    assert hashlib.sha256(path.read_bytes()).digest() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_reading_twice_gives_the_same(example: tuple[Path, int, int]) -> None:
    first, second = arrays(formats.read(example[0])), arrays(formats.read(example[0]))
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert a.dtype == b.dtype
            assert np.array_equal(a, b, equal_nan=True)


def test_a_truncated_file_is_refused_or_read(example: tuple[Path, int, int]) -> None:
    path, whole = example[0], example[0].read_bytes()
    cuts = {*range(1, 40, 3), *np.linspace(40, len(whole) - 1, 60).astype(int).tolist()}
    cuts |= {len(whole) - back for back in range(1, 12)}
    for cut in sorted(cuts):
        path.write_bytes(whole[:cut])
        is_refused(path)


@pytest.mark.parametrize("seed", range(6))
def test_flipped_bytes_are_refused_or_read(example: tuple[Path, int, int], seed: int) -> None:
    path, whole = example[0], example[0].read_bytes()
    rng = np.random.default_rng(seed)
    for end in (64, 400, len(whole)):
        spoilt = np.frombuffer(whole, np.uint8).copy()
        where = rng.integers(0, min(end, len(whole)), 4)
        spoilt[where] = rng.integers(0, 256, len(where))
        path.write_bytes(spoilt.tobytes())
        is_refused(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_garbage_is_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"garbage{extension}"
    for seed in range(20):
        path.write_bytes(np.random.default_rng(seed).bytes(10 + 97 * seed))
        assert is_refused(path)


@pytest.mark.parametrize("text", ["\n\n\n", "hello\n", "a b c\nd e f\n", "{}", "1\n", "-1 -1\n"])
@pytest.mark.parametrize("extension", EXTENSIONS)
def test_text_that_is_no_scan_is_refused(tmp_path: Path, extension: str, text: str) -> None:
    path = tmp_path / f"text{extension}"
    path.write_text(text)
    assert is_refused(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_empty_file_is_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"empty{extension}"
    path.touch()
    for access in (formats.peek, formats.read):
        with pytest.raises(ScanError, match=r"empty|no geometry"):
            access(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_what_is_not_there_or_no_file_is_refused(tmp_path: Path, extension: str) -> None:
    (tmp_path / f"folder{extension}").mkdir()
    for path in (Path(f"missing{extension}"), tmp_path / f"folder{extension}"):
        for access in (formats.peek, formats.read):
            with pytest.raises(ScanError):
                access(path)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_huge_claim_is_refused_before_memory_is_spent(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"huge{extension}"
    CLAIMS[extension](path, HUGE)
    is_refused(path)  # imports whatever it needs, so that only the refusal is measured
    tracemalloc.start()
    try:
        assert is_refused(path)
        assert tracemalloc.get_traced_memory()[1] < CHEAP
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_a_file_of_nothing_says_so(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"nothing{extension}"
    CLAIMS[extension](path, 0)
    for access in (formats.peek, formats.read):
        with pytest.raises(ScanError, match="no geometry"):
            access(path)
