"""How many visitors a site's own web server takes: nginx with the settings that the site brings.

    python -m bench.site_load SITE                       10 s for each address, on this machine
    python -m bench.site_load SITE --seconds 3 --viewers 100000

One worker of nginx serves SITE on loopback over TLS 1.3 (P-256), and wrk asks with two threads for
the home page, a relic's page, a style sheet and the first model, as phones do (Brotli), and for the
home page again with a new connection each time, as every visitor opens one. What counts is the
processor time that nginx takes for an answer, which the kernel tells: requests per second also
depend on wrk, which runs on the same machine. There is no network card in it. Both programs are
Debian's; as root they are installed where they are missing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from relicscan.errors import RelicscanError
from relicscan.site.deploy import nginx_conf
from relicscan.site.estimate import SECONDS, Asked, View, estimate, gbit_per_s

PACKAGES = ("nginx-light", "libnginx-mod-http-brotli-static", "wrk", "openssl")
MODULE = Path("/usr/lib/nginx/modules/ngx_http_brotli_static_module.so")
THREADS, CONNECTIONS = 2, 64
ACCEPTED = "br, gzip"
CONNECTING = "home page, new connections"
#: A server with one such line, which is what is rented.
LINE_GBIT = 10


@dataclass(frozen=True)
class Load:
    """What one address took: figures of wrk, and of nginx's worker."""

    name: str
    body_bytes: int
    header_bytes: int
    requests: int
    seconds: float
    sent_bytes: int
    cpu_s: float
    errors: str

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def gbit_per_s(self) -> float:
        return self.sent_bytes * 8 / self.seconds / 1e9

    @property
    def cpu_per_request_s(self) -> float:
        return self.cpu_s / self.requests


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.site_load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("site", type=Path)
    parser.add_argument("--seconds", type=int, default=10, choices=range(1, 61), metavar="1-60")
    parser.add_argument("--viewers", type=int, default=400_000)
    given = parser.parse_args()
    if missing := what_is_missing():
        print(f"skipped: there is no {missing}; apt-get install {' '.join(PACKAGES)}")
        return 0
    try:
        print(measured(given.site.resolve(), given.seconds, given.viewers))
    except RelicscanError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def measured(site: Path, seconds: int, viewers: int) -> str:
    """The figures of a site as Markdown."""
    found = estimate(site, viewers)
    asked = {"home page": found.home.first[0]}
    view = found.relic or found.home
    asked["relic page"] = view.first[0]
    for ending, name in ((".css", "style sheet"), (".glb", "model `low`")):
        files = [one for one in view.first if one.path.endswith(ending)]
        asked.update({name: files[0]} if files else {})
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="site-load-") as scratch:
        Path(scratch).chmod(0o755)
        with nginx(site, Path(scratch), tls=True) as (port, pid):
            first = _loaded(CONNECTING, asked["home page"], port, pid, seconds, new=True)
            loads = {name: _loaded(name, one, port, pid, seconds) for name, one in asked.items()}
    lines = [
        f"nginx with one worker, wrk with {THREADS} threads and {CONNECTIONS} connections, "
        f"{seconds} s each, on loopback with TLS; {os.cpu_count()} processors, load before "
        f"{load:.1f}.",
        "",
        "| address | bytes (Brotli) | headers | requests/s | Gbit/s | CPU s per 1,000 | errors |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {one.name} | {one.body_bytes:,} | {one.header_bytes:,} | {one.per_second:,.0f} | "
        f"{one.gbit_per_s:.2f} | {1000 * one.cpu_per_request_s:.3f} | {one.errors} |"
        for one in (*loads.values(), first)
    ]
    connecting_s = max(0.0, first.cpu_per_request_s - loads["home page"].cpu_per_request_s)
    views = {"the home page": found.home, "the heaviest relic page": found.relic}
    lines += ["", *(_meaning(v, n, loads, connecting_s, viewers) for n, v in views.items() if v)]
    return "\n".join(lines)


def _meaning(
    view: View, name: str, loads: Mapping[str, Load], connecting_s: float, viewers: int
) -> str:
    """What a view means for the crowd: each of its files costs as the nearest that was measured."""

    def cost(size: int) -> float:
        return min(loads.values(), key=lambda one: abs(one.body_bytes - size)).cpu_per_request_s

    cpu_s = connecting_s + sum(cost(asked.bytes) for asked in view.first)
    header = max(one.header_bytes for one in loads.values())
    gbit = gbit_per_s(round(view.bytes + header * view.requests), viewers)
    share = max(0.0, 1 - LINE_GBIT / gbit)
    return (
        f"- {viewers:,} viewers of {name} within {SECONDS} s: {view.requests} requests and "
        f"{view.bytes:,} bytes each, {view.requests * viewers / SECONDS:,.0f} requests/s, "
        f"{gbit:.1f} Gbit/s with headers; {cpu_s * viewers / SECONDS:.1f} such processors for "
        f"nginx, and a CDN has to take {share:.0%} of the bytes from a line of {LINE_GBIT} Gbit/s."
    )


