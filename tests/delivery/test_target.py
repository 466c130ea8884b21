"""Targets: those that come with relicscan make sense, and a museum's own is held to the rules."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from docs.generate import OWN_TARGET
from relicscan.delivery.target import (
    Target,
    TargetLevel,
    builtin_targets,
    comments,
    read_target,
    target_file,
    texture_gpu_bytes,
)
from relicscan.errors import PipelineError


def own(folder: Path, text: str, name: str = "app.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_those_that_come_with_relicscan() -> None:
    assert builtin_targets() == ("alipay", "ar", "archive", "web", "wechat")


@pytest.mark.parametrize("name", builtin_targets())
class TestEveryTarget:
    def test_it_is_called_after_its_file(self, name: str) -> None:
        assert read_target(name).name == name
        assert read_target(target_file(name)) == read_target(name)

    def test_a_larger_level_may_cost_more_and_differs_less(self, name: str) -> None:
        levels = read_target(name).level
        assert len({level.name for level in levels}) == len(levels)
        for small, large in pairwise(levels):
            for key in ("max_bytes", "max_triangles", "max_texture_side", "max_gpu_bytes"):
                assert getattr(small, key) < getattr(large, key), key
            assert small.screen_px < large.screen_px  # type: ignore[operator]
            assert small.max_difference > large.max_difference  # type: ignore[operator]

    def test_the_card_holds_what_the_level_may_show(self, name: str) -> None:
        for level in read_target(name).level:
            if level.max_gpu_bytes is None:
                continue
            assert level.max_texture_side is not None
            image = texture_gpu_bytes(level.max_texture_side, level.max_texture_side)
            triangles = level.max_triangles or 0
            # From quantized vertices and one image, to floats with tangents and all the maps.
            least = image + 24 * triangles
            most = (1 + len(level.maps)) * image + 50 * triangles
            assert least < level.max_gpu_bytes <= -(-most // 1_000_000) * 1_000_000

    def test_no_level_asks_for_more_than_its_viewers_take(self, name: str) -> None:
        target = read_target(name)
        limits = target.limits
        for level in target.level:
            for key in ("max_bytes", "max_triangles", "max_texture_side"):
                taken, asked = getattr(limits, key), getattr(level, key)
                assert taken is None or asked <= taken, key
        if limits.max_total_bytes is not None:
            assert sum(level.max_bytes or 0 for level in target.level) <= limits.max_total_bytes

    def test_what_is_refused_is_not_taken(self, name: str) -> None:
        limits = read_target(name).limits
        assert limits.extensions is not None
        assert not set(limits.refused) & set(limits.extensions)

    def test_it_says_where_its_figures_come_from(self, name: str) -> None:
        assert len(comments(target_file(name))) > 100


def test_a_level_is_what_its_file_says() -> None:
    assert read_target("web").level_named("low") == TargetLevel(
        name="low",
        max_bytes=280_000,
        max_triangles=40_000,
        max_texture_side=1024,
        max_gpu_bytes=19_000_000,
        maps=("normal", "occlusion"),
        screen_px=512,
        max_difference=0.08,
    )


def test_there_is_no_such_level() -> None:
    with pytest.raises(PipelineError, match="has no level 'mediun'") as caught:
        read_target("web").level_named("mediun")
    assert caught.value.remedy == (
        "did you mean 'medium'? (its levels are thumb, low, medium, high)"
    )


def test_mipmaps_are_a_third_more() -> None:
    levels = [(4096 >> n) ** 2 * 4 for n in range(13)]
    assert abs(texture_gpu_bytes(4096, 4096) - sum(levels)) <= 2


class TestAMuseumsOwn:
    def test_the_example_of_the_docs(self, tmp_path: Path) -> None:
        target = read_target(own(tmp_path, OWN_TARGET, "kiosk-3.toml"))
        assert isinstance(target, Target)
        assert (target.name, target.geometry, target.usdz) == ("kiosk-3", "draco", False)
        assert target.level_named("kiosk").max_bytes == 20_000_000
        assert target.limits.max_materials is None

    @pytest.mark.parametrize("name", builtin_targets())
    def test_a_copy_of_ours(self, tmp_path: Path, name: str) -> None:
        text = target_file(name).read_text(encoding="utf-8")
        assert read_target(own(tmp_path, text)).level == read_target(name).level

    @pytest.mark.parametrize(
        ("text", "message", "remedy"),
        [
            ('level = [\n{ name = "a", max_byte = 3 },\n]', "line 2: there is no key", "max_bytes"),
            ('[[level]]\nname = "a"\nmax_bytes = "9"', "line 4: level 1.max_bytes: '9'", "200_000"),
            ('[[level]]\nname = "a"\nmax_bytes = -9', "line 4: level 1.max_bytes: '-9'", "limit"),
            ('[[level]]\nname = "a"\nscreen_px = true', "line 4: level 1.screen_px", "digits"),
            ('[[level]]\nname = "a"\nmax_bytes = 1.5', "line 4: level 1.max_bytes: '1.5'", "digit"),
            ('[[level]]\nname = "a"\nmax_difference = 5', "line 4: level 1.max_diff", "0.05"),
            ('[[level]]\nname = "a"\nmax_difference = nan', "line 4: level 1.max_diff", "0.05"),
            ('[[level]]\nname = "a"\nmax_deviation_mm = inf', "line 4: level 1.max_dev", "0.2"),
            ('[[level]]\nname = "a"\nmaps = ["gloss"]', "line 4: level 1.maps 1 = 'gloss'", "norm"),
            ('[[level]]\nname = "A b"', "line 3: level 1.name: 'A b' cannot name a file", "low"),
            ('[[level]]\nname = "../a"', "line 3: level 1.name: '../a' cannot name a file", "low"),
            ('[[level]]\nname = "con"', "line 3: level 1.name: 'con' cannot name a file", "low"),
            (
                '[[level]]\nname = "a"\n[[level]]\nname = "a"',
                "line 5: level 2.name: .* called 'a' as well",
                "own",
            ),
            ("level = []", "line 2: level: there is no level", "[[level]]"),
            ("level = 3", "line 2: level = 3 is not a list", "list"),
            (
                'geometry = "meshop"\n[[level]]\nname = "a"',
                "line 2: geometry = 'meshop'",
                "meshopt",
            ),
            ('usdz = 1\n[[level]]\nname = "a"', "line 2: usdz: '1'", "true or false"),
            (
                '[[level]]\nname = "a"\n[limits]\nmax_uvs = 1',
                "line 5: there is no key",
                "max_uv_set",
            ),
            ("[[level]\n", "line 2: this is not TOML", "web.toml"),
            ('description = "twice"\n', "this is not TOML .cannot overwrite", "twice"),
        ],
    )
    def test_a_mistake_is_told_with_its_line(
        self, tmp_path: Path, text: str, message: str, remedy: str
    ) -> None:
        path = own(tmp_path, f'description = "d"\n{text}\n')
        with pytest.raises(PipelineError) as caught:
            read_target(path)
        assert caught.value.scan == "app.toml"
        assert re.search(message, caught.value.message)
        assert remedy in str(caught.value)

    @pytest.mark.parametrize(
        ("text", "cause", "needed"),
        [
            ('geometry = "meshopt"\n[limits]\nextensions = []', "meshopt", "EXT_meshopt"),
            ('geometry = "draco"\n[limits]\nextensions = []', "draco", "KHR_draco"),
            ('images = "webp"\n[limits]\nextensions = []', "webp", "EXT_texture_webp"),
            ('images = "webp"\n[limits]\nimage_types = ["image/png"]', "webp", "image_types"),
            (
                'geometry = "quantized"\n[limits]\nnormalized_accessors = false',
                "quantized",
                "plain",
            ),
            ('geometry = "meshopt"\n[limits]\nfloat_attributes_only = true', "meshopt", "plain"),
        ],
    )
    def test_what_its_own_viewers_would_refuse(
        self, tmp_path: Path, text: str, cause: str, needed: str
    ) -> None:
        path = own(tmp_path, f'description = "d"\n{text}\n[[level]]\nname = "a"\n')
        with pytest.raises(PipelineError, match=rf"line 2: .*'{cause}'") as caught:
            read_target(path)
        assert needed in str(caught.value)

    def test_many_mistakes_are_told_at_once(self, tmp_path: Path) -> None:
        path = own(tmp_path, '[[level]]\nname = 3\nmax_bytes = "x"\nsize = 4\n')
        with pytest.raises(PipelineError) as caught:
            read_target(path)
        for part in ("4 mistakes", "line 2: level 1.name", "line 3: ", "line 4: ", "description"):
            assert part in str(caught.value)
        assert "relicscan new" not in str(caught.value)

    def test_no_such_target(self) -> None:
        with pytest.raises(PipelineError, match="no target 'wechta'") as caught:
            read_target("wechta")
        assert "did you mean 'wechat'?" in str(caught.value)

    def test_no_such_file(self, tmp_path: Path) -> None:
        with pytest.raises(PipelineError, match="there is no target file") as caught:
            read_target(tmp_path / "none.toml")
        assert "alipay, ar, archive, web, wechat" in str(caught.value)

    @pytest.mark.parametrize("name", ["Our App.toml", "master.toml", "con.toml", "a.b.toml"])
    def test_a_file_that_cannot_name_a_folder(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(PipelineError, match="rename the file"):
            read_target(own(tmp_path, OWN_TARGET, name))

    def test_a_file_that_is_no_target(self, tmp_path: Path) -> None:
        path = tmp_path / "app.toml"
        path.write_bytes(b"\xff\xfe")
        with pytest.raises(PipelineError, match="not UTF-8"):
            read_target(path)
        path.write_bytes(b"#" * 200_000)
        with pytest.raises(PipelineError, match="more than 100,000 bytes") as caught:
            read_target(path)
        assert "relic.toml" not in str(caught.value)
        path.write_bytes(b"a = " + b"[" * 5000)
        with pytest.raises(PipelineError, match="nested more than"):
            read_target(path)
