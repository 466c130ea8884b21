"""A catalogue is written into the folders of the scans: nothing is lost, nothing leads outside."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from refusals import posix
from tiny_scans import box, files_below, sphere, write_ply, write_toml
from typer.testing import CliRunner, Result

from relicscan.batch.import_catalogue import Imported, import_catalogue
from relicscan.cli import import_
from relicscan.errors import PipelineError, ScanError
from relicscan.metadata.relic_toml import read_relic_toml
from relicscan.scan_folder import find_relics

Catalogue = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with the folders amphora, vitrine-3/bowl and Krüge, each with a scan."""
    for name in ("amphora", "vitrine-3/bowl", "Krüge"):
        write_ply(tmp_path / "scans" / name / "a.ply", sphere(20))
    return tmp_path / "scans"


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    def write(*lines: str, name: str = "catalogue.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write


GOOD = ("folder;id;title@de", "amphora;;Amphora", "vitrine-3/bowl;bowl-7;Schale")


def outcomes(imported: Imported) -> dict[int, str]:
    return {row.number: row.outcome for row in imported.rows}


def problems(imported: Imported) -> list[tuple[int, str]]:
    assert all(problem.remedy for problem in imported.problems)
    return [(problem.number, problem.problem) for problem in imported.problems]


def test_a_relic_toml_for_each_row(root: Path, catalogue: Catalogue) -> None:
    imported = import_catalogue(catalogue(*GOOD), root)
    assert imported.ok
    assert outcomes(imported) == {2: "written", 3: "written"}
    assert [row.folder for row in imported.rows] == ["amphora", "vitrine-3/bowl"]
    assert (root / "amphora" / "relic.toml").read_text(encoding="utf-8") == (
        '# From row 2 of catalogue.csv, by `relicscan import`.\n\n[object]\ntitle.de = "Amphora"\n'
    )
    bowl = read_relic_toml(root / "vitrine-3" / "bowl" / "relic.toml").stated()
    assert bowl == {"id": "bowl-7", "object": {"title": {"de": "Schale"}}}
    assert {relic.id for relic in find_relics([root])} == {"amphora", "bowl-7", "kruge"}


def test_again_changes_nothing(root: Path, catalogue: Catalogue) -> None:
    import_catalogue(catalogue(*GOOD), root)
    before = files_below(root)
    for replace in (False, True):
        again = import_catalogue(catalogue(*GOOD), root, replace=replace)
        assert outcomes(again) == {2: "unchanged", 3: "unchanged"}
        assert files_below(root) == before


def test_one_that_is_there_is_kept(root: Path, catalogue: Catalogue) -> None:
    write_toml(root / "amphora", "# mine")
    imported = import_catalogue(catalogue(*GOOD), root)
    assert imported.ok
    assert outcomes(imported) == {2: "kept", 3: "written"}
    assert (root / "amphora" / "relic.toml").read_text() == "# mine"


def test_one_that_is_replaced_is_kept_beside(root: Path, catalogue: Catalogue) -> None:
    write_toml(root / "amphora", "# mine")
    names = []
    for title in ("one", "two"):
        path = catalogue("folder;title", f"amphora;{title}")
        (row,) = import_catalogue(path, root, replace=True).rows
        names.append(row.before)
        assert title in (root / "amphora" / "relic.toml").read_text()
        assert row.outcome == "replaced"
    assert names == ["relic.toml.before", "relic.toml.before.2"]
    assert (root / "amphora" / "relic.toml.before").read_text() == "# mine"
    assert '"one"' in (root / "amphora" / "relic.toml.before.2").read_text()
    assert find_relics([root / "amphora"])[0].error is None


def test_what_the_old_one_alone_says_is_told(root: Path, catalogue: Catalogue) -> None:
    write_toml(root / "amphora", '[scan]\nunit = "mm"\n[object]\ntitle = "x"\n')
    write_toml(root / "vitrine-3" / "bowl", "not TOML")
    first, second = import_catalogue(catalogue(*GOOD), root, replace=True).rows
    assert (first.outcome, first.left_behind) == ("replaced", ("scan",))
    assert (second.outcome, second.left_behind) == ("replaced", ())


def test_a_dry_run_writes_nothing(root: Path, catalogue: Catalogue) -> None:
    write_toml(root / "amphora", "# mine")
    before = files_below(root)
    dry = import_catalogue(catalogue(*GOOD), root, replace=True, dry_run=True)
    assert outcomes(dry) == {2: "replaced", 3: "written"}
    assert files_below(root) == before
    assert import_catalogue(catalogue(*GOOD), root, replace=True).rows == dry.rows


@pytest.mark.parametrize("cell", ["../../etc", "/etc", "..", ".", "amphora/../../outside", "C:/x"])
def test_nothing_outside_is_written(root: Path, catalogue: Catalogue, cell: str) -> None:
    (root.parent / "outside").mkdir()
    (root.parent.parent / "etc").mkdir(exist_ok=True)
    before = files_below(root.parent)
    imported = import_catalogue(catalogue("folder;title", f"{cell};x", "amphora;y"), root)
    assert [number for number, _ in problems(imported)] == [2]
    assert outcomes(imported) == {3: "written"}
    after = set(files_below(root.parent)) - set(before)
    assert after <= {"scans/amphora/relic.toml", "catalogue.csv"}


@posix
def test_links_are_not_followed_outside(root: Path, catalogue: Catalogue) -> None:
    outside = root.parent / "outside"
    (outside / "inner").mkdir(parents=True)
    (root / "out").symlink_to(outside)
    (root / "self").symlink_to(root)
    (root / "nowhere").symlink_to(root / "none")
    (root / "inside").symlink_to(root / "amphora")
    names = ("out", "out/inner", "self", "nowhere")
    rows = [f"{name};x" for name in names]
    imported = import_catalogue(catalogue("folder;title", *rows, "inside;y"), root)
    assert [number for number, _ in problems(imported)] == [2, 3, 4, 5]
    assert outcomes(imported) == {6: "written"}
    assert sorted(p.name for p in outside.rglob("*")) == ["inner"]


@posix
def test_a_relic_toml_that_is_a_link_stays(root: Path, catalogue: Catalogue) -> None:
    secret = root.parent / "secret"
    secret.write_text("secret")
    (root / "amphora" / "relic.toml").symlink_to(secret)
    assert outcomes(import_catalogue(catalogue(*GOOD), root)) == {2: "kept", 3: "written"}
    imported = import_catalogue(catalogue(*GOOD), root, replace=True)
    assert "a link or a folder" in problems(imported)[0][1]
    assert secret.read_text() == "secret"
    assert sorted(p.name for p in (root / "amphora").iterdir()) == ["a.ply", "relic.toml"]


@posix
def test_two_rows_that_lead_to_one_folder(root: Path, catalogue: Catalogue) -> None:
    (root / "same").symlink_to(root / "amphora")
    imported = import_catalogue(catalogue("folder;id", "amphora;a", "same;b", "Krüge;c"), root)
    assert [number for number, _ in problems(imported)] == [2, 3]
    assert outcomes(imported) == {4: "written"}
    both = import_catalogue(catalogue("folder;id;title", "amphora;;x", ";amphora;y"), root)
    assert [number for number, _ in problems(both)] == [2, 3]


def test_a_folder_that_is_not_there(root: Path, catalogue: Catalogue) -> None:
    imported = import_catalogue(
        catalogue(
            "folder;title", "amfora;x", "vitrine-3/cup;x", f"{'a' * 300};x", "amphora/a.ply;x"
        ),
        root,
    )
    assert len(problems(imported)) == 4
    assert "no folder 'amfora'" in problems(imported)[0][1]
    assert "did you mean 'amphora'" in imported.problems[0].remedy
    assert "bowl" in imported.problems[1].remedy
    assert not (root / "amfora").exists()


def test_accents_may_be_stored_in_two_ways(root: Path, catalogue: Catalogue) -> None:
    imported = import_catalogue(catalogue("folder;title", "Kru\u0308ge;x"), root)
    assert outcomes(imported) == {2: "written"}
    assert (root / "Krüge" / "relic.toml").is_file()


def test_a_row_by_id(root: Path, catalogue: Catalogue) -> None:
    write_toml(root / "Krüge", 'id = "jugs"\n')
    for name in ("x.ply", "y.ply"):
        write_ply(root / "cups" / name, box())
    imported = import_catalogue(
        catalogue("id;title", "amphora;x", "vitrine-3-bowl;x", "jugs;x", "cups-x;x", "none;x"), root
    )
    assert outcomes(imported) == {2: "written", 3: "written", 4: "kept"}
    assert [row.folder for row in imported.rows] == ["amphora", "vitrine-3/bowl", "Krüge"]
    assert read_relic_toml(root / "vitrine-3" / "bowl" / "relic.toml").id == "vitrine-3-bowl"
    assert "one of several in the folder" in problems(imported)[0][1]
    assert "there is no relic 'none'" in problems(imported)[1][1]


def test_output_folders_are_left_alone(root: Path, catalogue: Catalogue) -> None:
    (root / "out" / ".relicscan").mkdir(parents=True)
    (root / "out" / "amphora").mkdir()
    imported = import_catalogue(catalogue("folder;title", "out/amphora;x"), root)
    assert "is an output folder" in problems(imported)[0][1]


def test_more_than_a_relic_toml_can_hold(root: Path, catalogue: Catalogue) -> None:
    heads = ";".join(f"title@x-{n}" for n in range(10))
    row = ";".join(["é" * 60_000] * 10)
    imported = import_catalogue(catalogue(f"folder;{heads}", f"amphora;{row}", "Krüge;x"), root)
    assert "more than a relic.toml can hold" in problems(imported)[0][1]
    assert outcomes(imported) == {3: "written"}
    assert not (root / "amphora" / "relic.toml").exists()


def test_a_hostile_name_of_a_catalogue_stays_in_its_comment(
    root: Path, catalogue: Catalogue
) -> None:
    if os.name == "nt":
        pytest.skip("Windows has no such names")
    path = catalogue("folder;title", "amphora;x", name='a\nid = "evil".csv')
    assert import_catalogue(path, root).ok
    assert read_relic_toml(root / "amphora" / "relic.toml").id is None


def test_a_folder_that_cannot_be_written(root: Path, catalogue: Catalogue) -> None:
    (root / "amphora" / f".relic.toml.{os.getpid()}.part").mkdir()
    imported = import_catalogue(catalogue(*GOOD), root)
    assert "cannot be written" in problems(imported)[0][1]
    assert outcomes(imported) == {3: "written"}


def test_what_cannot_be_read_at_all(root: Path, catalogue: Catalogue) -> None:
    with pytest.raises(PipelineError, match="no such folder"):
        import_catalogue(catalogue(*GOOD), root / "none")
    with pytest.raises(ScanError, match="cannot be read"):
        import_catalogue(root / "none.csv", root)


MAPPING = """\
ignore = ["Bemerkung"]
[columns]
"Ordner" = "folder"
"Objekttitel" = "object.title@de"
[values."represents"]
"Ist-Zustand" = "existing state"
"""


@pytest.fixture
def command() -> Callable[..., Result]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command(name="import")(import_.command)

    def run(*arguments: Any) -> Result:
        result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "160"})
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def test_the_command(
    command: Callable[..., Result], root: Path, catalogue: Catalogue, tmp_path: Path
) -> None:
    write_toml(root / "Krüge", "# mine")
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    path = catalogue(
        "Ordner;Objekttitel;Bemerkung;represents",
        "amphora;Amphora;x;Ist-Zustand",
        "Krüge;Krüge;;",
        "vitrine-3/bowl;Schale;;kaputt",
    )
    result = command(path, root, "--mapping", tmp_path / "m.toml")
    assert result.exit_code == 1
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "row  folder   id  relic.toml",
        "  2  amphora      written",
        "  3  Krüge        kept",
        "3 rows: 1 kept, 1 written, 1 rejected",
    ]
    assert "row 4, column represents: this is not possible here (given: kaputt)" in result.stderr
    assert "what would work: write 'existing state'" in result.stderr


