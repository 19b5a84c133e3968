"""Wrapped: what an activation that wraps another has in common with it: all that it does not change."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager

from parallel_agents.core.budget import Amount, Shortage
from parallel_agents.core.event import Entry
from parallel_agents.core.run import Outcome
from parallel_agents.core.runner import Activation
from parallel_agents.core.store import Claim


class WrappedActivation:
    """The base of wrappers of activations; each says by what it overrides what it is for."""

    def __init__(self, activation: Activation) -> None:
        self._activation = activation

    @property
    def claim(self) -> Claim:
        return self._activation.claim

    @property
    def wants_text(self) -> bool:
        return self._activation.wants_text

    def text(self, piece: str) -> None:
        self._activation.text(piece)

    def note(self, entry: Entry) -> None:
        self._activation.note(entry)

    async def append(self, *entries: Entry) -> None:
        await self._activation.append(*entries)

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        return await self._activation.finish(outcome, steers_seen=steers_seen)

    def check_stopping(self) -> None:
        self._activation.check_stopping()

    def resting(self) -> AbstractContextManager[None]:
        return self._activation.resting()

    def interruptible(self) -> AbstractAsyncContextManager[None]:
        return self._activation.interruptible()

    @property
    def is_budgeted(self) -> bool:
        return self._activation.is_budgeted

    async def reserve(self, amount: Amount, *, is_last: bool) -> Shortage | None:
        return await self._activation.reserve(amount, is_last=is_last)

    def give_back(self, *, may_be_billed: bool) -> None:
        self._activation.give_back(may_be_billed=may_be_billed)

    def park(self) -> None:
        self._activation.park()

    async def take_slot(self) -> None:
        await self._activation.take_slot()

    async def wait_message(self) -> None:
        await self._activation.wait_message()

    def take_steers(self) -> Sequence[Entry]:
        return self._activation.take_steers()
