"""relic.toml: everything it may say is read, everything else is refused by line."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from limits import within
from pydantic import ValidationError

from relicscan.errors import ScanError
from relicscan.metadata.canonical import canonical_json
from relicscan.metadata.relic_toml import MAX_BYTES, RelicToml, read_relic_toml
from relicscan.metadata.tables import Unit
from relicscan.metadata.toml_outline import outline
from relicscan.metadata.toml_problems import schema_error
from relicscan.units import UNITS

Write = Callable[[str | bytes], Path]
IDENTITY = "[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]"


def refused(path: Path) -> ScanError:
    with pytest.raises(ScanError) as caught:
        read_relic_toml(path)
    error = caught.value
    assert error.scan == "vase/relic.toml"
    assert error.remedy
    assert (error.message + error.remedy).replace("\n", "").isprintable()
    return error


def test_everything(write: Write, everything: str) -> None:
    toml = read_relic_toml(write(everything))
    assert toml.id == "amphora-painted"
    assert toml.object.title == {"en": "Painted amphora", "zh-Hans": "彩绘双耳瓶"}
    assert toml.object.type is not None
    assert toml.object.type.aat == "http://vocab.getty.edu/aat/300148696"
    assert toml.object.maker == {"und": "unknown"}
    assert toml.object.dating is not None
    assert toml.object.dating.edtf == "-0529/-0519"
    assert toml.capture.date == "2026-05-01"
    assert toml.scan.files == ("a.ply", "parts/b.ply")
    assert toml.scan.pose[1].matrix[0] == (0, -1, 0, 0)
    assert (toml.crop.min, toml.crop.max) == ((-1, -2, -3.5), (1, 2, 3.5))
    assert toml.pipeline.set == {
        "voxel_downsample.voxel_size_mm": 0.5,
        "build_levels.ceilings.high": 100_000,
    }
    assert toml.tour[0].steps == ("handle", "foot", "handle")


def test_every_key_is_exercised_here(write: Write, everything: str) -> None:
    """A key added to the schema must be added to the text above."""

    def unset(table: object, path: str = "") -> list[str]:
        if isinstance(table, tuple) and table and hasattr(table[0], "model_fields_set"):
            # What one of them says is said.
            each = [set(unset(one, f"{path}[0]")) for one in table]
            return sorted(set.intersection(*each))
        fields = getattr(type(table), "model_fields", {})
        missing = [f"{path}.{f}" for f in fields if f not in table.model_fields_set]  # type: ignore[attr-defined]
        return missing + [m for f in fields for m in unset(getattr(table, f), f"{path}.{f}")]

    assert unset(read_relic_toml(write(everything))) == []


def test_stated_is_what_was_stated_and_reads_back(write: Write, everything: str) -> None:
    toml = read_relic_toml(write(everything))
    assert RelicToml.model_validate(toml.stated()) == toml
    few = read_relic_toml(write("[object]\ntitle = 'x'\n[museum]\n[crop]\n"))
    assert few.stated() == {"object": {"title": {"und": "x"}}}
    assert RelicToml().stated() == {}


ODD = [
    None, True, 0, -1, 10**400, 0.5, float("nan"), "", " ", "x\x00", "../x", [], [[]],
    [None], [{}], {}, {"a": {}}, {"": ""}, {"en": []}, datetime.date(2026, 5, 1),
    datetime.time(1, 2), ["a"] * 20, [1.0, 2.0, 3.0], [{"id": "a", "position": "b"}],
]  # fmt: skip


def odd_copies(data: Any) -> Iterator[Any]:
    """Copies of the data with one thing in it, at any depth, made into something odd."""
    yield from ODD
    for key, value in data.items() if isinstance(data, dict) else ():
        for odd in odd_copies(value):
            yield {**data, key: odd}
    for i, value in enumerate(data) if isinstance(data, list) else ():
        for odd in odd_copies(value):
            yield [*data[:i], odd, *data[i + 1 :]]


def test_odd_values_anywhere_are_read_or_refused_in_words(everything: str) -> None:
    refusals = 0
    for odd in odd_copies(tomllib.loads(everything)):
        try:
            toml = RelicToml.model_validate(odd)
        except ValidationError as error:
            said = schema_error(error, RelicToml, outline(""), "vase/relic.toml")
            assert str(said).replace("\n", "").isprintable()
            refusals += 1
        else:
            assert RelicToml.model_validate(toml.stated()).stated() == toml.stated()
            canonical_json(toml)
    assert refusals > 1500


def test_the_units_are_those_of_the_one_table() -> None:
    assert get_args(get_args(Unit)[0]) == tuple(UNITS)


def test_an_empty_file_states_nothing(write: Write) -> None:
    assert read_relic_toml(write("")) == RelicToml()


def test_encodings(write: Write) -> None:
    text = "id = 'a'\r\n[object]\r\ntitle.zh = '彩绘瓶'\r\n"
    assert read_relic_toml(write(b"\xef\xbb\xbf" + text.encode())).object.title == {"zh": "彩绘瓶"}
    assert "line 3: the file is not UTF-8" in refused(write(text.encode("gb18030"))).message
    assert "UTF-8" in (refused(write(text.encode("utf-16"))).remedy or "")


def test_frozen(write: Write) -> None:
    toml = read_relic_toml(write("id = 'a'"))
    with pytest.raises(ValidationError):
        toml.id = "b"  # type: ignore[misc]


def test_short_type_is_a_concept_or_a_name(write: Write) -> None:
    uri = "http://vocab.getty.edu/aat/300148696"
    assert read_relic_toml(write(f"object.type = '{uri}'")).stated()["object"]["type"] == {
        "aat": uri
    }
    assert read_relic_toml(write("object.type = 'vase'")).stated()["object"]["type"] == {
        "label": {"und": "vase"}
    }


@pytest.mark.parametrize(
    ("text", "line", "says", "remedy"),
    [
        ("id = 'Große Vase'", 1, "cannot be an id", "grosse-vase"),
        ("\n[object]\ntitel.en = 'x'", 3, "no key object.titel", "did you mean 'title'"),
        ("title.en = 'x'", 1, "no key title", "[object]"),
        ("[object]\nunit = 'mm'", 2, "no key object.unit", "[scan]"),
        ("[object]\ntitle.en = ''", 2, "object.title.en", "quotes"),
        ("[object]\ntitle.iw = 'x'\n\ntitle.he = 'y'", 4, "as iw and as he", "keep one"),
        ("[object]\ntitle.he = 'x'\n\ntitle.iw = 'y'", 4, "as he and as iw", "keep one"),
        ("\nlanguages = ['iw', 'de', 'he']", 2, "as iw and as he", "keep one"),
        (
            "[[hotspot]]\nid = 'a'\nposition = [0, 0, 0]\naudio.en = 'a.mp3'\naudio.iw = 'a.exe'",
            5, "no sound file", "use one of",
        ),
        ("[object]\n\ntitle.zh_Hans = 'x'", 3, "'zh_Hans' is not a language tag", "zh-Hans"),
        ("[object]\ntitle.en = 'x'\ntitle.EN = 'y'", 3, "stands twice", "keep one"),
        ("[object]\ninventory_number = 12", 2, "is not a text", "quotes"),
        ("[object]\ndating.edtf = '530 BC'", 2, "not a date in EDTF", "-0529/-0519"),
        ("[object]\nrepresents = 'ruin'", 2, "'ruin' is not possible", "'restoration'"),
        ("[rights]\ndigital = 'CC0'", 2, "not a web address", "creativecommons.org"),
        ("[rights]\ndigital = 'javascript:alert(1)'", 2, "not a web address", "https://"),
        ("[scan]\nunit = 'inches'", 2, "not one of the units", 'write "in"'),
        ("[scan]\nunit = 'parsec'", 2, "not one of the units", "us-ft"),
        ("[scan]\nunit = 1", 2, "scan.unit = 1 is not possible", "'mm'"),
        ("[scan]\nup = 'Z'", 2, "scan.up = 'Z' is not possible", "'+Z'"),
        ("[scan]\nup = '+Z'\nfront = '-Z'", 3, "lie on one line", "other two"),
        ("[scan]\nfiles = ['a.ply',\n'../b.ply']", 2, "leads out", "inside the scan folder"),
        ("[scan]\nfiles = ['/etc/passwd']", 2, "leads out", "inside"),
        ("[scan]\nfiles = ['C:/a.ply']", 2, "leads out", "inside"),
        ("[scan]\nfiles = ['a\\b.ply']", 2, "backslash", "'/'"),
        ("[scan]\nfiles = ['a//b.ply']", 2, "not the path of a file", "front.ply"),
        ("[scan]\nfiles = ['./a.ply']", 2, "not the path of a file", "front.ply"),
        ("[scan]\nfiles = ['a.ply', 'a.ply']", 2, "twice", "once"),
        ("[scan]\nfiles = []", 2, "list is empty", "at least one"),
        ("[scan]\npose = 3", 2, "is not a list", "brackets"),
        ("[[scan.pose]]\nfile = 'a.ply'", 1, "scan.pose 1.matrix is missing", "matrix = "),
        ("[crop]\nmin = [0, 0, 0]", 2, "both corners", "min and max"),
        ("[crop]\nmin = [0, 0, 0]\nmax = [1, 0, 1]", 3, "is empty", "smaller"),
        ("[crop]\nmin = [0, 0]\nmax = [1, 1, 1]", 2, "too few numbers", ""),
        ("[crop]\nmin = [0, 0, 0, 0]\nmax = [1, 1, 1]", 2, "4 entries", "give 3"),
        ("[crop]\nmin = [0, nan, 0]\nmax = [1, 1, 1]", 2, "not a finite number", "ordinary"),
        ("[crop]\nmin = [0, true, 0]\nmax = [1, 1, 1]", 2, "not a number", "without quotes"),
        ("[crop]\nmin = [0, '1', 0]\nmax = [1, 1, 1]", 2, "not a number", "without quotes"),
        (f"[crop]\nmin = [1{'0' * 400}, 0, 0]\nmax = [1, 1, 1]", 2, "(int)", "number"),
        ("[pipeline]\nset.decimate = 3", 2, "which parameter", "stage.parameter"),
        ("[pipeline]\nset.\"a b.c\" = 3", 2, "which parameter", "stage.parameter"),
        ("[pipeline]\nset.'a.b' = 1\nset.a.b = 2", 3, "set twice", "keep one"),
        ("[pipeline]\nset.'a.b' = nan", 2, "not a value", "finite number"),
        ("[[hotspot]]\nid = 'a'", 1, "hotspot 1.position is missing", "position = "),
        ("[[hotspot]]\nid = 'a b'\nposition = [0, 0, 0]", 2, "not a name", "handle-left"),
        (
            "[[hotspot]]\nposition = [0, 0, 0]\nid = 'a'\n[[hotspot]]\nid = 'a'\nposition=[0,0,0]",
            5, "two hotspots have the id 'a'", "of its own",
        ),
        (
            "[[hotspot]]\nid = 'a'\nposition = [0, 0, 0]\nnormal = [0, 0, 0.0]",
            4, "length 0", "faces",
        ),
        (
            "[[hotspot]]\nid = 'foot'\nposition = [0, 0, 0]\n[[tour]]\nid = 't'\nsteps = ['fot']",
            6, "'fot', which is no hotspot", "did you mean 'foot'",
        ),
        ("[[tour]]\nid = 't'\nsteps = ['a']", 3, "no hotspot", "there are none"),
        ("object = 3", 1, "object = 3 is not a table", "key = value"),
        ("'\\u001b[31m' = 1", 1, "no key", "the keys here are"),
        ("[scan]\nunit = \"\\u001b[31m\\u202e\"", 2, "\\x1b[31m\\u202e", "mm"),
    ],
)  # fmt: skip
def test_one_mistake(write: Write, text: str, line: int, says: str, remedy: str) -> None:
    error = refused(write(text))
    assert error.message.startswith(f"line {line}: ")
    assert says in error.message
    assert remedy in (error.remedy or "")


@pytest.mark.parametrize(
    ("matrix", "says", "remedy"),
    [
        ("[[1,0,0,0],[0,1,0,0],[0,0,1,0],[5,6,7,1]]", "last row", "column by column"),
        ("[[1,0,0,1],[0,1,0,0],[0,0,1,0],[0,0,0,2]]", "last row", "row by row"),
        ("[[1000,0,0,0],[0,1000,0,0],[0,0,1000,0],[0,0,0,1]]", "scales", "unit"),
        ("[[1.001,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]", "scales", "unit"),
        ("[[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,1]]", "scales", "unit"),
        ("[[1,0,0,0],[0.6,0.8,0,0],[0,0,1,0],[0,0,0,1]]", "right angles", "again"),
        ("[[1,0,0,0],[0,1,0,0],[0,0,-1,0],[0,0,0,1]]", "mirrors", "right-handed"),
        ("[[1,0,0],[0,1,0],[0,0,1]]", "too few numbers", ""),
    ],
)
def test_matrices_that_are_not_rigid(write: Write, matrix: str, says: str, remedy: str) -> None:
    error = refused(write(f"[[scan.pose]]\nfile = 'a.ply'\nmatrix = {matrix}"))
    assert says in error.message
    assert remedy in str(error)


def test_a_pose_with_five_decimals_is_rigid(write: Write) -> None:
    # 0.57735 three times: a turn of 120 degrees about (1, 1, 1), composed with one of 30 about z.
    matrix = (
        "[[0.00000, 0.00000, 1.00000, 812.5],[0.86603, -0.50000, 0.00000, -3.25],"
        "[0.50000, 0.86603, 0.00000, 40.0],[0, 0, 0, 1]]"
    )
    toml = read_relic_toml(write(f"[[scan.pose]]\nfile = 'a.ply'\nmatrix = {matrix}"))
    assert toml.scan.pose[0].matrix[0][3] == 812.5


def test_poses_name_files_of_the_relic_once(write: Write) -> None:
    pose = f"[[scan.pose]]\nfile = 'a.ply'\nmatrix = {IDENTITY}\n"
    assert "line 5: scan.pose 2.file: 'a.ply' has two poses" in refused(write(pose * 2)).message
    error = refused(write(f"[scan]\nfiles = ['b.ply']\n{pose}"))
    assert "line 4: scan.pose 1.file: 'a.ply' has a pose but is not among" in error.message


def test_all_mistakes_at_once_in_order(write: Write) -> None:
    text = "id = ''\n[scan]\nup = 'Z'\nunits = 'mm'\n[object]\ntitle = 3\n"
    error = refused(write(text))
    lines = error.message.splitlines()
    assert lines[0] == "4 mistakes"
    assert [line.split(":")[0] for line in lines[1:]] == [
        "  line 1",
        "  line 3",
        "  line 4",
        "  line 6",
    ]


def test_very_many_mistakes_are_counted(write: Write) -> None:
    text = "".join(f"key{i} = {i}\n" for i in range(60_000))
    message = refused(write(text)).message
    assert message.startswith("60000 mistakes\n  line 1: ")
    assert message.endswith("and 59990 more")


def test_very_long_lists_are_read_and_checked(write: Write) -> None:
    # Comparing each with each would be 10,000,000,000 comparisons.
    names = ", ".join(f"'{i}'" for i in range(100_000))
    toml = read_relic_toml(write(f"[scan]\nfiles = [{names}]"))
    assert toml.scan.files is not None
    assert len(toml.scan.files) == 100_000
    assert "'7' stands twice" in refused(write(f"[scan]\nfiles = [{names}, '7']")).message


@pytest.mark.parametrize(
    ("text", "says", "remedy"),
    [
        ("[scan]\nunit = mm", "line 2: this is not TOML", "texts in quotes"),
        ("a = 'x", "this is not TOML", "quotes"),
        ('a = "x', "this is not TOML", "quotes"),
        ('a = """x', "this is not TOML", "quotes"),
        ('p = "C:\\data"', "unescaped '\\'", "'/'"),
        ("a = 1\na = 2", "cannot overwrite", "stands twice"),
        ("[scan]\n[scan]", "line 2: this is not TOML", "one heading"),
        ("unit 'mm'", "line 1: this is not TOML", "key = value"),
        ("a = [1, 2", "this is not TOML", "relicscan new"),
        ("a = 1" + "0" * 5000, "this is not TOML", "thousands of digits"),
        ("[scan]\nunit = \x00", "line 2", "quotes"),
    ],
)
def test_what_is_not_toml(write: Write, text: str, says: str, remedy: str) -> None:
    error = refused(write(text))
    assert says in error.message
    assert remedy in (error.remedy or "")


