"""catalogue.csv and defaults.toml at a root fill in what folders leave out, and say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from relicscan.errors import PipelineError, ScanError
from relicscan.metadata.filling import Filled, combined, read_root, unused_roots
from relicscan.scan_folder import (
    find_relics,
    identify,
    read_relic,
    rows_of_nothing,
)

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


def test_what_would_not_be_true_of_the_nearer_is_not_filled_in() -> None:
    near = {
        "rights": {"digital": {"uri": BY}},
        "object": {"dating": {"edtf": "1600"}},
        "capture": {"scale": "unknown"},
        "scan": {"up": "+Z"},
    }
    far = {
        "rights": {"digital": {"uri": "https://x.example/nc", "restrictions": {"en": "none"}}},
        "object": {"dating": {"edtf": "-0499", "display": {"en": "500 BC"}}},
        "scan": {"unit": "mm", "up": "+Y", "front": "+Z"},
    }
    stated, sources = combined(near, [Filled("defaults.toml", far)])
    assert stated == near
    assert set(sources.values()) == {"relic.toml"}


def test_what_speaks_of_the_same_is_filled_in() -> None:
    near = {"rights": {"digital": {"uri": BY}}, "object": {"dating": {"edtf": "1600"}}}
    far = {
        "rights": {"digital": {"uri": BY, "holder": {"en": "M"}}},
        "object": {"dating": {"display": {"en": "around 1600"}}},
        "scan": {"up": "+Y", "front": "+Z"},
    }
    stated, sources = combined(near, [Filled("defaults.toml", far)])
    assert stated["rights"]["digital"]["holder"] == {"en": "M"}
    assert stated["object"]["dating"]["display"] == {"en": "around 1600"}
    assert sources["scan.front"] == "defaults.toml"


def test_what_does_not_fit_together_is_refused() -> None:
    near = {"scan": {"unit": "mm"}}
    with pytest.raises(ScanError, match="a unit is given"):
        combined(near, [Filled("d", {"capture": {"scale": "unknown"}})])


def test_rows_of_no_relic_are_told(root: Path) -> None:
    (root / "catalogue.csv").write_text(
        "folder,id,edtf\nbowl,,1500\nbwol,,1500\n,lost,1500\ngone,,530 BC\n,,1500\n"
    )
    name, told = rows_of_nothing(root, find_relics([root]))
    assert name == "catalogue.csv"
    assert len(told) == 4
    assert "row 3 is of no relic here: folder bwol" in told[0]
    assert "row 4 is of no relic here: id lost" in told[1]
    assert "row 5, column edtf" in told[2]
    assert "row 6" in told[3]


def test_lists_come_whole_from_the_first_that_has_any() -> None:
    here = [{"id": "a", "position": [0.0, 0.0, 0.0]}]
    there = [{"id": "b", "position": [0.0, 0.0, 0.0]}]
    stated, sources = combined({"hotspot": here}, [Filled("row", {"hotspot": there})])
    assert stated["hotspot"] == here
    assert sources == {"hotspot": "relic.toml"}


def test_a_root_without_either(tmp_path: Path) -> None:
    assert read_root(tmp_path).row_of("x", ["x"]) is None


def test_an_excel_file_and_a_mapping_do_as_well(root: Path) -> None:
    import openpyxl

    (root / "catalogue.csv").unlink()
    book = openpyxl.Workbook()
    for row in (["Ordner", "Titel", "Bemerkung"], ["bowl", "Schale", "x"]):
        book.active.append(row)
    book.save(root / "catalogue.xlsx")
    (root / "catalogue.mapping.toml").write_text(
        "ignore = ['Bemerkung']\n[columns]\nOrdner = 'folder'\nTitel = 'object.title@de'\n"
    )
    stated, sources = find_relics([root])[0].stated()
    assert stated["object"]["title"]["de"] == "Schale"
    assert sources["object.title.de"] == "catalogue.xlsx row 2"
    (root / "catalogue.csv").write_text("folder,title\nbowl,x\n")
    with pytest.raises(PipelineError, match=r"catalogue\.xlsx"):
        find_relics([root])


def test_a_scan_folder_that_is_given_alone_goes_without_and_that_can_be_told(root: Path) -> None:
    (bowl,) = find_relics([root / "bowl"])
    assert bowl.filled == ()
    assert [path.name for path in unused_roots([root / "bowl"])] == [
        "catalogue.csv",
        "defaults.toml",
    ]
    assert unused_roots([root]) == []
