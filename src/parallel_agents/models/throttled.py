"""Throttled: a model that is asked no faster than its limits and its refusals let all of us."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import islice

from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest, resting
from parallel_agents.core.throttle import Answer, Ask, Holder, Reason, Throttle
from parallel_agents.errors import RateLimited
from parallel_agents.models.governor import Governor
from parallel_agents.models.turns import Ticket, Turns
from parallel_agents.models.wrapped import Wrapped

_BATCH = 64  # calls that ask for their turn in one change of the store
_TOLD_AFTER_SECONDS = 0.5
_LOOK_AGAIN_SECONDS = 1.0
_JITTER_SECONDS = 0.5
_HELD_SECONDS = 600.0  # how long the store believes in a call that has no deadline of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class _Permit:
    """A call on its way: when it began, and what of it is in the tally, in which second."""

    began: float
    second: int = 0
    tokens: int | None = None


class Throttled(Wrapped):
    """Wraps a model, outside of what pays and inside of what tries again.

    Without a limit and without a refusal that still counts, a call passes at once and nothing is
    written. Where one of them is, calls wait in turn, and each is counted in the store before it
    is made. The first in line asks the store for all, so that a queue costs one change at a time.

    Args:
        patience_seconds: a door that stays closed for longer fails a call at once.
    """

    def __init__(
        self, model: Model, governor: Governor, *, patience_seconds: float = 120.0
    ) -> None:
        super().__init__(model)
        self._governor = governor
        self._patience_seconds = patience_seconds
        self._limit = governor.limit_of(model.name)
        self._flights = governor.flights(model.name)
        self._turns = Turns()
        self._in_flight = 0
        self._is_led = False
        self._hindrance = Answer(0)
        self._news = asyncio.Event()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message, once it is this call's turn.

        Raises:
            RateLimited: the provider refused it, or takes none for longer than the patience.
            ProviderError: as the model raises it.
        """
        await self._governor.look()
        permit = await self._wait_turn(request, listener)
        flight = self._flights.begin(permit.began)
        try:
            try:
                reply = await self._model.respond(request, listener)
            finally:
                self._in_flight -= 1
                self._flights.end(flight)
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
        held = self._governor.now() + (request.timeout_seconds or _HELD_SECONDS)
        return Holder(in_flight=self._in_flight, waiting=len(self._turns), until=held)

    async def _wait_turn(self, request: ModelRequest, listener: Listener | None) -> _Permit:
        now = self._governor.now()
        if not self._turns and self._is_free(now):
            self._in_flight += 1
            return _Permit(began=now)
        tokens = request.most_input_tokens() + request.max_output_tokens
        ticket = self._turns.join(request.team or "", tokens)
        wait = _Wait(self._model.name, listener, now + _TOLD_AFTER_SECONDS)
        try:
            while not ticket.is_granted:
                if self._is_led:
                    await self._follow(ticket, wait)
                else:
                    await self._lead(ticket, request, wait)
        except BaseException:
            self._leave(ticket, request)
            raise
        began = self._governor.now()
        return _Permit(began=began, second=int(ticket.granted_at), tokens=tokens)

    def _leave(self, ticket: Ticket, request: ModelRequest) -> None:
        """Give up the wait, or the turn that has just come, and let the store know."""
        if ticket.is_granted:
            self._give_back(ticket, request)
        else:
            self._turns.leave(ticket)
            self._end(_Permit(began=0.0, tokens=0), None, request)
        if not self._is_led:
            self._turns.wake_first()

    async def _follow(self, ticket: Ticket, wait: _Wait) -> None:
        """Wait until whoever leads grants the ticket or leaves; say so when it takes long."""
        seconds = max(0.0, wait.tell_at - self._governor.now())
        loop = asyncio.get_running_loop()
        alarm = None if wait.is_told else loop.call_later(seconds, ticket.woken.set)
        try:
            with wait.resting():
                await ticket.woken.wait()
        finally:
            if alarm is not None:
                alarm.cancel()
        ticket.woken.clear()
        wait.tell(self._hindrance, self._governor.now(), 0.0)

    async def _lead(self, ticket: Ticket, request: ModelRequest, wait: _Wait) -> None:
        """Ask the store for all that wait, until this one may go."""
        self._is_led = True
        try:
            while not ticket.is_granted:
                self._news.clear()
                answer = self._hindrance = await self._take(request)
                if ticket.is_granted:
                    return
                if answer.reason is Reason.CLOSED and answer.seconds > self._patience_seconds:
                    raise self._too_long(answer.seconds)
                wait.tell(answer, self._governor.now(), answer.seconds)
                with wait.resting():
                    await self._rest(answer)
        finally:
            self._is_led = False
            self._turns.wake_first()

    async def _take(self, request: ModelRequest) -> Answer:
        """Take turns for the first that wait, as many as there are; what holds the next back."""
        first = [*islice(self._turns.in_order(), _BATCH)]
        now = self._governor.now()
        ask = Ask(
            process=self._governor.process,
            holder=self._holder(request),
            tokens=tuple(ticket.tokens for ticket in first),
            limit=self._limit,
        )
        # Calls that end meanwhile tell the store what is under way: these may be, by then.
        self._in_flight += len(first)
        answer = Answer(0)
        try:
            answer = await self._governor.change(self.name, lambda found: found.take(ask, now))
        finally:
            self._in_flight -= len(first) - answer.granted
        for ticket in first[: answer.granted]:
            ticket.granted_at = now
            if not self._turns.grant(ticket):
                self._give_back(ticket, request)
        return answer

    def _give_back(self, ticket: Ticket, request: ModelRequest) -> None:
        """The ticket was let go, and nobody makes its call any more."""
        self._in_flight -= 1
        second, tokens, now = int(ticket.granted_at), ticket.tokens, self._governor.now()
        process, holder = self._governor.process, self._holder(request)
        self._governor.change_soon(
            self.name, lambda found: found.ended(process, holder, now).untaken(second, tokens)
        )
        self._news.set()

    async def _rest(self, answer: Answer) -> None:
        """Wait until there may be room; other processes make some, too."""
        seconds = min(answer.seconds, _LOOK_AGAIN_SECONDS)
        if answer.reason is Reason.CLOSED and answer.seconds == seconds:
            seconds += self._governor.rng.uniform(0, _JITTER_SECONDS)
        if answer.reason in (Reason.CLOSED, Reason.REQUESTS):
            await asyncio.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _end(self, permit: _Permit, reply: ModelReply | None, request: ModelRequest) -> None:
        """A call is over: count what it used, and widen the window for an answer."""
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
            f"{self.name} takes no calls for {seconds:.0f} s more",
            why="it refused one, and said when to come back",
            hint="run it again then, or choose another model with --model",
            retry_after_seconds=seconds,
        )


class _Wait:
    """The wait of one call, told to its listener once it takes long."""

    def __init__(self, model: str, listener: Listener | None, tell_at: float) -> None:
        self.tell_at = tell_at
        self.is_told = listener is None
        self._model = model
        self._listener = listener

    def resting(self) -> AbstractContextManager[None]:
        """A block in which nothing but time passes for the call."""
        return resting(self._listener)

    def tell(self, hindrance: Answer, now: float, more_seconds: float) -> None:
        """Say what the call waits for, if it has waited long or will."""
        if self._listener is None or self.is_told or now + more_seconds < self.tell_at:
            return
        self.is_told = True
        self._listener.waiting(hindrance.reason.words(self._model), hindrance.seconds)
