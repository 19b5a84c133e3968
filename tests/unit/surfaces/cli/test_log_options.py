"""Log options are taken wherever they are written, and what follows `--` is text."""

from __future__ import annotations

import inspect

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.settings import LOG_FILE_VARIABLE, LOG_JSON_VARIABLE, LOG_VARIABLE
from parallel_agents.surfaces.cli.log_options import (
    executes_work,
    given,
    take_log_options,
    with_log,
    with_log_options,
)


@pytest.mark.parametrize(
    ("line", "rest", "variables"),
    [
        ("run --team x", "run --team x", {}),
        ("-v run --team x", "run --team x", {LOG_VARIABLE: "info"}),
        ("run -vv x", "run x", {LOG_VARIABLE: "debug"}),
        ("run -v x -v", "run x", {LOG_VARIABLE: "debug"}),
        ("run --log-file t.log x", "run x", {LOG_FILE_VARIABLE: "t.log"}),
        ("run --log-file=t.log x", "run x", {LOG_FILE_VARIABLE: "t.log"}),
        ("run --log-json x", "run x", {LOG_JSON_VARIABLE: "1"}),
        ("steer x -- -v", "steer x -- -v", {}),
    ],
)
def test_log_options_are_taken_out(line: str, rest: str, variables: dict[str, str]) -> None:
    taken = take_log_options(line.split())

    assert taken.rest == rest.split()
    assert taken.variables == variables


def test_the_help_of_a_command_that_executes_work_shows_them_and_they_change_nothing() -> None:
    called: list[str] = []

    @executes_work
    def work(name: str = "") -> None:
        called.append(name)

    with_log(work)(name="a", verbose=1, log_file=None)

    assert called == ["a"]
    assert {"verbose", "log_file"} <= inspect.signature(with_log(work)).parameters.keys()


def test_the_help_of_another_command_does_not_show_them() -> None:
    def show(name: str = "") -> None:
        del name

    assert with_log(show) is show


def test_a_file_that_is_not_named_is_refused() -> None:
    with pytest.raises(InvalidInput, match="--log-file"):
        take_log_options(["run", "--log-file"])


def test_an_option_is_stronger_than_the_environment_and_only_for_its_command() -> None:
    with given({LOG_VARIABLE: "debug"}):
        assert with_log_options({LOG_VARIABLE: "info", "A": "b"}) == {
            LOG_VARIABLE: "debug",
            "A": "b",
        }

    assert with_log_options({LOG_VARIABLE: "info"}) == {LOG_VARIABLE: "info"}
