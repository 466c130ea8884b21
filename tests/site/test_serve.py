"""A site as browsers and attackers ask for it."""

from __future__ import annotations

import gzip
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import brotli
import pytest

from relicscan.errors import OutputError, PipelineError
from relicscan.site import wire
from relicscan.site.compress import compressed
from relicscan.site.headers import ASK_AGAIN, CONTENT_SECURITY_POLICY, FOR_EVER
from relicscan.site.serve import accepted_encodings, asked_range, site_server
from relicscan.site.wire import Request, Server, decoded_path, is_loopback, refusal
from tests.site.serving import ask, parsed, running, said

PAGE = "<!doctype html><title>Vase — 花瓶</title>".encode() + b"<p>A vase.</p>" * 200
MODEL = bytes(range(256)) * 40
SECRET = b"what lies beside the site is nobody's business"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    (root / "secret.txt").write_bytes(SECRET)
    (root / "site-of-another").mkdir()
    (root / "site-of-another" / "index.html").write_bytes(SECRET)
    site = root / "site"
    files = {
        "index.html": PAGE,
        "404.html": b"<!doctype html><title>Not here</title>",
        "en/index.html": b"<!doctype html><title>Home</title>",
        "en/relics/vase.html": PAGE,
        "assets/0123456789abcdef.glb": MODEL,
        "assets/0123456789abcdef.webp": b"RIFF....WEBP",
        "assets/0123456789abcdef.usdz": b"PK",
        "assets/0123456789abcdef.mp3": b"ID3",
        "assets/0123456789abcdef.js": b"export {}",
        "manifest.webmanifest": b"{}",
        "oembed/en/vase.json": b"{}",
        "empty.txt": b"",
        ".hidden": SECRET,
    }
    for name, content in files.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        for ending, packed in compressed(content, path.suffix).items():
            path.with_name(f"{path.name}.{ending}").write_bytes(packed)
    (site / "pictures").mkdir()
    if os.name == "posix":
        (site / "out.txt").symlink_to(root / "secret.txt")
        (site / "way-out").symlink_to(root)
        (site / "beside").symlink_to(root / "site-of-another")
        (site / "circle").symlink_to("circle")
        (site / "inside.html").symlink_to("en/relics/vase.html")
        os.mkfifo(site / "pipe.html")
    return site


@pytest.fixture(scope="module")
def port(site: Path) -> Iterator[int]:
    with running(site_server(site, port=0)) as port:
        yield port


# What is sent


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        ("/en/relics/vase.html", "text/html; charset=utf-8"),
        ("/assets/0123456789abcdef.glb", "model/gltf-binary"),
        ("/assets/0123456789abcdef.usdz", "model/vnd.usdz+zip"),
        ("/assets/0123456789abcdef.webp", "image/webp"),
        ("/assets/0123456789abcdef.mp3", "audio/mpeg"),
        ("/assets/0123456789abcdef.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/oembed/en/vase.json", "application/json"),
        ("/empty.txt", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_as_it_is_with_its_type(site: Path, port: int, target: str, kind: str) -> None:
    heard = ask(port, target)
    assert (heard.status, heard.headers["content-type"]) == (200, kind)
    assert heard.body == (site / target[1:]).read_bytes()
    assert "content-encoding" not in heard.headers
    assert heard.headers["accept-ranges"] == "bytes"


def test_what_lasts_and_what_is_asked_for_again(port: int) -> None:
    said = {t: ask(port, t).headers for t in ("/", "/assets/0123456789abcdef.glb", "/nowhere")}
    assert [h.get("cache-control") for h in said.values()] == [ASK_AGAIN, FOR_EVER, None]
    assert [h.get("access-control-allow-origin") for h in said.values()] == [None, "*", None]


@pytest.mark.parametrize("target", ["/", "/nowhere", "/../secret.txt", "/en"])
def test_every_answer_has_the_security_headers(port: int, target: str) -> None:
    headers = ask(port, target).headers
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["server"] == "relicscan"
    assert "set-cookie" not in headers


def test_head_says_the_same_without_the_body(port: int) -> None:
    for target in ("/", "/nowhere", "/en"):
        got, headed = ask(port, target), ask(port, target, method="HEAD")
        assert headed.body == b""
        assert headed.status == got.status
        got.headers.pop("date"), headed.headers.pop("date")
        assert headed.headers == got.headers


def test_a_folder_is_its_index_and_has_no_list(port: int) -> None:
    assert ask(port, "/?lang=en").body == PAGE
    assert ask(port, "/en/").body == b"<!doctype html><title>Home</title>"
    moved = ask(port, "/en?from=/x")
    assert (moved.status, moved.headers["location"]) == (301, "en/")  # below any prefix
    for target in ("/pictures", "/pictures/", "/assets/", "/assets"):
        assert ask(port, target).status == 404


def test_what_is_not_there_gets_the_sites_page(port: int) -> None:
    heard = ask(port, "/en/relics/cup.html")
    assert (heard.status, heard.body) == (404, b"<!doctype html><title>Not here</title>")


# Compressed copies


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=1.0, br;q=0", "gzip"),
        ("*", "br"),
        ("*;q=0, gzip", "gzip"),
        ("identity;q=1, *;q=0", None),
        ("br;q=no", None),
        ("brotli", None),
        ("", None),
    ],
)
def test_a_copy_that_is_taken(port: int, accepted: str, encoding: str | None) -> None:
    heard = ask(port, "/en/relics/vase.html", Accept_Encoding=accepted)
    assert heard.headers.get("content-encoding") == encoding
    assert heard.headers["vary"] == "Accept-Encoding"
    assert heard.headers["content-type"] == "text/html; charset=utf-8"
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert unpack(heard.body) == PAGE


