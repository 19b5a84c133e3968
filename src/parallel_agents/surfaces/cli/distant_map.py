"""Distant map: rows of this machine that agents of a gateway do; the results come into a file of this machine."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NoReturn

import typer

from parallel_agents.app.asked_map import AskedMap
from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.app.distant_maps import (
    MapNow,
    begin_map,
    price_map_at_distance,
    receive_map,
    result_of_own_map,
)
from parallel_agents.core.bound import Bound
from parallel_agents.core.dollars import dollars
from parallel_agents.core.ids import short
from parallel_agents.core.run import Result
from parallel_agents.core.verbs import Spawned
from parallel_agents.gateway_client.forms import BegunMapForm
from parallel_agents.interrupts import run_cancellable
from parallel_agents.maps.progress import MapProgress
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_spawn import warn_at_distance
from parallel_agents.surfaces.cli.exits import Exit, exit_of
from parallel_agents.surfaces.cli.foreground import Display, Work, note_kept
from parallel_agents.surfaces.cli.map_price import Priced, tell_price
from parallel_agents.surfaces.cli.map_shown import (
    LiveLine,
    asking,
    note_left_out,
    print_map,
    tell_note,
)
from parallel_agents.surfaces.cli.question_prompt import QuestionPrompt
from parallel_agents.views import format

_TOLD_SECONDS = 10.0


def map_at_distance(
    context: CliContext,
    asked: AskedMap,
    display: Display,
    tags: Sequence[str],
    *,
    is_echoed: bool,
) -> NoReturn:
    """Have the rows done at the gateway, bring the results here, and exit with the status of the map.

    Ctrl-C leaves the map, and ends nothing; the same command shows it again.
    """
    begun: list[BegunMapForm] = []
    local = None if is_echoed else Path(asked.request.out)

    async def run() -> Result:
        async with open_distant(context.environment) as distant:

            async def receive(map: BegunMapForm) -> Result:
                _announce(context, map, asked, is_json=display.is_json and not begun)
                begun.append(map)
                return await _Shown(distant, map, display, is_echoed=is_echoed).watch(local)

            begin = partial(begin_map, distant, asked, tags, local)
            return await result_of_own_map(distant, begin, receive, tell_note)

    try:
        result = run_cancellable(run())
    except KeyboardInterrupt:
        if begun:
            render.note(
                f"The map {asked.name} continues at {context.environment.gateway}."
                f" The same command with --id {asked.name} brings its results."
            )
        else:
            render.note("The map was not begun.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    work = Work(short(begun[-1].session_key), begun[-1].session_key, begun[-1].run_id, {})
    now = MapProgress(rows=begun[-1].rows, reused=begun[-1].done_before)
    status = print_map(work, result, now, display, is_quiet=is_echoed, out=str(local or ""))
    raise typer.Exit(exit_of(status))


def price_at_distance(context: CliContext, asked: AskedMap, *, is_json: bool) -> None:
    """Print what the rows would cost at the gateway; nothing is begun."""

    async def look() -> tuple[Priced, Sequence[str]]:
        async with open_distant(context.environment) as distant:
            found = await price_map_at_distance(distant, asked)
            most, likely = found.first_calls_at_most, found.likely
            priced = Priced(
                rows=found.rows,
                done=found.done,
                would_run=found.would_run,
                calls=found.calls,
                agent=found.agent,
                model=found.model,
                out=asked.request.out,
                text=found.first.text,
                values=found.first.input,
                nanousd=None if most is None else most.nanousd,
                tokens=found.tokens_at_most,
                is_exact=found.is_exact,
                likely_nanousd=None if likely is None else likely.nanousd,
                from_runs=found.from_runs,
                reducer=asked.request.reduce,
                reduce_calls=found.reduce_calls,
                is_closed=found.is_closed,
                is_cached=bool(asked.request.cache_seconds),
                missing_keys=found.missing_keys,
                worst=Bound.in_usd(found.worst_case_usd, found.worst_case_tokens),
                is_worst_budget=found.is_worst_budget,
                notes=found.notes,
            )
            return priced, found.notes_on_rows

    found, notes = run_cancellable(look())
    tell_price(found, asked.name, asked.request.source, is_json=is_json)
    for note in notes:
        tell_note(note)


class _Shown:
    """A map at the gateway, and how far it is."""

    def __init__(
        self, distant: Distant, begun: BegunMapForm, display: Display, *, is_echoed: bool
    ) -> None:
        self._distant = distant
        self._begun = begun
        self._is_echoed = is_echoed
        self._now: MapNow | None = None
        self._told_at = time.monotonic()
        self._style = display.style
        if self._style is progress.Style.AUTO:
            is_live = render.err().is_terminal and not is_echoed
            self._style = progress.Style.LIVE if is_live else progress.Style.TEXT

    async def watch(self, out: Path | None) -> Result:
        """Bring the results until the map has ended; what it came to."""
        line = LiveLine(self._told) if self._style is progress.Style.LIVE else None
        echo: Callable[[bytes], None] | None = _print if self._is_echoed else None
        sessions, map = self._distant.sessions, self._begun.session_key
        aside = line.aside if line else nullcontext
        async with (
            QuestionPrompt(sessions, aside, 0.0) as prompt,
            asking(sessions, map, prompt),
        ):
            receiving = asyncio.create_task(
                receive_map(self._distant, self._begun, out, self._take, echo)
            )
            try:
                if line is not None:
                    await line.watch(receiving)
                return await receiving
            finally:
                receiving.cancel()
                await asyncio.wait({receiving})

    def _take(self, now: MapNow) -> None:
        self._now = now
        is_due = time.monotonic() - self._told_at >= _TOLD_SECONDS
        if self._style is progress.Style.TEXT and is_due:
            self._told_at = time.monotonic()
            render.note(f"{format.clock(time.time())} {self._told()}")

    def _told(self) -> str:
        if self._now is None:
            return "waiting for the first row"
        cost = "" if self._now.cost_usd is None else f"   {dollars(self._now.cost_usd)} so far"
        return f"{self._now.received:,}/{self._now.rows:,} rows{cost}"


def _print(content: bytes) -> None:
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _announce(context: CliContext, begun: BegunMapForm, asked: AskedMap, *, is_json: bool) -> None:
    name = short(begun.session_key)
    if is_json:
        render.launched(name, begun.session_key, agents=None)
    count = "1 row" if begun.rows == 1 else f"{begun.rows:,} rows"
    if "model" not in begun.kept:
        warn_at_distance(begun.model)
        count += f" on {begun.model}"
    told = "started" if begun.is_new else "continued"
    render.note(
        f"▶ map {asked.request.agent} {name}   {count}   {told} at {context.environment.gateway}"
    )
    note_left_out(asked.request.source)
    for note in begun.notes:
        tell_note(note)
    spawned = Spawned(
        begun.session_key, begun.run_id, begun.is_new, begun.kept, begun.has_new_budget
    )
    note_kept(spawned, asked.budget)
