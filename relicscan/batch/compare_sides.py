"""What is compared with what: outputs, folders of relics, and meshes, each read in millimetres."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from relicscan import formats
from relicscan.errors import OutputError, PipelineError, ScanError, as_unicode
from relicscan.geometry.frames import axis, transformed, upright
from relicscan.metadata.canonical import file_sha256
from relicscan.metadata.change_record import SideRecord
from relicscan.metadata.index import INDEX, read_index
from relicscan.metadata.manifest import read_manifest
from relicscan.relic import FloatArray, Mesh, Scan
from relicscan.stage import did_you_mean
from relicscan.units import find_unit, mm_per_unit

_MANIFEST = "relic.json"


@dataclass(frozen=True, eq=False)
class Side:
    """A mesh in millimetres, and where its coordinates lead.

    T_source_mm (4, 4): to the coordinates of the scan, or of the mesh file; T_model_mm: to the
    delivered model, None of a mesh file. R_model_mm (3, 3) makes it upright, None if unknown.
    """

    name: str
    mesh: Mesh
    sha256: str
    unit: str
    unit_basis: str
    T_source_mm: FloatArray
    T_model_mm: FloatArray | None
    R_model_mm: FloatArray | None
    remarks: tuple[str, ...] = ()

    @property
    def T_source_in_mm(self) -> FloatArray:
        """To the coordinates of the scan, in millimetres whatever its unit: rigid (4, 4)."""
        T = self.T_source_mm.copy()
        T[:3] /= np.cbrt(np.linalg.det(T[:3, :3]))
        return T

    def record(self, roughness: float | None = None) -> SideRecord:
        """For compare.json."""
        return SideRecord(
            name=self.name,
            sha256=self.sha256,
            triangles=len(self.mesh.faces),
            unit=self.unit,
            unit_basis=self.unit_basis,
            roughness_mm=None if roughness is None else float(f"{roughness:.3g}"),
        )


Load = Callable[[], tuple[Side, Side]]


def sides(
    before: Path, after: Path, *, unit: str | None, relics: Sequence[str]
) -> list[tuple[str | None, Load]]:
    """The relics to compare by id (None of two mesh files), and what reads both sides of each.

    Raises PipelineError, OutputError, and ScanError for a unit that there is not.
    """
    if unit is not None:
        mm_per_unit(unit)
    first, second = _relics(before), _relics(after)
    if first is None and second is None:
        if relics:
            raise PipelineError(
                "--relic names a relic of an output, and two mesh files are compared",
                remedy="leave --relic out",
            )
        return [(None, lambda: (_file(before, unit), _file(after, unit)))]
    ids = _chosen(first, second, relics, before, after)

    def load(id: str) -> tuple[Side, Side]:
        one, two = (
            _file(path, unit) if known is None else _output(known.get(id) or min(known.values()))
            for path, known in ((before, first), (after, second))
        )
        return one, two

    return [(id, partial(load, id)) for id in ids]


def _relics(path: Path) -> dict[str, Path] | None:
    """Folders of relics by id; None of a mesh file."""
    if path.is_file() and path.name not in (_MANIFEST, INDEX):
        return None
    folder = path.parent if path.is_file() else path
    if (folder / INDEX).is_file():
        return {entry.id: folder / entry.id for entry in read_index(folder).relics}
    if (folder / _MANIFEST).is_file():
        return {read_manifest(folder / _MANIFEST).id: folder}
    if not folder.exists():
        problem = "there is no such file or folder"
    else:
        problem = f"there is neither {INDEX} nor {_MANIFEST}: this is no output of a run"
    raise PipelineError(
        problem,
        scan=str(path),
        remedy="name an output folder, the folder of a relic in it, or a mesh file",
    )


def _chosen(
    first: dict[str, Path] | None,
    second: dict[str, Path] | None,
    wanted: Sequence[str],
    before: Path,
    after: Path,
) -> list[str]:
    """Ids of the relics to compare."""
    if first is None or second is None:
        known = first if first is not None else second
        assert known is not None
        common = sorted(known)
    else:
        common = sorted(first.keys() & second.keys())
        if len(first) == len(second) == 1 and not common:
            common = list(first)  # the folders of two relics were named: they are meant
    for id in wanted:
        if id not in common:
            raise PipelineError(
                f"there is no relic {id[:60]!r} to compare in {before} and {after}",
                remedy=did_you_mean(id, common, "those there are:")
                if common
                else "name outputs that have relics with the same ids",
            )
    chosen = list(dict.fromkeys(wanted)) or common
    if not chosen:
        raise PipelineError(
            "no relic is in both outputs",
            scan=f"{before} and {after}",
            remedy="relics are compared by id: name the folders of two relics instead",
        )
    if (first is None or second is None) and len(chosen) > 1:
        raise PipelineError(
            f"a mesh is compared with one relic, and there are {len(chosen)}",
            remedy=f"say which: --relic {chosen[0]}",
        )
    return chosen


def _output(folder: Path) -> Side:
    """The master of a relic that a run made."""
    manifest = read_manifest(folder / _MANIFEST)
    name = as_unicode(f"{folder.absolute().parent.name}/{manifest.id}")
    if manifest.master is None:
        raise ScanError(
            "the run made no model of it",
            scan=name,
            remedy="relic.json says why; run it again once that is mended",
        )
    if not manifest.scale_known or manifest.units is None or manifest.frame is None:
        raise ScanError(
            "its scale is unknown, so no difference can be said in millimetres",
            scan=name,
            remedy="state [scan] unit in its relic.toml and run it again",
        )
    path = folder / manifest.master.path
    if not path.is_file() or file_sha256(path) != manifest.master.sha256:
        raise OutputError(
            f"{manifest.master.path} is not the file that relic.json lists",
            scan=str(folder),
            remedy="see what `relicscan verify` says; running its scans again writes it anew",
        )
    (scan,) = formats.read(path)
    assert isinstance(scan.geometry, Mesh)
    T_model_source = np.array(manifest.frame.T_model_source)
    scale = float(np.cbrt(np.linalg.det(T_model_source[:3, :3]))) * 1000
    R = T_model_source[:3, :3] * 1000 / scale
    T_model_mm = np.eye(4)
    T_model_mm[:3, :3] = R / 1000
    return Side(
        name=name,
        mesh=scan.geometry,
        sha256=manifest.master.sha256,
        unit="mm",
        unit_basis=manifest.units.basis,
        T_source_mm=np.linalg.inv(T_model_source) @ T_model_mm,
        T_model_mm=T_model_mm,
        R_model_mm=R,
    )


def _file(path: Path, unit: str | None) -> Side:
    """A mesh file in the unit that was given or that it states."""
    name = as_unicode(path.name)
    scans = formats.read(path)
    meshes = [scan for scan in scans if isinstance(scan.geometry, Mesh)]
    if len(meshes) < len(scans):
        raise ScanError(
            "this is a point cloud, and surfaces are compared",
            scan=name,
            remedy="make a model of it first: `relicscan run`, and compare that output",
        )
    scan = meshes[0]
    given = unit or scan.unit
    if given is None:
        raise ScanError(
            "the mesh does not say what unit it is in",
            scan=name,
            remedy="say it: --unit mm, for example",
        )
    remarks = []
    if unit and scan.unit and find_unit(unit) != find_unit(scan.unit):
        remarks.append(
            f"{name} was read in {find_unit(unit)}, as --unit says; its format says {scan.unit}"
        )
    factor = mm_per_unit(given)
    mesh = _joined(meshes, factor)
    up = upright(axis(scan.up)) if scan.up else None
    return Side(
        name=name,
        mesh=mesh,
        sha256=file_sha256(path),
        unit=find_unit(given) or given,
        unit_basis="--unit" if unit else scan.unit_basis or "the file",
        T_source_mm=np.diag([1 / factor] * 3 + [1.0]),
        T_model_mm=None,
        R_model_mm=up,
        remarks=(*scan.warnings, *remarks),
    )


def _joined(scans: Sequence[Scan], factor: float) -> Mesh:
    """All meshes of a file in one, in millimetres; several lose their pictures."""
    from dataclasses import replace

    placed = []
    for scan in scans:
        mesh = scan.geometry
        assert isinstance(mesh, Mesh)
        whole = np.asarray(mesh.finite[mesh.faces]).all(axis=1)
        mesh = mesh if whole.all() else mesh.take_faces(np.flatnonzero(whole))
        pose = np.eye(4) if scan.pose is None else scan.pose
        vertices = transformed(pose, mesh.vertices) * factor
        normals = mesh.normals if scan.pose is None else None
        placed.append(replace(mesh, vertices=np.nan_to_num(vertices), normals=normals))
    if len(placed) == 1:
        return placed[0]
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in placed[:-1])])
    return Mesh(
        np.vstack([mesh.vertices for mesh in placed]),
        np.vstack([mesh.faces + start for mesh, start in zip(placed, starts, strict=True)]),
    )
