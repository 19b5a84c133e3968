"""Planning: the orchestrator writes a plan, what is wrong with it goes back to it, and only a sound one counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.cutting import head
from parallel_agents.core.plan import Plan, as_json, created_in
from parallel_agents.core.policy import Policy
from parallel_agents.core.problems import describe_problem
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import Task
from parallel_agents.core.template import as_text
from parallel_agents.errors import InvalidInput, OutputInvalid, PlanImpossible, StepFailed
from parallel_agents.flows.plan_limits import read_plan
from parallel_agents.flows.steps import Steps
from parallel_agents.flows.stored_step import stored_step
from parallel_agents.orchestration.draft import Draft, Frame, compiled, example, schema_for
from parallel_agents.orchestration.findings import MOST_TOLD, find_problems
from parallel_agents.orchestration.request import MOST_STEPS
from parallel_agents.orchestration.roster import Roster, described
from parallel_agents.orchestration.wanted_score import wanted_score

MOST_TRIES = 3
MOST_STEPS_SMALL = 8
_MOST_SHOWN = 600
_MOST_NAMED, _MOST_OF_ONE = 3, 300
_HINT = "say more of the goal, choose a stronger --model, or write a plan yourself: --plan FILE (in Python model=, plan=)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """What a plan is made for.

    Attributes:
        planner: the orchestrator.
        roster: the agents that the plan may use.
        material: what its steps may read, by name.
        results: of earlier steps, which they may read as well.
        most_steps: as many as it may have; None for as many as the model can plan.
        budget: of the whole.
        names: of all agents, which no new one may have.
        failed: plans whose steps failed.
        taken: the ids of earlier steps, which are no longer free.
    """

    goal: str
    planner: Agent
    roster: Roster
    material: JsonObject
    results: JsonObject = field(default_factory=dict[str, Json])
    most_steps: int | None = None
    budget: Budget = NO_BUDGET
    names: Collection[str] = ()
    failed: Sequence[Plan] = ()
    taken: Sequence[str] = field(default=())

    @property
    def given(self) -> dict[str, Json]:
        """What the plan is given."""
        return {**self.material, **self.results}

    @property
    def frame(self) -> Frame:
        """What a draft is made into a plan with."""
        goal = self.goal if self.roster.is_small else ""
        return Frame(
            tuple(self.given),
            tuple(self.material),
            self.roster.agents,
            goal,
            wanted_score(self.goal),
        )

    @property
    def most(self) -> int:
        """The most steps of the plan."""
        limit = MOST_STEPS_SMALL if self.roster.is_small else MOST_STEPS
        return min(self.most_steps or limit, limit)

    @property
    def agent(self) -> Agent:
        """The orchestrator with the schema of the moment; it writes a plan, and spawns nobody."""
        return replace(
            self.planner,
            input_schema=None,
            output_schema=schema_for(self.roster, self.most),
            examples=(),
            tools=(),
            policy=Policy(),
        )

    def text(self, more: str = "") -> str:
        """What the orchestrator is asked."""
        parts = (
            f"Goal:\n{self.goal}",
            _shown("Material, which steps read by its name", self.material),
            _shown("Results that there are, which steps read by their names", self.results),
            more,
            f"Agents:\n{described(self.roster)}",
            example(self.roster) if self.roster.is_small else "",
            f"Write the plan for this goal, in at most {self.most} steps:\n{self.goal}",
        )
        return "\n\n".join(filter(None, parts))

    def problems(self, plan: Plan) -> list[str]:
        """All that is wrong with a plan."""
        known = [name for name in created_in(plan) if name in self.names]
        return [
            f"there is already an agent {name}; use it, or choose another id" for name in known
        ] + find_problems(
            plan,
            self.roster.find,
            budget=self.budget,
            most_steps=self.most,
            failed=self.failed,
            taken=self.taken,
        )


def _shown(what: str, values: JsonObject) -> str:
    texts = (f"{name}:\n{head(as_text(value), _MOST_SHOWN)}" for name, value in values.items())
    return "\n\n".join((f"{what}.", *texts)) if values else ""


async def make_plan(steps: Steps, name: str, planning: Planning, more: str = "") -> Plan:
    """A plan without problems, which stays the same once it was made.

    Args:
        steps: of the flow.
        name: of the step.
        planning: what it is made for.
        more: what else the orchestrator is told.

    Raises:
        PlanImpossible: the orchestrator failed, or each of its plans had problems.
    """

    async def tries() -> Json:
        return await _tries(steps, name, planning, more)

    try:
        made = await stored_step(steps, f"{name}/made", tries)
    except StepFailed as error:
        raise PlanImpossible(error.message, why=error.why, hint=error.hint) from error
    return read_plan(made)


async def _tries(steps: Steps, name: str, planning: Planning, more: str) -> Json:
    text, problems = planning.text(more), list[str]()
    for number in range(1, MOST_TRIES + 1):
        task: Task[Any] = Task(planning.agent, text)
        result: Result[Any] = await steps.result(f"{name}/try-{number}", task)
        if not result.is_done:
            raise _not_planned(result)
        plan, problems = _read(result.output_json, planning)
        if plan is not None:
            return as_json(plan)
        told = "\n".join(f"- {problem}" for problem in problems[:MOST_TOLD])
        text = "\n\n".join(
            (
                planning.text(more),
                f"This plan cannot be used:\n{head(as_text(result.output_json), 6_000)}",
                f"What is wrong with it:\n{told}",
                "Write the whole plan anew, without these mistakes.",
            )
        )
    raise StepFailed(
        f"no plan could be made in {MOST_TRIES} tries",
        why=_few(problems),
        hint=_HINT,
    )


def _few(problems: Sequence[str]) -> str:
    """The first problems of a plan, for a person; the model was told more of them."""
    told = [head(problem, _MOST_OF_ONE) for problem in problems[:_MOST_NAMED]]
    left = len(problems) - len(told)
    return "; ".join(told) + (f"; and {left} more" if left else "")


def _not_planned(result: Result[Any]) -> StepFailed:
    """Why the orchestrator gave no answer that could be read as a plan."""
    error = result.error
    if error is None:
        return StepFailed("the orchestrator made no plan", why=f"its run is {result.status}")
    why = ": ".join(filter(None, (f"{error.code} {error.message}", head(error.why, _MOST_SHOWN))))
    hint = _HINT if error.code == OutputInvalid.code else error.hint
    return StepFailed("the orchestrator made no plan", why=why, hint=hint)


def _read(answer: Json, planning: Planning) -> tuple[Plan | None, list[str]]:
    """The plan in an answer; None with what is wrong with it."""
    try:
        draft = Draft.model_validate(answer)
    except ValidationError as error:
        return None, [describe_problem(error)]
    try:
        plan, invalid = compiled(draft, planning.frame)
    except InvalidInput as error:
        return None, [" ".join(filter(None, (error.message, error.why, error.hint)))]
    problems = [*invalid, *planning.problems(plan)]
    return (None, problems) if problems else (plan, [])
