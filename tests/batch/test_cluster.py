"""A cluster of two workers on this machine: the same bytes, whoever is killed; nobody let in.

The cluster is the one that `relicscan cluster up` starts.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from batch.processes import family, is_running, listens_on, wait_for
from cli.commands import in_a_process
from tiny_scans import checked_output, files_below, read_json, sphere, write_cup, write_ply

from relicscan.batch.cluster import certificates, workers
from relicscan.batch.cluster.workers import ClusterWorkers
from relicscan.batch.estimate import Estimate
from relicscan.batch.events import Event
from relicscan.batch.run import run
from relicscan.errors import NoRoom, PipelineError

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="looks at processes as Linux shows them"
)

#: Python imports this before anything else in every process that has its folder on PYTHONPATH:
#: the relic `slow` waits, all its files written, until the file `go` is there.
SITECUSTOMIZE = """
import os, pathlib, sys, time

here = pathlib.Path(__file__).parent
if sys.orig_argv[-1].endswith("slow.job.json"):
    import relicscan.delivery.khronos as khronos
    validate_many = khronos.validate_many

    def wait(*arguments):
        with (here / "began").open("a") as stream:
            stream.write(f"{os.getpid()} {os.getppid()}\\n")
        while not (here / "go").exists():
            time.sleep(0.02)
        return validate_many(*arguments)

    khronos.validate_many = wait
