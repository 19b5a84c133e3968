"""Room: whether the budget of a map is used up, or only that of a row."""

from __future__ import annotations

from parallel_agents.core.budget import session_of_account
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session


def is_used_up(map: Session, result: Result) -> bool:
    """Whether a row ended because an account that other rows are charged to has no room.

    A row whose agent has a budget of its own may use up that one alone.
    """
    if result.status is not RunStatus.OVER_BUDGET:
        return False
    owner = session_of_account(result.error.account) if result.error else None
    return owner is None or owner in (map.key, map.parent, map.root)
