"""`relicscan sign`: put one's name to an output folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from relicscan.cli import output
from relicscan.cli.verify import signed_by, watched


def command(
    out: Annotated[Path | None, typer.Argument(help="The output folder of a run.")] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="The private key, a PEM file, which lies outside of OUT."),
    ] = None,
    edition: Annotated[
        str | None, typer.Option("--edition", help='The number of this copy, for example "12/50".')
    ] = None,
    licensee: Annotated[
        str | None, typer.Option("--licensee", help="For whom this copy is made.")
    ] = None,
    new_key: Annotated[
        Path | None,
        typer.Option("--new-key", help="Make a pair of keys, KEY.pem and KEY.pub; sign nothing."),
    ] = None,
) -> None:
    """Verify an output folder and sign it with Ed25519, in OUT/index.json.sig.

    Everyone with the public key can then tell that it is yours and unchanged: `relicscan verify
    OUT --public-key KEY.pub`. After a run that changed something, sign again. The password of an
    encrypted key comes from the environment variable RELICSCAN_KEY_PASSWORD.

    [bold]Example:[/bold] relicscan sign out --key ~/keys/museum.pem
    """
    from relicscan.errors import PipelineError

    if new_key is not None:
        if out or key or edition or licensee:
            raise PipelineError(
                "--new-key makes a pair of keys and signs nothing",
                remedy="make it alone, then: relicscan sign OUT --key KEY.pem",
            )
        _make(new_key)
        return
    if out is None or key is None:
        raise PipelineError(
            "what is to be signed, and with which key?",
            remedy="relicscan sign OUT --key KEY.pem; "
            "a pair of keys is made by: relicscan sign --new-key KEY.pem",
        )
    from relicscan.batch.sign import sign

    with watched() as (observe, _):
        signed = sign(out, key, edition=edition, licensee=licensee, observe=observe)
    for warning in signed.warnings:
        output.say(output.remarks(), ("warning: ", "bold yellow"), warning)
    output.say(output.answers(), signed_by(signed.signature))


def _make(path: Path) -> None:
    from relicscan.batch.sign import PASSWORD, new_key

    made = new_key(path)
    how = "encrypted" if made.encrypted else f"not encrypted: {PASSWORD} is not set"
    answers = output.answers()
    output.say(answers, f"{made.private}: the private key, yours alone ({how})")
    output.say(answers, f"{made.public}: the public key, for everyone")
    output.say(answers, f"fingerprint {made.fingerprint}")
