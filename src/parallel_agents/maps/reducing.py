"""Reducing: an agent gets the results of all rows, in parts if they are too many for one task."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import IO

import orjson

from parallel_agents.core.children import MapSessions, Step
from parallel_agents.core.ids import RunId
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Result
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput, PagentsError, StepFailed
from parallel_agents.maps.batches import REDUCE
from parallel_agents.maps.counting import Counting
from parallel_agents.sessions.requests import task_digest

TEXT = "Combine these results into one."
# About 30,000 tokens, which most models can read.
PART_CHARACTERS = 120_000
_DIGEST_CHARACTERS = 12


class Reducer:
    """Has an agent combine results, in rounds until one result is left.

    Only the parts that are in flight are in memory; the results of a round are in a file.

    Args:
        activation: the run of the map that is executed now.
        sessions: the verbs for its children.
        counting: is told which results count that were combined before.
        task: the agent and the text of each part's task.
        at_once: the most parts in flight.
    """

    def __init__(
        self,
        activation: Activation,
        sessions: MapSessions,
        counting: Counting,
        task: Task,
        at_once: int,
    ) -> None:
        self._session = activation.claim.session
        self._run = activation.claim.run.id
        self._slot = activation.slot
        self._sessions = sessions
        self._counting = counting
        self._task = task
        self._at_once = at_once

    async def reduced(self, lines: IO[bytes]) -> Json:
        """The answer of the last task.

        Args:
            lines: the results as JSON, one to a line.

        Raises:
            StepFailed: a task is not done.
            InvalidInput: a result is larger than any task may be.
            LeftRun: this process is stopping.
        """
        number, before = 1, sys.maxsize
        with ExitStack() as files:
            while True:
                count = await asyncio.to_thread(_count, lines)
                if count >= before:
                    raise _stays_as_long(count)
                spool = files.enter_context(tempfile.TemporaryFile())
                await self._combine(number, lines, spool)
                if count == 1:
                    spool.seek(0)
                    answer: Json = orjson.loads(spool.read())
                    return answer
                lines.close()
                lines, number, before = spool, number + 1, count

    async def _combine(self, level: int, lines: IO[bytes], spool: IO[bytes]) -> None:
        """Write the answers to the parts of a round, in their order.

        After the first that is not done no further one begins, and those in flight end.
        """
        parts = enumerate(parts_of(lines), start=1)
        flying: deque[asyncio.Task[Result]] = deque()
        failure: PagentsError | None = None
        try:
            while True:
                while failure is None and len(flying) < self._at_once:
                    part = await asyncio.to_thread(next, parts, None)
                    if part is None:
                        break
                    self._slot.check_stopping()
                    flying.append(asyncio.create_task(self._result(level, *part)))
                if not flying:
                    break
                try:
                    result = await flying.popleft()
                    spool.write(orjson.dumps(result.output_json) + b"\n")
                except (StepFailed, InvalidInput) as error:
                    failure = failure or error
        finally:
            for each in flying:
                each.cancel()
            if flying:
                await asyncio.wait(flying)
        if failure is not None:
            raise failure

    async def _result(self, level: int, part: int, text: str) -> Result:
        task = part_task(self._task, text, level, part)
        key = task.key or ""
        label = task.label or key
        with self._sessions.ends() as ends:
            found = await self._sessions.children_named(self._session.key, [key])
            child = next((each for each in found if name_of(each.key) == key), None)
            await self._counting.count_again([key])
            run, is_over = await self._begun(task, child)
            while not is_over:
                is_over = run in {ended for ended, _ in await ends.some()}
        (result,) = await self._sessions.results([run])
        if not result.is_done:
            error = result.error
            raise StepFailed(
                f"the results were not combined: {label} is {result.status}",
                why=f"{error.code} {error.message}" if error else "",
                hint="do it again with the same id or key: the rows that are done stay done",
            )
        return result

    async def _begun(self, task: Task, child: ChildRun | None) -> tuple[RunId, bool]:
        if child is not None:
            if not child.status.is_over:
                await self._sessions.continue_runs([child.run])
            if child.is_settled or not child.status.is_over or child.asked_by == self._run:
                return child.run, child.status.is_over
        (spawned,) = await self._sessions.start_steps(self._session.key, [Step(task, child)])
        return spawned.run_id, False


def part_task(asked: Task, text: str, level: int, part: int) -> Task:
    """The task that combines one part of a round; its key is that of the work, whichever part that is."""
    told = f"{asked.text}\n\nThe results, one to a line:\n{text}"
    task = Task(asked.agent, told, model=asked.model, label=f"reduce-{level}-{part}")
    return replace(task, key=f"{REDUCE}{task_digest(task)[:_DIGEST_CHARACTERS]}")


def _stays_as_long(count: int) -> StepFailed:
    return StepFailed(
        "the results cannot be combined",
        why=f"{count} texts of {PART_CHARACTERS:,} characters did not become fewer",
        hint="ask the agent of --reduce for shorter answers with --reduce-text, in Python reduce_text=",
    )


def _count(lines: IO[bytes]) -> int:
    return sum(1 for _ in parts_of(lines))


def parts_of(lines: IO[bytes]) -> Iterator[str]:
    """The texts that a round combines, each in one task."""
    lines.seek(0)
    return _joined(iter(lines.readline, b""))


def _joined(lines: Iterator[bytes]) -> Iterator[str]:
    """Lines put together to texts that one task can have."""
    part: list[str] = []
    size = 0
    for line in lines:
        text = line.decode()
        if part and size + len(text) > PART_CHARACTERS:
            yield "".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield "".join(part)
