"""Goal routes: a goal is planned, reached and reported by agents, as `pagents do` has it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import blake2b
from typing import Annotated

from pydantic import Field, JsonValue

from parallel_agents.app.foreseeing import Foresight, foresee_goal
from parallel_agents.app.stored_work import foresee_flow
from parallel_agents.catalog.sent_files import sent_plan
from parallel_agents.core.budget import NO_BUDGET, Budget, OnLimit
from parallel_agents.orchestration.request import DoRequest
from parallel_agents.sessions.requests import check_key
from parallel_agents.surfaces.gateway.bodies import FileTexts, Positive
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.price_routes import PriceDocument, price_of
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.verb_routes import SpawnedDocument, check_key_given, started

_Name = Annotated[str, Field(max_length=500)]


class GoalBody(Given):
    """A goal, and what the plan for it may be."""

    goal: Annotated[str, Field(min_length=1, max_length=20_000)]
    """What is to be reached."""
    material: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """What the steps may read, by name."""
    agents: Annotated[list[_Name], Field(max_length=500)] = Field(default_factory=list[str])
    """The agents that the plan may use; none for those of the library that need no folder."""
    most_steps: int | None = None
    """The most steps of the plan."""
    replans: int = 1
    """How often steps that failed are planned anew."""
    plan: _Name | None = None
    """The first of `files`, which is a plan that somebody has made."""
    files: FileTexts = Field(default_factory=dict[str, str])
    """The texts of the plan's files by their names."""
    is_plan_only: bool = False
    """Whether nothing but the plan is wanted."""
    is_asked: bool = False
    """Whether a person must say yes to the plan before it runs."""
    model: _Name | None = None
    """`provider/model` for the orchestrator and for steps that name none."""
    max_parallel: Annotated[int, Field(ge=1)] | None = None
    """The most runs at once."""
    timeout_seconds: Positive | None = None
    """The time limit."""
    budget_usd: Positive | None = None
    """The most that planning, the steps and the report may cost together."""
    budget_tokens: Annotated[int, Field(gt=0)] | None = None
    """The most tokens that they may use."""
    on_limit: Annotated[OnLimit, Field(strict=False)] | None = None
    """What a run does when the budget is used up."""
    key: _Name | None = None
    """Names the work: the same key again is the same session."""
    tags: Annotated[list[_Name], Field(max_length=50)] = Field(default_factory=list[str])
    """What costs are told by."""

    @property
    def request(self) -> DoRequest:
        """The request without the plan.

        Raises:
            InvalidInput: a value is out of range.
        """
        budget = Budget(usd=self.budget_usd, tokens=self.budget_tokens)
        if budget.is_bound and self.on_limit is not None:
            budget = replace(budget, on_limit=self.on_limit)
        return DoRequest(
            goal=self.goal,
            material=self.material,
            agents=tuple(self.agents),
            most_steps=self.most_steps,
            replans=self.replans,
            is_plan_only=self.is_plan_only,
            is_asked=self.is_asked,
            model=self.model,
            max_parallel=self.max_parallel,
            timeout=self.timeout_seconds,
            budget=budget if budget.is_bound else NO_BUDGET,
        )


async def begin(call: Call, given: GoalBody) -> Document:
    """Have agents plan a goal, reach it, and report; with a key that was used before, find that."""
    check_key_given(given.key)
    request = await _asked(call, given)
    call.client.orchestrator.check_request(request)
    key = _key(call, given)
    spawned = await call.verbs.spawn_flow(request.flow_task(), key=key, tags=given.tags)
    return await started(call, spawned)


async def price(call: Call, given: GoalBody) -> Document:
    """Say what the steps of a goal's plan would cost, or without a plan its planning, and start nothing."""
    return Document(value=await price_of(call, _foreseen(call, given)))


def _key(call: Call, given: GoalBody) -> str | None:
    key = given.key
    if key is None and call.key:
        key = blake2b(call.key.encode(), digest_size=8).hexdigest()
    if key is not None:
        check_key(key)
    return key


async def _foreseen(call: Call, given: GoalBody) -> Foresight:
    request = await _asked(call, given)
    work = await foresee_goal(call.client, call.gateway.environment, request)
    planned = await call.client.sessions.plan_flow(request.flow_task(), key=_key(call, given))
    return await foresee_flow(call.client, planned, work)


async def _asked(call: Call, given: GoalBody) -> DoRequest:
    """The request with the plan in its files."""
    catalog = call.client.catalog
    catalog.forget()  # the gateway may be older than the files
    if given.plan is None:
        return given.request
    plan = await asyncio.to_thread(sent_plan, given.files, given.plan, catalog.agent)
    return given.request.with_plan(plan)


ROUTES = (
    Route(
        method="POST",
        path="/goals",
        name="beginGoal",
        does="Have agents plan a goal, reach it, and report. A background worker executes it.",
        takes=GoalBody,
        gives=SpawnedDocument,
        form=Form.DOCUMENT,
        begins=True,
        answer=handled(GoalBody, begin),
    ),
    Route(
        method="POST",
        path="/price/goal",
        name="priceGoal",
        does="Say what the steps of a goal's plan would cost, or without a plan its planning, and start nothing.",
        takes=GoalBody,
        gives=PriceDocument,
        form=Form.DOCUMENT,
        answer=handled(GoalBody, price),
    ),
)
