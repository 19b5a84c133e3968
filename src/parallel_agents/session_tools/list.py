"""`sessions_list`: the sessions that the requester may see, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from parallel_agents.core.ids import SessionKey, is_team_key
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Visibility
from parallel_agents.core.store import Filter, Row
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester
from parallel_agents.session_tools.rows import is_archived, session_row
from parallel_agents.session_tools.transcript import transcript

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
    choice = _Choice.of(arguments, backing.now())
    own = await backing.row_of(requester)
    seen = await _seen(backing, own)
    chosen = [row for row in seen if choice.has(row, archived=_is_archived(backing, row))]
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


def _is_archived(backing: Backing, row: Row) -> bool:
    return is_archived(row, backing.now(), backing.archive_seconds)


async def _seen(backing: Backing, own: Row | None) -> list[Row]:
    if own is None:
        return await backing.sessions.list()
    in_tree = backing.visibility in (Visibility.TREE, Visibility.SELF)
    tree = SessionKey(own.session.root) if in_tree else None
    return [row for row in await backing.sessions.list(Filter(tree=tree)) if backing.sees(own, row)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Which of the sessions that the requester sees are asked for."""

    since: float | None
    archived: str
    kinds: tuple[str, ...]
    active_only: bool
    roots_only: bool
    pinned: bool
    label: str
    agent: str
    group: str
    folder: str
    words: str

    @classmethod
    def of(cls, arguments: Arguments, now: float) -> _Choice:
        minutes = arguments.whole("activeMinutes", least=1)
        kinds = arguments.texts("kinds", most=20)
        if unknown := [kind for kind in kinds if kind not in _KINDS]:
            listed = ", ".join(sorted(_KINDS))
            raise Refusal(f'Invalid kinds "{unknown[0][:80]}". Use: {listed}.')
        return cls(
            since=None if minutes is None else now - minutes * 60,
            archived=str(arguments.raw("archived")).lower(),
            kinds=kinds,
            active_only=arguments.flag("activeOnly"),
            roots_only=arguments.flag("excludeSubagents"),
            pinned=arguments.flag("pinned"),
            label=arguments.text("label"),
            agent=arguments.text("agentId"),
            group=arguments.text("group"),
            folder=arguments.text("workspaceDir"),
            words=arguments.text("search").lower(),
        )

    def has(self, row: Row, *, archived: bool) -> bool:
        session, run, options = row.session, row.run, row.session.options
        updated = run.finished_at or run.started_at or run.created_at
        text = f"{session.key} {session.label} {options.task_name} {run.title}".lower()
        kind = "group" if is_team_key(session.key) else "other"
        # `subagent`, as guides write it, is every agent's session.
        kinds = {kind, "subagent"} if kind == "other" else {kind}
        return all(
            (
                self.since is None or updated >= self.since,
                self.archived == "all" or archived == (self.archived == "true"),
                not self.kinds or not kinds.isdisjoint(self.kinds),
                not self.active_only or not run.status.is_over,
                not self.roots_only or kind == "group",
                not self.pinned,  # nothing is
                self.label in ("", session.label, options.task_name),
                self.agent in ("", session.agent.name),
                self.group in ("", options.group),
                self.folder in ("", options.cwd),
                self.words in text,
            )
        )


def _children(rows: Sequence[Row]) -> defaultdict[SessionKey, list[SessionKey]]:
    found: defaultdict[SessionKey, list[SessionKey]] = defaultdict(list)
    for row in reversed(rows):
        if row.session.parent is not None:
            found[row.session.parent].append(row.session.key)
    return found


async def _shown(
    backing: Backing, row: Row, arguments: Arguments, children: Sequence[SessionKey]
) -> JsonObject:
    shown = session_row(row, archived=_is_archived(backing, row), children=children)
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
