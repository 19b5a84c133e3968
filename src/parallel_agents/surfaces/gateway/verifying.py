"""Verifying: one check of the journal at a time, for which a client asks until it is done."""

from __future__ import annotations

import asyncio

from parallel_agents.core.audit import Audit
from parallel_agents.core.inspection import Journal
from parallel_agents.gateway_client.wire import WAIT_SECONDS

# After so long, whoever asked has left, and a further one wants a check of the journal as it is by then.
_PATIENCE_SECONDS = 2 * WAIT_SECONDS


class Verifying:
    """The check that is being made, and what it is of; it ends although nobody waits for it."""

    def __init__(self) -> None:
        self._asked: tuple[str, bool] | None = None
        self._asked_at = 0.0
        self._check: asyncio.Task[Audit] | None = None

    async def found(
        self, journal: Journal, head: str, *, is_full: bool, seconds: float = WAIT_SECONDS
    ) -> Audit | None:
        """What a check finds, which is begun once another one has ended; None if it takes longer.

        Raises:
            StoreError: the journal cannot be read.
        """
        asked, loop = (head, is_full), asyncio.get_running_loop()
        is_left = loop.time() - self._asked_at > _PATIENCE_SECONDS
        if self._check is None or (self._check.done() and (is_left or self._asked != asked)):
            verify = journal.verify_all if is_full else journal.verify_new
            self._asked, self._check = asked, asyncio.ensure_future(verify(head))
        if self._asked == asked:
            self._asked_at = loop.time()
        check = self._check
        await asyncio.wait({check}, timeout=seconds)
        if not check.done() or self._asked != asked:
            return None
        self._check = None
        return check.result()
