"""Orchestrator: the built-in flow `do`, which plans a goal, asks, does the plan, mends it and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson
from pydantic import ValidationError

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.cutting import head
from parallel_agents.core.needs import Lack
from parallel_agents.core.plan import (
    MOST_STEPS as MOST_PLANNED,
    Plan,
    Step,
    StepStatus,
    as_json,
    with_default_model,
)
from parallel_agents.core.plan_inputs import complete_input
from parallel_agents.core.problems import as_path, find_problem
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.usage import SIMULATED
from parallel_agents.errors import (
    InvalidInput,
    PagentsError,
    PlanImpossible,
    PlanNotAccepted,
    StepFailed,
)
from parallel_agents.flows.flow import Flow, steps_of
from parallel_agents.flows.gathered import why_not_done
from parallel_agents.flows.people import MOST_CHARACTERS, Asking
from parallel_agents.flows.plan_limits import limited_plan, read_plan
from parallel_agents.flows.planned import LOST, StepEnd, ends_of, judge, shown_ends
from parallel_agents.flows.steps import Steps
from parallel_agents.orchestration import report
from parallel_agents.orchestration.findings import MOST_TOLD, find_problems
from parallel_agents.orchestration.planning import Planning, make_plan
from parallel_agents.orchestration.request import OWN, DoRequest, unlimited
from parallel_agents.orchestration.roster import (
    ORCHESTRATOR,
    REPORTER,
    Agents,
    find_roster,
)

# No step of a plan can have such a name.
PLAN_STEP = f"{OWN}/plan"
APPROVE_STEP = f"{OWN}/approve"
UNUSABLE = "That plan cannot be used:"
_REPORT_STEP = f"{OWN}/report"
RUN, STOP = "run", "stop"
# Any text could be the answer before version 0.1.
YES = ("", RUN, "yes", "y")
_MOST_ASKED = 5
_LIMITED = (
    "the budget, max_parallel and timeout_seconds of a goal that has begun cannot be changed in its plan"
    " (take them out; `pagents do` has --budget, --parallel and --timeout)"
)


class Orchestrator:
    """What the flow needs of its process.

    Args:
        agents: those of the process.
        lack: what the process lacks for an agent.
    """

    def __init__(self, agents: Agents, lack: Callable[[Agent, str], Lack | None]) -> None:
        self._agents = agents
        self._lack = lack

    async def do(  # noqa: PLR0913 - each is a part of the stored input
        self,
        flow: Flow,
        goal: str,
        material: dict[str, Json],
        agents: list[str],
        most_steps: int | None = None,
        replans: int = 1,
        plan: Plan | None = None,
        is_plan_only: bool = False,
    ) -> Json:
        """Plan a goal, ask whether the plan may run, do it, plan anew what failed, and report."""
        steps = steps_of(flow)
        plan = plan and limited_plan(plan, steps.request.options)
        planning = self._planning(
            DoRequest(
                goal=goal,
                material=material,
                agents=tuple(agents),
                most_steps=most_steps,
                model=steps.request.model,
                budget=steps.request.budget,
            )
        )
        made = plan or await make_plan(steps, PLAN_STEP, planning)
        if plan is not None:
            self._check(made, planning)
        if is_plan_only:
            return {"plan": as_json(made)}
        if steps.request.options.get("is_asked"):
            made = await self._accepted(steps, made, planning)
        doing = _Doing(steps, planning, self._agents.agent(REPORTER), flow.key)
        return await doing.run(made, replans)

    def planning_task(self, request: DoRequest) -> Task[Any]:
        """What the orchestrator is asked first, where no plan is given.

        Raises:
            UnknownAgent, InvalidFile, InvalidInput, ConfigError: as for `check_request`.
        """
        planning = self._planning(request)
        return Task(planning.agent, planning.text(), model=request.model)

    def _planning(self, request: DoRequest) -> Planning:
        return Planning(
            goal=request.goal,
            planner=self._agents.agent(ORCHESTRATOR),
            roster=find_roster(self._agents, self._lack, request.agents, request.model),
            material=request.material,
            most_steps=request.most_steps,
            budget=request.budget,
            names=frozenset(each.name for each in self._agents.agents()),
        )

    async def _accepted(self, steps: Steps, plan: Plan, planning: Planning) -> Plan:
        """The plan that a person says yes to, which may be another one that they wrote.

        Raises:
            PlanNotAccepted: they say no.
        """
        why = ""
        for number in range(1, _MOST_ASKED + 1):
            text = head(f"{why}{_told(plan)}", MOST_CHARACTERS)
            name = APPROVE_STEP if number == 1 else f"{APPROVE_STEP}-{number}"
            try:
                answer = (await steps.work.ask(name, _asking(text))).strip()
            except StepFailed as error:
                raise _not_accepted(error.why) from error
            if answer.lower() in YES:
                return plan
            try:
                edited = read_plan(orjson.loads(answer))
                self._check(edited, planning)
            except (
                InvalidInput,
                PlanImpossible,
                ValidationError,
                orjson.JSONDecodeError,
            ) as error:
                why = f"{UNUSABLE} {_why(error)}\n\n"
            else:
                return edited
        raise _not_accepted(f"none of {_MOST_ASKED} answers was a plan that could be used")

    def _check(self, plan: Plan, planning: Planning) -> None:
        """Refuse a plan of a person that could not work; it may name any agent that they may spawn.

        Raises:
            PlanImpossible: it has problems.
        """
        if problems := self._problems(plan, planning.material, planning.budget):
            raise PlanImpossible(
                "the plan cannot be run",
                why="; ".join(problems[:MOST_TOLD]),
                hint="correct the plan",
            )

    def check_request(self, request: DoRequest) -> None:
        """Refuse what could only fail, before anything is stored.

        Raises:
            UnknownAgent, InvalidFile, ConfigError: an agent that is named is not there, or nothing here
                can plan.
            InvalidInput: the plan that is given could not work, or there are no agents for one, or only
                a simulated model to make it.
        """
        roster = find_roster(self._agents, self._lack, request.agents, request.model)
        if request.plan is not None:
            self.check_plan(request.plan, request.material, request.budget)
        elif roster.planner.startswith(SIMULATED):
            raise InvalidInput(
                f"{roster.planner} cannot plan",
                why="it is simulated: its answers are made up, and no plan among them could work",
                hint="choose another --model, or write a plan for it: --plan FILE (in Python model=, plan=); a team works on it,"
                f" too: pagents run --team content -i topic=tea -m {roster.planner}",
            )

    def check_plan(self, plan: Plan, material: Mapping[str, Json], budget: Budget) -> None:
        """Refuse a plan of a person that could not work, before it is given to the flow.

        Raises:
            InvalidInput: it has problems, or the input does not fit it.
        """
        complete_input(plan, material)  # the plan may be right where its input is wrong
        if problems := self._problems(plan, material, budget):
            raise InvalidInput(
                "the plan cannot be run",
                why="; ".join(problems[:MOST_TOLD]),
                hint="correct the plan",
            )

    def _problems(self, plan: Plan, material: Mapping[str, Json], budget: Budget) -> list[str]:
        problems = find_problems(plan, self._agents.agent, budget=budget, most_steps=MOST_PLANNED)
        try:
            complete_input(plan, material)
        except InvalidInput as error:
            problems.append("; ".join(filter(None, (error.message, error.why, error.hint))))
        if plan != unlimited(plan):
            problems.append(_LIMITED)
        return problems


class _Doing:
    """The work on a goal, once its plan is accepted."""

    def __init__(self, steps: Steps, planning: Planning, reporter: Agent, key: str) -> None:
        self._steps = steps
        self._planning = planning
        self._reporter = reporter
        self._key = key
        self._plans: list[Plan] = []
        self._ends: dict[str, StepEnd] = {}
        self._replaced: dict[str, int] = {}
        self._notes: list[str] = []

    async def run(self, plan: Plan, replans: int) -> Json:
        await self._do(plan)
        for number in range(1, replans + 1):
            if not (lost := self._lost()):
                break
            try:
                again = await self._planned_anew(number, lost)
            except PlanImpossible as error:
                self._notes.append(f"Nothing was planned anew: {error.message}: {error.why}")
                break
            self._replaced |= dict.fromkeys(lost, number + 1)
            await self._do(again)
        return await self._reported()

    async def _do(self, plan: Plan) -> None:
        self._plans.append(plan)
        values = {**complete_input(plan, self._given(plan))}
        on_model = with_default_model(plan, self._steps.request.model)
        self._ends |= await ends_of(self._steps, on_model, values)

    def _given(self, plan: Plan) -> dict[str, Json]:
        """The material, and for a plan that replaces another one the results that there are."""
        given = dict(self._planning.material)
        return given if len(self._plans) == 1 else {**given, **self._outputs()}

    def _outputs(self) -> dict[str, Json]:
        return {id: e.output for id, e in self._ends.items() if e.status is StepStatus.DONE}

    def _lost(self) -> list[str]:
        return [id for id, end in self._left().items() if end.status in LOST]

    def _left(self) -> dict[str, StepEnd]:
        """The ends of the steps that were not replaced."""
        return {id: end for id, end in self._ends.items() if id not in self._replaced}

    async def _planned_anew(self, number: int, lost: list[str]) -> Plan:
        """A plan for what the steps that failed, and those that need them, were to come to."""
        steps = report.steps_of(self._plans)
        told = "\n".join(
            f"- {id} ({', '.join(steps[id].agents)}) {self._ends[id].status.value}: "
            f"{head(self._ends[id].why, 300)}. It was to: {head(steps[id].text, 300)}"
            for id in lost
        )
        outputs = self._outputs()
        planning = replace(
            self._planning,
            results=outputs,
            failed=tuple(self._plans),
            taken=tuple(self._ends),
        )
        more = (
            "These steps of your plan did not succeed:\n"
            f"{told}\n\n"
            "Plan only what is to be done instead of them, in another way. What is done stays, and is "
            f"read by its name: {', '.join(outputs) or 'nothing yet'}. Do not use the ids "
            f"{', '.join(self._ends)} again."
        )
        return await make_plan(self._steps, f"{PLAN_STEP}-{number + 1}", planning, more)

    async def _reported(self) -> Json:
        last = [step.id for plan in self._plans for step in plan.last if step.id in self._left()]
        work = report.Work(
            goal=self._planning.goal,
            key=self._key,
            steps=report.steps_of(self._plans),
            ends=self._ends,
            replaced=self._replaced,
            notes=[*self._notes, *self._steps.work.notices],
        )
        told = await self._told(work)
        text = report.as_markdown(work, told, await self._steps.work.spend())
        judge(self._steps.work, self._left(), None)
        return {
            "report": text,
            "steps": shown_ends(self._ends),
            "outputs": {id: self._ends[id].output for id in last},
            "replans": len(self._plans) - 1,
            "dropped_statements": told.dropped,
            "plan": as_json(self._plans[0]),
        }

    async def _told(self, work: report.Work) -> report.Told:
        if not work.done:
            return report.by_code(work, "no step is done")
        roster = self._planning.roster
        schema = report.schema_for(work.done, roster)
        agent = replace(self._reporter, input_schema=None, output_schema=schema, examples=())
        task: Task[Any] = Task(agent, report.question(work, roster))
        result: Result[Any] = await self._steps.result(_REPORT_STEP, task)
        if not result.is_done:
            return report.by_code(work, why_not_done(result))
        told = report.checked(result.output_json, work.done)
        if told.statements:
            return told
        return report.by_code(work, "none of its statements pointed to a result")._replace(
            dropped=told.dropped
        )


def _asking(text: str) -> Asking:
    """The question whether a plan may run."""
    return Asking(text, (RUN, STOP), refusal=STOP, takes_object=True)


def _told(plan: Plan) -> str:
    """A plan for a person who may see nothing else of it."""
    lines = [
        f"- {step.id}: {_who(step)}"
        + (f", after {', '.join(step.needs)}" if step.needs else "")
        + f": {head(' '.join((step.create.purpose if step.create else step.text).split()), 160)}"
        for step in plan.steps
    ]
    asked = "May this plan run? Answer run, stop, or another plan as JSON."
    return "\n".join((asked, "", *lines))


def _who(step: Step) -> str:
    if step.create is not None:
        return f"makes the agent {step.create.name}"
    return " or ".join(step.agents) or "a person"


def _not_accepted(why: str) -> PlanNotAccepted:
    return PlanNotAccepted(
        "the plan was not accepted, and nothing of it has run",
        why=why,
        hint="run it again under the same name to be asked again, or with --yes, in Python is_asked=False",
    )


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        found = find_problem(error)
        return f"{as_path(found.steps)}: {found.words}"
    if isinstance(error, PagentsError):
        return error.why or error.message
    return str(error)
