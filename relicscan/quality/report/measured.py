"""What is measured for a report and stands in no manifest: pictures, and figures behind them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from relicscan.metadata.manifest import LevelRecord
from relicscan.quality.pictures import webp

#: Of pictures that are looked at half as large on a screen.
_QUALITY, _EFFORT = 80, 4


@dataclass(frozen=True)
class Picture:
    """A WebP image in the page itself."""

    data: bytes = field(repr=False)
    width: int
    height: int

    @classmethod
    def of(cls, image: NDArray[np.uint8]) -> Picture:
        """The picture (h, w, 3) or (h, w, 4)."""
        height, width = image.shape[:2]
        return cls(webp(image, quality=_QUALITY, effort=_EFFORT), width, height)

    @property
    def uri(self) -> str:
        return f"data:image/webp;base64,{b64encode(self.data).decode()}"


def by_fineness(levels: Sequence[LevelRecord]) -> list[LevelRecord]:
    """Levels target by target, in the order of the targets, and the finest of each first."""
    targets = list(dict.fromkeys(level.target for level in levels))
    return sorted(
        levels, key=lambda level: (targets.index(level.target), -level.ceiling, -level.triangles)
    )


def shown_levels(levels: Sequence[LevelRecord]) -> list[LevelRecord]:
    """Those that a report has pictures of: the first target's, the finest first."""
    return [level for level in by_fineness(levels) if level.target == levels[0].target]


#: Pictures of one thing by the views that it is seen from.
Views = Mapping[str, Picture]


@dataclass(frozen=True)
class DeviationMap:
    """How far the scan is from the level `path`, over its surface and as a histogram.

    Lengths are in working units. `bins` are the shares of the `places` at which the distance
    was taken, out of `of`, in even steps from 0 to `top`; the share `beyond` is farther.
    """

    path: str
    pictures: Views
    top: float
    bins: tuple[float, ...]
    beyond: float
    places: int
    of: int
    rms: float
    p50: float
    p95: float


@dataclass(frozen=True)
class Removed:
    """A picture of the points as scanned, those in colour that a step took away.

    `colors` are sRGB by the place of the step in the history.
    """

    picture: Picture
    colors: Mapping[int, tuple[int, int, int]]


@dataclass(frozen=True)
class Density:
    """Points as scanned, `total` of them: how many to a square unit, and how far they scatter."""

    total: int
    density: float | None
    sigma: float | None


@dataclass(frozen=True)
class Measured:
    """All that a report shows besides the manifests; `missing` says what could not be made.

    `models` are pictures by what they are of: "scan" ("cleaned scan" where nobody followed the
    points as scanned), "master", or the path of a level; what the others come from is first.
    `texels` are texels along a working unit of the surface, by the path of a level.
    `seen` is the surface, coloured by what was seen, filled or left open. `scans` are pictures
    of scans that no model was made of, by name, and `scans_not_shown` how many others there are.
    `arrangements` are those of the manifest by path.
    """

    models: Mapping[str, Views] = field(default_factory=dict)
    deviation: DeviationMap | None = None
    same_as_scan: bool = False
    seen: Views = field(default_factory=dict)
    removed: Removed | None = None
    density: Density | None = None
    texels: Mapping[str, float] = field(default_factory=dict)
    scans: Mapping[str, Picture] = field(default_factory=dict)
    scans_not_shown: int = 0
    arrangements: Mapping[str, Picture] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