def test_copies_have_tags_of_their_own_and_what_has_no_copies_does_not_vary(port: int) -> None:
    tags = {
        ask(port, "/", Accept_Encoding=accepted).headers["etag"]
        for accepted in ("br", "gzip", "identity")
    }
    assert len(tags) == 3
    assert "vary" not in ask(port, "/assets/0123456789abcdef.webp", Accept_Encoding="br").headers


# Has it changed?


def test_what_has_not_changed_is_not_sent_again(port: int) -> None:
    tag = ask(port, "/", Accept_Encoding="br").headers["etag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        heard = ask(port, "/", Accept_Encoding="br", If_None_Match=asked)
        assert (heard.status, heard.body) == (304, b"")
        assert heard.headers["etag"] == tag
        assert heard.headers["cache-control"] == ASK_AGAIN
        assert "content-length" not in heard.headers
    assert ask(port, "/", If_None_Match=tag).status == 200  # that is the tag of another encoding


def test_a_changed_file_has_another_tag(site: Path, port: int) -> None:
    path = site / "changing.txt"
    path.write_bytes(b"one")
    tag = ask(port, "/changing.txt").headers["etag"]
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    heard = ask(port, "/changing.txt", If_None_Match=tag)
    assert (heard.status, heard.body) == (200, b"two")


# Parts


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-", 10_000, 10_240),
        ("bytes=10000-99999999", 10_000, 10_240),
        ("bytes=-40", 10_200, 10_240),
        ("bytes=-99999", 0, 10_240),
    ],
)
def test_a_part_of_a_file(port: int, asked: str, start: int, end: int) -> None:
    heard = ask(port, "/assets/0123456789abcdef.glb", Range=asked, Accept_Encoding="br")
    assert heard.status == 206
    assert heard.body == MODEL[start:end]
    assert heard.headers["content-range"] == f"bytes {start}-{end - 1}/10240"
    assert "content-encoding" not in heard.headers


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=20000-30000", "bytes=-0"])
def test_a_part_that_it_does_not_have(port: int, asked: str) -> None:
    heard = ask(port, "/assets/0123456789abcdef.glb", Range=asked)
    assert (heard.status, heard.headers["content-range"]) == (416, "bytes */10240")


