"""Toolbox: the session tools by name, for models, for other programs, and for scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.core.ids import RunId
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Tool, ToolContext, ToolSpec
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import LeftRun, PagentsError, StoreError
from parallel_agents.session_tools.about import list_agents, show_status
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call, Requester, ToolSettings, Wait
from parallel_agents.session_tools.history import read_history
from parallel_agents.session_tools.list import list_sessions
from parallel_agents.session_tools.parameters import PARAMETERS, unknown_in, with_note
from parallel_agents.session_tools.send import send
from parallel_agents.session_tools.spawn import spawn
from parallel_agents.session_tools.spawn_request import ALIASES
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.subagents import manage
from parallel_agents.session_tools.wait import wait_agents, yield_turn
from parallel_agents.session_tools.wording import for_models
from parallel_agents.sessions.directory import Directory

Handler: TypeAlias = Callable[[Call, Arguments], Awaitable[JsonObject]]

_NO_ALIASES: Mapping[str, str] = {}


class _Entry(NamedTuple):
    handler: Handler
    aliases: Mapping[str, str] = _NO_ALIASES


_ENTRIES = {
    "sessions_spawn": _Entry(spawn, ALIASES),
    "sessions_yield": _Entry(yield_turn),
    "agents_wait": _Entry(wait_agents, {"timeout": "timeoutSeconds"}),
    "subagents": _Entry(manage, {"timeout": "timeoutSeconds"}),
    "sessions_send": _Entry(send, {"timeout": "timeoutSeconds", "key": "sessionKey"}),
    "sessions_list": _Entry(list_sessions),
    "sessions_history": _Entry(read_history, {"key": "sessionKey"}),
    "agents_list": _Entry(list_agents),
    "session_status": _Entry(show_status, {"key": "sessionKey"}),
}
NAMES = tuple(spec.name for spec in SPECS)


class SessionTools:
    """The nine tools.

    Args:
        sessions: the verbs.
        directory: the agents that can be spawned.
        settings: how the tools answer.
        now: returns seconds since the epoch.
    """

    def __init__(
        self,
        sessions: Sessions,
        directory: Directory,
        settings: ToolSettings,
        *,
        now: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._directory = directory
        self._settings = settings
        self._now = now
        self._waits: dict[RunId, Wait] = {}

    async def call(self, name: str, arguments: JsonObject, requester: Requester) -> JsonObject:
        """Call a tool; return the contract's object, even if the call is refused.

        Raises:
            KeyError: no tool has that name.
            StoreError, LeftRun: the store failed, or this process no longer owns the calling run.
        """
        entry = _ENTRIES[name]
        call = Call(
            sessions=self._sessions,
            directory=self._directory,
            settings=self._settings,
            now=self._now,
            requester=requester,
            waits=self._waits,
        )
        given = Arguments(arguments, entry.aliases, PARAMETERS[name])
        try:
            unknown = unknown_in(name, given)
            return with_note(await entry.handler(call, given), name, unknown)
        except Refusal as refusal:
            return refusal.answer
        except (StoreError, LeftRun):
            raise
        except PagentsError as error:
            return {"status": "error", "error": for_models(error.in_a_sentence), "code": error.code}

    def as_tools(self) -> dict[str, Tool]:
        """The tools as an agent's loop takes them."""
        return {spec.name: _SessionTool(spec, self) for spec in SPECS}


class _SessionTool:
    """One of the tools, for a model; it returns JSON."""

    def __init__(self, spec: ToolSpec, tools: SessionTools) -> None:
        self.spec = spec
        self._tools = tools

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        answer = await self._tools.call(self.spec.name, arguments, Requester.of(context))
        return orjson.dumps(answer).decode()
