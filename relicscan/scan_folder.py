"""A folder becomes a Relic: what lies where, and what it is understood to mean.

Two steps. `find_relics` looks at names (and at PLY headers, which alone tell a
cloud from a mesh) and says which relics there are. `read_relic` reads one of
them: units, poses and what is up are decided here and recorded, with the basis
of each decision. Nothing is ever written here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from relicscan import formats
from relicscan.errors import PipelineError, ScanError
from relicscan.geometry.frames import axis, transformed, upright, working_frame
from relicscan.metadata.identity import check_unique, relic_id_from_path
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.relic import UNDECIDED, Frame, Mesh, Relic, Scan, SourceFile
from relicscan.units import mm_per_unit

TOML = "relic.toml"

#: Formats that hold only points; PLY may hold either, and so may an OBJ without faces.
CLOUD_SUFFIXES = frozenset([".pcd", ".xyz", ".asc", ".txt", ".pts", ".ptx", ".las", ".laz", ".e57"])


@dataclass(frozen=True)
class FoundRelic:
    """A relic as the names of its files tell, before anything of it is read.

    `files` are its scans, `whole_folder` says whether the folder is its own (then
    everything else in it is listed in the manifest). With an `error` it is rejected.
    """

    id: str
    folder: Path
    files: tuple[Path, ...] = ()
    toml: Path | None = None
    whole_folder: bool = False
    error: ScanError | None = None


def find_relics(inputs: Sequence[Path]) -> list[FoundRelic]:
    """The relics in some files, scan folders and roots, sorted by id.

    A relic that cannot be understood is returned with its error: it costs itself,
    not the batch. So does an input without any scan, and two relics that claim one
    id. Raises PipelineError when an input does not exist.
    """
    found: list[FoundRelic] = []
    for given in inputs:
        path = given.absolute()
        if path.is_dir():
            found += list(_in_folder(path, path)) or [_nothing_in(path)]
        elif path.is_file():
            found.append(_single_file(path))
        else:
            raise PipelineError(
                "there is no such file or folder", scan=str(given), remedy="check the path"
            )
    unique = {(r.folder.resolve(), r.files, r.id): r for r in found}
    return sorted(_refuse_collisions(list(unique.values())), key=lambda r: r.id)


def read_relic(found: FoundRelic) -> Relic:
    """Read the scans of one relic, with units, poses and frame understood.

    A mesh scan becomes `mesh`, point clouds become `scans`. Raises ScanError.
    """
    if found.error is not None:
        raise found.error
    try:
        toml = read_relic_toml(found.toml) if found.toml else RelicToml()
        scans = [
            replace(scan, file=_relative(file, found.folder))
            for file in found.files
            for scan in formats.read(file)
        ]
        sources = tuple(_sources(found))
    except ScanError as error:
        raise error.at(scan=found.id, stage="read") from None
    warnings = tuple(f"{scan.file}: {text}" for scan in scans for text in scan.warnings)
    relic = Relic(
        id=found.id,
        metadata=toml.stated(),
        sources=sources,
        seed=seed_of(sources),
        warnings=tuple(dict.fromkeys(warnings)),
    )
    scans, unit_warnings = _with_units(
        [replace(scan, warnings=()) for scan in scans], toml.scan.unit
    )
    scans = _with_poses(scans, toml)
    relic = relic.warning(*unit_warnings)
    frame = _frame(scans, toml)
    if not any(isinstance(scan.geometry, Mesh) for scan in scans):
        return replace(relic, scans=tuple(scans), frame=frame)
    if len(scans) > 1:
        raise ScanError(
            f"{len(scans)} scans, one of them a mesh, cannot be one relic",
            scan=found.id,
            stage="read",
            remedy='name the file that is the relic under [scan] in relic.toml: files = ["…"]',
        )
    return _mesh_relic(replace(relic, frame=frame), scans[0])


def seed_of(sources: Iterable[SourceFile]) -> int:
    """The seed of everything random in a relic's run: from the bytes of its scans, so it stays."""
    digest = hashlib.sha256()
    for source in sorted(sources, key=lambda s: s.path):
        if source.role == "scan":
            digest.update(bytes.fromhex(source.sha256))
    return int.from_bytes(digest.digest()[:4], "big") & 0x7FFFFFFF


