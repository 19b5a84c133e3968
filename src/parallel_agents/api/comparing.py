"""Comparing: `compare` says where two stored runs part, and what was changed between them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from parallel_agents.api.held_loop import refuse_await
from parallel_agents.app.reading import check_exists, open_reader
from parallel_agents.app.usable import find_usable
from parallel_agents.comparing import reading
from parallel_agents.comparing.comparison import Comparison
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked
from parallel_agents.interrupts import in_thread
from parallel_agents.settings import read_environment


@checked
async def acompare(a: Name, b: Name, *, home: Path | Name | None = None) -> Comparison:
    """Two stored runs, sessions or attempts side by side: what was changed, and where they part.

        found = await pa.acompare("monday", "tuesday")
        print(found.divergence, found.a.cost_usd, found.b.cost_usd)

    Args:
        a: the name of the one before; see `OpenSessions`. `NAME#2` is its second attempt.
        b: the name of the one after.
        home: see `Options`.

    Raises:
        NotFound, Ambiguous: a name is not that of one session, or there is no such attempt.
        SameRun: both names mean the same.
        NotComparable: they are of different kinds, or cannot be read.
        StoreError: the store cannot be read.
    """
    environment = read_environment(Path(home) if home else None)
    if not environment.gateway:
        check_exists(environment)
    settings = (await asyncio.to_thread(find_usable, environment)).settings
    async with open_reader(environment, settings) as reader:
        return await reading.compare(reader.sessions, reader.journal, a, b)


@checked
def compare(a: Name, b: Name, *, home: Path | Name | None = None) -> Comparison:
    """`acompare` for code that is not async; it also works in a running event loop.

        print(pa.compare("monday", "tuesday"))

    Parameters, result and errors are those of `acompare`.
    """
    refuse_await()

    async def work(_: asyncio.Event) -> Comparison:
        return await acompare(a, b, home=home)

    return in_thread(work)
