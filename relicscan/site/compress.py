"""Files compressed once, at publishing, so that a server only has to hand them out.

Brotli is RFC 7932, gzip RFC 1952; the same content gives the same bytes. Measured on one
processor with brotli 1.2.1, as a share of the bytes and CPU seconds per megabyte:

    what                                      gzip 6         br 5           br 9          br 11
    GLB "low" of the samples, 257 kB each     0.885  0.04    0.878  0.01    0.875  0.12   0.862  1.8
    GLB "high", 666 kB each                   0.850  0.04    0.846  0.02    0.841  0.12   0.819  2.2
    GLB for AR, 2.2 MB each, not encoded      0.745  0.04    0.756  0.02    0.737  0.20
    relic page of 13.6 kB                     0.158  0.01    0.140  0.01    0.139  0.01   0.125  0.6

Pictures are most of a GLB and do not shrink again: quality 5 takes a tenth of the time of 9 for
0.3 % more of `low`, the model that every visitor loads. 10,000 pages take 2 s at quality 9, and
80 s at 11, which would save 190 bytes of each. Scripts and styles are few and every visitor
loads them: 11.

The window is the smallest that holds the content. The library is not told how long a content is,
so with its own window (4 MB) quality 9 clears tables for it: 4.7 ms for a page instead of 0.2.
Both libraries let go of the interpreter: threads work side by side.
"""

from __future__ import annotations

import gzip

#: What shrinks. WebP, MP3 and USDZ (which may not be compressed inside, either) do not.
COMPRESSIBLE = frozenset(
    (".html", ".css", ".js", ".json", ".svg", ".glb", ".webmanifest", ".txt", ".xml")
)
#: Encodings by the ending of the file beside, the better one first.
ENCODINGS = {"br": "br", "gz": "gzip"}

#: Below this an answer is one packet anyway.
_LEAST_BYTES = 1000
#: A copy must save this share to be worth a file.
_LEAST_SAVING = 0.02

#: Quality of Brotli by the ending of a file, where it is not the usual one.
_QUALITY = {".css": 11, ".js": 11, ".glb": 5}
_USUAL = 9
_SMALLEST_WINDOW, _LARGEST_WINDOW = 10, 24  # bits, RFC 7932 section 9.1


def compressed(content: bytes, suffix: str) -> dict[str, bytes]:
    """The content in each encoding that gains by it, by the ending that its file gets: br, gz.

    `suffix` is the file's own, with its dot. Nothing for what is small or does not shrink.
    """
    if suffix.lower() not in COMPRESSIBLE or len(content) < _LEAST_BYTES:
        return {}
    enough = len(content) * (1 - _LEAST_SAVING)
    br = _brotli(content, _QUALITY.get(suffix.lower(), _USUAL))
    if len(br) >= enough:
        return {}
    # Without a time and a name, which would differ from one build to the next.
    gz = gzip.compress(content, 6, mtime=0)
    return {"br": br, "gz": gz} if len(gz) < enough else {"br": br}


def _brotli(content: bytes, quality: int) -> bytes:
    import brotli

    window = max(_SMALLEST_WINDOW, min(len(content).bit_length(), _LARGEST_WINDOW))
    return bytes(brotli.compress(content, quality=quality, lgwin=window))
