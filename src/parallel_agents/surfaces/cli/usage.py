"""Usage: a command line that cannot be parsed is refused like any other wrong input."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.given_numbers import check_numbers
from parallel_agents.surfaces.cli.usage_refusal import UsageError, refusal_of

_INTERRUPTED = 130  # as `exits.Exit` has it, which loads what --help does not need


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
        if not isinstance(error, UsageError):
            raise
        if error.message.startswith("Usage:"):  # a group without a command: this is its help
            error.show()
            return error.exit_code
        raise refusal_of(error, command, arguments) from error
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
        if isinstance(error, UsageError):
            return _NOTHING  # running it tells what is wrong
        raise
    return _Given(options, values)
