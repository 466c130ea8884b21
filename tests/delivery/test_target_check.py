"""A file against a target: every limit has a file that breaks it, and one that just keeps to it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from delivery.glb_shapes import MM, cube, image, painted, sphere, texture, write
from delivery.targets_files import Change, changed, plain_glb

from relicscan.delivery.findings import Finding
from relicscan.delivery.model_figures import glb_figures, image_figures, parsed
from relicscan.delivery.target import Limits, Target, TargetLevel, builtin_targets, read_target
from relicscan.delivery.target_check import check_against, check_folder
from relicscan.delivery.usdz import write_usdz
from relicscan.errors import PipelineError, ScanError
from relicscan.relic import Material


def target(level: dict[str, Any] | None = None, **limits: Any) -> Target:
    own = TargetLevel(name="model", **(level or {}))
    return Target(
        name="app", description="d", images="source", limits=Limits(**limits), level=(own,)
    )


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings if finding.severity == "error"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return plain_glb(tmp_path / "model.glb")


class TestFigures:
    def test_of_a_cube(self, model: Path) -> None:
        doc = parsed(model.read_bytes())
        assert doc is not None
        figures = glb_figures(doc, model.stat().st_size)
        assert (figures.triangles, figures.vertices) == (12, 24)
        assert (figures.primitives, figures.materials, figures.uv_sets) == (1, 1, 1)
        # Positions, normals and texture coordinates in floats; indices in 16 bits.
        assert figures.geometry_gpu_bytes == 24 * (12 + 12 + 8) + 36 * 2
        assert figures.gpu_bytes == figures.geometry_gpu_bytes + 8 * 8 * 4 * 4 // 3

    def test_a_mesh_shown_twice_is_drawn_twice_and_kept_once(self, model: Path) -> None:
        once = glb_figures(parsed(model.read_bytes()), 0)  # type: ignore[arg-type]
        changed(model, lambda doc: doc["nodes"].append({"mesh": 0}))
        twice = glb_figures(parsed(model.read_bytes()), 0)  # type: ignore[arg-type]
        assert (twice.triangles, twice.gpu_bytes) == (24, once.gpu_bytes)

    def test_quantized_attributes_lie_on_multiples_of_four(self, model: Path) -> None:
        def quantize(doc: dict[str, Any]) -> None:
            at = doc["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
            doc["accessors"][at]["componentType"] = 5123

        changed(model, quantize)
        figures = glb_figures(parsed(model.read_bytes()), 0)  # type: ignore[arg-type]
        assert figures.geometry_gpu_bytes == 24 * (8 + 12 + 8) + 36 * 2

    def test_ktx2_stays_compressed_on_the_card(self) -> None:
        head = b"\xabKTX 20\xbb\r\n\x1a\n" + bytes(8) + (512).to_bytes(4, "little") * 2
        figures = image_figures("x", head + bytes(40))
        assert (figures.type, figures.width, figures.height) == ("image/ktx2", 512, 512)
        assert figures.gpu_bytes == 512 * 512 * 4 // 3

    @pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
    def test_sides_of_an_image(self, kind: str) -> None:
        figures = image_figures("x", image(kind, (40, 24)))
        assert (figures.type, figures.width, figures.height) == (f"image/{kind}", 40, 24)


def sparse(doc: dict[str, Any]) -> None:
    doc["accessors"][0]["sparse"] = {"count": 1}


def normalized(doc: dict[str, Any]) -> None:
    doc["accessors"][2]["normalized"] = True


def whole_numbers(doc: dict[str, Any]) -> None:
    doc["accessors"][2]["componentType"] = 5123


def second_uv_set(doc: dict[str, Any]) -> None:
    attributes = doc["meshes"][0]["primitives"][0]["attributes"]
    attributes["TEXCOORD_1"] = attributes["TEXCOORD_0"]


def second_primitive(doc: dict[str, Any]) -> None:
    doc["meshes"][0]["primitives"] *= 2


def second_material(doc: dict[str, Any]) -> None:
    doc["materials"].append({})


def using(*names: str) -> Change:
    return lambda doc: doc.update(extensionsUsed=list(names))


def with_map(kind: str) -> Change:
    return lambda doc: doc["materials"][0].update({f"{kind}Texture": {"index": 0}})


def nothing(doc: dict[str, Any]) -> None:
    pass


#: (change to a cube with one JPEG of 8 pixels, limits that it keeps to, that it breaks, code)
BROKEN: list[tuple[Change, dict[str, Any], dict[str, Any], str]] = [
    (nothing, {"max_triangles": 12}, {"max_triangles": 11}, "TARGET_TRIANGLES"),
    (nothing, {"max_vertices": 24}, {"max_vertices": 23}, "TARGET_VERTICES"),
    (nothing, {"max_texture_side": 8}, {"max_texture_side": 7}, "TARGET_TEXTURE_SIDE"),
    (second_material, {"max_materials": 2}, {"max_materials": 1}, "TARGET_MATERIALS"),
    (second_primitive, {"max_primitives": 2}, {"max_primitives": 1}, "TARGET_PRIMITIVES"),
    (second_uv_set, {"max_uv_sets": 2}, {"max_uv_sets": 1}, "TARGET_UV_SETS"),
    (sparse, {}, {"sparse_accessors": False}, "TARGET_SPARSE_ACCESSOR"),
    (normalized, {}, {"normalized_accessors": False}, "TARGET_NORMALIZED_ACCESSOR"),
    (whole_numbers, {}, {"float_attributes_only": True}, "TARGET_FLOATS_ONLY"),
    (
        using("KHR_materials_unlit"),
        {"extensions": ("KHR_materials_unlit",)},
        {"extensions": ()},
        "TARGET_EXTENSION",
    ),
    (
        nothing,
        {"image_types": ("image/jpeg",)},
        {"image_types": ("image/png",)},
        "TARGET_IMAGE_TYPE",
    ),
]


class TestLimits:
    @pytest.mark.parametrize(("change", "kept", "broken", "code"), BROKEN)
    def test_each_can_be_kept_and_broken(
        self, model: Path, change: Change, kept: dict[str, Any], broken: dict[str, Any], code: str
    ) -> None:
        changed(model, change)
        assert check_against(model, target(**kept)) == []
        assert codes(check_against(model, target(**broken))) == [code]

    @pytest.mark.parametrize("key", ["max_bytes", "max_total_bytes"])
    def test_bytes(self, model: Path, key: str) -> None:
        size = model.stat().st_size
        assert check_against(model, target(**{key: size})) == []
        assert codes(check_against(model, target(**{key: size - 1}))) == ["TARGET_BYTES"]

    def test_every_limit_is_among_these(self) -> None:
        tried = {key for _, kept, broken, _ in BROKEN for key in (*kept, *broken)}
        assert tried | {"max_bytes", "max_total_bytes", "refused"} == set(Limits.model_fields)

    def test_models_of_a_folder_together(self, model: Path, tmp_path: Path) -> None:
        other = plain_glb(tmp_path / "other.glb")
        total = model.stat().st_size + other.stat().st_size
        assert check_folder([model, other], target(max_total_bytes=total)) == []
        (found,) = check_folder([model, other], target(max_total_bytes=total - 1))
        assert found.code == "TARGET_TOTAL_BYTES"
        assert f"{total:,} bytes together" in found.message


class TestLevels:
    @pytest.mark.parametrize(
        ("key", "figure", "code"),
        [
            ("max_bytes", None, "TARGET_BYTES"),
            ("max_triangles", 12, "TARGET_TRIANGLES"),
            ("max_texture_side", 8, "TARGET_TEXTURE_SIDE"),
            ("max_gpu_bytes", 24 * 32 + 72 + 341, "TARGET_GPU_BYTES"),
        ],
    )
    def test_each_can_be_kept_and_broken(
        self, model: Path, key: str, figure: int | None, code: str
    ) -> None:
        figure = figure or model.stat().st_size
        assert check_against(model, target({key: figure})) == []
        assert codes(check_against(model, target({key: figure - 1}))) == [code]

    @pytest.mark.parametrize("kind", ["normal", "occlusion"])
    def test_a_map_that_it_does_not_have(self, model: Path, kind: str) -> None:
        changed(model, with_map(kind))
        assert check_against(model, target({"maps": (kind,)})) == []
        (found,) = check_against(model, target({"maps": ()}))
        assert (found.code, found.pointer) == ("TARGET_MAP", f"/materials/0/{kind}Texture")

    def test_every_budget_that_a_file_can_show_is_among_these(self) -> None:
        by_comparison = {"max_difference", "max_deviation_mm", "screen_px"}
        tried = {"max_bytes", "max_triangles", "max_texture_side", "max_gpu_bytes", "maps"}
        assert tried | by_comparison | {"name", "prefer"} == set(TargetLevel.model_fields)

    def test_the_level_named_counts_and_else_the_files_own_name(self, model: Path) -> None:
        tight = TargetLevel(name="tight", max_triangles=3)
        wide = TargetLevel(name="model", max_triangles=12)
        both = Target(name="app", description="d", level=(tight, wide))
        assert check_against(model, both) == []
        assert codes(check_against(model, both, "tight")) == ["TARGET_TRIANGLES"]

    def test_a_file_of_no_level_says_that_no_budget_was_checked(self, tmp_path: Path) -> None:
        path = plain_glb(tmp_path / "vase.glb")
        (found,) = check_against(path, target({"max_triangles": 3}))
        assert (found.severity, found.code) == ("info", "TARGET_LEVEL_UNKNOWN")
        assert check_against(path, target()) == []

    def test_no_such_level(self, model: Path) -> None:
        with pytest.raises(PipelineError, match="no level 'high'"):
            check_against(model, target(), "high")

    def test_of_two_limits_the_narrower_is_told(self, model: Path) -> None:
        (found,) = check_against(model, target({"max_triangles": 5}, max_triangles=8))
        assert "12 triangles, and the level 'model' has 5" in found.message
        (found,) = check_against(model, target({"max_triangles": 8}, max_triangles=5))
        assert "12 triangles, and 'app' takes 5" in found.message


class TestBuiltInTargets:
    @pytest.mark.parametrize("name", builtin_targets())
    def test_a_plain_model_with_jpeg_fits_every_one(self, tmp_path: Path, name: str) -> None:
        for level in read_target(name).level:
            path = plain_glb(tmp_path / f"{level.name}.glb")
            assert check_against(path, read_target(name)) == []

    @pytest.mark.parametrize(
        ("extension", "refusing", "taking"),
        [
            ("KHR_draco_mesh_compression", {"alipay", "ar", "archive", "web", "wechat"}, set()),
            ("KHR_meshopt_compression", {"alipay", "ar", "archive", "web", "wechat"}, set()),
            ("KHR_texture_basisu", {"alipay", "ar", "archive", "web", "wechat"}, set()),
            ("EXT_meshopt_compression", {"ar", "archive", "wechat"}, {"alipay", "web"}),
            ("KHR_mesh_quantization", {"ar", "archive", "wechat"}, {"alipay", "web"}),
            ("EXT_texture_webp", {"ar", "wechat"}, {"alipay", "archive", "web"}),
            ("KHR_xmp_json_ld", set(), {"alipay", "ar", "archive", "web", "wechat"}),
        ],
    )
    def test_extensions(
        self, model: Path, extension: str, refusing: set[str], taking: set[str]
    ) -> None:
        changed(model, using(extension))
        for name in refusing | taking:
            found = codes(check_against(model, read_target(name)))
            assert found == (["TARGET_EXTENSION"] if name in refusing else []), name

    def test_a_refusal_says_what_would_happen(self, model: Path) -> None:
        changed(model, using("KHR_draco_mesh_compression"))
        found = check_against(model, read_target("alipay"))[0]
        assert "shows nothing, although it says it loaded" in found.message
        assert "EXT_meshopt_compression" in found.message  # what is taken

    def test_vertex_colours_as_we_write_them_are_not_for_wechat(self, tmp_path: Path) -> None:
        shape = cube()
        import numpy as np

        from relicscan.relic import Mesh

        coloured = Mesh(shape.vertices, shape.faces, colors=np.full((8, 3), 90, np.uint8))
        write(tmp_path / "low.glb", coloured)
        found = codes(check_against(tmp_path / "low.glb", read_target("wechat")))
        assert found == ["TARGET_NORMALIZED_ACCESSOR", "TARGET_FLOATS_ONLY"]

    @pytest.mark.parametrize(
        ("written", "taking"),
        [
            ({"geometry": "plain", "floats_only": True}, set(builtin_targets())),
            ({"geometry": "quantized"}, {"alipay", "web"}),
            ({"geometry": "meshopt"}, {"alipay", "web"}),
            ({"geometry": "draco"}, set()),
        ],
    )
    def test_geometries_as_we_write_them(
        self, tmp_path: Path, written: dict[str, Any], taking: set[str]
    ) -> None:
        path = tmp_path / "model.glb"
        write(path, painted(Material("paint", texture=texture("jpeg"))), **written)
        for name in builtin_targets():
            assert (codes(check_against(path, read_target(name))) == []) == (name in taking), name

    def test_what_a_target_says_that_we_write_is_what_it_takes(self, tmp_path: Path) -> None:
        for name in builtin_targets():
            held = read_target(name)
            kind = "webp" if held.images == "webp" else "jpeg"
            path = tmp_path / f"{held.level[0].name}.glb"
            mesh = painted(Material("paint", texture=texture(kind)))
            floats = held.limits.float_attributes_only
            write(path, mesh, geometry=held.geometry, floats_only=floats)
            assert check_against(path, held) == []

    def test_a_large_texture_is_named(self, tmp_path: Path) -> None:
        path = plain_glb(tmp_path / "model.glb", side=2056)
        (found,) = check_against(path, read_target("ar"))
        assert found.code == "TARGET_TEXTURE_SIDE"
        assert "2,056 pixels on the longer side of photo" in found.message

    def test_webp_is_not_for_ar(self, tmp_path: Path) -> None:
        path = plain_glb(tmp_path / "model.glb", kind="webp")
        assert codes(check_against(path, read_target("ar"))) == [
            "TARGET_EXTENSION",
            "TARGET_IMAGE_TYPE",
        ]


class TestUsdz:
    @pytest.fixture
    def usdz(self, tmp_path: Path) -> Path:
        pytest.importorskip("pxr")
        path = tmp_path / "model.usdz"
        mesh = painted(Material("paint", texture=texture("jpeg", (16, 8))))
        write_usdz(path, mesh, T_model_mesh=MM, generator="relicscan test")
        return path

    def test_it_fits_ar(self, usdz: Path) -> None:
        assert check_against(usdz, read_target("ar")) == []

    @pytest.mark.parametrize("name", ["alipay", "archive", "web", "wechat"])
    def test_no_other_target_takes_it(self, usdz: Path, name: str) -> None:
        (found,) = check_against(usdz, read_target(name))
        assert found.code == "TARGET_FORMAT"

    @pytest.mark.parametrize(
        ("limits", "code"),
        [
            ({"max_triangles": 11}, "TARGET_TRIANGLES"),
            ({"max_vertices": 23}, "TARGET_VERTICES"),
            ({"max_texture_side": 15}, "TARGET_TEXTURE_SIDE"),
            ({"image_types": ("image/png",)}, "TARGET_IMAGE_TYPE"),
            ({"max_bytes": 100}, "TARGET_BYTES"),
        ],
    )
    def test_limits_hold_for_it_too(self, usdz: Path, limits: dict[str, Any], code: str) -> None:
        held = target(**limits).model_copy(update={"usdz": True})
        assert codes(check_against(usdz, held)) == [code]
        level = {key: value for key, value in limits.items() if key in TargetLevel.model_fields}
        if level:
            held = target(level).model_copy(update={"usdz": True})
            assert codes(check_against(usdz, held)) == [code]


HOSTILE: list[Callable[[dict[str, Any]], object]] = [
    lambda doc: doc.update(meshes=3),
    lambda doc: doc.update(meshes=[{"primitives": [3, {"attributes": 4}, {}]}]),
    lambda doc: doc.update(accessors=[None, {"count": 10**900, "type": "VEC3"}, {"count": -4}]),
    lambda doc: [a.update(count=10**900) for a in doc["accessors"]],
    lambda doc: doc["accessors"][0].update(componentType=[], type={}),
    lambda doc: doc["meshes"][0]["primitives"][0].update(indices=10**30, mode=[]),
    lambda doc: doc["meshes"][0]["primitives"][0].update(attributes={"POSITION": -1, "A": []}),
    lambda doc: doc.update(extensionsUsed={"a": 1}, extensionsRequired=[3]),
    lambda doc: doc.update(images=[{"bufferView": 10**30}, {"name": ["x"]}, 4]),
    lambda doc: doc["bufferViews"][0].update(byteLength=10**30),
    lambda doc: doc.update(nodes=[{"mesh": []}, {"mesh": True}]),
    lambda doc: doc.update(materials=["normalTexture"]),
]


class TestHostileFiles:
    @pytest.mark.parametrize("change", HOSTILE)
    @pytest.mark.parametrize("name", ["web", "wechat"])
    def test_nothing_raises(self, tmp_path: Path, change: Change, name: str) -> None:
        path = changed(plain_glb(tmp_path / "low.glb"), change)
        for finding in check_against(path, read_target(name)):
            assert finding.code.startswith("TARGET_")

    @pytest.mark.parametrize(
        "data", [b"", b"glTF", b"\0" * 100, b"glTF\2\0\0\0\xff\0\0\0\x10\0\0\0JSON" + b"[" * 16]
    )
    def test_what_is_no_glb(self, tmp_path: Path, data: bytes) -> None:
        path = tmp_path / "low.glb"
        path.write_bytes(data)
        assert codes(check_against(path, read_target("web"))) == ["TARGET_UNREADABLE"]

    def test_a_name_in_the_file_does_not_steer_a_terminal(self, tmp_path: Path) -> None:
        path = changed(plain_glb(tmp_path / "low.glb"), using("\x1b[2J" + "x" * 5000))
        (found,) = check_against(path, read_target("web"))
        assert "\x1b" not in found.message
        assert len(found.message) <= 300

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(ScanError):
            check_against(tmp_path / "low.glb", read_target("web"))


def test_messages_say_figure_limit_and_remedy(tmp_path: Path) -> None:
    write(tmp_path / "model.glb", sphere())
    (found,) = check_against(tmp_path / "model.glb", target(max_triangles=1000))
    assert found.message == "2,208 triangles, and 'app' takes 1,000: decimate further"
    assert re.fullmatch(r"[A-Z_]+", found.code)
    assert json.dumps(found.__dict__)
