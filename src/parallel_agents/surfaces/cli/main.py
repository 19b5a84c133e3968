"""The command `pagents`: only the subcommand that is called is loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from itertools import pairwise

import typer
from typer.core import TyperGroup

from parallel_agents._version import __version__
from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.signals import stop_signals_as_interrupts
from parallel_agents.surfaces.cli.commands import COMMANDS, Command
from parallel_agents.surfaces.cli.log_options import given, take_log_options
from parallel_agents.surfaces.cli.numbers import TakesNumbers
from parallel_agents.surfaces.cli.profile_option import take_leading_profile
from parallel_agents.surfaces.cli.shared_options import offer_options, with_options
from parallel_agents.surfaces.cli.streams import guard_streams
from parallel_agents.surfaces.cli.url_option import take_leading_url
from parallel_agents.surfaces.cli.usage import execute


def main(begin: Callable[[], object] = lambda: None) -> None:
    """Run the command line; a PagentsError ends in four lines and its exit code.

    Args:
        begin: called once all modules of the command are loaded, before it does anything.
    """
    arguments = sys.argv[1:]
    guard_streams()
    try:
        check_arguments(arguments)
        arguments, log = take_log_options(arguments)
        arguments = take_leading_url(take_leading_profile(take_leading_url(arguments)))
        command = build(arguments)
        begin()
        with stop_signals_as_interrupts(), given(log):
            exit_code = execute(command, arguments)
            sys.stdout.flush()
    except PagentsError as problem:
        # Loaded only here: `--help` prints no error and need not wait for it.
        import_module("parallel_agents.surfaces.cli.exits").exit_with(problem, arguments)
    except KeyboardInterrupt:
        with suppress(OSError):  # nobody reads it
            sys.stderr.write("Interrupted.\n")
        sys.exit(130)
    else:
        sys.exit(exit_code)


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse what no command can use: an empty value, as of an unset variable, and bytes that are not text.

    Raises:
        InvalidInput: the error names the argument.
    """
    for before, argument in pairwise(("", *arguments)):
        option, equals, value = argument.partition("=")
        if not argument:
            raise _empty(
                f"the argument after {head(before, 40)}" if before else "the first argument"
            )
        if option.startswith("--") and equals and not value:
            raise _empty(f"the value of {option}")
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"the argument {head(argument, 80)!r} is not text",
                why=f"it contains bytes that are not {sys.getfilesystemencoding()}",
                hint="write it in UTF-8",
            ) from error


def _empty(what: str) -> InvalidInput:
    return InvalidInput(
        f"{what} is empty", hint="write a value, or leave the option out; is a variable not set?"
    )


def build(arguments: Sequence[str]) -> TyperGroup:
    """The command line: of the commands, only the one that `arguments` name is loaded."""
    first = arguments[0] if arguments else ""
    called = next((argument for argument in arguments if not argument.startswith("-")), "")
    return _built(first if first in COMMANDS else "", called if called in COMMANDS else "")


@cache
def _built(first: str, called: str) -> TyperGroup:
    """The command line, with one command alone if it comes first, or else all, as help lists them."""
    app = typer.Typer(
        name="pagents",
        help="Run teams of AI agents in parallel, and get every result.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version_option)
    for name, command in ({first: COMMANDS[first]} if first else COMMANDS).items():
        _add(app, name, command, is_called=name == called)
    return typer.main.get_group(app)


def _add(app: typer.Typer, name: str, command: Command, *, is_called: bool) -> None:
    module, _, function = command.where.partition(":")
    if not is_called:
        app.command(name, help=command.help, rich_help_panel=command.panel)(_not_loaded)
        return
    loaded = import_module(f"parallel_agents.surfaces.cli.{module}")
    if function:
        command_function: Callable[..., None] = getattr(loaded, function)
        offered = app.command(name, cls=TakesNumbers, rich_help_panel=command.panel)
        offered(with_options(command_function))
    else:
        offer_options(loaded.app)
        app.add_typer(loaded.app, name=name, help=command.help, rich_help_panel=command.panel)


def _not_loaded() -> None:
    """A command that was not called."""


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"pagents {__version__}")
        raise typer.Exit


def _version_option(
    *,
    version: bool = typer.Option(
        False, "--version", help="Show the version.", is_eager=True, callback=_show_version
    ),
) -> None:
    """Options of the command itself; typer has already handled them."""


if __name__ == "__main__":
    main()
