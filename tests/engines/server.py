"""What the browser may reach: pages, engines, lights and models, on this machine alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ENGINES = HERE.parents[1] / "build" / "engines" / "node_modules"

#: What the engines need, and no more: WebAssembly for meshopt and Draco, blobs for the images
#: in a GLB and for Draco's workers, a nonce for three's import map, the hash of one style
#: element of model-viewer's, data: for a look-up table of Galacean's.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-page' 'wasm-unsafe-eval'; "
    "style-src 'self' 'sha256-PXtZZkJMMyc18o/DN1ZEFOJ2qEGq95IQbVaJFMOXOb0='; "
    "connect-src 'self' blob:; img-src 'self' blob: data:; worker-src blob:"
)

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
    ".glb": "model/gltf-binary",
    ".hdr": "image/vnd.radiance",
}


@contextmanager
def serving(models: Path) -> Iterator[str]:
    """Serve pages, engines, lights and models on a free port of this machine; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = answer(self.path.partition("?")[0], models)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", TYPES.get(Path(self.path).suffix, "text/plain"))
            self.send_header("Content-Length", str(len(body or b"")))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def answer(path: str, models: Path) -> bytes | None:
    """The file behind a path of the server; None where there is none."""
    _, kind, *rest = path.split("/")
    if ".." in rest:
        return None
    if kind == "lights":
        return light(rest[-1].removesuffix(".hdr"))
    roots = {"pages": HERE / "pages", "engines": ENGINES, "models": models}
    if kind not in roots or not (file := roots[kind].joinpath(*rest)).is_file():
        return None
    return file.read_bytes()


@cache
def light(name: str) -> bytes:
    """What surrounds the model, as a Radiance picture: white all round, or from one side."""
    height, width = 32, 64
    column, row = np.meshgrid(np.arange(width), np.arange(height))
    white = {
        "even": row >= 0,
        "right": abs(column + 0.5 - width / 2) < width / 4,
        "above": row < height / 2,
    }[name]
    rgbe = np.where(white[..., None], np.array((128, 128, 128, 129)), 0).astype(np.uint8)
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n"
    return head.encode() + rgbe.tobytes()
