from __future__ import annotations

import pytest

from parallel_agents import errors
from parallel_agents.core.run import RunStatus
from parallel_agents.errors import PagentsError
from parallel_agents.surfaces.cli.exits import Exit, exit_of, exit_of_error


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (RunStatus.DONE, 0),
        (RunStatus.FAILED, 1),
        (RunStatus.KILLED, 1),
        (RunStatus.PARTIAL, 3),
        (RunStatus.TIMED_OUT, 7),
        (RunStatus.QUEUED, 0),
        (RunStatus.RUNNING, 0),
    ],
)
def test_each_status_has_its_exit_code(status: RunStatus, code: int) -> None:
    assert exit_of(status) == code


def test_every_status_has_an_exit_code() -> None:
    assert {exit_of(status) for status in RunStatus} <= set(Exit)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.InvalidInput, Exit.USAGE),
        (errors.InvalidFile, Exit.USAGE),
        (errors.UnknownAgent, Exit.NOT_FOUND),
        (errors.NotFound, Exit.NOT_FOUND),
        (errors.Ambiguous, Exit.NOT_FOUND),
        (errors.Conflict, Exit.FAILED),
        (errors.RunIsOver, Exit.FAILED),
        (errors.ConfigError, Exit.CONFIGURATION),
        (errors.UnknownModel, Exit.CONFIGURATION),
        (errors.MissingKey, Exit.CONFIGURATION),
        (errors.MissingExtra, Exit.CONFIGURATION),
        (errors.LocalModelError, Exit.CONFIGURATION),
        (errors.CallTimedOut, Exit.TIMED_OUT),
        (errors.AuthFailed, Exit.FAILED),
        (errors.StoreFull, Exit.STORE),
        (errors.StoreReadOnly, Exit.STORE),
        (errors.StoreTooNew, Exit.STORE),
        (errors.OutputLost, Exit.FAILED),
    ],
)
def test_an_error_exits_by_who_must_act(kind: type[PagentsError], code: Exit) -> None:
    assert exit_of_error(kind("no")) is code
