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
from collections.abc import Callable, Sequence
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
from relicscan.batch.verify_contents import hold_contents
from relicscan.batch.verify_scans import hold_scans
from relicscan.errors import OutputError
from relicscan.metadata.canonical import MAX_BYTES, bytes_sha256, parse_json
from relicscan.metadata.index import CHECKSUM, INDEX, Index, IndexEntry
from relicscan.metadata.manifest import RelicManifest
from relicscan.metadata.page_seal import is_sealed as is_sealed_page
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
from relicscan.scan_folder import find_relics

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
#: Of the SHA-256 of two contents, some 60 of the 64 digits differ; of a checksum in which a hand
#: or a disk has changed a byte, one.
_FEW_DIGITS = 8
_NOT_LISTED = "run its scans again, which enters it, or move the folder away"


def verify(
    out: str | Path,
    *,
    scans: str | Path | Sequence[str | Path] = (),
    public_key: str | Path | None = None,
    contents: bool = True,
    note: Callable[[str], None] = lambda _: None,
    signed: Callable[[Signature], None] = lambda _: None,
    observe: Callable[[Progress], None] = lambda _: None,
) -> list[Difference]:
    """What is not as it was written in the output folder `out`, sorted by path; empty if all is.

    `scans` are the files, folders and roots that the relics were made from: they are read as
    well and held against the sources that each relic.json lists. A signature that is there is
    checked against the key that it names; with `public_key`, a PEM file, there must be one and
    it must be of that key. Without `contents` only checksums are looked at, and no model is
    opened. `note` hears in plain words what could not be checked here, `signed` is called with a
    signature that holds, `observe` from several threads, never twice at a time. Raises
    OutputError where `out` is no output folder or there is no room to decode its models in,
    PipelineError where one of `scans` does not exist or `public_key` is none.
    """
    out = Path(out)
    _check_is_output(out)
    signer = None if public_key is None else _fingerprint(Path(public_key))
    roots = [Path(scans)] if isinstance(scans, str | Path) else [Path(root) for root in scans]
    found = find_relics(roots) if roots else []
    with HeldAgainst(observe) as held:
        chain = _Chain(out, held, signer)
        chain.follow()
        if chain.signature is not None:
            signed(chain.signature)
        if roots:
            hold_scans(chain.manifests, found, roots, held, chain.differences)
    if contents:
        hold_contents(out, chain.manifests, chain.differences, note)
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

    `signer` is the fingerprint of the key that it must be signed with, if it must be.
    `manifests` are those that could be read, for whoever goes on from them; `signature` is one
    that holds.
    """

    out: Path
    held: HeldAgainst
    signer: str | None
    differences: list[Difference] = field(default_factory=list)
    manifests: dict[str, RelicManifest] = field(default_factory=dict)
    signature: Signature | None = None
    behind: frozenset[str] = frozenset()

    def follow(self) -> None:
        index = self._index()
        entries = {entry.id: entry for entry in index.relics} if index else {}
        self.held.count(total=sum(entry.counts.bytes for entry in entries.values()))
        self.behind = _journal(self.out)
        for relic_id, is_link in self._folders(entries):
            if is_link:
                self._differ(relic_id, "", "it is a link, and relicscan writes none", _NOT_LISTED)
            elif index is None or relic_id in entries:
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
        if max(len(stated), len(expected)) - alike <= _FEW_DIGITS:
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

    def _folders(self, entries: dict[str, IndexEntry]) -> list[tuple[str, bool]]:
        """Folders of relics, those that are listed and those that are there; and which are links.

        What else lies beside them is told.
        """
        names = dict.fromkeys(entries, False)
        try:
            there = list(os.scandir(self.out))
        except OSError as error:
            self._differ(None, ".", unreadable(error), _RESTORE_INDEX)
            there = []
        for entry in there:
            if entry.name in _READ:
                continue
            if entry.is_symlink():
                if entry.name in entries or Path(entry.path).is_dir():
                    names[entry.name] = True
                else:
                    problem = "it is a link, and relicscan writes none"
                    self._differ(None, entry.name, problem, _NOT_OF_OUT)
            elif entry.name == REPORT and entry.is_file(follow_symlinks=False):
                self._page(None)
            elif os.path.lexists(Path(entry.path) / MANIFEST):
                names[entry.name] = False
            elif entry.name not in entries and not _belongs(entry):
                self._differ(None, entry.name, "nothing lists it", _NOT_OF_OUT)
        return sorted(names.items())

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
        """Nothing lists report.html either; it ends with its own seal."""
        content = self._content(relic_id, REPORT, _PAGE)
        if content is not None and not is_sealed_page(content):
            problem = "its content has changed: its seal is another one"
            self._differ(relic_id, REPORT, problem, _PAGE)

    def _content(self, relic_id: str | None, name: str, remedy: str) -> bytes | None:
        path = self.out / (relic_id or "") / name
        try:
            if path.is_symlink():
                problem = "it is a link, and relicscan writes none"
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
    said = IndexEntry.of(manifest)
    if entry.from_earlier_run:
        # Why it failed is in its run.json, which no checksum covers.
        said = said.of_earlier_run(entry.state, [])
        said = said.model_copy(update={"reason": entry.reason, "remedy": entry.remedy})
    return entry == said.model_copy(update={"sha256": entry.sha256})


def _journal(out: Path) -> frozenset[str]:
    """Relics that were placed after the index was last written: see `relicscan.batch.ledger`."""
    with suppress(OSError), open_regular(out / PRIVATE / "journal") as stream:
        return frozenset(stream.read(MAX_BYTES).decode("utf-8", "replace").splitlines())
    return frozenset()
