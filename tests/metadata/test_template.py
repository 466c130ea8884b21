"""The template shows every key, is valid as it stands, and valid with every key switched on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from relicscan.errors import OutputError, PipelineError, ScanError
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from relicscan.metadata.template import (
    relic_toml_template,
    template_language,
    write_relic_toml,
)
from relicscan.metadata.template_texts import COMMENTS, EXAMPLES, LANGUAGES


def switched_on(text: str) -> str:
    return re.sub(r"(?m)^#(?! )", "", text)


def keys(model: type[BaseModel]) -> set[str]:
    """Every key of the schema by its dotted path, tables in lists like tables."""

    def below(annotation: Any) -> type[BaseModel] | None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
        return next((m for m in map(below, get_args(annotation)) if m), None)

    found = set()
    for name, info in model.model_fields.items():
        inner = below(info.annotation)
        found |= {f"{name}.{key}" for key in keys(inner)} if inner else {name}
    return found


def stated_keys(data: Any, above: str = "") -> set[str]:
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return {k for table in data for k in stated_keys(table, above)}
    if not isinstance(data, dict):
        return {above}
    return {
        k for key, v in data.items() for k in stated_keys(v, f"{above}.{key}" if above else key)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_valid_as_it_stands_and_switched_on(
    language: str, write: Callable[[str | bytes], Path]
) -> None:
    text = relic_toml_template(language, id="vase-7", files=["a.ply", "sub/b c.ply"])
    assert read_relic_toml(write(text)).stated() == {"id": "vase-7"}
    toml = read_relic_toml(write(switched_on(text)))
    assert toml.scan.files == ("a.ply", "sub/b c.ply")
    assert toml.object.title is not None
    assert set(toml.object.title) == {language, "en" if language != "en" else "zh-Hans"}
    shown = stated_keys(tomllib.loads(switched_on(text)))
    languages = "|".join(LANGUAGES)
    shown = {re.sub(rf"\.({languages})$", "", key) for key in shown}
    assert {re.sub(r"^(pipeline\.set)\..*", r"\1", key) for key in shown} == keys(RelicToml)


@pytest.mark.parametrize("words", [*COMMENTS.items(), *EXAMPLES.items()], ids=lambda w: w[0])
def test_every_text_is_there_in_every_language(words: tuple[str, dict[str, str]]) -> None:
    texts = words[1]
    assert tuple(texts) == LANGUAGES
    assert all(text.strip() == text != "" for text in texts.values())
    assert re.search("[\u4e00-\u9fff]", texts["zh-Hans"])
    assert all(not re.search("[\u4e00-\u9fff]", texts[tag]) for tag in ("en", "de", "fr", "it"))


def test_lines_fit_a_terminal() -> None:
    for language in LANGUAGES:
        assert max(map(len, relic_toml_template(language).splitlines())) <= 100


def test_without_id_and_files() -> None:
    text = relic_toml_template()
    assert tomllib.loads(text) == {
        "object": {}, "museum": {}, "rights": {}, "capture": {}, "scan": {}, "crop": {},
        "pipeline": {},
    }  # fmt: skip


def test_names_that_toml_must_escape(write: Callable[[str | bytes], Path]) -> None:
    names = ['a"b.ply', "c'd.ply", "鼎 #1.ply", "<id>.ply"]
    toml = read_relic_toml(write(switched_on(relic_toml_template("en", files=names))))
    assert toml.scan.files == tuple(names)


def test_names_that_relic_toml_cannot_hold_are_left_out(
    write: Callable[[str | bytes], Path],
) -> None:
    names = ["a\\b.ply", "\udcff.ply", "new\nline.ply", "good.ply"]
    toml = read_relic_toml(write(switched_on(relic_toml_template("en", files=names))))
    assert toml.scan.files == ("good.ply",)


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [("de-AT", "de"), ("FR", "fr"), ("zh", "zh-Hans"), ("zh-cn", "zh-Hans"), ("de-CH-1996", "de")],
)
def test_varieties_of_a_language(asked: str, spoken: str) -> None:
    assert template_language(asked) == spoken


@pytest.mark.parametrize("asked", ["ja", "zh-Hant", "zh-TW", "", "english", "\x1b[31m"])
def test_languages_that_the_template_does_not_speak(asked: str) -> None:
    with pytest.raises(PipelineError) as caught:
        relic_toml_template(asked)
    assert "zh-Hans" in (caught.value.remedy or "")
    assert caught.value.message.isprintable()


def test_an_id_that_cannot_be_one() -> None:
    with pytest.raises(ScanError) as caught:
        relic_toml_template(id="Große Vase")
    assert "grosse-vase" in (caught.value.remedy or "")


def test_never_overwrites(tmp_path: Path) -> None:
    path = write_relic_toml(tmp_path, relic_toml_template("zh-Hans", id="first"))
    before = path.read_bytes()
    assert b"\r" not in before
    with pytest.raises(OutputError, match="never overwritten"):
        write_relic_toml(tmp_path, relic_toml_template(id="second"))
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_relic_toml(tmp_path / "nowhere", "")
