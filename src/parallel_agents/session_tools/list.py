"""`sessions_list`: the sessions that the requester sees, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.ids import SessionKey, is_group_key, seen_of
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import whole_history
from parallel_agents.core.visibility import Visibility
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.clients import of_clients
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.rows import is_archived, session_row
from parallel_agents.session_tools.transcript import render_messages

_DEFAULT_LIMIT, _MAX_LIMIT = 100, 200
_MAX_BYTES = 32 * 1024  # of one answer, about 8,000 tokens
_KINDS = frozenset({"main", "group", "cron", "hook", "node", "other", "subagent"})
# Properties that sessions have in OpenClaw and not here: to ignore the filter would be a lie.
_UNKNOWN = (
    *("ownerId", "owner", "creatorId", "creator", "createdBy"),
    *("projectId", "project", "relationship"),
)


async def list_sessions(call: Call, arguments: Arguments) -> JsonObject:
    """Rows with the details that were asked for, at most 200 and 32 KiB of them."""
    for name in _UNKNOWN:
        if name in arguments:
            raise Refusal(
                f'sessions_list does not support "{name}"; filter by label, agentId or search.'
            )
    asked = arguments.whole("limit", least=1) or _DEFAULT_LIMIT
    limit, offset = min(asked, _MAX_LIMIT), arguments.whole("offset") or 0
    criteria = _Criteria.of(arguments, call.now())
    own = await call.find_requester()
    visible = await _visible(call, own)
    matching = [row for row in visible if criteria.match(row, archived=_is_archived(call, row))]
    children = _children_of(visible)
    page = matching[offset : offset + limit]
    needs = await call.records.needs([row for row in page if not row.run.status.is_over])
    sessions: list[Json] = []
    left = _MAX_BYTES
    reason = ""
    for row in page:
        item = await _item(call, row, arguments, children[row.session.key])
        item = {**item, **needs.get(row.run.id, {})}
        left -= len(orjson.dumps(item))
        if left < 0:
            reason = "bytes"
            break
        sessions.append(item)
    end = offset + len(sessions)
    answer: dict[str, Json] = {
        "count": len(sessions),
        "sessions": sessions,
        "hasMore": end < len(matching),
        "limitApplied": limit,
    }
    if end < len(matching):
        answer["nextOffset"] = end
        answer["truncationReason"] = reason or "limit"
    if own is not None and call.settings.visibility is not Visibility.ALL:
        mode = call.settings.visibility.value
        warning = f"Only sessions of this {mode} are listed."
        answer["visibility"] = {"mode": mode, "restricted": True, "warning": warning}
    return answer


def _is_archived(call: Call, row: Row) -> bool:
    return is_archived(row, call.now(), call.settings.archive_seconds)


async def _visible(call: Call, own: Row | None) -> list[Row]:
    if own is None:
        rows = await call.sessions.list()
        return await of_clients(call.sessions, rows) if call.requester.client else rows
    in_tree = call.settings.visibility in (Visibility.TREE, Visibility.SELF)
    tree = SessionKey(own.session.root) if in_tree else None
    return [row for row in await call.sessions.list(Filter(tree=tree)) if call.sees(own, row)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Criteria:
    """The filters of one call; an empty one matches every session."""

    since: float | None
    archived: str
    kinds: tuple[str, ...]
    active_only: bool
    without_subagents: bool
    pinned: bool
    label: str
    agent: str
    group: str
    folder: str
    search: str

    @classmethod
    def of(cls, arguments: Arguments, now: float) -> _Criteria:
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
            without_subagents=arguments.flag("excludeSubagents"),
            pinned=arguments.flag("pinned"),
            label=arguments.name("label"),
            agent=arguments.name("agentId"),
            group=arguments.name("group"),
            folder=arguments.text("workspaceDir"),
            search=arguments.name("search").lower(),
        )

    def match(self, row: Row, *, archived: bool) -> bool:
        session, run, options = row.session, row.run, row.session.options
        updated = run.finished_at or run.started_at or run.created_at
        key = session.key if ":" in self.search else seen_of(session.key)
        text = f"{key} {session.label} {options.task_name} {run.title}".lower()
        is_team = is_group_key(session.key)
        # By the contract whatever `sessions_spawn` starts is a subagent, even at the root of a tree.
        kinds = {"group"} if is_team else {"other", "subagent"}
        return all(
            (
                self.since is None or updated >= self.since,
                self.archived == "all" or archived == (self.archived == "true"),
                not self.kinds or not kinds.isdisjoint(self.kinds),
                not self.active_only or not run.status.is_over,
                not self.without_subagents or is_team,
                not self.pinned,  # no session is pinned
                self.label in ("", session.label, options.task_name),
                self.agent in ("", session.agent.name),
                self.group in ("", options.group),
                self.folder in ("", options.cwd),
                self.search in text,
            )
        )


def _children_of(rows: Sequence[Row]) -> defaultdict[SessionKey, list[SessionKey]]:
    """The keys of the children of each session, the oldest first."""
    children: defaultdict[SessionKey, list[SessionKey]] = defaultdict(list)
    for row in reversed(rows):
        if row.session.parent is not None:
            children[row.session.parent].append(row.session.key)
    return children


async def _item(
    call: Call, row: Row, arguments: Arguments, children: Sequence[SessionKey]
) -> JsonObject:
    spent = await call.records.spent(row.session.key)
    item = session_row(row, archived=_is_archived(call, row), children=children, spent=spent)
    if arguments.flag("includeDerivedTitles"):
        item["derivedTitle"] = row.run.title
    count = arguments.whole("messageLimit", most=20) or 0
    is_last_wanted = arguments.flag("includeLastMessage")
    if count or is_last_wanted:
        events = await whole_history(call.sessions, row.session.key)
        messages = render_messages(
            events, with_tools=False, max_tokens=call.settings.hand_back_tokens
        )
        if count:
            item["messages"] = messages[-count:]
        if is_last_wanted and messages:
            item["lastMessagePreview"] = head(str(messages[-1]["text"]), 200)
    return item