@pytest.mark.parametrize(
    "asked",
    ["bytes=5-1", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=1", "bytes=--1"],
)
def test_what_is_no_single_part_is_the_whole(port: int, asked: str) -> None:
    heard = ask(port, "/assets/0123456789abcdef.glb", Range=asked)
    assert (heard.status, heard.body) == (200, MODEL)


def test_a_part_only_if_it_is_still_the_same(port: int) -> None:
    target = "/assets/0123456789abcdef.glb"
    tag = ask(port, target).headers["etag"]
    assert ask(port, target, Range="bytes=0-9", If_Range=tag).status == 206
    assert ask(port, target, Range="bytes=0-9", If_Range='"older"').body == MODEL


def test_parts_and_weights_as_they_are_written() -> None:
    assert asked_range("bytes=0-9", 0) == (0, 0)
    assert asked_range(f"bytes=0-{'9' * 19}", 10) is None
    assert accepted_encodings("br;q=0.5 , gzip;q=0.001,x;q=2") == {"br": 0.5, "gzip": 0.001}


# Ways out


WAYS_OUT = [
    "/../secret.txt",
    "/en/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2E%2E%2Fsecret.txt",
    "/..%2fsecret.txt",
    "/en/..%2f..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/en\\..\\..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%uff0e%uff0e/secret.txt",
    "/．．/secret.txt",
    "//secret.txt",
    "///etc/passwd",
    "/en//index.html",
    "//evil.example/en",
    "/./index.html",
    "/en/./index.html",
    "/index.html%00.txt",
    "/index.html%0d%0aX-Evil:%201",
    "/C:/secret.txt",
    "/index.html::$DATA",
    "/index.html.",
    "/index.html%20",
    "/.hidden",
    "/en/.hidden",
    "/~root/secret.txt",
    "/" + "a" * 5000,
    "/" + "a/" * 2000,
    "../secret.txt",
    "index.html",
    "*",
    "http://127.0.0.1/index.html",
]


@pytest.mark.parametrize("target", WAYS_OUT, ids=lambda target: repr(target)[:40])
def test_no_way_out_and_no_odd_name(port: int, target: str) -> None:
    heard = ask(port, target)
    assert heard.status in (400, 404)
    assert SECRET not in heard.body
    assert b"root:" not in heard.body
    assert not set(heard.headers) & {"x-evil", "location"}


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize(
    "target",
    [
        *("/out.txt", "/way-out/secret.txt", "/way-out/", "/way-out", "/beside/", "/beside"),
        *("/beside/index.html", "/circle", "/pipe.html"),
    ],
)
def test_links_are_followed_only_within(port: int, target: str) -> None:
    heard = ask(port, target)
    assert heard.status == 404
    assert SECRET not in heard.body


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_within_is_followed(port: int) -> None:
    assert ask(port, "/inside.html").body == PAGE


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_compressed_copy_is_no_way_out(site: Path, port: int) -> None:
    (site / "plain.txt").write_text("plain")
    (site / "plain.txt.br").unlink(missing_ok=True)
    (site / "plain.txt.br").symlink_to(site.parent / "secret.txt")
    heard = ask(port, "/plain.txt", Accept_Encoding="br")
    assert heard.body == b"plain"


@pytest.mark.parametrize("sign", ["%5C", "\\\\", ":", "%3a", "%00", "%0a", "%7f", "%E2%80%AE"])
def test_what_leads_elsewhere_on_some_system_is_no_name_on_any(sign: str) -> None:
    """A backslash leads upwards on Windows, a colon to a drive; the last turns text around."""
    assert decoded_path("/ab") == "ab"
    assert decoded_path(f"/a{sign}b") is None


def test_names_are_decoded_once_and_may_be_in_any_script() -> None:
    assert decoded_path("/en/%E8%8A%B1%E7%93%B6.html?x=../..#y") == "en/花瓶.html"
    assert decoded_path("/a%2Fb") == "a/b"
    assert decoded_path("/") == ""
    assert decoded_path("/a/") == "a/"
    assert decoded_path("/a%25b") == "a%b"


# Who asks, and how


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "127.0.0.2", "[::2]", "a b"],
)
def test_another_name_is_not_served(port: int, host: str) -> None:
    """A page elsewhere whose name was made to lead here must not read the site (DNS rebinding)."""
    heard = ask(port, "/", host=host)
    assert heard.status == 421
    assert PAGE not in heard.body


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:9"])
def test_the_names_of_this_machine_are(port: int, host: str) -> None:
    assert ask(port, "/", host=host).body == PAGE


def test_one_host_and_no_more(port: int) -> None:
    for hosts in ("", "Host: localhost\r\nHost: evil.example\r\n"):
        assert (
            parsed(said(port, f"GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n")).status == 400
        )


