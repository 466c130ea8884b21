"""LZF, the compression inside `DATA binary_compressed` of PCD.

Stands on Marc Lehmann's description of the LZF stream (liblzf, 2000): a control
byte below 32 announces that many literal bytes and one; any other is a copy
from the output, its length in the upper three bits (7: one more byte), its
distance in the lower five bits and the next byte.
"""

from __future__ import annotations

from relicscan.errors import ScanError
from relicscan.formats._checks import COPY_AGAIN

#: A copy of 264 bytes takes three: no stream grows by more.
MOST_GROWTH = 88


def decompress(data: bytes, size: int) -> bytes:
    """The `size` bytes that `data` stands for. Raises ScanError unless it is exactly that many.

    The tokens depend on each other, so this is a Python loop over them, but one
    that copies slices: a million points with colours (16 MB) take 0.2 to 0.3 s.
    """
    out = bytearray()
    at, end = 0, len(data)
    try:
        while at < end and len(out) <= size:
            control = data[at]
            at += 1
            if control < 32:
                out += data[at : at + control + 1]
                at += control + 1
                continue
            length = control >> 5
            if length == 7:
                length += data[at]
                at += 1
            length += 2
            begin = len(out) - ((control & 31) << 8) - data[at] - 1
            at += 1
            if begin < 0:
                break
            piece = out[begin : begin + length]
            if len(piece) < length:  # the copy overlaps itself: a repeated pattern
                piece = (piece * (length // len(piece) + 1))[:length]
            out += piece
    except IndexError:
        pass
    if at != end or len(out) != size:
        raise ScanError("the compressed data of the file are damaged", remedy=COPY_AGAIN)
    return bytes(out)
