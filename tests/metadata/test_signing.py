"""index.json.sig: what it says cannot be changed, and no key but an Ed25519 one will do."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.signing import (
    Signature,
    fingerprint,
    new_private_pem,
    public_pem,
    read_private_key,
    read_public_key,
    read_signature,
    signature_of,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
INDEX = b'{"relics": []}\n'


def signed(**more: Any) -> Signature:
    return signature_of(INDEX, KEY, **more)


def pem(key: Any, format: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, format, NoEncryption()))


def public(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


class TestTheSignature:
    def test_it_goes_round(self) -> None:
        made = signed(edition="12/50", licensee="某博物馆 & Söhne")
        assert read_signature(canonical_json(made)) == made
        assert made.index_sha256 == hashlib.sha256(INDEX).hexdigest()
        assert made.fingerprint == fingerprint(KEY.public_key())
        assert (made.edition, made.licensee) == ("12/50", "某博物馆 & Söhne")

    def test_same_folder_and_key_same_bytes(self) -> None:
        assert canonical_json(signed()) == canonical_json(signed())
        assert signed().signature != signed(edition="1/50").signature

    def test_anybody_checks_it_without_relicscan(self, tmp_path: Path) -> None:
        """openssl, and what the module's head says of the file."""
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        said = json.loads(canonical_json(signed(edition="1/50")))
        signature = base64.b64decode(said.pop("signature"))
        text = json.dumps(said, ensure_ascii=False, sort_keys=True, indent=2) + "\n"
        (tmp_path / "statement").write_bytes(text.encode())
        (tmp_path / "signature").write_bytes(signature)
        (tmp_path / "KEY.pub").write_text(said["public_key"])

        def openssl(*arguments: str) -> bytes:
            done = subprocess.run(
                ["openssl", *arguments], cwd=tmp_path, capture_output=True, check=True
            )
            return done.stdout

        checked = "pkeyutl -verify -rawin -pubin -inkey KEY.pub -sigfile signature -in statement"
        assert b"Verified Successfully" in openssl(*checked.split())
        der = openssl("pkey", "-pubin", "-in", "KEY.pub", "-outform", "DER")
        assert hashlib.sha256(der).hexdigest() == said["fingerprint"]

    def test_every_byte_counts(self) -> None:
        content = canonical_json(signed(edition="12/50", licensee="House"))
        for at in range(len(content)):
            spoiled = bytearray(content)
            spoiled[at] ^= 1
            with pytest.raises(OutputError):
                read_signature(bytes(spoiled))
        for end in (b"", b" ", b"\n\n"):
            with pytest.raises(OutputError):
                read_signature(content[:-1] + end)

    @pytest.mark.parametrize(
        "change",
        [
            {"edition": "13/50"},
            {"edition": None},
            {"licensee": "Other"},
            {"index_sha256": "0" * 64},
            {"fingerprint": "0" * 64},
            {"schema_version": "2.99.0"},
            {"signature": ""},
            {"signature": "AAAA"},
            {"signature": "ä"},
            {"public_key": "no key"},
            {"public_key": public(Ed25519PrivateKey.generate()).decode()},
            {"public_key": signed().public_key + "\n"},
        ],
    )
    def test_what_was_changed_with_care_is_found(self, change: dict[str, Any]) -> None:
        made = signed(edition="12/50", licensee="House").model_copy(update=change)
        with pytest.raises(OutputError) as caught:
            read_signature(canonical_json(made))
        assert "sign again" in str(caught.value.remedy)

    def test_base64_that_means_the_same_is_not_the_same(self) -> None:
        made = signed()
        assert made.signature.endswith("==")
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        other = made.signature[:-3] + letters[letters.index(made.signature[-3]) + 1] + "=="
        assert base64.b64decode(other) == base64.b64decode(made.signature)
        with pytest.raises(OutputError, match="does not fit"):
            read_signature(canonical_json(made.model_copy(update={"signature": other})))

    @pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 100_000, b'{"a": "\\ud800"}'])
    def test_what_is_no_signature(self, content: bytes) -> None:
        with pytest.raises(OutputError, match="not what relicscan writes"):
            read_signature(content)

    @pytest.mark.parametrize("text", ["", " ", "x" * 501])
    def test_texts_that_are_none(self, text: str) -> None:
        with pytest.raises(ValueError, match="edition"):
            signed(edition=text)


class TestKeys:
    def test_a_new_pair_belongs_together(self) -> None:
        private_pem, of_public = new_private_pem(None)
        key = read_private_key(private_pem, None, scan="KEY.pem")
        assert public_pem(key.public_key()) == of_public
        assert private_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
        assert new_private_pem(None)[0] != private_pem

    def test_an_encrypted_one_wants_its_password(self) -> None:
        private_pem, of_public = new_private_pem(b"open sesame")
        assert private_pem.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
        key = read_private_key(private_pem, b"open sesame", scan="KEY.pem")
        assert public_pem(key.public_key()) == of_public
        with pytest.raises(PipelineError, match="encrypted") as caught:
            read_private_key(private_pem, None, scan="KEY.pem")
        assert "RELICSCAN_KEY_PASSWORD" in str(caught.value.remedy)
        with pytest.raises(PipelineError, match="password is another one") as caught:
            read_private_key(private_pem, b"open barley", scan="KEY.pem")
        assert "barley" not in str(caught.value)
        assert caught.value.__cause__ is None

    def test_a_password_that_is_not_needed_does_no_harm(self) -> None:
        assert read_private_key(pem(KEY), b"something", scan="KEY.pem")

    @pytest.mark.parametrize(
        ("key", "kind"),
        [
            (rsa.generate_private_key(65537, 2048), "RSA"),
            (ec.generate_private_key(ec.SECP256R1()), "E"),
            (ed448.Ed448PrivateKey.generate(), "Ed448"),
        ],
        ids=["RSA", "EC", "Ed448"],
    )
    def test_keys_of_another_kind(self, key: Any, kind: str) -> None:
        for read in (
            lambda: read_private_key(pem(key), None, scan="KEY.pem"),
            lambda: read_public_key(public(key), scan="KEY.pub"),
        ):
            with pytest.raises(PipelineError, match=f"a key for {kind}") as caught:
                read()
            assert "--new-key" in str(caught.value.remedy)

    def test_the_other_half_of_a_pair(self) -> None:
        with pytest.raises(PipelineError, match="this is a public key"):
            read_private_key(public(KEY), None, scan="KEY.pub")
        with pytest.raises(PipelineError, match="this is a private key"):
            read_public_key(pem(KEY), scan="KEY.pem")

    def test_what_is_no_key(self) -> None:
        openssh = pem(KEY, PrivateFormat.OpenSSH)
        whole = pem(KEY)
        for content in (b"", b"\0" * 99, openssh, whole[:60], whole.replace(b"M", b"N")):
            with pytest.raises(PipelineError) as caught:
                read_private_key(content, None, scan="KEY.pem")
            assert caught.value.remedy
            assert caught.value.__cause__ is None
        for content in (b"", b"\0" * 99, public(KEY)[:60]):
            with pytest.raises(PipelineError, match="cannot be read as a public key"):
                read_public_key(content, scan="KEY.pub")