def test_the_given_host_is_served_and_any_address_where_all_are_listened_to(site: Path) -> None:
    with site_server(site, host="127.0.0.1", port=0) as one:
        one.host = "scans.museum.example"
        assert one.serves("scans.museum.example:80")
        assert not one.serves("192.168.1.7")
    with site_server(site, host="0.0.0.0", port=0) as every:
        assert every.serves("192.168.1.7:8000")
        assert every.serves("[fe80::1]")
        assert every.serves(socket.gethostname())
        assert not every.serves("evil.example")
        assert every.address == f"http://127.0.0.1:{every.server_port}/"


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        *(("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.9.9.9", True)),
        *(("0.0.0.0", False), ("::", False), ("", False), ("192.168.1.7", False)),
        ("localhost.evil.example", False),
    ],
)
def test_what_is_loopback(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_nothing_but_get_and_head(port: int, method: str) -> None:
    heard = ask(port, "/", method=method)
    assert (heard.status, heard.headers["allow"]) == (405, "GET, HEAD")


def test_a_connection_is_kept(port: int) -> None:
    one = f"GET /empty.txt HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    assert said(port, one + one + last).count(b"HTTP/1.1 200 OK") == 3


def test_a_body_that_nobody_reads_is_no_second_request(port: int) -> None:
    hidden = "GET /secret HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for length in (f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked"):
        raw = said(port, f"GET / HTTP/1.1\r\nHost: localhost\r\n{length}\r\n\r\n{hidden}")
        assert raw.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "text",
    [
        *(
            "NONSENSE\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "\x16\x03\x01\x02\x00\r\n",
        ),
        f"GET /{'a' * 70_000} HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\n" + "".join(f"X-{n}: 1\r\n" for n in range(200)) + "\r\n",
        f"GET / HTTP/1.1\r\nX: {'a' * 70_000}\r\n\r\n",
    ],
    ids=lambda text: text[:12],
)
def test_nonsense_is_answered_and_the_next_is_served(port: int, text: str) -> None:
    try:
        raw = said(port, text)
    except ConnectionError:  # it was closed before all was sent
        raw = b""
    assert SECRET not in raw
    assert b"Traceback" not in raw
    if raw.startswith(b"HTTP/1.1 "):
        assert 400 <= parsed(raw).status < 600
        assert parsed(raw).headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert ask(port, "/").status == 200


def drip(port: int, seconds: float) -> None:
    """Send a header without an end, a byte at a time; OSError when the server has gone."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        connection.settimeout(0.01)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            connection.sendall(b"x")
            with suppress(TimeoutError):
                if connection.recv(1) == b"":
                    raise ConnectionError


def test_who_stalls_or_drips_is_left(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "REQUEST_S", 0.3)
    with running(site_server(site, port=0)) as port:
        assert said(port, "GET / HTTP/1.1\r\nHost: localhost\r\n") == b""  # and then nothing
        with pytest.raises(ConnectionError):
            drip(port, seconds=30)
        assert ask(port, "/").status == 200


def test_too_many_at_once_are_turned_away(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CONNECTIONS", 1)
    with (
        running(site_server(site, port=0)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as first,
    ):
        first.sendall(b"GET /empty.txt HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first.recv(15) == b"HTTP/1.1 200 OK"
        answer = b""
        with suppress(ConnectionError):
            answer = said(port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer == b""


def test_a_defect_in_an_answer_ends_its_connection_alone(caplog: pytest.LogCaptureFixture) -> None:
    def answering(request: Request) -> wire.Answer:
        if request.path == "broken":
            raise ZeroDivisionError
        return refusal(wire.HTTPStatus.OK)

    with running(Server(answering, port=0)) as port:
        assert said(port, "GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
        assert ask(port, "/well").status == 200
    assert "an answer failed" in caplog.text


def test_each_request_is_a_line_of_the_log(site: Path) -> None:
    lines: list[str] = []
    with running(site_server(site, port=0, log=lines.append)) as port:
        ask(port, "/nowhere\x1b[31m")
        ask(port, "/en/")
    assert lines == [
        r"127.0.0.1 'GET /nowhere\x1b[31m HTTP/1.1' 404",
        "127.0.0.1 'GET /en/ HTTP/1.1' 200",
    ]


# What cannot be served


def test_a_folder_that_is_no_site(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"no index\.html") as raised:
        site_server(tmp_path)
    assert "relicscan publish wrote" in str(raised.value.remedy)
    (tmp_path / "index.json").write_text("{}")
    with pytest.raises(OutputError) as raised:
        site_server(tmp_path)
    assert "--pick" in str(raised.value.remedy)


def test_an_address_that_cannot_be_had(site: Path) -> None:
    with site_server(site, port=0) as taken:
        with pytest.raises(PipelineError, match="another program has it") as raised:
            site_server(site, port=taken.server_port)
        assert "--port" in str(raised.value.remedy)
    for host, port in (("127.0.0.1", 99_999), ("127.0.0.1", -1), ("192.0.2.1", 0), ("\0", 0)):
        with pytest.raises(PipelineError, match="nothing can be served at"):
            site_server(site, host=host, port=port)
