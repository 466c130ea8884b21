"""Relics in time: the year 0 is 1 BC, bands are even, nothing is dated that is not."""

from __future__ import annotations

from pathlib import Path

from relicscan.metadata.dating import Years
from relicscan.site.gather import gather
from relicscan.site.timeline import middle, timeline_of
from tests.site.outputs import everything, write_output


def test_eight_thousand_years(tmp_path: Path) -> None:
    dates = {"a": "-5999", "b": "-0529/-0519", "c": "0000", "d": "1775~", "e": "1998/1999"}
    relics = [everything(one, object__dating={"edtf": date}) for one, date in dates.items()]
    undated = everything("f", object__dating={"display": {"en": "old"}})
    time = timeline_of(gather(write_output(tmp_path, *relics, undated)).relics)
    assert [relic.id for relic in time.undated] == ["f"]
    assert [[relic.id for relic in band.relics] for band in time.bands] == [
        ["a"], ["b"], ["c"], ["d", "e"]
    ]  # fmt: skip
    lengths = {band.last - band.first + 1 for band in time.all}
    assert len(lengths) == 1
    assert all(
        one.last + 1 == other.first for one, other in zip(time.all, time.all[1:], strict=False)
    )
    # The year that is astronomically 0 is in the years before Christ.
    assert any(band.last == 0 for band in time.all)
    for band in time.bands:
        assert all(band.first <= middle(r.years) <= band.last for r in band.relics if r.years)
    assert time.all[-1].x + time.all[-1].width <= 1000.1
    assert max(band.height for band in time.all) <= 120


def test_a_dating_stands_in_its_middle_or_at_the_end_that_is_known() -> None:
    assert middle(Years(-529, -519)) == -524
    assert middle(Years(None, -519)) == -519
    assert middle(Years(1200, None)) == 1200


def test_without_dates_there_is_none(tmp_path: Path) -> None:
    time = timeline_of(gather(write_output(tmp_path, everything("a", object__dating=None))).relics)
    assert time.bands == ()
    assert time.span is None
