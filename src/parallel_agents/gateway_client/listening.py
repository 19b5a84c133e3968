"""Listening: the texts of runs as their models write them, from a distant gateway, for callbacks of a program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from parallel_agents.containment.calls import tell
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId
from parallel_agents.errors import GatewayUnreachable, PagentsError
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.following import data_of
from parallel_agents.gateway_client.forms import PieceForm
from parallel_agents.gateway_client.pauses import MOST_CUTS, pause_after
from parallel_agents.gateway_client.wire import LISTEN, PIECE

_log = logging.getLogger(__name__)
_LAST_SECONDS = 2.0


class Listening:
    """Who listens to the runs of a gateway, for as long as its `async with` block lasts."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._group = asyncio.TaskGroup()
        self._runs: dict[asyncio.Task[None], RunId] = {}

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._runs:
            task.cancel()
        # The tasks fail with nothing; the error of the block is whose block it is.
        await self._group.__aexit__(None, None, None)

    def listen(
        self, run: RunId, on_text: Callable[[str], None], *, is_whole: bool = False
    ) -> Unsubscribe:
        """Call `on_text` with each piece until the run has ended, or until unsubscribed.

        With `is_whole` also with the replies that are stored already.
        """
        self._exchange.check_open()
        task = self._group.create_task(self._hear(run, on_text, is_whole=is_whole))
        self._runs[task] = run
        task.add_done_callback(self._runs.pop)

        def stop() -> None:
            task.cancel()

        return stop

    async def end(self, runs: Sequence[RunId]) -> None:
        """Return when the last text of these runs, which have ended, was heard; soon in any case."""
        if last := [task for task, run in self._runs.items() if run in runs]:
            await asyncio.wait(last, timeout=_LAST_SECONDS)

    async def _hear(self, run: RunId, on_text: Callable[[str], None], *, is_whole: bool) -> None:
        heard, cuts = HeardText(), 0
        while cuts <= MOST_CUTS:
            try:
                query = {"run": run, "whole": "true" if is_whole else "false"}
                async with self._exchange.stream(LISTEN, query) as pieces:
                    async for data in data_of(pieces):
                        document = self._exchange.read_object(data)
                        if document.get("end") is True:
                            return
                        cuts, is_whole = 0, False
                        text = heard.new(self._exchange.read_value(PIECE, document))
                        if text and not tell(on_text, text):
                            return
            except GatewayUnreachable:
                pass  # it may be starting again; the run continues meanwhile
            except PagentsError as error:
                _log.warning("the text of %s is not heard: %s", run, error.in_a_sentence)
                return
            cuts += 1
            await asyncio.sleep(pause_after(cuts))
        _log.warning("the text of %s is not heard any more: the gateway is gone", run)


class HeardText:
    """How much of a call's text has been heard, so that a stream that begins anew repeats nothing."""

    def __init__(self) -> None:
        self._number: int | None = None
        self._heard = 0

    def new(self, piece: PieceForm) -> str:
        """What of a piece has not been heard."""
        before = self._heard if piece.number == self._number else piece.start
        end = piece.start + len(piece.text)
        self._number = None if piece.is_last else piece.number
        self._heard = max(before, end)
        return piece.text[max(0, before - piece.start) :]
