"""Crash loop: the error of a run at which processes died, with what a person can do about such a run."""

from __future__ import annotations

from typing import assert_never

from parallel_agents.core.ids import RunId
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.errors import CrashLoop
from parallel_agents.stores.rows import Rows


def crash_loop(rows: Rows, run: RunId, deaths: int) -> CrashLoop:
    """The error of a run at which so many processes died after the same step."""
    session = rows.of_run(run).session
    return CrashLoop(
        f"{deaths} processes died while they executed this run",
        why="each died before the run's next step, so another one would die too",
        hint=f"`pagents history {session.name}` shows what it called last; {_way_on(rows, session)}",
    )


def _way_on(rows: Rows, session: Session) -> str:
    if session.parent is None:
        return f"`pagents dlq retry {session.name}` runs it again"
    above = rows.of_session(session.parent)
    name = above.session.name
    match above.run.kind:
        case RunnerKind.TEAM:
            return f"`pagents dlq retry {session.name}` runs it again"
        case RunnerKind.FLOW:  # of which only the retry would be done, and not what follows
            return f"the command or program that began {name}, with that id again, tries it again"
        case RunnerKind.AGENT:  # it is no dead letter
            return f"the agent that spawned it has been told: `pagents history {name}`"
        case _:
            assert_never(above.run.kind)
