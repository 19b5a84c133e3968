"""Plan limits: the budgets and other limits in a plan are no part of what it is, and may change when it is run again."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

from pydantic import TypeAdapter

from parallel_agents.core.budget import NO_BUDGET
from parallel_agents.core.plan import Plan, Step, as_json
from parallel_agents.core.schema import Json, JsonObject

_OPTION = "plan"


class StoredPlan(NamedTuple):
    """A plan as a flow's task has it.

    Attributes:
        work: the plan without limits: its input, by which the work is known.
        options: the plan with the limits of its steps and of the plans in it; empty if they have none.
    """

    work: Json
    options: JsonObject


def stored_plan(plan: Plan) -> StoredPlan:
    """A plan whose own limits are those of the flow around it."""
    plan = replace(plan, max_parallel=None, timeout_seconds=None, budget=NO_BUDGET)
    work = _without_limits(plan)
    return StoredPlan(as_json(work), {} if work == plan else {_OPTION: as_json(plan)})


def limited_plan(work: Plan, options: JsonObject) -> Plan:
    """The plan with the limits that were asked for last."""
    stored = options.get(_OPTION)
    return work if stored is None else read_plan(stored)


def read_plan(stored: Json) -> Plan:
    """A plan as it was stored.

    Raises:
        ValidationError: it is not one.
    """
    return _plans().validate_python(stored)


@cache
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def _without_limits(plan: Plan) -> Plan:
    return replace(
        plan,
        steps=tuple(map(_step_without_limits, plan.steps)),
        max_parallel=None,
        timeout_seconds=None,
        budget=NO_BUDGET,
    )


def _step_without_limits(step: Step) -> Step:
    inner = None if step.plan is None else _without_limits(step.plan)
    return replace(step, plan=inner, max_parallel=None, budget=NO_BUDGET)