def _in_folder(folder: Path, root: Path) -> Iterator[FoundRelic]:
    """Relics of a folder and, unless a relic.toml claims the folder, of those inside it."""
    if (folder / ".relicscan").is_dir():
        return  # an output folder
    try:
        entries = sorted(os.scandir(folder), key=lambda e: e.name)
    except OSError as error:
        yield FoundRelic(
            _id_of(folder, root),
            folder,
            error=ScanError(
                f"the folder cannot be read ({error.strerror})",
                scan=str(folder),
                remedy="check that you may read it, and that the share is there",
            ),
        )
        return
    visible = [e for e in entries if not e.name.startswith(".")]
    files = [Path(e.path) for e in visible if e.is_file() and is_scan(Path(e.path))]
    toml = folder / TOML
    if toml.is_file():
        yield _with_toml(folder, root, toml, files)
        return
    clouds = [f for f in files if _is_cloud(f)]
    if clouds:
        meshes_too = len(clouds) < len(files)
        yield FoundRelic(_id_of(folder, root), folder, tuple(clouds), whole_folder=not meshes_too)
    for mesh in files:
        if mesh not in clouds:
            yield FoundRelic(_id_of(mesh.with_suffix(""), root), folder, (mesh,))
    for entry in visible:
        if entry.is_dir(follow_symlinks=False):
            yield from _in_folder(Path(entry.path), root)


def _with_toml(folder: Path, root: Path, toml: Path, files: list[Path]) -> FoundRelic:
    fallback = FoundRelic(_id_of(folder, root), folder, tuple(files), toml, whole_folder=True)
    try:
        stated = read_relic_toml(toml)
        found = replace(fallback, id=stated.id or fallback.id)
        if stated.scan.files:
            files = [_named(folder, name) for name in stated.scan.files]
        elif len(files) > 1 and not all(_is_cloud(f) for f in files):
            raise ScanError(
                f"the folder holds {len(files)} scans of which not all are point clouds: "
                + ", ".join(f.name for f in files[:6]),
                scan=TOML,
                remedy='name those that are the relic under [scan]: files = ["…"]',
            )
        if not files:
            raise ScanError(
                "there is a relic.toml but no scan beside it",
                scan=str(folder),
                remedy="relicscan reads " + " ".join(sorted(formats.MODULES)),
            )
    except ScanError as error:
        return replace(fallback, error=error)
    return replace(found, files=tuple(files))


def _nothing_in(folder: Path) -> FoundRelic:
    error = ScanError(
        "there is no scan in this folder",
        scan=str(folder),
        remedy="relicscan reads " + " ".join(sorted(formats.MODULES)),
    )
    return FoundRelic(_id_of(folder, folder), folder, error=error)


def _single_file(path: Path) -> FoundRelic:
    """A file given by itself is a relic of its own; a relic.toml beside it speaks for it."""
    toml = path.parent / TOML
    found = FoundRelic(_id_of(path.with_suffix(""), path.parent), path.parent, (path,))
    try:
        formats.format_name(path)
        if toml.is_file():
            found = replace(found, toml=toml)
            found = replace(found, id=read_relic_toml(toml).id or found.id)
    except ScanError as error:
        return replace(found, error=error)
    return found


def _refuse_collisions(found: list[FoundRelic]) -> list[FoundRelic]:
    places: dict[str, list[FoundRelic]] = {}
    for relic in found:
        places.setdefault(relic.id, []).append(relic)
    errors = {
        error.scan: error
        for error in check_unique(
            {
                relic_id: [r.files[0] if r.files and not r.whole_folder else r.folder for r in same]
                for relic_id, same in places.items()
            }
        )
    }
    # One entry stands for all that claim an id: which of them owns it would be a guess.
    return [
        replace(same[0], error=errors[relic_id]) if relic_id in errors else same[0]
        for relic_id, same in places.items()
    ]


def is_scan(path: Path) -> bool:
    """Whether a file is a scan by its name; a .txt also needs columns of numbers in it."""
    if not formats.is_scan_file(path):
        return False
    return path.suffix.lower() != ".txt" or _looks_like_points(path)


