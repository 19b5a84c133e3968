"""Kept texts: what a session's journal keeps whole, for tools of the session that read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from parallel_agents.core.event import Body, Delivered, HandedBack, Queued, Steered, ToolFinished
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.kept_text import KeptPath
from parallel_agents.core.transcript import task_text
from parallel_agents.runners.agent.tooling import Tooling

_MOST_SECONDS = 60.0


def reader_of(tooling: Tooling, session: SessionKey) -> Callable[[KeptPath], str | None] | None:
    """Reads texts of a session from a thread; None if this process has no journal."""
    find = tooling.kept_event
    if find is None:
        return None
    loop = asyncio.get_running_loop()

    async def text_at(path: KeptPath) -> str | None:
        event = await find(session, path.run, path.key)
        return None if event is None else _text_of(event.body)

    def read(path: KeptPath) -> str | None:
        return asyncio.run_coroutine_threadsafe(text_at(path), loop).result(_MOST_SECONDS)

    return read


def _text_of(body: Body) -> str | None:
    match body:
        case ToolFinished(result=result):
            return result.content
        case Steered(text=text) | HandedBack(text=text) | Delivered(text=text):
            return text
        case Queued(text=text, input=values):
            return task_text(text, values)
        case _:
            return None
