"""Sound files of hotspots, delivered byte for byte under names of our own.

A file that is missing, too large or no sound is told and left out: the relic does without.
"""

from __future__ import annotations

from pathlib import Path

from relicscan.durable import write_durably
from relicscan.errors import ScanError, Unreachable, unreadable
from relicscan.formats.references import resolve_reference
from relicscan.metadata.manifest import FileRecord
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.sounds import sound_path
from relicscan.relic import Relic

#: Ten minutes of speech at 128 kbit/s; nobody waits longer before a showcase.
MAX_BYTES = 10_000_000

#: How the files begin: MPEG audio with or without ID3 tags, and MPEG-4 (ISO/IEC 14496-12).
_MP3 = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")


def write_sounds(relic: Relic, scans: Path, folder: Path) -> tuple[list[FileRecord], list[str]]:
    """Copy what the relic's hotspots name in the scan folder `scans` into `folder`/audio.

    What was written, and why others were not. Raises OutputError.
    """
    files, warnings = [], []
    for hotspot in RelicToml.model_validate(relic.metadata).hotspot:
        for tag, given in (hotspot.audio or {}).items():
            try:
                content = read_sound(scans / "relic.toml", given)
            except Unreachable:
                raise
            except ScanError as error:
                warnings.append(f"hotspot {hotspot.id}: {error.message}, so it is silent in {tag}")
                continue
            name = sound_path(hotspot.id, tag, given)
            (folder / "audio").mkdir(exist_ok=True)
            write_durably(folder / name, [content])
            files.append(FileRecord.of(folder, name))
    return files, warnings


def read_sound(named_in: Path, given: str) -> bytes:
    """A sound file that the file `named_in` names beside or below itself.

    Raises ScanError where it is missing, too large, no sound, or leads out of that folder.
    """
    path = resolve_reference(named_in, given)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(error, scan=given) from None
    if len(content) > MAX_BYTES:
        raise ScanError(f"{given!r} has more than {MAX_BYTES:,} bytes")
    is_mp4 = content[4:8] == b"ftyp"
    if not (is_mp4 if given.lower().endswith("m4a") else content.startswith(_MP3)):
        raise ScanError(f"{given!r} is not what its name says")
    return content
