"""`sessions_list`: the sessions that the requester may see, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import orjson

from parallel_agents.core.ids import SessionKey, is_team_key
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Visibility
from parallel_agents.core.store import Filter, Row
from parallel_agents.tools.sessions.arguments import Arguments, Refusal
from parallel_agents.tools.sessions.backing import Backing, Requester
from parallel_agents.tools.sessions.messages import transcript
from parallel_agents.tools.sessions.rows import is_archived, session_row

_LIMIT, _MOST = 100, 200
_MOST_BYTES = 64 * 1024
_KINDS = frozenset({"main", "group", "cron", "hook", "node", "other", "subagent"})
# What other products' sessions have and ours have not: to leave such a filter out would tell a lie.
_UNKNOWN = ("ownerId", "creatorId", "projectId", "relationship")


async def list_sessions(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """Rows with what they were asked to carry, at most 200 and 64 KiB of them."""
    for name in _UNKNOWN:
        if name in arguments:
            raise Refusal(
                f'sessions_list does not support "{name}"; filter by label, agentId or search.'
            )
    asked = arguments.whole("limit", least=1) or _LIMIT
    limit, offset = min(asked, _MOST), arguments.whole("offset") or 0
    own = await backing.row_of(requester)
    seen = await _seen(backing, own)
    chosen = [row for row in seen if _is_chosen(row, arguments, backing)]
    children = _children(seen)
    sessions: list[Json] = []
    left = _MOST_BYTES
    reason = ""
    for row in chosen[offset : offset + limit]:
        shown = await _shown(backing, row, arguments, children[row.session.key])
        left -= len(orjson.dumps(shown))
        if left < 0:
            reason = "bytes"
            break
        sessions.append(shown)
    until = offset + len(sessions)
    answer: dict[str, Json] = {
        "count": len(sessions),
        "sessions": sessions,
        "hasMore": until < len(chosen),
        "limitApplied": limit,
    }
    if until < len(chosen):
        answer["nextOffset"] = until
        answer["truncationReason"] = reason or "limit"
    if own is not None and backing.visibility is not Visibility.ALL:
        warning = f"Only sessions of this {backing.visibility} are listed."
        mode = backing.visibility.value
        answer["visibility"] = {"mode": mode, "restricted": True, "warning": warning}
    return answer


async def _seen(backing: Backing, own: Row | None) -> list[Row]:
    if own is None:
        return await backing.sessions.list()
    in_tree = backing.visibility in (Visibility.TREE, Visibility.SELF)
    tree = SessionKey(own.session.root) if in_tree else None
    return [row for row in await backing.sessions.list(Filter(tree=tree)) if backing.sees(own, row)]


def _is_chosen(row: Row, arguments: Arguments, backing: Backing) -> bool:
    session, run = row.session, row.run
    minutes = arguments.whole("activeMinutes", least=1)
    updated = run.finished_at or run.started_at or run.created_at
    wanted = arguments.raw("archived")
    is_out = is_archived(row, backing.now(), backing.archive_seconds)
    words = f"{session.key} {session.label} {session.traits.task_name} {run.title}".lower()
    return all(
        (
            minutes is None or backing.now() - updated <= minutes * 60,
            wanted == "all" or is_out == (wanted is True or wanted == "true"),
            _is_of_kinds(row, arguments.texts("kinds", most=20)),
            not arguments.flag("activeOnly") or not run.status.is_over,
            not arguments.flag("excludeSubagents") or is_team_key(session.key),
            not arguments.flag("pinned"),
            arguments.text("label") in ("", session.label, session.traits.task_name),
            arguments.text("agentId") in ("", session.agent.name),
            arguments.text("group") in ("", session.traits.group),
            arguments.text("workspaceDir") in ("", session.traits.cwd),
            arguments.text("search").lower() in words,
        )
    )


def _is_of_kinds(row: Row, kinds: Sequence[str]) -> bool:
    """Whether a session is of one of the kinds; `subagent`, as guides write it, is every agent's."""
    if unknown := [kind for kind in kinds if kind not in _KINDS]:
        listed = ", ".join(sorted(_KINDS))
        raise Refusal(f'Invalid kinds "{unknown[0][:80]}". Use: {listed}.')
    kind = "group" if is_team_key(row.session.key) else "other"
    return not kinds or kind in kinds or (kind == "other" and "subagent" in kinds)


def _children(rows: Sequence[Row]) -> defaultdict[SessionKey, list[SessionKey]]:
    found: defaultdict[SessionKey, list[SessionKey]] = defaultdict(list)
    for row in reversed(rows):
        if row.session.parent is not None:
            found[row.session.parent].append(row.session.key)
    return found


async def _shown(
    backing: Backing, row: Row, arguments: Arguments, children: Sequence[SessionKey]
) -> JsonObject:
    archived = is_archived(row, backing.now(), backing.archive_seconds)
    shown = session_row(row, archived=archived, children=children)
    if arguments.flag("includeDerivedTitles"):
        shown["derivedTitle"] = row.run.title
    count = arguments.whole("messageLimit", most=20) or 0
    is_last_wanted = arguments.flag("includeLastMessage")
    if count or is_last_wanted:
        events = await backing.sessions.history(row.session.key)
        told = transcript(events, with_tools=False, most_tokens=backing.hand_back_tokens)
        if count:
            shown["messages"] = told[-count:]
        if is_last_wanted and told:
            shown["lastMessagePreview"] = str(told[-1]["text"])[:200]
    return shown
