"""What a run may take of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from relicscan.batch import budget
from relicscan.batch.budget import Budget, budget_of, parse_bytes
from relicscan.errors import NoRoom, PipelineError


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("8GB", 8_000_000_000),
        ("500 MB", 500_000_000),
        ("1.5GiB", 1_610_612_736),
        ("2g", 2_000_000_000),
        ("12", 12),
        ("0", 0),
    ],
)
def test_amounts_of_bytes(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "8XB", "1e9", "nan", "8 GB 2"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(PipelineError, match="not an amount"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, Budget(4, 4, 2 * 10**9)),
        ({"jobs": 2}, Budget(2, 4, 2 * 10**9)),
        ({"jobs": 9}, Budget(9, 9, 2 * 10**9)),
        ({"threads_per_job": 2}, Budget(2, 4, 2 * 10**9)),
        ({"jobs": 1, "threads_per_job": 1}, Budget(1, 1, 2 * 10**9)),
    ],
)
def test_jobs_and_threads(
    asked: dict[str, int], found: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELICSCAN_THREADS", "4")
    assert budget_of(memory_bytes=2 * 10**9, **asked) == found


def test_too_little_memory_is_told_before_anything_is_run() -> None:
    with pytest.raises(NoRoom, match="500 MB of memory are too little"):
        budget_of(memory_bytes=500_000_000)


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"threads_per_job": -1}])
def test_numbers_that_cannot_be(wrong: dict[str, int]) -> None:
    with pytest.raises(PipelineError, match="1 or more"):
        budget_of(**wrong)


def test_a_containers_limit_counts_where_it_is_tighter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("1000000000\n")
    (tmp_path / "self").write_text("0::/\n")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    8000000 kB\n")
    real = Path

    def elsewhere(path: str) -> Path:
        places = {"/sys/fs/cgroup": "", "/proc/self/cgroup": "self", "/proc/meminfo": "meminfo"}
        return tmp_path / places[path] if path in places else real(path)

    monkeypatch.setattr(budget, "Path", elsewhere)
    assert budget.available_bytes() == 2_000_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert budget.available_bytes() == 8_000_000 * 1024
