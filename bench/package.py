"""The whole web package of a scan, as users have it made: by stage, and file by file."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from bench.measured import judged, measured, python, say
from bench.tables_delivery import package


def made(folder: Path, name: str, count: int) -> str:
    """`relicscan run` on the scan `name` of so many points: see `tables_delivery.package`.

    Each model is judged against the true surface. Why it failed, where it did.
    """
    case = folder / name / str(count)
    out, levels = case / "out", case / "levels"
    run = python("relicscan", "run", case / "scan", "-o", out, "--pipeline", "web", "-q")
    run += ["--cache", "0"]
    for word in ("not counted, compiles what is not compiled yet", "begins"):
        shutil.rmtree(out, ignore_errors=True)
        say(f"{name}, {count:,} points: the whole package, {word}")
        took = measured(run, case / "run.log")
        if took.ending and not (out / "scan" / "run.json").is_file():
            return f"`relicscan run` {took.ending}: {took.last_line}\n"
    record, manifest = (
        json.loads((out / "scan" / file).read_text(encoding="utf-8"))
        for file in ("run.json", "relic.json")
    )
    (case / "package.json").write_text(json.dumps(asdict(took)))
    if record["state"] != "done":
        return f"`relicscan run` {record['state']}: {record['reasons'][0]['text']}\n"
    say(f"{name}, {count:,} points: the whole package took {took.wall_s:.1f} s")
    done = measured(python("bench.levels", out / "scan", levels), case / "levels.log")
    if done.ending:
        raise SystemExit(f"bench.levels {done.ending}: {done.last_line}")
    meshes = [levels / file for file in json.loads((levels / "levels.json").read_text())]
    errors = judged(folder / name, count, meshes)
    by_name = dict(zip([mesh.stem for mesh in meshes], errors, strict=True))
    return package(name, count, took, record, manifest, by_name)
