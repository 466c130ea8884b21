"""Who may join a cluster: three files in a folder, the same on every machine of it.

    ca.pem      whose certificates are accepted
    cert.pem    this machine's certificate
    key.pem     its private key

Both ends of every connection show a certificate and refuse one that `ca.pem` did not sign.
Whoever has the key can run any program on all machines of the cluster, as the user that
started them: that is what a cluster is for. So the key is kept as an SSH key is.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from relicscan.batch.cluster.settings import check_installed
from relicscan.errors import PipelineError

if TYPE_CHECKING:
    from distributed import Security

CA, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"
#: Where the folder is looked for when no option says.
VARIABLE = "RELICSCAN_CLUSTER_TLS"


def folder_of(given: Path | None) -> Path:
    """The folder of certificates: as given, else as the environment says, else the user's own."""
    if given is not None:
        return given
    if named := os.environ.get(VARIABLE):
        return Path(named)
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "relicscan" / "cluster"


def make(folder: Path) -> None:
    """Write new certificates, valid for a year, for this user's eyes only; never over others."""
    check_installed()
    from distributed import Security

    made = Security.temporary()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in (
            (CA, made.tls_ca_file),
            (CERTIFICATE, made.tls_client_cert),
            (KEY, made.tls_client_key),
        ):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(folder / name, flags, 0o600), "w", encoding="ascii") as stream:
                stream.write(text)
    except OSError as error:
        raise PipelineError(
            f"certificates cannot be written there ({error.strerror or error})",
            scan=str(folder),
            remedy="name another folder, or one that does not exist yet",
        ) from None


def has_any(folder: Path) -> bool:
    """Whether there are certificates, or a part of them, in the folder."""
    return any((folder / name).exists() for name in (CA, CERTIFICATE, KEY))


def security_of(folder: Path) -> Security:
    """The certificates as Dask takes them, for every role. Raises PipelineError."""
    check_installed()
    from distributed import Security

    for name in (CA, CERTIFICATE, KEY):
        if not (folder / name).is_file():
            raise PipelineError(
                f"there is no {name}, without which no cluster lets anybody in",
                scan=str(folder),
                remedy="copy the folder that `relicscan cluster scheduler` or `relicscan cluster "
                f"up` named, and name it with --cluster-tls, --tls or {VARIABLE}",
            )
    key = folder / KEY
    if sys.platform != "win32" and stat.S_IMODE(key.stat().st_mode) & 0o077:
        raise PipelineError(
            "other users of this machine may read the key, and with it run programs as you",
            scan=str(key),
            remedy=f"chmod 600 {key}",
        )
    pair = {"cert": str(folder / CERTIFICATE), "key": str(key)}
    roles = {
        f"tls_{role}_{what}": path
        for role in ("client", "scheduler", "worker")
        for what, path in pair.items()
    }
    try:
        security = Security(require_encryption=True, tls_ca_file=str(folder / CA), **roles)
        security.get_connection_args("client")  # reads them
    except OSError as error:  # ssl.SSLError is one
        raise PipelineError(
            f"the certificates cannot be used ({error.strerror or error})",
            scan=str(folder),
            remedy=f"{CA}, {CERTIFICATE} and {KEY} must be PEM files that belong together",
        ) from None
    return security


def check_address(address: str, option: str) -> None:
    """Raise PipelineError unless it is the address of an encrypted, authenticated scheduler."""
    if not address.startswith("tls://") or not address.rpartition(":")[2].isdecimal():
        raise PipelineError(
            f"{option} is '{address}', and only an encrypted and authenticated cluster is used",
            remedy="write tls://HOST:PORT, as `relicscan cluster up` and `relicscan cluster "
            "scheduler` print it",
        )
