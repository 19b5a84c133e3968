"""Throttled: calls wait for a model's rate limits, which all processes of a store share."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice

from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest, resting
from parallel_agents.core.throttle import Grant, Holder, Reason, Throttle, TurnRequest
from parallel_agents.errors import RateLimited
from parallel_agents.models.governor import Governor
from parallel_agents.models.turns import Ticket, Turns
from parallel_agents.models.wrapped import Wrapped

_BATCH = 64  # calls that request their turn in one change of the store
_REPORT_AFTER_SECONDS = 0.5
_REFRESH_SECONDS = 1.0
_JITTER_SECONDS = 0.5
_HOLDER_SECONDS = 600.0  # how long the store counts a call that has no deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class _Permit:
    """A call in flight: its start, and the tokens that the tally counts for it in which second.

    `tokens` is None for a call that was not counted.
    """

    began: float
    second: int = 0
    tokens: int | None = None


class Throttled(Wrapped):
    """Wraps a model, outside of `Budgeted` and inside of `Retrying`.

    Without a limit or a recent refusal, a call passes immediately and writes nothing. Otherwise
    calls queue, and the store counts each one before it is made. The first call in the queue asks
    the store on behalf of all, so that a queue of any length makes one change at a time.

    Args:
        patience_seconds: a call fails immediately if the model stays closed for longer than this.
    """

    def __init__(
        self, model: Model, governor: Governor, *, patience_seconds: float = 120.0
    ) -> None:
        super().__init__(model)
        self._governor = governor
        self._patience_seconds = patience_seconds
        self._limit = governor.limit_of(model.name)
        self._calls = governor.in_flight(model.name)
        self._turns = Turns()
        self._in_flight = 0
        self._has_leader = False
        self._last_grant = Grant(0)
        self._news = asyncio.Event()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message once it is this call's turn.

        Raises:
            RateLimited: the provider refused the call, or accepts none within the patience.
            ProviderError: as the model raises it.
        """
        await self._governor.refresh()
        permit = await self._wait_turn(request, listener)
        call = self._calls.begin(permit.began)
        try:
            try:
                reply = await self._model.respond(request, listener)
            finally:
                self._in_flight -= 1
                self._calls.end(call)
        except RateLimited as error:
            await self._refused(permit, error, request)
            raise
        except BaseException:
            self._end(permit, None, request)
            raise
        self._end(permit, reply, request)
        return reply

    def _is_free(self, now: float) -> bool:
        known = self._governor.known(self.name)
        return not self._limit.is_bound and (known is None or known.is_free(now))

    def _holder(self, request: ModelRequest) -> Holder:
        until = self._governor.now() + (request.timeout_seconds or _HOLDER_SECONDS)
        return Holder(in_flight=self._in_flight, waiting=len(self._turns), until=until)

    async def _wait_turn(self, request: ModelRequest, listener: Listener | None) -> _Permit:
        now = self._governor.now()
        if not self._turns and self._is_free(now):
            self._in_flight += 1
            return _Permit(began=now)
        tokens = request.most_input_tokens() + request.max_output_tokens
        ticket = self._turns.join(request.team or "", tokens)
        wait = _Wait(self._model.name, listener, now + _REPORT_AFTER_SECONDS)
        try:
            while not ticket.is_granted:
                if self._has_leader:
                    await self._follow(ticket, wait)
                else:
                    await self._lead(ticket, request, wait)
        except BaseException:
            self._leave(ticket, request)
            raise
        began = self._governor.now()
        return _Permit(began=began, second=int(ticket.granted_at), tokens=tokens)

    def _leave(self, ticket: Ticket, request: ModelRequest) -> None:
        """Leave the queue, or release the turn if it was just granted, and update the store."""
        if ticket.is_granted:
            self._release(ticket, request)
        else:
            self._turns.leave(ticket)
            self._end(_Permit(began=0.0, tokens=0), None, request)
        if not self._has_leader:
            self._turns.wake_first()

    async def _follow(self, ticket: Ticket, wait: _Wait) -> None:
        """Wait until the leader grants the ticket or leaves; report a long wait."""
        seconds = max(0.0, wait.report_at - self._governor.now())
        loop = asyncio.get_running_loop()
        alarm = None if wait.is_reported else loop.call_later(seconds, ticket.woken.set)
        try:
            with wait.resting():
                await ticket.woken.wait()
        finally:
            if alarm is not None:
                alarm.cancel()
        ticket.woken.clear()
        wait.report(self._last_grant, self._governor.now(), 0.0)

    async def _lead(self, ticket: Ticket, request: ModelRequest, wait: _Wait) -> None:
        """Ask the store on behalf of all waiting calls, until this ticket is granted."""
        self._has_leader = True
        try:
            while not ticket.is_granted:
                self._news.clear()
                grant = self._last_grant = await self._take(request)
                if ticket.is_granted:
                    return
                if grant.reason is Reason.CLOSED and grant.seconds > self._patience_seconds:
                    raise self._too_long(grant.seconds)
                wait.report(grant, self._governor.now(), grant.seconds)
                with wait.resting():
                    await self._rest(grant)
        finally:
            self._has_leader = False
            self._turns.wake_first()

    async def _take(self, request: ModelRequest) -> Grant:
        """Grant turns to the first waiting calls; returns how many, and why the next one waits."""
        first = [*islice(self._turns.in_order(), _BATCH)]
        now = self._governor.now()
        turn_request = TurnRequest(
            process=self._governor.process,
            holder=self._holder(request),
            tokens=tuple(ticket.tokens for ticket in first),
            limit=self._limit,
        )
        # Calls that end meanwhile report the calls in flight, and these may be among them by then.
        self._in_flight += len(first)
        grant = Grant(0)
        try:
            grant = await self._governor.change(
                self.name, lambda found: found.take(turn_request, now)
            )
        finally:
            self._in_flight -= len(first) - grant.granted
        for ticket in first[: grant.granted]:
            ticket.granted_at = now
            if not self._turns.grant(ticket):
                self._release(ticket, request)
        return grant

    def _release(self, ticket: Ticket, request: ModelRequest) -> None:
        """Release a turn whose call was cancelled before it was made."""
        self._in_flight -= 1
        second, tokens, now = int(ticket.granted_at), ticket.tokens, self._governor.now()
        process, holder = self._governor.process, self._holder(request)
        self._governor.change_soon(
            self.name, lambda found: found.ended(process, holder, now).released(second, tokens)
        )
        self._news.set()

    async def _rest(self, grant: Grant) -> None:
        """Wait until a turn may be free; other processes free turns too."""
        seconds = min(grant.seconds, _REFRESH_SECONDS)
        if grant.reason is Reason.CLOSED and grant.seconds == seconds:
            seconds += self._governor.rng.uniform(0, _JITTER_SECONDS)
        if grant.reason in (Reason.CLOSED, Reason.REQUESTS):
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _end(self, permit: _Permit, reply: ModelReply | None, request: ModelRequest) -> None:
        """Record the end of a call: count what it used, and widen the window for an answer."""
        now = self._governor.now()
        if permit.tokens is None and self._is_free(now):
            return
        process, holder = self._governor.process, self._holder(request)
        used = None if reply is None else reply.usage.total_tokens

        def change(found: Throttle) -> Throttle:
            if used is None:
                return found.ended(process, holder, now)
            if permit.tokens is not None:
                found = found.corrected(permit.second, used - permit.tokens)
            return found.answered(process, holder, now)

        self._governor.change_soon(self.name, change)
        self._news.set()

    async def _refused(self, permit: _Permit, error: RateLimited, request: ModelRequest) -> None:
        process, holder, now = self._governor.process, self._holder(request), self._governor.now()
        after = error.retry_after_seconds

        def change(found: Throttle) -> tuple[Throttle, None]:
            if permit.tokens is not None:
                found = found.corrected(permit.second, -permit.tokens)
            refused = found.refused(
                process, holder, began=permit.began, retry_after_seconds=after, now=now
            )
            return refused, None

        await self._governor.change(self.name, change)
        self._news.set()

    def _too_long(self, seconds: float) -> RateLimited:
        return RateLimited(
            f"{self.name} accepts no calls for {seconds:.0f} s",
            why="it refused a call and asked callers to wait that long",
            hint="run it again later, or choose another model (--model, in Python model=)",
            retry_after_seconds=seconds,
        )


class _Wait:
    """The wait of one call, reported to its listener once it takes long."""

    def __init__(self, model: str, listener: Listener | None, report_at: float) -> None:
        self.report_at = report_at
        self.is_reported = listener is None
        self._model = model
        self._listener = listener

    def resting(self) -> AbstractContextManager[None]:
        """A block in which the call only waits."""
        return resting(self._listener)

    def report(self, grant: Grant, now: float, more_seconds: float) -> None:
        """Report what the call waits for, if the wait is long or will be."""
        if self._listener is None or self.is_reported or now + more_seconds < self.report_at:
            return
        self.is_reported = True
        self._listener.waiting(grant.reason.describe(self._model), grant.seconds)
