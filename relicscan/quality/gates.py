"""The quality gates: each is one function that measures a finished relic, described once.

See `relicscan.quality.gate` for what a pipeline makes of them. Deviations are those of the finest
level, the worse of the two ways; what was filled, and what of the scan is in no level, is left out
of them and has a gate of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from relicscan.geometry.coverage import Coverage, coverage
from relicscan.geometry.scan_noise import scan_noise
from relicscan.geometry.topology import face_areas
from relicscan.metadata.figures import HolesRecord
from relicscan.quality.gate import SHARE, NotMeasured, gate
from relicscan.relic import Deviation, Relic

if TYPE_CHECKING:
    from relicscan.metadata.manifest import LevelRecord
    from relicscan.metadata.relic_toml import RelicToml

_FINER = "raise the largest of build_levels.ceilings (a scan that is as noisy as that stays so)"
_SCALE = 'write unit = "mm" (or another unit) under [scan] in relic.toml'


@dataclass(frozen=True)
class Finished:
    """A relic after its pipeline, and its delivered models."""

    relic: Relic
    levels: Sequence[LevelRecord]

    @cached_property
    def metadata(self) -> RelicToml:
        from relicscan.metadata.relic_toml import RelicToml

        return RelicToml.model_validate(self.relic.metadata)

    @cached_property
    def coverage(self) -> Coverage:
        filled = None if self.holes is None else self.holes.filled_area
        return coverage(self.relic.the_mesh(), filled)

    @property
    def holes(self) -> HolesRecord | None:
        return HolesRecord.of(self.relic.history)

    @property
    def deviation(self) -> Deviation:
        """That of the finest level. Raises NotMeasured."""
        finest = max(self.relic.levels, key=lambda level: len(level.mesh.faces), default=None)
        if finest is None or finest.deviation is None:
            raise NotMeasured("no level was measured", "end the pipeline with measure_deviation")
        return finest.deviation

    def worse(self, figure: str) -> float:
        """`rms` or `p95` of the worse way, in working units. Raises NotMeasured."""
        ways = (self.deviation.scan_to_level, self.deviation.level_to_scan)
        figures = [getattr(way, figure) for way in ways if way is not None]
        if not figures:
            raise NotMeasured("all of the surface was filled", "scan the object more closely")
        return float(max(figures))

    def need_scale(self) -> None:
        """Raise NotMeasured unless lengths are millimetres."""
        if not self.relic.frame.scale_known:
            raise NotMeasured("the scale of the scan is unknown", _SCALE)


@gate(
    unit="mm",
    needs="measure_deviation",
    says="the finest level is {figure} (RMS) from the scan",
    remedy=_FINER,
)
def max_deviation_rms_mm(finished: Finished) -> float:
    """Root mean square distance between the finest level and the scan."""
    finished.need_scale()
    return finished.worse("rms")


@gate(
    unit="mm",
    needs="measure_deviation",
    says="a twentieth of the finest level is over {figure} from the scan",
    remedy=_FINER,
)
def max_deviation_p95_mm(finished: Finished) -> float:
    """95th percentile of the distances between the finest level and the scan."""
    finished.need_scale()
    return finished.worse("p95")


@gate(
    unit=SHARE,
    needs="measure_deviation",
    says="the finest level is {figure} of the object's diagonal (RMS) from the scan",
    remedy=_FINER,
)
def max_deviation_rms_of_diagonal(finished: Finished) -> float:
    """Root mean square distance as a share of the diagonal: also where the scale is unknown."""
    return finished.worse("rms") / (finished.deviation.diagonal or 1.0)


@gate(
    unit=SHARE,
    needs="measure_deviation",
    says="a twentieth of the finest level is over {figure} of the object's diagonal from the scan",
    remedy=_FINER,
)
def max_deviation_p95_of_diagonal(finished: Finished) -> float:
    """95th percentile of the distances as a share of the diagonal."""
    return finished.worse("p95") / (finished.deviation.diagonal or 1.0)


@gate(
    unit=SHARE,
    needs="measure_deviation",
    says="{figure} of the cleaned scan's points are in no level of detail",
    remedy="look at the model for missing parts, and at what remove_small_components has removed",
)
def max_left_out_share(finished: Finished) -> float:
    """Share of the cleaned scan's points that are far from all that the model has."""
    return finished.deviation.left_out_share


@gate(
    unit=SHARE,
    says="{figure} of the object's surface was seen",
    remedy="scan what is missing (open and filled places show in the master)",
)
def min_coverage(finished: Finished) -> float:
    """Share of the closed surface that was seen, not filled and not open. An opening counts as
    large as the flat lid that would close it, so a relief scanned from the front has a half."""
    return finished.coverage.share


