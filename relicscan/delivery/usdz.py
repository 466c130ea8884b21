"""USDZ as Apple's Quick Look takes it: one usdc layer and its images, stored in a zip.

The package follows the "Usdz File Format Specification" 1.3 (Pixar): no compression, every
file's bytes at a multiple of 64, the layer first. Materials are UsdPreviewSurface (its
specification 2.6), whose roughness and metalness are glTF's, so that a relic looks alike in both.
The zip is written here and not by UsdUtils, whose entries carry the times of the files: same mesh,
same bytes. Needs the package usd-core, the extra `usd`.
"""

from __future__ import annotations

import re
import struct
import tempfile
import zlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from relicscan.delivery.core_images import core_image
from relicscan.delivery.glb import ROUGHNESS, UNCOLOURED
from relicscan.delivery.primitives import Primitive, split
from relicscan.durable import write_durably
from relicscan.errors import OutputError, StageError
from relicscan.geometry.topology import boundary_edge_count
from relicscan.relic import FloatArray, Material, Mesh, Texture

if TYPE_CHECKING:
    from collections.abc import Iterable

ALIGNMENT = 64
_EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png"}


@dataclass(frozen=True)
class UsdzSummary:
    """What was written. Bounds are metres, of the float32 values in the file."""

    triangles: int
    vertices: int
    bounds_m: tuple[tuple[float, float, float], tuple[float, float, float]]
    bytes: int
    sha256: str
    dropped_triangles: int


def what_is_missing() -> str | None:
    """None if USD files can be written and checked; else what is missing and how to get it."""
    if find_spec("pxr") is None:
        return "usd-core is not installed (pip install 'relicscan[usd]')"
    return None


def write_usdz(
    path: Path,
    mesh: Mesh,
    *,
    T_model_mesh: FloatArray,
    generator: str,
    name: str = "relic",
    copyright: str | None = None,
    license: str | None = None,
) -> UsdzSummary:
    """Write a mesh as one USDZ file, with everything that it shows inside.

    T_model_mesh (4, 4) float64 takes the mesh to metres, +Y up, +Z front. JPEG and PNG textures
    keep their bytes, WebP becomes JPEG. `name`, `copyright`, `license` (an address) and
    `generator` stand in the layer's customLayerData. The file is either whole or not there.
    Raises StageError (nothing to deliver, numbers not finite), OutputError (usd-core is not
    installed, or the file cannot be written).
    """
    missing = what_is_missing()
    if missing is not None:
        raise OutputError(
            f"a USDZ file cannot be written: {missing}",
            scan=path.name,
            remedy="pip install 'relicscan[usd]', or leave usdz = true out of the target",
        )
    primitives, _ = split(mesh, T_model_mesh)
    images = _Images()
    credits = {"name": name, "generator": generator, "copyright": copyright, "license": license}
    layer = _layer(primitives, mesh, images, {k: v for k, v in credits.items() if v})
    package = _stored_zip([("model.usdc", layer), *images.files.items()])
    sha256 = write_durably(path, [package])
    low = np.min([p.positions.min(axis=0) for p in primitives], axis=0).tolist()
    high = np.max([p.positions.max(axis=0) for p in primitives], axis=0).tolist()
    triangles = sum(len(p.triangles) for p in primitives)
    return UsdzSummary(
        triangles=triangles,
        vertices=sum(len(p.positions) for p in primitives),
        bounds_m=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
        bytes=len(package),
        sha256=sha256,
        dropped_triangles=len(mesh.faces) - triangles,
    )


def _stored_zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip of stored files, each beginning at a multiple of 64, without dates (APPNOTE 6.3)."""
    body, directory, count = bytearray(), bytearray(), 0
    for name, data in files:
        encoded = name.encode("ascii")
        start = len(body)
        # The padding is an extra field of a kind that nobody has registered.
        padding = -(start + 30 + len(encoded) + 4) % ALIGNMENT
        extra = struct.pack("<HH", 0x1986, padding) + bytes(padding)
        # Version 1.0, no flags, stored, 1 January 1980, which is the first day that zip knows.
        common = struct.pack(
            "<HHHHHIIIHH",
            10,
            0,
            0,
            0,
            0x21,
            zlib.crc32(data),
            len(data),
            len(data),
            len(encoded),
            len(extra),
        )
        body += b"PK\3\4" + common + encoded + extra + data
        directory += b"PK\1\2" + struct.pack("<H", 10) + common[:-2]
        directory += struct.pack("<HHHHII", 0, 0, 0, 0, 0, start) + encoded
        count += 1
    if len(body) + len(directory) >= 2**32 - 22:
        raise StageError(
            f"the model would be {len(body) / 1e9:.1f} GB, and a USDZ file ends at 4.3 GB",
            remedy="lower target_face_count or the texture size",
        )
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory + end)


class _Images:
    """The images of the package by their path in it, equal ones once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def path(self, texture: Texture) -> str:
        image = core_image(texture)
        for path, data in self.files.items():
            if data == image.data:
                return path
        path = f"textures/{len(self.files)}.{_EXTENSIONS[image.mime]}"
        self.files[path] = image.data
        return path


