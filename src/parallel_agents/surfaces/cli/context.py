"""CliContext: the options that every command takes, and the home and settings that they choose."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.core.limits import Limits
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.errors import ConfigError, InvalidInput, Untrusted
from parallel_agents.settings import (
    MOST_RETENTION_SECONDS,
    Environment,
    Settings,
    load,
    read_environment,
    read_user_environment,
)

_log = logging.getLogger(__name__)


def _check_timeout(seconds: float | None) -> float | None:
    try:
        return Limits(timeout_seconds=seconds).timeout_seconds
    except InvalidInput as error:
        raise _refused("--timeout", seconds, error) from error


def _check_max_parallel(count: int | None) -> int | None:
    try:
        return Limits(max_parallel=count).max_parallel
    except InvalidInput as error:
        raise _refused("--max-parallel", count, error) from error


def _refused(flag: str, value: float | None, error: InvalidInput) -> InvalidInput:
    """The refusal of a limit, with the name of its flag."""
    return InvalidInput(
        f"{flag} is {value}", why=error.why, hint=f"leave {flag} out, or correct it"
    )


Home = Annotated[
    Path | None,
    typer.Option(
        help="The store's folder; by default PARALLEL_AGENTS_HOME, else ~/.parallel-agents."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ModelName = Annotated[
    str | None, typer.Option("--model", "-m", help="provider/model, or local.", metavar="NAME")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", metavar="NAME=VALUE", help="An input; NAME=@FILE reads it from a file."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(help="Time limit in seconds.", metavar="SECONDS", callback=_check_timeout),
]
Usd = Annotated[
    float | None,
    typer.Option("--budget", help="US dollars that the work may cost.", metavar="USD", min=0.0),
]
Tokens = Annotated[
    int | None,
    typer.Option("--budget-tokens", help="Tokens that the work may use.", metavar="N", min=1),
]
Cache = Annotated[
    float | None,
    typer.Option(
        help="Reuse a stored reply to the same request if it is no older than this.",
        metavar="SECONDS",
    ),
]
WeakJudge = Annotated[
    bool, typer.Option("--allow-weak-judge", help="Accept a judge that is known to judge badly.")
]
SandboxMode = Annotated[
    Sandbox | None,
    typer.Option(
        "--sandbox",
        help="Where commands of agents run: require a sandbox, or off, with your own rights.",
        metavar="require|off",
    ),
]
MaxParallel = Annotated[
    int | None,
    typer.Option(
        help="The maximum number of runs at once.", metavar="N", callback=_check_max_parallel
    ),
]
Name = Annotated[
    str,
    typer.Argument(help="An id, the start of one, a label, RUN/LABEL, or @last.", metavar="NAME"),
]


class CliContext(NamedTuple):
    environment: Environment
    settings: Settings


def find_context(home: Path | None = None, **flags: object) -> CliContext:
    """The home, the project and the settings for a command; flags that are None were not given.

    Raises:
        ConfigError: a `config.toml`, a variable or a flag is invalid.
        Untrusted: the user has not trusted the project around the current folder.
    """
    environment = read_environment(home)
    return CliContext(environment, load(environment, flags).settings)


def find_store(home: Path | None = None) -> CliContext:
    """The home and the settings for a command that only looks at the store, or ends runs.

    It works in a folder that is not trusted: without the project.

    Raises:
        ConfigError: a `config.toml` or a variable is invalid.
    """
    try:
        environment = read_environment(home)
    except Untrusted:
        environment = read_user_environment(home)
    return CliContext(environment, load(environment).settings)


def find_store_to_stop(home: Path | None = None) -> CliContext:
    """Like `find_store`; but a mistake in the settings keeps nobody from ending what runs.

    Raises:
        ConfigError: no home is named, and the user has no folder to have one in.
    """
    try:
        return find_store(home)
    except ConfigError as error:
        environment = read_user_environment(home)
        _log.warning("the settings are not used: %s (%s)", error.message, error.why)
        # The longest retention: a default must not drop what the settings would keep.
        return CliContext(environment, Settings(dead_letter_seconds=MOST_RETENTION_SECONDS))
