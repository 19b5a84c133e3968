"""Request: what `pagents do` and `pa.do` ask for, as the task of the built-in flow `do`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from typing_extensions import override

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.checked import Checked
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.plan import Plan
from parallel_agents.core.plan_checks import RESERVED
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.plan_limits import StoredPlan, stored_plan

DO = "do"
# What the names of the steps begin with that are not those of a plan; no id of a step can have a slash.
OWN = "orchestrator"
MOST_STEPS = 30
MOST_REPLANS = 5
MOST_GOAL_CHARACTERS = 20_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DoRequest(Checked):
    """A goal, and what the plan for it may be.

    Attributes:
        goal: what is to be reached, up to 20,000 characters.
        material: what the steps may read, by name.
        agents: the agents that the plan may use; none for those of the library that need no folder.
        most_steps: 1 to 30, or None for as many as the model can plan.
        replans: how often steps that failed are planned anew, 0 to 5.
        plan: a plan that somebody has made, without limits of its own, as `with_plan` gives it; None
            has the orchestrator make one.
        is_plan_only: whether nothing but the plan is wanted.
        is_asked: whether a person must say yes to the plan before it runs.
        model: `provider/model` for the orchestrator and for steps that name none.
        max_parallel: the most runs at once.
        timeout: seconds for all of it.
        budget: the most that planning, the steps and the report may spend together.

    Raises:
        InvalidInput: a value is out of range.
    """

    goal: str
    material: JsonObject = field(default_factory=dict[str, Json])
    agents: tuple[str, ...] = ()
    most_steps: int | None = None
    replans: int = 1
    plan: Plan | None = None
    is_plan_only: bool = False
    is_asked: bool = False
    model: str | None = None
    max_parallel: int | None = None
    timeout: float | None = None
    budget: Budget = NO_BUDGET

    @override
    def _check(self) -> None:
        if not self.goal.strip() or len(self.goal) > MOST_GOAL_CHARACTERS:
            raise InvalidInput(
                f"a goal has 1 to {MOST_GOAL_CHARACTERS:,} characters, and this one {len(self.goal):,}",
                hint="write the goal in a few sentences, and pass long texts as input",
            )
        for name, value, least, most in (
            ("max_steps", self.most_steps, 1, MOST_STEPS),
            ("replans", self.replans, 0, MOST_REPLANS),
        ):
            if value is not None and not least <= value <= most:
                raise InvalidInput(
                    f"{name} is {value}", hint=f"choose a number from {least} to {most}"
                )
        for name in self.material:
            if not _NAME.fullmatch(name) or name in RESERVED:
                raise InvalidInput(
                    f"an input of a goal cannot be called {shown(name)}",
                    why="the steps of the plan read it by its name",
                    hint="use letters, digits and underscores, a letter first, and not "
                    + ", ".join(RESERVED),
                )

    def with_plan(self, plan: Plan) -> DoRequest:
        """The same with a plan that somebody has made, and its limits and model where this has none."""
        own = {
            name: value
            for name in ("usd", "tokens", "on_limit")
            if (value := getattr(self.budget, name)) is not None
        }
        return replace(
            self,
            plan=replace(unlimited(plan), model=plan.model and (self.model or plan.model)),
            model=self.model or plan.model,
            max_parallel=self.max_parallel or plan.max_parallel,
            timeout=self.timeout or plan.timeout_seconds,
            budget=replace(plan.budget, **own),
        )

    def flow_task(self) -> FlowTask:
        """The task of the flow; what the plan may be is part of what it is, and its limits are not."""
        plan = StoredPlan(None, {}) if self.plan is None else stored_plan(self.plan)
        return FlowTask(
            name=DO,
            input={
                "goal": self.goal,
                "material": self.material,
                "agents": list(self.agents),
                "most_steps": self.most_steps,
                "replans": self.replans,
                "plan": plan.work,
                **({"is_plan_only": True} if self.is_plan_only else {}),
            },
            options={"is_asked": self.is_asked, **plan.options},
            model=self.model or (self.plan.model if self.plan else None),
            max_parallel=self.max_parallel,
            timeout_seconds=self.timeout,
            budget=self.budget,
        )


def unlimited(plan: Plan) -> Plan:
    """A plan without the limits that the flow around it has."""
    return replace(plan, max_parallel=None, timeout_seconds=None, budget=NO_BUDGET)
