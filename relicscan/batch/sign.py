"""Sign an output folder, which is verified first; make the keys to do it with.

A key is a file of the museum's and never comes near the output: one that lies in OUT is refused,
since OUT is copied and published. Its password comes from the environment, never from a command
line, which every user of a machine can read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from relicscan.batch.held_against import Progress
from relicscan.batch.lock import hold
from relicscan.batch.verify import PRIVATE, verify
from relicscan.durable import flush_folder
from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.canonical import MAX_BYTES, write_json_atomically
from relicscan.metadata.index import INDEX
from relicscan.metadata.signing import (
    MAX_TEXT,
    SIGNATURE,
    Signature,
    fingerprint,
    new_private_pem,
    read_key_file,
    read_private_key,
    read_public_key,
    signature_of,
)
from relicscan.metadata.vouched import open_regular

PASSWORD = "RELICSCAN_KEY_PASSWORD"  # the name of a variable, and no password


class Signed(NamedTuple):
    """The signature that was written, and warnings in plain words."""

    signature: Signature
    warnings: list[str]


class NewKey(NamedTuple):
    """The files of a new pair of keys, and the fingerprint of the public one."""

    private: Path
    public: Path
    fingerprint: str
    encrypted: bool


def sign(
    out: str | Path,
    key: str | Path,
    *,
    edition: str | None = None,
    licensee: str | None = None,
    observe: Callable[[Progress], None] = lambda _: None,
) -> Signed:
    """Verify every byte of the output folder `out`, and write OUT/index.json.sig.

    `key` is a private key in PEM, encrypted or not (see PASSWORD). `edition` ("12/50") and
    `licensee` become part of what is signed. A signature that is there is replaced. Raises
    PipelineError (a key that will not do), OutputError (a folder that is not as it was
    written), Busy (a run is at work in it).
    """
    out, key = Path(out), Path(key)
    for name, text in (("edition", edition), ("licensee", licensee)):
        _check_text(name, text)
    _check_outside(key, out)
    content, warnings = _private(key)
    private = read_private_key(content, _password(), scan=str(key))
    with ExitStack() as held:
        _hold(out, held)
        # Read before it is verified: whatever changes it after that, verifying tells.
        index = _index(out)
        wrong = [d for d in verify(out, scans=(), observe=observe) if d.path != SIGNATURE]
        if wrong:
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            raise OutputError(
                f"it is not as it was written, so it is not signed: {wrong[0].path}: "
                f"{wrong[0].problem}{more}",
                scan=str(out),
                remedy=f"`relicscan verify {out}` says all that differs, and what would work",
            )
        signature = signature_of(index, private, edition=edition, licensee=licensee)
        write_json_atomically(out / SIGNATURE, signature)
    return Signed(signature, warnings)


def new_key(path: str | Path) -> NewKey:
    """Make a pair of keys: the private one at `path`, for its owner alone, and .pub beside it.

    The private one is encrypted where the environment has a PASSWORD. Nothing is ever
    overwritten. Raises PipelineError.
    """
    path = Path(path)
    public = path.with_suffix(".pub")
    if path.suffix == ".pub":
        raise PipelineError(
            ".pub is the name of the public key", scan=str(path), remedy="name it KEY.pem"
        )
    for folder in (*path.absolute().parents, *path.resolve().parents):
        if (folder / INDEX).is_file() or (folder / PRIVATE).is_dir():
            raise _inside(path, folder)
    password = _password()
    private_pem, public_pem = new_private_pem(password)
    _create(path, private_pem, 0o600)
    try:
        _create(public, public_pem, 0o644)
    except PipelineError:
        path.unlink()
        raise
    print_of = fingerprint(read_public_key(public_pem, scan=str(public)))
    return NewKey(path, public, print_of, password is not None)


def _create(path: Path, content: bytes, mode: int) -> None:
    """Not `write_durably`, which replaces what is there, and is readable before it is closed."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise PipelineError(
            "it exists, and a key is never overwritten: without it, nothing that it signed can "
            "be signed again",
            scan=str(path),
            remedy="choose another name, or move both files away",
        ) from None
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise _cannot_write(path, error) from None
    if os.name == "posix":
        flush_folder(path.absolute().parent)


def _cannot_write(path: Path, error: OSError) -> PipelineError:
    return PipelineError(
        f"the file cannot be written ({error.strerror or error})",
        scan=str(path),
        remedy="check that the folder exists and that you may write in it",
    )


def _hold(out: Path, held: ExitStack) -> None:
    """No run is to change the index meanwhile; a copy of a folder has no place for a lock."""
    private = out / PRIVATE
    if not private.is_dir():
        return
    try:
        held.enter_context(hold(private / "lock"))
    except OSError as error:
        raise OutputError(
            f"the folder cannot be written ({error.strerror or error})",
            scan=str(out),
            remedy="sign it where you may write, before it is copied to a disk that is closed",
        ) from None


def _private(path: Path) -> tuple[bytes, list[str]]:
    content = read_key_file(path)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return content, [f"others can read or change {path}: chmod 600 keeps it yours"]
    return content, []


def _password() -> bytes | None:
    return os.fsencode(os.environ.get(PASSWORD, "")) or None


def _check_text(name: str, text: str | None) -> None:
    if text is None:
        return
    printable = text.strip() and text.isprintable()  # surrogates are not, nor is an empty line
    if not printable or len(text) > MAX_TEXT:
        raise PipelineError(
            f"the {name} is empty, has control characters, or more than {MAX_TEXT} characters",
            remedy=f'for example --{name} "12/50"' if name == "edition" else "write a name",
        )


def _check_outside(key: Path, out: Path) -> None:
    for folder in (out.absolute(), out.resolve()):
        if key.absolute().is_relative_to(folder) or key.resolve().is_relative_to(folder):
            raise _inside(key, out)


def _inside(key: Path, out: Path) -> PipelineError:
    return PipelineError(
        f"the key would lie in the output folder {out}, which is copied and published",
        scan=str(key),
        remedy="keep it elsewhere, where nobody else can read it; once published, make a new one",
    )


def _index(out: Path) -> bytes:
    with suppress(OSError), open_regular(out / INDEX) as stream:
        return stream.read(MAX_BYTES)
    return b""  # verifying says why
