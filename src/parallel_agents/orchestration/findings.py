"""Findings: what is wrong with a plan that was made for a goal, as the one who made it is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import orjson

from parallel_agents.core.budget import Budget
from parallel_agents.core.plan import Plan, all_steps, as_json
from parallel_agents.core.plan_checks import FindAgent, PlanProblem, check_plan
from parallel_agents.orchestration.roster import ORCHESTRATOR

MOST_TOLD = 20


def find_problems(
    plan: Plan,
    find_agent: FindAgent,
    *,
    budget: Budget,
    most_steps: int,
    failed: Collection[Plan] = (),
    taken: Collection[str] = (),
) -> list[str]:
    """All that is wrong with a plan; nothing has run yet.

    Args:
        plan: with inner plans and people if a person made it.
        find_agent: raises UnknownAgent for agents that the plan may not use.
        budget: of the whole.
        most_steps: as many steps as it may have.
        failed: plans whose steps failed; one that is made again would fail again.
        taken: the ids of earlier steps, which are no longer free.
    """
    problems = [_told(problem) for problem in check_plan(plan, find_agent)]
    problems += _of_limits(plan, budget, most_steps)
    problems += [
        f"{step.id}: an earlier step has this id" for step in plan.steps if step.id in taken
    ]
    if any(is_same(plan, other) for other in failed):
        problems.append("this is the plan that failed; plan those steps in another way")
    return problems


def is_same(plan: Plan, other: Plan) -> bool:
    """Whether two plans do the same work, whatever their steps are called."""
    return _works(plan) == _works(other)


def _works(plan: Plan) -> set[bytes]:
    unnamed = (replace(step, id="", needs=()) for step in plan.steps)
    made = (as_json(Plan(name="plan", steps=(step,))) for step in unnamed)
    return {orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in made}


def _of_limits(plan: Plan, budget: Budget, most_steps: int) -> Iterator[str]:
    steps = list(all_steps(plan))
    if len(steps) > most_steps:
        yield f"the plan has {len(steps)} steps, and at most {most_steps} are allowed"
    for step in steps:
        if ORCHESTRATOR in step.agents:
            yield f"{step.id}: {ORCHESTRATOR} cannot be an agent of its own plan"
        for name in ("usd", "tokens"):
            most, wanted = getattr(budget, name), getattr(step.budget, name)
            if most is not None and wanted is not None and wanted > most:
                yield f"{step.id}: its budget of {wanted:g} is more than the {most:g} of the whole"


def _told(problem: PlanProblem) -> str:
    where = f"{problem.step}: " if problem.step else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{where}{problem.message}{hint}"
