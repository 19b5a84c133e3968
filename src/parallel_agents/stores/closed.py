"""Closed: why a run or a session takes no message, with a way that works in the state it is in."""

from __future__ import annotations

from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.errors import RunIsOver

_SPAWN = "spawn a new one"


def check_takes_runs(latest: Row) -> None:
    """Refuse a further run of a session that starts none.

    Raises:
        RunIsOver: it was killed, or its record is damaged.
    """
    name = latest.session.name
    if latest.session.killed:
        raise RunIsOver(f"session {name} was killed", hint=_SPAWN)
    if latest.fault:
        raise RunIsOver(
            f"the record of session {name} cannot be read", why=latest.fault, hint=_SPAWN
        )


def run_is_over(run: RunId, status: str, latest: Row) -> RunIsOver:
    """The refusal of a message to a run that has ended; only a session that can still run is sent one."""
    told = f"run {run} has ended: {status}"
    if latest.session.killed:
        return RunIsOver(told, why="its session was killed, and starts no runs", hint=_SPAWN)
    if latest.fault:
        return RunIsOver(told, why=latest.fault, hint=_SPAWN)
    return RunIsOver(told, hint="`pagents send` starts the next run")
