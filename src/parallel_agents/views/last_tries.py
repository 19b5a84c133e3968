"""Last tries: what counts of a team, a flow or a map: each task once by its last try, and the rows of a map's last run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.event import Queued
from parallel_agents.core.ids import RunId, SessionKey, function_of
from parallel_agents.core.inspection import Journal, each_event
from parallel_agents.core.retry_keys import earlier_tries, name_of
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.verbs import SessionReads
from parallel_agents.maps.batches import REDUCE, Batches, Part
from parallel_agents.maps.batching import BATCH
from parallel_agents.maps.request import MAP


class RowCount(NamedTuple):
    """How far the rows of a map are.

    Attributes:
        total: how many there are, begun or not.
    """

    done: int
    ended: int
    total: int


class NotShown(NamedTuple):
    """What is left out where only what counts is shown.

    Attributes:
        tries: which others followed.
        answers: of rows that a map no longer has, and of what combined former answers.
    """

    tries: int = 0
    answers: int = 0

    @property
    def told(self) -> str:
        """The same as the subject of a sentence: `2 former tries are`; empty if nothing is left out."""
        tries = "1 former try" if self.tries == 1 else f"{self.tries:,} former tries"
        answers = "1 former answer" if self.answers == 1 else f"{self.answers:,} former answers"
        parts = [*([tries] if self.tries else []), *([answers] if self.answers else [])]
        verb = "is" if self.tries + self.answers == 1 else "are"
        return f"{' and '.join(parts)} {verb}" if parts else ""


ALL_SHOWN = NotShown()


class LastTries(NamedTuple):
    """The tasks of a group, each once.

    Attributes:
        runs: the last try of each task that counts, in the order of the tasks.
        former: the tries before them, and what no longer counts.
        rows: how far a map's rows are; None for anything else.
        not_shown: how many `former` are, by why they are.
    """

    runs: Sequence[RunId]
    former: frozenset[RunId] = frozenset()
    rows: RowCount | None = None
    not_shown: NotShown = ALL_SHOWN


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
    by_name = {name_of(child.key): child for child in children}
    batches = await Batches.stored(reads, key)
    latest = {name: by_name[name] for name in batches.in_order(by_name)}
    uncounted = [child for name, child in latest.items() if name in batches.gone]
    left = _left(latest, {n: part for n, part in batches.items() if n not in batches.gone})
    again = {name for name, items in left.items() if not items} - batches.gone
    replaced = [
        child
        for child in children
        if latest[name_of(child.key)] is not child or name_of(child.key) in again
    ]
    former = frozenset(child.run for child in (*replaced, *uncounted))
    tasks = [child for child in latest.values() if child.run not in former]
    found = await _count(reads, [(each, left.get(name_of(each.key))) for each in tasks])
    asked = (await options_of(journal, key)).get("rows")
    total = max(found.total, asked) if isinstance(asked, int) else found.total
    return LastTries(
        [child.run for child in tasks],
        former,
        found._replace(total=total),
        NotShown(len(former) - len(uncounted), len(uncounted)),
    )


def _of(children: Sequence[ChildRun], replaced: Sequence[ChildRun]) -> LastTries:
    former = frozenset(child.run for child in replaced)
    runs = [each.run for each in children if each.run not in former]
    return LastTries(runs, former, not_shown=NotShown(len(former)))


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
    async for event in each_event(journal, session=flow, kinds={"queued"}):
        if isinstance(event.body, Queued) and event.body.flow is not None:
            options = event.body.flow.options
    return options
