"""Does an output folder still hold what its manifests say?

    index.json.sha256 ─► index.json ─► <id>/relic.json ─► every file of the relic

and, where it was signed (see `relicscan.metadata.signing`), from index.json.sig to index.json.
Every link of the chain is followed and every byte read. run.json and report.html change from run
to run, so nothing lists them, and each is held to the seal in it. Then the models are opened, and
held to the checks of their formats and to the figures in relic.json (see `verify_contents`).
What lies in a relic's folder, or beside
them, and is listed by nothing is a difference as well, also where an operating system left it
(.DS_Store, Thumbs.db): a folder that is signed and handed on holds what was made and nothing else.
Nothing is written and no lock is taken, so a
folder on a disc that cannot be written is verified like any other; while a run is at work, what
it has not entered yet is told as a difference.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from relicscan.batch.held_against import (
    Difference,
    HeldAgainst,
    Progress,
    unreadable,
    what_lies_below,
)
from relicscan.batch.scan_places import Scans, places
from relicscan.batch.verify_contents import hold_contents
from relicscan.batch.verify_scans import hold_scans
from relicscan.errors import OutputError
from relicscan.metadata.canonical import MAX_BYTES, bytes_sha256, parse_json
from relicscan.metadata.index import CHECKSUM, INDEX, Index, IndexEntry
from relicscan.metadata.manifest import RelicManifest
from relicscan.metadata.page_seal import seal_problem
from relicscan.metadata.run_record import RunRecord, is_sealed
from relicscan.metadata.signing import (
    RESTORE_OR_SIGN,
    SIGNATURE,
    Signature,
    fingerprint,
    read_key_file,
    read_public_key,
    read_signature,
)
from relicscan.metadata.vouched import open_regular

MANIFEST, RUN, REPORT, PRIVATE = "relic.json", "run.json", "report.html", ".relicscan"
#: What a relic's folder holds that relic.json does not list, since it changes from run to run.
UNLISTED = frozenset([MANIFEST, RUN, REPORT])
#: What lies beside the folders of relics and is read for itself.
_READ = frozenset([INDEX, CHECKSUM, SIGNATURE])

_RESTORE_INDEX = "restore both from a copy, or delete both and run all relics again"
_NO_ANCHOR = "restore it from a copy; if every relic.json can be trusted, any run writes it again"
_RESTORE = "restore it from a copy, or delete the relic's folder and run its scans again"
_BEHIND = "a run is at work or was interrupted: run again, which brings the index up to date"
_NOT_OURS = "move it out of the relic's folder if somebody needs it, else delete it"
_UNSIGNED = "ask for it whoever published this; what is yours: relicscan sign OUT --key KEY.pem"
_FOREIGN = "ask whoever published this which key is theirs, and trust nothing here until they say"
_STALE = (
    "where a run has changed relics since it was signed, sign again: relicscan sign OUT --key "
    f"KEY.pem; else restore {INDEX} from a copy"
)
_NOT_OF_OUT = "move it out of the output folder if somebody needs it, else delete it"
_SEALED = "restore it from a copy, or delete it: the next run makes the relic again"
_PAGE = "restore it from a copy, or delete it: nothing else needs it"
_LINK = "put what it leads to in its place, or delete it"
_IS_LINK = "it is a link, and relicscan writes none"
#: What index.json.sha256 holds, as `sha256sum -c` reads it.
_CHECKSUM_LINE = re.compile(rb"[0-9a-f]{64}  index\.json\n")
#: Of the SHA-256 of two contents, some 60 of the 64 digits differ; of a checksum in which a hand
#: or a disk has changed a byte, one.
_FEW_DIGITS = 8
_NOT_LISTED = "run its scans again, which enters it, or move the folder away"


def verify(
    out: str | Path,
    *,
    scans: Scans | None = None,
    public_key: str | Path | None = None,
    contents: bool = True,
    note: Callable[[str], None] = lambda _: None,
    signed: Callable[[Signature], None] = lambda _: None,
    read_in: Callable[[Path], None] = lambda _: None,
    observe: Callable[[Progress], None] = lambda _: None,
) -> list[Difference]:
    """What is not as it was written in the output folder `out`, sorted by path; empty if all is.

    `scans` are the files, folders and roots that the relics were made from: they are read as
    well and held against the sources that each relic.json lists. None reads them where a run has,
    if they are there; () reads none. A signature that is there is
    checked against the key that it names; with `public_key`, a PEM file, there must be one and
    it must be of that key. Without `contents` only checksums are looked at, and no model is
    opened. `note` hears in plain words what could not be checked here, `signed` is called with a
    signature that holds, `read_in` with every place of scans that is read, `observe` from several
    threads, never twice at a time. Raises OutputError where `out` is no output folder or there is
    no room to decode its models in, PipelineError where one of `scans` does not exist or
    `public_key` is none.
    """
    out = Path(out)
    _check_is_output(out)
    signer = None if public_key is None else _fingerprint(Path(public_key))
    given = None if scans is None else places(out, scans, ())
    with HeldAgainst(observe) as held:
        chain = _Chain(out, held, signer, contents)
        chain.follow()
        if chain.signature is not None:
            signed(chain.signature)
        made = {i: m for i, m in chain.manifests.items() if m.sources}
        for place in places(out, None, made, note) if given is None else given:
            for root in place.roots:
                read_in(root)
            here = made if given is not None else {i: made[i] for i in place.relics}
            hold_scans(here, place.relics, place.roots, held, chain.differences)
    if chain.without_run:
        note(f"no run.json, so nobody can rebuild them: {', '.join(chain.without_run)}")
    if contents:
        hold_contents(out, chain.manifests, held, chain.differences, note)
    return sorted(chain.differences, key=lambda d: (d.relic or "", d.path, d.problem))


def _fingerprint(public_key: Path) -> str:
    return fingerprint(read_public_key(read_key_file(public_key), scan=str(public_key)))


def _check_is_output(out: Path) -> None:
    problem = "this is no output folder of relicscan"
    try:
        names = {path.name for path in out.iterdir()}
    except OSError as error:
        names, problem = set(), unreadable(error)
    if names & {INDEX, CHECKSUM, PRIVATE}:
        return
    if not any(os.path.lexists(out / name / MANIFEST) for name in names):
        raise OutputError(
            problem,
            scan=str(out),
            remedy=f"name the folder that a run wrote: {INDEX} lies in it",
        )


@dataclass
class _Chain:
    """The way from the anchor to every file, and what is not as it should be along it.

    `signer` is the fingerprint of the key that it must be signed with, if it must be; `contents`
    whether the files are opened afterwards.
    `manifests` are those that could be read, for whoever goes on from them; `signature` is one
    that holds.
    """

    out: Path
    held: HeldAgainst
    signer: str | None
    contents: bool
    differences: list[Difference] = field(default_factory=list)
    manifests: dict[str, RelicManifest] = field(default_factory=dict)
    signature: Signature | None = None
    behind: frozenset[str] = frozenset()
    without_run: list[str] = field(default_factory=list)

    def follow(self) -> None:
        index = self._index()
        entries = {entry.id: entry for entry in index.relics} if index else {}
        delivered = sum(entry.counts.bytes for entry in entries.values())
        self.held.count(total=delivered, to_open=delivered if self.contents else 0)
        self.behind = _journal(self.out)
        for relic_id in self._folders(entries):
            if index is None or relic_id in entries:
                self._relic(relic_id, entries.get(relic_id))
                self.held.count(relics=1)
            else:
                remedy = _BEHIND if relic_id in self.behind else _NOT_LISTED
                self._differ(relic_id, "", f"{INDEX} does not list this relic", remedy)

    def _index(self) -> Index | None:
        content = self._content(None, INDEX, _RESTORE_INDEX)
        stated = self._content(None, CHECKSUM, _NO_ANCHOR)
        self.signature = self._signature(content, stated)
        if content is None:
            return None
        if stated is not None and not self._anchored(content, stated):
            return None  # what it says of the relics says nothing against them
        try:
            return parse_json(content, Index, scan=INDEX)
        except OutputError as error:
            self._differ(None, INDEX, error.message, _RESTORE_INDEX)
            return None

    def _anchored(self, index: bytes, stated: bytes) -> bool:
        """Whether the index is the one that was anchored; says which of the two has changed."""
        expected = f"{bytes_sha256(index)}  {INDEX}\n".encode()
        if stated == expected:
            return True
        alike = sum(a == b for a, b in zip(stated, expected, strict=False))
        whole = _CHECKSUM_LINE.fullmatch(stated) is not None
        if not whole or len(expected) - alike <= _FEW_DIGITS:
            self._differ(None, CHECKSUM, f"it is not quite the checksum of {INDEX}", _NO_ANCHOR)
            return True
        self._differ(None, INDEX, f"it is not the file that {CHECKSUM} is of", _RESTORE_INDEX)
        return False

    def _signature(self, index: bytes | None, stated: bytes | None) -> Signature | None:
        """The signature, if there is one and nothing is wrong with it."""
        if not os.path.lexists(self.out / SIGNATURE):
            if self.signer is not None:
                self._differ(None, SIGNATURE, "it is missing: nobody has signed this", _UNSIGNED)
            return None
        content = self._content(None, SIGNATURE, RESTORE_OR_SIGN)
        if content is None:
            return None
        try:
            signature = read_signature(content)
        except OutputError as error:
            self._differ(None, SIGNATURE, error.message, error.remedy or RESTORE_OR_SIGN)
            return None
        if self.signer not in (None, signature.fingerprint):
            problem = f"it is of the key {signature.fingerprint} and not of {self.signer}"
            self._differ(None, SIGNATURE, problem, _FOREIGN)
            return None
        if index is None or signature.index_sha256 != bytes_sha256(index):
            # Where the anchor is of the index that was signed, the index alone has changed.
            if stated is None or not stated.startswith(signature.index_sha256.encode()):
                self._differ(None, SIGNATURE, f"it is of another {INDEX} than this one", _STALE)
            return None
        return signature

    def _folders(self, entries: dict[str, IndexEntry]) -> list[str]:
        """Folders of relics, those that are listed and those that are there.

        What else lies beside them is told, and every link.
        """
        names = set(entries)
        try:
            there = list(os.scandir(self.out))
        except OSError as error:
            self._differ(None, ".", unreadable(error), _RESTORE_INDEX)
            there = []
        for entry in there:
            if entry.name in _READ:
                continue
            if entry.is_symlink():
                relic_id = entry.name if entry.name in entries else None
                self._differ(relic_id, "" if relic_id else entry.name, _IS_LINK, _LINK)
                names.discard(entry.name)
            elif entry.name == REPORT and entry.is_file(follow_symlinks=False):
                self._page(None)
            elif os.path.lexists(Path(entry.path) / MANIFEST):
                names.add(entry.name)
            elif entry.name not in entries and not _belongs(entry):
                self._differ(None, entry.name, "nothing lists it", _NOT_OF_OUT)
        return sorted(names)

    def _relic(self, relic_id: str, entry: IndexEntry | None) -> None:
        folder = self.out / relic_id
        content = self._content(relic_id, MANIFEST, _RESTORE)
        if content is None:
            return
        fits = entry is None or entry.sha256 == bytes_sha256(content)
        if not fits:
            remedy = _BEHIND if relic_id in self.behind else _RESTORE
            self._differ(relic_id, MANIFEST, f"it is not the file that {INDEX} lists", remedy)
        try:
            manifest = parse_json(content, RelicManifest, scan=MANIFEST)
        except OutputError as error:
            self._differ(relic_id, MANIFEST, error.message, error.remedy or _RESTORE)
            return
        if manifest.id != relic_id:
            # Its files cannot be held against what is said of those of another relic.
            self._differ(relic_id, MANIFEST, f"it is of the relic '{manifest.id}'", _RESTORE)
            return
        if entry is not None and fits and not _agree(entry, manifest):
            problem = f"{INDEX} gives it another state, verdict or size"
            self._differ(relic_id, MANIFEST, problem, _RESTORE_INDEX)
        self.manifests[relic_id] = manifest
        there = what_lies_below(folder)
        if there.get(RUN, "") is None:
            self._run_record(relic_id)
        elif RUN not in there:
            self.without_run.append(relic_id)
        if there.get(REPORT, "") is None:
            self._page(relic_id)
        self._files(relic_id, manifest, there)

    def _files(self, relic_id: str, manifest: RelicManifest, there: dict[str, str | None]) -> None:
        """Files are looked up among those that are there: no path of a manifest is followed."""
        for file in manifest.delivered:
            problem = there.pop(file.path, "it is missing")
            if problem is not None:
                self._differ(relic_id, file.path, problem, _RESTORE)
                continue

            def say(problem: str, path: str = file.path) -> None:
                self._differ(relic_id, path, problem, _RESTORE)

            self.held.file(self.out / relic_id / file.path, file.bytes, file.sha256, say)
        for path, problem in there.items():
            if problem is not None or path not in UNLISTED:
                self._differ(relic_id, path, problem or "nothing lists it", _NOT_OURS)

    def _run_record(self, relic_id: str) -> None:
        """Nothing lists run.json; it is there or not, but it is what relicscan has written."""
        content = self._content(relic_id, RUN, _SEALED)
        if content is None:
            return
        try:
            run = parse_json(content, RunRecord, scan=RUN)
        except OutputError as error:
            self._differ(relic_id, RUN, error.message, _SEALED)
            return
        if run.id != relic_id:
            self._differ(relic_id, RUN, f"it is of the relic '{run.id}'", _SEALED)
        elif not is_sealed(run, content):
            self._differ(relic_id, RUN, "its content has changed: its seal is another one", _SEALED)

    def _page(self, relic_id: str | None) -> None:
        """Nothing lists report.html either; it ends with what it is of, and its own seal."""
        content = self._content(relic_id, REPORT, _PAGE)
        problem = None if content is None else seal_problem(content, relic_id)
        if problem is not None:
            self._differ(relic_id, REPORT, problem, _PAGE)

    def _content(self, relic_id: str | None, name: str, remedy: str) -> bytes | None:
        path = self.out / (relic_id or "") / name
        try:
            if path.is_symlink():
                problem = _IS_LINK
            else:
                with open_regular(path) as stream:
                    content = stream.read(MAX_BYTES + 1)
                if len(content) <= MAX_BYTES:
                    return content
                problem = f"it is larger than {MAX_BYTES:,} bytes"
        except (FileNotFoundError, NotADirectoryError):
            problem = "it is missing"
        except OSError as error:
            problem = unreadable(error)
        self._differ(relic_id, name, problem, remedy)
        return None

    def _differ(self, relic_id: str | None, path: str, problem: str, remedy: str) -> None:
        where = "/".join(part for part in (relic_id, path) if part)
        self.differences.append(Difference(relic_id, where, problem, remedy))


def _belongs(entry: os.DirEntry[str]) -> bool:
    """Whether it lies beside the folders of relics though nothing lists it."""
    return entry.name == PRIVATE and entry.is_dir(follow_symlinks=False)


def _agree(entry: IndexEntry, manifest: RelicManifest) -> bool:
    """Whether the index says of a relic what its manifest says, or that a later run failed."""
    said = IndexEntry.of(manifest, entry.sha256)
    if entry.from_earlier_run:
        # Why it failed is in its run.json, which no checksum covers.
        said = said.of_earlier_run(entry.state, [])
        said = said.model_copy(update={"reason": entry.reason, "remedy": entry.remedy})
    return entry == said


def _journal(out: Path) -> frozenset[str]:
    """Relics that were placed after the index was last written: see `relicscan.batch.ledger`."""
    with suppress(OSError), open_regular(out / PRIVATE / "journal") as stream:
        return frozenset(stream.read(MAX_BYTES).decode("utf-8", "replace").splitlines())
    return frozenset()