def test_hostile_nesting_is_refused_before_it_is_parsed(write: Write) -> None:
    for text in ("a = " + "[" * 400_000, "x = 1\n" + "a." * 400_000 + "a = 1"):
        assert "nested more than 32 deep" in refused(write(text)).message


def test_size_limit(write: Write) -> None:
    almost = "#" * (MAX_BYTES - 1) + "\n"
    assert read_relic_toml(write(almost)) == RelicToml()
    assert "more than 1,000,000 bytes" in refused(write(almost + "\n")).message


def test_a_megabyte_of_digits_is_no_date_at_once(write: Write) -> None:
    """Tried from every digit on, it took the square of their number: an hour."""
    with within(30):
        error = refused(write(f'object.dating.edtf = "{"0" * 900_000} AD"'))
    assert "is not a date in EDTF" in error.message


def test_a_megabyte_title_is_a_text(write: Write) -> None:
    title = "鼎" * 300_000
    assert read_relic_toml(write(f"object.title.zh = '{title}'")).object.title == {"zh": title}


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    (tmp_path / "vase" / "relic.toml").mkdir(parents=True)
    assert "no such file" in refused(tmp_path / "vase" / "relic.toml").message
    with pytest.raises(ScanError, match="no such file"):
        read_relic_toml(tmp_path / "relic.toml")


