"""index.json.sig: who vouches for an output folder, as an Ed25519 signature (RFC 8032).

    index.json.sig ─► index.json ─► <id>/relic.json ─► every file of the relic

Checksums tell that nothing was changed by chance: who changes a file on purpose makes new ones. A
signature is made with a private key, and whoever has the public key sees whether it was that one.
What is signed is this file without its `signature`, as canonical JSON: the SHA-256 of index.json
and, for a numbered edition, its number and its licensee. There are no times in it, and Ed25519
needs no random numbers, so the same folder and key give the same bytes. Keys are PEM files (PKCS #8
and SubjectPublicKeyInfo), as openssl reads them; a fingerprint is the SHA-256 of the public key:

    openssl pkey -pubin -in KEY.pub -outform DER | sha256sum
"""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.canonical import bytes_sha256, canonical_json, parse_json
from relicscan.metadata.fields import Record, Sha256, Text
from relicscan.metadata.index import INDEX
from relicscan.metadata.manifest import SCHEMA_VERSION, SchemaVersion

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE = "index.json.sig"

RESTORE_OR_SIGN = (
    f"restore it from a copy; or, where {INDEX} can be trusted, sign again: "
    "relicscan sign OUT --key KEY.pem"
)
#: Characters of an edition or a licensee.
MAX_TEXT = 500
#: A key has some hundred bytes.
_MAX_KEY_BYTES = 20_000
_MAKE_ONE = "make a pair: relicscan sign --new-key KEY.pem"

_Short = Annotated[Text, Field(max_length=MAX_TEXT)]


class Signature(Record):
    """index.json.sig. `public_key` is PEM, `fingerprint` its SHA-256, `signature` base64."""

    schema_name: Literal["relicscan.signature"]
    schema_version: SchemaVersion
    algorithm: Literal["Ed25519"]
    index_sha256: Sha256
    edition: _Short | None
    licensee: _Short | None
    public_key: str
    fingerprint: Sha256
    signature: str


def signature_of(
    index: bytes,
    key: Ed25519PrivateKey,
    *,
    edition: str | None = None,
    licensee: str | None = None,
) -> Signature:
    """Sign the content of index.json. Raises ValueError for texts that are none."""
    public = key.public_key()
    unsigned = Signature(
        schema_name="relicscan.signature",
        schema_version=SCHEMA_VERSION,
        algorithm="Ed25519",
        index_sha256=bytes_sha256(index),
        edition=edition,
        licensee=licensee,
        public_key=public_pem(public).decode(),
        fingerprint=fingerprint(public),
        signature="",
    )
    signed = base64.b64encode(key.sign(_statement(unsigned))).decode()
    return unsigned.model_copy(update={"signature": signed})


def read_signature(content: bytes) -> Signature:
    """What an index.json.sig says, its signature checked against the public key in it.

    That tells that nothing in it was changed, and not whose key it is. Raises OutputError.
    """
    signature = parse_json(content, Signature, scan=SIGNATURE)
    try:
        public = read_public_key(signature.public_key.encode(), scan=SIGNATURE)
    except PipelineError as error:
        raise _false(f"its public key is none: {error.message}") from None
    if content != canonical_json(signature):
        raise _false("it is not as relicscan writes it")
    if fingerprint(public) != signature.fingerprint or not _holds(signature, public):
        raise _false("the signature in it does not fit what it says")
    return signature


def fingerprint(public: Ed25519PublicKey) -> str:
    """SHA-256 of the SubjectPublicKeyInfo (RFC 5280, DER), as 64 hexadecimal digits."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return bytes_sha256(der)


def public_pem(public: Ed25519PublicKey) -> bytes:
    """A public key as the PEM file that others get."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def new_private_pem(password: bytes | None) -> tuple[bytes, bytes]:
    """A new pair of keys as PEM: the private one, encrypted if there is a password; the public."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = Ed25519PrivateKey.generate()
    closed = BestAvailableEncryption(password) if password else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, closed)
    return private, public_pem(key.public_key())


def read_key_file(path: Path) -> bytes:
    """The content of a key file. Raises PipelineError."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_KEY_BYTES + 1)
    except OSError as error:
        raise PipelineError(
            f"the key cannot be read ({error.strerror or error})",
            scan=str(path),
            remedy=f"check the path, or {_MAKE_ONE}",
        ) from None
    if len(content) > _MAX_KEY_BYTES:
        raise PipelineError(
            "it is too large for a key", scan=str(path), remedy="name a PEM file with one key"
        )
    return content


def read_private_key(content: bytes, password: bytes | None, *, scan: str) -> Ed25519PrivateKey:
    """A private key from PEM. Raises PipelineError, which says nothing of what is in it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = b"ENCRYPTED" in content
    if encrypted and not password:
        raise PipelineError(
            "the private key is encrypted",
            scan=scan,
            remedy="put its password into the environment variable RELICSCAN_KEY_PASSWORD",
        )
    if b"PUBLIC KEY" in content and b"PRIVATE KEY" not in content:
        raise PipelineError(
            "this is a public key, and one signs with the private one",
            scan=scan,
            remedy="name the file that was made together with it, KEY.pem",
        )
    # What the library says of a key stays in it: it may quote what it read.
    try:
        key = load_pem_private_key(content, password if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        problem = "it cannot be read as a private key"
        if encrypted:
            problem = "it cannot be decrypted: the password is another one, or the file is damaged"
        remedy = "check RELICSCAN_KEY_PASSWORD, or restore the file" if encrypted else _MAKE_ONE
        raise PipelineError(problem, scan=scan, remedy=remedy) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _another_kind(key, scan)
    return key


def read_public_key(content: bytes, *, scan: str) -> Ed25519PublicKey:
    """A public key from PEM. Raises PipelineError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY" in content:
        raise PipelineError(
            "this is a private key, which nobody but its owner needs",
            scan=scan,
            remedy="name the public one, KEY.pub, and keep the private one to yourself",
        )
    try:
        key = load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise PipelineError(
            "it cannot be read as a public key",
            scan=scan,
            remedy="name a KEY.pub as relicscan sign --new-key writes it (PEM)",
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _another_kind(key, scan)
    return key


def _another_kind(key: object, scan: str) -> PipelineError:
    kind = type(key).__name__.lstrip("_").removesuffix("PrivateKey").removesuffix("PublicKey")
    return PipelineError(
        f"this is a key for {kind}, and signatures are Ed25519", scan=scan, remedy=_MAKE_ONE
    )


def _statement(signature: Signature) -> bytes:
    return canonical_json(signature.model_dump(mode="json", exclude={"signature"}))


def _holds(signature: Signature, public: Ed25519PublicKey) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        made = base64.b64decode(signature.signature, validate=True)
        public.verify(made, _statement(signature))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    # Base64 has several spellings of the same bytes; one is ours.
    return base64.b64encode(made).decode() == signature.signature


def _false(problem: str) -> OutputError:
    return OutputError(problem, scan=SIGNATURE, remedy=RESTORE_OR_SIGN)
