"""A scale that nobody states is never taken for millimetres, whatever other files say."""

from __future__ import annotations

import numpy as np
import pytest

from relicscan.errors import ScanError
from relicscan.metadata.declared import frame_of, with_true_scale, with_units
from relicscan.metadata.relic_toml import RelicToml
from relicscan.relic import Frame, Mesh, PointCloud, Relic, Scan


def scan(name: str, unit: str | None) -> Scan:
    return Scan(name, PointCloud(np.zeros((1, 3))), name, unit=unit, unit_basis="the format")


def test_a_format_that_insists_on_metres_is_not_believed() -> None:
    scans, warnings = with_units([scan("a", "m"), scan("b", "m")], None, scale_unknown=True)
    assert warnings == []
    assert {one.unit for one in scans} == {None}
    frame = frame_of(scans, RelicToml.model_validate({"capture": {"scale": "unknown"}}))
    assert not frame.scale_known
    assert frame.unit_basis == "unknown, as is declared by capture.scale"


def test_scans_in_two_units_cannot_share_an_unknown_scale() -> None:
    with pytest.raises(ScanError, match="several units"):
        with_units([scan("a", "m"), scan("b", None)], None, scale_unknown=True)


def test_clouds_in_frames_of_their_own_may_be_silent_of_their_unit() -> None:
    scans = [scan("a", None), scan("b", "m"), scan("c", "mm")]
    found, warnings = with_units(scans, None)
    assert [one.unit for one in found] == [None, "m", "mm"]
    assert warnings == []
    assert frame_of(found, RelicToml()).unit == "m"
    with pytest.raises(ScanError, match=r"1 of 3 scans state no unit \(a\)"):
        with_units(scans, None, common_frame=True)
    mesh = Scan("d", Mesh(np.eye(3), np.array([[0, 1, 2]], dtype=np.int32)), "d")
    with pytest.raises(ScanError, match="2 of 4 scans state no unit"):
        with_units([*scans, mesh], None)


def test_who_declared_a_unit_is_on_record() -> None:
    (found,), _ = with_units([scan("a", None)], "cm", declared_in="defaults.toml")
    assert found.unit_basis == "declared in defaults.toml"
    _, (warning,) = with_units([scan("a", "m")], "cm", declared_in="defaults.toml")
    assert "defaults.toml was believed" in warning


def test_a_claim_that_the_scale_is_known_is_not_repeated_where_no_unit_is() -> None:
    claimed = {"capture": {"scale": "measured", "scale_basis": {"en": "a bar"}, "device": "d"}}
    relic = with_true_scale(Relic("vase", metadata=claimed))
    assert relic.metadata == {"capture": {"device": "d"}}
    assert "counts as unknown" in relic.warnings[0]
    known = Relic("vase", metadata=claimed, frame=Frame(unit="mm"))
    assert with_true_scale(known) is known
