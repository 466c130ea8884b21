"""A folder becomes a Relic: what lies where, and what it is understood to mean.

Two steps. `find_relics` looks at names (and at PLY headers, which alone tell a
cloud from a mesh) and says which relics there are. `read_relic` reads one of
them: units, poses and what is up are decided here and recorded, with the basis
of each decision. Nothing is ever written here.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from relicscan import formats
from relicscan.errors import PipelineError, ScanError, as_unicode, unreadable
from relicscan.formats.recognition import is_cloud, scans_among
from relicscan.formats.references import is_inside
from relicscan.formats.stanford_conf import poses_in
from relicscan.geometry.frames import transformed, working_frame
from relicscan.geometry.thinning import Thinned, thinned
from relicscan.metadata.declared import frame_of, with_poses, with_units
from relicscan.metadata.filling import Filled, RootMetadata, combined, read_root
from relicscan.metadata.hints import require_known
from relicscan.metadata.identity import check_unique, relic_id_from_path
from relicscan.metadata.manifest import field_sources
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.metadata.scale import with_known_distances
from relicscan.metadata.sources import source_files
from relicscan.relic import Mesh, Relic, Scan, SourceFile
from relicscan.stage import did_you_mean

TOML = "relic.toml"

#: Clouds of fewer points than this are read whole: that takes 1 GB.
LARGE = 10_000_000


@dataclass(frozen=True)
class FoundRelic:
    """A relic as the names of its files tell, before anything of it is read.

    `files` are its scans, `whole_folder` says whether the folder is its own: then what
    else lies in it is listed in the manifest. `filled` is what its root says of it, in the order
    in which that counts. With an `error` it is rejected.
    """

    id: str
    folder: Path
    files: tuple[Path, ...] = ()
    toml: Path | None = None
    whole_folder: bool = False
    filled: tuple[Filled, ...] = ()
    error: ScanError | None = None

    def stated(self) -> tuple[dict[str, Any], dict[str, str]]:
        """What is said of it (see `RelicToml.stated`), and who says each field.

        Its relic.toml, and what that leaves out from `filled`. Raises ScanError.
        """
        toml = read_relic_toml(self.toml) if self.toml else RelicToml()
        if not self.filled:
            return toml.stated(), field_sources(toml.stated())
        return combined(toml.stated(), self.filled)


def find_relics(inputs: Sequence[Path]) -> list[FoundRelic]:
    """The relics in some files, scan folders and roots, sorted by id.

    A relic that cannot be understood is returned with its error: it costs itself,
    not the batch. So does an input without any scan, and two relics that claim one
    id. Raises PipelineError when an input does not exist.
    """
    found: list[FoundRelic] = []
    for given in inputs:
        path = Path(given).absolute()
        try:
            if path.name == TOML and path.is_file():
                path = path.parent
            is_folder, is_file = path.is_dir(), path.is_file()
        except OSError:  # longer than any file system takes
            is_folder = is_file = False
        if is_folder:
            found += _filled_in(list(_in_root(path)), path) or [_nothing_in(path)]
        elif is_file:
            found.append(_single_file(path))
        else:
            raise PipelineError(
                "there is no such file or folder",
                scan=str(given),
                remedy="check the path, and that you may read the folders that lead there",
            )
    # What was given twice is one relic; its path from the root says more than its own name.
    unique: dict[object, FoundRelic] = {}
    for relic in sorted(found, key=lambda r: (len(r.id), r.id)):
        unique[relic.folder.resolve(), tuple(f.resolve() for f in relic.files)] = relic
    return sorted(_refuse_collisions(list(unique.values())), key=lambda r: r.id)


def find_relic(path: str | Path) -> FoundRelic:
    """The one relic in a file or folder. Raises ScanError where there are more."""
    found = find_relics([Path(path)])
    if len(found) > 1:
        raise ScanError(
            f"there are {len(found)} relics, and one is needed",
            scan=str(path),
            remedy="name one of their folders or files",
        )
    return found[0]


def read_scan(path: str | Path) -> list[Scan]:
    """All scans of a file as it holds them: own unit, own axes. Raises ScanError."""
    return formats.read(Path(path))


def read_relic(given: FoundRelic | str | Path) -> Relic:
    """Read the scans of one relic, with units, poses and frame understood.

    A mesh scan becomes `mesh`, point clouds become `scans`. Raises ScanError.
    """
    found = given if isinstance(given, FoundRelic) else find_relic(given)
    return read_scans(identify(found), found)


def identify(found: FoundRelic) -> Relic:
    """A relic with its metadata, the checksums of its files and its seed; no scan is parsed.

    What it becomes depends on nothing else. Raises ScanError.
    """
    if found.error is not None:
        raise found.error
    try:
        stated, _ = found.stated()
        others = files_beside(found) if found.whole_folder else ()
        sources = tuple(source_files(found.folder, found.files, toml=found.toml, others=others))
    except ScanError as error:
        raise error.at(scan=found.id) from None
    return Relic(id=found.id, metadata=stated, sources=sources, seed=seed_of(sources))


def read_scans(
    relic: Relic,
    found: FoundRelic,
    *,
    most_points: int | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> Relic:
    """The identified relic with the scans of its files, understood. Raises ScanError.

    Files of more than LARGE points together are thinned to about `most_points` while they
    are read, where their formats allow it and a number is given; `progress` then hears the
    share that is done.
    """
    try:
        return _read(relic, found, most_points, progress)
    except ScanError as error:
        raise error.at(scan=found.id) from None


def _read(
    relic: Relic, found: FoundRelic, most_points: int | None, progress: Callable[[float], None]
) -> Relic:
    toml = RelicToml.model_validate(relic.metadata)
    said_by = found.stated()[1] if found.filled else {}
    scans = _told_apart(
        [
            replace(scan, name=as_unicode(scan.name), file=_relative(file, found.folder))
            for file, scan in _scans_of(found.files, most_points, progress)
        ]
    )
    warnings = tuple(f"{scan.file}: {text}" for scan in scans for text in scan.warnings)
    relic = replace(relic, warnings=tuple(dict.fromkeys(warnings)))
    scans, unit_warnings = with_units(
        [replace(scan, warnings=()) for scan in scans],
        toml.scan.unit,
        declared_in=said_by.get("scan.unit", TOML),
        scale_unknown=toml.capture.scale == "unknown",
        common_frame=toml.scan.frame == "common",
    )
    placed = with_poses(_with_conf(scans, relic, found), toml)
    frame = frame_of(placed, toml, up_declared_in=said_by.get("scan.up", TOML))
    relic = replace(relic.warning(*unit_warnings), frame=frame)
    relic, placed = with_known_distances(relic, toml.scan.distance, scans, placed)
    if not any(isinstance(scan.geometry, Mesh) for scan in scans):
        return replace(relic, scans=tuple(placed))
    if len(scans) > 1:
        raise ScanError(
            f"{len(scans)} scans, one of them a mesh, cannot be one relic",
            remedy='name the file that is the relic under [scan] in relic.toml: files = ["…"]',
        )
    return _mesh_relic(relic, placed[0])


def _with_conf(scans: list[Scan], relic: Relic, found: FoundRelic) -> list[Scan]:
    """Scans with the poses of a .conf beside them, where their own files state none."""
    confs = [source.path for source in relic.sources if source.role == "poses"]
    poses: dict[str, Any] = {}
    for conf in confs:
        path = found.folder / conf
        beside = [s.file for s in scans if Path(s.file).parent == Path(conf).parent]
        placed = poses_in(path, [Path(file).name for file in beside])
        poses |= {file: placed[Path(file).name] for file in beside if Path(file).name in placed}
    return [
        scan
        if scan.pose is not None or scan.file not in poses
        else replace(scan, pose=poses[scan.file])
        for scan in scans
    ]


def thinned_to(points: int, most_points: int | None) -> int:
    """How many of a relic's points are to be left when they have been read."""
    if most_points is None or points <= max(LARGE, most_points):
        return points
    return most_points


