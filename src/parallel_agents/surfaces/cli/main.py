"""The command `pagents`: its commands by name; only the one that is called is loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NamedTuple

import typer

from parallel_agents._version import __version__
from parallel_agents.errors import InvalidInput, PagentsError


class _Command(NamedTuple):
    """Where a command is, `module:function` or a module with a group `app`, and what it does."""

    where: str
    help: str
    panel: str


_START, _WATCH, _DIRECT, _SERVE, _SET_UP = "Start", "Watch", "Direct", "Serve", "Set up"

COMMANDS = {
    "run": _Command("run:run", "Run a team, and give every result back.", _START),
    "resume": _Command("run:resume", "Go on with a team or session that was stopped.", _START),
    "spawn": _Command("spawn:spawn", "Start one agent on a task.", _START),
    "work": _Command("work:work", "Carry out what is queued, until nothing is left.", _START),
    "list": _Command("watch:list_sessions", "List teams and sessions.", _WATCH),
    "show": _Command("watch:show", "Show a team or a session, with its results.", _WATCH),
    "history": _Command("history:history", "Show what was said and done in a session.", _WATCH),
    "audit": _Command("audit:audit", "Who decided what and why; verify the journal.", _WATCH),
    "wait": _Command("watch:wait", "Wait for sessions to be over.", _WATCH),
    "cost": _Command("cost:cost", "Show what accepted results cost, by agent and model.", _WATCH),
    "send": _Command("spawn:send", "Start the next run of a session.", _DIRECT),
    "limits": _Command("limits", "How fast each model may be asked; set it.", _DIRECT),
    "steer": _Command("direct:steer", "Give a live run a word.", _DIRECT),
    "kill": _Command("direct:kill", "End a run and all that it spawned.", _DIRECT),
    "dlq": _Command("dlq", "What failed for good: look at it, run it again, drop it.", _DIRECT),
    "mcp": _Command("mcp:mcp", "Serve the session tools to MCP clients.", _SERVE),
    "agents": _Command("agents", "The agents at hand.", _SET_UP),
    "teams": _Command("teams", "The teams at hand.", _SET_UP),
    "models": _Command("models", "The models at hand; fetch the embedded one.", _SET_UP),
    "judge": _Command("judge", "Find out which models may judge.", _SET_UP),
    "openclaw": _Command("openclaw", "The skill for OpenClaw.", _SET_UP),
    "config": _Command("config:config", "Each setting, with its source.", _SET_UP),
    "docs": _Command("docs:docs", "What an error's code means, and what to do.", _SET_UP),
    "doctor": _Command(
        "doctor:doctor", "Say what works here, and what to do about the rest.", _SET_UP
    ),
}


def main() -> None:
    """Run the command line; an error of ours ends in four lines and its exit code."""
    arguments = sys.argv[1:]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal without Unicode gets a stand-in, not an end in the middle of a result.
            stream.reconfigure(errors="backslashreplace")
    try:
        _check_unicode(arguments)
        build(arguments)(args=arguments, prog_name="pagents")
    except PagentsError as problem:
        # Loaded here, where it is needed: `--help` prints no error and need not wait for it.
        import_module("parallel_agents.surfaces.cli.failing").end(problem, arguments)
    except KeyboardInterrupt:
        sys.exit(130)


def _check_unicode(arguments: Sequence[str]) -> None:
    """Refuse bytes that are no text, here and once for what every command stores or looks for."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"the argument {argument[:80]!r} is no text",
                why=f"it holds bytes that are not {sys.getfilesystemencoding()}",
                hint="write it in UTF-8",
            ) from error


def build(arguments: Sequence[str]) -> typer.Typer:
    """The command line, with the command that `arguments` name whole and the others by name."""
    app = typer.Typer(
        name="pagents",
        help="Run teams of AI agents in parallel, and get every result back.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_version_option)
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, command in COMMANDS.items():
        _add(app, name, command, is_called=name == called)
    return app


def _add(app: typer.Typer, name: str, command: _Command, *, is_called: bool) -> None:
    module, _, function = command.where.partition(":")
    if not is_called:
        app.command(name, help=command.help, rich_help_panel=command.panel)(_not_loaded)
        return
    loaded = import_module(f"parallel_agents.surfaces.cli.{module}")
    if function:
        carry_out: Callable[..., None] = getattr(loaded, function)
        app.command(name, help=command.help, rich_help_panel=command.panel)(carry_out)
    else:
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
    """Options of the command itself; typer has already carried them out."""


if __name__ == "__main__":
    main()