def _loaded(
    name: str, asked: Asked, port: int, pid: int, seconds: int, *, new: bool = False
) -> Load:
    header = _header_bytes(port, asked.path)
    url = f"https://127.0.0.1:{port}/{quote(asked.path)}"
    command = ["wrk", f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    command += ["-H", "Connection: close"] if new else []
    before, began = cpu_seconds(pid), time.perf_counter()
    done = subprocess.run(
        [*command, "-H", f"Accept-Encoding: {ACCEPTED}", url],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    took, cpu_s = time.perf_counter() - began, cpu_seconds(pid) - before
    requests, sent, errors = figures_of_wrk(done.stdout)
    return Load(name, asked.bytes, header, requests, took, sent, cpu_s, errors)


def _header_bytes(port: int, path: str) -> int:
    """How long the head of an answer is, its first line and the empty one with it."""
    lines = [f"HEAD /{quote(path)} HTTP/1.1", "Host: 127.0.0.1", f"Accept-Encoding: {ACCEPTED}"]
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE  # our own, made just now
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        trusting.wrap_socket(plain) as connection,
    ):
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        head = b"".join(iter(lambda: connection.recv(65536), b""))
    if not head.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"nginx does not serve {path}: {head[:40]!r}")
    return len(head)


def figures_of_wrk(text: str) -> tuple[int, int, str]:
    """Requests, bytes and errors in words, of what wrk prints. Raises SystemExit if it did not."""
    found = re.search(r"(\d+) requests in [\d.]+\w+, ([\d.]+)([KMGT]?)B read", text)
    if found is None:
        raise SystemExit(f"wrk said something else:\n{text}")
    unit = 1024 ** "KMGT".find(found[3]) * 1024 if found[3] else 1
    wrong = [
        part.strip()
        for pattern in (r"Non-2xx or 3xx responses: (.*)", r"Socket errors: (.*)")
        for part in re.findall(pattern, text)
    ]
    return int(found[1]), round(float(found[2]) * unit), "; ".join(wrong) or "none"


def cpu_seconds(pid: int) -> float:
    """Processor seconds of a process and its threads so far (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def what_is_missing() -> str | None:
    """The program that is not there, after an attempt to install it as root."""

    def missing() -> str | None:
        names = [name for name in ("nginx", "wrk", "openssl") if program(name) is None]
        return names[0] if names else None if MODULE.is_file() else PACKAGES[1]

    if missing() and os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in ("update", ("install", "-y", "--no-install-recommends", *PACKAGES)):
            words = (command,) if isinstance(command, str) else command
            subprocess.run(
                ["apt-get", "-q", *words], env=environment, stdout=subprocess.DEVNULL, check=False
            )
    return missing()


def program(name: str) -> str | None:
    """Where a program is; nginx lies where only root looks."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def nginx(site: Path, folder: Path, *, tls: bool = False) -> Iterator[tuple[int, int]]:
    """A nginx of its own, with its files in `folder`, that serves a site: port, worker's pid.

    Raises SystemExit where it does not take its settings.
    """
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = int(listening.getsockname()[1])
    listen = f"127.0.0.1:{port}{' ssl' if tls else ''}"
    (folder / "site.conf").write_text(nginx_conf(root=str(site), listen=[listen]))
    user = "user root;" if os.geteuid() == 0 else ""  # to read what only root may
    kept = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    if tls:
        kept += f"ssl_certificate {folder}/cert.pem;\nssl_certificate_key {folder}/key.pem;\n"
        kept += "ssl_protocols TLSv1.3;\n"
        _certificate(folder)
    (folder / "nginx.conf").write_text(
        f"load_module {MODULE};\n{user}\ndaemon off;\nworker_processes 1;\npid {folder}/pid;\n"
        f"error_log {folder}/error.log;\nevents {{ worker_connections 1024; }}\n"
        f"http {{\ninclude /etc/nginx/mime.types;\naccess_log off;\n{kept}include site.conf;\n}}\n"
    )
    command = [str(program("nginx")), "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    if tested.returncode or "[warn]" in tested.stderr:
        raise SystemExit(f"nginx -t: {tested.stderr}")
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield port, _worker(process.pid, port)
    finally:
        process.terminate()
        process.wait(10)


def _certificate(folder: Path) -> None:
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, *files, "-days", "1", "-subj", "/CN=localhost"],
        check=True,
        capture_output=True,
    )


def _worker(master: int, port: int) -> int:
    for _ in range(500):
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            children = []
        if children:
            return int(children[0])
        time.sleep(0.02)
    raise SystemExit("nginx did not start")


if __name__ == "__main__":
    sys.exit(main())
