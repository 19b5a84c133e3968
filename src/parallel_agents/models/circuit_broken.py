"""CircuitBroken: calls of a model that keeps failing fail immediately for a while."""

from __future__ import annotations

from parallel_agents.core.breaker import Breaker, close, lose_probe
from parallel_agents.core.circuit import MODELS, Admission
from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest
from parallel_agents.errors import (
    CallTimedOut,
    CircuitOpen,
    MalformedReply,
    ModelLoading,
    NothingListens,
    Overloaded,
    ProviderError,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.governor import Governor
from parallel_agents.models.wrapped import Wrapped

# A rejected request proves that the model works, and so does one that was answered with a slip;
# the throttle handles rate limits.
_FAILURES = (Overloaded, Unreachable, CallTimedOut, StreamCut, MalformedReply)
_BREAKER = Breaker(MODELS)


class CircuitBroken(Wrapped):
    """Wraps a model, inside of `Retrying`, which waits until an open circuit lets a call through.

    The store counts failures for all processes, and successes only while there are recent failures.
    Without a recorded failure a call writes nothing, and reads only through the governor's refresh.
    """

    def __init__(self, model: Model, governor: Governor) -> None:
        super().__init__(model)
        self._governor = governor
        self._paused_until: list[float] = []  # when each call that was refused may ask again

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message, unless the model has failed too often.

        Raises:
            CircuitOpen: the model has failed too often; nothing was sent.
            ProviderError: as the model raises it.
        """
        await self._governor.refresh()
        known = self._governor.known(self.name)
        is_probe = known is not None and not known.circuit.is_closed and await self._admit(request)
        try:
            reply = await self._model.respond(request, listener)
        except NothingListens:
            self._leave(is_probe=is_probe)  # each call finds it out at once, and for nothing
            raise
        except _FAILURES as error:
            await self._failed(error, listener)
            raise
        except ModelLoading:
            self._leave(is_probe=is_probe)
            raise
        except ProviderError:
            if is_probe:
                await self._close(listener)
            else:
                self._count_answer()
            raise
        except BaseException:
            self._leave(is_probe=is_probe)
            raise
        if is_probe:
            await self._close(listener)
        else:
            self._count_answer()
        return reply

    async def _admit(self, request: ModelRequest) -> bool:
        """Return whether the call is the probe; False if the circuit has closed meanwhile.

        Raises:
            CircuitOpen: the circuit refuses the call.
        """
        now = self._governor.now()
        self._paused_until = [until for until in self._paused_until if until > now]
        # One that goes on to another model does not wait for this one.
        waiting = len(self._paused_until) + (not request.has_next)
        change = _BREAKER.admit(now, self._governor.process, waiting=waiting)
        admitted = await self._governor.change(self.name, change)
        if admitted.admission is Admission.REFUSED:
            if not request.has_next:
                self._paused_until.append(now + admitted.seconds)
            raise CircuitOpen(
                f"{admitted.reason or self.name}: {self.name} is paused for {admitted.seconds:.0f} s",
                why="nearly all of its recent calls failed so",
                hint="wait, or choose another model (--model, in Python model=); see `pagents limits`",
                retry_after_seconds=admitted.seconds,
            )
        return admitted.admission is Admission.PROBE

    async def _failed(self, error: ProviderError, listener: Listener | None) -> None:
        begun = self._governor.in_flight(self.name).begun()
        change = _BREAKER.fail(self._governor.now(), error.message, begun)
        seconds = await self._governor.change(self.name, change)
        if seconds is not None and listener is not None:
            listener.noticed(
                f"{self.name} keeps failing and is paused for {seconds:.0f} s: {error.message}"
            )

    async def _close(self, listener: Listener | None) -> None:
        await self._governor.change(self.name, close)
        if listener is not None:
            listener.noticed(f"{self.name} answers again")

    def _leave(self, *, is_probe: bool) -> None:
        """End a call that shows nothing about the model; another call may be the probe."""
        if is_probe:
            self._governor.change_soon(self.name, lose_probe)

    def _count_answer(self) -> None:
        known = self._governor.known(self.name)
        if known is not None and known.circuit.ended:
            now = self._governor.now()
            if known.circuit.failures(now, MODELS):
                self._governor.change_soon(self.name, _BREAKER.answer(now))
