"""Chat places: where the session of a chat can be: in the home of this machine, or at a gateway."""

from __future__ import annotations

from collections.abc import Container

from parallel_agents.app.client import App
from parallel_agents.app.distant import Distant
from parallel_agents.core.inspection import Journal
from parallel_agents.core.task import Task
from parallel_agents.surfaces.cli.chat_turns import ChatSessions, Conversation

# Every home has it, and it needs no input: whether a model can be used there is asked with it.
_ANY_AGENT, _ANY_TEXT = "main", "-"


class ChatHere:
    """A chat whose answers this process executes; see `ChatPlace`."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.sessions: ChatSessions = app.sessions
        self.journal: Journal = app.journal

    async def agent_names(self) -> Container[str]:
        return self._app.catalog.agent_names()

    async def model_named(self, name: str) -> str:
        return self._app.models.get(name).name

    async def leave(self, chat: Conversation) -> str:
        await chat.stop()
        return "■ stopped; the answer was left before it was complete"


class ChatThere:
    """A chat whose answers a worker at a gateway executes, whoever looks; see `ChatPlace`."""

    def __init__(self, distant: Distant) -> None:
        self._distant = distant
        self.sessions: ChatSessions = distant.sessions
        self.journal: Journal = distant.journal

    async def agent_names(self) -> Container[str]:
        return {str(each.get("name")) for each in await self._distant.catalog.agents()}

    async def model_named(self, name: str) -> str:
        (priced,) = (
            await self._distant.sessions.price(Task(_ANY_AGENT, _ANY_TEXT, model=name))
        ).tasks
        return priced.model

    async def leave(self, chat: Conversation) -> str:
        del chat
        return "■ left; the answer is written on, and is there when you come back"
