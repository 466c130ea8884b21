"""Dask as relicscan uses it: what it is told, what it may say, and whether it is there."""

from __future__ import annotations

import logging

from relicscan.errors import PipelineError

#: Whole megabytes, by which attempts reserve memory on a worker: sums of them are exact.
MEMORY = "RELICSCAN_MEMORY_MB"
SETTINGS = {
    # A task whose worker died comes back to the run, which knows whether to try again.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.comm.require-encryption": True,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    # Variables for numeric libraries; the relics' processes get their own.
    "distributed.nanny.pre-spawn-environ": {},
}


def check_installed() -> None:
    """Raise PipelineError where the extra `cluster` is not installed."""
    try:
        import cryptography  # noqa: F401
        import distributed  # noqa: F401
    except ImportError as error:
        raise PipelineError(
            f"a cluster needs packages that are not installed ({error.name or error})",
            remedy='pip install "relicscan[cluster]"',
        ) from None


def quieten(level: int) -> None:
    """Let Dask log nothing below `level`: it gives several of its loggers a level of their own."""
    import distributed  # noqa: F401  (which sets them up when it is imported)

    for name in [
        name for name in logging.root.manager.loggerDict if name.startswith("distributed")
    ]:
        logging.getLogger(name).setLevel(level)
