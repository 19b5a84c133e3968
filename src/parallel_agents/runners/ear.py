"""Ear: the listener of one model call, which writes down what holds it up."""

from __future__ import annotations

from contextlib import AbstractContextManager

from parallel_agents.core.event import Entry, Noticed, Retrying, Waiting
from parallel_agents.core.run import Failure
from parallel_agents.core.runner import Activation
from parallel_agents.errors import ProviderError


class Ear:
    """Passes text on, and writes down each retry, each wait and each notice."""

    def __init__(self, activation: Activation, turn: int, heard: list[str]) -> None:
        self._activation = activation
        self._turn = turn
        self._heard = heard
        self._notes = 0

    @property
    def wants_text(self) -> bool:
        return self._activation.wants_text

    def text(self, piece: str) -> None:
        self._heard.append(piece)
        self._activation.text(piece)

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        run = self._activation.claim.run
        retrying = Retrying(
            turn=self._turn,
            attempt=attempt,
            error=Failure.of(error),
            wait_seconds=wait_seconds,
        )
        # The epoch keeps the tries of a call that is made again after a crash apart.
        self._activation.note(
            Entry(f"turn-{self._turn}/epoch-{run.epoch}/retry-{attempt}", retrying)
        )

    def waiting(self, reason: str, seconds: float) -> None:
        self._note(Waiting(turn=self._turn, reason=reason, seconds=seconds))

    def noticed(self, text: str) -> None:
        self._note(Noticed(text=text))

    def resting(self) -> AbstractContextManager[None]:
        return self._activation.resting()

    def _note(self, body: Waiting | Noticed) -> None:
        self._notes += 1
        epoch = self._activation.claim.run.epoch
        key = f"turn-{self._turn}/epoch-{epoch}/{body.kind}-{self._notes}"
        self._activation.note(Entry(key, body))