def _scans_of(
    files: Sequence[Path], most_points: int | None, progress: Callable[[float], None]
) -> Iterator[tuple[Path, Scan]]:
    streams = {} if most_points is None else {file: formats.stream(file) for file in files}
    together = sum(stream.points for stream in streams.values() if stream is not None)
    done = 0
    for file in files:
        stream = streams.get(file)
        if stream is None or thinned_to(together, most_points) == together:
            yield from ((file, scan) for scan in formats.read(file))
            continue
        share = max(1000, thinned_to(together, most_points) * stream.points // together)
        before, here = done / together, stream.points / together
        found = thinned(
            stream.pieces,
            stream.points,
            share,
            lambda part, before=before, here=here: progress(before + here * part),  # type: ignore[misc]
        )
        done += stream.points
        if found is None:
            yield from ((file, scan) for scan in formats.read(file))
        else:
            yield file, _told_thinned(stream.scan(found.columns), stream.points, found)


def _told_thinned(scan: Scan, points: int, found: Thinned) -> Scan:
    notes = [
        f"{points:,} points were averaged over cells of {found.cell_size:.3g} in the file's unit "
        f"while they were read, as voxel_downsample.max_points asks: {len(found.columns['x']):,} "
        f"are left. Cells with less than an eighth of what is around them, {found.sparse:,} of the "
        "points, were left out: strays, and clipped corners of the surface"
    ]
    if found.nowhere:
        notes.append(f"{found.nowhere:,} of them were no numbers, or absurdly far away")
    return replace(scan, warnings=(*scan.warnings, *notes))


def _told_apart(scans: list[Scan]) -> list[Scan]:
    """Scans whose names differ: front.ply and front.pcd are both called front."""
    names = Counter(scan.name for scan in scans)
    files = Counter(scan.file for scan in scans)
    return [
        scan
        if names[scan.name] == 1
        else replace(scan, name=scan.file if files[scan.file] == 1 else f"{scan.file} {scan.name}")
        for scan in scans
    ]


def seed_of(sources: Iterable[SourceFile]) -> int:
    """The seed of everything random in a relic's run: from the bytes of its scans, so it stays."""
    digest = hashlib.sha256()
    for sha256 in sorted(source.sha256 for source in sources if source.role == "scan"):
        digest.update(bytes.fromhex(sha256))
    return int.from_bytes(digest.digest()[:4], "big") & 0x7FFFFFFF


def _in_root(root: Path, *, claimed: bool = False) -> Iterator[FoundRelic]:
    """Relics of a folder and of all folders inside it.

    What lies below a relic.toml is `claimed` by it, but for folders with a relic.toml of their own.
    """
    waiting = [(root, claimed)]
    while waiting:
        folder, claimed = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            files = [Path(e.path) for e in entries if not e.name.startswith(".") and _is_file(e)]
            folders = [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
        except OSError as error:
            yield _unreadable(folder, root, error)
            continue
        if any(inside.name == ".relicscan" for inside in folders):
            continue  # an output folder
        toml = folder / TOML
        if toml in files:
            yield _with_toml(folder, root, toml, scans_among(files))
        elif not claimed:
            yield from _loose(folder, root, scans_among(files))
        claimed = claimed or toml in files
        waiting += [(inside, claimed) for inside in folders if not inside.name.startswith(".")]


def _filled_in(relics: list[FoundRelic], root: Path) -> list[FoundRelic]:
    """Relics with what catalogue.csv and defaults.toml of their root say of them."""
    said = read_root(root)
    if said == RootMetadata():
        return relics
    return [
        _with_row(relic, said, at) for relic, at in zip(relics, _places(relics, root), strict=True)
    ]


def rows_of_nothing(root: Path, relics: Sequence[FoundRelic]) -> tuple[str | None, list[str]]:
    """The name of a root's catalogue, None without one, and its rows that are of none of these
    relics, in words.
    """
    said = read_root(root)
    ids = (relic.id for relic in relics)
    return said.catalogue, said.unused(zip(ids, _places(relics, root), strict=True))


def _places(relics: Sequence[FoundRelic], root: Path) -> list[list[str]]:
    """The paths below its root by which a row may name each relic."""
    alone = Counter(relic.folder for relic in relics)
    places = []
    for relic in relics:
        at = [relic.folder] if alone[relic.folder] == 1 or relic.whole_folder else []
        at += relic.files if len(relic.files) == 1 else ()
        places.append([_relative(place, root) for place in at])
    return places


def _with_row(relic: FoundRelic, said: RootMetadata, places: Sequence[str]) -> FoundRelic:
    try:
        row = said.row_of(relic.id, places)
    except ScanError as error:
        return replace(relic, error=relic.error or error)
    filled = tuple(source for source in (row, said.defaults) if source is not None)
    own = relic.toml is not None and relic.error is None and read_relic_toml(relic.toml).id
    named = row.stated.get("id") if row and not own else None
    return replace(relic, id=named or relic.id, filled=filled)


def _is_file(entry: os.DirEntry[str]) -> bool:
    # A link may lead nowhere or to itself, which is_file of an entry takes for an error.
    return Path(entry.path).is_file() if entry.is_symlink() else entry.is_file()


def _loose(folder: Path, root: Path, files: list[Path]) -> Iterator[FoundRelic]:
    """Without a relic.toml: point clouds are partial scans of one relic, meshes one relic each."""
    found = {f: is_cloud(f) for f in files}
    clouds = tuple(f for f in files if found[f])
    if clouds:
        alone, error = len(clouds) == len(files), _leading_out(clouds, root)
        yield FoundRelic(_id_of(folder, root), folder, clouds, whole_folder=alone, error=error)
    for mesh in files:
        if not found[mesh]:
            name, error = _id_of(mesh.with_suffix(""), root), _leading_out([mesh], root)
            yield FoundRelic(name, folder, (mesh,), whole_folder=len(files) == 1, error=error)


def _leading_out(files: Iterable[Path], root: Path) -> ScanError | None:
    """The error for files that are links out of the folder that was given; None where none is.

    Stores that keep scans elsewhere lay them out by links. But a folder that came from others may
    hold a link to anything, and what a relic is made from is published.
    """
    file = next((f for f in files if not is_inside(f, root)), None)
    if file is None:
        return None
    return ScanError(
        f"'{file.name}' is a link that leads out of the folder that was given",
        scan=str(file.parent),
        remedy="name the folder that also holds what the link leads to, or put the file there",
    )


def _unreadable(folder: Path, root: Path, error: OSError) -> FoundRelic:
    reason = unreadable(error, scan=str(folder), what="folder")
    return FoundRelic(_id_of(folder, root), folder, error=reason)


def files_beside(found: FoundRelic) -> Iterator[Path]:
    """Files of a relic's folder; not those of relics inside it, and none that are hidden."""
    with_toml = found.toml is not None
    waiting = [found.folder]  # os.walk calls itself for every level, and ends at some 1,000
    while waiting:
        here = waiting.pop()
        with suppress(OSError):
            entries = [entry for entry in os.scandir(here) if not entry.name.startswith(".")]
            folders = [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
            folders = [folder for folder in folders if not _is_output(folder)]
            if with_toml:
                folders = [folder for folder in folders if not (folder / TOML).is_file()]
            elif here == found.folder:
                folders = [folder for folder in folders if next(_in_root(folder), None) is None]
            waiting += folders
            yield from (Path(e.path) for e in entries if e.is_file(follow_symlinks=False))


def _is_output(folder: Path) -> bool:
    return (folder / ".relicscan").is_dir()


def _with_toml(folder: Path, root: Path, toml: Path, files: list[Path]) -> FoundRelic:
    fallback = FoundRelic(_id_of(folder, root), folder, tuple(files), toml, whole_folder=True)
    try:
        if error := _leading_out([toml], root):
            raise error
        stated = read_relic_toml(toml)
        found = replace(fallback, id=stated.id or fallback.id)
        if stated.scan.files:
            files = [_named(folder, name, files) for name in stated.scan.files]
        elif len(files) > 1 and not all(is_cloud(f) for f in files):
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
        if error := _leading_out(files, root):
            raise error
        scans = [_relative(file, folder) for file in files]
        require_known(stated.scan, scans)
    except ScanError as error:
        return replace(fallback, error=error)
    return replace(found, files=tuple(files))


def _nothing_in(folder: Path) -> FoundRelic:
    if _is_output(folder):
        message, remedy = "this is an output folder of relicscan", "name the folder of the scans"
    else:
        message = "there is no scan in this folder"
        remedy = "relicscan reads " + " ".join(sorted(formats.MODULES))
    error = ScanError(message, scan=str(folder), remedy=remedy)
    return FoundRelic(_id_of(folder, folder), folder, error=error)


def _single_file(path: Path) -> FoundRelic:
    """A file given by itself is a relic of its own; a relic.toml beside it speaks for it."""
    toml = path.parent / TOML
    found = FoundRelic(_id_of(path.with_suffix(""), path.parent), path.parent, (path,))
    try:
        formats.format_name(path)
        if toml.is_file():
            if error := _leading_out([toml], path.parent):
                raise error
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


def scans_in(folder: Path) -> list[Path]:
    """The scans that lie in a folder itself, sorted; none where it cannot be read."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return []
    return scans_among([path for path in files if not path.name.startswith(".")])


def _id_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts or (root.resolve().name or "relic",)
    return relic_id_from_path(parts)


def _named(folder: Path, name: str, scans: list[Path]) -> Path:
    path = folder / name
    is_file = False
    with suppress(OSError):  # of a name that is longer than file systems take
        is_file = path.is_file()
    if not is_file:
        raise ScanError(
            f"[scan] files names '{name[:80]}', which is not in the folder",
            scan=TOML,
            remedy=did_you_mean(name, [f.name for f in scans], "the scans beside relic.toml are"),
        )
    return path


def _relative(path: Path, folder: Path) -> str:
    return as_unicode(path.relative_to(folder).as_posix())


def _mesh_relic(relic: Relic, scan: Scan) -> Relic:
    mesh = scan.geometry
    assert isinstance(mesh, Mesh)
    if scan.pose is not None:
        mesh = replace(mesh, vertices=transformed(scan.pose, mesh.vertices))
    finite = mesh.vertices[mesh.finite]
    if not len(finite):
        raise ScanError(
            "no vertex of the mesh is a number (NaN or infinite)",
            scan=scan.file,
            remedy="export the mesh again",
        )
    T_work_source = working_frame(finite.min(axis=0), finite.max(axis=0), relic.frame.mm_per_unit)
    moved = replace(
        mesh,
        vertices=transformed(T_work_source, mesh.vertices),
        normals=mesh.normals if scan.pose is None and _relief(mesh) else None,
        corner_uv=mesh.corner_uv if mesh.textured else None,  # without a picture they say nothing
    )
    relic = replace(relic, mesh=moved, frame=replace(relic.frame, T_work_source=T_work_source))
    doubt = _unseen_pictures(mesh)
    return relic.warning(f"{scan.file}: {doubt}") if doubt else relic


def _unseen_pictures(mesh: Mesh) -> str | None:
    """Why the pictures of a mesh cannot be seen on it, where they cannot."""
    if not any(material.textures for material in mesh.materials):
        return None
    remedy = "export it again with its texture coordinates (UVs), then run again"
    if mesh.corner_uv is None:
        return f"it has a texture and no texture coordinates, so it is read without; {remedy}"
    if (mesh.corner_uv == mesh.corner_uv[:, :1]).all():
        return f"each triangle has one place of the texture only, so it shows no picture; {remedy}"
    return None


def _relief(mesh: Mesh) -> bool:
    """Whether it has a normal map, which says how the surface differs from its own normals."""
    return any(material.normal for material in mesh.materials)
