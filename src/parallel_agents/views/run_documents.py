"""Run documents: one team or session as its own page shows it, with its budget and its tags."""

from __future__ import annotations

from typing_extensions import TypedDict

from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.core.vitals import spent_percent
from parallel_agents.views.documents import Money, money_json
from parallel_agents.views.session_documents import WholeDocument, whole_json
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.usual import Usual


class BudgetDocument(TypedDict):
    """A budget and what of it is spent; null for no limit. `reserved` is held for calls in flight."""

    limit: Money | None
    spent: Money | None
    reserved: Money | None
    limit_tokens: int | None
    spent_tokens: int
    reserved_tokens: int
    spent_percent: float
    on_limit: str


class UsualDocument(TypedDict):
    """How long earlier runs of the same took: the median, the range of most, and how many there are."""

    seconds: float
    from_seconds: float
    to_seconds: float
    runs: int


class RunDocument(WholeDocument):
    """A session with what is below it, its tags, its own budget, and how long it usually takes.

    `budget` is null if it has none, and `usual` if fewer than three earlier runs were done.
    `waited_seconds` is for how long a flow waited for people; null for anything else. `has_plan` says whether its
    graph can be drawn.
    """

    tags: list[str]
    budget: BudgetDocument | None
    usual: UsualDocument | None
    waited_seconds: float | None
    has_plan: bool


def run_json(
    line: SessionLine,
    budget: BudgetAccountState | None,
    usual: Usual | None,
    *,
    waited: float | None,
    has_plan: bool,
) -> RunDocument:
    """A session as its own page shows it."""
    return {
        **whole_json(line),
        "tags": list(line.row.session.options.tags),
        "budget": None if budget is None else budget_json(budget),
        "usual": None if usual is None else _usual_json(usual),
        "waited_seconds": None if waited is None else round(waited, 3),
        "has_plan": has_plan,
    }


def budget_json(state: BudgetAccountState) -> BudgetDocument:
    """A budget and what of it is spent."""
    budget = state.account.budget
    return {
        "limit": money_json(budget.usd),
        "spent": _money(state.spent.nanousd),
        "reserved": _money(state.reserved.nanousd),
        "limit_tokens": budget.tokens,
        "spent_tokens": state.spent.tokens,
        "reserved_tokens": state.reserved.tokens,
        "spent_percent": round(spent_percent(state), 1),
        "on_limit": budget.at_limit.value,
    }


def _usual_json(usual: Usual) -> UsualDocument:
    return {
        "seconds": round(usual.seconds, 1),
        "from_seconds": round(usual.low, 1),
        "to_seconds": round(usual.high, 1),
        "runs": usual.runs,
    }


def _money(nanousd: int | None) -> Money | None:
    return None if nanousd is None else money_json(nanousd / NANOUSD_PER_USD)
