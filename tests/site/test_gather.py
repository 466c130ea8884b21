"""Which relics are shown, under which museum, in which languages; and why others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from relicscan.errors import OutputError, ScanError
from relicscan.metadata.exhibition import ExhibitionToml
from relicscan.metadata.manifest import Reason
from relicscan.site.gather import gather
from tests.site.outputs import everything, write_output

REVIEW: dict[str, Any] = {
    "verdict": "review",
    "reasons": (Reason(text="the scale is unknown", remedy="state it"),),
}


def test_museums_tours_and_languages(tmp_path: Path) -> None:
    write_output(
        tmp_path,
        everything("b-cup"),
        everything("a-jar", museum={"name": {"en": "Museum für Ägypten"}}, languages=["de", "en"]),
        everything("c-lid", museum={}, tour=None),
    )
    shown = gather(tmp_path)
    assert [relic.id for relic in shown.relics] == ["a-jar", "b-cup", "c-lid"]
    assert [museum.id for museum in shown.museums] == [
        "museum-fur-agypten",
        "unnamed",
        "xx-000001",
    ]
    assert shown.museum_of["xx-000001"].url == "https://museum.example/"
    # Those that most relics ask for; of these the one that is first in some relic's list.
    assert shown.languages == ("de", "en", "zh-Hans", "fr", "it")
    assert [tour.id for tour in shown.tours] == ["a-jar.around", "b-cup.around"]
    assert [step.hotspot for step in shown.tours[0].steps] == ["handle", "foot", "handle"]
    # The coarsest is for lists; the viewer begins with `low`.
    assert [level.name for level in shown.relics[0].levels] == ["low", "medium", "high"]


@pytest.mark.parametrize(
    ("manifest", "stated", "reason"),
    [
        (REVIEW, {}, "its verdict is review"),
        ({}, {"rights": {}}, "nothing says which rights there are in the digital copy"),
        ({"levels": ()}, {}, "it has no model for the web"),
    ],
)
def test_what_is_left_out_and_why(
    tmp_path: Path, manifest: dict[str, Any], stated: dict[str, Any], reason: str
) -> None:
    write_output(tmp_path, everything("cup"))
    write_output(tmp_path, everything("jar", **stated), **manifest)
    shown = gather(tmp_path)
    assert [relic.id for relic in shown.relics] == ["cup"]
    (left,) = shown.left_out
    assert left.relic == "jar"
    assert reason in left.reason
    assert left.remedy


def test_other_verdicts_are_shown_when_asked_for(tmp_path: Path) -> None:
    write_output(tmp_path, everything("jar"), **REVIEW)
    with pytest.raises(OutputError, match="its verdict is review"):
        gather(tmp_path)
    assert gather(tmp_path, verdicts=("pass", "review")).relics


def test_a_manifest_that_was_changed_is_left_out(tmp_path: Path) -> None:
    write_output(tmp_path, everything("cup"), everything("jar"))
    path = tmp_path / "jar" / "relic.json"
    path.write_bytes(path.read_bytes().replace(b"Painted", b"Forged!"))
    (left,) = gather(tmp_path).left_out
    assert left.relic == "jar"
    assert "not the file that index.json lists" in left.reason


def test_what_exhibition_toml_says(tmp_path: Path) -> None:
    write_output(tmp_path, everything("cup"), everything("jar"))
    write_output(tmp_path, everything("lid"), **REVIEW)
    toml = ExhibitionToml.model_validate(
        {
            "title": "Vessels",
            "languages": ["fr", "en"],
            "museum": [{"id": "XX-000001", "name": {"fr": "Le musée"}, "text": "Old."}],
            "theme": [{"id": "two", "title": "Two", "relics": ["jar", "lid", "cup"]}],
            "tour": [
                {
                    "id": "t",
                    "title": "T",
                    "step": [
                        {"relic": "jar", "hotspot": "foot", "seconds": 90},
                        {"relic": "lid"},
                        {"relic": "cup", "camera": {"position": [1, 0, 0], "target": [0, 0, 0]}},
                    ],
                }
            ],
        }
    )
    shown = gather(tmp_path, toml)
    assert shown.languages == ("fr", "en")
    assert shown.museums[0].name == {"fr": "Le musée"}
    assert [relic.id for relic in shown.themes[0].relics] == ["jar", "cup"]
    tour = shown.tours[0]
    assert [(step.relic.id, step.hotspot, step.seconds) for step in tour.steps] == [
        ("jar", "foot", 90),
        ("cup", None, None),
    ]
    assert any("lid is left out" in remark for remark in shown.remarks)


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ({"theme": [{"id": "a", "title": "A", "relics": ["cupp"]}]}, "names 'cupp'"),
        (
            {"tour": [{"id": "a", "title": "A", "step": [{"relic": "cup", "hotspot": "lip"}]}]},
            "the hotspot 'lip' of cup",
        ),
    ],
)
def test_what_it_names_must_be_there(tmp_path: Path, toml: dict[str, Any], problem: str) -> None:
    write_output(tmp_path, everything("cup"))
    with pytest.raises(ScanError, match=problem) as told:
        gather(tmp_path, ExhibitionToml.model_validate(toml))
    assert told.value.remedy
