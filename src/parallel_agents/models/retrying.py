"""Retrying: repeats a model call after a temporary failure, unless its text was already shown."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest, resting
from parallel_agents.errors import CircuitOpen, ModelLoading, ProviderError
from parallel_agents.models.wrapped import Wrapped, WrappedListener

Sleep = Callable[[float], Awaitable[object]]

_POLL_SECONDS = 1.0  # how often a model that is being loaded is asked for
_MOST_POLL = 10.0  # servers estimate minutes, and are often done before


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to retry.

    Failures that name a wait, and those of a model that is being loaded, are bounded by total time,
    all others by their number. What failures of a class cost bounds their number further
    (`ProviderError.most_repeats`).

    Attributes:
        tries: the most calls, not counting those after which the provider asked the caller to wait.
        base_seconds: the longest wait before the second try; it doubles with each later try.
        cap_seconds: the longest wait that this class chooses.
        max_wait_seconds: the longest wait that a provider may ask for; beyond it the call fails.
        total_seconds: the most that the waits that providers ask for may add up to.
    """

    tries: int = 5
    base_seconds: float = 0.5
    cap_seconds: float = 30.0
    max_wait_seconds: float = 120.0
    total_seconds: float = 300.0


class Retrying(Wrapped):
    """Wraps a model and repeats a failed call; a reply's `tries` counts all calls.

    A pause of the model's circuit is a wait and no try: nothing was sent. If the patience ends in
    one, the failure that the call itself had is raised.

    The wait is drawn uniformly from 0 to the bound ("full jitter",
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that agents
    which failed together do not retry together.
    """

    def __init__(
        self,
        model: Model,
        patience: Patience = Patience(),
        *,
        rng: random.Random | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        super().__init__(model)
        self._patience = patience
        self._rng = rng or random.Random()  # noqa: S311 - jitter is not a secret
        self._sleep = sleep

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        watched = None if listener is None else _Watched(listener)
        waits = _Waits(self._patience, self._rng)
        attempt = 1
        cause: ProviderError | None = None
        while True:
            try:
                reply = await self._model.respond(request, watched)
                return reply if attempt == 1 else replace(reply, tries=attempt - 1 + reply.tries)
            except ProviderError as error:
                was_shown = watched is not None and watched.was_shown
                is_final = was_shown or not error.retryable or _is_skipped(error, request)
                wait = None if is_final else waits.after(error)
                is_pause = isinstance(error, CircuitOpen)
                if wait is None:
                    if is_pause and cause is not None:
                        raise cause from error
                    raise
                if listener is not None:
                    self._tell(listener, error, attempt, wait, waits.count(error))
                if not is_pause:
                    attempt, cause = attempt + 1, error
            with resting(listener):
                await self._sleep(wait)

    def _tell(
        self, listener: Listener, error: ProviderError, attempt: int, wait: float, count: int
    ) -> None:
        """Tell of a wait after a failure; `count` is how many of its class the call has had."""
        match error:
            case CircuitOpen():
                listener.waiting(f"{self.name} to work again", wait)
            case ModelLoading() if count == 1:
                listener.noticed(
                    f"{self.name} is being loaded; the call waits for it: {error.message}"
                )
            case ModelLoading():
                pass
            case _:
                listener.retrying(error, attempt=attempt, wait_seconds=wait)


def _is_skipped(error: ProviderError, request: ModelRequest) -> bool:
    """Whether the model's circuit is open and the request can move on to another model."""
    return isinstance(error, CircuitOpen) and request.has_next


class _Waits:
    """The waits of one call, and the patience that is left."""

    def __init__(self, patience: Patience, rng: random.Random) -> None:
        self._patience = patience
        self._rng = rng
        self._failures: dict[type[ProviderError], int] = {}
        self._backoffs = 0
        self._unasked = 0
        self._asked_seconds = 0.0

    def count(self, error: ProviderError) -> int:
        """How many failures of this class the call has had."""
        return self._failures.get(type(error), 0)

    def after(self, error: ProviderError) -> float | None:
        """Seconds to wait before the next try, or None to give up."""
        self._failures[type(error)] = self.count(error) + 1
        if error.most_repeats is not None and self.count(error) > error.most_repeats:
            return None
        if isinstance(error, ModelLoading):
            return self._asked(
                max(_POLL_SECONDS, min(error.retry_after_seconds or 0.0, _MOST_POLL))
            )
        asked = error.retry_after_seconds or 0.0
        if asked > self._patience.max_wait_seconds:
            return None
        if asked >= self._patience.base_seconds:
            return self._asked(asked)
        # Short waits barely add up: they grow, or there would be hundreds of calls.
        wait = max(asked, self._backoff())
        if asked:
            return self._asked(wait)
        self._unasked += 1
        return None if self._unasked >= self._patience.tries else wait

    def _asked(self, seconds: float) -> float | None:
        self._asked_seconds += seconds
        if self._asked_seconds > self._patience.total_seconds:
            return None
        return seconds + self._rng.uniform(0, self._patience.base_seconds)

    def _backoff(self) -> float:
        # The exponent is bounded, or a large number of tries would overflow.
        doubled = self._patience.base_seconds * 2 ** min(self._backoffs, 30)
        self._backoffs += 1
        return self._rng.uniform(0, min(doubled, self._patience.cap_seconds))


class _Watched(WrappedListener):
    """Remembers whether its listener was shown text that it keeps."""

    def __init__(self, listener: Listener) -> None:
        super().__init__(listener)
        self._shown_to = listener
        self.was_shown = False

    @property
    def wants_text(self) -> bool:
        return self._shown_to.wants_text

    def text(self, piece: str) -> None:
        self.was_shown = self.was_shown or self._shown_to.keeps_text
        self._shown_to.text(piece)
