"""Last tries: what became of each task of a team, a flow or a map by its last try, whatever was tried before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.event import Queued
from parallel_agents.core.ids import RunId, SessionKey, function_of
from parallel_agents.core.inspection import PAGE, Journal
from parallel_agents.core.retry_keys import earlier_tries, name_of
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.verbs import SessionReads
from parallel_agents.maps.batches import Batches, Part
from parallel_agents.maps.batching import BATCH
from parallel_agents.maps.reducing import REDUCE
from parallel_agents.maps.request import MAP


class RowCount(NamedTuple):
    """How far the rows of a map are.

    Attributes:
        total: how many there are, begun or not.
    """

    done: int
    ended: int
    total: int


class LastTries(NamedTuple):
    """The tasks of a group, each once.

    Attributes:
        runs: the last try of each task, in the order of the tasks.
        former: the tries before them.
        rows: how far a map's rows are; None for anything else.
    """

    runs: Sequence[RunId]
    former: frozenset[RunId] = frozenset()
    rows: RowCount | None = None


def tries_told(former: int) -> str:
    """The former tries as the subject of a sentence: `2 former tries are`."""
    return "1 former try is" if former == 1 else f"{former:,} former tries are"


async def last_tries(reads: SessionReads, journal: Journal, group: Row) -> LastTries:
    """The last try of each task of a team, a flow or a map; the run itself of an agent."""
    key = group.session.key
    if group.run.kind is not RunnerKind.FLOW:
        return LastTries(await reads.member_runs(group))
    children = list({child.key: child for child in await reads.child_runs(key)}.values())
    if function_of(key) == MAP:
        return await _of_map(reads, journal, key, children)
    is_former = earlier_tries(child.key for child in children)
    replaced = [child for child, is_it in zip(children, is_former, strict=True) if is_it]
    return _of(children, replaced)


async def _of_map(
    reads: SessionReads, journal: Journal, key: SessionKey, children: Sequence[ChildRun]
) -> LastTries:
    latest = {name_of(child.key): child for child in children}
    parts = dict((await Batches.stored(reads, key)).items())
    left = _left(latest, parts)
    gone = [child for name, child in latest.items() if name in left and not left[name]]
    replaced = [child for child in children if latest[name_of(child.key)] is not child]
    tasks = [child for child in latest.values() if child not in gone]
    found = await _count(reads, [(each, left.get(name_of(each.key))) for each in tasks])
    asked = (await options_of(journal, key)).get("rows")
    total = max(found.total, asked) if isinstance(asked, int) else found.total
    return _of(list(latest.values()), [*replaced, *gone])._replace(rows=found._replace(total=total))


def _of(children: Sequence[ChildRun], replaced: Sequence[ChildRun]) -> LastTries:
    former = frozenset(child.run for child in replaced)
    return LastTries([each.run for each in children if each.run not in former], former)


def _left(latest: Mapping[str, ChildRun], parts: Mapping[str, Part]) -> Mapping[str, Sequence[str]]:
    """The items of each batch that is not done whose rows were not asked again in another task."""
    left: dict[str, list[str]] = {name: [] for name in latest if name.startswith(BATCH)}
    for row, part in parts.items():
        batch = latest.get(part.batch)  # a crash may have come before its session
        if batch is not None and (row not in latest or batch.status is RunStatus.DONE):
            left[part.batch].append(str(part.number))
    return left


async def _count(
    reads: SessionReads, tasks: Sequence[tuple[ChildRun, Sequence[str] | None]]
) -> RowCount:
    """How many rows these tasks have; those of a batch are its items."""
    failed = [
        child.run
        for child, items in tasks
        if items and child.status.is_over and child.status is not RunStatus.DONE
    ]
    results = {each.run_id: each for each in await reads.results(failed)} if failed else {}
    done = ended = total = 0
    for child, items in tasks:
        if child.key.startswith(REDUCE):
            continue
        rows = 1 if items is None else len(items)
        total += rows
        ended += rows if child.status.is_over else 0
        if child.status is RunStatus.DONE:
            done += rows
        elif items and (result := results.get(child.run)) is not None:
            done += sum(item in result.accepted_items for item in items)
    return RowCount(done, ended, total)


async def options_of(journal: Journal, flow: SessionKey) -> JsonObject:
    """What the latest run of a flow was asked for besides its input; empty if there is no such flow."""
    options: JsonObject = {}
    after = 0
    while page := await journal.events(session=flow, kinds={"queued"}, after=after):
        after = page[-1].seq
        bodies = [event.body for event in page]
        asked = [body.flow for body in bodies if isinstance(body, Queued) and body.flow is not None]
        options = asked[-1].options if asked else options
        if len(page) < PAGE:
            break
    return options
