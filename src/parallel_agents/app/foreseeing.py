"""Foreseeing: the tasks that a plan would do, as far as they are known before it begins, and what bounds them.

A plan in a plan is looked at once for each of its items, as it would be done; where a list is not known yet,
once for all of its items.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.plan_probes import Probe, probe_plan, probe_task
from parallel_agents.app.run_bounds import bound_of
from parallel_agents.core.bound import NOTHING, Bound
from parallel_agents.core.budget import Amount, Budget
from parallel_agents.core.plan import (
    PlacedStep,
    Plan,
    Step,
    all_steps,
    with_default_model,
    within,
)
from parallel_agents.core.plan_inputs import complete_input
from parallel_agents.core.plan_items import Copies, copies_of, most_items, reads_only
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task
from parallel_agents.core.template import Misread, fill_input
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.orchestration.request import DoRequest
from parallel_agents.orchestration.roster import REPORTER
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.settings import Environment

UNKNOWN_STEPS = (
    "A step that reads what others came to has a first call that is not known yet; one with a loop may have"
    " several rounds, and one with a condition none."
)
MOST_LOOKED_AT = 10_000  # about two seconds
_MOST_REFUSED = 3


class Times(NamedTuple):
    """How often a task is done.

    Attributes:
        number: how often; for each item, if there is an open list.
        most: how often at most.
        open_list: the label of the step whose list is not known before others have ended; empty for none.
    """

    number: int = 1
    most: int = 1
    open_list: str = ""

    def of(self, number: int) -> Times:
        """As often as this for each of so many."""
        return Times(self.number * number, self.most * number, self.open_list)


class Foreseen(NamedTuple):
    """Tasks of one label that are not begun.

    Attributes:
        plan: a session that stands for each of them.
        firsts: the most that the first call of each of them costs; None if it is not known.
    """

    label: str
    plan: SessionPlan
    firsts: tuple[Amount, ...] | None
    times: Times = Times()


class Foresight(NamedTuple):
    """What is known of work before it begins.

    Attributes:
        budget: what all of it may cost at most, as far as that is said.
        bound: what it costs at most, by that and by the budgets of its parts.
        is_sketch: whether the tasks only stand for the steps of a plan.
        unknown: what cannot be known of it yet; empty if nothing.
        notes: what else is known: which items could not be done.
    """

    tasks: Sequence[Foreseen]
    budget: Budget
    bound: Bound
    is_sketch: bool = False
    unknown: str = ""
    notes: tuple[str, ...] = ()


class _Label:
    """What was found so far of the tasks of one label."""

    def __init__(self, plan: SessionPlan) -> None:
        self.plan = plan
        self.firsts: list[Amount] | None = []
        self.times = Times(0, 0)

    def add(self, first: Amount | None, times: Times) -> None:
        most = self.times.most + times.most
        if times.open_list:
            self.times = Times(max(times.number, self.times.number), most, times.open_list)
        else:
            self.times = Times(self.times.number + times.number, most)
        if first is None and times.most:
            self.firsts = None
        elif first is not None and self.firsts is not None:
            self.firsts.append(first)


def foresee_tasks(client: Client, plans: Sequence[SessionPlan], budget: Budget) -> Foresight:
    """What is known of sessions that are planned as they would begin."""
    bound = NOTHING
    for plan in plans:
        bound = bound.plus(bound_of(client, plan))
    tools = client.session_tools.as_tools()
    tasks = [
        Foreseen(plan.session.label, plan, (max_cost_of_first_call(client.models, tools, plan),))
        for plan in plans
    ]
    return Foresight(tasks, budget, bound.within(budget))


async def foresee_plan(
    client: Client, environment: Environment, plan: Plan, values: Mapping[str, Json]
) -> Foresight:
    """What the steps of a plan would do, to be priced; nothing is begun.

    Raises:
        UnknownModel, MissingKey, InvalidInput, ConfigError: an agent could not do its work.
    """
    await probe_plan(client, environment, plan, values)
    return await foresee_steps(client, plan, values)


async def foresee_steps(client: Client, plan: Plan, values: Mapping[str, Json]) -> Foresight:
    """The same of a plan whose agents are known to be able to do their work.

    Raises:
        UnknownAgent, UnknownModel, MissingKey, InvalidInput: they are not.
    """
    walk = _Walk(client, plan)
    bound = await walk.plan(plan, complete_input(plan, values), Times(), "")
    return Foresight(walk.tasks, plan.budget, bound, True, UNKNOWN_STEPS, walk.notes)


async def foresee_goal(client: Client, environment: Environment, request: DoRequest) -> Foresight:
    """What a goal would begin, to be priced: the steps of its plan, or else only the planning of it.

    Raises:
        PagentsError: as when it is begun.
    """
    client.orchestrator.check_request(request)
    if request.plan is None:
        planning = client.orchestrator.planning_task(request)
        found = foresee_tasks(client, [await client.sessions.plan_task(planning)], request.budget)
        return found._replace(bound=Bound.of(request.budget))  # planning is not all that it does
    plan = with_default_model(request.plan, request.model)
    found = await foresee_plan(client, environment, plan, request.material)
    return await _with_report(client, request, found)


async def _with_report(client: Client, request: DoRequest, found: Foresight) -> Foresight:
    """The steps of a goal's plan with what reports on them, and with the further plans that there may be."""
    steps, budget = found.bound, request.budget
    further = Bound() if request.replans else NOTHING
    bound = steps.plus(await _bound_of_report(client, request)).plus(further).within(budget)
    found = found._replace(budget=budget, bound=bound)
    if steps == Bound() or steps.within(budget) == bound:
        return found
    more = (
        "what reports on them, and a further plan if some fail," if request.replans else "a report"
    )
    note = f"The steps cost at most {steps.told}, by their budgets; {more} is not in that."
    return found._replace(notes=(note, *found.notes))