def test_the_command_as_json(
    command: Callable[..., Result], root: Path, catalogue: Catalogue
) -> None:
    result = command(catalogue(*GOOD, "none;;x"), root, "--json", "--dry-run")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["dry_run"] is True
    assert [row["outcome"] for row in told["rows"]] == ["written", "written"]
    assert [problem["number"] for problem in told["problems"]] == [4]
    assert told["not_taken"] == []
    assert not (root / "amphora" / "relic.toml").exists()


def test_exit_codes(command: Callable[..., Result], root: Path, catalogue: Catalogue) -> None:
    good = catalogue(*GOOD)
    assert command(good, root).exit_code == 0
    assert command(good, root / "none").exit_code == 2
    assert command(root / "none.csv", root).exit_code == 2
    assert command(good).exit_code == 2
    assert command(good, root, "--mapping", root / "none.toml").exit_code == 2
    assert command(good, root, "--sheet", "x").exit_code == 2
    unknown = command(catalogue("folder;Titel", "a;b"), root)
    assert unknown.exit_code == 2
    assert unknown.stdout == ""
    assert "did you mean 'title'" in unknown.stderr


def test_terminals_are_not_steered(
    command: Callable[..., Result], root: Path, catalogue: Catalogue
) -> None:
    result = command(catalogue("folder;edtf", "amphora;\x1b[31mred\x07", "\x1b]0;x\x07;1926"), root)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout + result.stderr
    assert "\x07" not in result.stdout + result.stderr


def test_a_root_that_is_named_from_where_we_are(
    root: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    imported = import_catalogue(catalogue("id;title", "amphora;x", "vitrine-3-bowl;y"), root.name)
    assert outcomes(imported) == {2: "written", 3: "written"}
    assert [row.folder for row in imported.rows] == ["amphora", "vitrine-3/bowl"]
