"""One check of a journal is made at a time, and whoever asks again gets what it finds."""

from __future__ import annotations

import asyncio
from typing import cast

from parallel_agents.core.audit import Audit, ChainCheck
from parallel_agents.core.inspection import Journal
from parallel_agents.surfaces.gateway.verifying import Verifying


class SlowJournal:
    """Takes a minute for a check."""

    def __init__(self) -> None:
        self.checks = 0

    async def verify_all(self, head: str = "") -> Audit:
        self.checks += 1
        await asyncio.sleep(60)
        return Audit(chain=ChainCheck(events=self.checks, links=1, before=0, head=head))


async def test_a_check_that_takes_long_is_asked_for_again_and_made_once() -> None:
    slow, verifying = SlowJournal(), Verifying()
    journal = cast("Journal", slow)

    first = await verifying.found(journal, "a", is_full=True, seconds=25)
    other = await verifying.found(journal, "b", is_full=True, seconds=25)
    found = await verifying.found(journal, "a", is_full=True, seconds=25)

    assert (first, other) == (None, None)
    assert found is not None
    assert (found.chain.head, slow.checks) == ("a", 1)
    assert await verifying.found(journal, "b", is_full=True, seconds=25) is None
    assert slow.checks == 2
