"""Tools: the nine session tools as plain functions with keywords in camelCase or snake_case.

Each takes the tool's arguments, which the tool itself reads, and returns its result, even if the call
is refused; see `docs/session-tools.md`. The arguments may also be a single dictionary, and those that
come first in a function's signature may be given by position.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from parallel_agents.app.client import App
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.agents import (
    meant_by,
    names_of,
    session_meant,
)
from parallel_agents.surfaces.openclaw.answers import Answer, History, SessionList, as_json
from parallel_agents.surfaces.openclaw.goals import is_goal, pursue
from parallel_agents.surfaces.openclaw.live import live

_PAGE = 200
_SESSION = ("sessionKey", "session_key", "label")


def sessions_spawn(task: str | Mapping[str, object] = "", **arguments: object) -> Answer:
    """Start an agent in a session of its own; returns at once.

    Args:
        task: everything that the agent needs to know.
        **arguments: the tool's arguments, and `agent_type`, an agent's name. If `agent_id` is not
            an agent's name, it becomes the session's label, and the agent is the one whose name it
            contains: `agent_code_reviewer_7`. `agentId` is always an agent.
    """
    given = _given("task", task, arguments)
    shared = live()
    return shared.do(lambda app: spawn(app, shared.requester, given))


def sessions_send(
    session_key: str | Mapping[str, object] = "", message: str = "", **arguments: object
) -> Answer:
    """Send a message to a session: start its next run, and return its reply."""
    given = _given("sessionKey", session_key, arguments, message=message)
    return _call("sessions_send", _naming(given))


def sessions_list(filters: Mapping[str, object] | None = None, **arguments: object) -> SessionList:
    """The sessions, newest first, including archived ones.

    Args:
        filters: the arguments as a dictionary.
        **arguments: the tool's arguments, and `agent_id_pattern`, which must match a label, a task
            name, a key or an agent's name: `agent_*`.
    """
    given = dict(_given("", filters or {}, arguments))
    given.setdefault("archived", "all")
    pattern = given.pop("agent_id_pattern", None) or given.pop("agentIdPattern", None)
    if pattern is None:
        return SessionList(live().call("sessions_list", given))
    return _matching(str(pattern), given)


def sessions_history(
    session_key: str | Mapping[str, object] = "", limit: int | None = None, **arguments: object
) -> History:
    """What was said in a session; a key that ends in `...` is the newest that starts like it."""
    given = _naming(_given("sessionKey", session_key, arguments, limit=limit))
    return History(live().call("sessions_history", given))


def sessions_yield(**arguments: object) -> Answer:
    """End the turn of an agent, in its own run only; scripts wait with `agents_wait`."""
    return _call("sessions_yield", _given("", {}, arguments))


def subagents(
    action: str | Mapping[str, object] = "list",
    target: str | int = "",
    message: str = "",
    **arguments: object,
) -> Answer:
    """List, wait for, steer, kill or cancel spawned agents."""
    return _call("subagents", _given("action", action, arguments, target=target, message=message))


def agents_list(search: str | Mapping[str, object] = "", **arguments: object) -> Answer:
    """The agents that can be spawned: all by name, or those that are searched for in full."""
    return _call("agents_list", _given("search", search, arguments))


def agents_wait(ids: object = (), timeout_seconds: object = None, **arguments: object) -> Answer:
    """Wait for agents by run id, key or label, and return their results."""
    return _call("agents_wait", _given("ids", ids, arguments, timeoutSeconds=timeout_seconds))


def session_status(session_key: str | Mapping[str, object] = "", **arguments: object) -> Answer:
    """The status of a session."""
    return _call("session_status", _naming(_given("sessionKey", session_key, arguments)))


async def spawn(app: App, requester: Requester, given: JsonObject) -> Answer:
    """`sessions_spawn`, with the agent named as in the guides; see there."""
    arguments = dict(given)
    names = names_of(app)
    note = ""
    if named := arguments.pop("agent_type", None) or arguments.pop("agentType", None):
        arguments["agentId"] = named
    if isinstance(unique := arguments.pop("agent_id", None), str) and unique.strip():
        agent, label = meant_by(unique.strip(), names)
        if label is not None:
            arguments.setdefault("label", label)
            note = f'"{label}" is not an agent; it is the label of a session'
        if agent is not None:
            arguments.setdefault("agentId", agent)
    if is_goal(app, arguments):
        return await pursue(app, arguments)
    answer = Answer(await app.session_tools.call("sessions_spawn", arguments, requester))
    if note and "note" in answer:
        answer["note"] = (
            f"{note} of {arguments.get('agentId', 'the default agent')}. {answer['note']}"
        )
    return answer


def _call(name: str, given: JsonObject) -> Answer:
    return Answer(live().call(name, given))


def _given(
    first: str, value: object, arguments: Mapping[str, object], **further: object
) -> JsonObject:
    """The arguments of a call: by keyword, the first ones also by position, or all as a dictionary."""
    positional = {name: each for name, each in further.items() if each not in ("", None)}
    given: dict[str, object] = {**positional, **arguments}
    if isinstance(value, Mapping):
        given = {**value, **given}
    elif value or first not in given:
        given[first] = value or None
    return {name: as_json(value) for name, value in given.items()}


def _matching(pattern: str, given: dict[str, Json]) -> SessionList:
    """The rows of all pages that match the pattern, as one answer."""
    limit = given.pop("limit", None)
    found: list[Any] = []
    offset: Any = 0
    while offset is not None:
        page = live().call("sessions_list", {**given, "limit": _PAGE, "offset": offset})
        if page.get("status") == "error":
            return SessionList(page)
        found += [row for row in SessionList(page)["sessions"] if _fits(row, pattern)]
        offset = page.get("nextOffset")
    shown = found[: int(limit)] if isinstance(limit, int | float) else found
    return SessionList({"count": len(shown), "sessions": shown, "hasMore": len(shown) < len(found)})


def _fits(row: Mapping[str, Any], pattern: str) -> bool:
    names = (row.get(name) for name in ("label", "taskName", "key", "sessionId", "agentId"))
    return any(fnmatchcase(name, pattern) for name in names if isinstance(name, str))


def _naming(given: JsonObject) -> JsonObject:
    """The arguments with the key of the session that is meant, for callers outside of any session."""
    named = {name: given[name] for name in _SESSION if isinstance(given.get(name), str)}
    shared = live()
    if not named or shared.requester.session is not None:
        return given

    async def look(app: App) -> JsonObject:
        client = shared.requester.client
        keys = {name: await session_meant(app, str(value), client) for name, value in named.items()}
        return {**given, **keys}

    return shared.do(look)
