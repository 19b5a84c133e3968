"""Usage: a command line that cannot be parsed is refused like any other wrong input."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import typer
from typer.core import TyperGroup

from parallel_agents.core.problems import Invalid, describe_problem
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.given_numbers import check_numbers

_WITH_TEXT = {
    "pagents spawn": 'pagents spawn code_reviewer "Review this" -f app.py --wait',
    "pagents send": 'pagents send NAME "Make it shorter" --wait',
    "pagents steer": 'pagents steer NAME "Make it shorter"',
}
_FILES = frozenset({"-f", "--file"})
_INTERRUPTED = 130  # as `exits.Exit` has it, which loads what --help does not need


@runtime_checkable
class _UsageError(Protocol):
    """What Click raises; Typer does not export its base class."""

    message: str
    exit_code: int

    def format_message(self) -> str: ...

    def show(self) -> None: ...


def execute(command: TyperGroup, arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit code.

    Raises:
        InvalidInput: it cannot be parsed, or an option that takes one value is given twice.
    """
    try:
        given = _given_in(command, arguments)
        _refuse_repeats(given.options)
        check_numbers(given.options, given.values)
        status = command(args=list(arguments), prog_name="pagents", standalone_mode=False)
    except typer.Abort as abort:  # of a question: by a Ctrl-C, or since nobody can answer
        if not isinstance(abort.__context__, KeyboardInterrupt):
            return 1
        sys.stderr.write("Interrupted.\n")
        return _INTERRUPTED
    except Exception as error:
        if not isinstance(error, _UsageError):
            raise
        if error.message.startswith("Usage:"):  # a group without a command: this is its help
            error.show()
            return error.exit_code
        raise _refusal(error, error.__cause__, arguments) from error
    return status if isinstance(status, int) else 0


def _refuse_repeats(given: Sequence[Any]) -> None:
    """Refuse an option that is given twice and takes one value: Click would keep the last silently."""
    for number, option in enumerate(given):
        takes_one = option.param_type_name == "option" and not (option.multiple or option.is_flag)
        if takes_one and option in given[:number]:
            name = option.opts[0]
            raise InvalidInput(
                f"{name} is given twice", why="it takes one value", hint=f"give {name} once"
            )


class _Given(NamedTuple):
    """The options and arguments of a command line in their order, and their texts by name."""

    options: Sequence[Any]
    values: Mapping[str, object]


_NOTHING = _Given((), {})


def _given_in(command: Any, arguments: Sequence[str]) -> _Given:  # noqa: ANN401 - Click's, which Typer does not export
    """What a command line gives; nothing if it cannot be parsed."""
    rest = list(arguments)
    # Of its parent it takes on how help is asked for, which Click keeps at the command.
    context = typer.Context(command, **command.context_settings)
    while (below := getattr(command, "commands", None)) is not None:
        name = next((argument for argument in rest if not argument.startswith("-")), None)
        if name is None or name not in below:
            if command.invoke_without_command:
                break  # its own options
            return _NOTHING  # help, or a command that does not exist
        command, rest = below[name], rest[rest.index(name) + 1 :]
        context = typer.Context(command, parent=context)
    try:
        values, _, options = command.make_parser(context).parse_args(rest)
    except Exception as error:
        if isinstance(error, _UsageError):
            return _NOTHING  # running it tells what is wrong
        raise
    return _Given(options, values)


def _team_file(arguments: Sequence[str]) -> str:
    """The team file that stands where a command should; empty for anything else."""
    first = next((each for each in arguments if not each.startswith("-")), "")
    return first if first.endswith((".yaml", ".yml")) else ""


def _refusal(
    error: _UsageError, cause: BaseException | None, arguments: Sequence[str]
) -> InvalidInput:
    if isinstance(cause, Invalid):
        error.message = describe_problem(cause)
    text = error.format_message().rstrip(".").removesuffix(" (Possible options: --help)")
    command = getattr(getattr(error, "ctx", None), "command_path", "pagents")
    hint = f"`{command} -h` shows how to use it"
    if text.casefold().startswith("no such option") and command == "pagents":
        hint = "options come after the command, as in `pagents list --json`"
    if text.casefold() == "missing argument 'text'" and command in _WITH_TEXT:
        hint = f"say what to do, in quotes, after the name: {_WITH_TEXT[command]}"
    team_file = _team_file(arguments)
    if "unexpected extra arg" in text and command in _WITH_TEXT:
        hint = f"a text of several words stands in quotes: {_WITH_TEXT[command]}"
    if "unexpected extra arg" in text and not _FILES.isdisjoint(arguments):
        hint = "each file has its own -f, and a pattern stands in quotes: -f 'src/*.py'"
    if team_file and command == "pagents":
        hint = f"to run a team file, write: pagents run {team_file}"
    return InvalidInput(f"{text[:1].lower()}{text[1:]}", hint=hint)
