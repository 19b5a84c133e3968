"""Asking: a program that waits for work is told what the work asks a person, once for each question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from parallel_agents.api.opening import LOG
from parallel_agents.app.client import App
from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import StoreError
from parallel_agents.views.questions import described, example_answer


@asynccontextmanager
async def telling_questions(app: App, spawned: Spawned) -> AsyncGenerator[None]:
    """For as long as the block lasts, say in the log what work asks a person, and how to answer."""
    is_asked = asyncio.Event()
    if not spawned.is_new:
        is_asked.set()  # it may have been asked before, by a process that has ended

    def hear(events: Sequence[Event]) -> None:
        if any(isinstance(event.body, Asked) for event in events):
            is_asked.set()

    leave = app.subscribe(hear)
    telling = asyncio.create_task(_tell(app, spawned.session_key, is_asked))
    try:
        yield
    finally:
        leave()
        telling.cancel()
        await asyncio.wait({telling})


async def _tell(app: App, root: SessionKey, is_asked: asyncio.Event) -> None:
    told = set[str]()
    while True:
        await is_asked.wait()
        is_asked.clear()
        try:
            waiting = [each for each in await app.sessions.questions() if each.id not in told]
            rows = await app.sessions.rows_of([each.run for each in waiting])
        except StoreError:
            return  # whoever waits for the work meets it as well
        told.update(each.id for each in waiting)
        for question, row in zip(waiting, rows, strict=True):
            if row.session.root == root:
                LOG.warning(
                    "%s waits for your answer: pagents answer %s %s\n  %s",
                    row.session.label,
                    question.id,
                    example_answer(question),
                    described(question),
                )
