"""The texts for web servers say what the server for a look does; nginx and a shell are asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.site_load import MODULE, PACKAGES, figures_of_wrk, nginx, program
from relicscan.site.compress import compressed
from relicscan.site.deploy import deploy_files, headers_file, nginx_conf, object_storage
from relicscan.site.headers import (
    ASK_AGAIN,
    CONTENT_SECURITY_POLICY,
    FOR_EVER,
    MEDIA_TYPES,
    SECURITY,
    headers_of,
    media_type_of,
)
from relicscan.site.serve import site_server
from tests.site.serving import ask, running

PAGE = b"<!doctype html><p>A vase.</p>" * 200

FILES = {
    "index.html": PAGE,
    "404.html": b"<!doctype html><title>Not here</title>",
    "en/index.html": PAGE,
    "assets/0123456789abcdef.glb": bytes(20_000),
    "assets/0123456789abcdef.usdz": b"PK",
    "assets/0123456789abcdef.js": b"export const a = 1;\n" * 200,
    "oembed/en/vase.json": b"{}",
    "manifest.webmanifest": b"{}",
    ".hidden": b"not for visitors",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("deployed")
    for name, content in FILES.items() | {n: t.encode() for n, t in deploy_files().items()}.items():
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        for ending, packed in compressed(content, path.suffix).items():
            path.with_name(f"{path.name}.{ending}").write_bytes(packed)
    return site


# Headers


def test_types_and_caching_by_name() -> None:
    assert headers_of("assets/a.glb") == {
        "Content-Type": "model/gltf-binary",
        "Cache-Control": FOR_EVER,
        "Access-Control-Allow-Origin": "*",
    }
    assert headers_of("en/assets/a.html") == {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": ASK_AGAIN,
    }
    assert headers_of("oembed/en/a.json")["Access-Control-Allow-Origin"] == "*"
    assert media_type_of("A.USDZ") == "model/vnd.usdz+zip"
    assert media_type_of("Makefile") == "application/octet-stream"


def test_the_policy_allows_nothing_from_elsewhere_and_nothing_inline() -> None:
    sources = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))
    assert sources["default-src"] == "'none'"
    used = {word for value in sources.values() for word in value.split()}
    assert used == {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:"}
    assert "frame-ancestors" not in sources  # relic pages are shown in other pages


# _headers


def test_the_file_for_static_hosts_names_each_header_once_for_each_path() -> None:
    rules: dict[str, dict[str, str]] = {}
    for block in headers_file().strip().split("\n\n"):
        path, *lines = block.split("\n")
        assert all(re.fullmatch(r"  [A-Za-z-]+: .+", line) for line in lines)
        assert all(len(line) < 2000 for line in lines)  # Cloudflare's limit
        rules[path] = dict(line.strip().split(": ", 1) for line in lines)
    assert rules["/*"] == dict(SECURITY)
    assert rules["/assets/*"]["Cache-Control"] == FOR_EVER
    assert not set(rules["/*"]) & (set(rules["/assets/*"]) | set(rules["/oembed/*"]))


# nginx


@pytest.fixture(scope="module")
def both(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    if program("nginx") is None or not MODULE.is_file():
        pytest.skip(f"not installed: {' '.join(PACKAGES)}")
    folder = tmp_path_factory.mktemp("nginx")
    with nginx(site, folder) as (theirs, _), running(site_server(site, port=0)) as ours:
        yield theirs, ours


#: What nginx says in its own way.
OWN = ("server", "date", "etag", "connection", "last-modified", "keep-alive", "accept-ranges")


@pytest.mark.parametrize("accepted", ["br, gzip", "gzip", "identity"])
@pytest.mark.parametrize(
    "target",
    [
        *("/", "/en/", "/en/index.html", "/assets/0123456789abcdef.glb"),
        *("/assets/0123456789abcdef.usdz", "/assets/0123456789abcdef.js"),
        *("/oembed/en/vase.json", "/manifest.webmanifest"),
    ],
)
def test_nginx_answers_as_the_server_for_a_look(
    both: tuple[int, int], target: str, accepted: str
) -> None:
    theirs, ours = (ask(port, target, Accept_Encoding=accepted) for port in both)
    assert theirs.status == ours.status == 200
    assert theirs.body == ours.body
    for name in OWN:
        theirs.headers.pop(name, None), ours.headers.pop(name, None)
    assert theirs.headers == ours.headers


def test_what_is_not_there_or_not_for_visitors(both: tuple[int, int]) -> None:
    theirs, _ = both
    for target in ("/nowhere", "/.hidden", "/_headers", "/deploy/nginx.conf", "/assets/0.glb"):
        heard = ask(theirs, target)
        assert (heard.status, heard.body) == (404, FILES["404.html"])
        assert heard.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "cache-control" not in heard.headers  # a wrong name is not wrong for ever


def test_a_part_and_a_question_whether_it_changed(both: tuple[int, int]) -> None:
    theirs, _ = both
    assert ask(theirs, "/assets/0123456789abcdef.glb", Range="bytes=0-9").body == bytes(10)
    tag = ask(theirs, "/assets/0123456789abcdef.glb").headers["etag"]
    heard = ask(theirs, "/assets/0123456789abcdef.glb", If_None_Match=tag)
    assert (heard.status, heard.headers["cache-control"]) == (304, FOR_EVER)


def test_every_type_is_in_the_settings() -> None:
    block = re.search(r"types \{\n(.*?)\}", nginx_conf(), re.DOTALL)
    assert block is not None
    lines = [line.strip().rstrip(";") for line in block[1].strip().splitlines()]
    found = {f".{end}": line.split('"')[1] for line in lines for end in line.split('" ')[1].split()}
    assert found == dict(MEDIA_TYPES)


# Object storage


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
def test_the_upload_sends_each_file_once_with_what_it_needs(site: Path, tmp_path: Path) -> None:
    """The script with a stand-in for the storage's own program, which is not here."""
    script = re.search(r"```sh\n(.*?)```", object_storage(), re.DOTALL)
    assert script is not None
    (tmp_path / "upload.sh").write_text(script[1])
    stand_in = tmp_path / "aws"
    stand_in.write_text('#!/bin/sh\nIFS="|"\necho "$*" >>"$SENT"\n')
    stand_in.chmod(0o755)
    sent = tmp_path / "sent"
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SENT": str(sent)}
    subprocess.run(["sh", str(tmp_path / "upload.sh")], cwd=site, env=environment, check=True)
    rows = [line.split("|") for line in sent.read_text().splitlines()]
    uploads = {}
    for row in rows:
        options = dict(zip(row[5::2], row[6::2], strict=True))
        uploads[row[4].removeprefix("s3://BUCKET/")] = (row[3], options)
    assert len(uploads) == len(rows)
    assert set(uploads) == set(FILES) - {".hidden"}
    for name, (source, options) in uploads.items():
        wanted = headers_of(name)
        assert options["--content-type"] == wanted["Content-Type"]
        assert options["--cache-control"] == wanted["Cache-Control"]
        encoding = options.get("--content-encoding")
        assert source == name + {None: "", "br": ".br", "gzip": ".gz"}[encoding]
    names = list(uploads)
    assert [n for n in names if n.startswith("assets/")] == names[:3]
    chosen = {name: options.get("--content-encoding") for name, (_, options) in uploads.items()}
    assert chosen["en/index.html"] == chosen["assets/0123456789abcdef.js"] == "br"
    assert chosen["assets/0123456789abcdef.glb"] == "gzip"
    assert chosen["assets/0123456789abcdef.usdz"] is None


# The load test


def test_what_wrk_prints() -> None:
    text = "  123456 requests in 10.05s, 1.50GB read\n"
    assert figures_of_wrk(text) == (123_456, round(1.5 * 1024**3), "none")
    text += (
        "  Socket errors: connect 0, read 2, write 0, timeout 1\n  Non-2xx or 3xx responses: 7\n"
    )
    wrong = "7; connect 0, read 2, write 0, timeout 1"
    assert figures_of_wrk(text.replace("1.50GB", "960.00B")) == (123_456, 960, wrong)
    with pytest.raises(SystemExit, match="something else"):
        figures_of_wrk("unable to connect")
