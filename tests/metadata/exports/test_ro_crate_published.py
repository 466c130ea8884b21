"""RO-Crate by its published validator, offline: every sample passes, what lacks something fails.

roc-validator 0.13 with its profiles ro-crate-1.3, which is ours, and process-run-crate-0.5, the
newest that it has: what 0.6 requires of actions and of the root is worded as in 0.5. How it runs
without a network is in published_crate_checks.py. A validator that cannot load the context skips
its shapes, so what was skipped is asked for too.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import rocrate

from relicscan.metadata.exports import ro_crate
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from tests.metadata.exports.conftest import EVERYTHING, SAMPLES, exported
from tests.metadata.exports.published_crate_checks import block_network

PYTHON = Path(__file__).parents[3] / "build" / "crate-validator" / "bin" / "python"
if not PYTHON.exists():
    pytest.skip("there is no roc-validator: sh tools/setup.sh", allow_module_level=True)

CONTEXT = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
CHECKS = Path(__file__).with_name("published_crate_checks.py")
PUBLISHED = "2026-11-26"
CRATE, PROCESS = "ro-crate-1.3", "process-run-crate-0.5"

#: Checks that ask for the network, or are for crates without files; SHACL is not among them.
SKIPPED = {
    "availability check is disabled or not applicable",
    "availability check is disabled or not requested",
    "detached package context is unavailable",
}


@dataclass(frozen=True)
class Job:
    crate: Path
    profile: str
    severity: str = "REQUIRED"


@dataclass(frozen=True)
class Found:
    """`issues` maps the validator's name of a check to what it says."""

    checks: int
    skipped: set[str]
    issues: dict[str, str]


def crate_in(folder: Path, toml: RelicToml) -> Path:
    relic = replace(exported(folder / "out", toml), published=PUBLISHED)
    ro_crate.write([relic], folder / "crates", None)
    return folder / "crates" / relic.id


def validated(folder: Path, jobs: Sequence[Job], *, seeded: bool = True) -> dict[Job, Found]:
    """What the validator finds, in a process without a network."""
    folder.mkdir(parents=True)
    asked, told = folder / "jobs.json", folder / "found.json"
    said = [{**vars(job), "crate": str(job.crate)} for job in jobs]
    asked.write_text(json.dumps(said), encoding="utf-8")
    command = [PYTHON, CHECKS, asked, told, folder / "cache", *[CONTEXT] * seeded]
    ran = subprocess.run([str(word) for word in command], capture_output=True)
    assert ran.returncode == 0, ran.stderr.decode(errors="replace")
    result = json.loads(told.read_text(encoding="utf-8"))
    assert result["tried"] == []
    found: dict[Job, Found] = {}
    for job, one in zip(jobs, result["results"], strict=True):
        issues = {name: message for _, name, message in one["issues"]}
        assert one["passed"] == (not issues)
        found[job] = Found(one["checks"], set(one["skipped"]), issues)
    return found


# --- that crates pass ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample_crates(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("samples")
    return [
        crate_in(folder, read_relic_toml(path)) for path in sorted(SAMPLES.glob("*/relic.toml"))
    ]