@gate(
    unit=SHARE,
    needs="fill_holes",
    says="{figure} of the surface was filled and not scanned",
    remedy="scan what is missing, or lower fill_holes.fill_holes_up_to_spacings",
)
def max_filled_share(finished: Finished) -> float:
    """Share of the full surface's area that was made up to close holes."""
    if finished.holes is None:
        raise NotMeasured("fill_holes was skipped", "put it after what makes the mesh")
    return finished.holes.filled_area_share


@gate(
    says="the surface is not closed",
    remedy="scan what is missing (often the underside), or let fill_holes.fill_holes_up_to_mm "
    "close wider holes",
)
def watertight(finished: Finished) -> bool:
    """The full surface is closed: every edge has two triangles."""
    return finished.coverage.watertight


@gate(
    needs="targets",
    says="the model that differs most from the master has a mean FLIP of {figure}",
    remedy="give its level more triangles, pixels or bytes in a target file of your own",
)
def max_difference(finished: Finished) -> float:
    """Mean FLIP (0 to 1) between the master and the model that looks most different from it, on
    the screen of its target."""
    found = [level.difference.shaded.flip for level in finished.levels if level.difference]
    if not found:
        raise NotMeasured("no model was compared", "use a target with screen_px")
    return max(found)


@gate(
    unit="points per mm",
    says="the scan has {figure}",
    remedy="scan more closely, or thin the points less (voxel_downsample)",
)
def min_points_per_mm(finished: Finished) -> float:
    """How finely the surface was sampled: the root of the points per mm² that it was laid
    through, at the typical place. Of a scanned mesh, the root of its vertices per mm²."""
    finished.need_scale()
    relic = finished.relic
    if relic.cloud is None:
        mesh = relic.the_mesh()
        area = float(face_areas(mesh).sum())
        density = len(mesh.vertices) / area if area > 0 else None
    else:
        found = scan_noise(relic.cloud.points)
        density = None if found is None else found.density
    if density is None:
        raise NotMeasured("the scan has too few points to tell", "scan the object more closely")
    return float(np.sqrt(density))


@gate(
    unit="texels per mm",
    needs="bake_textures",
    says="the full picture has {figure}",
    remedy="raise bake_textures.max_side, or scan more closely: a picture has what its points have",
)
def min_texels_per_mm(finished: Finished) -> float:
    """How fine the full surface's picture is: the root of its texels per mm² of the surface."""
    finished.need_scale()
    mesh = finished.relic.the_mesh()
    material = np.zeros(len(mesh.faces), np.int32)
    if mesh.face_material is not None:
        material = np.asarray(mesh.face_material)
    pictures = [one.texture for one in mesh.materials]
    if mesh.corner_uv is None or not any(pictures):
        raise NotMeasured("the model has no picture", "scan in colour")
    a, b, c = (mesh.corner_uv[:, i].astype(np.float64) for i in range(3))
    (ux, uy), (vx, vy) = (b - a).T, (c - a).T
    texels = np.array([p.width * p.height if p else 0 for p in pictures], dtype=float)
    covered = float((np.abs(ux * vy - uy * vx) / 2 * texels[material]).sum())
    return float(np.sqrt(covered / (face_areas(mesh).sum() or 1.0)))


@gate(says="the scale of the scan is unknown", remedy=_SCALE)
def scale_known(finished: Finished) -> bool:
    """It is known how large the object is, so that lengths are millimetres."""
    return finished.relic.frame.scale_known


@gate(
    says="nothing says which rights there are in the object",
    remedy="write object.uri = … under [rights] in relic.toml or defaults.toml",
)
def object_rights_known(finished: Finished) -> bool:
    """The rights in the object are stated by a URI."""
    return finished.metadata.rights.object.uri is not None


@gate(
    says="nothing says which rights there are in the digital copy, so it cannot be published",
    remedy="write digital.uri = … under [rights] in relic.toml or defaults.toml",
)
def digital_rights_known(finished: Finished) -> bool:
    """The rights in the digital copy are stated by a URI. Without them nothing is published."""
    return finished.metadata.rights.digital.uri is not None


@gate(
    says="the model has not the dimensions that the catalogue states",
    remedy="check the catalogue, the unit of the scan, and whether all of the object was scanned",
)
def dimensions_agree(finished: Finished) -> bool:
    """No dimension of the whole that relic.toml states disagrees with the model's; nor does one
    where none is stated, or the scale is unknown."""
    from relicscan.metadata.manifest import dimension_records

    found = dimension_records(finished.metadata, finished.relic)
    return not any(one.agrees is False for one in found)
