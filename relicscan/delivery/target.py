"""A delivery target: whose viewers will show the model, what they take, what each level may cost.

A target is a small TOML file. Those that come with relicscan lie in `targets/`; a museum
names a file of its own, which is held to the same rules:

    description = "The app of the house"
    geometry = "plain"
    images = "jpeg"

    [limits]                  # what its viewers take, of any file from anywhere
    extensions = []           # core glTF and nothing else

    [[level]]                 # what we write for it: one model for each level
    name = "low"
    max_bytes = 1_000_000
    max_triangles = 40_000

Levels are solved for these figures (`max_difference` is the floor of quality, fixed before any
tuning), and `target_check` holds finished files to them. A key left out sets no limit.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from relicscan.errors import PipelineError, ScanError
from relicscan.metadata.fields import FieldError, Record
from relicscan.metadata.identity import id_problem
from relicscan.metadata.toml_file import read_toml
from relicscan.stage import did_you_mean

Geometry = Literal["plain", "quantized", "meshopt", "draco"]
Images = Literal["source", "jpeg", "webp"]
ImageType = Literal["image/jpeg", "image/png", "image/webp", "image/ktx2"]

#: The glTF extensions without which a geometry cannot be written.
GEOMETRY_EXTENSIONS: dict[Geometry, tuple[str, ...]] = {
    "plain": (),
    "quantized": ("KHR_mesh_quantization",),
    "meshopt": ("EXT_meshopt_compression", "KHR_mesh_quantization"),
    "draco": ("KHR_draco_mesh_compression",),
}

_FOLDER = Path(__file__).parent / "targets"
_MAX_FILE_BYTES = 100_000
#: A target's name is its folder in the output, where these have a meaning already.
_TAKEN = ("master", "preview")


def texture_gpu_bytes(width: int, height: int) -> int:
    """What a texture costs a graphics card: RGBA in 8 bits, and a third more for its mipmaps.

    4096 x 4096 pixels are 89,478,485 bytes, whatever the file was compressed to.
    """
    return width * height * 4 * 4 // 3


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise FieldError(
            f"{str(value)[:40]!r} is no whole number above 0",
            "write digits without quotes (200_000), or leave the key out for no limit",
        )
    return value


def _fraction(value: Any) -> float:
    number = not isinstance(value, bool) and isinstance(value, int | float)
    if not number or not 0 < value <= 1:
        raise FieldError(
            f"{str(value)[:40]!r} is no number above 0 and up to 1", "for example 0.05"
        )
    return float(value)


def _length(value: Any) -> float:
    number = not isinstance(value, bool) and isinstance(value, int | float)
    if not number or not 0 < value < float("inf"):
        raise FieldError(f"{str(value)[:40]!r} is no length above 0", "for example 0.2")
    return float(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FieldError(f"{str(value)[:40]!r} is neither yes nor no", "write true or false")
    return value


def _name(value: Any) -> str:
    problem = id_problem(value) if isinstance(value, str) else "it is not a text"
    if problem or "." in value:
        raise FieldError(
            f"{str(value)[:40]!r} cannot name a file: {problem or 'it has a dot'}",
            'use lower-case letters, digits, "-" and "_": name = "low"',
        )
    return str(value)


Count = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
Fraction = Annotated[float, BeforeValidator(_fraction), Field(gt=0, le=1)]
Length = Annotated[float, BeforeValidator(_length), Field(gt=0)]
Switch = Annotated[bool, BeforeValidator(_switch)]
LevelName = Annotated[str, BeforeValidator(_name)]


class Limits(Record):
    """What a target's viewers take, of any file: see `target_check` for how each is counted."""

    extensions: Annotated[tuple[str, ...], Field(strict=False)] | None = Field(
        None, description="glTF extensions that a file may use; an empty list is core glTF."
    )
    image_types: Annotated[tuple[ImageType, ...], Field(strict=False)] | None = Field(
        None, description="Media types that the images of a model may have."
    )
    normalized_accessors: Switch = Field(
        True, description="Whether accessors may hold whole numbers that stand for 0..1 or -1..1."
    )
    sparse_accessors: Switch = Field(
        True, description="Whether accessors may be a list of differences to another."
    )
    float_attributes_only: Switch = Field(
        False, description="Whether vertices must be 32-bit floats throughout."
    )
    max_bytes: Count | None = Field(None, description="Bytes of one file.")
    max_total_bytes: Count | None = Field(
        None, description="Bytes of all models of a folder together, as one package carries them."
    )
    max_triangles: Count | None = Field(None, description="Triangles drawn.")
    max_vertices: Count | None = Field(None, description="Vertices, split along seams.")
    max_texture_side: Count | None = Field(
        None, description="Pixels on the longer side of an image."
    )
    max_materials: Count | None = Field(None, description="Materials.")
    max_primitives: Count | None = Field(
        None, description="Primitives (also called submeshes) of all meshes together."
    )
    max_uv_sets: Count | None = Field(
        None, description="Sets of texture coordinates on one primitive."
    )
    refused: dict[str, str] = Field(
        default_factory=dict,
        description="What happens with an extension that is not taken, in words, by its name.",
    )