@pytest.fixture(scope="module")
def of_samples(
    sample_crates: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[Job, Found]:
    jobs = [Job(crate, profile) for profile in (CRATE, PROCESS) for crate in sample_crates]
    return validated(tmp_path_factory.mktemp("validated") / "samples", jobs)


def test_every_sample_passes_what_is_required(of_samples: dict[Job, Found]) -> None:
    assert len(of_samples) >= 10
    for job, found in of_samples.items():
        assert found.issues == {}, job
        # What 0.13 has: fewer would be fewer asked than when this was written.
        assert found.checks >= (70 if job.profile == CRATE else 38), job
        assert found.skipped == (SKIPPED if job.profile == CRATE else set()), job


# --- that it refuses -------------------------------------------------------------------------

Break = Callable[[dict[str, Any]], Any]


def _at(document: dict[str, Any], at: str) -> dict[str, Any]:
    return next(entity for entity in document["@graph"] if entity["@id"] == at)


def _incomplete(document: dict[str, Any]) -> None:
    """Three faults in one crate: a validation takes more than a second."""
    root = _at(document, "./")
    del root["datePublished"], root["license"]
    root["hasPart"].append({"@id": "web/none.glb"})
    document["@graph"].append({"@id": "web/none.glb", "@type": "File", "name": "none"})


#: How a crate is broken, by which profile that is found, and the checks that say so.
BROKEN: dict[str, tuple[Break, str, set[str]]] = {
    "incomplete": (
        _incomplete,
        CRATE,
        {"ro-crate-1.2_13.3", "ro-crate-1.2_13.4", "ro-crate-1.2_18.1"},
    ),
    "no-root": (
        lambda d: d["@graph"].remove(_at(d, "./")),
        CRATE,
        {"ro-crate-1.2_14.1", "ro-crate-1.2_24.1"},
    ),
    "step-without-tool": (
        lambda d: _at(d, "#step/1").pop("instrument"),
        PROCESS,
        {"process-run-crate-0.5_1.1"},
    ),
    "capture-as-run": (
        lambda d: _at(d, "#capture").update({"@type": "CreateAction"}),
        PROCESS,
        {"process-run-crate-0.5_1.1"},
    ),
    "no-profile": (
        lambda d: _at(d, "./").pop("conformsTo"),
        PROCESS,
        {"process-run-crate-0.5_2.1"},
    ),
}


def test_what_lacks_something_fails(sample_crates: list[Path], tmp_path: Path) -> None:
    jobs, expected = [], {}
    for how, (breaks, profile, names) in BROKEN.items():
        crate = Path(shutil.copytree(sample_crates[0], tmp_path / how))
        descriptor = crate / ro_crate.DESCRIPTOR
        document = json.loads(descriptor.read_bytes())
        breaks(document)
        descriptor.write_text(json.dumps(document), encoding="utf-8")
        jobs.append(Job(crate, profile))
        expected[how] = names
    found = validated(tmp_path / "validated", jobs)
    assert {job.crate.name: set(one.issues) for job, one in found.items()} == expected
    said = next(one.issues for job, one in found.items() if job.crate.name == "incomplete")
    assert "`license`" in said["ro-crate-1.2_13.3"]
    assert "`datePublished`" in said["ro-crate-1.2_13.4"]
    assert "web/none.glb" in said["ro-crate-1.2_18.1"]


def test_broken_json_fails(sample_crates: list[Path], tmp_path: Path) -> None:
    crate = Path(shutil.copytree(sample_crates[0], tmp_path / "crate"))
    descriptor = crate / ro_crate.DESCRIPTOR
    descriptor.write_bytes(descriptor.read_bytes()[:-3])
    (found,) = validated(tmp_path / "validated", [Job(crate, CRATE)]).values()
    assert "is not valid JSON" in found.issues["ro-crate-1.2_3.1"]


# --- that it asks, and asks nobody else ------------------------------------------------------


def test_without_the_context_nothing_passes(sample_crates: list[Path], tmp_path: Path) -> None:
    jobs = [Job(sample_crates[0], CRATE)]
    (found,) = validated(tmp_path / "validated", jobs, seeded=False).values()
    assert f"{ro_crate.SPECIFICATION}/context" in found.issues["ro-crate-1.3_1.1"]
    assert any("SHACL" in reason for reason in found.skipped)


def test_a_path_at_which_the_shapes_find_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="needs escapes"):
        validated(tmp_path / "validated", [Job(tmp_path / "a b", CRATE)])


def test_a_connection_is_refused_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, getattr(socket.socket, name))
    monkeypatch.setattr(socket, "getaddrinfo", socket.getaddrinfo)
    tried = block_network()
    with pytest.raises(OSError, match="no network"):
        socket.create_connection(("127.0.0.1", 9))
    with socket.socket() as one, pytest.raises(OSError, match="no network"):
        one.connect(("127.0.0.1", 9))
    assert len(tried) == 2


# --- what is only recommended ----------------------------------------------------------------

#: What the validator recommends and a crate of a relic that says everything lacks, and why.
LACKING = {
    "ro-crate-1.2_63.1": "PLY and relic.toml have no media type here",
    "ro-crate-1.2_89.0": "a museum's ROR id is not among what a relic states",
    "ro-crate-1.2_90.1": "nor is whom to ask there",
    "ro-crate-1.2_93.0": "nor is whom to ask there",
    "process-run-crate-0.5_5.1": "there is no page of relicscan yet",
    "process-run-crate-0.5_8.4": "a run's time is in no file that is the same on every machine",
    "process-run-crate-0.5_8.6": "nor is who ran it",
}


@pytest.mark.slow
def test_what_is_recommended_is_there_but_for_what_is_not_known(tmp_path: Path) -> None:
    crate = crate_in(tmp_path, RelicToml.model_validate(EVERYTHING))
    jobs = [Job(crate, profile, "RECOMMENDED") for profile in (CRATE, PROCESS)]
    found = validated(tmp_path / "validated", jobs)
    assert {name for one in found.values() for name in one.issues} == LACKING.keys()
