"""Small valid files of every kind that tools/fuzz.py damages, and how each kind is read."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # for the examples of the tests

#: A seed: its files by name, the first being the one that is read.
Seed = dict[str, bytes]

IMAGES = ("png", "jpg", "webp", "tif", "bmp", "tga")
#: Files of the collection of real and hostile scans that are small enough for many cases a second.
SMALL = 20_000


def kinds() -> list[str]:
    """All that can be fuzzed: formats by their module, relic.toml, images, our checks of GLB."""
    from relicscan import formats

    return [*dict.fromkeys(formats.MODULES.values()), "toml", "image", "check"]


def seeds_of(kind: str) -> list[Seed]:
    """The valid files of a kind that the tests know, and small ones of the collection."""
    if kind == "toml":
        from tests.metadata.conftest import EVERYTHING

        short = 'id = "a"\n[scan]\nunit = "mm"\nup = "+Z"\n'
        return [{"relic.toml": EVERYTHING.encode()}, {"relic.toml": short.encode()}]
    if kind == "image":
        return [{f"a.{suffix}": data} for suffix, data in _images().items()]
    if kind == "check":
        return [seed for seed in _examples("gltf") if next(iter(seed)).endswith(".glb")]
    return _examples(kind) + _collected(kind)


def reader_of(kind: str) -> Callable[[Path], Any]:
    """What reads a file of this kind; it must end with a value or a ScanError."""
    if kind == "toml":
        from relicscan.metadata.relic_toml import read_relic_toml

        return read_relic_toml
    if kind == "image":
        from relicscan.formats.images import load_texture

        return lambda path: load_texture(path, name=path.name)
    if kind == "check":
        from relicscan.delivery.conformance import check_glb

        return check_glb

    from relicscan import formats
    from relicscan.errors import ScanError

    def read(path: Path) -> None:
        with suppress(ScanError):
            formats.peek(path)
        for scan in formats.read(path):
            mesh = getattr(scan.geometry, "faces", None)
            assert len(scan.geometry if mesh is None else mesh) > 0, "a scan of nothing"

    return read


def repaired(kind: str, data: bytes) -> bytes:
    """`data` with checksums that fit, where else nothing but those would be found."""
    if kind != "e57" or len(data) % 1024:
        return data
    from tests.formats.cloud_examples import with_checksums

    return with_checksums(data)


def _examples(kind: str) -> list[Seed]:
    from relicscan import formats
    from tests.formats import cloud_examples, mesh_examples

    writers = {**cloud_examples.EXAMPLES, **mesh_examples.EXAMPLES, **cloud_examples.VARIANTS}
    seeds = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, write) in enumerate(writers.items()):
            suffix = Path(f"x{name}").suffix
            if formats.MODULES[suffix] == kind:
                path = Path(folder, f"seed{number}{suffix}")
                write(path)
                seeds.append({path.name: path.read_bytes()})
    if kind == "obj":
        seeds.append(_textured_obj())
    if kind == "gltf":
        seeds.append({"draco.glb": _draco_glb()})
        seeds.append({"ours.glb": _our_glb()})
    return seeds


def _collected(kind: str) -> list[Seed]:
    """Small files of the collection, each with what lies beside it and is small as well."""
    from relicscan import formats

    shared = Path(os.environ.get("RELICSCAN_SHARED", ROOT.parent / "shared")) / "scans"
    seeds = []
    for path in sorted(shared.rglob("*")):
        if not path.is_file() or formats.MODULES.get(path.suffix.lower()) != kind:
            continue
        if path.stat().st_size <= SMALL:
            beside = [
                p for p in path.parent.iterdir() if p.is_file() and p.suffix in (".mtl", ".bin")
            ]
            companions = {p.name: p.read_bytes() for p in beside if p.stat().st_size <= SMALL}
            seeds.append({path.name: path.read_bytes(), **companions})
    return seeds


def _textured_obj() -> Seed:
    obj = b"mtllib m.mtl\nv 0 0 0\nv 9 0 0\nv 0 9 0\nv 9 9 1\nvt 0 0\nvt 1 0\nvt 0 1\nvn 0 0 1\n"
    obj += b"o a\ng b\nusemtl a\nf 1/1/1 2/2/1 3/3/1\nusemtl b\nf -1//1 2//1 3//1\nf 1 2 4 \\\n3\n"
    mtl = b"newmtl a\nKd 0.5 0.5 0.5\nmap_Kd -s 2 2 1 -o 0.5 t.png\nmap_Bump t.png\nnewmtl b\n"
    return {"a.obj": obj, "m.mtl": mtl + b"Kd 1 0 0\n", "t.png": _images()["png"]}


def _draco_glb() -> bytes:
    from tests.formats.mesh_examples import GltfBuilder
    from tests.formats.test_gltf import draco

    built = GltfBuilder()
    built.mesh(draco(built))
    return built.glb()


def _our_glb() -> bytes:
    """A GLB by our own writer, with bounds and normals for a checker to look at."""
    import numpy as np

    from relicscan.delivery.glb import write_glb

    sys.path.insert(0, str(ROOT / "tests"))
    from tiny_scans import box

    T_model_mesh = np.diag([0.001, 0.001, 0.001, 1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "box.glb")
        write_glb(path, box(), T_model_mesh=T_model_mesh, generator="fuzz")
        return path.read_bytes()


def _images() -> dict[str, bytes]:
    from PIL import Image

    gradient = Image.linear_gradient("L").resize((24, 16))
    picture = Image.merge("RGB", [gradient, gradient.transpose(Image.Transpose.ROTATE_180)] * 1
                          + [gradient])  # fmt: skip
    kinds = {"jpg": "JPEG", "tif": "TIFF"}
    found = {}
    for suffix in IMAGES:
        out = io.BytesIO()
        picture.save(out, kinds.get(suffix, suffix.upper()))
        found[suffix] = out.getvalue()
    return found
