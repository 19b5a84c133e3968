"""Attention: what is needed of a person below sessions, and which calls are made again, as the store has it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from parallel_agents.core.attention import Attention, Needs, attention_for
from parallel_agents.core.event import Retrying
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import Retry
from parallel_agents.core.question import OpenQuestion
from parallel_agents.stores.database import as_array
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows


def read_needs(
    rows: Rows,
    shown: Sequence[SessionKey],
    asked: Sequence[OpenQuestion],
    stuck: Sequence[SessionKey],
) -> dict[SessionKey, Needs]:
    """What is needed of a person below the shown sessions; those below which nothing is are left out.

    Of those that are below, `asked` is what each run asks, the oldest first, and `stuck` are the sessions of runs
    that are stuck; one that asks counts for its question.
    """
    kinds = dict.fromkeys(stuck, Attention.STUCK)
    for each in reversed(asked):
        kinds[each.session] = attention_for(each.question)
    if not kinds:
        return {}
    below: dict[SessionKey, list[SessionKey]] = defaultdict(list)
    values = {"sessions": as_array(list(kinds)), "among": as_array(shown)}
    for session, above in rows.database.all("above", values):
        below[SessionKey(str(above))].append(SessionKey(str(session)))
    return {above: _needs(found, kinds, asked) for above, found in below.items()}


def _needs(
    below: Sequence[SessionKey],
    kinds: Mapping[SessionKey, Attention],
    asked: Sequence[OpenQuestion],
) -> Needs:
    among = set(below)
    first = next((each.question for each in asked if each.session in among), None)
    return Needs(sessions=Counter(kinds[session] for session in below), first=first)


def read_retries(rows: Rows, runs: Sequence[RunId]) -> dict[RunId, Retry]:
    """The calls that these runs make again after a failure."""
    return dict(_retries(rows, runs))


def _retries(rows: Rows, runs: Sequence[RunId]) -> Iterator[tuple[RunId, Retry]]:
    for run, seq, at, body in rows.database.all("retries_of", (as_array(runs),)):
        retrying = rows.body(seq, body)
        if isinstance(retrying, Retrying) and is_moment(at):
            again_at = at + retrying.wait_seconds
            yield RunId(str(run)), Retry(retrying.attempt, retrying.error, again_at)
