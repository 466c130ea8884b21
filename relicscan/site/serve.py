"""A built site for a look, as the web server that it is meant for would serve it.

Compressed copies that lie beside a file are sent to who takes them; parts of a file (RFC 9110,
section 14), questions whether it has changed (section 13), and no folder's list of names. No file
outside the folder is read: see `decoded_path`, and links are followed only to where they stay in.
"""

from __future__ import annotations

import os
import re
from email.message import Message
from http import HTTPStatus
from pathlib import Path
from typing import IO
from urllib.parse import quote

from relicscan.errors import OutputError
from relicscan.metadata.vouched import open_regular
from relicscan.site.compress import ENCODINGS
from relicscan.site.headers import headers_of
from relicscan.site.wire import Answer, Log, Request, Server, refusal

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def site_server(
    site: Path, *, host: str = "127.0.0.1", port: int = 8000, log: Log | None = None
) -> Server:
    """A server of a built site; `serve_forever` runs it, its `address` says where.

    Port 0 takes one that is free. Raises OutputError where the folder is no site, PipelineError
    where the address cannot be had.
    """
    if not (site / "index.html").is_file():
        has_relics = (site / "index.json").is_file()
        raise OutputError(
            "there is no index.html, so this is no site",
            scan=str(site),
            remedy="this is the output folder of a run: relicscan publish makes a site of it, and "
            "--pick shows its relics"
            if has_relics
            else "name the folder that relicscan publish wrote",
        )
    folder = Folder(site)
    return Server(folder.answer, host=host, port=port, log=log)


class Folder:
    """Answers with the files of a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def answer(self, request: Request) -> Answer:
        """The file that a request asks for, or the site's page for what is not there."""
        path = request.path
        if path == "" or path.endswith("/"):
            path += "index.html"
        elif self._within(f"{path}/index.html") is not None:
            # Relative, so that it holds below any prefix.
            place = f"{quote(path.rpartition('/')[2])}/"
            return refusal(HTTPStatus.MOVED_PERMANENTLY, Location=place)
        stream = self._open(path)
        if stream is None:
            return self._missing(request)
        return self._file(path, stream, request.headers)

    def _missing(self, request: Request) -> Answer:
        stream = self._open("404.html")
        if stream is None:
            return refusal(HTTPStatus.NOT_FOUND)
        with stream:
            body = stream.read()
        return Answer(HTTPStatus.NOT_FOUND, {"Content-Type": "text/html; charset=utf-8"}, body)

    def _file(self, path: str, stream: IO[bytes], asked: Message) -> Answer:
        headers = headers_of(path)
        # A part of a file is one of the file itself; players and resumed downloads ask for such.
        part = asked.get("Range")
        accepted = {} if part else accepted_encodings(asked.get("Accept-Encoding", ""))
        for ending, encoding in ENCODINGS.items():
            copy = self._open(f"{path}.{ending}")
            if copy is None:
                continue
            headers["Vary"] = "Accept-Encoding"
            if (
                accepted.get(encoding, accepted.get("*", 0.0)) > 0
                and "Content-Encoding" not in headers
            ):
                headers["Content-Encoding"] = encoding
                stream.close()
                stream = copy
            else:
                copy.close()
        status = os.fstat(stream.fileno())
        size = status.st_size
        tag = f'"{status.st_mtime_ns:x}-{size:x}"'
        headers |= {"ETag": tag, "Accept-Ranges": "bytes"}
        if _matches(asked.get("If-None-Match"), tag):
            stream.close()
            return Answer(HTTPStatus.NOT_MODIFIED, headers)
        if part is None or asked.get("If-Range", tag) != tag:
            return Answer(HTTPStatus.OK, headers, stream, 0, size)
        span = asked_range(part, size)
        if span is None:
            return Answer(HTTPStatus.OK, headers, stream, 0, size)
        start, end = span
        if start >= end:
            stream.close()
            return refusal(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content_Range=f"bytes */{size}"
            )
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return Answer(HTTPStatus.PARTIAL_CONTENT, headers, stream, start, end - start)

    def _open(self, path: str) -> IO[bytes] | None:
        real = self._within(path)
        if real is None:
            return None
        try:
            return open_regular(real)
        except OSError:
            return None

    def _within(self, path: str) -> Path | None:
        """Where a path leads when every link is followed, if that is in the folder."""
        try:
            real = (self.root / path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):  # not there, links in a circle, not a name
            return None
        return real if real.is_relative_to(self.root) else None


def accepted_encodings(header: str) -> dict[str, float]:
    """The weights of an Accept-Encoding header by name (RFC 9110, section 12.5.3)."""
    found = {}
    for one in header.split(","):
        name, _, weight = one.partition(";")
        value = weight.strip().removeprefix("q=").strip()
        if re.fullmatch(r"(0(\.[0-9]{0,3})?|1(\.0{0,3})?)?", value):
            found[name.strip().lower()] = float(value or 1)
    return found


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and end of the one part of a file of `size` bytes that is asked for.

    None where the header is to be ignored: several parts, another unit, or no sense in it. An
    empty part is one that the file does not have.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if first == "":
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1) if last else size


def _matches(header: str | None, tag: str) -> bool:
    """Whether If-None-Match names the file as it is; weak tags count (RFC 9110, section 13.1.2)."""
    if header is None:
        return False
    names = [one.strip().removeprefix("W/") for one in header.split(",")]
    return tag in names or names == ["*"]
