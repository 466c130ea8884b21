"""Pictures for catalogues: all there, the right way round, lit, and the same bytes again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from relicscan.errors import StageError
from relicscan.quality import previews
from relicscan.quality.previews import write_previews
from relicscan.relic import Mesh

NAMES = [
    "poster.webp",
    "poster-grey.webp",
    "poster-720.webp",
    "poster-300.webp",
    *(f"turn-{i}.webp" for i in range(8)),
]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "POSTER_PX", 200)
    monkeypatch.setattr(previews, "TURN_PX", 120)


def box(color_of_side: dict[int, tuple[int, int, int]]) -> Mesh:
    """A cube whose sides +x, -x, +y, -y, +z, -z have vertices and colours of their own."""
    vertices, faces, colors = [], [], []
    for side in range(6):
        axis, sign = side // 2, 1 - 2 * (side % 2)
        u, v = np.eye(3)[(axis + 1) % 3], np.eye(3)[(axis + 2) % 3]
        corners = [
            sign * np.eye(3)[axis] + a * u + b * sign * v
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        ]
        faces += [[4 * side, 4 * side + 1, 4 * side + 2], [4 * side, 4 * side + 2, 4 * side + 3]]
        vertices += corners
        colors += [color_of_side.get(side, (128, 128, 128))] * 4
    return Mesh(np.array(vertices), np.array(faces), colors=np.array(colors))


def read(path: Path) -> NDArray[np.int64]:
    with Image.open(path) as image:
        assert image.format == "WEBP"
        return np.asarray(image).astype(np.int64)


def test_every_picture_is_there(tmp_path: Path) -> None:
    names = write_previews(box({}), None, tmp_path)
    assert names == NAMES
    assert sorted(names) == sorted(p.name for p in tmp_path.iterdir())
    poster, grey = read(tmp_path / "poster.webp"), read(tmp_path / "poster-grey.webp")
    assert poster.shape == (200, 200, 4)
    assert grey.shape == (200, 200, 3)
    assert all(read(tmp_path / name).shape == (120, 120, 3) for name in NAMES[4:])
    for side in (720, 300):
        small = read(tmp_path / f"poster-{side}.webp")
        assert small.shape == (side, side, 4)
        middle = small[side // 2, side // 2]
        assert np.abs(middle - poster[100, 100]).max() <= 12
        assert small[0, 0, 3] == 0
    # Transparent around, opaque in the middle, a shadow between the two.
    assert poster[0, 0, 3] == 0
    assert poster[100, 100, 3] == 255
    assert ((poster[..., 3] > 20) & (poster[..., 3] < 200)).any()
    # Both show the same relic; the grey one a backdrop that is neither white nor dark.
    assert np.abs(poster[100, 100, :3] - grey[100, 100]).max() <= 6
    assert 110 < grey[3, 3].mean() < 200
    assert np.ptp(grey[3, 3]) < 8


def test_turns_go_round_to_the_side_of_x(tmp_path: Path) -> None:
    red, green, blue, yellow = (190, 30, 30), (30, 150, 30), (40, 40, 190), (190, 180, 30)
    write_previews(box({4: red, 0: green, 5: blue, 1: yellow}), None, tmp_path)
    for turn, color in ((0, red), (2, green), (4, blue), (6, yellow)):
        middle = read(tmp_path / f"turn-{turn}.webp")[64, 60]
        assert np.argsort(middle)[-1] == np.argmax(color), turn
        share = middle / middle.sum() - np.array(color) / sum(color)
        assert np.abs(share).max() < 0.12, turn


def test_the_model_is_upright(tmp_path: Path) -> None:
    """+Z up in the scan: the red top is seen from above, and not the green front's bottom."""
    upright = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
    write_previews(box({4: (200, 20, 20), 3: (20, 160, 20)}), upright, tmp_path)
    image = read(tmp_path / "turn-0.webp")
    red = np.argwhere(image[..., 0] > image[..., 1] + 60)
    green = np.argwhere(image[..., 1] > image[..., 0] + 40)
    assert len(red) > 200
    assert len(green) > 1000
    assert red[:, 0].mean() < green[:, 0].mean() - 20


@pytest.mark.parametrize("value", [25, 128, 240])
def test_dark_and_pale_relics_are_exposed(tmp_path: Path, value: int) -> None:
    """Sides are told from one another, nothing is burnt out, and dark stays darker than pale."""
    write_previews(box(dict.fromkeys(range(6), (value, value, value))), None, tmp_path)
    image = read(tmp_path / "poster.webp")
    relic = image[image[..., 3] == 255][:, 0]
    assert relic.max() < 255
    assert np.ptp(np.quantile(relic, [0.1, 0.9])) > 0.12 * relic.max()
    expected = {25: (20, 60), 128: (90, 190), 240: (200, 253)}[value]
    assert expected[0] < np.quantile(relic, 0.9) < expected[1]


def test_the_same_bytes_with_any_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mesh = box({0: (200, 30, 30), 4: (30, 30, 200)})
    before = mesh.vertices.copy()
    for count in ("1", "2", "5"):
        monkeypatch.setenv("RELICSCAN_THREADS", count)
        (tmp_path / count).mkdir()
        write_previews(mesh, None, tmp_path / count)
    for name in NAMES:
        first = (tmp_path / "1" / name).read_bytes()
        assert first == (tmp_path / "2" / name).read_bytes()
        assert first == (tmp_path / "5" / name).read_bytes()
    assert np.array_equal(mesh.vertices, before)


def test_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="no triangle to show"):
        write_previews(Mesh(np.zeros((3, 3)), np.zeros((0, 3))), None, tmp_path)
    assert not list(tmp_path.iterdir())
