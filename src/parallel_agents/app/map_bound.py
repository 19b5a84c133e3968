"""Map bound: the most that all of a map can cost, with what combines its results, within what is left of its budget."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.run_bounds import bound_of, most_by_calls
from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import Budget
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.store import SessionPlan


class MapBound(NamedTuple):
    """The most that may be spent, and whether it is the map's budget that says so."""

    most: Bound = Bound()
    is_budget: bool = False


def most_of_run(client: Client, plan: SessionPlan) -> Bound:
    """The most that a run costs: by its budget, or else by the calls that it may make with a full context."""
    bound = bound_of(client, plan)
    return (
        bound if bound.nanousd is not None else bound._replace(nanousd=most_by_calls(client, plan))
    )


async def within_budget(
    client: Client, session: SessionKey, given: Budget, most: Bound, *, is_begun: bool
) -> MapBound:
    """What a map costs at most within a budget, or without one within that which it was begun with.

    Of the budget of a map that was begun before, what is spent is spent.
    """
    account = await client.journal.budget(session) if is_begun else None
    budget = given if given.is_bound or account is None else account.account.budget
    left = Bound.of(budget)
    if account is not None:
        spent = account.spent
        left = Bound(_minus(left.nanousd, spent.nanousd), _minus(left.tokens, spent.tokens))
    least = Bound(_least(left.nanousd, most.nanousd), _least(left.tokens, most.tokens))
    return MapBound(least, is_budget=budget.is_bound and least == left)


def _minus(limit: int | None, spent: int | None) -> int | None:
    return None if limit is None else max(limit - (spent or 0), 0)


def _least(left: int | None, most: int | None) -> int | None:
    return min((each for each in (left, most) if each is not None), default=None)
