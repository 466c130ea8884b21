"""The Khronos validator as a fixture, or a skip that says what is missing and how to get it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from relicscan.delivery import khronos as validator
from relicscan.delivery.khronos import KhronosReport


@pytest.fixture(scope="session")
def khronos() -> Callable[[list[Path]], list[KhronosReport]]:
    """validate_many, where node and the npm package gltf-validator are there."""
    missing = validator.what_is_missing()
    if missing is not None:
        pytest.skip(f"not validated with the Khronos validator: {missing}")

    def run(paths: list[Path]) -> list[KhronosReport]:
        reports = validator.validate_many(paths)
        assert reports is not None
        return reports

    return run
