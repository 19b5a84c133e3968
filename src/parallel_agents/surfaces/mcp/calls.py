"""Calls: what the calls of MCP clients come to, whichever way they arrive.

The tools' own schemas validate each call. Whatever goes wrong in a call is returned as a result
that the model can read: most clients would hide a protocol error from it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.object_schema import properties
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.core.verbs import Sessions, SessionVerbs
from parallel_agents.errors import Ambiguous, ConfigError, NotFound, PagentsError
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.parameters import nearest
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.surfaces.mcp.about import error_of, refused
from parallel_agents.surfaces.mcp.client import PERSON, Client
from parallel_agents.surfaces.mcp.offers import ANNOTATIONS
from parallel_agents.surfaces.mcp.questions import SCHEMAS as QUESTION_SCHEMAS, call_questions
from parallel_agents.surfaces.mcp.team_offers import SCHEMAS as TEAM_SCHEMAS

_log = logging.getLogger(__name__)
_SCHEMAS = {spec.name: spec.parameters for spec in SPECS}


async def find_requester(
    sessions: Sessions, name: str | None, client: Client = PERSON
) -> Requester:
    """The caller: the session of that name, or else this client.

    Raises:
        ConfigError: there is no such session.
    """
    if name is None:
        return Requester(client=client.name, longest_wait=client.longest_wait)
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
        teams: Callable[[str, JsonObject], Awaitable[JsonObject]] | None = None,
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
        """The tool's answer; calls that do not match the tool's schema are refused here."""
        if name not in (*self._offered, *_SCHEMAS):
            offered = ", ".join(self._offered)
            return error_of(f"There is no tool {head(name, 80)!r}. Tools: {offered}.")
        answering = self._answering
        if answering is not None and name in QUESTION_SCHEMAS:
            call = partial(call_questions, answering.sessions, name, arguments, answering.go_on)
            return await _answer(QUESTION_SCHEMAS, name, arguments, call)
        if self._teams is not None and name in TEAM_SCHEMAS:
            call = partial(self._handing_over, partial(self._teams, name, arguments))
            return await _answer(TEAM_SCHEMAS, name, arguments, call)
        tool = partial(self._tools.call, name, arguments, self._requester)
        return await _answer(_SCHEMAS, name, arguments, partial(self._handing_over, tool))

    async def _handing_over(self, call: Callable[[], Awaitable[JsonObject]]) -> JsonObject:
        try:
            answer = await call()
        finally:
            problem = await self._hand_over()
        return {**answer, "warning": problem} if problem else answer


async def _answer(
    schemas: Mapping[str, JsonObject],
    name: str,
    arguments: JsonObject,
    call: Callable[[], Awaitable[JsonObject]],
) -> JsonObject:
    if unknown := _unknown(schemas[name], arguments):
        near = nearest(unknown, properties(schemas[name]))
        instead = f"did you mean {near}?" if near else f"it takes {_names(schemas[name])}."
        return error_of(f'{name} does not know "{head(unknown, 80)}": {instead}')
    if problems := compiled(schemas[name]).problems(arguments):
        listed = "; ".join(str(problem) for problem in problems)
        return error_of(f"The arguments do not match the tool's schema: {listed}")
    try:
        return await call()
    except PagentsError as error:
        return refused(error)
    except Exception as bug:  # noqa: BLE001 - the process's edge: a bug ends one call, not the server
        _log.exception("the tool %s crashed", name)
        return error_of(f"{type(bug).__name__}: {bug} (a bug; see the server's log)")


def _unknown(schema: JsonObject, arguments: JsonObject) -> str:
    """The first name that a tool does not take, if it takes no others; empty if there is none."""
    if schema.get("additionalProperties") is not False:
        return ""
    return next((each for each in arguments if each not in properties(schema)), "")


def _names(schema: JsonObject) -> str:
    return ", ".join(properties(schema)) or "no arguments"
