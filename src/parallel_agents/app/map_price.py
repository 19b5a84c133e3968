"""Map price: what the rows of a map would cost at most, with nothing called and nothing begun."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple

from parallel_agents.app.asked_map import CheckedMap
from parallel_agents.app.client import Client
from parallel_agents.app.map_bound import most_of_run, within_budget
from parallel_agents.app.output_hint import output_hint
from parallel_agents.app.reduce_price import ReduceCalls, ReducePricing
from parallel_agents.core.bound import NOTHING, Bound
from parallel_agents.core.budget import Amount, Budget
from parallel_agents.core.filter import Filter
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.going_on import is_closed
from parallel_agents.core.ids import RunId, SessionKey, make_flow_key
from parallel_agents.core.run import RunStatus
from parallel_agents.core.task import Task
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.batching import Grouping, batch_task
from parallel_agents.maps.filling import Filled, Filling
from parallel_agents.maps.finding import Found, find_rows
from parallel_agents.maps.reducing import TEXT
from parallel_agents.maps.request import MAP
from parallel_agents.maps.source import fingerprint
from parallel_agents.sessions.retries import max_cost_of_first_call

MOST_PRICED = 500
_AT_ONCE = 500
_NOBODY = RunId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class MapPrice(Frozen):
    """What a map would cost.

    Attributes:
        rows: how many rows would be asked; none if nothing can be added to the map any more.
        done: rows that are done already, and cost nothing.
        calls: the first calls of the rows, or of their batches.
        model: of the first row.
        reduce_calls: the first calls of what combines the results: about so many while rows are open.
        reduce_model: of these; empty if nothing combines them.
        nanousd: the most that all of these first calls cost together, in billionths of a US dollar; None if a
            price is unknown.
        tokens: the most tokens of the first calls.
        is_exact: whether each call was priced; otherwise some of them stand for the others.
        is_closed: whether the map was killed, so that it only shows its results.
        missing_keys: the keys that are not set, and without which the map cannot begin.
        worst_nanousd: the most that all of the map costs, in billionths of a US dollar: what is left of its
            budget, or less if its runs cannot spend that with all calls that they may make. None if nothing bounds it.
        worst_tokens: the most tokens by budgets; None if none bounds them.
        is_worst_budget: whether it is the map's budget that bounds it.
        notes: what would lower it much.
    """

    rows: int
    done: int
    calls: int
    model: str
    nanousd: int | None
    tokens: int
    is_exact: bool
    reduce_calls: int = 0
    reduce_model: str = ""
    is_closed: bool = False
    missing_keys: tuple[str, ...] = ()
    worst_nanousd: int | None = None
    worst_tokens: int | None = None
    is_worst_budget: bool = False
    notes: tuple[str, ...] = ()

    @property
    def worst_usd(self) -> float | None:
        """The most that all of the map costs in US dollars; None if nothing bounds it."""
        return None if self.worst_nanousd is None else self.worst_nanousd / NANOUSD_PER_USD

    @property
    def cost_usd(self) -> float | None:
        """The most that the first calls cost in US dollars; None if a price is unknown."""
        return None if self.nanousd is None else self.nanousd / NANOUSD_PER_USD


class _Asked(NamedTuple):
    filled: Filled
    most: int


@dataclass(slots=True)
class _Tally:
    """What was counted so far; only some calls are priced if there are many."""

    done: int = 0
    rows: int = 0
    calls: int = 0
    priced_rows: int = 0
    amounts: list[Amount] = field(default_factory=list[Amount])
    bound: Bound = NOTHING


async def price_map(client: Client, name: str, checked: CheckedMap, budget: Budget) -> MapPrice:
    """What a map that was checked would cost: its rows, and what combines them; what is done costs nothing."""
    session, first = SessionKey(make_flow_key(MAP, name)), checked.first.task
    begun = await client.sessions.list(Filter(session=session))
    plan = await client.sessions.plan_task(first)
    if begun and is_closed(begun[0]):
        return _closed(checked.rows, plan.model)
    request = checked.request
    asked = Task(request.reduce or request.agent, request.reduce_text or TEXT, model=checked.model)
    with tempfile.TemporaryFile() as lines:
        reducing = ReducePricing(client, session, asked, lines)
        tally = await _priced(client, session, checked, reducing, is_begun=bool(begun))
        reduced = await reducing.calls(plan) if request.reduce else None
    price = _sum(plan.model, tally, reduced)
    rows = _scaled(tally)
    most = rows.plus(NOTHING if reduced is None else reduced.bound)
    found = await within_budget(client, session, budget, most, is_begun=bool(begun))
    hint = "" if found.is_budget or reduced else output_hint(client, [(plan, tally.calls)])
    return replace(
        price,
        worst_nanousd=found.most.nanousd,
        worst_tokens=found.most.tokens,
        is_worst_budget=found.is_budget,
        notes=(hint,) if hint else (),
    )


async def _priced(
    client: Client,
    session: SessionKey,
    checked: CheckedMap,
    reducing: ReducePricing,
    *,
    is_begun: bool,
) -> _Tally:
    """The rows that would be asked, which `reducing` notes with those that are done."""
    request, size = checked.request, checked.request.batch
    batches = await Batches.stored(client.sessions, session) if is_begun else Batches()
    every = -(-checked.rows // (size * MOST_PRICED))
    tally, grouping = _Tally(), Grouping[_Asked](size, request.batch_tokens)
    with request.source.opened(fingerprint()) as rows:
        filled = Filling(request, checked.model).filled(islice(rows, checked.rows))
        while part := await asyncio.to_thread(_some, filled):
            found: dict[str, Found] = {}
            if is_begun:
                found = await find_rows(client.sessions, session, batches, part, _NOBODY)
            if request.reduce:
                await reducing.add([found.get(each.key) for each in part])
            for each in part:
                before = found.get(each.key)
                if before is not None and before.is_settled:
                    tally.done += before.status is RunStatus.DONE
                    continue
                most = size if before is None else before.most(size)
                for group in grouping.add(_Asked(each, most)):
                    await _price(client, group, tally, every)
    if rest := grouping.rest():
        await _price(client, rest, tally, every)
    return tally


async def _price(client: Client, group: Sequence[_Asked], tally: _Tally, every: int) -> None:
    tally.rows += len(group)
    tally.calls += 1
    if tally.calls % every != 1 % every:
        return
    rows = [asked.filled for asked in group]
    plan = await client.sessions.plan_task(rows[0].task if len(rows) == 1 else batch_task(rows))
    tools = client.session_tools.as_tools()
    tally.amounts.append(max_cost_of_first_call(client.models, tools, plan))
    tally.bound = tally.bound.plus(most_of_run(client, plan))
    tally.priced_rows += len(rows)


def _scaled(tally: _Tally) -> Bound:
    """The most that all rows cost, of which those that were looked at are a part."""
    if not tally.priced_rows:
        return NOTHING
    nanousd, tokens = (
        None if each is None else -(-each * tally.rows // tally.priced_rows) for each in tally.bound
    )
    return Bound(nanousd, tokens)


def _some(filled: Iterator[Filled]) -> list[Filled]:
    return list(islice(filled, _AT_ONCE))


def _sum(model: str, tally: _Tally, reduced: ReduceCalls | None) -> MapPrice:
    factor = tally.rows / max(tally.priced_rows, 1)
    known = [each.nanousd for each in tally.amounts if each.nanousd is not None]
    nanousd = round(sum(known) * factor) if len(known) == len(tally.amounts) else None
    tokens = round(sum(each.tokens for each in tally.amounts) * factor)
    is_exact = len(tally.amounts) == tally.calls
    if reduced is not None and reduced.calls:
        most = reduced.most.nanousd
        nanousd = None if nanousd is None or most is None else nanousd + most
        tokens, is_exact = tokens + reduced.most.tokens, is_exact and not tally.rows
    return MapPrice(
        rows=tally.rows,
        done=tally.done,
        calls=tally.calls,
        model=model,
        nanousd=nanousd,
        tokens=tokens,
        is_exact=is_exact,
        reduce_calls=0 if reduced is None else reduced.calls,
        reduce_model="" if reduced is None else reduced.model,
    )


def _closed(rows: int, model: str) -> MapPrice:
    return MapPrice(
        rows=0,
        done=rows,
        calls=0,
        model=model,
        nanousd=0,
        tokens=0,
        is_exact=True,
        is_closed=True,
        worst_nanousd=0,
        worst_tokens=0,
    )
