"""A signed folder tells whatever was changed in it; keys stay where they are."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from batch.differences import anchor, flip, problems, rewrite
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from tiny_scans import files_below, read_json, write_toml
from typer.testing import CliRunner

from relicscan.batch.lock import hold
from relicscan.batch.run import run
from relicscan.batch.sign import PASSWORD, NewKey, new_key, sign
from relicscan.batch.verify import verify
from relicscan.cli import sign as sign_command
from relicscan.cli import verify as verify_command
from relicscan.errors import Busy, OutputError, PipelineError
from relicscan.metadata.signing import Signature

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes of files are of POSIX")
SIG = "index.json.sig"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewKey:
    monkeypatch.delenv(PASSWORD, raising=False)
    (tmp_path / "keys").mkdir()
    return new_key(tmp_path / "keys" / "museum.pem")


@pytest.fixture
def signed(out: Path, keys: NewKey) -> Path:
    sign(out, keys.private, edition="12/50", licensee="The Other Museum")
    return out


def test_a_signed_folder_holds_and_says_who_signed_it(signed: Path, keys: NewKey) -> None:
    heard: list[Signature] = []
    assert verify(signed, signed=heard.append) == []
    assert verify(signed, public_key=keys.public, signed=heard.append) == []
    assert [h.fingerprint for h in heard] == [keys.fingerprint] * 2
    assert (heard[0].edition, heard[0].licensee) == ("12/50", "The Other Museum")


def test_signing_again_writes_the_same_bytes(signed: Path, keys: NewKey) -> None:
    before = (signed / SIG).read_bytes()
    sign(signed, keys.private, edition="12/50", licensee="The Other Museum")
    assert (signed / SIG).read_bytes() == before
    sign(signed, keys.private, edition="13/50")
    assert read_json(signed / SIG)["edition"] == "13/50"
    assert verify(signed) == []


def test_one_changed_byte_in_any_file(signed: Path, keys: NewKey) -> None:
    names = [
        name
        for name in files_below(signed)
        if not name.startswith(".relicscan") and not name.endswith("run.json")
    ]
    assert {SIG, "index.json", "index.json.sha256", "cup/relic.json", "cup/web/low.glb"} < {*names}
    for name in names:
        whole = (signed / name).read_bytes()
        flip(signed / name, len(whole) // 2)
        assert verify(signed, public_key=keys.public), name
        (signed / name).write_bytes(whole)
    assert verify(signed, public_key=keys.public) == []


def test_a_whole_chain_that_was_made_anew(signed: Path) -> None:
    """What checksums alone do not tell: everything fits, and it is not what was signed."""
    manifest = signed / "cup" / "relic.json"
    manifest.write_bytes(
        manifest.read_bytes().replace(b'"reproducible": false', b'"reproducible": true')
    )

    def edit(index: Any) -> None:
        (entry,) = [e for e in index["relics"] if e["id"] == "cup"]
        entry["sha256"] = hashlib.sha256(manifest.read_bytes()).hexdigest()

    rewrite(signed / "index.json", edit)
    anchor(signed)
    assert problems(signed) == {SIG: "it is of another index.json than this one"}
    (signed / SIG).unlink()
    assert problems(signed) == {}


@pytest.mark.parametrize("change", [{"edition": "13/50"}, {"licensee": "Me"}, {"edition": None}])
def test_an_edition_that_was_changed(signed: Path, change: dict[str, str | None]) -> None:
    said = read_json(signed / SIG) | change
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, indent=2) + "\n"
    (signed / SIG).write_text(text, encoding="utf-8")
    assert problems(signed) == {SIG: "the signature in it does not fit what it says"}


def test_the_signature_of_another_key(signed: Path, keys: NewKey, tmp_path: Path) -> None:
    other = new_key(tmp_path / "keys" / "other.pem")
    assert problems(signed, public_key=other.public) == {
        SIG: f"it is of the key {keys.fingerprint} and not of {other.fingerprint}"
    }
    sign(signed, other.private)
    assert problems(signed) == {}
    assert set(problems(signed, public_key=keys.public)) == {SIG}


def test_a_missing_signature(out: Path, keys: NewKey) -> None:
    assert problems(out) == {}
    assert problems(out, public_key=keys.public) == {SIG: "it is missing: nobody has signed this"}


@POSIX
def test_a_link_in_its_place(signed: Path, tmp_path: Path) -> None:
    (signed / SIG).rename(tmp_path / "moved")
    (signed / SIG).symlink_to(tmp_path / "moved")
    assert problems(signed) == {SIG: "it is a link, and relicscan writes none"}
    (signed / SIG).unlink()
    (signed / SIG).symlink_to(tmp_path / "none")
    assert problems(signed) == {SIG: "it is a link, and relicscan writes none"}


def test_a_later_run_makes_it_stale_and_a_run_without_news_does_not(
    signed: Path, scans: Path, keys: NewKey, pipeline: str
) -> None:
    run(scans, signed, pipeline=pipeline)
    assert verify(signed, public_key=keys.public) == []
    write_toml(scans / "cup", '[object]\ntitle.en = "A cup"\n')
    run(scans, signed, pipeline=pipeline)
    (stale,) = verify(signed, public_key=keys.public)
    assert (stale.path, stale.relic) == (SIG, None)
    assert stale.problem == "it is of another index.json than this one"
    assert "sign again: relicscan sign OUT --key KEY.pem" in stale.remedy
    sign(signed, keys.private)
    assert verify(signed, public_key=keys.public) == []


def test_what_is_not_as_it_was_written_is_not_signed(out: Path, keys: NewKey) -> None:
    flip(out / "cup" / "web" / "low.glb")
    (out / "cup" / "notes.txt").write_text("x")
    with pytest.raises(OutputError, match=r"so it is not signed: cup/notes\.txt.*, and 1 more"):
        sign(out, keys.private)
    assert not (out / SIG).exists()
    with pytest.raises(OutputError, match="name the folder that a run wrote"):
        sign(keys.private.parent / "none", keys.private)


def test_not_while_a_run_is_at_work(out: Path, keys: NewKey) -> None:
    with hold(out / ".relicscan" / "lock"), pytest.raises(Busy):
        sign(out, keys.private)
    shutil.rmtree(out / ".relicscan")
    sign(out, keys.private)
    assert verify(out) == []


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is closed to this user"
)
def test_a_folder_that_cannot_be_written(out: Path, keys: NewKey) -> None:
    for folder in (out, out / ".relicscan"):
        folder.chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"):
        sign(out, keys.private)


class TestKeys:
    @POSIX
    def test_a_new_one_is_its_owners_alone(self, keys: NewKey) -> None:
        assert stat.S_IMODE(keys.private.stat().st_mode) == 0o600
        assert keys.public == keys.private.with_suffix(".pub")
        assert not keys.encrypted

    def test_nothing_is_overwritten(self, keys: NewKey, tmp_path: Path) -> None:
        before = keys.private.read_bytes(), keys.public.read_bytes()
        with pytest.raises(PipelineError, match="never overwritten"):
            new_key(keys.private)
        keys.private.rename(tmp_path / "away.pem")
        with pytest.raises(PipelineError, match="never overwritten"):
            new_key(keys.private)
        assert not keys.private.exists()
        assert ((tmp_path / "away.pem").read_bytes(), keys.public.read_bytes()) == before

    def test_where_none_can_be(self, tmp_path: Path) -> None:
        with pytest.raises(PipelineError, match="cannot be written"):
            new_key(tmp_path / "none" / "key.pem")
        with pytest.raises(PipelineError, match="name of the public key"):
            new_key(tmp_path / "key.pub")

    @pytest.mark.parametrize("place", ["museum.pem", "cup/museum.pem", ".relicscan/museum.pem"])
    def test_one_in_the_output_folder_is_refused(
        self, out: Path, keys: NewKey, place: str, tmp_path: Path
    ) -> None:
        with pytest.raises(PipelineError, match="copied and published"):
            new_key(out / place)
        shutil.copyfile(keys.private, out / place)
        with pytest.raises(PipelineError, match="copied and published"):
            sign(out, out / place)
        with pytest.raises(PipelineError, match="copied and published"):
            sign(out, out / "cup" / ".." / place)
        if sys.platform != "win32":
            (tmp_path / "link").symlink_to(out)
            (tmp_path / "key.pem").symlink_to(out / place)
            for key in (tmp_path / "link" / place, tmp_path / "key.pem"):
                with pytest.raises(PipelineError, match="copied and published"):
                    sign(out, key)
            with pytest.raises(PipelineError, match="copied and published"):
                sign(tmp_path / "link", out / place)
        assert not (out / SIG).exists()

    @POSIX
    def test_one_that_others_can_read_is_told(self, out: Path, keys: NewKey) -> None:
        assert sign(out, keys.private).warnings == []
        keys.private.chmod(0o640)
        (warning,) = sign(out, keys.private).warnings
        assert "chmod 600" in warning

    def test_an_encrypted_one(
        self, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(PASSWORD, "芝麻开门")
        made = new_key(tmp_path / "closed.pem")
        assert made.encrypted
        assert b"ENCRYPTED" in made.private.read_bytes()
        sign(out, made.private)
        assert verify(out, public_key=made.public) == []
        monkeypatch.setenv(PASSWORD, "open barley")
        with pytest.raises(PipelineError, match="password is another one"):
            sign(out, made.private)
        monkeypatch.setenv(PASSWORD, "")
        with pytest.raises(PipelineError, match="is encrypted"):
            sign(out, made.private)

    def test_of_another_kind(self, out: Path, tmp_path: Path, keys: NewKey) -> None:
        key = rsa.generate_private_key(65537, 2048)
        path = tmp_path / "rsa.pem"
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with pytest.raises(PipelineError, match="key for RSA") as caught:
            sign(out, path)
        assert "--new-key" in str(caught.value.remedy)
        with pytest.raises(PipelineError, match="this is a public key"):
            sign(out, keys.public)
        with pytest.raises(PipelineError, match="this is a private key"):
            verify(out, public_key=keys.private)

    def test_that_is_none(self, out: Path, tmp_path: Path) -> None:
        (tmp_path / "large").write_bytes(b"x" * 30_000)
        for path in (tmp_path / "none", tmp_path, tmp_path / "large"):
            for use in (lambda p=path: sign(out, p), lambda p=path: verify(out, public_key=p)):
                with pytest.raises(PipelineError) as caught:
                    use()
                assert caught.value.remedy

    def test_nothing_of_one_is_left_or_said_anywhere(
        self,
        out: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv(PASSWORD, "open sesame")
        keys = new_key(tmp_path / "museum.pem")
        key = load_pem_private_key(keys.private.read_bytes(), b"open sesame")
        assert isinstance(key, Ed25519PrivateKey)
        raw = key.private_bytes_raw()
        lines = keys.private.read_bytes().splitlines()[1:-1]
        secrets = [raw, raw.hex().encode(), base64.b64encode(raw), b"open sesame", *lines]
        said = [str(sign(out, keys.private, edition="1/2")), str(new_key(tmp_path / "b.pem"))]
        damaged = tmp_path / "damaged.pem"
        damaged.write_bytes(keys.private.read_bytes().replace(b"\n", b"\nA", 1))
        for path in (damaged, keys.public):
            with pytest.raises(PipelineError) as caught:
                sign(out, path)
            said.append(str(caught.value))
        written = b"".join((out / name).read_bytes() for name in files_below(out))
        told = "".join([*said, caplog.text]).encode()
        for secret in secrets:
            assert secret not in written
            assert secret not in told
        assert b"PRIVATE KEY" not in written
        assert str(tmp_path).encode() not in (out / SIG).read_bytes()


@pytest.mark.parametrize("text", ["", " ", "a\nb", "\x1b[31m", "\udcff", "x" * 501])
def test_editions_that_are_none(out: Path, keys: NewKey, text: str) -> None:
    for more in ({"edition": text}, {"licensee": text}):
        with pytest.raises(PipelineError, match=next(iter(more))):
            sign(out, keys.private, **more)


class TestCommands:
    @pytest.fixture
    def cli(self) -> Callable[..., tuple[int, str]]:
        app = typer.Typer()
        app.command(name="sign")(sign_command.command)
        app.command(name="verify")(verify_command.command)

        def invoke(*arguments: str | Path) -> tuple[int, str]:
            done = CliRunner().invoke(app, [str(a) for a in arguments])
            if done.exception and not isinstance(done.exception, SystemExit):
                raise done.exception
            return done.exit_code, done.output

        return invoke

    def test_from_a_key_to_a_verified_folder(
        self, cli: Callable[..., tuple[int, str]], out: Path, tmp_path: Path
    ) -> None:
        code, said = cli("sign", "--new-key", tmp_path / "k.pem")
        assert code == 0
        assert f"{tmp_path / 'k.pem'}: the private key, yours alone (not encrypted" in said
        key = said.split("fingerprint ")[1].strip()
        code, said = cli(
            *("sign", out, "--key", tmp_path / "k.pem", "--edition", "12/50", "--licensee", "馆")
        )
        assert (code, said) == (0, f"signed by {key}, edition 12/50, licensed to 馆\n")
        code, said = cli("verify", out, "--public-key", tmp_path / "k.pub")
        assert code == 0
        assert f"signed by {key}, edition 12/50, licensed to 馆" in said.splitlines()
        flip(out / SIG)
        code, said = cli("verify", out)
        assert code == 1
        assert said.startswith(f"{SIG}: ")
        assert "signed by" not in said
        code, said = cli("verify", out, "--json")
        assert (code, [d["path"] for d in json.loads(said)["differences"]]) == (1, [SIG])

    def test_what_makes_no_sense(
        self, cli: Callable[..., tuple[int, str]], out: Path, keys: NewKey, tmp_path: Path
    ) -> None:
        for arguments in (
            [],
            [out],
            ["--key", keys.private],
            [out, "--new-key", tmp_path / "k.pem"],
            ["--new-key", tmp_path / "k.pem", "--edition", "1/2"],
        ):
            with pytest.raises(PipelineError) as caught:
                cli("sign", *arguments)
            assert caught.value.remedy
        assert not (tmp_path / "k.pem").exists()

    @POSIX
    def test_a_warning_goes_to_standard_error(
        self, cli: Callable[..., tuple[int, str]], out: Path, keys: NewKey
    ) -> None:
        keys.private.chmod(0o644)
        assert "warning: others can read" in cli("sign", out, "--key", keys.private)[1]
