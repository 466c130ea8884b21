"""The page says what the manifests say, asks nothing of the outside and believes no text."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from relicscan.metadata.gate_record import GateRecord
from relicscan.metadata.manifest import ArrangementRecord, FileRecord, Reason, relic_manifest
from relicscan.metadata.relic_toml import RelicToml
from relicscan.metadata.units_record import KnownDistanceRecord
from relicscan.quality.report.measured import Measured, Picture
from relicscan.quality.report.numbers import digits, share, size
from relicscan.quality.report.page import MOST_UNFOLDED, relic_page
from relicscan.relic import Relic, SourceFile, Step
from tests.quality.report.conftest import Made, Outline, ball, made_of, run, run_of

Outlined = Callable[[str], Outline]
DOT = Picture(b"RIFF", 1, 1)


def with_metadata(made: Made, metadata: dict[str, Any]) -> str:
    manifest = made.manifest.model_copy(update={"metadata": RelicToml.model_validate(metadata)})
    return relic_page(manifest, run_of(manifest), made.measured)


def test_every_tag_closes_in_order(page: str, outline: Outlined) -> None:
    assert outline(page).faults == []


def test_nothing_is_asked_of_the_outside(page: str, outline: Outlined) -> None:
    found = outline(page)
    for tag, attrs in found.tags:
        for name in ("src", "srcset", "poster", "data", "action", "background"):
            assert (attrs.get(name) or "data:").startswith("data:"), (tag, attrs)
        if "href" in attrs:
            assert tag == "a", "a link is only followed by hand"
    assert not re.search(r"url\(|@import", page)
    assert {"link", "iframe", "object", "form", "base"}.isdisjoint(tag for tag, _ in found.tags)


def test_the_policy_lets_no_script_run_but_ours(page: str, outline: Outlined) -> None:
    policy = next(
        a["content"] for a in outline(page).all("meta")
        if a.get("http-equiv") == "Content-Security-Policy"
    )  # fmt: skip
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert policy is not None
    assert f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"\son[a-z]+=", page), "the policy would stop a handler in an attribute"


def test_headings_are_in_order_and_pictures_are_described(page: str, outline: Outlined) -> None:
    found = outline(page)
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(image.get("alt") for image in found.all("img"))
    named = {attrs.get("id") for _, attrs in found.tags}
    assert {a["aria-labelledby"] for a in found.all("section")} <= named


def test_the_figures_are_those_of_the_manifest(made: Made, page: str, outline: Outlined) -> None:
    text = outline(page).text.replace("\N{NO-BREAK SPACE}", " ")
    assert made.manifest.levels, "there are levels"
    for level in made.manifest.levels:
        assert level.deviation is not None
        assert level.deviation.scan_to_level is not None
        rms = level.deviation.scan_to_level.rms_mm
        assert rms is not None
        for figure in (f"{level.triangles:,}", size(level.bytes), f"{digits(rms)} mm"):
            assert figure.replace("\N{NO-BREAK SPACE}", " ") in text, (level.name, figure)
        assert level.sha256 in text
    assert made.manifest.holes is not None
    filled = share(made.manifest.holes.filled_area_share).replace("\N{NO-BREAK SPACE}", " ")
    assert f"Made up to close holes {filled}" in text
    assert "61.2 s in all on 2 threads" in text


def test_each_stage_stands_with_its_numbers_and_its_time(page: str, outline: Outlined) -> None:
    text = outline(page).text
    row = text[text.index("Remove outliers Remove points that are on no surface") :]
    assert re.search(r"4,505 → 4,\d{3} points; outliers: \d+ 1\.0 s", row[:200]), row[:200]


def test_hostile_texts_are_texts(made: Made, outline: Outlined) -> None:
    evil = '"><script>alert(1)</script><img src=http://evil.example/ onerror=alert(1)>'
    page = with_metadata(
        made,
        {
            "object": {
                "title": {"en": evil, "ar": "إناء"},
                "description": {"en": "</style></section>" + "long" * 20_000},
                "inventory_number": "{{ 7 * 7 }}",
            },
            "museum": {"name": {"he": "</title>מוזיאון"}, "url": "https://museum.example/?a=1&b=2"},
        },
    )
    found = outline(page)
    assert found.faults == []
    assert len(found.all("script")) == 1
    assert evil in found.text
    assert "{{ 7 * 7 }}" in found.text
    assert all(str(image["src"]).startswith("data:") for image in found.all("img"))
    assert "https://museum.example/?a=1&b=2" in [a["href"] for a in found.all("a")]


def test_texts_say_their_language_and_which_way_they_run(made: Made, outline: Outlined) -> None:
    metadata = {
        "object": {"title": {"en": "Cup", "ar": "إناء", "zh-Hans": "杯"}, "material": "clay"}
    }
    spans = [a for a in outline(with_metadata(made, metadata)).all("span") if "dir" in a]
    assert {"lang": "ar", "dir": "auto"} in spans
    assert {"lang": "zh-Hans", "dir": "auto"} in spans
    assert {"dir": "auto"} in spans, "what was said in no language has none"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "ftp://x/"])
def test_only_web_addresses_are_links(address: str) -> None:
    from relicscan.quality.report.curator import web

    assert web(address) is None
    assert web("HTTPS://museum.example/") == "HTTPS://museum.example/"


def test_a_linked_text_says_its_language_and_which_way_it_runs(
    made: Made, outline: Outlined
) -> None:
    museum = {"name": {"he": "מוזיאון"}, "url": "https://museum.example/"}
    first, *_ = outline(with_metadata(made, {"museum": museum})).all("a")
    assert (first["lang"], first["dir"]) == ("he", "auto")


def test_links_tell_the_other_side_nothing(made: Made, outline: Outlined) -> None:
    metadata = {"rights": {"digital": {"uri": "https://creativecommons.org/licenses/by/4.0/"}}}
    links = outline(with_metadata(made, metadata)).all("a")
    assert [a["rel"] for a in links] == ["noopener noreferrer"]


def test_without_a_scale_nothing_is_called_a_millimetre(tmp_path: Path, outline: Outlined) -> None:
    made = made_of(run(ball(unit=None)), tmp_path)
    text = outline(made.page).text
    there = made.manifest.levels[0].deviation
    assert there is not None
    assert there.scan_to_level is not None
    assert there.scan_to_level.rms_mm is None
    assert not re.search(r"\d mm\b", text)
    assert "the scale is unknown, so the longest side counts as 1000 units" in text
    of_diagonal = share(there.scan_to_level.rms_of_diagonal).replace("\N{NO-BREAK SPACE}", " ")
    assert f"{of_diagonal} of the diagonal" in text


def test_a_relic_without_a_model_has_its_reasons_and_what_was_read(outline: Outlined) -> None:
    relic = Relic(
        "lost",
        sources=(SourceFile("a.ply", "scan", 12, "1" * 64),),
        history=(Step("register_scans", {}, undecided="b fits onto a in 2 ways"),),
    )
    files = [FileRecord(path=f"preview/a-{n}.webp", bytes=1, sha256="2" * 64) for n in (1, 2)]
    manifest = relic_manifest(
        relic,
        state="done",
        verdict="review",
        reproducible=False,
        reasons=[Reason(text="b fits onto a in 2 ways", remedy="match three places")],
        files=files,
        arrangements=[
            ArrangementRecord(path=file.path, title=f"way {n}", question=1)
            for n, file in enumerate(files, 1)
        ],
    )
    measured = Measured(scans={"a": DOT}, arrangements={file.path: DOT for file in files})
    found = outline(relic_page(manifest, run_of(manifest), measured))
    assert found.faults == []
    for said in ("To be reviewed", "b fits onto a in 2 ways", "match three places", "1.2 way 2"):
        assert said in found.text
    assert len(found.all("img")) == 3
    assert "How far the model is" not in found.text


@pytest.mark.parametrize("state", ["rejected", "failed", "crashed", "out_of_memory", "timed_out"])
def test_a_relic_of_which_nothing_is_known_has_a_page(state: Any, outline: Outlined) -> None:
    manifest = relic_manifest(
        Relic("lost"),
        state=state,
        verdict=None,
        reproducible=False,
        reasons=[Reason(text="line 3 is cut short", remedy=None)],
    )
    found = outline(relic_page(manifest, run_of(manifest), Measured()))
    assert found.faults == []
    assert "line 3 is cut short" in found.text


def test_gates_distances_and_placements_are_shown(made: Made, outline: Outlined) -> None:
    gate = GateRecord(
        name="max_filled_share", unit="share", figure=0.3, wants="at_most", review=0.25, fail=None,
        verdict="review", reason="30% was filled, over 25%", remedy="scan it", overridden={},
    )  # fmt: skip
    bar = KnownDistanceRecord(
        name="scale bar A", length_mm=100.0, measured=100.25, measured_mm=100.25, residual_mm=0.25
    )
    assert made.manifest.units is not None
    units = made.manifest.units.model_copy(update={"distances": (bar,), "distance_rms_mm": 0.25})
    placed = {
        "placements": [
            {"scan": "a.ply", "confidence": 0.9, "origin": "found", "overlap": 0.4},
            {"scan": "b.ply", "confidence": 0.1, "left_out": "its place is not sure"},
        ],
        "pairs": [{"scans": ["a.ply", "c.ply"], "used": True, "overlap": 0.4}],
    }
    first = made.manifest.steps[0].model_copy(update={"stage": "register_scans", "figures": placed})
    manifest = made.manifest.model_copy(
        update={"gates": (gate,), "units": units, "steps": (first, *made.manifest.steps[1:])}
    )
    text = outline(relic_page(manifest, run_of(manifest), made.measured)).text
    for said in (
        "max_filled_share",
        "30 % over 25 % – review",
        "scale bar A 100 mm 100 mm +0.250 mm",
        "a.ply found by its shape 90 % 40 %",
        "b.ply left out: its place is not sure 10 % –",
    ):
        assert said in text


def test_hundreds_of_warnings_and_scans_are_folded_and_none_is_lost(
    made: Made, outline: Outlined
) -> None:
    placed = [{"scan": f"part {n}", "confidence": 0.9, "origin": "found"} for n in range(100)]
    placed.append({"scan": "stray", "confidence": 0.1, "left_out": "it fits nowhere"})
    step = made.manifest.steps[0].model_copy(
        update={"stage": "register_scans", "figures": {"placements": placed}}
    )
    warnings = tuple(f"warning {n}!" for n in range(300))
    manifest = made.manifest.model_copy(
        update={"warnings": warnings, "steps": (step, *made.manifest.steps[1:])}
    )
    page = relic_page(manifest, run_of(manifest), made.measured)
    found = outline(page)
    assert found.faults == []
    assert all(text in found.texts for text in warnings)
    assert all(f"part {n}" in found.texts for n in range(100))
    unfolded = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    assert len(re.findall(r"warning \d+!", unfolded)) == MOST_UNFOLDED
    assert len(re.findall(r">part \d+<", unfolded)) == MOST_UNFOLDED - 1
    assert "left out: it fits nowhere" in unfolded, "what needs a look is not folded away"


def test_the_page_names_the_manifest_that_it_is_of(made: Made, page: str) -> None:
    from relicscan.metadata.canonical import write_json_atomically

    written = write_json_atomically(made.folder / "relic.json", made.manifest)
    assert f"SHA-256 <code>{written}</code>" in page


def test_what_could_not_be_made_is_said(made: Made, outline: Outlined) -> None:
    measured = Measured(missing=("the deviation map: there was no memory",))
    text = outline(relic_page(made.manifest, run_of(made.manifest), measured)).text
    assert "This report lacks the deviation map: there was no memory" in text
