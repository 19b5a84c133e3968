"""Graph documents: the tasks of a team as steps on levels, for pages that draw them."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import TypedDict

from parallel_agents.catalog.team import Team
from parallel_agents.core.plan import Plan, Step
from parallel_agents.views.plan_graph import as_mermaid, conditions, levels, marks, who


class StepDocument(TypedDict):
    """A step: who does it, how, when it begins, and which steps it needs.

    Steps of one `level` may run at the same time, after those of the levels before. `within` is the step
    whose inner plan this step is of; empty for the team's own.
    """

    id: str
    within: str
    level: int
    who: str
    marks: str
    conditions: list[str]
    needs: list[str]
    is_conditional: bool


class GraphDocument(TypedDict):
    """The steps of a team, and the same as a Mermaid flowchart."""

    name: str
    steps: list[StepDocument]
    mermaid: str


def plan_of_team(team: Team) -> Plan:
    """The tasks of a team as steps; those of a plain team need nothing."""
    if team.plan is not None:
        return team.plan
    steps = tuple(Step(id=task.label, agent=task.agent.name, text=task.text) for task in team.tasks)
    return Plan(name=team.name, steps=steps)


def graph_json(plan: Plan) -> GraphDocument:
    """The steps of a plan, with those of the plans in it."""
    return {"name": plan.name, "steps": _steps(plan, ""), "mermaid": as_mermaid(plan)}


def _steps(plan: Plan, within: str) -> list[StepDocument]:
    level_of = {id: number for number, level in enumerate(levels(plan)) for id in level}
    prefix = f"{within}/" if within else ""
    found: list[StepDocument] = []
    for step in plan.steps:
        found.append(_step(step, prefix, within, level_of))
        if step.plan is not None:
            found += _steps(step.plan, f"{prefix}{step.id}")
    return found


def _step(step: Step, prefix: str, within: str, level_of: Mapping[str, int]) -> StepDocument:
    told = conditions(step)
    return {
        "id": f"{prefix}{step.id}",
        "within": within,
        "level": level_of[step.id],
        "who": who(step),
        "marks": marks(step),
        "conditions": told,
        "needs": [f"{prefix}{need}" for need in step.needs],
        "is_conditional": any(each.startswith(("when ", "if ")) for each in told),
    }
