"""Where the sound files of hotspots are in a relic's output: `audio/<hotspot>.<language>.mp3`."""

from __future__ import annotations

from pathlib import PurePosixPath


def sound_path(hotspot_id: str, tag: str, given: str) -> str:
    """The path in the relic's folder of the sound that relic.toml gives a hotspot in a language.

    `given` is its path in the scan folder, of which only the ending stays.
    """
    return f"audio/{hotspot_id}.{tag}{PurePosixPath(given).suffix.lower()}"