"""
RELICSCAN = (sys.executable, "-m", "relicscan")
CHANGES = ("run.json", "report.html", "lock", ".log", ".relic")


@dataclass(frozen=True)
class Cluster:
    """A cluster that runs: its address, its certificates, its process, and who steers `slow`."""

    address: str
    tls: Path
    process: int
    steer: Path

    @property
    def options(self) -> tuple[str, ...]:
        return ("--cluster", self.address, "--cluster-tls", str(self.tls))

    def relic_and_worker(self) -> tuple[int, int]:
        """The processes of the relic `slow` and of the worker that it runs on, once it waits."""
        began = self.steer / "began"
        wait_for(lambda: began.exists() and began.read_text().endswith("\n"))
        relic, worker = began.read_text().splitlines()[-1].split()
        return int(relic), int(worker)

    def hold(self) -> None:
        for name in ("began", "go"):
            (self.steer / name).unlink(missing_ok=True)

    def let_go(self) -> None:
        (self.steer / "go").touch()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    root = tmp_path_factory.mktemp("cluster")
    (root / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    paths = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": paths, "RELICSCAN_THREADS": "2"}
    command = ["cluster", "up", "--workers", "2", "--memory", "2GB", "--folder", root / "tls"]
    with subprocess.Popen(
        [*RELICSCAN, *command],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:5] == ["relicscan", "run", "SCANS", "-o", "OUT"]
        assert words[7:] == ["--cluster-tls", str(root / "tls")]
        yield Cluster(words[6], root / "tls", process.pid, root)
        members = family(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        wait_for(lambda: not any(map(is_running, members)), seconds=10)


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("museum") / "scans"
    write_cup(root / "slow")
    write_cup(root / "cup")
    write_ply(root / "vase" / "vase.ply", sphere(600))
    return root


@pytest.fixture(scope="module")
def alone(scans: Path, pipeline: str) -> dict[str, bytes]:
    """What a run without a cluster makes of it."""
    out = scans.parent / "alone"
    in_a_process("run", scans, "-o", out, "-p", pipeline, "--reproducible", "-q")
    return contents(out)


def contents(out: Path) -> dict[str, bytes]:
    """Every file of the output that must not change."""
    checked_output(out)
    names = [name for name in files_below(out) if not name.endswith(CHANGES)]
    return {name: (out / name).read_bytes() for name in names}


def start(cluster: Cluster, scans: Path, out: Path, pipeline: str) -> subprocess.Popen[str]:
    options = ("-p", pipeline, "--reproducible", *cluster.options)
    return subprocess.Popen(
        [*RELICSCAN, "run", scans, "-o", out, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# The same as on one machine


def test_the_same_bytes_as_without_a_cluster_and_news_on_the_way(
    cluster: Cluster, scans: Path, alone: dict[str, bytes], pipeline: str, tmp_path: Path
) -> None:
    cluster.let_go()
    events_file = tmp_path / "events.jsonl"
    options = ("--reproducible", "--events", events_file, *cluster.options)
    relative = os.path.relpath(pipeline, scans.parent)
    done = subprocess.run(
        # Paths as a user in a hurry gives them: the workers have other working folders.
        [*RELICSCAN, "run", "scans", "-o", tmp_path / "out", "-p", relative, *options],
        cwd=scans.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert contents(tmp_path / "out") == alone
    events = [json.loads(line) for line in events_file.read_text().splitlines()]
    began = events[0]
    assert (began["event"], began["jobs"], began["memory_bytes"]) == ("run_started", 2, 4 * 10**9)
    assert [e["threads"] for e in events if e["event"] == "relic_started"] == [1, 1, 1]
    assert {e["id"] for e in events if e.get("stage") == "write models"} == {"cup", "slow", "vase"}


# Whoever is killed


def test_a_run_that_is_killed_and_then_a_worker_cost_nothing_but_an_attempt(
    cluster: Cluster, scans: Path, alone: dict[str, bytes], pipeline: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    cluster.hold()
    with start(cluster, scans, out, pipeline) as process:
        relic, worker = cluster.relic_and_worker()
        process.kill()
        process.communicate()
    # Nobody tells the worker: it finds out.
    wait_for(lambda: not is_running(relic))
    assert is_running(worker)
    assert not (out / "slow").exists()

    cluster.hold()
    with start(cluster, scans, out, pipeline) as process:
        relic, worker = cluster.relic_and_worker()
        os.kill(worker, signal.SIGKILL)
        wait_for(lambda: not is_running(relic))
        cluster.let_go()
        _, said = process.communicate()
    assert (process.returncode, "Traceback" in said) == (0, False), said
    assert read_json(out / "slow" / "run.json")["attempts"] == 2
    assert contents(out) == alone


def test_ctrl_c_ends_what_runs_on_the_workers_before_it_returns(
    cluster: Cluster, scans: Path, pipeline: str, tmp_path: Path
) -> None:
    cluster.hold()
    with start(cluster, scans / "slow", tmp_path / "out", pipeline) as process:
        relic, worker = cluster.relic_and_worker()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert not is_running(relic)
    assert is_running(worker)
    assert (process.returncode, "Traceback" in said) == (130, False), said
    assert "the same command goes on" in said
    # Nothing half done is left, not even for the next run to clear away.
    assert not list((tmp_path / "out" / ".relicscan").glob("work-*"))


# What no worker can take


def test_a_relic_larger_than_any_worker_is_refused_at_once(
    cluster: Cluster,
    scans: Path,
    pipeline: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large, small = Estimate(9, 3e9), Estimate(1, 3e8)
    monkeypatch.setattr("relicscan.batch.plan.survey", lambda *_: {"cup": small, "slow": large})
    cluster.let_go()
    events: list[Event] = []
    outcomes = run(
        [scans / "cup", scans / "slow"],
        tmp_path / "out",
        pipeline=pipeline,
        threads=1,
        observe=events.append,
        workers=ClusterWorkers(cluster.address, cluster.tls, settle_s=0.1),
    )
    assert [o.state for o in outcomes] == ["done", "out_of_memory"]
    ((text, remedy),) = outcomes[1].reasons
    assert "it may need 3.0 GB of memory, and no worker of the cluster has more than 2.0" in text
    assert "relicscan cluster worker --memory" in remedy
    assert not outcomes[1].lasting
    ended = [event.id for event in events if event.kind == "relic_ended"]
    assert ended[0] == "slow"


@pytest.mark.parametrize(
    ("name", "other", "says"),
    [
        ("TICKET", "elsewhere", "does not see the output folder (No such file or directory)"),
        ("code_version", lambda: "0" * 64, "is not the one of the run"),
    ],
)
def test_workers_that_cannot_take_part_are_named_and_cost_no_relic_anything(
    cluster: Cluster,
    scans: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    other: object,
    says: str,
) -> None:
    monkeypatch.setattr(workers, name, other)
    with pytest.raises(NoRoom, match="no worker that could take a relic") as caught:
        run(
            scans,
            tmp_path / "out",
            workers=ClusterWorkers(cluster.address, cluster.tls),
        )
    assert caught.value.message.count(says) == 2
    assert checked_output(tmp_path / "out") == {}


# Who is let in


def test_nothing_listens_but_for_this_machine(cluster: Cluster) -> None:
    members = family(cluster.process)
    assert len(members) >= 3
    assert listens_on(members) == {"0100007F"}


def test_certificates_are_for_their_owner_alone(cluster: Cluster) -> None:
    for path in (cluster.tls, *cluster.tls.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert {path.name for path in cluster.tls.iterdir()} == {"ca.pem", "cert.pem", "key.pem"}


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    certificates.make(tmp_path / "tls")
    (tmp_path / "tls" / "key.pem").chmod(0o644)
    with pytest.raises(PipelineError, match="other users of this machine may read the key"):
        certificates.security_of(tmp_path / "tls")


def test_certificates_are_never_written_over(tmp_path: Path) -> None:
    certificates.make(tmp_path / "tls")
    before = (tmp_path / "tls" / "key.pem").read_bytes()
    with pytest.raises(PipelineError, match="cannot be written there"):
        certificates.make(tmp_path / "tls")
    assert (tmp_path / "tls" / "key.pem").read_bytes() == before


def test_without_a_certificate_nobody_is_let_in(cluster: Cluster) -> None:
    host, _, port = cluster.address.removeprefix("tls://").partition(":")
    anybody = ssl.create_default_context(cafile=str(cluster.tls / "ca.pem"))
    anybody.check_hostname = False
    anybody.verify_flags &= ~ssl.VERIFY_X509_STRICT
    with (
        pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"),
        socket.create_connection((host, int(port))) as plain,
        anybody.wrap_socket(plain) as encrypted,
    ):
        encrypted.recv(1)


def test_with_certificates_of_another_cluster_nobody_is_let_in(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "CONNECT_S", 1.0)
    certificates.make(tmp_path / "tls")
    with pytest.raises(PipelineError, match="no cluster that lets us in") as caught:
        ClusterWorkers(cluster.address, tmp_path / "tls")
    assert "certificates in" in (caught.value.remedy or "")


def test_where_certificates_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(certificates.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert certificates.folder_of(None) == tmp_path / "relicscan" / "cluster"
    monkeypatch.setenv(certificates.VARIABLE, "/named")
    assert certificates.folder_of(None) == Path("/named")
    assert certificates.folder_of(Path("given")) == Path("given")


# By hand


def test_a_scheduler_and_a_worker_by_hand(
    scans: Path, alone: dict[str, bytes], pipeline: str, tmp_path: Path
) -> None:
    environment = os.environ | {certificates.VARIABLE: str(tmp_path / "tls")}
    with subprocess.Popen(
        [*RELICSCAN, "cluster", "scheduler", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as scheduler:
        assert scheduler.stdout is not None
        join = scheduler.stdout.readline().split()
        go = scheduler.stdout.readline().split()
        assert (join[:3], go[:3]) == (
            ["relicscan", "cluster", "worker"],
            ["relicscan", "run", "SCANS"],
        )
        with subprocess.Popen(
            [*RELICSCAN, *join[1:], "--jobs", "2", "--memory", "3GB"], env=environment
        ) as worker:
            options = (*go[5:], "-p", pipeline, "--reproducible", "-q")
            variables = {certificates.VARIABLE: str(tmp_path / "tls")}
            in_a_process("run", scans / "cup", "-o", tmp_path / "out", *options, **variables)
            checked_output(tmp_path / "out")
            manifest = (tmp_path / "out" / "cup" / "relic.json").read_bytes()
            assert manifest == alone["cup/relic.json"]
            members = family(worker.pid)
            assert listens_on(members | family(scheduler.pid)) == {"0100007F"}
            scheduler.send_signal(signal.SIGTERM)
            assert (scheduler.wait(), worker.wait()) == (0, 0)
            wait_for(lambda: not any(map(is_running, members)), seconds=10)
