"""Log options: `-v`, `-vv`, `--log-file` and `--log-json`, which every command takes wherever they are written.

The help of those that execute work shows them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Annotated, NamedTuple, TypeVar

import typer

from parallel_agents.errors import InvalidInput

_LEVELS: Mapping[str, str] = {"-v": "info", "--verbose": "info", "-vv": "debug"}
_FILE, _JSON = "--log-file", "--log-json"
_GIVEN: ContextVar[Mapping[str, str] | None] = ContextVar("log_options", default=None)

_MARK = "executes_work"
_OPTIONS = {
    "verbose": Annotated[
        int,
        typer.Option(
            "-v",
            "--verbose",
            count=True,
            show_default=False,
            metavar="",
            help="Print each reply, decision and wait of the work; -vv every request.",
        ),
    ],
    "log_file": Annotated[
        str | None,
        typer.Option(_FILE, metavar="FILE", help="Add these lines to a file instead."),
    ],
    "log_json": Annotated[
        bool, typer.Option(_JSON, help="Make a JSON object of each of these lines.")
    ],
}
F = TypeVar("F", bound=Callable[..., None])


def executes_work(command: F) -> F:
    """Mark a command whose work can be logged, so that its help shows the options."""
    command.__dict__[_MARK] = True
    return command


def with_log(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the log options in its help, if it executes work; `take_log_options` reads them."""
    if _MARK not in command.__dict__:
        return command
    signature = inspect.signature(command, eval_str=True)

    @wraps(command)
    def called(**arguments: object) -> None:
        command(**{name: each for name, each in arguments.items() if name not in _OPTIONS})

    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter("verbose", keyword, default=0, annotation=_OPTIONS["verbose"]),
        inspect.Parameter("log_file", keyword, default=None, annotation=_OPTIONS["log_file"]),
        inspect.Parameter("log_json", keyword, default=False, annotation=_OPTIONS["log_json"]),
    ]
    parameters = [*signature.parameters.values(), *options]
    called.__dict__["__signature__"] = signature.replace(parameters=parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


class Taken(NamedTuple):
    """A command line without the log options, and what these stand for as variables."""

    rest: list[str]
    variables: dict[str, str]


def take_log_options(arguments: Sequence[str]) -> Taken:
    """Take the log options out of a command line; what follows `--` is left alone.

    Raises:
        InvalidInput: `--log-file` names no file.
    """
    rest, variables = list[str](), dict[str, str]()
    given = iter(arguments)
    for argument in given:
        name, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *given]
        elif argument in _LEVELS:
            is_twice = argument == "-v" and variables.get("PARALLEL_AGENTS_LOG") == "info"
            variables["PARALLEL_AGENTS_LOG"] = "debug" if is_twice else _LEVELS[argument]
        elif argument == _JSON:
            variables["PARALLEL_AGENTS_LOG_JSON"] = "1"
        elif name == _FILE:
            variables["PARALLEL_AGENTS_LOG_FILE"] = value if equals else next(given, "")
            if not variables["PARALLEL_AGENTS_LOG_FILE"]:
                raise InvalidInput(
                    f"{_FILE} names no file", hint=f"name one, as in {_FILE} pagents.log"
                )
        else:
            rest.append(argument)
    return Taken(rest, variables)


@contextmanager
def given(variables: Mapping[str, str]) -> Generator[None]:
    """A block in which these log options apply."""
    token = _GIVEN.set(variables)
    try:
        yield
    finally:
        _GIVEN.reset(token)


def with_log_options(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Environment variables with the log options of this command over them."""
    return {**variables, **(_GIVEN.get() or {})}