def _layer(
    primitives: list[Primitive], mesh: Mesh, images: _Images, credits: dict[str, str]
) -> bytes:
    """The usdc layer: /relic (a component) with its meshes and materials."""
    from pxr import Kind, Sdf, Usd, UsdGeom

    root = _identifier(credits["name"]) if "name" in credits else "relic"
    with tempfile.TemporaryDirectory(prefix="relicscan-usd-") as folder:
        file = Path(folder) / "model.usdc"
        stage = Usd.Stage.CreateNew(str(file))
        UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
        UsdGeom.SetStageMetersPerUnit(stage, 1.0)
        stage.GetRootLayer().customLayerData = credits
        top = UsdGeom.Xform.Define(stage, Sdf.Path(f"/{root}"))
        stage.SetDefaultPrim(top.GetPrim())
        Usd.ModelAPI(top.GetPrim()).SetKind(Kind.Tokens.component)
        double_sided = boundary_edge_count(mesh.faces) > 0  # as in the GLB
        for number, primitive in enumerate(primitives):
            made = _mesh(stage, f"/{root}/mesh_{number}", primitive, double_sided)
            _bind(stage, f"/{root}/material_{number}", made, primitive, mesh, images)
        stage.GetRootLayer().Save()
        del stage
        return file.read_bytes()


