"""The evidence of a relic that crashed, hung or ran out of memory twice, for whoever looks into it.

    OUT/.relicscan/quarantine/<id>/
      evidence.json   both attempts with their limits and endings, and the machine
      log.txt         what the processes printed, with the stack where they crashed
      job.json        what they were told
      repeat.txt      the command that repeats it alone

Nothing of it is part of the output. It goes when the relic ends otherwise.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from relicscan import threads
from relicscan.batch.budget import available_bytes
from relicscan.batch.job import Job
from relicscan.batch.process import Attempt
from relicscan.metadata.canonical import plain, write_json_atomically
from relicscan.metadata.manifest import versions

#: Variables that decide how native code behaves.
VARIABLES = (*threads.VARIABLES, "RELICSCAN_THREADS", "LD_PRELOAD", "LD_LIBRARY_PATH")


def folder_of(out: Path, relic_id: str) -> Path:
    """Where the evidence of a relic lies, if there is some."""
    return out / ".relicscan" / "quarantine" / relic_id


def keep_evidence(out: Path, attempts: Sequence[Attempt], log: Path) -> None:
    """Keep the evidence of failed attempts to look at. Raises OSError, OutputError."""
    job = attempts[-1].job
    folder = folder_of(out, job.id)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with suppress(FileNotFoundError):
        shutil.copyfile(log, folder / "log.txt")
    alone = replace(job, work=f"{job.id}-alone", cache=None)
    (folder / "job.json").write_text(alone.to_json(), encoding="utf-8")
    (folder / "repeat.txt").write_text(f"{command_alone(job)}\n", encoding="utf-8")
    evidence = {
        "id": job.id,
        "attempts": [attempt.as_data() for attempt in attempts],
        "repeat": command_alone(job),
        "environment": {
            "host": platform.node(),
            "platform": platform.platform(),
            "processors": threads.available(),
            "memory_available_bytes": available_bytes(),
            "python": sys.version,
            "versions": versions(),
            "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        },
        "job": asdict(alone),
    }
    write_json_atomically(folder / "evidence.json", plain(evidence))


def release(out: Path, relic_id: str) -> None:
    """Drop the evidence of a relic that has since ended otherwise."""
    folder = folder_of(out, relic_id)
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()  # only when it is empty


def command_alone(job: Job) -> str:
    """The command that runs the relic alone, under the same limits."""
    scans = [job.folder] if job.whole_folder or job.toml else list(job.files)
    command = ["relicscan", "run", *scans, "-o", f"{job.id}-alone"]
    if job.pipeline is not None:
        command += ["--pipeline", job.pipeline]
    for key, value in job.overrides.items():
        command += ["--set", f"{key}={_toml(value)}"]
    if job.reproducible:
        command.append("--reproducible")
    command += ["--jobs", "1", "--threads", str(job.threads)]
    if job.memory_bytes is not None:
        command += ["--memory", str(job.memory_bytes)]
    if job.time_limit_s is not None:
        command += ["--time-limit", f"{job.time_limit_s:.0f}"]
    return shlex.join(command)


def _toml(value: object) -> str:
    """A value as --set reads it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        import json

        return json.dumps(value)
    return str(value)