class TargetLevel(Record):
    """What one model of a target may cost, and how good it has to be."""

    name: LevelName = Field(description="Names the level and its file.")
    max_bytes: Count | None = Field(None, description="Bytes of the file.")
    max_triangles: Count | None = Field(None, description="Triangles drawn.")
    max_texture_side: Count | None = Field(
        None, description="Pixels on the longer side of an image."
    )
    max_gpu_bytes: Count | None = Field(
        None,
        description="Bytes on the graphics card: vertices and indices as stored, images as "
        "RGBA with mipmaps (4 * 4/3 bytes a pixel).",
    )
    maps: Annotated[tuple[Literal["normal", "occlusion"], ...], Field(strict=False)] = Field(
        ("normal", "occlusion"), description="Maps that may stand beside the base colour."
    )
    screen_px: Count | None = Field(
        None, description="Side of the square that the model is shown in, in pixels."
    )
    max_difference: Fraction | None = Field(
        None,
        description="Mean FLIP difference (0..1) to the master over the relic's pixels at "
        "screen_px: the floor of quality.",
    )
    max_deviation_mm: Length | None = Field(
        None, description="Root mean square distance to the scan, in millimetres."
    )
    prefer: Literal["smallest", "finest"] = Field(
        "finest",
        description="What is taken where several models will do: the one most like the master "
        "within the limits, or the smallest file that keeps max_difference.",
    )


class TargetFile(Record):
    """What a target's file says."""

    description: str = Field(description="Whose viewers they are.")
    geometry: Geometry = Field(
        "plain", description="How vertices and triangles are written (Draco only where asked for)."
    )
    images: Images = Field(
        "jpeg",
        description="How images are written; source keeps their bytes wherever it can.",
    )
    usdz: Switch = Field(False, description="Whether a USDZ file stands beside each GLB.")
    limits: Limits = Field(default_factory=Limits, description="What the viewers take.")
    level: Annotated[tuple[TargetLevel, ...], Field(strict=False)] = Field(
        description="One model for each."
    )

    @model_validator(mode="after")
    def _levels(self) -> TargetFile:
        if not self.level:
            raise FieldError("there is no level", "add [[level]] tables, each with a name", "level")
        seen: set[str] = set()
        for i, level in enumerate(self.level):
            if level.name in seen:
                problem = f"a level before it is called {level.name!r} as well"
                raise FieldError(problem, "give each its own name", "level", i, "name")
            seen.add(level.name)
        return self

    @model_validator(mode="after")
    def _can_be_shown(self) -> TargetFile:
        """What we write must be among what the viewers take."""
        limits = self.limits
        needed = list(GEOMETRY_EXTENSIONS[self.geometry])
        if self.images == "webp":
            needed.append("EXT_texture_webp")
        for name in needed:
            if limits.extensions is not None and name not in limits.extensions:
                cause = "images" if name == "EXT_texture_webp" else "geometry"
                raise FieldError(
                    f"{getattr(self, cause)!r} needs {name}, which limits.extensions does not have",
                    "add it there if the viewers read it, or write something plainer",
                    cause,
                )
        whole = limits.float_attributes_only or not limits.normalized_accessors
        if whole and self.geometry in ("quantized", "meshopt"):
            raise FieldError(
                f"{self.geometry!r} makes whole numbers of vertices, and limits do not take them",
                'write geometry = "plain"',
                "geometry",
            )
        mime = f"image/{self.images}"
        if self.images != "source" and limits.image_types and mime not in limits.image_types:
            raise FieldError(
                f"{self.images!r} is not among limits.image_types",
                "add it there if the viewers show it, or write other images",
                "images",
            )
        return self


