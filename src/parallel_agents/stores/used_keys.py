"""Used keys: the refusal of a key that names other work, which says what that work is."""

from __future__ import annotations

from itertools import takewhile

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.event import QUEUED_KEY, Queued
from parallel_agents.core.fork import ForkedFrom
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.message import Role, ToolResult
from parallel_agents.core.store import SessionPlan
from parallel_agents.errors import Conflict
from parallel_agents.stores.tables import Tables

_MOST_SHOWN = 100
_PLAN = "plan"  # of a flow that does one: it is long, and its name says which it is
_MOST_READ = 100_000


def conflict(tables: Tables, plan: SessionPlan, used_by: SessionKey | None) -> Conflict:
    """The error of a plan whose key a session has already, or another plan, for other work.

    What another client's session does is not told.
    """
    return Conflict(
        f"the key {plan.session.spawn_key!r} is already used for different work",
        why="" if used_by is None else _why(tables, plan, used_by),
        hint="choose another key or id, or ask for the same work again",
    )


def _why(tables: Tables, plan: SessionPlan, used_by: SessionKey) -> str:
    used = tables.rows.of_spawn(used_by)
    if used.session.options.client != plan.session.options.client:
        return ""
    event = tables.rows.kept_event(used_by, used.run.id, QUEUED_KEY)
    if event is None or not isinstance(event.body, Queued):
        return ""
    was, now = _work(used.session.label, event.body), _work(plan.session.label, plan.queued)
    return _difference(was, now)


def _difference(used: str, asked: str) -> str:
    """Both, each from its beginning, or from where they differ if that is further on."""
    if used == asked:
        return f"both are {_cut(used)}, and differ in what is not shown here"
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(used, asked, strict=False))
    )
    cut = same - _MOST_SHOWN // 2 if same > _MOST_SHOWN * 3 // 4 else 0
    begin = "…" if cut else ""
    was, now = (f"{begin}{_cut(each[cut:])}" for each in (used, asked))
    return f"it is used for {was}; this is {now}"


def _cut(text: str) -> str:
    return f"{head(text, _MOST_SHOWN)}{'…' if len(text) > _MOST_SHOWN else ''}"


def _work(label: str, queued: Queued) -> str:
    """What was asked for, in a line."""
    if queued.forked_from is not None:
        return f"{_forked(queued, queued.forked_from)}: {_asked(queued.text, queued.input)}"
    if queued.team is None:
        given = {name: value for name, value in queued.input.items() if name != _PLAN}
        return f"{label}: {_asked(queued.text, given if queued.flow else queued.input)}"
    tasks = queued.team.tasks
    first = _asked(tasks[0].text, tasks[0].values) if tasks else ""
    return f"{label} of {len(tasks)} {'task' if len(tasks) == 1 else 'tasks'}: {first}"


def _forked(queued: Queued, link: ForkedFrom) -> str:
    how = "with an answer anew to" if link.is_asked_again else "after"
    told = f"a fork of {link.label} {how} turn {link.turn}"
    if link.edited is None:
        return told
    copied = (*queued.context, *queued.taken)
    results = next((each.parts for each in reversed(copied) if each.role is Role.TOOL), ())
    edited = results[link.edited.call - 1] if link.edited.call <= len(results) else None
    result = edited.content if isinstance(edited, ToolResult) else ""
    return f"{told}, where call {link.edited.call} ({link.edited.tool}) answered {head(result, _MOST_READ)!r}"


def _asked(text: str, values: object) -> str:
    given = orjson.dumps(values).decode() if values else ""
    return " ".join(filter(None, (head(text, _MOST_READ), head(given, _MOST_READ))))
