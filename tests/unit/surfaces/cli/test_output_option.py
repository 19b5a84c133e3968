from __future__ import annotations

from collections.abc import Sequence

import pytest
import typer

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.commands import COMMANDS
from parallel_agents.surfaces.cli.context import AsJson
from parallel_agents.surfaces.cli.main import build
from parallel_agents.surfaces.cli.output_option import Form, Output, is_json_asked, with_output

Given = tuple[bool, Form | None]


def run(arguments: Sequence[str], *, takes_all: bool = True) -> Given:
    """What a command gets of its options."""
    got: list[Given] = []

    def prints_all(json: AsJson = False, output: Output = None) -> None:
        got.append((json, output))

    def prints_plain(json: AsJson = False) -> None:
        got.append((json, None))

    app = typer.Typer()
    app.command()(with_output(prints_all if takes_all else prints_plain))
    typer.main.get_command(app)(args=list(arguments), standalone_mode=False)
    return got[0]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ([], (False, None)),
        (["--json"], (True, None)),
        (["-o", "json"], (True, None)),
        (["--json", "--output", "json"], (True, None)),
        (["-o", "csv"], (True, None)),
        (["-ojsonl"], (True, None)),
        (["-omd"], (False, Form.MD)),
        (["--output=id"], (False, Form.ID)),
    ],
)
def test_a_form_is_given_and_json_is_one_of_them(arguments: list[str], given: Given) -> None:
    assert run(arguments) == given


def test_a_command_that_prints_no_results_takes_text_and_json() -> None:
    assert run(["-o", "text"], takes_all=False) == (False, None)
    assert run(["-o", "json"], takes_all=False) == (True, None)
    with pytest.raises(InvalidInput, match="-o is 'md', which this command does not print"):
        run(["-o", "md"], takes_all=False)


def test_two_forms_contradict_each_other() -> None:
    with pytest.raises(InvalidInput, match="--json and -o md contradict each other"):
        run(["--json", "-o", "md"])


def test_a_file_after_o_is_told_where_files_are_named() -> None:
    with pytest.raises(InvalidInput) as refused:
        run(["-o", "report.md"])

    assert "--out FILE" in refused.value.hint


def test_a_command_without_json_stays_as_it_is() -> None:
    def plain() -> None: ...

    assert with_output(plain) is plain


@pytest.mark.parametrize(
    ("arguments", "is_asked"),
    [
        (["list", "--json"], True),
        (["list", "-o", "json"], True),
        (["list", "-ojson"], True),
        (["list", "--output=json"], True),
        (["list", "-o", "md", "json"], False),
        (["list"], False),
    ],
)
def test_an_error_is_json_if_json_is_asked_for(arguments: list[str], *, is_asked: bool) -> None:
    assert is_json_asked(arguments) is is_asked


def test_each_command_with_json_takes_o() -> None:
    names = [name for name in ("list", "kill", "spawn", "cost") if name in COMMANDS]
    for name in names:
        command = build([name]).commands[name]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {"--json", "-o", "--output"} <= options, name
