"""Reducing: an agent gets the results of all rows, in parts if they are too many for one task."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from typing import IO

import orjson

from parallel_agents.core.children import MapSessions, Step
from parallel_agents.core.ids import RunId
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.task import Task
from parallel_agents.errors import StepFailed
from parallel_agents.sessions.requests import task_digest

TEXT = "Combine these results into one."
# About 30,000 tokens, which most models can read.
_PART_CHARACTERS = 120_000
_DIGEST_CHARACTERS = 12


class Reducer:
    """Has an agent combine results, in rounds until one result is left.

    Args:
        session: of the map.
        run: the run of the map that is executed now.
        sessions: the verbs for its children.
        task: the agent and the text of each part's task.
    """

    def __init__(self, session: Session, run: RunId, sessions: MapSessions, task: Task) -> None:
        self._session = session
        self._run = run
        self._sessions = sessions
        self._task = task

    async def reduced(self, lines: IO[bytes]) -> Result:
        """The result of the last task.

        Args:
            lines: the results as JSON, one to a line.

        Raises:
            StepFailed: a task is not done.
        """
        parts: Iterator[str] = _parts(lines)
        number, before = 1, sys.maxsize
        while True:
            texts = await asyncio.to_thread(list, parts)
            if len(texts) >= before:
                raise StepFailed(
                    "the results cannot be combined",
                    why=f"{len(texts)} texts of {_PART_CHARACTERS:,} characters did not become fewer",
                    hint="ask the agent of --reduce for shorter answers, with --reduce-text",
                )
            works = [self._result(number, n, text) for n, text in enumerate(texts, start=1)]
            results = await asyncio.gather(*works)
            if len(results) == 1:
                return results[0]
            before = len(texts)
            outputs = (orjson.dumps(result.output_json) + b"\n" for result in results)
            parts, number = _joined(outputs), number + 1

    async def _result(self, level: int, part: int, text: str) -> Result:
        asked = f"{self._task.text}\n\nThe results, one to a line:\n{text}"
        label = f"reduce-{level}-{part}"
        task = Task(self._task.agent, asked, model=self._task.model, label=label)
        key = f"reduce/{task_digest(task)[:_DIGEST_CHARACTERS]}"
        with self._sessions.ends() as ends:
            found = await self._sessions.children_named(self._session.key, [key])
            child = next((each for each in found if name_of(each.key) == key), None)
            run, is_over = await self._begun(task, key, child)
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

    async def _begun(self, task: Task, key: str, child: ChildRun | None) -> tuple[RunId, bool]:
        if child is not None:
            is_done = child.status is RunStatus.DONE
            if not child.status.is_over:
                await self._sessions.continue_runs([child.run])
            if is_done or not child.status.is_over or child.asked_by == self._run:
                return child.run, child.status.is_over
        keyed = Task(task.agent, task.text, model=task.model, label=task.label, key=key)
        (spawned,) = await self._sessions.start_steps(self._session.key, [Step(keyed, child)])
        return spawned.run_id, False


def _parts(lines: IO[bytes]) -> Iterator[str]:
    lines.seek(0)
    return _joined(iter(lines.readline, b""))


def _joined(lines: Iterator[bytes]) -> Iterator[str]:
    """Lines put together to texts that one task can have."""
    part: list[str] = []
    size = 0
    for line in lines:
        text = line.decode()
        if part and size + len(text) > _PART_CHARACTERS:
            yield "".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    if part:
        yield "".join(part)
