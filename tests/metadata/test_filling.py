"""catalogue.csv and defaults.toml at a root fill in what folders leave out, and say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import PipelineError, ScanError
from relicscan.metadata.filling import Filled, combined, read_root
from relicscan.scan_folder import find_relics, identify, read_relic

CLOUD = "x y z\n" + "\n".join(f"{x} {y} {x * y}" for x, y in np.ndindex(4, 4))
BY = "https://creativecommons.org/licenses/by/4.0/"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("bowl", "shelf 2/cup"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.xyz").write_text(CLOUD)
    (tmp_path / "bowl" / "relic.toml").write_text(
        "[object]\ntitle.en = 'Bowl, as its folder says'\n"
    )
    (tmp_path / "catalogue.csv").write_text(
        "folder;title@en;title@de;height\nbowl;Bowl;Schale;3.1 cm\nShelf 2/cup;Cup;Becher;\n",
        encoding="utf-8",
    )
    (tmp_path / "defaults.toml").write_text(
        f"[museum]\nname.en = 'M'\n[scan]\nunit = 'cm'\nup = '+Z'\n[rights]\ndigital = '{BY}'\n"
    )
    return tmp_path


def test_relic_toml_counts_first_then_the_row_then_the_defaults(root: Path) -> None:
    bowl, cup = find_relics([root])
    stated, sources = bowl.stated()
    assert stated["object"]["title"] == {"en": "Bowl, as its folder says", "de": "Schale"}
    assert sources["object.title.en"] == "relic.toml"
    assert sources["object.title.de"] == "catalogue.csv row 2"
    assert sources["rights.digital.uri"] == "defaults.toml"
    stated, sources = cup.stated()
    assert stated["object"]["title"]["en"] == "Cup"
    assert sources["object.title.en"] == "catalogue.csv row 3"


def test_units_and_what_is_up_come_from_the_root_and_say_so(root: Path) -> None:
    cup = find_relics([root])[1]
    relic = read_relic(cup)
    assert (relic.frame.unit, relic.frame.unit_basis) == ("cm", "declared in defaults.toml")
    assert relic.frame.up_basis == "declared in defaults.toml"
    assert identify(cup).metadata["museum"]["name"] == {"en": "M"}


def test_a_row_may_name_its_relic(root: Path) -> None:
    (root / "catalogue.csv").write_text("folder,id\nbowl,bowl-7\nshelf 2/cup,cup-7\n")
    assert [relic.id for relic in find_relics([root])] == ["bowl-7", "cup-7"]
    (root / "bowl" / "relic.toml").write_text("id = 'own'\n")
    assert [relic.id for relic in find_relics([root])] == ["cup-7", "own"]


def test_a_row_may_be_found_by_the_id(root: Path) -> None:
    (root / "catalogue.csv").write_text("id,title@en\nshelf-2-cup,By its id\n")
    cup = find_relics([root])[1]
    assert cup.stated()[0]["object"]["title"]["en"] == "By its id"


def test_a_row_that_is_wrong_rejects_its_relic_alone(root: Path) -> None:
    (root / "catalogue.csv").write_text("folder,edtf\nbowl,530 BC\nshelf 2/cup,1500\n")
    bowl, cup = find_relics([root])
    assert cup.error is None
    assert bowl.error is not None
    assert "row 2" in bowl.error.message
    assert "EDTF" in bowl.error.message


def test_two_rows_for_one_relic_reject_it(root: Path) -> None:
    (root / "catalogue.csv").write_text("folder,title\nbowl,a\nBOWL/,b\n")
    bowl = find_relics([root])[0]
    assert "rows 2, 3 are for one relic" in (bowl.error.message if bowl.error else "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("catalogue.csv", "folder,titel\nbowl,x\n", "titel"),
        ("catalogue.csv", "title\nx\n", "which relic"),
        ("catalogue.csv", "folder,title\nbowl,\xff\n", "UTF-8"),
        ("defaults.toml", "[museum]\nnam.en = 'x'\n", "museum.nam"),
        ("defaults.toml", "id = 'x'\n", "every relic"),
    ],
)
def test_a_root_that_cannot_be_understood_stops_before_the_night(
    root: Path, name: str, text: str, said: str
) -> None:
    (root / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(PipelineError, match=said):
        find_relics([root])


def test_what_does_not_fit_together_is_refused() -> None:
    with pytest.raises(ScanError, match="a unit is given"):
        combined({"capture": {"scale": "unknown"}}, [Filled("d", {"scan": {"unit": "mm"}})])


def test_lists_come_whole_from_the_first_that_has_any() -> None:
    here = [{"id": "a", "position": [0.0, 0.0, 0.0]}]
    there = [{"id": "b", "position": [0.0, 0.0, 0.0]}]
    stated, sources = combined({"hotspot": here}, [Filled("row", {"hotspot": there})])
    assert stated["hotspot"] == here
    assert sources == {"hotspot": "relic.toml"}


def test_a_root_without_either(tmp_path: Path) -> None:
    assert read_root(tmp_path).row_of("x", ["x"]) is None
