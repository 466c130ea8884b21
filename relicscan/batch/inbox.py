"""What lies in an inbox at this moment: its relics, each with a signature of its files.

A copy is over when nothing changes any more and no name says that it goes on. Nothing else
tells: file servers do not pass on the system's notices, and a time of last change is the
scanner's clock, or that of the machine the file was copied from.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from relicscan.scan_folder import FoundRelic, find_relics

#: What tools add to the name of a file until it is whole: KDE and Firefox (.part), Edge
#: (.partial), Chrome (.crdownload), Opera, Safari (.download), WinSCP (.filepart), qBittorrent,
#: µTorrent and Resilio (.!…), aria2, lftp, and whoever writes to a .tmp first.
_ENDINGS = (
    *(".part", ".partial", ".crdownload", ".opdownload", ".download", ".filepart"),
    *(".!qb", ".!ut", ".!sync", ".aria2", ".lftp-pget-status", ".uploading", ".tmp", ".temp"),
)
#: rsync (.name.aB3xYz and its two folders), ProFTPD and lftp (.in.name), Pure-FTPd, GNOME,
#: Nextcloud (.name.~1a2b), Syncthing.
_UNDER_WAY = re.compile(
    r"\..+\.[A-Za-z0-9]{6}|\.~tmp~|\.rsync-partial|\.in\..+|\.pureftpd-upload\..+"
    r"|\.goutputstream-.+|\..+\.~[0-9a-f]+|~syncthing~.+"
)
#: What file servers and desktops keep beside the files: thumbnails that are made after a copy,
#: what was deleted. It is no reason to wait, and nothing in it is a relic.
_THEIR_OWN = frozenset(
    [
        *("@eadir", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "lost+found"),
        *("system volume information", "__macosx", "thumbs.db", "desktop.ini"),
    ]
)


@dataclass(frozen=True)
class Seen:
    """A relic as it is seen once: two looks with the same signature saw the same files.

    `copying` are the names, relative to its folder, that say that a copy goes on.
    """

    found: FoundRelic
    signature: str
    copying: tuple[str, ...] = ()


def is_being_copied(name: str) -> bool:
    """Whether the name of a file or folder says that it is not whole yet."""
    return name.lower().endswith(_ENDINGS) or _UNDER_WAY.fullmatch(name) is not None


def look(inbox: Path) -> dict[str, Seen]:
    """The relics of an inbox by their ids. Raises OSError where it cannot be read at all."""
    inbox = inbox.absolute()
    os.scandir(inbox).close()
    found = [relic for relic in find_relics([inbox]) if _is_relic(relic, inbox)]
    folders = {relic.folder for relic in found}
    return {relic.id: _seen(relic, inbox, folders - {relic.folder}) for relic in found}


def _is_relic(found: FoundRelic, inbox: Path) -> bool:
    """Not the inbox itself because it is empty, and nothing that lies in a bin."""
    if found.folder == inbox and not found.files and found.toml is None:
        return False
    return not any(part.lower() in _THEIR_OWN for part in found.folder.relative_to(inbox).parts)


def _seen(relic: FoundRelic, inbox: Path, others: Collection[Path]) -> Seen:
    # A whole folder may be copied under such a name, too.
    copying = [part for part in relic.folder.relative_to(inbox).parts if is_being_copied(part)]
    lines = [str(relic.error), str(relic.toml), *map(str, relic.files)]
    for line, name in _below(relic.folder, others):
        if is_being_copied(name.rpartition("/")[2]):
            copying.append(name)
        lines.append(line)
    signature = hashlib.sha256(repr(sorted(lines)).encode()).hexdigest()
    return Seen(relic, signature, tuple(sorted(copying)))


def _below(folder: Path, others: Collection[Path]) -> Iterator[tuple[str, str]]:
    """A line that changes with it and the name of each file below, but those of other relics."""
    waiting = [(folder, "")]
    while waiting:
        here, prefix = waiting.pop()
        try:
            entries = list(os.scandir(here))
        except OSError as error:
            yield f"{prefix} {error.errno}", prefix.rstrip("/")
            continue
        for entry in entries:
            name = f"{prefix}{entry.name}"
            under_way = is_being_copied(entry.name)
            if entry.name.lower() in _THEIR_OWN or (entry.name.startswith(".") and not under_way):
                continue
            if entry.is_dir(follow_symlinks=False) and not under_way:
                path = Path(entry.path)
                if path not in others and not (path / ".relicscan").is_dir():
                    waiting.append((path, f"{name}/"))
                continue
            try:
                status = entry.stat()
            except OSError as error:
                yield f"{name} {error.errno}", name
            else:
                yield f"{name} {status.st_size} {status.st_mtime_ns}", name
