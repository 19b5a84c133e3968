"""Row columns: a session, its run and their owner's state from the columns of `session_rows`.

SQLite keeps any type in any column, and a disk may change any byte: a row whose columns are not what
they should be becomes a row that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Replied
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.stores.codec import Undecodable, decode_agent, decode_options
from parallel_agents.stores.database import SqlRow, Value

_ANY_TEXT, _TEXT_OR_NONE = (str,), (str, type(None))
_TIME_OR_NONE = (float, type(None))
# Of each column of the query `session_rows`, in its order: the types that it may have.
_TYPES: tuple[tuple[type, ...], ...] = (
    *(_ANY_TEXT,) * 6,  # key, agent, label, parent, spawn_key, root
    *((int,),) * 2,  # depth, killed
    (float,),  # created_at
    *(_ANY_TEXT,) * 3,  # options, paused_by; the run's id
    (int,),  # number
    *(_ANY_TEXT,) * 4,  # kind, status, title, model
    (int,),  # priority
    _TEXT_OR_NONE,  # owner
    *((int,),) * 9,  # epoch, attempts, calls, four kinds of tokens, cost_nanousd, unpriced_calls
    (float,),  # created_at
    *(_TIME_OR_NONE,) * 2,  # started_at, finished_at
    _ANY_TEXT,  # error_code
    (float,),  # idle_seconds
    _TEXT_OR_NONE,  # the owner's state
    (int,),  # whether a call of the run may have been billed that nobody counted
)
_DEFAULTS = {str: "", int: 0, float: 0.0}
_TIMES = (8, 28, 29, 30)
LAST_MOMENT = 1e11  # the year 5138: what is later is not a time
_AGENT, _OPTIONS, _KIND, _STATUS, _OWNER_STATE, _UNCOUNTED = 1, 9, 13, 14, 33, 34


def row_from(columns: SqlRow, agent: Agent | Undecodable) -> Row:
    """A row; an unreadable one has a fault and defaults, and its status says so."""
    try:
        _check(columns, agent)
        return _row(columns, agent)
    except ValueError as fault:
        return _unreadable(columns, agent, str(fault))


def is_moment(at: object) -> bool:
    """Whether a stored value can be seconds since the epoch."""
    return type(at) is float and 0 <= at < LAST_MOMENT


@lru_cache(maxsize=256)
def _are_fit(types: tuple[type, ...]) -> bool:
    """Whether each column has a type that it may have; rows have few combinations of types."""
    return all(found in kinds for found, kinds in zip(types, _TYPES, strict=True))


def _check(columns: SqlRow, agent: Agent | Undecodable) -> None:
    if isinstance(agent, Undecodable):
        raise agent
    if not _are_fit(tuple(map(type, columns))):
        raise Undecodable("a column of its row has the wrong type")
    for position in _TIMES:
        at = columns[position]
        if at is not None and not is_moment(at):
            raise Undecodable(f"its row has the time {at}")


def _unreadable(columns: SqlRow, agent: Agent | Undecodable, fault: str) -> Row:
    mended: SqlRow = tuple(
        value if type(value) in kinds else _DEFAULTS.get(kinds[0])
        for value, kinds in zip(columns, _TYPES, strict=True)
    )
    right = list(mended)
    for position in _TIMES:
        if mended[position] is not None and not is_moment(mended[position]):
            right[position] = 0.0
    if mended[_KIND] not in tuple(RunnerKind):
        right[_KIND] = RunnerKind.AGENT
    if mended[_OWNER_STATE] not in tuple(OwnerState):
        right[_OWNER_STATE] = None
    right[_OPTIONS] = "{}"
    right[_STATUS] = RunStatus.UNREADABLE
    right[_UNCOUNTED] = 1
    if isinstance(agent, Undecodable):
        agent = stand_in(mended[0])
    row = _row(tuple(right), agent)
    return Row(session=row.session, run=row.run, owner_state=row.owner_state, fault=fault)


def stand_in(key: str) -> Agent:
    """What is known of an agent whose definition cannot be read: its name, from a session's key."""
    name = key.split(":")[1] if key.startswith("agent:") and key.count(":") > 1 else "?"
    return decode_agent(orjson.dumps({"name": name, "description": "", "instructions": ""}))


def _row(columns: SqlRow, agent: Agent | Undecodable) -> Row:
    assert isinstance(agent, Agent)  # it was checked, or has its stand-in
    owner_state = columns[_OWNER_STATE]
    return Row(
        session=_session_from(columns[:11], agent),
        run=_run_from(columns[0], columns[11:33], columns[_UNCOUNTED]),
        owner_state=None if owner_state is None else OwnerState(owner_state),
    )


def spend_from(columns: SqlRow) -> Spend:
    """A spend from its columns, in the order of the query `session_rows`.

    The last two are how much of the cost is of simulated models, and how many runs are not counted whole.
    """
    calls, sent, received, cache_read, cache_write, cost, unpriced, simulated, uncounted = columns
    usage = Usage(sent, received, cache_read, cache_write)
    return Spend(usage, calls, cost - simulated, unpriced, simulated, uncounted)


def summed_spend(sums: Iterable[int | None]) -> Spend:
    """A sum of spends from its columns, which are NULL if nothing readable was added up."""
    return spend_from(tuple(amount or 0 for amount in sums))


def _session_from(columns: SqlRow, agent: Agent) -> Session:
    key, _, label, parent, spawn_key, root, depth, killed, created_at, options, paused_by = columns
    return Session(
        key=SessionKey(key),
        agent=agent,
        label=label,
        spawn_key=spawn_key,
        parent=SessionKey(parent) if parent else None,
        root=SessionKey(root),
        depth=depth,
        options=decode_options(options),
        killed=bool(killed),
        paused_by=str(paused_by),
        created_at=created_at,
    )


def _run_from(session: str, columns: SqlRow, uncounted: Value) -> Run:
    identity, number, kind, status, title, model, priority, owner, epoch, attempts = columns[:10]
    created_at, started_at, finished_at, error_code, idle_seconds = columns[17:]
    return Run(
        id=RunId(identity),
        session=SessionKey(session),
        number=number,
        kind=RunnerKind(kind),
        status=RunStatus(status),
        title=title,
        model=model,
        priority=priority,
        owner=None if owner is None else OwnerId(owner),
        epoch=epoch,
        attempts=attempts,
        spend=spend_from((*columns[10:17], 0, uncounted)).on(model),
        created_at=created_at,
        started_at=started_at,
        finished_at=finished_at,
        error_code=error_code,
        idle_seconds=idle_seconds,
    )


def reply_columns(run: RunId, body: Replied) -> tuple[int | str, ...]:
    """What the columns of a run gain by a reply."""
    usage = body.usage
    tokens = (usage.input_tokens, usage.output_tokens)
    cached = (usage.cache_read_tokens, usage.cache_write_tokens)
    return (*tokens, *cached, body.cost_nanousd or 0, body.cost_nanousd is None, run)
