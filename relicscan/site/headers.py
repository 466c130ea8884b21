"""What a site's answers say beside their content: one home for `serve`, `_headers` and nginx.

The policy stands in every page as well, since a host may not let headers be set. What is not
restricted here is meant so: relic pages are shown inside other museums' pages (oEmbed), and models
are read by other viewers (IIIF), so neither framing nor reading from elsewhere is forbidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from relicscan.metadata.exports.media_types import media_type

#: Content Security Policy Level 3. The decoder of compressed meshes is WebAssembly.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "font-src 'self'",
        "connect-src 'self' blob:",
        "media-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)

#: Sent with every answer. Placing a relic in the room needs WebXR, and nothing else of the phone.
SECURITY: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
)

#: Files here are named by their content.
ASSETS = "assets/"
#: RFC 8246: not even asked for again when the page is loaded anew.
FOR_EVER = "public, max-age=31536000, immutable"
#: Pages change under their name. A browser asks each time (and hears 304); a CDN answers for a
#: minute by itself, or all visitors of that minute would come to the origin.
ASK_AGAIN = "public, max-age=0, s-maxage=60, must-revalidate"
#: Other museums' viewers may read models, pictures and oEmbed's answers; there are no cookies.
FOR_EVERYONE: Mapping[str, str] = MappingProxyType({"Access-Control-Allow-Origin": "*"})

_OF_PAGES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".ico": "image/vnd.microsoft.icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".conf": "text/plain; charset=utf-8",
    ".xml": "application/xml",
}
_OF_RELICS = (".glb", ".usdz", ".webp", ".png", ".jpg", ".jpeg", ".mp3", ".m4a", ".json")
#: Media types by the ending of a file's name, of everything that a site may hold.
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    _OF_PAGES | {ending: kind for ending in _OF_RELICS if (kind := media_type(f"a{ending}"))}
)


def media_type_of(path: str) -> str:
    """The Content-Type of a file of a site."""
    return MEDIA_TYPES.get(PurePosixPath(path).suffix.lower(), "application/octet-stream")


def headers_of(path: str) -> dict[str, str]:
    """Content-Type, caching and access of a file by its path in the site, without a first `/`."""
    lasting = path.startswith(ASSETS)
    open_to_all = lasting or path.startswith("oembed/")
    return {
        "Content-Type": media_type_of(path),
        "Cache-Control": FOR_EVER if lasting else ASK_AGAIN,
        **(FOR_EVERYONE if open_to_all else {}),
    }
