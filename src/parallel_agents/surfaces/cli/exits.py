"""Exit codes of the commands; stable, and listed in `docs/cli.md`."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from enum import IntEnum
from typing import NoReturn

from parallel_agents.core.run import RunStatus
from parallel_agents.errors import (
    Ambiguous,
    CallTimedOut,
    ConfigError,
    InvalidFile,
    InvalidInput,
    LocalModelError,
    NotFound,
    OutputLost,
    PagentsError,
    StoreDamaged,
    StoreError,
    UnknownAgent,
)
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.output_option import is_json_asked


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTIAL = 3
    NOT_FOUND = 4
    STOPPED = 5
    OVER_BUDGET = 6
    TIMED_OUT = 7
    STORE = 8
    CONFIGURATION = 10
    INTERRUPTED = 130
    READER_GONE = 141


def exit_of(status: RunStatus) -> Exit:
    """The exit code for a status; a live run is not a failure."""
    match status:
        case RunStatus.DONE | RunStatus.QUEUED | RunStatus.RUNNING:
            return Exit.DONE
        case RunStatus.PARTIAL:
            return Exit.PARTIAL
        case RunStatus.TIMED_OUT:
            return Exit.TIMED_OUT
        case RunStatus.OVER_BUDGET:
            return Exit.OVER_BUDGET
        case RunStatus.FAILED | RunStatus.KILLED | RunStatus.UNREADABLE:
            return Exit.FAILED


def worst_of(statuses: Collection[RunStatus]) -> Exit:
    """The code for several results: the common one, else partial if some are done, else failed."""
    codes = {exit_of(status) for status in statuses}
    if len(codes) == 1:
        return codes.pop()
    return Exit.PARTIAL if Exit.DONE in codes else Exit.FAILED


def exit_of_error(error: PagentsError) -> Exit:
    match error:
        case InvalidInput() | InvalidFile():
            return Exit.USAGE
        case NotFound() | Ambiguous() | UnknownAgent():
            return Exit.NOT_FOUND
        case CallTimedOut():
            return Exit.TIMED_OUT
        case StoreError() | StoreDamaged():
            return Exit.STORE
        case ConfigError() | LocalModelError():
            return Exit.CONFIGURATION
        case OutputLost() if error.is_reader_gone:
            return Exit.READER_GONE
        case _:
            return Exit.FAILED


def exit_with(problem: PagentsError, arguments: Sequence[str]) -> NoReturn:
    """Print an error, as JSON if the command was asked for JSON, and exit with its code.

    If the output's reader has left, nobody asks what is wrong; the shell's code for it says enough.
    """
    exit_code = exit_of_error(problem)
    if exit_code is not Exit.READER_GONE:
        is_json = is_json_asked(arguments) and not isinstance(problem, OutputLost)
        try:
            render.error(problem, is_json=is_json)
        except OutputLost:  # nobody can read the JSON, so stderr must say it
            render.error(problem)
    sys.exit(exit_code)