def _looks_like_points(path: Path) -> bool:
    """Whether a .txt holds columns of numbers rather than notes: its first lines tell."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4096).decode("utf-8", "replace").splitlines()[1:8]
    except OSError:
        return False
    rows = [line.replace(",", " ").replace(";", " ").split() for line in head if line.strip()]
    return bool(rows) and all(len(row) >= 3 and _are_numbers(row[:3]) for row in rows[:-1] or rows)


def _are_numbers(words: Iterable[str]) -> bool:
    try:
        return all(isinstance(float(word), float) for word in words)
    except ValueError:
        return False


def _is_cloud(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in CLOUD_SUFFIXES:
        return True
    if suffix != ".ply":
        return False
    try:
        return formats.peek(path).kind == "cloud"
    except ScanError:
        return True  # reading it will say what is wrong


def _id_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts or (root.resolve().name or "relic",)
    return relic_id_from_path(parts)


def _named(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
        raise ScanError(
            f"relic.toml names '{name}' under [scan] files, which is not in the folder",
            scan=TOML,
            remedy="check the spelling; paths are relative to the relic.toml",
        )
    return path


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _sources(found: FoundRelic) -> Iterator[SourceFile]:
    """Every file the relic was made from, and the rest of its folder where it is its own."""
    roles: dict[Path, str] = {}
    for file in found.files:
        for reference in _references(file):
            roles.setdefault(reference, _role(reference))
    roles |= dict.fromkeys(found.files, "scan")
    if found.toml is not None:
        roles[found.toml] = "metadata"
    if found.whole_folder:
        for directory, folders, names in os.walk(found.folder):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            if found.toml is None:
                folders.clear()  # without a relic.toml, folders inside are relics of their own
            for name in sorted(names):
                path = Path(directory) / name
                if not name.startswith(".") and path.is_file() and not path.is_symlink():
                    roles.setdefault(path, "other")
    for path, role in sorted(roles.items(), key=lambda item: item[0].as_posix()):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        yield SourceFile(
            _relative(path, found.folder),
            role,  # type: ignore[arg-type]
            path.stat().st_size,
            digest,
        )


def _references(file: Path) -> list[Path]:
    references = getattr(formats.format_of(file), "references", None)
    return list(references(file)) if references else []


def _role(path: Path) -> str:
    match path.suffix.lower():
        case ".mtl":
            return "material"
        case ".bin":
            return "buffer"
    return "texture"


def _with_units(scans: list[Scan], declared: str | None) -> tuple[list[Scan], list[str]]:
    """Scans with a unit: the file's own, else the declared one, which overrules if all have one."""
    if declared is None:
        return scans, []
    basis = "declared in relic.toml"
    if any(scan.unit is None for scan in scans):
        return [
            replace(s, unit=declared, unit_basis=basis) if s.unit is None else s for s in scans
        ], []
    warnings = [
        f"{scan.file}: relic.toml says {declared} where the file says {scan.unit} "
        f"({scan.unit_basis}): relic.toml was believed"
        for scan in scans
        if scan.unit != declared
    ]
    return [
        s if s.unit == declared else replace(s, unit=declared, unit_basis=basis) for s in scans
    ], sorted(set(warnings))


def _with_poses(scans: list[Scan], toml: RelicToml) -> list[Scan]:
    declared = {pose.file: np.array(pose.matrix) for pose in toml.scan.pose}
    posed = []
    for scan in scans:
        matrix = declared.get(scan.file)
        if matrix is not None:
            own = np.eye(4) if scan.pose is None else np.asarray(scan.pose)
            scan = replace(scan, pose=matrix @ own)
        posed.append(scan)
    return posed


def _frame(scans: list[Scan], toml: RelicToml) -> Frame:
    """Unit and what is up, as declared or as formats say; the common unit is the first scan's."""
    known = [scan for scan in scans if scan.unit is not None]
    frame = Frame()
    if len(known) == len(scans):
        frame = replace(frame, unit=known[0].unit, unit_basis=known[0].unit_basis or "")
    up: str | None = toml.scan.up
    basis = "declared in relic.toml"
    if up is None:
        up, basis = next(
            ((s.up, s.up_basis or "") for s in scans if s.up is not None), (None, UNDECIDED)
        )
    if up is None:
        return frame
    front = axis(toml.scan.front) if toml.scan.front else None
    return replace(frame, up=up, up_basis=basis, R_model_work=upright(axis(up), front))


def _mesh_relic(relic: Relic, scan: Scan) -> Relic:
    mesh = scan.geometry
    assert isinstance(mesh, Mesh)
    if scan.pose is not None:
        mesh = replace(mesh, vertices=transformed(scan.pose, mesh.vertices))
    finite = mesh.vertices[mesh.finite]
    if not len(finite):
        raise ScanError(
            "no vertex of the mesh is a number (NaN or infinite)",
            scan=relic.id,
            stage="read",
            remedy="export the mesh again",
        )
    unit = relic.frame.unit
    T_work_source = working_frame(
        finite.min(axis=0), finite.max(axis=0), None if unit is None else mm_per_unit(unit)
    )
    moved = replace(mesh, vertices=transformed(T_work_source, mesh.vertices), normals=None)
    return replace(relic, mesh=moved, frame=replace(relic.frame, T_work_source=T_work_source))
