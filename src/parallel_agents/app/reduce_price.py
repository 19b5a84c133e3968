"""Reduce price: the calls with which an agent would combine the results of a map, and what they cost at most."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO, NamedTuple

import orjson

from parallel_agents.app.client import Client
from parallel_agents.app.map_bound import most_of_run
from parallel_agents.core.bound import NOTHING, Bound
from parallel_agents.core.budget import Amount
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task
from parallel_agents.maps.finding import Found
from parallel_agents.maps.reducing import PART_CHARACTERS, part_task, parts_of
from parallel_agents.maps.sharing import part_of
from parallel_agents.sessions.retries import max_cost_of_first_call

_MOST_TOKENS, _CHARACTERS_PER_TOKEN = 4096, 4


class ReduceCalls(NamedTuple):
    """The first calls of what combines results.

    Attributes:
        calls: how many there are; 0 if all is combined already.
        most: what they cost at most.
        model: of them.
        bound: the most that their runs cost.
    """

    calls: int
    most: Amount
    model: str
    bound: Bound = NOTHING


class ReducePricing:
    """Looks at the results of rows, in their order, and prices what combines them.

    Args:
        client: the open home.
        session: the map's.
        task: the agent and the text of each part's task.
        lines: an empty file, which gets the results.
    """

    def __init__(self, client: Client, session: SessionKey, task: Task, lines: IO[bytes]) -> None:
        self._client = client
        self._session = session
        self._task = task
        self._lines = lines
        self._open_rows = 0

    async def add(self, rows: Sequence[Found | None]) -> None:
        """Note rows with what became of them; None and those that are asked again are open."""
        settled = [each for each in rows if each is not None and each.is_settled]
        done = [each for each in settled if each.status is RunStatus.DONE]
        self._open_rows += len(rows) - len(settled)
        runs = list({each.child.run for each in done})
        results = {each.run_id: each for each in await self._client.sessions.results(runs)}
        for each in done:
            output = part_of(results[each.child.run], each.part).output_json
            self._lines.write(orjson.dumps(output) + b"\n")

    async def calls(self, row: SessionPlan) -> ReduceCalls:
        """The calls that combine the results; `row` is the first row's session, which bounds an open row's result."""
        plan = await self._client.sessions.plan_task(part_task(self._task, "-", 1, 1))
        if self._open_rows:
            known = await asyncio.to_thread(self._lines.tell)
            size = known + self._open_rows * _most_characters(row)
            counts = _rounds(size, _most_characters(plan))
            most = await self._most("x" * min(size, PART_CHARACTERS))
        else:
            counts, most = await self._open_parts(plan)
        calls = sum(counts)
        nanousd = None if most.nanousd is None else most.nanousd * calls
        bound = most_of_run(self._client, plan).times(calls)
        return ReduceCalls(calls, Amount(nanousd, most.tokens * calls), plan.model, bound)

    async def _open_parts(self, plan: SessionPlan) -> tuple[list[int], Amount]:
        """How many parts are not combined in each round, and the most that one of them costs."""
        lines, level, answer = self._lines, 1, _most_characters(plan)
        with ExitStack() as files:
            while True:
                following = files.enter_context(tempfile.TemporaryFile())
                texts = await asyncio.to_thread(list, parts_of(lines))
                most, left = Amount(0, 0), 0
                for part, text in enumerate(texts, start=1):
                    if (combined := await self._combined(text, level, part)) is None:
                        most, left = _larger(most, await self._most(text)), left + 1
                    else:
                        following.write(combined + b"\n")
                if not left and len(texts) > 1:
                    lines, level = following, level + 1
                    continue
                further = _rounds(len(texts) * answer, answer) if len(texts) > 1 else []
                return [left, *further], most

    async def _combined(self, text: str, level: int, part: int) -> bytes | None:
        key = part_task(self._task, text, level, part).key or ""
        found = await self._client.sessions.children_named(self._session, [key])
        settled = [each.run for each in found if name_of(each.key) == key and each.is_settled]
        results = await self._client.sessions.results(settled[:1])
        return orjson.dumps(results[0].output_json) if results else None

    async def _most(self, text: str) -> Amount:
        plan = await self._client.sessions.plan_task(part_task(self._task, text, 1, 1))
        tools = self._client.session_tools.as_tools()
        return max_cost_of_first_call(self._client.models, tools, plan)


def _rounds(size: int, answer: int) -> list[int]:
    """How many tasks combine texts of so many characters in each round, with answers of at most so many."""
    counts = [-(-max(size, 1) // PART_CHARACTERS)]
    while counts[-1] > 1:
        following = -(-counts[-1] * answer // PART_CHARACTERS)
        if following >= counts[-1]:
            break
        counts.append(following)
    return counts


def _most_characters(plan: SessionPlan) -> int:
    """How long an answer may be."""
    return (plan.queued.limits.max_output_tokens or _MOST_TOKENS) * _CHARACTERS_PER_TOKEN


def _larger(one: Amount, other: Amount) -> Amount:
    known = one.nanousd is not None and other.nanousd is not None
    nanousd = max(one.nanousd or 0, other.nanousd or 0) if known else None
    return Amount(nanousd, max(one.tokens, other.tokens))
