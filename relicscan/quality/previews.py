"""Pictures for catalogues: a poster with and without background, and eight turns of a turntable.

All are taken of one sitter, under lights that go with the camera, so that no side is dark.
The poster is WebP twice: transparent, for pages that bring their own colour, and on the grey
of a studio. The turns are on the grey: they replace one another while somebody drags, and
opaque ones are smaller, by a tenth for busy relics and by half for plain ones. Pages show the
poster at the size of a phone first, and by the dozen as thumbnails.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from relicscan import threads
from relicscan.color import LINEAR_OF_SRGB
from relicscan.quality.pictures import save_webp, shrunk
from relicscan.quality.render import Sitter, portrait, sit
from relicscan.relic import ByteArray, FloatArray, Mesh

POSTER_PX, TURN_PX, TURNS = 1200, 640, 8
#: The transparent poster again, smaller, by the side of its square and the quality: 30 to 43 kB
#: for pages, 10 to 14 kB for lists on the samples.
SMALLER = {720: 80, 300: 76}

#: Where a photographer would stand first: a little to the right, a little from above.
_AZIMUTH_DEG, _ELEVATION_DEG = 25.0, 15.0

_QUALITY, _EFFORT = 86, 4

#: Luminance of the bright parts of a relic that is exposed as it is, and the most that is added.
_BRIGHT, _MOST_EXPOSURE = 0.4, 1.8
_METER_PX = 96

#: Its name, the image and the quality that it is written in.
Picture = tuple[str, ByteArray, int]
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def write_previews(mesh: Mesh, R_model_work: FloatArray | None, folder: Path) -> list[str]:
    """Write the poster, in all its sizes and on grey, and turn-0.webp to turn-7.webp.

    Returns their names: poster.webp, poster-720.webp, poster-300.webp, poster-grey.webp, turns.

    Turn 0 looks at the front, each further one 45 degrees more to the +X side. R_model_work
    (3, 3) makes the mesh upright, as in `render`. The same mesh gives the same bytes, whatever
    the number of threads. Raises StageError if there is nothing to show or a texture is
    damaged, OutputError if a file cannot be written.
    """
    sitter = sit(mesh, R_model_work)
    exposure = _exposure(sitter)

    def poster() -> list[Picture]:
        canvas = portrait(
            sitter,
            width=POSTER_PX,
            height=POSTER_PX,
            azimuth_deg=_AZIMUTH_DEG,
            elevation_deg=_ELEVATION_DEG,
            exposure=exposure,
        )
        transparent = canvas.image("transparent")
        return [
            ("poster.webp", transparent, _QUALITY),
            ("poster-grey.webp", canvas.image("grey"), _QUALITY),
            *(
                (f"poster-{side}.webp", shrunk(transparent, side), quality)
                for side, quality in SMALLER.items()
            ),
        ]

    def turn(number: int) -> list[Picture]:
        canvas = portrait(
            sitter,
            width=TURN_PX,
            height=TURN_PX,
            azimuth_deg=number * 360.0 / TURNS,
            elevation_deg=_ELEVATION_DEG,
            exposure=exposure,
            fit="turntable",
        )
        return [(f"turn-{number}.webp", canvas.image("grey"), _QUALITY)]

    def written(task: int) -> list[str]:
        pictures = poster() if task == 0 else turn(task - 1)
        for name, image, quality in pictures:
            save_webp(folder / name, image, quality=quality, effort=_EFFORT)
        return [name for name, _, _ in pictures]

    return [name for names in threads.each(written, range(1 + TURNS)) for name in names]


def _exposure(sitter: Sitter) -> float:
    """How much more light a dark relic needs, 1 to 1.8: half of what would make it bright.

    From the ninth decile of the luminance of its own colours, over four sides.
    """
    seen = []
    for azimuth in range(0, 360, 90):
        canvas = portrait(
            sitter,
            width=_METER_PX,
            height=_METER_PX,
            azimuth_deg=azimuth,
            elevation_deg=_ELEVATION_DEG,
            shading="none",
        )
        image = canvas.image("transparent")
        seen.append(image[image[..., 3] == 255][:, :3])
    linear = LINEAR_OF_SRGB[np.concatenate(seen)]
    if not len(linear):
        return 1.0
    bright = float(np.quantile(linear @ _LUMINANCE, 0.9))
    return float(np.clip(np.sqrt(_BRIGHT / max(bright, 1e-6)), 1.0, _MOST_EXPOSURE))
