"""Calls: what the calls of MCP clients come to, whichever way they arrive.

Each tool reads its arguments by itself, tolerantly. Whatever goes wrong in a call is returned as a
result that the model can read: most clients would hide a protocol error from it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.object_schema import properties
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.verbs import Sessions, SessionVerbs
from parallel_agents.errors import Ambiguous, ConfigError, NotFound, PagentsError
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.parameters import nearest
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.surfaces.mcp.about import error_of, refused
from parallel_agents.surfaces.mcp.client import PERSON, Client
from parallel_agents.surfaces.mcp.offers import ANNOTATIONS
from parallel_agents.surfaces.mcp.questions import (
    ALIASES as QUESTION_ALIASES,
    SCHEMAS as QUESTION_SCHEMAS,
    call_questions,
)
from parallel_agents.surfaces.mcp.team_offers import (
    ALIASES as TEAM_ALIASES,
    SCHEMAS as TEAM_SCHEMAS,
)

_log = logging.getLogger(__name__)
_NAMES = tuple(spec.name for spec in SPECS)


async def find_requester(
    sessions: Sessions, name: str | None, client: Client = PERSON
) -> Requester:
    """The caller: the session of that name, or else this client.

    Raises:
        ConfigError: there is no such session.
    """
    if name is None:
        return Requester(
            client=client.name, is_shared=client.is_shared, longest_wait=client.longest_wait
        )
    try:
        key = (await sessions.find(name)).session.key
        return Requester(session=key, longest_wait=client.longest_wait)
    except (NotFound, Ambiguous) as error:
        raise ConfigError(
            f"the setting parent_session is invalid: {error.message}",
            why="agents would be spawned under a session that is not in the store",
            hint="name a session of this home, or unset PARALLEL_AGENTS_PARENT_SESSION",
        ) from error


class Answering(NamedTuple):
    """What a client that may answer questions is given: the verbs, and what has a run continued."""

    sessions: SessionVerbs
    go_on: Callable[[OpenQuestion], Awaitable[object]]


async def _nobody() -> str:
    """Hand nothing to anybody: this process executes what it starts."""
    return ""


class Calls:
    """The tools as one client calls them.

    Args:
        tools: the session tools.
        requester: whom the client acts for.
        teams: answers the calls of the tools on teams; None if it may not use them.
        answering: what it may answer questions with; None if it may not.
        hand_over: sees to it that somebody executes what a call has started, and says what stood in
            the way, if anything.
    """

    def __init__(
        self,
        tools: SessionTools,
        requester: Requester,
        *,
        teams: Callable[[str, Arguments], Awaitable[JsonObject]] | None = None,
        answering: Answering | None = None,
        hand_over: Callable[[], Awaitable[str]] = _nobody,
    ) -> None:
        self._tools = tools
        self._requester = requester
        self._teams = teams
        self._answering = answering
        self._hand_over = hand_over
        self._offered = (
            *ANNOTATIONS,
            *(TEAM_SCHEMAS if teams is not None else ()),
            *(QUESTION_SCHEMAS if answering is not None else ()),
        )

    async def answer(self, name: str, arguments: JsonObject) -> JsonObject:
        """The tool's answer, which may be a refusal."""
        return await self._answer(name, arguments, self._requester)

    async def answer_looking(self, name: str, arguments: JsonObject) -> JsonObject:
        """The same for a client that may only look: what it reads does not count as given."""
        return await self._answer(name, arguments, replace(self._requester, is_looking=True))

    async def _answer(self, name: str, arguments: JsonObject, requester: Requester) -> JsonObject:
        if name not in (*self._offered, *_NAMES):
            offered = ", ".join(self._offered)
            return error_of(f"There is no tool {head(name, 80)!r}. Tools: {offered}.")
        answering = self._answering
        if answering is not None and name in QUESTION_SCHEMAS:
            return await _answer(
                name,
                lambda: call_questions(
                    answering.sessions,
                    name,
                    _read(name, QUESTION_SCHEMAS[name], QUESTION_ALIASES, arguments),
                    answering.go_on,
                ),
            )
        if (teams := self._teams) is not None and name in TEAM_SCHEMAS:
            return await _answer(
                name,
                lambda: self._handing_over(
                    lambda: teams(
                        name, _read(name, TEAM_SCHEMAS[name], TEAM_ALIASES[name], arguments)
                    )
                ),
            )
        tool = partial(self._tools.call, name, arguments, requester)
        return await _answer(name, partial(self._handing_over, tool))

    async def _handing_over(self, call: Callable[[], Awaitable[JsonObject]]) -> JsonObject:
        try:
            answer = await call()
        finally:
            problem = await self._hand_over()
        return {**answer, "warning": problem} if problem else answer


async def _answer(name: str, call: Callable[[], Awaitable[JsonObject]]) -> JsonObject:
    try:
        return await call()
    except Refusal as refusal:
        return refusal.answer
    except PagentsError as error:
        return refused(error)
    except Exception as bug:  # noqa: BLE001 - the process's edge: a bug ends one call, not the server
        _log.exception("the tool %s crashed", name)
        return error_of(f"{type(bug).__name__}: {bug} (a bug; see the server's log)")


def _read(
    name: str, schema: JsonObject, aliases: Mapping[str, str], values: JsonObject
) -> Arguments:
    """The arguments of a tool that takes those of its schema and no others.

    Raises:
        Refusal: one is unknown, or one that is required is missing.
    """
    known = properties(schema)
    given = Arguments(values, aliases, known)
    if unknown := next((each for each in given.names if each not in known), ""):
        near = nearest(unknown, known)
        listed = ", ".join(known) or "no arguments"
        instead = f"did you mean {near}?" if near else f"it takes {listed}."
        raise Refusal(f'{name} does not know "{head(unknown, 80)}": {instead}')
    required = schema.get("required")
    for each in required if isinstance(required, list) else ():
        if not given.name(str(each)):
            told = known[str(each)].get("description", "")
            raise Refusal(f"{each} required: {told}")
    return given