def _identifier(name: str) -> str:
    """A name that every release of USD takes for a prim: ASCII letters, digits and '_'."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:100]
    return plain if plain and not plain[0].isdigit() else f"relic_{plain}".rstrip("_")


def _mesh(stage: Any, path: str, primitive: Primitive, double_sided: bool) -> Any:
    from pxr import Sdf, UsdGeom, Vt

    made = UsdGeom.Mesh.Define(stage, path)
    positions = primitive.positions
    made.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(_contiguous(positions)))
    made.CreateExtentAttr(
        Vt.Vec3fArray.FromNumpy(np.stack([positions.min(axis=0), positions.max(axis=0)]))
    )
    counts = np.full(len(primitive.triangles), 3, dtype=np.int32)
    made.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(counts))
    corners = primitive.triangles.astype(np.int32).ravel()
    made.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(corners))
    made.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(_contiguous(primitive.normals)))
    made.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    made.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)  # else it would be smoothed away
    made.CreateOrientationAttr(UsdGeom.Tokens.rightHanded)
    made.CreateDoubleSidedAttr(double_sided)
    primvars = UsdGeom.PrimvarsAPI(made)
    if primitive.uv is not None:
        st = np.column_stack([primitive.uv[:, 0], 1 - primitive.uv[:, 1]]).astype(np.float32)
        kind = Sdf.ValueTypeNames.TexCoord2fArray
        primvars.CreatePrimvar("st", kind, UsdGeom.Tokens.vertex).Set(Vt.Vec2fArray.FromNumpy(st))
    if primitive.colors is not None:
        made.CreateDisplayColorPrimvar(UsdGeom.Tokens.vertex).Set(
            Vt.Vec3fArray.FromNumpy(_linear(primitive))
        )
    return made


def _linear(primitive: Primitive) -> Any:
    """Vertex colours (k, 3) float32, linear, 0..1."""
    assert primitive.colors is not None
    return np.ascontiguousarray(primitive.colors[:, :3] / np.float32(65535), dtype=np.float32)


def _contiguous(array: NDArray[Any]) -> Any:
    return np.ascontiguousarray(array, dtype=np.float32)


def _bind(
    stage: Any, path: str, made: Any, primitive: Primitive, mesh: Mesh, images: _Images
) -> None:
    """A UsdPreviewSurface for a mesh: texture, else vertex colours, else one colour."""
    from pxr import Gf, Sdf, UsdShade

    if primitive.material is not None:
        described = mesh.materials[primitive.material]
    else:
        described = UNCOLOURED if primitive.colors is None else Material("vertex colours")
    material = UsdShade.Material.Define(stage, path)
    surface = _shader(stage, f"{path}/surface", "UsdPreviewSurface")
    surface.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(ROUGHNESS)
    surface.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
    output = surface.CreateOutput("surface", Sdf.ValueTypeNames.Token)
    material.CreateSurfaceOutput().ConnectToSource(output)

    factor = np.clip(np.nan_to_num(described.base_color[:3], nan=1.0), 0.0, 1.0).tolist()
    diffuse = surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
    texture = _TextureNodes(stage, path, primitive, images)
    if primitive.uv is not None and described.texture is not None:
        node = texture.node("base_color", described.texture, "sRGB", scale=factor)
        diffuse.ConnectToSource(node.CreateOutput("rgb", Sdf.ValueTypeNames.Float3))
    elif primitive.colors is not None:
        colors = _shader(stage, f"{path}/vertex_colors", "UsdPrimvarReader_float3")
        colors.CreateInput("varname", Sdf.ValueTypeNames.String).Set("displayColor")
        # What a viewer shows that cannot read colours of vertices: their mean.
        mean = _linear(primitive).mean(axis=0, dtype=np.float64).tolist()
        colors.CreateInput("fallback", Sdf.ValueTypeNames.Float3).Set(Gf.Vec3f(*mean))
        diffuse.ConnectToSource(colors.CreateOutput("result", Sdf.ValueTypeNames.Float3))
    else:
        diffuse.Set(Gf.Vec3f(*factor))
    if primitive.uv is not None and described.normal is not None:
        node = texture.node("normal", described.normal, "raw")
        # 0..1 in the image is -1..1 in the normal (UsdPreviewSurface Specification, "normal").
        node.CreateInput("scale", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(2, 2, 2, 1))
        node.CreateInput("bias", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(-1, -1, -1, 0))
        normal = surface.CreateInput("normal", Sdf.ValueTypeNames.Normal3f)
        normal.ConnectToSource(node.CreateOutput("rgb", Sdf.ValueTypeNames.Float3))
    if primitive.uv is not None and described.occlusion is not None:
        node = texture.node("occlusion", described.occlusion, "raw")
        occlusion = surface.CreateInput("occlusion", Sdf.ValueTypeNames.Float)
        occlusion.ConnectToSource(node.CreateOutput("r", Sdf.ValueTypeNames.Float))
    UsdShade.MaterialBindingAPI.Apply(made.GetPrim()).Bind(material)


def _shader(stage: Any, path: str, kind: str) -> Any:
    from pxr import UsdShade

    shader = UsdShade.Shader.Define(stage, path)
    shader.CreateIdAttr(kind)
    return shader


class _TextureNodes:
    """The UsdUVTexture nodes of one material, which share one reader of coordinates."""

    def __init__(self, stage: Any, path: str, primitive: Primitive, images: _Images) -> None:
        self.stage, self.path, self.images = stage, path, images
        self.coordinates: Any = None
        # Clamped where the atlas allows it: repeating bleeds one border into the other.
        inside = primitive.uv is not None and bool(
            ((primitive.uv >= 0) & (primitive.uv <= 1)).all()
        )
        self.wrap = "clamp" if inside else "repeat"

    def node(
        self, name: str, texture: Texture, space: str, scale: list[float] | None = None
    ) -> Any:
        from pxr import Gf, Sdf

        if self.coordinates is None:
            reader = _shader(self.stage, f"{self.path}/uv", "UsdPrimvarReader_float2")
            reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
            self.coordinates = reader.CreateOutput("result", Sdf.ValueTypeNames.Float2)
        node = _shader(self.stage, f"{self.path}/{name}", "UsdUVTexture")
        node.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(
            Sdf.AssetPath(self.images.path(texture))
        )
        node.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set(space)
        for axis in ("wrapS", "wrapT"):
            node.CreateInput(axis, Sdf.ValueTypeNames.Token).Set(self.wrap)
        node.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(self.coordinates)
        if scale is not None and scale != [1.0, 1.0, 1.0]:
            node.CreateInput("scale", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(*scale, 1.0))
        return node