def test_a_decimal_keeps_its_digits(write: Write) -> None:
    text = "[[object.dimension]]\nkind = 'height'\nvalue = {}\nunit = 'cm'\n"
    assert read_relic_toml(write(text.format("'31.20'"))).object.dimension[0].value == "31.20"
    assert read_relic_toml(write(text.format("31"))).object.dimension[0].value == "31"
    error = refused(write(text.format("31.2")))
    assert "forgets how exactly" in error.message
    assert '"31.2"' in (error.remedy or "")
    for wrong in ("'31,2'", "'0'", "'-1'", "'1e3'", "'1 cm'", "true"):
        refused(write(text.format(wrong)))


def test_the_same_dimension_of_the_whole_twice(write: Write) -> None:
    one = "[[object.dimension]]\nkind = 'height'\nvalue = '3'\nunit = 'cm'\n"
    assert "stands twice" in refused(write(one + one)).message
    read_relic_toml(write(one + one + "part.en = 'foot'\n"))


def test_rights_may_be_written_in_short(write: Write) -> None:
    uri = "https://creativecommons.org/licenses/by/4.0/"
    short = read_relic_toml(write(f"[rights]\ndigital = '{uri}'\n"))
    assert short == read_relic_toml(write(f"[rights.digital]\nuri = '{uri}'\n"))


