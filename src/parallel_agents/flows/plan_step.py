"""Plan step: the work of one step of a plan, once it may begin: for each item, in rounds, by whoever can."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.cutting import head
from parallel_agents.core.expression import Lacking, Path, Unfit, expression
from parallel_agents.core.plan import Create, Loop, Plan, Step, within
from parallel_agents.core.plan_items import items_of
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.template import (
    fill,
    fill_input,
    fill_text,
    paths_in,
    texts_in,
    written,
)
from parallel_agents.core.tool import Effect
from parallel_agents.errors import InvalidInput, PagentsError, StepFailed, StepPartlyDone
from parallel_agents.flows.create_step import create_task, created
from parallel_agents.flows.gathered import checked_result, together, why_not_done
from parallel_agents.flows.naming import label_of
from parallel_agents.flows.people import MOST_CHARACTERS, Asking
from parallel_agents.flows.plan_budgets import hint_of, how_to_raise, killed_hint
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.flows.routing import hand_off
from parallel_agents.flows.steps import Steps
from parallel_agents.flows.work import Call

_SHOWN = 3
_FEWER = "set `min_done` if fewer are enough"


def shortened(text: str) -> str:
    """A question in a length that can be asked."""
    return head(text, MOST_CHARACTERS)


class PlanStep:
    """A step of a plan.

    Args:
        steps: of the flow that executes the plan.
        plan: which the step is of.
        step: whatever it reads has ended.
    """

    def __init__(self, steps: Steps, plan: Plan, step: Step) -> None:
        self._steps = steps
        self._plan = plan
        self._step = step
        templates: dict[str, Json] = {"text": step.text, "input": step.input, "person": step.person}
        texts = [text for _, text in texts_in({**templates, "for_each": step.for_each})]
        self._reads = {path[:2] for text in texts for path in paths_in(text)}
        self._reads_loop = any(path[0] == "loop" for path in self._reads)

    async def output(self, values: Mapping[str, Json]) -> Json:
        """What it comes to: with `for_each`, a list.

        Raises:
            PagentsError: it failed.
            Misread: it reads a part that a value does not have.
        """
        step = self._step
        if not step.hand_off and not step.person and step.min_done is None:
            return await self._output(values)
        # It may be done although a task of it failed; that one is not tried again with the plan.
        read = [fill(f"${{{written(path)}}}", values) for path in self._read_results()]
        digest = hashlib.sha256(orjson.dumps(read)).hexdigest()[:12]
        work = UserFunction(partial(self._output, values), step.id)
        call = Call(work, None, (), {}, Effect.IDEMPOTENT, is_wait=True)
        return await self._steps.work.step(f"{step.id}/done-{digest}", call)

    def _read_results(self) -> list[Path]:
        """Which results it reads, as `tasks.facts`."""
        found = [path for path in self._reads if path[0] == "tasks" and len(path) > 1]
        return sorted(found, key=str)

    async def _output(self, values: Mapping[str, Json]) -> Json:
        step = self._step
        if step.for_each is None:
            return await self._rounds(step.id, values)
        try:
            items = items_of(step, values)
        except InvalidInput as error:
            raise StepFailed(error.message, why=error.why, hint=error.hint) from error
        return await self._each(list(items), values)

    async def _each(self, items: list[Json], values: Mapping[str, Json]) -> Json:
        id, most = self._step.id, self._step.max_parallel
        turn = nullcontext() if most is None else asyncio.Semaphore(most)

        async def one(number: int, item: Json) -> tuple[Json, PagentsError | None]:
            async with turn:
                try:
                    return await self._rounds(f"{id}/{number}", {**values, "item": item}), None
                except PagentsError as error:
                    return None, error

        ends = await together([one(n, item) for n, item in enumerate(items, start=1)])
        lost = [(n, error) for n, (_, error) in enumerate(ends, start=1) if error is not None]
        least = len(items) if self._step.min_done is None else self._step.min_done
        if lost:
            told = "; ".join(f"item {n}: {error.message}" for n, error in lost[:_SHOWN])
            what = f"{len(lost)} of {len(items)} items of {id} are not done"
            if len(items) - len(lost) < least:
                is_partly = len(lost) < len(items) or _is_partly(lost)
                kind = StepPartlyDone if is_partly else StepFailed
                hint, account = hint_of([error for _, error in lost], _FEWER)
                raise kind(what, why=told, hint=hint, account=account)
            self._steps.work.note(f"{what}: {told}")
        return [output for output, error in ends if error is None]

    async def _rounds(self, name: str, values: Mapping[str, Json]) -> Json:
        loop = self._step.loop
        if loop is None:
            return await self._once(name, values, self._step.text)
        last: Json = None
        for number in range(1, loop.rounds + 1):
            told: dict[str, Json] = {"round": number, "output": last}
            text = self._step.text
            last = await self._once(
                f"{name}/round-{number}",
                {**values, "loop": told},
                text if number == 1 or self._reads_loop else f"{text}\n\n{_before(loop)}",
            )
            if _is_good(loop.until, last):
                return last
        if not loop.keep_last:
            raise StepFailed(
                f"{name} is not good enough after {loop.rounds} rounds",
                why=f"no answer satisfies {loop.until}",
                hint="allow more rounds, or set `keep_last: true` in the loop",
            )
        self._steps.work.note(f"{name}: after {loop.rounds} rounds, none satisfies {loop.until}")
        return last

    async def _once(self, name: str, values: Mapping[str, Json], text: str) -> Json:
        step = self._step
        if step.plan is not None:
            return await self._inner(name, step.plan, values)
        if step.create is not None:
            return await self._created(name, step.create)
        person = shortened(fill_text(step.person, values))
        if not step.agent:
            return await self._steps.work.ask(name, Asking(person))
        task: Task[Any] = Task(
            step.agent,
            fill_text(text, values),
            input=fill_input(self._step.input, values),
            model=step.model or self._plan.model,
            ladder=step.ladder,
            gates=step.gates,
            refine=step.refine,
            budget=step.budget,
            cache_seconds=self._plan.cache_seconds,
            workspace=self._plan.workspace,
        )
        if not step.hand_off and not person:
            return self._checked(await self._steps.result(name, task), name).output
        handed = await hand_off(
            self._steps, name, task, to=step.hand_off, accept=None, person=person or None
        )
        return handed.result.output_json if handed.answer is None else handed.answer

    def _checked(self, result: Result[Any], name: str) -> Result[Any]:
        try:
            return checked_result(result, name, check=True)
        except StepFailed as error:
            error.hint = killed_hint(result) or self._how_to_raise(result) or error.hint
            raise

    def _how_to_raise(self, result: Result[Any]) -> str:
        return how_to_raise(result, self._step, self._plan, self._steps.work.session)

    async def _created(self, name: str, create: Create) -> Json:
        model = self._plan.model or self._steps.request.model
        task = create_task(create, label=label_of(name), model=model, budget=self._step.budget)
        return created(create, await self._steps.work.flow(name, task))

    async def _inner(self, name: str, plan: Plan, values: Mapping[str, Json]) -> Json:
        plan = within(plan, self._plan)
        if self._step.budget.is_bound:
            plan = replace(plan, budget=self._step.budget)
        task = plan_task(plan, fill_input(self._step.input, values), label=label_of(name))
        result: Result[Json] = await self._steps.work.flow(name, task)
        if not result.is_done:
            why = result.error.why if result.error else ""
            kind = StepPartlyDone if result.status is RunStatus.PARTIAL else StepFailed
            raise kind(
                why_not_done(result),
                why=why,
                hint=self._how_to_raise(result) or killed_hint(result),
                account=result.error.account if result.error else "",
            )
        found = result.output_json
        return found["outputs"] if isinstance(found, Mapping) else None


def _is_partly(lost: Iterable[tuple[int, PagentsError]]) -> bool:
    return any(isinstance(error, StepPartlyDone) for _, error in lost)


def _before(loop: Loop) -> str:
    until = loop.until.replace("$", "$$")
    return (
        f"The answer of the round before, which must become better until {until}:\n${{loop.output}}"
    )


def _is_good(until: str, answer: Json) -> bool:
    """Whether an answer satisfies the condition of a loop.

    Raises:
        StepFailed: the condition does not fit the answer.
    """
    try:
        return expression(until).holds(answer)
    except Lacking:
        return False
    except Unfit as unfit:
        raise StepFailed(
            f"the condition {until} does not fit the answer", why=str(unfit)
        ) from unfit
