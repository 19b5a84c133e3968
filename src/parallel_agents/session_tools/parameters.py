"""Parameters: the names that each session tool takes, and what is said of names that it does not.

The contract takes a call with names that it does not know. Those that are nearly one of its own are
refused, since a model or a program meant it, and the call would do something else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.spelling import counted
from parallel_agents.session_tools.arguments import Arguments, Refusal, fold
from parallel_agents.session_tools.specs import SPECS

_MOST_NAMED = 10
_NEAR = 0.84  # one letter too many, too few or another one, in a name of six or more
_WAIT = {"timeout": "timeoutSeconds"}
_ONE = dict.fromkeys(("key", "runId", "session"), "sessionKey")
_MANY = ("runIds", "sessionKeys", "labels", "names", "runs")
# Other names of a parameter, by which nothing else can be meant.
ALIASES: Mapping[str, Mapping[str, str]] = {
    "sessions_spawn": {
        "timeoutSeconds": "runTimeoutSeconds",
        "timeout": "runTimeoutSeconds",
        "agent": "agentId",
        "agentType": "agentId",
        "name": "taskName",
    },
    "sessions_yield": {},
    "agents_wait": {
        **_WAIT,
        **dict.fromkeys((*_MANY, "taskIds", "id", "runId", "sessionKey", "label", "target"), "ids"),
    },
    "subagents": {
        **_WAIT,
        **dict.fromkeys((*_MANY, "ids"), "taskIds"),
        **dict.fromkeys(("runId", "label", "id", "name"), "target"),
    },
    "sessions_send": {**_WAIT, **_ONE},
    "sessions_list": {},
    "sessions_history": {**_ONE, "label": "sessionKey"},
    "agents_list": {"agent": "agentId", "id": "agentId", "name": "agentId", "query": "search"},
    "session_status": {**_ONE, "label": "sessionKey"},
}
# What models call a parameter that has no other name: the refusal says which one is meant.
_MEANT: Mapping[str, Mapping[str, str]] = {
    "sessions_spawn": dict.fromkeys(("prompt", "message", "instructions", "text"), "task"),
    "sessions_send": dict.fromkeys(("prompt", "text", "task"), "message"),
    "subagents": dict.fromkeys(("prompt", "text"), "message"),
}
# What the tools take besides what a model reads of them, and what the contract has without an effect
# here.
_MORE: Mapping[str, Collection[str]] = {
    "sessions_spawn": (
        "taskName",
        *("collect", "groupId", "sandbox", "runtime", "thread", "visible", "completionTarget"),
        *("lightContext", "fastMode", "attachAs", "resumeSessionId", "streamTo"),
        *("target", "channel", "to", "threadId", "replyTo", "transport"),
        *("group", "projectId", "projectGitUrl", "placement"),
        *("worktree", "worktreeName", "worktreeBaseRef"),
    ),
    "sessions_yield": ("acknowledgment",),
    "agents_wait": (),
    "subagents": ("taskId", "sessionKey", "until", "recentMinutes", "offset"),
    "sessions_send": ("label", "agentId", "watch"),
    "sessions_list": (
        *("kinds", "activeOnly", "excludeSubagents", "label", "agentId", "group", "workspaceDir"),
        *("archived", "pinned", "includeLastMessage", "includeDerivedTitles"),
        *("ownerId", "owner", "creatorId", "creator", "createdBy", "projectId", "project"),
        "relationship",
    ),
    "sessions_history": ("sessionId", "messageId", "pendingBefore"),
    "agents_list": ("offset",),
    "session_status": ("model", "changesSince"),
}


def _of_spec(parameters: JsonObject) -> Collection[str]:
    properties = parameters.get("properties")
    return properties.keys() if isinstance(properties, Mapping) else ()


PARAMETERS: Mapping[str, frozenset[str]] = {
    spec.name: frozenset((*_of_spec(spec.parameters), *_MORE[spec.name], *ALIASES[spec.name]))
    for spec in SPECS
}


def read_arguments(tool: str, values: JsonObject) -> Arguments:
    """The arguments of a call of a tool, by the names that it knows.

    Raises:
        Refusal: two names of one parameter have different values.
    """
    return Arguments(values, ALIASES[tool], PARAMETERS[tool])


def unknown_in(tool: str, arguments: Arguments) -> list[str]:
    """The names that a tool does not know, as they are written.

    Raises:
        Refusal: one of them is nearly a name that it knows.
    """
    known = PARAMETERS[tool]
    unknown = [name for name in arguments.names if name not in known]
    for name in unknown:
        if near := _meant(tool, name, arguments) or nearest(name, known):
            raise Refusal(f'{tool} does not know "{name[:80]}": did you mean {near}?')
    return unknown


def _meant(tool: str, name: str, arguments: Arguments) -> str:
    """The parameter that models call so, unless it is given too."""
    meant = _MEANT.get(tool, {}).get(name, "")
    return "" if meant in arguments else meant


def with_note(answer: JsonObject, tool: str, unknown: Collection[str]) -> JsonObject:
    """The answer, which says which names had no effect."""
    if not unknown:
        return answer
    named = [name[:80] for name in [*unknown][:_MOST_NAMED]]
    more = len(unknown) - len(named)
    listed = ", ".join(named) + (f" and {counted(more, 'other')}" if more else "")
    note = f"Without effect, since {tool} does not know them: {listed}."
    before = answer.get("note")
    ignored: list[Json] = [*named]
    return {
        **answer,
        "note": f"{before} {note}" if isinstance(before, str) and before else note,
        "ignored": ignored,
    }


def nearest(name: str, known: Collection[str]) -> str:
    """The known name that a name was probably meant to be; empty if it may well be something else."""
    folded = {fold(each): each for each in sorted(known)}
    close = get_close_matches(fold(name), folded, n=1, cutoff=_NEAR)
    return folded[close[0]] if close else ""