def test_keys_of_rights_that_do_not_say_whose(write: Write) -> None:
    error = refused(write("[rights]\nholder.en = 'x'\n"))
    assert "[rights.object] or [rights.digital]" in (error.remedy or "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[capture]\nscale = 'measured'", "measured by something"),
        ("[capture]\nscale = 'unknown'\n[scan]\nunit = 'mm'", "a unit is given"),
        ("[[related]]\nrelation = 'see'", "an id or an address"),
        ("languages = ['en', 'EN']", "stands twice"),
        ("languages = []", "list of languages"),
        ("[[hotspot]]\nid = 'a'\nposition = [0, 0, 0]\naudio.en = 'a.exe'", "no sound file"),
        ("[[hotspot]]\nid = 'a'\nposition = [0, 0, 0]\naudio.en = '../a.mp3'", "leads out"),
        ("[[hotspot]]\nid = 'a'\nposition = [0, 0, 0]\n" * 2, "two hotspots have the id"),
        (
            "[[hotspot]]\nid = 'a'\nposition = [0, 0, 0]\n"
            "[[hotspot]]\nid = 'A'\nposition = [0, 0, 0]\n",
            "two hotspots have the id 'A'",
        ),
        ("[object]\ndating.edtf = '1600/1500'", "ends before it begins"),
        ("[object]\ndating.edtf = '2024-13-45'", "not a date"),
    ],
)
def test_more_mistakes(write: Write, text: str, said: str) -> None:
    assert said in refused(write(text)).message