class Target(TargetFile):
    """A target with its name, which is that of its file and of its folder in the output."""

    name: LevelName

    def level_named(self, name: str) -> TargetLevel:
        """One of its levels. Raises PipelineError naming those there are."""
        for level in self.level:
            if level.name == name:
                return level
        raise PipelineError(
            f"the target '{self.name}' has no level '{name[:60]}'",
            remedy=did_you_mean(name, [level.name for level in self.level], "its levels are"),
        )


def builtin_targets() -> tuple[str, ...]:
    """Names of the targets that come with relicscan."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def target_file(name_or_path: str | Path) -> Path:
    """The file of a target given by name or path. Raises PipelineError listing the names."""
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise PipelineError(
            f"there is no target file {name_or_path}",
            remedy="check the path, or use one of " + ", ".join(builtin_targets()),
        )
    names = list(builtin_targets())
    if str(name_or_path) not in names:
        raise PipelineError(
            f"there is no target '{str(name_or_path)[:60]}'",
            remedy=did_you_mean(
                str(name_or_path), names, "give a path ending in .toml, or one of the targets"
            ),
        )
    return _FOLDER / f"{name_or_path}.toml"


def read_target(name_or_path: str | Path) -> Target:
    """Read and check a target, built in or a museum's own file.

    Raises PipelineError with the line, what was given, and what would work.
    """
    path = target_file(name_or_path)
    problem = id_problem(path.stem) or ("it has a dot" if "." in path.stem else None)
    if path.stem in _TAKEN:
        problem = "a run writes a folder of this name beside the targets"
    if problem:
        raise PipelineError(
            f"a target is called what its file is, and {path.stem[:60]!r} cannot be: {problem}",
            scan=path.name,
            remedy="rename the file, for example museum-app.toml",
        )
    try:
        said = read_toml(path, TargetFile, max_bytes=_MAX_FILE_BYTES)
    except ScanError as error:
        # What reads relic.toml reads this, and names a template that is not about targets.
        remedy = error.remedy or ""
        if "relic.toml" in remedy or "`relicscan new`" in remedy:
            remedy = f"compare with a target that comes with relicscan: {_FOLDER / 'web.toml'}"
        raise PipelineError(error.message, scan=path.name, remedy=remedy) from None
    return Target(name=path.stem, **{key: getattr(said, key) for key in TargetFile.model_fields})


def chosen_targets(given: Any, folder: Path) -> tuple[Target, ...]:
    """The targets of a list such as ["web", "ar", "web:thumb", "of-the-house.toml"].

    "web:thumb" is one level of a target; files are looked for in `folder`. Raises
    PipelineError for what is no such list, no target or no level, or where two are one folder.
    """
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise PipelineError(
            "targets is no list of names", remedy='write for example targets = ["web", "ar"]'
        )
    found: list[Target] = []
    for name in given:
        file, colon, level = name.partition(":")
        target = read_target(folder / file if file.endswith(".toml") else file)
        if colon:
            target = target.model_copy(update={"level": (target.level_named(level),)})
        if any(other.name == target.name for other in found):
            raise PipelineError(
                f"two targets are called {target.name}, and each has a folder of that name",
                remedy="name each once, or rename one of the files",
            )
        found.append(target)
    return tuple(found)


def comments(path: Path) -> str:
    """The comment that a target's file opens with, as a paragraph: where its figures come from."""
    text = path.read_text(encoding="utf-8")
    opening = re.match(r"(?:#[^\n]*\n)*", text)
    assert opening is not None  # it matches nothing at all
    return " ".join(line.removeprefix("#").strip() for line in opening[0].splitlines())
