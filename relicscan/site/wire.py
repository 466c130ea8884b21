"""HTTP for a look at a site: requests checked, answers sent; what is answered is another's.

Standard library only, for a handful of visitors; the crowd has a web server. It is safe to have
open beside a browser: other web pages cannot reach it (DNS rebinding: the Host must be one of
ours), nothing is read from a client without an end in size and time, and a client that stalls is
left. HTTP/1.1 (RFC 9112) with connections that are kept.
"""

from __future__ import annotations

import errno
import io
import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from relicscan.errors import PipelineError
from relicscan.site.headers import SECURITY

#: A client has so long for a whole request, and may stall for so long while it takes an answer.
REQUEST_S, STALL_S = 20.0, 20.0
#: Most connections at a time; a browser opens six.
CONNECTIONS = 200
#: Most bytes of a request's body, where one is taken.
MAX_BODY = 64_000

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


@dataclass(frozen=True)
class Request:
    """What a client asks for: `path` is decoded and has no first `/`, and no way out of a folder.

    A path that ends with `/`, or is empty, names a folder.
    """

    method: str
    path: str
    headers: Message
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """What it is told. A body is bytes, or `length` bytes of an open file from `start`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | IO[bytes] = b""
    start: int = 0
    length: int | None = None

    @property
    def bytes(self) -> int:
        if self.length is not None:
            return self.length
        assert isinstance(self.body, bytes)
        return len(self.body)


Answering = Callable[[Request], Answer]
Log = Callable[[str], None]


def refusal(status: HTTPStatus, why: str = "", **headers: str) -> Answer:
    """An answer in one line of plain text."""
    text = f"{status.value} {status.phrase}{f': {why}' if why else ''}\n"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "text/plain; charset=utf-8", **named}, text.encode())


def decoded_path(target: str) -> str | None:
    """The path of a request's target (RFC 9112 origin-form); None where there is a trick in it.

    Decoded once. Refused are what leads upwards, backslashes, colons (streams and drives of
    Windows), control characters, what is not UTF-8, empty steps, and hidden files.
    """
    path = target.partition("?")[0].partition("#")[0]
    if not path.startswith("/"):
        return None
    try:
        text = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return None
    if not text.isprintable() or "\\" in text or ":" in text:
        return None
    steps = text[1:].split("/")
    folder = steps[-1] == ""
    if any(step == "" or step.startswith(".") or step.endswith((".", " ")) for step in steps[:-1]):
        return None
    if not folder and (steps[-1].startswith(".") or steps[-1].endswith((".", " "))):
        return None
    return text[1:]


class Server(ThreadingHTTPServer):
    """Answers on one address until `shutdown`; `answering` is called in many threads.

    `log` is told a line for each request. Raises PipelineError where the address cannot be had.
    """

    daemon_threads = True
    request_queue_size = 64
    # On Windows, unlike elsewhere, this would let another program take the same port.
    allow_reuse_address = os.name == "posix"

    def __init__(
        self,
        answering: Answering,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        methods: tuple[str, ...] = ("GET", "HEAD"),
        log: Log | None = None,
    ) -> None:
        self.answering, self.methods, self.log = answering, methods, log
        self.host = host
        self._open = threading.BoundedSemaphore(CONNECTIONS)
        try:
            if not 0 <= port <= 65_535:
                raise OverflowError("there is no such port")
            family, _, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            self.address_family = family
            super().__init__((str(address[0]), int(address[1])), _Handler)
        except (OSError, OverflowError, UnicodeError) as error:
            raise _cannot_listen(host, port, error) from None

    def server_bind(self) -> None:
        """Without the parent's look-up of a name, which waits for the network."""
        if self.allow_reuse_address:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.host, self.server_address[1]

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host
        host = "::1" if host == "::" else host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    def serves(self, given: str) -> bool:
        """Whether a Host header means this server.

        A page of an attacker whose name is made to lead here still sends that name. The port may
        be another: it may be forwarded. Where every address of the machine is listened to, any is
        right as digits: those cannot be made to lead elsewhere.
        """
        found = _HOST.fullmatch(given)
        if found is None:
            return False
        name = found["name"].strip("[]").lower()
        if name in (*LOOPBACK, self.host.lower()):
            return True
        own = socket.gethostname().lower()
        return not is_bound(self.host) and (_is_address(name) or name == own)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._open.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._open.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none; what else goes wrong is told, and the next served."""
        import logging
        import sys

        if not isinstance(sys.exception(), OSError):
            logging.getLogger(__name__).exception("an answer failed")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server there."""
    if host == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def is_bound(host: str) -> bool:
    """Whether it is one address, and not every one of the machine."""
    return host != "" and not (_is_address(host) and ipaddress.ip_address(host).is_unspecified)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Arriving(io.RawIOBase):
    """The bytes of a client until a deadline, however slowly it drips."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.until = time.monotonic() + REQUEST_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self._arriving = _Arriving(self.connection)
        self.rfile = io.BufferedReader(self._arriving)

    def handle_one_request(self) -> None:
        self._arriving.until = time.monotonic() + REQUEST_S
        try:
            super().handle_one_request()
        except OSError:  # it went away, or stalled
            self.close_connection = True

    def version_string(self) -> str:
        return "relicscan"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # the base class looks for one method for each of HTTP's
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        answer = self._checked()
        try:
            self._send(answer)
        finally:
            if not isinstance(answer.body, bytes):
                answer.body.close()

    def _checked(self) -> Answer:
        # A request that is refused before its body was read leaves the body on the connection.
        coding, lengths = self.headers.get("Transfer-Encoding"), self._all("Content-Length")
        bodiless = self.command in ("GET", "HEAD") and not (coding or lengths)
        self.close_connection |= not bodiless
        hosts = self._all("Host")
        if len(hosts) != 1:
            return refusal(HTTPStatus.BAD_REQUEST, "one Host header is needed")
        if not self.server.serves(hosts[0]):
            return refusal(HTTPStatus.MISDIRECTED_REQUEST, "this server has another name")
        if self.command not in self.server.methods:
            allowed = ", ".join(self.server.methods)
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, Allow=allowed)
        path = decoded_path(self.path)
        if path is None:
            return refusal(HTTPStatus.NOT_FOUND)
        body = b""
        if self.command == "POST":
            if coding or len(lengths) != 1 or not re.fullmatch("[0-9]{1,9}", lengths[0]):
                return refusal(HTTPStatus.LENGTH_REQUIRED)
            if (size := int(lengths[0])) > MAX_BODY:
                return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            body = self.rfile.read(size)
            if len(body) < size:
                return refusal(HTTPStatus.BAD_REQUEST, "the request ended early")
        return self.server.answering(Request(self.command, path, self.headers, body))

    def _all(self, name: str) -> list[str]:
        return [str(value).strip() for value in self.headers.get_all(name, [])]

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(STALL_S)
        self.send_response(answer.status)
        for name, value in {**SECURITY, **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(answer.bytes))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD" or answer.status == HTTPStatus.NOT_MODIFIED:
            return
        if isinstance(answer.body, bytes):
            self.wfile.write(answer.body)
        elif answer.bytes:  # sendfile(2) takes 0 for all there is
            self.connection.sendfile(answer.body, answer.start, answer.bytes)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses (a request line that is none, headers without an end)."""
        self.close_connection = True
        if not hasattr(self, "headers"):
            self.headers = Message()
        self.command = self.command or "GET"
        self._send(refusal(HTTPStatus(code)))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if self.server.log is not None:
            status = code.value if isinstance(code, HTTPStatus) else code
            self.server.log(f"{self.client_address[0]} {self.requestline!r} {status}")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a client's mistakes and its silence are its own."""


def _cannot_listen(host: str, port: int, error: Exception) -> PipelineError:
    reason = getattr(error, "strerror", None) or str(error)
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        reason, remedy = "another program has it", "choose another --port; 0 takes one that is free"
    elif getattr(error, "errno", None) == errno.EACCES:
        remedy = "choose a --port of 1024 or more"
    else:
        remedy = "choose --host 127.0.0.1 and a --port from 0 to 65535"
    return PipelineError(f"nothing can be served at {host} port {port} ({reason})", remedy=remedy)
