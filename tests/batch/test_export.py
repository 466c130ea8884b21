"""`relicscan export` from an output folder: vouched for, whole or not there, losses told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from relicscan.batch.export import export
from relicscan.cli.main import app
from relicscan.errors import OutputError, PipelineError
from relicscan.metadata.canonical import write_json_atomically
from relicscan.metadata.exports import FORMATS, exporter
from relicscan.metadata.exports.exported import fields
from relicscan.metadata.index import IndexEntry, merge_index
from relicscan.metadata.relic_toml import RelicToml, read_relic_toml
from tests.metadata.exports.conftest import SAMPLES, exported

URL = "https://museum.example/relics"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of every sample."""
    folder = tmp_path_factory.mktemp("made") / "out"
    entries = []
    for path in sorted(SAMPLES.glob("*/relic.toml")):
        relic = exported(folder, read_relic_toml(path))
        write_json_atomically(relic.folder / "relic.json", relic.manifest)
        entries.append(IndexEntry.of(relic.manifest))
    merge_index(folder, entries)
    return folder


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    """The same, to be spoiled."""
    return Path(shutil.copytree(made, tmp_path / "out"))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_every_sample(out: Path, tmp_path: Path, format: str) -> None:
    found = export(format, out, tmp_path / "to", base_url=URL)
    assert len(found.relics) == 5
    told = json.loads((tmp_path / "to" / "losses.json").read_text(encoding="utf-8"))
    assert told["format"] == format
    assert len(told["losses"]) == len(found.losses)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_twice(out: Path, tmp_path: Path, format: str) -> None:
    written = []
    for name in ("one", "two"):
        export(format, out, tmp_path / name, base_url=URL, relics=["ding-bronze"])
        files = sorted(p for p in (tmp_path / name).rglob("*") if p.is_file())
        written.append([(p.relative_to(tmp_path / name), p.read_bytes()) for p in files])
    assert written[0] == written[1]


@pytest.mark.parametrize("format", FORMATS)
def test_what_a_format_carries_are_fields_of_ours(format: str) -> None:
    assert set(exporter(format).carries) <= set(fields())


def test_a_manifest_that_the_index_does_not_vouch_for(out: Path, tmp_path: Path) -> None:
    with (out / "ding-bronze" / "relic.json").open("ab") as stream:
        stream.write(b"\n")
    with pytest.raises(OutputError, match="not the file that index"):
        export("csv", out, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_nothing_is_replaced(out: Path, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="replaces nothing"):
        export("csv", out, tmp_path / "to")
    assert [p.name for p in (tmp_path / "to").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("url", ["museum.example", "ftp://x", "https://x/?a", "https://x/#a", ""])
def test_an_address_that_is_none(out: Path, tmp_path: Path, url: str) -> None:
    with pytest.raises(PipelineError, match="web address"):
        export("iiif", out, tmp_path / "to", base_url=url)


def test_what_there_is_not(out: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no format"):
        export("fbx", out, tmp_path / "to")
    with pytest.raises(PipelineError, match="no relic"):
        export("csv", out, tmp_path / "to", relics=["ding-bronse"])
    with pytest.raises(OutputError, match=r"no index\.json"):
        export("csv", tmp_path / "elsewhere", tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_relics_that_a_format_cannot_take_are_left_out_and_not_counted(
    out: Path, tmp_path: Path
) -> None:
    unnamed = exported(out, RelicToml(id="unnamed"))
    write_json_atomically(unnamed.folder / "relic.json", unnamed.manifest)
    merge_index(out, [IndexEntry.of(unnamed.manifest)])
    found = export("edm", out, tmp_path / "edm", base_url=URL)
    assert (len(found.relics), found.left_out) == (5, ("unnamed",))
    with pytest.raises(OutputError, match="no relic can be written as edm"):
        export("edm", out, tmp_path / "none", base_url=URL, relics=["unnamed"])
    assert not (tmp_path / "none").exists()


def test_the_day_of_publication_is_the_caller_s_to_say(out: Path, tmp_path: Path) -> None:
    silent = export("ro-crate", out, tmp_path / "a", relics=["ding-bronze"])
    assert [loss.field for loss in silent.losses if "publication" in loss.reason]
    said = export("ro-crate", out, tmp_path / "b", relics=["ding-bronze"], published="2026-11-26")
    assert not [loss.field for loss in said.losses if "publication" in loss.reason]
    crate = (tmp_path / "b" / "ding-bronze" / "ro-crate-metadata.json").read_text(encoding="utf-8")
    assert '"datePublished": "2026-11-26"' in crate
    for wrong in ("yesterday", "2026-13-01", "2026-11-26T10:00", "-0001-01-01"):
        with pytest.raises(PipelineError, match="is not a day"):
            export("ro-crate", out, tmp_path / "c", published=wrong)


def test_an_export_does_not_lie_in_its_output_folder(out: Path) -> None:
    for inside in (out / "csv", out / "ding-bronze" / "csv", out):
        with pytest.raises(OutputError, match="does not lie in"):
            export("csv", out, inside)


def test_an_export_to_where_we_are(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    export("csv", out, ".")
    assert (tmp_path / "here" / "relics.csv").is_file()


def test_a_relic_json_that_is_a_link(out: Path, tmp_path: Path) -> None:
    path = out / "ding-bronze" / "relic.json"
    path.rename(tmp_path / "relic.json")
    path.symlink_to(tmp_path / "relic.json")
    with pytest.raises(OutputError, match="cannot be read"):
        export("csv", out, tmp_path / "to")


def test_the_help_names_every_format() -> None:
    said = CliRunner().invoke(app, ["export", "--help"], env={"COLUMNS": "200"}).output
    assert all(format in said for format in FORMATS)


def test_the_command(out: Path, tmp_path: Path) -> None:
    run = CliRunner()
    said = run.invoke(app, ["export", "svx", str(out), "-o", str(tmp_path / "svx")])
    assert said.exit_code == 0, said.output
    assert "5 relics in" in said.output
    assert "zh-Hans" in said.output
    said = run.invoke(app, ["export", "csv", str(out), "-o", str(tmp_path / "csv"), "--json"])
    assert json.loads(said.stdout)["relics"][0] == "amphora-painted"
