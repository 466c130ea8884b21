"""What all commands have in common."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
from cli.commands import Cli, in_a_process

from relicscan import __version__, errors
from relicscan.cli import output
from relicscan.cli.main import app


def commands_of(group: Any, *before: str) -> dict[str, Any]:
    """Every command by its name, `cluster up` among them."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        inside = hasattr(command, "commands")
        found |= commands_of(command, name) if inside else {" ".join((*before, name)): command}
    return found


COMMANDS = commands_of(typer.main.get_command(app))


def test_the_commands_of_the_contract_are_there() -> None:
    contract = {"run", "inspect", "check", "stages", "stage", "validate", "schema", "doctor", "new"}
    contract |= {"verify", "watch"}
    contract |= {"cluster up", "cluster scheduler", "cluster worker"}
    assert contract <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_can_be_parsed(cli: Cli, name: str) -> None:
    command = COMMANDS[name]
    example = re.search(r"\[bold\]Example:\[/bold\] relicscan (.+)$", command.help, re.MULTILINE)
    assert example, f"relicscan {name} --help has no example"
    words, called = shlex.split(example[1]), name.split()
    assert words[: len(called)] == called
    with command.make_context(name, words[len(called) :]) as context:
        assert context.params
    assert "Example: relicscan" in cli(*called, "--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str) -> None:
    for parameter in COMMANDS[name].params:
        if parameter.name != "help":
            assert parameter.help, f"relicscan {name}: {parameter.name}"


@pytest.mark.parametrize(
    "name",
    ["run", "watch", "inspect", "check", "stages", "stage", "validate", "verify", "doctor"],
)
def test_what_a_script_would_read_comes_as_json(name: str) -> None:
    assert "--json" in [o for p in COMMANDS[name].params for o in p.opts]


def test_help_in_sixty_columns_without_colours() -> None:
    said = in_a_process("run", "--help", COLUMNS="60")
    assert max(map(len, said.out.splitlines())) <= 60
    assert "--reproducible" in said.out
    assert "\x1b" not in said.out
    assert said.err == ""


def test_the_version(cli: Cli) -> None:
    assert cli("--version").out == f"relicscan {__version__}\n"


def test_a_command_that_does_not_exist(cli: Cli) -> None:
    said = cli("rnu", "scans", code=2)
    assert said.out == ""
    assert "'run'" in said.err


# How errors are said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PipelineError("x"), 2),
        (errors.OutputError("x"), 2),
        (errors.Busy("x"), 11),
        (errors.NoRoom("x"), 12),
        (errors.ScanError("x"), 1),
        (errors.StageError("x"), 1),
        (errors.Undecided("x"), 1),
    ],
)
def test_exit_codes_of_the_contract(
    error: errors.RelicscanError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert output.explain(error) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error: x\n")


def test_an_error_says_where_what_and_what_would_work(capsys: pytest.CaptureFixture[str]) -> None:
    output.explain(errors.StageError("no [b]room[/b]", scan="vase", stage="crop", remedy="move"))
    assert capsys.readouterr().err == (
        "error: vase, stage crop: no [b]room[/b]\nwhat would work: move\n"
    )


def test_names_of_files_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output.explain(errors.ScanError("bad", scan="a\x1b]0;owned\x07\r\x9b31m\u202e.ply"))
    assert capsys.readouterr().err == ("error: a\\x1b]0;owned\\x07\\r\\x9b31m\\u202e.ply: bad\n")


def test_several_lines_stay_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    output.explain(errors.ScanError("2 mistakes\n  line 1: x\n  line 2: y"))
    assert capsys.readouterr().err == "error: 2 mistakes\n  line 1: x\n  line 2: y\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (61, "1 min 1 s"),
        (3599.7, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert output.duration_in_words(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (3_126_868, "3.1 MB"), (5e12, "5000.0 GB")],
)
def test_sizes(count: float, words: str) -> None:
    assert output.bytes_in_words(count) == words


def test_plurals() -> None:
    assert [output.plural(n, "relic") for n in (0, 1, 1200)] == [
        "0 relics",
        "1 relic",
        "1,200 relics",
    ]
