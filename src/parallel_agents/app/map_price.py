"""Map price: what the rows of a map would cost at most, with nothing called and nothing begun."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from parallel_agents.app.asked_map import CheckedMap
from parallel_agents.app.client import Client
from parallel_agents.core.budget import Amount
from parallel_agents.core.filter import Filter
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey, make_flow_key
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.batching import Grouping, batch_task
from parallel_agents.maps.filling import Filled, Filling
from parallel_agents.maps.finding import Found, find_rows
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
        rows: how many rows would be asked.
        done: rows that are done already, and cost nothing.
        calls: the first calls of the rows, or of their batches.
        model: of the first row.
        nanousd: the most that the first calls cost together, in billionths of a US dollar; None if a
            price is unknown.
        tokens: the most tokens of the first calls.
        is_exact: whether each call was priced; otherwise some of them stand for the others.
        missing_keys: the keys that are not set, and without which the map cannot begin.
    """

    rows: int
    done: int
    calls: int
    model: str
    nanousd: int | None
    tokens: int
    is_exact: bool
    missing_keys: tuple[str, ...] = ()

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


async def price_map(client: Client, name: str, checked: CheckedMap) -> MapPrice:
    """What the rows of a map that was checked would cost; those that are done cost nothing."""
    session, size = SessionKey(make_flow_key(MAP, name)), checked.request.batch
    is_begun = bool(await client.sessions.list(Filter(session=session)))
    batches = await Batches.stored(client.sessions, session) if is_begun else Batches()
    every = -(-checked.rows // (size * MOST_PRICED))
    tally, grouping = _Tally(), Grouping[_Asked](size, checked.request.batch_tokens)
    model = (await client.sessions.plan_task(checked.first.task)).model
    with checked.request.source.opened(fingerprint()) as rows:
        filled = Filling(checked.request, checked.model).filled(islice(rows, checked.rows))
        while part := await asyncio.to_thread(_some, filled):
            found: dict[str, Found] = {}
            if is_begun:
                found = await find_rows(client.sessions, session, batches, part, _NOBODY)
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
    return _sum(model, tally)


async def _price(client: Client, group: Sequence[_Asked], tally: _Tally, every: int) -> None:
    tally.rows += len(group)
    tally.calls += 1
    if tally.calls % every != 1 % every:
        return
    rows = [asked.filled for asked in group]
    plan = await client.sessions.plan_task(rows[0].task if len(rows) == 1 else batch_task(rows))
    tools = client.session_tools.as_tools()
    tally.amounts.append(max_cost_of_first_call(client.models, tools, plan))
    tally.priced_rows += len(rows)


def _some(filled: Iterator[Filled]) -> list[Filled]:
    return list(islice(filled, _AT_ONCE))


def _sum(model: str, tally: _Tally) -> MapPrice:
    factor = tally.rows / max(tally.priced_rows, 1)
    known = [each.nanousd for each in tally.amounts if each.nanousd is not None]
    is_known = len(known) == len(tally.amounts)
    return MapPrice(
        rows=tally.rows,
        done=tally.done,
        calls=tally.calls,
        model=model,
        nanousd=round(sum(known) * factor) if is_known else None,
        tokens=round(sum(each.tokens for each in tally.amounts) * factor),
        is_exact=len(tally.amounts) == tally.calls,
    )
