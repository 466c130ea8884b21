"""What usd-core makes of one USDZ file: runs as a process of its own, and speaks JSON.

    python -m relicscan.delivery.usdz_inspect FILE

All validators that the package brings are run (`pxr.UsdValidation`), and the rules that older
releases had for ARKit and this one has no longer: +Y up, one layer, prims and shaders that Quick
Look knows. What a layer refers to is looked at before anything is composed, so that no path in it
is followed out of the package.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

#: A model of 100 k triangles takes 1.1 GB of address space, nearly all of it libraries, and
#: 0.13 GB of memory (measured); a bomb must not take the rest of the machine.
MEMORY_LIMIT_BYTES = 3 << 30

#: Prims and shaders by the rules that usdchecker had for ARKit in earlier releases.
_PRIMS = frozenset(
    (
        *("", "Scope", "Xform", "Camera", "Shader", "Material", "Mesh", "GeomSubset", "Points"),
        *("Sphere", "Cube", "Cylinder", "Cone", "Capsule", "PhysicsScene"),
        *("SkelRoot", "Skeleton", "SkelAnimation", "BlendShape", "SpatialAudio"),
    )
)
_PRIM_FAMILIES = ("RealityKit", "Preliminary_")
_SHADERS = ("Usd", "ND_")

Findings = list[tuple[str, str, str, str]]


def inspect(file: str) -> dict[str, Any]:
    """`findings` as (severity, code, message, path of a prim), and the figures of the model."""
    from pxr import Sdf, Usd

    findings: Findings = []
    if Sdf.Layer.FindOrOpen(file) is None:
        return {"findings": [("error", "USD_UNREADABLE", "usd-core cannot read the layer", "")]}
    _check_references(file, findings)
    if findings:
        return {"findings": findings}
    stage = Usd.Stage.Open(file)
    findings += _validated(stage)
    return {"findings": findings, **_figures(stage, findings)}


def validators() -> list[str]:
    """Names of the validators that are run: all that usd-core brings."""
    from pxr import UsdValidation

    registry = UsdValidation.ValidationRegistry()
    return sorted(known.name for known in registry.GetAllValidatorMetadata() if not known.isSuite)


def _validated(stage: Any) -> Findings:
    from pxr import UsdValidation

    registry = UsdValidation.ValidationRegistry()
    context = UsdValidation.ValidationContext(registry.GetOrLoadValidatorsByName(validators()))
    severities = {
        UsdValidation.ValidationErrorType.Error: "error",
        UsdValidation.ValidationErrorType.Warn: "warning",
    }
    found: Findings = []
    for error in context.Validate(stage):
        if error.HasNoError():
            continue
        sites = [site for site in error.GetSites() if site.IsValid()]
        where = ""
        for site in sites[:1]:
            if site.IsPrim():
                where = str(site.GetPrim().GetPath())
            elif site.IsProperty():
                where = str(site.GetProperty().GetPath())
        severity = severities.get(error.GetType(), "info")
        found.append((severity, f"USD_{error.GetName()}", error.GetMessage(), where))
    return found


def _check_references(file: str, findings: Findings) -> None:
    """What the layer points to: other layers are not for a relic, other places for nobody."""
    from pxr import UsdUtils

    layers, textures, payloads = UsdUtils.ExtractExternalReferences(file)
    images = (".jpg", ".jpeg", ".png")
    for name in (*layers, *textures, *payloads):
        if name.startswith("/") or ":" in name or "\\" in name or ".." in name.split("/"):
            message = f"the layer points out of the package, to {name}"
            findings.append(("error", "USD_POINTS_OUTSIDE", message, ""))
        elif not name.lower().endswith(images):
            message = f"the layer is composed with another, {name}: Quick Look wants one layer"
            findings.append(("error", "USD_COMPOSED", message, ""))


def _figures(stage: Any, findings: Findings) -> dict[str, int]:
    import numpy as np
    from pxr import Sdf, Usd, UsdGeom

    if UsdGeom.GetStageUpAxis(stage) != UsdGeom.Tokens.y:
        findings.append(("warning", "USD_UP_AXIS", "up is not +Y, as Quick Look has it", ""))
    triangles = vertices = meshes = materials = uv_sets = card = 0
    for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies()):
        kind, where = prim.GetTypeName(), str(prim.GetPath())
        if kind not in _PRIMS and not kind.startswith(_PRIM_FAMILIES):
            findings.append(("error", "USD_PRIM_TYPE", f"Quick Look knows no {kind}", where))
        materials += kind == "Material"
        if kind == "Shader":
            shader = str(prim.GetAttribute("info:id").Get())
            if not shader.startswith(_SHADERS):
                message = f"Quick Look knows no shader {shader}"
                findings.append(("error", "USD_SHADER", message, where))
        if kind != "Mesh":
            continue
        meshes += 1
        mesh = UsdGeom.Mesh(prim)
        counts = np.asarray(mesh.GetFaceVertexCountsAttr().Get() or [], dtype=np.int64)
        own = int(np.maximum(counts - 2, 0).sum())
        points = len(mesh.GetPointsAttr().Get() or [])
        readable = UsdGeom.PrimvarsAPI(prim).GetPrimvars()
        sets = [p for p in readable if p.GetTypeName() == Sdf.ValueTypeNames.TexCoord2fArray]
        split = any(p.GetInterpolation() == UsdGeom.Tokens.faceVarying for p in readable)
        own_vertices = int(counts.sum()) if split else points
        triangles, vertices = triangles + own, vertices + own_vertices
        uv_sets = max(uv_sets, len(sets))
        card += own_vertices * (24 + 8 * len(sets)) + own * 12  # floats, and indices of 4 bytes
    return {
        "triangles": triangles,
        "vertices": vertices,
        "primitives": meshes,
        "materials": materials,
        "uv_sets": uv_sets,
        "geometry_gpu_bytes": card,
    }


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource

        with suppress(ValueError, OSError):  # macOS has no such limit
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))


if __name__ == "__main__":
    _limit_memory()
    said = json.dumps(inspect(sys.argv[1]))
    sys.stdout.write(said)
