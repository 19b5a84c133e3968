"""Breaking: a model that keeps failing is left alone for a while, and its calls fail at once."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.circuit import (
    CLOSED,
    Admission,
    CircuitState,
    Ended,
    are_too_many,
    with_answer,
    with_failure,
)
from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest
from parallel_agents.core.throttle import Throttle
from parallel_agents.errors import (
    CallTimedOut,
    CircuitOpen,
    MalformedReply,
    Overloaded,
    ProviderError,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.governor import Governor
from parallel_agents.models.wrapped import Wrapped

# A refusal of the request says that the model is there, and one for its rate is the governor's.
_FAILURES = (Overloaded, Unreachable, CallTimedOut, StreamCut, MalformedReply)


class Breaking(Wrapped):
    """Wraps a model, inside of what tries again, which waits as an open circuit says.

    Failures are counted in each process; that the circuit is open, and the probe, are the store's.
    """

    def __init__(self, model: Model, governor: Governor) -> None:
        super().__init__(model)
        self._governor = governor
        self._ended: tuple[Ended, ...] = ()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message, unless the model has failed too often to be asked now.

        Raises:
            CircuitOpen: it has; nothing was sent.
            ProviderError: as the model raises it.
        """
        await self._governor.look()
        known = self._governor.known(self.name)
        is_closed = known is None or known.circuit.state(0.0) is CircuitState.CLOSED
        is_probe = not is_closed and await self._admit()
        try:
            reply = await self._model.respond(request, listener)
        except _FAILURES as error:
            await self._failed(error, listener)
            raise
        except ProviderError:
            await self._answered(listener, is_probe=is_probe)
            raise
        except BaseException:
            if is_probe:
                self._governor.change_soon(self.name, _lose_probe)
            raise
        await self._answered(listener, is_probe=is_probe)
        return reply

    async def _admit(self) -> bool:
        """Whether the call is the probe of an open circuit, or of one that was closed meanwhile."""
        now = self._governor.now()

        def change(found: Throttle) -> tuple[Throttle, tuple[Admission, float]]:
            circuit, admission = found.circuit.admit(now)
            return replace(found, circuit=circuit), (admission, circuit.seconds_left(now))

        admission, seconds = await self._governor.change(self.name, change)
        if admission is Admission.REFUSED:
            raise CircuitOpen(
                f"{self.name} is not asked for {seconds:.0f} s more",
                why="nearly all of its last calls failed",
                mend="wait, or choose another model with --model; `pagents limits` shows the rest",
                retry_after_seconds=seconds,
            )
        return admission is Admission.PROBE

    async def _failed(self, error: ProviderError, listener: Listener | None) -> None:
        now = self._governor.now()
        self._ended = with_failure(self._ended, now)
        known = self._governor.known(self.name)
        is_closed = known is None or known.circuit.state(now) is CircuitState.CLOSED
        if is_closed and not are_too_many(self._ended):
            return

        def change(found: Throttle) -> tuple[Throttle, float | None]:
            circuit = found.circuit.open(now)
            opened = None if circuit == found.circuit else circuit.seconds_left(now)
            return replace(found, circuit=circuit), opened

        seconds = await self._governor.change(self.name, change)
        self._ended = ()  # what came before the probe says nothing about what comes after it
        if seconds is not None and listener is not None:
            listener.noticed(
                f"{self.name} keeps failing and is left alone for {seconds:.0f} s: {error.message}"
            )

    async def _answered(self, listener: Listener | None, *, is_probe: bool) -> None:
        if self._ended:
            self._ended = with_answer(self._ended, self._governor.now())
        if is_probe:
            await self._governor.change(self.name, _close)
            if listener is not None:
                listener.noticed(f"{self.name} answers again")


def _close(found: Throttle) -> tuple[Throttle, None]:
    return replace(found, circuit=CLOSED), None


def _lose_probe(found: Throttle) -> Throttle:
    return replace(found, circuit=found.circuit.lose_probe())
