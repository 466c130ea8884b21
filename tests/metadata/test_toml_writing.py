"""What is written as a relic.toml reads back as the very same, whatever the texts are."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.metadata.toml_writing import quoted, toml_text

ATTACKS = [
    "<script>alert(1)</script>",
    '"""\nid = "other"\n"""',
    "'''",
    '" \n[scan]\nunit = "m"',
    "\\",
    "\\u0041\\",
    "a\x00b\x7f\x1b[31m\x85",
    "photo\u202egnp.exe\u2066\u2028\u2029\ufeff",
    "one\r\ntwo\rthree\ttab",
    "# no comment",
    "می‌خواهم 👩‍🚀 彩绘",
    "long " * 20_000,
    "\U000e0041\U0010ffff\uffff",
]


def written(tmp_path: Path, stated: dict[str, Any], head: tuple[str, ...] = ()) -> dict[str, Any]:
    path = tmp_path / "relic.toml"
    path.write_bytes(toml_text(stated, head).encode())
    return read_relic_toml(path).stated()


def test_everything(tmp_path: Path, write: Callable[[str | bytes], Path], everything: str) -> None:
    stated = read_relic_toml(write(everything)).stated()
    assert stated["hotspot"]
    assert stated["scan"]["pose"]
    assert written(tmp_path, stated, ("From row 2 of catalogue.csv.",)) == stated


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_stays_a_text(tmp_path: Path, text: str) -> None:
    stated = RelicToml.model_validate(
        {"object": {"title": {"en": text, "zh-Hans": text}, "inventory_number": text}}
    ).stated()
    assert written(tmp_path, stated) == stated


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_an_attack_in_a_comment_stays_there(text: str) -> None:
    assert tomllib.loads(toml_text({"id": "a"}, (text,))) == {"id": "a"}


def test_what_cannot_be_seen_is_escaped() -> None:
    lines = toml_text({"id": "".join(ATTACKS[5:10])}, tuple(ATTACKS)).replace("\n", "")
    assert [c for c in lines if not c.isprintable()] == []
    assert "می\u200cخواهم" in quoted(ATTACKS[10])


def test_the_text_itself() -> None:
    stated = {
        "id": "vase",
        "object": {
            "title": {"de": "Krug", "x-a_b": "1"},
            "dating": {"edtf": "-0529"},
            "dimension": [{"kind": "height", "value": "31.20", "unit": "cm"}],
        },
        "pipeline": {"set": {"voxel_downsample.voxel_size_mm": 0.5, "crop.on": True}},
        "hotspot": [{"id": "foot", "position": [0.0, -1e-07, 5.0]}],
    }
    assert toml_text(stated, ("From row 2.",)) == (
        "# From row 2.\n"
        "\n"
        'id = "vase"\n'
        "\n"
        "[object]\n"
        'title.de = "Krug"\n'
        'title.x-a_b = "1"\n'
        'dating.edtf = "-0529"\n'
        "\n"
        "[[object.dimension]]\n"
        'kind = "height"\n'
        'value = "31.20"\n'
        'unit = "cm"\n'
        "\n"
        "[pipeline]\n"
        'set."voxel_downsample.voxel_size_mm" = 0.5\n'
        'set."crop.on" = true\n'
        "\n"
        "[[hotspot]]\n"
        'id = "foot"\n'
        "position = [0.0, -1e-07, 5.0]\n"
    )


def test_nothing_is_an_empty_file(tmp_path: Path) -> None:
    assert toml_text({}) == ""
    assert written(tmp_path, {}) == {}


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), object(), "\ud800", {1, 2}])
def test_what_toml_cannot_hold(value: Any) -> None:
    with pytest.raises(ValueError, match=r"cannot stand|not Unicode"):
        toml_text({"id": value})


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60),
    st.sampled_from(ATTACKS),
    st.text("\"\\\n\r\t#=[]{}'u0\x00\x7f\u202e", min_size=1, max_size=20),
).filter(lambda text: bool(text.strip()))
TAGS = st.sampled_from(["und", "en", "zh-Hans", "de-AT", "x-a", "sl-rozaj-biske", "mul"])
BY_LANGUAGE = st.dictionaries(TAGS, TEXTS, min_size=1, max_size=4)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64)
VECTORS = st.lists(NUMBERS, min_size=3, max_size=3)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


STATED = some(
    id=st.sampled_from(["a", "vase-12", "x_.y"]),
    languages=st.lists(TAGS, min_size=1, max_size=4, unique=True),
    object=some(
        title=BY_LANGUAGE,
        type=some(label=BY_LANGUAGE),
        inventory_number=TEXTS,
        dating=some(edtf=st.sampled_from(["-0529/-0519", "1926", "15XX"]), display=BY_LANGUAGE),
        dimension=st.lists(
            st.fixed_dictionaries(
                {
                    "kind": st.sampled_from(["height", "width"]),
                    "value": st.decimals(min_value="0.01", max_value=999, places=2).map(str),
                    "unit": st.sampled_from(["cm", "mm"]),
                    "part": BY_LANGUAGE,
                }
            ),
            max_size=3,
        ),
    ),
    rights=some(object=some(holder=BY_LANGUAGE), digital=some(attribution=BY_LANGUAGE)),
    capture=some(device=TEXTS, notes=BY_LANGUAGE),
    pipeline=some(
        set=st.dictionaries(
            st.from_regex(r"[a-z]{1,9}\.[a-z]{1,9}", fullmatch=True),
            st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), NUMBERS, TEXTS)
            | st.lists(st.integers(-9, 9), max_size=3),
            max_size=3,
        )
    ),
    hotspot=st.lists(
        st.fixed_dictionaries({"position": VECTORS}, optional={"title": BY_LANGUAGE}), max_size=3
    ).map(lambda hotspots: [{"id": f"h{i}", **h} for i, h in enumerate(hotspots)]),
    related=st.lists(
        st.fixed_dictionaries(
            {"relation": st.just("see"), "uri": st.just("https://a.example/")},
            optional={"label": BY_LANGUAGE},
        ),
        max_size=2,
    ),
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=STATED, head=st.lists(TEXTS, max_size=2))
def test_whatever_is_stated_reads_back(
    tmp_path: Path, data: dict[str, Any], head: list[str]
) -> None:
    stated = RelicToml.model_validate(data).stated()
    assert written(tmp_path, stated, tuple(head)) == stated


@pytest.mark.parametrize(
    "data",
    [
        {"a": {}},
        {"a": {"b": {}}},
        {"a": {"b": {"c": {}, "d": 1}}},
        {"a": {"b": [{}, {"c": {}}]}, "d": [{}]},
        {"a": [[], {}], "b": []},
    ],
)
def test_what_is_empty_does_not_vanish(data: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(data)) == data


def test_keys_that_need_quotes() -> None:
    keys = {"": 1, "a b": 2, 'q"': 3, "n\nl": 4, "ü": 5, "\x7f": 6}
    assert tomllib.loads(toml_text(keys)) == keys
    assert tomllib.loads(toml_text({"t": {"deep": keys}})) == {"t": {"deep": keys}}
