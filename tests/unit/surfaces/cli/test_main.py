from __future__ import annotations

import math

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.main import COMMANDS, build, check_arguments

TEAM = ("run", "--team", "content")


def parse(*arguments: str) -> None:
    """Carry a command line out as far as it goes; what is refused here has looked at nothing yet."""
    build(arguments)(args=list(arguments), prog_name="pagents", standalone_mode=False)


@pytest.mark.parametrize("seconds", ["0", "-1", "1e99", "inf", "nan"])
@pytest.mark.parametrize("command", [TEAM, ("spawn", "writer", "Go."), ("wait", "monday")])
def test_a_time_limit_has_bounds_for_every_command(command: tuple[str, ...], seconds: str) -> None:
    with pytest.raises(InvalidInput, match="--timeout is ") as refused:
        parse(*command, f"--timeout={seconds}")

    bound = "more than 0" if math.isfinite(float(seconds)) else "a finite number"
    assert bound in refused.value.why


@pytest.mark.parametrize("count", ["0", "-3", "100001", "9" * 20])
def test_the_number_of_runs_at_once_has_bounds(count: str) -> None:
    with pytest.raises(InvalidInput, match=f"--max-parallel is {count}"):
        parse(*TEAM, f"--max-parallel={count}")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("spawn", "main", "hi", "-m", ""), "the argument after -m is empty"),
        (("list", "--home", ""), "the argument after --home is empty"),
        (("spawn", "main", "hi", "--key="), "the value of --key is empty"),
        (("kill", ""), "the argument after kill is empty"),
        (("",), "the first argument is empty"),
    ],
)
def test_an_empty_argument_is_refused_by_what_it_follows(
    arguments: tuple[str, ...], what: str
) -> None:
    with pytest.raises(InvalidInput, match=what):
        check_arguments(arguments)


@pytest.mark.parametrize("argument", ["topic=", "=", "-"])
def test_an_argument_that_is_not_empty_is_for_its_command_to_read(argument: str) -> None:
    check_arguments(("run", "--input", argument))


def test_every_command_can_be_loaded_and_has_a_help(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        parse(name, "--help")

        assert f"Usage: pagents {name}" in capsys.readouterr().out
