"""Plan budgets: which budget of a plan, or which kill, kept a step from its end, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parallel_agents.core.budget import Budget, account_of
from parallel_agents.core.ended_by import STAYS_KILLED
from parallel_agents.core.plan import Plan, Step
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.errors import PagentsError, StepFailed

KILLED_HINT = f"what somebody killed {STAYS_KILLED}"
_MOST_TOLD = 3
_AGAIN = (
    "and run it again under the same --id, in Python with the same key: it goes on where it stopped, and"
    " what is done costs nothing"
)


def how_to_raise(result: Result[Any], step: Step, plan: Plan, flow: Session) -> str:
    """How to raise the budget that ended a task of a step; empty if none did.

    Args:
        result: of the task, which is not done.
        step: of the plan.
        plan: what the flow does.
        flow: the session of the flow.
    """
    error = result.error
    if error is None or not error.account:
        return ""
    if error.account == account_of(result.session_key):
        return f"raise {_of_task(step)}, {_AGAIN}"
    if error.account != account_of(flow.key):
        return error.hint  # that of a plan below, or of the day
    if flow.parent is not None:
        return f"raise `budget` of {plan.name}, {_AGAIN}"
    return f"the budget of the whole run is used up: pass a larger --budget, {_AGAIN}"


def _of_task(step: Step) -> str:
    if step.budget.is_bound:
        return f"`budget` of the task {step.id}{_told(step.budget)}"
    if step.plan is not None:
        return (
            f"`budget` of {step.plan.name}{_told(step.plan.budget)}, the flow of the task {step.id}"
        )
    return f"`budget` of the agent {step.agent}, or give the task {step.id} one"


def _told(budget: Budget) -> str:
    bounds = [] if budget.usd is None else [f"${budget.usd:g}"]
    bounds += [] if budget.tokens is None else [f"{budget.tokens:,} tokens"]
    return f" ({' or '.join(bounds)})" if bounds else ""


def hint_of(errors: Sequence[PagentsError], otherwise: str) -> tuple[str, str]:
    """What to do about tasks that are not done, and the first account that left no room; empty if none did.

    Args:
        errors: of the tasks.
        otherwise: what to do where no budget and no person ended one of them.
    """
    if errors and all(error.hint == KILLED_HINT for error in errors):
        return KILLED_HINT, ""
    short = [each for each in errors if isinstance(each, StepFailed) and each.account]
    hints = [*dict.fromkeys(each.hint for each in short)]
    hint = "; ".join(hints[:_MOST_TOLD]) or otherwise
    if KILLED_HINT not in hint and any(KILLED_HINT in error.hint for error in errors):
        hint = f"{hint}; {KILLED_HINT}"
    return hint, short[0].account if short else ""


def killed_hint(result: Result[Any]) -> str:
    """What to say of a task that somebody killed, or a part of which; empty if nobody did."""
    if result.status is RunStatus.KILLED:
        return KILLED_HINT
    hint = result.error.hint if result.error else ""
    return hint if KILLED_HINT in hint else ""
