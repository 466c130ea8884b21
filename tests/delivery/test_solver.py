"""A level is solved: within every limit, above the floor, and the smallest or finest of those."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from shapes import sphere_mesh

from relicscan import formats
from relicscan.delivery.model_figures import figures_of
from relicscan.delivery.solver import Solved, solve
from relicscan.delivery.sources import Sources
from relicscan.delivery.target import Target, TargetLevel, read_target
from relicscan.formats.images import jpeg_of, png_of
from relicscan.geometry.unwrap import unwrapped
from relicscan.relic import Material, Mesh, Relic, Texture
from relicscan.stages.build_levels import build_levels


def bumpy(rows: int = 80) -> Mesh:
    """A ball with dimples of two sizes, 13,000 triangles, laid out in one picture."""
    ball = sphere_mesh(rows=rows, columns=2 * rows)
    x, y, z = ball.vertices.T / 50
    dimples = 0.02 * np.sin(30 * x) * np.sin(30 * y) * np.sin(30 * z)
    return unwrapped(replace(ball, vertices=ball.vertices * (1 + dimples)[:, None]), gaps=256).mesh


def glaze(side: int = 512, lossless: bool = True) -> Texture:
    """Stripes and spots, so that there is something to lose at each size."""
    y, x = np.mgrid[:side, :side] * 512 / side
    red = 128 + 80 * np.sin(x / 3) * np.sin(y / 40)
    spots = np.where((x // 16 + y // 16) % 2, 40, 0)
    pixels = np.stack([red, 90 + spots, 160 - spots], axis=2).astype(np.uint8)
    return png_of(pixels, "glaze") if lossless else jpeg_of(pixels, "glaze", 90)


@cache
def sources(lossless: bool = True) -> Sources:
    mesh = replace(bumpy(), materials=(Material("glaze", texture=glaze(lossless=lossless)),))
    ceilings = {"a": 1_000, "b": 4_000, "c": 16_000, "d": 60_000}
    return Sources(build_levels(Relic("ball", mesh=mesh), ceilings=ceilings))


def made(level: TargetLevel, *, lossless: bool = True, **fields: object) -> Solved:
    target = Target(
        name="test",
        description="of a test",
        geometry=fields.pop("geometry", "meshopt"),  # type: ignore[arg-type]
        images=fields.pop("images", "webp"),  # type: ignore[arg-type]
        level=(level,),
    )
    return solve(sources(lossless), target, level, generator="test")


def level(**limits: object) -> TargetLevel:
    return TargetLevel(name="x", **limits)  # type: ignore[arg-type]


LOOSE = {"screen_px": 128, "max_difference": 0.2}
TIGHT = {"screen_px": 128, "max_difference": 0.06}
SMALL = {"prefer": "smallest"}


def test_a_tighter_floor_costs_bytes_and_is_kept() -> None:
    loose, tight = made(level(**LOOSE, **SMALL)), made(level(**TIGHT, **SMALL))
    assert loose.difference is not None
    assert tight.difference is not None
    assert loose.difference.shaded.flip <= 0.2
    assert tight.difference.shaded.flip <= 0.06
    assert len(loose.glb) < len(tight.glb)
    assert loose.unmet == tight.unmet == ()


def test_the_smallest_is_smaller_than_the_finest() -> None:
    small, fine = made(level(**LOOSE, **SMALL)), made(level(**LOOSE))
    assert len(small.glb) < len(fine.glb)
    assert fine.difference is not None
    assert small.difference is not None
    assert fine.difference.shaded.flip < small.difference.shaded.flip


def test_where_lossy_pictures_miss_the_floor_they_are_kept_as_they_were_baked() -> None:
    usual = made(level(screen_px=256))
    assert usual.choice.grade is not None
    assert usual.choice.grade.quality == 90
    assert usual.difference is not None
    floor = usual.difference.shaded.flip / 2
    exact = made(level(screen_px=256, max_difference=floor))
    assert exact.choice.grade is not None
    assert exact.choice.grade.quality == 100
    assert exact.difference is not None
    assert exact.difference.shaded.flip <= floor
    assert exact.unmet == ()
    assert len(exact.glb) > len(usual.glb)
    narrow = made(level(screen_px=256, max_difference=floor, max_bytes=len(usual.glb)))
    assert narrow.choice.grade is not None
    assert narrow.choice.grade.quality == 90, "bytes are a limit all the same"
    assert narrow.unmet


@pytest.mark.parametrize("most", [30_000, 40_000, 50_000, 70_000])
def test_bytes_are_kept_whatever_side_and_quality_are_tried(most: int) -> None:
    """The best quality of a smaller side may have more bytes than the worst of a larger one."""
    found = made(level(max_bytes=most, screen_px=128))
    assert len(found.glb) <= most
    assert found.unmet == ()


def test_every_limit_is_kept() -> None:
    limits = level(
        max_bytes=60_000,
        max_triangles=5_000,
        max_texture_side=256,
        max_gpu_bytes=700_000,
        prefer="finest",
        **LOOSE,
    )
    found = made(limits)
    figures = figures_of(found.glb)
    assert found.unmet == ()
    assert figures.bytes == len(found.glb) <= 60_000
    assert (figures.triangles or 0) <= 5_000
    assert (figures.gpu_bytes or 0) <= 700_000
    assert all(image.side <= 256 for image in figures.images)


def test_what_a_budget_leaves_is_spent_on_what_is_seen() -> None:
    """Not on triangles first: they would leave no bytes for the pictures."""
    tight, wide = (made(level(max_bytes=n, screen_px=256)) for n in (40_000, 400_000))
    assert tight.choice.surface > wide.choice.surface
    assert len(tight.glb) <= 40_000
    assert tight.difference is not None
    others = (solve_at(n, max_bytes=40_000) for n in (1_000, 4_000, 16_000))
    assert tight.difference.shaded.flip == min(o for o in others if o is not None)


def solve_at(triangles: int, max_bytes: int) -> float | None:
    """The difference of the best model with one surface, None where none fits."""
    whole = sources()
    few = [v for v in whole.relic.levels if v.ceiling == triangles]
    target = Target(name="t", description="-", geometry="meshopt", images="webp", level=(level(),))
    wanted = level(max_bytes=max_bytes, screen_px=256)
    found = solve(Sources(replace(whole.relic, levels=tuple(few))), target, wanted, generator="t")
    return None if found.unmet or found.difference is None else found.difference.shaded.flip


def test_a_limit_that_cannot_be_kept_is_told_with_the_nearest_figure() -> None:
    found = made(level(max_bytes=2_000, **LOOSE))
    assert found.level.name == "a"
    assert f"{len(found.glb):,} bytes, over 2,000" in found.unmet
    assert "nearest" in found.decided
    assert len(found.glb) == min(len(made(level(max_bytes=n, **LOOSE)).glb) for n in (1, 3_000))


def test_a_floor_out_of_reach_is_told_and_the_most_alike_is_made() -> None:
    found = made(level(max_triangles=1_000, screen_px=128, max_difference=0.001))
    assert any("over 0.001" in text for text in found.unmet)
    assert found.level.name == "a"
    assert found.choice.grade is not None
    assert found.choice.grade.side == 512


def test_a_normal_map_is_taken_where_it_gives_relief_back() -> None:
    few = {"max_triangles": 4_000, "prefer": "finest", "screen_px": 256, "max_difference": 0.001}
    without, within = made(level(**few, maps=[])), made(level(**few))
    assert within.choice.normal
    assert within.mesh.materials[0].normal is not None
    assert within.difference is not None
    assert without.difference is not None
    assert within.difference.shaded.flip < 0.8 * without.difference.shaded.flip


def test_an_image_passes_through_byte_for_byte_where_that_loses_nothing() -> None:
    own = glaze(lossless=False)
    archive = made(level(), lossless=False, images="source", geometry="plain")
    assert archive.mesh.materials[0].texture.data == own.data  # type: ignore[union-attr]
    assert own.data in archive.glb
    web = made(level(prefer="finest", **TIGHT), lossless=False)
    assert own.data in web.glb


def test_a_file_is_what_its_summary_says(tmp_path_factory: pytest.TempPathFactory) -> None:
    found = made(level(max_triangles=5_000, **LOOSE))
    path = tmp_path_factory.mktemp("solved") / "x.glb"
    path.write_bytes(found.glb)
    mesh = formats.read(path)[0].geometry
    assert isinstance(mesh, Mesh)
    assert len(mesh.faces) == found.geometry.triangles
    low, high = mesh.bounds
    np.testing.assert_allclose([low, high], found.geometry.bounds_m, atol=1e-5)


@pytest.mark.parametrize("name", ["web", "ar", "alipay", "wechat", "archive"])
def test_every_built_in_target_can_be_solved(name: str) -> None:
    target = read_target(name)
    for wanted in target.level:
        small = wanted.model_copy(update={"screen_px": 128})  # in seconds
        found = solve(sources(), target, small, generator="test")
        assert not any("over" in text and "differs" not in text for text in found.unmet)
