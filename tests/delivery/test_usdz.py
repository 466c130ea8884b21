"""USDZ: what usd-core reads back is the mesh that was given, and no hostile file does harm."""

from __future__ import annotations

import hashlib
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from delivery.glb_shapes import MM, cube, cube_uv, image, painted, sphere, texture
from delivery.targets_files import members, zipped

from relicscan.delivery import usdz as usdz_module
from relicscan.delivery import usdz_check
from relicscan.delivery.usdz import UsdzSummary, what_is_missing, write_usdz
from relicscan.delivery.usdz_check import read_usdz
from relicscan.delivery.usdz_inspect import validators
from relicscan.errors import OutputError, ScanError, StageError
from relicscan.relic import Material, Mesh

pytestmark = pytest.mark.skipif(
    what_is_missing() is not None, reason=f"no USD: {what_is_missing()}"
)


def make(path: Path, mesh: Mesh, **more: Any) -> UsdzSummary:
    return write_usdz(path, mesh, T_model_mesh=MM, generator="relicscan test", **more)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A cube of 2 mm with a base colour, a normal map and an occlusion map of one atlas."""
    material = Material(
        "paint",
        texture=texture("jpeg", (64, 32)),
        normal=texture("png", (16, 16)),
        occlusion=texture("webp", (8, 8)),
    )
    path = tmp_path / "box.usdz"
    make(path, painted(material), name="Box", copyright="Museum, CC0", license="https://c.c/0")
    return path


def opened(path: Path) -> Any:
    from pxr import Usd

    return Usd.Stage.Open(str(path))


def shaders(stage: Any) -> dict[str, Any]:
    return {p.GetName(): p for p in stage.Traverse() if p.GetTypeName() == "Shader"}


class TestWhatIsReadBack:
    def test_the_stage_is_one_thing_in_metres_with_y_up(self, box: Path) -> None:
        from pxr import Kind, Usd, UsdGeom

        stage = opened(box)
        top = stage.GetDefaultPrim()
        assert UsdGeom.GetStageUpAxis(stage) == "Y"
        assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
        assert (top.GetName(), Usd.ModelAPI(top).GetKind()) == ("Box", Kind.Tokens.component)
        assert dict(stage.GetRootLayer().customLayerData) == {
            "name": "Box",
            "generator": "relicscan test",
            "copyright": "Museum, CC0",
            "license": "https://c.c/0",
        }

    def test_the_triangles_are_those_of_the_mesh(self, box: Path) -> None:
        from pxr import UsdGeom

        stage = opened(box)
        mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Box/mesh_0"))
        points = np.array(mesh.GetPointsAttr().Get())
        corners = np.array(mesh.GetFaceVertexIndicesAttr().Get())
        assert np.array(mesh.GetFaceVertexCountsAttr().Get()).tolist() == [3] * 12
        wanted = (cube().vertices[cube().faces] / 1000).astype(np.float32)

        def as_set(triangles: np.ndarray) -> set[tuple[float, ...]]:
            """Each triangle from its lowest corner on: the winding counts, the start does not."""
            turns = ([0, 1, 2], [1, 2, 0], [2, 0, 1])
            turned = [min(t[turn].ravel().tolist() for turn in turns) for t in triangles]
            return {tuple(t) for t in turned}

        assert as_set(points[corners].reshape(-1, 3, 3)) == as_set(wanted)
        assert np.array(mesh.GetExtentAttr().Get()).tolist() == [
            wanted.min(axis=(0, 1)).tolist(),
            wanted.max(axis=(0, 1)).tolist(),
        ]
        assert mesh.GetSubdivisionSchemeAttr().Get() == "none"
        assert mesh.GetNormalsInterpolation() == "vertex"
        normals = np.array(mesh.GetNormalsAttr().Get())
        assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-6

    def test_texture_coordinates_count_from_below(self, box: Path) -> None:
        from pxr import UsdGeom

        stage = opened(box)
        mesh = UsdGeom.Mesh(stage.GetPrimAtPath("/Box/mesh_0"))
        st = np.array(UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st").Get())
        corners = np.array(mesh.GetFaceVertexIndicesAttr().Get())
        given = {tuple(t) for t in cube_uv().reshape(-1, 2).tolist()}
        back = np.column_stack([st[:, 0], 1 - st[:, 1]])[corners]
        assert all(min(abs(u - a) + abs(v - b) for a, b in given) < 1e-6 for u, v in back)
        assert {round(float(v), 3) for v in st[:, 1]} == {0.1, 0.5, 0.6, 1.0}

    def test_only_an_open_mesh_is_seen_from_both_sides(self, tmp_path: Path) -> None:
        from pxr import UsdGeom

        for open_, mesh in ((False, cube()), (True, cube().take_faces(np.arange(11)))):
            make(tmp_path / f"{open_}.usdz", mesh)
            stage = opened(tmp_path / f"{open_}.usdz")
            described = UsdGeom.Mesh(stage.GetPrimAtPath("/relic/mesh_0"))
            assert described.GetDoubleSidedAttr().Get() is open_

    def test_images_are_inside_and_keep_their_bytes(self, box: Path) -> None:
        files = members(box)
        assert list(files) == [
            "model.usdc",
            "textures/0.jpg",
            "textures/1.png",
            "textures/2.jpg",
        ]
        assert files["textures/0.jpg"] == image("jpeg", (64, 32))
        assert files["textures/1.png"] == image("png", (16, 16))

    def test_webp_becomes_a_jpeg_that_looks_the_same(self, box: Path) -> None:
        import io

        from PIL import Image

        data = members(box)["textures/2.jpg"]
        assert data[:3] == b"\xff\xd8\xff"
        have = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=float)
        want = np.asarray(Image.open(io.BytesIO(image("webp", (8, 8)))).convert("RGB"), dtype=float)
        assert np.abs(have - want).mean() < 4  # of 255; the pixels are noise

    def test_materials_are_those_of_the_glb(self, box: Path) -> None:
        stage = opened(box)
        nodes = shaders(stage)
        surface = nodes["surface"]
        assert surface.GetAttribute("info:id").Get() == "UsdPreviewSurface"
        assert surface.GetAttribute("inputs:roughness").Get() == pytest.approx(0.9)
        assert surface.GetAttribute("inputs:metallic").Get() == 0.0
        for name, output, space, file in (
            ("base_color", "diffuseColor", "sRGB", "textures/0.jpg"),
            ("normal", "normal", "raw", "textures/1.png"),
            ("occlusion", "occlusion", "raw", "textures/2.jpg"),
        ):
            node = nodes[name]
            asset = node.GetAttribute("inputs:file").Get()
            assert asset.resolvedPath == f"{box}[{file}]"
            assert node.GetAttribute("inputs:sourceColorSpace").Get() == space
            assert node.GetAttribute("inputs:wrapS").Get() == "clamp"
            (source,) = surface.GetAttribute(f"inputs:{output}").GetConnections()
            assert source.GetPrimPath() == node.GetPath()
        assert tuple(nodes["normal"].GetAttribute("inputs:scale").Get()) == (2, 2, 2, 1)
        assert tuple(nodes["normal"].GetAttribute("inputs:bias").Get()) == (-1, -1, -1, 0)
        assert not nodes["base_color"].HasAttribute("inputs:scale")

    def test_vertex_colours_are_linear(self, tmp_path: Path) -> None:
        from pxr import UsdGeom

        colors = np.array([[0, 0, 0], [255, 255, 255], [188, 10, 128]] * 3, np.uint8)[:8]
        mesh = Mesh(cube().vertices, cube().faces, colors=colors)
        make(tmp_path / "m.usdz", mesh)
        stage = opened(tmp_path / "m.usdz")
        described = UsdGeom.Mesh(stage.GetPrimAtPath("/relic/mesh_0"))
        back = np.array(described.GetDisplayColorAttr().Get())
        points = np.array(described.GetPointsAttr().Get())
        nearest = np.abs(points[:, None] - cube().vertices[None] / 1000).sum(axis=2).argmin(axis=1)
        # IEC 61966-2-1: 188 is half the light, 10 lies on the straight piece.
        known = {0: 0.0, 255: 1.0, 188: 0.502886, 10: 0.003035, 128: 0.215861}
        wanted = np.vectorize(known.__getitem__)(colors[nearest])
        assert np.abs(back - wanted).max() < 1e-4
        nodes = shaders(stage)
        (source,) = nodes["surface"].GetAttribute("inputs:diffuseColor").GetConnections()
        assert source.GetPrimPath() == nodes["vertex_colors"].GetPath()
        fallback = np.array(nodes["vertex_colors"].GetAttribute("inputs:fallback").Get())
        assert np.abs(fallback - wanted.mean(axis=0)).max() < 1e-4

    def test_a_base_colour_without_a_texture(self, tmp_path: Path) -> None:
        shape = cube()
        paint = Material("p", (0.25, 0.5, 1.0, 1.0))
        make(tmp_path / "m.usdz", replace(shape, materials=(paint,)))
        stage = opened(tmp_path / "m.usdz")
        surface = shaders(stage)["surface"]
        assert tuple(surface.GetAttribute("inputs:diffuseColor").Get()) == (0.25, 0.5, 1.0)

    def test_a_base_colour_multiplies_its_texture(self, tmp_path: Path) -> None:
        paint = Material("p", (0.25, 0.5, 1.0, 1.0), texture=texture("jpeg"))
        make(tmp_path / "m.usdz", painted(paint))
        stage = opened(tmp_path / "m.usdz")
        node = shaders(stage)["base_color"]
        assert tuple(node.GetAttribute("inputs:scale").Get()) == (0.25, 0.5, 1.0, 1.0)

    def test_a_tiled_texture_repeats(self, tmp_path: Path) -> None:
        mesh = painted(Material("p", texture=texture("jpeg")))
        tiled = replace(mesh, corner_uv=mesh.corner_uv * 3)  # type: ignore[operator]
        make(tmp_path / "m.usdz", tiled)
        stage = opened(tmp_path / "m.usdz")
        node = shaders(stage)["base_color"]
        assert node.GetAttribute("inputs:wrapT").Get() == "repeat"

    def test_each_material_has_a_mesh_and_one_image_lies_there_once(self, tmp_path: Path) -> None:
        photo = texture("jpeg")
        mesh = painted(Material("a", texture=photo))
        two = replace(
            mesh,
            materials=(Material("a", texture=photo), Material("b", texture=photo)),
            face_material=np.array([0] * 6 + [1] * 6),
        )
        made = make(tmp_path / "m.usdz", two)
        assert made.triangles == 12
        figures = read_usdz(tmp_path / "m.usdz").figures
        assert figures is not None
        assert (figures.primitives, figures.materials, len(figures.images)) == (2, 2, 1)

    def test_the_summary(self, box: Path, tmp_path: Path) -> None:
        made = make(tmp_path / "s.usdz", sphere(50.0))
        data = (tmp_path / "s.usdz").read_bytes()
        assert (made.triangles, made.vertices, made.dropped_triangles) == (2208, 1106, 0)
        assert (made.bytes, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert np.allclose(made.bounds_m, [[-0.05] * 3, [0.05] * 3], atol=1e-7)

    @pytest.mark.parametrize(
        ("name", "identifier"),
        [
            ("Box 3/a", "Box_3_a"),
            ("3 boxes", "relic_3_boxes"),
            ("青銅鼎", "relic"),
            ("", "relic"),
            ("../x", "x"),
        ],
    )
    def test_any_name_is_kept_and_names_a_prim(
        self, tmp_path: Path, name: str, identifier: str
    ) -> None:
        make(tmp_path / "m.usdz", cube(), name=name)
        stage = opened(tmp_path / "m.usdz")
        assert stage.GetDefaultPrim().GetName() == identifier
        assert stage.GetRootLayer().customLayerData.get("name", "") == name


class TestBytes:
    def test_same_mesh_same_bytes_in_another_process(self, box: Path, tmp_path: Path) -> None:
        code = (
            "import sys; sys.path[:0] = sys.argv[2].split(';')\n"
            "from pathlib import Path\n"
            "from delivery.test_usdz import make\n"
            "from delivery.glb_shapes import sphere\n"
            "make(Path(sys.argv[1]), sphere(), name='s')\n"
        )
        made = []
        for number in (1, 2):
            path = tmp_path / f"{number}.usdz"
            subprocess.run(
                [sys.executable, "-c", code, str(path), ";".join(sys.path)],
                check=True,
                env={"PYTHONHASHSEED": str(number)},
            )
            made.append(path.read_bytes())
        make(tmp_path / "3.usdz", sphere(), name="s")
        assert made[0] == made[1] == (tmp_path / "3.usdz").read_bytes()

    def test_every_file_is_stored_at_a_multiple_of_64(self, box: Path) -> None:
        import zipfile

        data = box.read_bytes()
        with zipfile.ZipFile(box) as package:
            assert package.testzip() is None
            for entry in package.infolist():
                name, extra = struct.unpack_from("<HH", data, entry.header_offset + 26)
                assert (entry.header_offset + 30 + name + extra) % 64 == 0
                assert entry.compress_type == zipfile.ZIP_STORED
                assert entry.date_time == (1980, 1, 1, 0, 0, 0)


class TestBadInput:
    def test_without_usd_core(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(usdz_module, "find_spec", lambda name: None)
        with pytest.raises(OutputError, match=re.escape("pip install 'relicscan[usd]'")):
            make(tmp_path / "m.usdz", cube())
        assert list(tmp_path.iterdir()) == []

    def test_a_texture_that_is_none(self, tmp_path: Path) -> None:
        broken = replace(texture("jpeg"), data=b"GIF89a")
        with pytest.raises(StageError, match="no JPEG, PNG or WebP"):
            make(tmp_path / "m.usdz", painted(Material("p", texture=broken)))
        torn = replace(texture("webp"), data=image("webp", (64, 64))[:80])
        with pytest.raises(ScanError, match="cannot be decoded"):
            make(tmp_path / "m.usdz", painted(Material("p", texture=torn)))
        assert list(tmp_path.iterdir()) == []

    def test_a_mesh_without_area(self, tmp_path: Path) -> None:
        with pytest.raises(StageError, match="no triangle is left"):
            make(tmp_path / "m.usdz", Mesh(np.zeros((3, 3)), [[0, 1, 2]]))


class TestValidation:
    def test_ours_are_clean(self, box: Path, tmp_path: Path) -> None:
        read = read_usdz(box)
        assert read.findings == ()
        assert read.figures is not None
        assert (read.figures.triangles, read.figures.materials) == (12, 1)
        make(tmp_path / "plain.usdz", sphere())
        colors = np.full((8, 3), 90, np.uint8)
        make(tmp_path / "colours.usdz", Mesh(cube().vertices, cube().faces, colors=colors))
        for name in ("plain", "colours"):
            assert read_usdz(tmp_path / f"{name}.usdz").findings == ()

    def test_all_validators_of_pixar_are_run(self) -> None:
        names = validators()
        assert len(names) >= 25
        assert {
            "usdGeomValidators:StageMetadataChecker",
            "usdShadeValidators:NormalMapTextureValidator",
            "usdShadeValidators:ShaderSdrCompliance",
            "usdUtilsValidators:MissingReferenceValidator",
            "usdUtilsValidators:UsdzPackageValidator",
            "usdValidation:StageMetadataChecker",
        } <= set(names)

    def test_they_look(self, box: Path, tmp_path: Path) -> None:
        """A normal map without scale and bias, and a stage without up, are found by them."""

        def spoil(stage: Any) -> None:
            node = shaders(stage)["normal"]
            node.RemoveProperty("inputs:scale")
            node.RemoveProperty("inputs:bias")
            stage.GetRootLayer().pseudoRoot.ClearInfo("upAxis")

        found = read_usdz(edited(box, tmp_path / "e.usdz", spoil)).findings
        assert [(finding.severity, finding.code) for finding in found] == [
            ("error", "USD_NonCompliantBiasAndScale"),
            ("error", "USD_MissingUpAxisMetadata"),
        ]

    def test_without_usd_core_it_says_so(self, box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(usdz_check, "what_is_missing", lambda: "usd-core is not installed")
        read = read_usdz(box)
        (found,) = read.findings
        assert (found.severity, found.code) == ("info", "USD_NOT_CHECKED")
        assert "pxr.UsdValidation did not run: usd-core is not installed" in found.message
        assert read.figures is not None
        assert (read.figures.triangles, len(read.figures.images)) == (None, 3)


def edited(path: Path, to: Path, change: Callable[[Any], object]) -> Path:
    """The package with its layer changed by usd-core and zipped again."""
    from pxr import Sdf, Usd

    files = members(path)
    layer = to.with_suffix(".usdc")
    layer.write_bytes(files["model.usdc"])
    stage = Usd.Stage.Open(Sdf.Layer.FindOrOpen(str(layer)))
    change(stage)
    stage.GetRootLayer().Save()
    return zipped(to, {**files, "model.usdc": layer.read_bytes()})


def reference(where: str) -> Callable[[Any], object]:
    return lambda stage: stage.OverridePrim("/Box").GetReferences().AddReference(where)


def texture_at(where: str) -> Callable[[Any], object]:
    from pxr import Sdf

    return lambda stage: (
        shaders(stage)["base_color"].GetAttribute("inputs:file").Set(Sdf.AssetPath(where))
    )


def billion_laughs(path: Path) -> Path:
    """Sixty levels of prims, each twice in the next: 2^60 in the composed stage."""
    from pxr import Sdf

    text = "#usda 1.0\n"
    for level in range(60):
        below = f"(references = </l{level - 1}>)" if level else ""
        children = "".join(f'def Xform "{side}" {below} {{}}\n' for side in "ab")
        text += f'def Xform "l{level}" {{\n{children}}}\n'
    layer = Sdf.Layer.CreateAnonymous(".usdc")
    assert layer.ImportFromString(text)  # never opened as a stage in this process
    layer.Export(str(path.with_suffix(".usdc")))
    return zipped(path, {"model.usdc": path.with_suffix(".usdc").read_bytes()})


class TestHostile:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (reference("/etc/passwd"), "USD_POINTS_OUTSIDE"),
            (reference("../secret.usdc"), "USD_POINTS_OUTSIDE"),
            (reference("https://example.org/x.usdc"), "USD_POINTS_OUTSIDE"),
            (reference("other.usdc"), "USD_COMPOSED"),
            (lambda stage: stage.GetRootLayer().subLayerPaths.append("/x.usda"), "USD_POINTS"),
            (texture_at("/etc/logo.png"), "USD_POINTS_OUTSIDE"),
            (texture_at("file:///etc/logo.png"), "USD_POINTS_OUTSIDE"),
            (texture_at("../logo.png"), "USD_POINTS_OUTSIDE"),
            (texture_at("textures/none.png"), "USD_UnresolvableDependency"),
            (lambda stage: stage.DefinePrim("/Box/light", "DomeLight"), "USD_PRIM_TYPE"),
        ],
    )
    def test_layers(
        self, box: Path, tmp_path: Path, change: Callable[[Any], object], code: str
    ) -> None:
        read = read_usdz(edited(box, tmp_path / "e.usdz", change))
        errors = [found.code for found in read.findings if found.severity == "error"]
        assert errors
        assert errors[0].startswith(code)

    def test_a_layer_that_multiplies_itself(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usdz_check, "_TIME_LIMIT_S", 3.0)
        path = billion_laughs(tmp_path / "e.usdz")
        assert path.stat().st_size < 50_000
        (found,) = read_usdz(path).findings
        assert found.code == "USD_UNREADABLE"

    @pytest.mark.parametrize("at", [0, 8, 16, 24, 88, 200, 1000, -100])
    def test_damaged_layers(self, box: Path, tmp_path: Path, at: int) -> None:
        files = members(box)
        layer = bytearray(files["model.usdc"])
        layer[at : at + 8 or None] = b"\xff" * 8
        read = read_usdz(zipped(tmp_path / "d.usdz", {**files, "model.usdc": bytes(layer)}))
        assert all(re.fullmatch("USDZ?_[A-Za-z_]+", found.code) for found in read.findings)

    def test_a_layer_cut_short(self, box: Path, tmp_path: Path) -> None:
        files = members(box)
        for size in (0, 10, 100, len(files["model.usdc"]) // 2):
            cut = {**files, "model.usdc": files["model.usdc"][:size]}
            (found,) = read_usdz(zipped(tmp_path / "d.usdz", cut)).findings
            assert found.code == "USD_UNREADABLE"

    @pytest.mark.parametrize(
        ("files", "more", "code"),
        [
            ({"model.usdc": b"x"}, {"deflate": True}, "USDZ_COMPRESSED"),
            ({"model.usdc": bytes(10**7)}, {"deflate": True}, "USDZ_COMPRESSED"),
            ({"model.usdc": b"x"}, {"align": 1}, "USDZ_ALIGNMENT"),
            ({"a.jpg": image("jpeg"), "model.usdc": b"x"}, {}, "USDZ_FIRST_FILE"),
            ({"model.usda": b"#usda 1.0\n"}, {}, "USDZ_FIRST_FILE"),
            ({"model.usdc": b"x", "run.exe": b"MZ"}, {}, "USDZ_FILE_TYPE"),
            ({"model.usdc": b"x", "a.webp": image("webp")}, {}, "USDZ_FILE_TYPE"),
            ({"model.usdc": b"x", "../a.jpg": image("jpeg")}, {}, "USDZ_NAME"),
            ({"model.usdc": b"x", "/etc/a.jpg": image("jpeg")}, {}, "USDZ_NAME"),
            ({"model.usdc": b"x", "c:/a.jpg": image("jpeg")}, {}, "USDZ_NAME"),
            ({"model.usdc": b"x", "a.jpg": image("png")}, {}, "USDZ_IMAGE"),
            ({"model.usdc": b"x", "a.jpg": b"\xff\xd8\xff"}, {}, "USDZ_IMAGE"),
            ({"model.usdc": b"x"} | {f"{i}.jpg": b"" for i in range(1000)}, {}, "USDZ_FILES"),
            ({}, {}, "USDZ_FILES"),
        ],
    )
    def test_packages(
        self, tmp_path: Path, files: dict[str, bytes], more: dict[str, Any], code: str
    ) -> None:
        read = read_usdz(zipped(tmp_path / "p.usdz", files, **more))
        assert (read.findings[0].code, read.figures) == (code, None)

    def test_no_zip(self, tmp_path: Path, box: Path) -> None:
        whole = box.read_bytes()
        for data in (b"", b"PK\3\4", b"\0" * 5000, whole[:-30], whole[: len(whole) // 2]):
            (tmp_path / "n.usdz").write_bytes(data)
            (found,) = read_usdz(tmp_path / "n.usdz").findings
            assert found.code == "USDZ_NO_ZIP"

    @pytest.mark.parametrize(
        ("offset", "data", "code"),
        [
            (8, b"\1\0", "USDZ_ENCRYPTED"),
            (10, b"\x08\0", "USDZ_COMPRESSED"),
            (16, b"\0\0\0\0", "USDZ_CHECKSUM"),
            (20, b"\xff\xff\xff\x7f", "USDZ_EXTENT"),
            (24, b"\xff\xff\xff\x7f", "USDZ_COMPRESSED"),
            (42, b"\xff\xff\xff\x7f", "USDZ_"),
        ],
    )
    def test_a_directory_that_lies(
        self, box: Path, tmp_path: Path, offset: int, data: bytes, code: str
    ) -> None:
        whole = bytearray(box.read_bytes())
        at = whole.index(b"PK\1\2") + offset
        whole[at : at + len(data)] = data
        (tmp_path / "l.usdz").write_bytes(whole)
        read = read_usdz(tmp_path / "l.usdz")
        assert read.figures is None
        assert read.findings[0].code.startswith(code)

    def test_the_same_bytes_in_a_thousand_files(self, box: Path, tmp_path: Path) -> None:
        """The overlapping zip bomb (Fifield 2019), stored: it is not read a thousand times."""
        data = box.read_bytes()
        at = data.index(b"PK\1\2")
        end = data.rindex(b"PK\5\6")
        entry = data[at : at + 46 + len("model.usdc")]
        directory = entry * 900
        tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 900, 900, len(directory), at, 0)
        (tmp_path / "o.usdz").write_bytes(data[:at] + directory + tail)
        assert end > at
        codes = {found.code for found in read_usdz(tmp_path / "o.usdz").findings}
        assert codes == {"USDZ_NAME", "USDZ_EXTENT"}

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(ScanError):
            read_usdz(tmp_path / "none.usdz")

    def test_nothing_is_left_behind(
        self, box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = sorted(tmp_path.iterdir())
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        read_usdz(box)
        assert sorted(tmp_path.iterdir()) == before
