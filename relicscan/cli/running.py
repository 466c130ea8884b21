"""What `run` and `watch` share while they run: how they are ended, and who is told of events."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relicscan.batch.events import Event, Observer


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """What a service manager, a scheduler or a closed terminal sends ends a run like Ctrl-C."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP")
    before = {}
    for number in (getattr(signal, name) for name in names if hasattr(signal, name)):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup wants it so
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def recorded(told: Observer, events: Path | None) -> Iterator[Observer]:
    """An observer for `told` and, where asked for, the file of events. Raises OutputError."""
    if events is None:
        yield told
        return
    from relicscan.batch.events import writer
    from relicscan.errors import OutputError

    try:
        stream = events.open("a", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the file of events cannot be written ({error.strerror or error})",
            scan=str(events),
            remedy="choose another file with --events",
        ) from None
    with stream:
        write = writer(stream)

        def observe(event: Event) -> None:
            told(event)
            write(event)

        yield observe
