"""The processes of a cluster: its scheduler, and workers set up as relicscan needs them.

Nothing listens without certificates. Dask's own web pages have none, so they are left
out and their server is bound to this machine only. A worker has one slot for each relic
that may run at a time, and its memory as a resource that attempts reserve. Dask itself
limits no memory: the relics' processes have limits of their own.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from relicscan.batch.budget import Budget
from relicscan.batch.cluster.certificates import check_address, security_of
from relicscan.batch.cluster.settings import MEMORY, SETTINGS, quieten
from relicscan.errors import PipelineError

if TYPE_CHECKING:
    from distributed import Nanny, Scheduler, Security

Result = TypeVar("Result")
#: Where the server of Dask's web pages listens: on this machine only, on a port nobody is told.
_HERE = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}


def run_scheduler(host: str, port: int, tls: Path, ready: Callable[[str], None]) -> None:
    """Run a scheduler until it is asked to end; `ready` gets its address. Raises PipelineError."""
    security = security_of(tls)

    async def main() -> None:
        async with await _scheduler(host, port, security) as scheduler:
            ready(scheduler.address)
            await _until_asked(scheduler.finished())

    _run(main())


def run_worker(
    address: str,
    tls: Path,
    budget: Budget,
    *,
    host: str | None,
    port: int,
    ready: Callable[[], None],
) -> bool:
    """Run a worker until it is asked to end, or its scheduler has gone. Raises PipelineError.

    It listens at `host`, by default the address by which this machine reaches the scheduler.
    Returns whether it was asked.
    """
    check_address(address, "the address")
    security = security_of(tls)

    async def main() -> bool:
        from distributed.utils import get_ip

        scheduler = urlsplit(address)
        at = host or get_ip(scheduler.hostname, scheduler.port)
        with tempfile.TemporaryDirectory(prefix="relicscan-") as folder:
            async with await _worker(address, security, budget, folder, at, port) as worker:
                ready()
                return await _until_asked(worker.finished())

    return _run(main())


def run_local(count: int, each: Budget, tls: Path, ready: Callable[[str], None]) -> None:
    """Run a scheduler and `count` workers on this machine, for nobody outside of it."""
    security = security_of(tls)

    async def main() -> None:
        with tempfile.TemporaryDirectory(prefix="relicscan-") as folder:
            async with AsyncExitStack() as stack:
                scheduler = await _scheduler("127.0.0.1", 0, security)
                await stack.enter_async_context(scheduler)
                workers = [
                    await _worker(scheduler.address, security, each, folder, "127.0.0.1", 0)
                    for _ in range(count)
                ]
                await asyncio.gather(*(stack.enter_async_context(worker) for worker in workers))
                ready(scheduler.address)
                await _until_asked(scheduler.finished())

    _run(main())


async def _scheduler(host: str, port: int, security: Security) -> Scheduler:
    from distributed import Scheduler

    return Scheduler(host=host, port=port, protocol="tls", security=security, **_HERE)


async def _worker(
    address: str, security: Security, budget: Budget, folder: str, host: str, port: int
) -> Nanny:
    from distributed import Nanny

    return Nanny(
        address,
        nthreads=budget.jobs,
        memory_limit=0,
        resources={MEMORY: budget.memory_bytes // 10**6},
        security=security,
        host=host,
        worker_port=port,
        local_directory=folder,
        config=SETTINGS,
        silence_logs=logging.ERROR,
        **_HERE,
    )


async def _until_asked(finished: Coroutine[Any, Any, Any]) -> bool:
    """Until Ctrl-C or SIGTERM, which is True, or until `finished` is."""
    asked, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with suppress(NotImplementedError, AttributeError):  # Windows: Ctrl-C cancels us
            if signal.getsignal(getattr(signal, name)) != signal.SIG_IGN:  # nohup wants it so
                loop.add_signal_handler(getattr(signal, name), asked.set)
    ends = [asyncio.ensure_future(finished), asyncio.ensure_future(asked.wait())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in ends:
        end.cancel()
    return asked.is_set()


def _run(main: Coroutine[Any, Any, Result]) -> Result:
    import dask

    quieten(logging.ERROR)
    with dask.config.set(SETTINGS):
        try:
            return asyncio.run(main)
        except (OSError, RuntimeError) as error:
            cause = error.__cause__ or error
            raise PipelineError(
                f"this part of the cluster cannot run ({' '.join(str(cause).split())})",
                remedy="check host and port, that the scheduler runs and can be reached, and that "
                "the certificates are the ones it was started with and not out of date",
            ) from None