async def _bound_of_report(client: Client, request: DoRequest) -> Bound:
    try:
        reporter = replace(client.agent(REPORTER), input_schema=None)
        return bound_of(
            client, await client.sessions.plan_task(Task(reporter, "-", model=request.model))
        )
    except PagentsError:  # then the steps alone are told
        return Bound()


class _Walk:
    """A walk through a plan, and through the plans in it once for each time that they would be done."""

    def __init__(self, client: Client, plan: Plan) -> None:
        self._client = client
        self._tools = client.session_tools.as_tools()
        self._created = {step.create.name for step in all_steps(plan) if step.create is not None}
        self._labels: dict[str, _Label] = {}
        self._stand_ins: dict[tuple[object, ...], SessionPlan] = {}
        self._refused: list[str] = []
        self._looked_at = 0

    @property
    def tasks(self) -> list[Foreseen]:
        """The tasks that agents do, by their labels."""
        return [
            Foreseen(label, each.plan, None if each.firsts is None else (*each.firsts,), each.times)
            for label, each in self._labels.items()
        ]

    @property
    def notes(self) -> tuple[str, ...]:
        """Which items could not be done."""
        more = len(self._refused) - _MOST_REFUSED
        rest = (f"{more:,} more items cannot be done.",) if more > 0 else ()
        return (*self._refused[:_MOST_REFUSED], *rest)

    async def plan(
        self, plan: Plan, values: Mapping[str, Json] | None, times: Times, above: str
    ) -> Bound:
        """Note the tasks of a plan that is done so often; the bound of one time."""
        await asyncio.sleep(0)  # others have their turn while many items are looked at
        most = most_items(plan, values, {step.id: self._schemas(step) for step in plan.steps})
        bound = NOTHING
        for step in plan.steps:
            placed = PlacedStep(f"{above}{step.id}", step, plan, is_inner=bool(above))
            bound = bound.plus(await self._step(placed, values, times, most[step.id]))
        return bound.within(plan.budget)

    def _schemas(self, step: Step) -> list[JsonObject | None]:
        if any(name in self._created for name in step.agents):
            return []
        return [self._client.agent(name).output_schema for name in step.agents]

    async def _step(
        self, placed: PlacedStep, values: Mapping[str, Json] | None, times: Times, most: int
    ) -> Bound:
        label, step = placed.label, placed.step
        try:
            copies = copies_of(step, values, most)
        except (InvalidInput, Misread) as error:
            self._refused.append(f"{label} cannot be done: {error}.")
            copies = Copies((), 0, 0)
        if len(copies.values) + self._looked_at > MOST_LOOKED_AT:
            copies = copies._replace(values=(None,) * len(copies.values))
        groups: list[tuple[Mapping[str, Json] | None, int]] = [
            (each, 1) for each in copies.values if each is not None
        ]
        self._looked_at += len(groups)
        unread = len(copies.values) - len(groups)
        if unread or not groups:
            groups.append((None, unread))
        bound = NOTHING
        for number, (each, count) in enumerate(groups, start=1):
            if copies.number is None and times.most:
                here, among = Times(1, times.most * most, label), most
            else:
                here, among = times.of(count), count
            item = "" if step.for_each is None else f", item {number}"
            bound = bound.plus((await self._one(placed, each, here, item)).times(among))
        return bound.times(1 if step.loop is None else step.loop.rounds)

    async def _one(
        self, placed: PlacedStep, values: Mapping[str, Json] | None, times: Times, item: str
    ) -> Bound:
        """Note what a step does for one item; the bound of that."""
        label, step = placed.label, placed.step
        known = values if values is not None and reads_only(step, values) else None
        try:
            if step.plan is None:
                return await self._agents(placed, known, times)
            inner = within(step.plan, placed.plan)
            if step.budget.is_bound:
                inner = replace(inner, budget=step.budget)
            given = None if known is None else complete_input(inner, fill_input(step.input, known))
        except (InvalidInput, Misread) as error:
            self._refused.append(f"{label}{item} cannot be done: {error}.")
            return NOTHING
        return await self.plan(inner, given, times, f"{label}.")

    async def _agents(
        self, placed: PlacedStep, values: Mapping[str, Json] | None, times: Times
    ) -> Bound:
        step = placed.step
        if step.create is not None:
            return Bound.of(step.budget)
        bound = NOTHING
        for number, name in enumerate(step.agents):
            if name in self._created:
                bound = bound.plus(Bound.of(step.budget))
                continue
            stand_in = await self._stand_in(placed, name)
            bound = bound.plus(bound_of(self._client, stand_in))
            if number == 0:
                first = None if values is None else await self._first(placed, name, values)
                self._labels.setdefault(placed.label, _Label(stand_in)).add(first, times)
        return bound

    async def _first(
        self, placed: PlacedStep, name: str, values: Mapping[str, Json]
    ) -> Amount | None:
        """The most that the first call of a task costs; None if it would be refused as it reads now.

        Raises:
            InvalidInput: a task that is sure to begin would be refused.
        """
        step = placed.step
        try:
            task = probe_task(self._client, Probe(placed, name, values))
            plan = await self._client.sessions.plan_task(task)
        except (PagentsError, Misread):
            if step.needs or step.when:
                return None
            raise
        return max_cost_of_first_call(self._client.models, self._tools, plan)

    async def _stand_in(self, placed: PlacedStep, name: str) -> SessionPlan:
        kind = (placed.label, name, placed.model)
        if kind not in self._stand_ins:
            task = probe_task(self._client, Probe(placed, name, None))
            plan = await self._client.sessions.plan_task(task)
            self._stand_ins[kind] = replace(plan, session=replace(plan.session, label=placed.label))
        return self._stand_ins[kind]
