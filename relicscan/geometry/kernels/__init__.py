"""Loops over points and triangles that NumPy cannot vectorise, compiled by numba.

Modules here are imported where they are used, inside functions: numba takes half a second
to load. Kernels let go of the interpreter and write each item to a place of its own, so
`relicscan.threads.in_blocks` runs them side by side and the result is the same for any
number of threads.

Machine code is kept between runs in the user's cache folder, under a checksum of all
kernels: numba itself looks only at the file of a kernel, not at those it calls.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_KEPT_DAYS = 30


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, or load what an earlier run compiled."""
    return _numba().njit(nogil=True, cache=_CACHE is not None)(function)


@functools.cache
def _numba() -> Any:
    """The module, without SciPy's linear algebra.

    numba loads that with its arrays, in case a loop multiplies matrices, which ours do not:
    0.3 s for each relic.
    """
    import numba

    blas = "scipy.linalg.cython_blas"
    if blas not in sys.modules:
        sys.modules[blas] = None  # type: ignore[assignment]
        try:
            importlib.import_module("numba.np.arraymath")
        finally:
            del sys.modules[blas]
    if _CACHE:  # the variable would come too late where somebody else has imported numba
        numba.config.CACHE_DIR = _CACHE  # type: ignore[attr-defined]
    return numba


def _prepared_cache() -> str | None:
    """The folder for machine code; None where there can be none."""
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return given
    code = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        code.update(path.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "relicscan"
    folder = home / f"kernels-{code.hexdigest()[:12]}"
    try:
        if not folder.exists():
            folder.mkdir(parents=True, mode=0o700)
            for old in home.glob("kernels-*"):
                if old.stat().st_mtime < time.time() - _KEPT_DAYS * 86_400:
                    shutil.rmtree(old, ignore_errors=True)
        (folder / f".{os.getpid()}").touch()
        (folder / f".{os.getpid()}").unlink()
    except (OSError, RuntimeError):  # no home, or a read-only one: compiled anew in each process
        return None
    return str(folder)


_CACHE = _prepared_cache()
