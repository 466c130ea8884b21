"""A server of a test's own, and a client that says exactly what the test wants said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from relicscan.site.wire import Server


@dataclass(frozen=True)
class Heard:
    """What came back: status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def running(server: Server) -> Iterator[int]:
    """Serve in a thread; gives the port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def said(port: int, text: str | bytes) -> bytes:
    """All that comes back to raw bytes, until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text.encode() if isinstance(text, str) else text)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def parsed(raw: bytes) -> Heard:
    """One answer, which is all that there is in `raw`."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    names = [name.lower() for name, _ in pairs]
    assert len(set(names)) == len(names), f"a header comes twice: {names}"
    headers = {name.lower(): value for name, value in pairs}
    assert first.startswith("HTTP/1.1 ")
    return Heard(int(first.split()[1]), headers, body)


def ask(
    port: int, target: str, *, method: str = "GET", host: str | None = None, **headers: str
) -> Heard:
    """The answer to one request; in the names of headers, `_` stands for `-`."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    heard = parsed(said(port, "\r\n".join([*lines, "Connection: close", "", ""])))
    if method != "HEAD" and heard.status != 304:
        assert len(heard.body) == int(heard.headers["content-length"])
    return heard
