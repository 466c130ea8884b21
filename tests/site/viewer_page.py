"""A page with nothing but the stage and its buttons, as the exhibition's relic page has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

ROOT = Path(__file__).parents[2]
BUNDLES = ROOT / "relicscan" / "vendor" / "site"
STYLE = ROOT / "relicscan" / "site" / "viewer" / "viewer.css"

#: That of the exhibition's pages.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; font-src 'self'; connect-src 'self' blob:; media-src 'self'; "
    "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'"
)

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".css": "text/css",
    ".glb": "model/gltf-binary",
    ".webp": "image/webp",
}

ACTIONS = (
    "home",
    "light",
    "measure",
    "restored",
    "figure",
    "spots",
    "finest",
    "ar",
    "fullscreen",
    "share",
)

#: In place of the page's own script: leaves the viewer where a test can get at it.
_AT_HAND = """
import { openViewer } from '/bundles/viewer.js';
const island = (id) => JSON.parse(document.getElementById(id).textContent);
const stage = document.getElementById('stage');
window.viewer = openViewer(stage, island('relic'), { texts: island('texts') });
"""

_LAYOUT = """
html, body { margin: 0; height: 100%; background: #f0eeea; color: #23252a; }
body { display: flex; flex-direction: column; }
.stage { flex: 1; min-height: 0; }
.tools { display: flex; gap: 4px; flex-wrap: wrap; padding: 8px; }
.bare > :not(canvas, .poster) { visibility: hidden; }
"""


def page_of(
    relic: dict[str, Any],
    poster: str | None = None,
    texts: dict[str, str] | None = None,
    script: str = "/bundles/relic.js",
) -> str:
    """The page of a relic island; with `script` "/at-hand.js" its viewer is window.viewer."""

    def island(name: str, content: Any) -> str:
        safe = json.dumps(content).replace("<", "\\u003c")
        return f'<script type="application/json" id="{name}">{safe}</script>'

    buttons = "".join(f'<button data-action="{a}">{a}</button>' for a in ACTIONS)
    picture = f'<img class="poster" src="{poster}" alt="">' if poster else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Relic</title>"
        '<meta name=viewport content="width=device-width,initial-scale=1">'
        "<link rel=icon href=data:,><link rel=stylesheet href=/style.css>"
        f'<div class="stage" id="stage" tabindex="0" data-state="poster">{picture}</div>'
        f'<div class="tools">{buttons}<span data-ar-reason></span></div>'
        f"{island('relic', relic)}{island('texts', texts or {})}"
        f'<script type="module" src="{script}" data-viewer="/bundles/viewer.js"></script>'
    )


@contextmanager
def serving(folders: dict[str, Path], pages: dict[str, str]) -> Iterator[str]:
    """Serve files of `folders` below their names, and `pages`, on a free port; its address."""
    roots = {"bundles": BUNDLES, **folders}

    def answer(path: str) -> bytes | None:
        name = path.partition("?")[0].strip("/")
        if name == "style.css":
            return (STYLE.read_text("utf-8") + _LAYOUT).encode()
        if name == "at-hand.js":
            return _AT_HAND.encode()
        if name in pages:
            return pages[name].encode()
        root, _, rest = name.partition("/")
        if root not in roots or ".." in rest:
            return None
        file = roots[root] / rest
        return file.read_bytes() if file.is_file() else None

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = answer(self.path)
            self.send_response(404 if body is None else 200)
            suffix = Path(self.path.partition("?")[0]).suffix or ".html"
            self.send_header("Content-Type", TYPES.get(suffix, "text/plain"))
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
