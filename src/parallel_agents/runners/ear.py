"""Ear: who hears of a model call while it runs, for the run that makes it."""

from __future__ import annotations

from parallel_agents.core.event import Entry, Retrying
from parallel_agents.core.run import Failure
from parallel_agents.core.runner import Activation
from parallel_agents.errors import ProviderError


class Ear:
    """The listener of one call: passes text on, and writes down each retry."""

    def __init__(self, activation: Activation, turn: int, heard: list[str]) -> None:
        self._activation = activation
        self._turn = turn
        self._heard = heard

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
