"""Log options: `-v`, `-vv`, `--log-file` and `--log-json`, which every command takes wherever they are written."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from parallel_agents.errors import InvalidInput

_LEVELS: Mapping[str, str] = {"-v": "info", "--verbose": "info", "-vv": "debug"}
_FILE, _JSON = "--log-file", "--log-json"
_GIVEN: ContextVar[Mapping[str, str] | None] = ContextVar("log_options", default=None)


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
