"""`pagents map --dry-run`: the rows are checked and priced, and nothing is called or stored."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

import orjson

from parallel_agents.app.asked_map import AskedMap
from parallel_agents.app.map_price import price_map
from parallel_agents.app.opening import open_without_writing
from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import Amount
from parallel_agents.core.dollars import limit_dollars
from parallel_agents.core.ended_by import STAYS_KILLED
from parallel_agents.core.pricing import pricing
from parallel_agents.core.spelling import counted
from parallel_agents.core.usage import NANOUSD_PER_USD, SIMULATED, Spend
from parallel_agents.maps.source import Source
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.dry_run import money, note_missing_keys, spend_json, told_runs
from parallel_agents.surfaces.cli.map_shown import note_left_out
from parallel_agents.surfaces.work_price import CACHED, likely_of_map
from parallel_agents.views import format
from parallel_agents.views.estimates import spend_of

_SHOWN = 600


class Priced(NamedTuple):
    """A map whose rows were checked and priced.

    Attributes:
        done: rows that are done, and cost nothing.
        would_run: those that are not.
        calls: how many first calls these are.
        reducer: the agent that combines the results; empty for none.
        reduce_calls: how many first calls that makes.
        is_closed: whether the map was killed, so that nothing is added to it.
        is_cached: whether replies of the cache are used.
        text: the task of the first row.
        values: its input.
        nanousd: the most that the first calls cost, in billionths of a US dollar; None if unknown.
        likely_nanousd: what they cost if they cost what such runs did; None if there were none.
        from_runs: of how many runs that is known.
        missing_keys: the keys that are not set, and without which the map cannot begin.
        worst: the most that all of it costs; nothing if nothing bounds it.
        is_worst_budget: whether it is the map's budget that bounds it.
        notes: what would lower it much.
    """

    rows: int
    done: int
    would_run: int
    calls: int
    agent: str
    model: str
    out: str
    text: str
    values: Mapping[str, object]
    nanousd: int | None
    tokens: int
    is_exact: bool
    likely_nanousd: int | None
    from_runs: int
    reducer: str = ""
    reduce_calls: int = 0
    is_closed: bool = False
    is_cached: bool = False
    missing_keys: tuple[str, ...] = ()
    worst: Bound = Bound()
    is_worst_budget: bool = False
    notes: tuple[str, ...] = ()

    @property
    def is_simulated(self) -> bool:
        """Whether no money is spent, because the model is a simulation."""
        return self.model.startswith(SIMULATED)


async def print_price(
    context: CliContext,
    asked: AskedMap,
    *,
    is_json: bool,
) -> None:
    """Print how many rows a map has, the task of the first, and what their first calls cost at most."""
    async with open_without_writing(context.environment, context.settings) as client:
        with pricing() as missing:
            checked = await asked.checked(client)
            price = await price_map(client, asked.name, checked, asked.budget)
        agent, reducer = checked.first.task.agent_name, checked.request.reduce
        likely = await likely_of_map(client, agent, reducer, price)
    found = Priced(
        rows=checked.rows,
        done=price.done,
        would_run=price.rows,
        calls=price.calls,
        agent=checked.request.agent,
        model=price.model,
        out=checked.request.out,
        text=checked.first.task.text,
        values=checked.first.task.values,
        nanousd=price.nanousd,
        tokens=price.tokens,
        is_exact=price.is_exact,
        likely_nanousd=_nanousd(likely.spend),
        from_runs=likely.runs,
        reducer=reducer,
        reduce_calls=price.reduce_calls,
        is_closed=price.is_closed,
        is_cached=bool(checked.request.cache_seconds),
        missing_keys=missing.names,
        worst=Bound(price.worst_nanousd, price.worst_tokens),
        is_worst_budget=price.is_worst_budget,
        notes=price.notes,
    )
    tell_price(found, asked.name, checked.request.source, is_json=is_json)
    for note in checked.notes:
        render.note(f"Note: {note}.")


def _nanousd(spend: Spend | None) -> int | None:
    """What is spent, simulated or not; None if it is not known."""
    if spend is None or spend.cost_usd is None:
        return None
    return round((spend.cost_usd + spend.simulated_usd) * NANOUSD_PER_USD)


def tell_price(found: Priced, name: str, rows: Source, *, is_json: bool) -> None:
    """Print what a map of these rows would cost."""
    if is_json:
        render.envelope("priced", time.time(), [_json(found)], id=name, dry_run=True)
        return
    before = f", of which {found.done:,} are done" if found.done and not found.is_closed else ""
    render.line(f"{_rows(found.rows)} of {rows.name}{before}")
    note_left_out(rows)
    render.line(f"agent   {found.agent} on {found.model}")
    render.line(f"results {found.out}")
    render.line("first   " + format.cut(format.one_line(_shown(found)), _SHOWN))
    render.note(_told(found))
    if found.would_run or found.reduce_calls:
        from_runs = f", from {told_runs(found.from_runs)}" if found.from_runs else ""
        render.line(f"likely  {money(_likely(found))}{from_runs}")
        render.line(f"worst   {_worst(found)}")
        for note in found.notes:
            render.note(note)
    if found.is_cached and (found.would_run or found.reduce_calls):
        render.note(CACHED)
    note_missing_keys(found.missing_keys)


def _likely(found: Priced) -> Spend | None:
    if found.likely_nanousd is None:
        return None
    return spend_of(Amount(found.likely_nanousd, 0), found.model)


def _worst(found: Priced) -> str:
    """What all of it costs at most, and why not more."""
    usd, tokens = found.worst
    bounds = [] if usd is None else [_worst_dollars(found, usd)]
    bounds += [] if tokens is None else [f"{tokens:,} tokens"]
    if not bounds:
        return "not bounded; --budget USD bounds it"
    told = " or ".join(bounds)
    if found.is_worst_budget:
        return f"{told}, what is left of the budget" if found.done else f"{told}, the budget"
    if usd == 0:
        return f"{told}, as all that it calls is free"
    return f"{told} if every run makes all calls that it may, with a full context; --budget USD bounds it"


def _worst_dollars(found: Priced, nanousd: int) -> str:
    if found.is_worst_budget:
        return limit_dollars(nanousd)
    return ("" if found.is_exact else "about ") + money(spend_of(Amount(nanousd, 0), found.model))


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _told(found: Priced) -> str:
    if found.is_closed:
        return "The map was killed; asked for again it only shows its results, and costs nothing."
    combines = f"{found.reducer} would combine the results" if found.reduce_calls else ""
    killed = found.rows - found.done - found.would_run
    if not found.would_run and not combines:
        if killed:
            return f"What somebody killed ({_rows(killed)}) {STAYS_KILLED}. Nothing would run."
        done = "done and combined" if found.reducer else "done"
        return f"All rows are {done}; nothing would run."
    calls = found.calls + found.reduce_calls
    if not found.would_run:
        told = f"All rows are done, and {combines}{_in_calls(found.reduce_calls)}"
    else:
        told = f"{_rows(found.would_run)} would run"
        told += _in_calls(found.calls) if found.calls < found.would_run else ""
        told += f", and {combines}{_in_calls(found.reduce_calls)}" if combines else ""
    if found.nanousd is None:
        return f"{told}, at an unknown price."
    about = "" if found.is_exact else "about, from some of them, "
    about = "about " if combines and found.would_run else about
    simulated = " simulated" if found.is_simulated else ""
    money = f"${found.nanousd / NANOUSD_PER_USD:.4f}{simulated} at most"
    their = "their first calls cost" if calls > 1 else "the first call costs"
    their = their if found.would_run > 1 or combines else "its first call costs"
    return f"{told}; {their} {about}{money}."


def _in_calls(count: int) -> str:
    return f" in {counted(count, 'call')}"


def _shown(found: Priced) -> str:
    return f"{found.text} {orjson.dumps(found.values).decode()}" if found.values else found.text


def _json(found: Priced) -> dict[str, object]:
    money = None if found.nanousd is None else f"{found.nanousd / NANOUSD_PER_USD:.9f}"
    return {
        "rows": found.rows,
        "done": found.done,
        "calls": found.calls,
        "reducer": found.reducer or None,
        "reduce_calls": found.reduce_calls,
        "is_closed": found.is_closed,
        "agent": found.agent,
        "model": found.model,
        "out": found.out,
        "first": {"text": found.text, "input": found.values},
        "first_calls_at_most": None if money is None else {"amount": money, "currency": "USD"},
        "is_simulated": found.is_simulated,
        "tokens_at_most": found.tokens,
        "is_exact": found.is_exact,
        "likely": spend_json(_likely(found)),
        "from_runs": found.from_runs,
        "worst_case": {
            "usd": found.worst.usd,
            "tokens": found.worst.tokens,
            "is_budget": found.is_worst_budget,
        },
        "notes": list(found.notes),
        "missing_keys": list(found.missing_keys),
    }
