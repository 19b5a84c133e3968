"""Kept texts: what a session's journal keeps whole, for tools of the session that read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import replace
from enum import StrEnum

import orjson

from parallel_agents.core.event import Body, Delivered, HandedBack, Queued, Steered, ToolFinished
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.kept_path import KeptPath
from parallel_agents.core.kept_text import READER, kept_path, line_at, reading
from parallel_agents.core.message import Place, ToolResult, task_text
from parallel_agents.core.store import Claim
from parallel_agents.core.told import Cut, cut_to
from parallel_agents.runners.agent.tooling import Tooling

_MOST_SECONDS = 60.0
_HISTORY = "sessions_history"


class ReadsBy(StrEnum):
    """How a model can read on in a result that it was told in part."""

    FILE = "file"
    HISTORY = "history"
    NOTHING = "nothing"

    @classmethod
    def of(cls, names: Container[str], tooling: Tooling) -> ReadsBy:
        """How an agent with these tools can."""
        if READER in names and tooling.kept_event is not None:
            return cls.FILE
        return cls.HISTORY if _HISTORY in names else cls.NOTHING


def cut_of(result: ToolResult, place: Place, claim: Claim, most: int, by: ReadsBy) -> Cut | None:
    """The part of a result that the model is shown, and how to read the rest; None for all of it."""
    cut = cut_to(result.content, most)
    if cut is None:
        return None
    match by:
        case ReadsBy.FILE:
            line = line_at(result.content, cut.head)
            more = reading(kept_path(claim.run.id, place), offset=line)
        case ReadsBy.HISTORY:
            arguments = {"sessionKey": claim.session.key, "includeTools": True}
            asks = orjson.dumps({**arguments, "textOffset": cut.head}).decode()
            more = f"read on by {_HISTORY} {asks}"
        case ReadsBy.NOTHING:
            more = "ask for less to read it"
    return replace(cut, more=more)


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
