"""Overview: counts and sums over many runs, made by the database without decoding a record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import orjson

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, function_of
from parallel_agents.core.overview import Cost, Lineage, Origin, Tally
from parallel_agents.core.retry_keys import step_of
from parallel_agents.core.run import LIVE, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.session import listed_name
from parallel_agents.core.store import Attempt
from parallel_agents.core.usage import Spend
from parallel_agents.stores.database import SqlRow, Value, as_array
from parallel_agents.stores.row_columns import is_moment, summed_spend
from parallel_agents.stores.row_conditions import conditions_of, values_of
from parallel_agents.stores.rows import Rows, status_from

# Of a run whose events are gone.
_UNKNOWN = Attempt("", Spend(calls=1, unpriced_calls=1))


def count_rows(rows: Rows, chosen: Filter) -> int:
    if chosen == Filter(roots_only=True):
        return rows.root_count.read(rows.database)
    values = values_of(chosen)
    left = [condition for condition in conditions_of(chosen) if condition != "rows.after"]
    if "rows.since" in left:
        left.remove("rows.since")
        return rows.database.all("count_since", values, where=left)[0][0]
    (found,) = rows.database.all("count_rows", values, where=left)
    return found[0]


def read_tallies(
    rows: Rows, teams: Sequence[SessionKey], uncounted: Collection[SessionKey] = ()
) -> dict[SessionKey, list[Tally]]:
    tallies: dict[SessionKey, list[Tally]] = {team: [] for team in teams}
    asked = {"teams": as_array(teams), "uncounted": as_array(list(uncounted))}
    for team, *columns in rows.database.all("tallies", asked):
        tallies[team].append(_tally(columns))
    return tallies


def _tally(columns: Sequence[object]) -> Tally:
    status, owner, is_unclaimed, since, is_later, *flags, count, finished_at = columns
    is_retrying, is_paused = flags
    return Tally(
        status=status_from(status),
        owner=OwnerId(owner) if isinstance(owner, str) else None,
        unclaimed_since=_moment(since) if is_unclaimed else None,
        runs=int(str(count)),
        finished_at=_moment(finished_at) if status not in LIVE else None,
        is_later=bool(is_later),
        is_retrying=bool(is_retrying),
        is_paused=bool(is_paused),
    )


def read_costs(
    rows: Rows,
    *,
    tree: SessionKey | None = None,
    since: float | None = None,
    tag: str | None = None,
) -> list[Cost]:
    if tree is None and since is None and tag is None:
        costs = rows.ended_costs.with_those_since(rows.database, partial(_costs, rows))
    else:
        costs = _costs(rows, *_chosen(tree, since, tag))
    return sorted(costs, key=lambda cost: cost.at, reverse=True)


def _costs(rows: Rows, values: Mapping[str, Value], chosen: Sequence[str]) -> list[Cost]:
    once = rows.database.all("costs", values, where=["costs.once", *chosen])
    several = rows.database.all("costs_of_several", values, where=["costs.several", *chosen])
    return [*(_cost(rows, columns) for columns in once), *_of_attempts(rows, several)]


def count_unanswered(
    rows: Rows,
    *,
    tree: SessionKey | None = None,
    since: float | None = None,
    tag: str | None = None,
) -> int:
    values, chosen = _chosen(tree, since, tag)
    conditions = ["costs.unanswered", *chosen]
    ((count,),) = rows.database.all("count_unanswered", values, where=conditions)
    return int(count)


def _chosen(
    tree: SessionKey | None, since: float | None, tag: str | None
) -> tuple[Mapping[str, Value], Sequence[str]]:
    """The values and conditions that choose runs."""
    return {"tree": tree, "since": since, "tag": tag}, [
        *(["costs.tree"] if tree is not None else []),
        *(["costs.since"] if since is not None else []),
        *(["costs.tag"] if tag is not None else []),
    ]


def _cost(rows: Rows, columns: SqlRow) -> Cost:
    digest, key, served, model, status, count, at, day, tags, *amounts = columns
    ended = 0 if status in LIVE else count
    spend = summed_spend(amounts)
    return Cost(
        agent=rows.agent_name(digest, str(key)),
        serves="" if served is None else rows.agent_name(served, ""),
        model=str(model),
        ended=ended,
        tried=ended,
        accepted=count if status == RunStatus.DONE else 0,
        spend=spend,
        at=_moment(at) or 0.0,
        day=str(day or ""),
        tags=_tags(tags),
        wasted=spend if _is_in_vain(status) else Spend(),
    )


def _of_attempts(rows: Rows, several: Sequence[SqlRow]) -> Iterator[Cost]:
    attempts = rows.attempts([RunId(columns[5]) for columns in several])
    for digest, key, served, model, status, run, at, day, tags, uncounted in several:
        name = rows.agent_name(digest, str(key))
        serves = "" if served is None else rows.agent_name(served, "")
        of_run = attempts.get(run) or [_UNKNOWN]
        for number, attempt in enumerate(of_run, start=1):
            is_last = number == len(of_run)
            ended = int(is_last and status not in LIVE)
            on = attempt.model or str(model)
            spend = attempt.spend.on(on)
            if is_last and uncounted:
                spend += Spend(uncounted_runs=1)
            is_wasted = _is_in_vain(status) if is_last else not attempt.is_kept
            yield Cost(
                agent=name,
                serves=serves,
                model=on,
                ended=ended,
                tried=ended if is_last else 1,
                accepted=int(is_last and status == RunStatus.DONE),
                spend=spend,
                at=_moment(at) or 0.0,
                day=str(day or ""),
                tags=_tags(tags),
                wasted=spend if is_wasted else Spend(),
            )


def _is_in_vain(status: object) -> bool:
    """Whether the last attempt of a run led to no accepted result; it may still, while it is live."""
    return status not in LIVE and status != RunStatus.DONE


def read_origins(rows: Rows, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
    found: defaultdict[str, list[_Above]] = defaultdict(list)
    for key, label, parent, spawn_key, _, run in rows.database.all(
        "origins", (as_array(sessions),)
    ):
        found[key].append(_Above(str(label), str(parent or ""), str(spawn_key), run))
    return {SessionKey(key): _origin(SessionKey(key), up) for key, up in found.items()}


class _Above(NamedTuple):
    """A session, or one that it is below, from itself to the top of its tree."""

    label: str
    parent: str
    spawn_key: str
    run: str | None


def _origin(key: SessionKey, up: Sequence[_Above]) -> Origin:
    own, *above = up
    return Origin(
        own.label,
        above[0].label if above else own.parent,
        None if own.run is None else RunId(own.run),
        listed_name(key, own.spawn_key, is_root=not own.parent),
        tuple(_step_or_label(each) for each in reversed(up) if each.parent),
    )


def _step_or_label(session: _Above) -> str:
    if not function_of(SessionKey(session.parent)):
        return session.label
    return step_of(session.spawn_key)


def read_lineages(rows: Rows, runs: Sequence[RunId]) -> dict[RunId, Lineage]:
    return {
        RunId(run): Lineage(RunId(top), None if height == 0 else RunId(asked_by))
        for run, top, height, asked_by in rows.database.all("lineages", (as_array(runs),))
    }


def _tags(stored: object) -> tuple[str, ...]:
    """Tags as the options of a session have them; none if they cannot be read."""
    try:
        found: Json = orjson.loads(stored) if isinstance(stored, str) else None
    except orjson.JSONDecodeError:
        return ()
    return tuple(map(str, found)) if isinstance(found, Sequence) else ()


def _moment(at: object) -> float | None:
    return at if isinstance(at, float) and is_moment(at) else None
