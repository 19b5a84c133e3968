"""Toolbox: the session tools by name, for models, for other programs, and for scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import orjson

from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Tool, ToolContext, ToolSpec
from parallel_agents.core.verbs import Sessions, Until
from parallel_agents.errors import LeftRun, PagentsError, StoreError
from parallel_agents.session_tools.about import list_agents, show_status
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call, Requester, ToolSettings, Wait
from parallel_agents.session_tools.history import read_history
from parallel_agents.session_tools.list import list_sessions
from parallel_agents.session_tools.parameters import read_arguments, unknown_in, with_note
from parallel_agents.session_tools.records import Records
from parallel_agents.session_tools.send import send
from parallel_agents.session_tools.spawn import spawn
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.subagents import manage
from parallel_agents.session_tools.wait import wait_agents, yield_turn
from parallel_agents.session_tools.waiting import wait_for_runs
from parallel_agents.session_tools.wording import for_models
from parallel_agents.sessions.directory import Directory

Handler: TypeAlias = Callable[[Call, Arguments], Awaitable[JsonObject]]

_HANDLERS: Mapping[str, Handler] = {
    "sessions_spawn": spawn,
    "sessions_yield": yield_turn,
    "agents_wait": wait_agents,
    "subagents": manage,
    "sessions_send": send,
    "sessions_list": list_sessions,
    "sessions_history": read_history,
    "agents_list": list_agents,
    "session_status": show_status,
}
NAMES = tuple(spec.name for spec in SPECS)


class ActingSessions(Sessions, Protocol):
    """The verbs, also for somebody who acts through this process."""

    def on_behalf(self, via: str) -> Sessions:
        """The same verbs, of which the journal says so."""
        ...


class SessionTools:
    """The nine tools.

    Args:
        sessions: the verbs.
        records: what the store knows besides.
        directory: the agents that can be spawned.
        settings: how the tools answer.
        now: returns seconds since the epoch.
    """

    def __init__(
        self,
        sessions: ActingSessions,
        records: Records,
        directory: Directory,
        settings: ToolSettings,
        *,
        now: Callable[[], float],
    ) -> None:
        self._sessions = sessions
        self._records = records
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
        handler, call = _HANDLERS[name], self._call_by(requester)
        try:
            given = read_arguments(name, arguments)
            unknown = unknown_in(name, given)
            return with_note(await handler(call, given), name, unknown)
        except Refusal as refusal:
            return refusal.answer
        except (StoreError, LeftRun):
            raise
        except PagentsError as error:
            return {"status": "error", "error": for_models(error.in_a_sentence), "code": error.code}

    async def settle(
        self, runs: Sequence[RunId], requester: Requester, *, seconds: float | None
    ) -> list[Result]:
        """The results of these runs, which count as given, once each has ended or only a person could end it.

        After `seconds`, the results of those that have ended.
        """
        await self.wait(runs, requester, seconds=seconds)
        results = await self._sessions_of(requester).wait(runs, until=Until.NOW)
        await self.note_given([each.run_id for each in results], requester)
        return results

    async def note_given(self, runs: Sequence[RunId], requester: Requester) -> None:
        """Remember that the requester was given the results of these runs."""
        await self._call_by(requester).mark_reported(runs)

    async def wait(
        self, runs: Sequence[RunId], requester: Requester, *, seconds: float | None
    ) -> None:
        """Return once each of these runs has ended or only a person could end it, or after `seconds`."""
        await wait_for_runs(self._call_by(requester), runs, seconds=seconds)

    async def needs(self, rows: Sequence[Row]) -> Mapping[RunId, JsonObject]:
        """What each of these runs needs of a person, as `needs` and `asks`; none for those that need nothing."""
        return await self._records.needs(rows)

    def _call_by(self, requester: Requester) -> Call:
        return Call(
            sessions=self._sessions_of(requester),
            records=self._records,
            directory=self._directory,
            settings=self._settings,
            now=self._now,
            requester=requester,
            waits=self._waits,
        )

    def _sessions_of(self, requester: Requester) -> Sessions:
        client = requester.client
        return self._sessions.on_behalf(client) if client else self._sessions

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
