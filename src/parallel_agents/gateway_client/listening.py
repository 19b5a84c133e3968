"""Listening: the texts of runs as their models write them, from a distant gateway, for callbacks of a program."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from parallel_agents.containment.calls import tell
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId
from parallel_agents.errors import GatewayUnreachable, PagentsError
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.following import data_of
from parallel_agents.gateway_client.forms import PieceForm
from parallel_agents.gateway_client.pauses import MOST_CUTS, pause_after
from parallel_agents.gateway_client.wire import LISTEN, PIECE
from parallel_agents.live_text.listener_tasks import ListenerTasks, stopping

_log = logging.getLogger(__name__)
_LAST_SECONDS = 2.0


class Listening(ListenerTasks):
    """Who listens to the runs of a gateway, for as long as its `async with` block lasts."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange
        self._runs: dict[asyncio.Task[None], RunId] = {}
        self._heard: dict[asyncio.Task[None], HeardText] = {}
        self._has_news = asyncio.Event()

    def listen(
        self, run: RunId, on_text: Callable[[str], None], *, is_whole: bool = False
    ) -> Unsubscribe:
        """Call `on_text` with each piece until the run has ended, or until unsubscribed.

        With `is_whole` also with the replies that are stored already.
        """
        self._exchange.check_open()
        heard = HeardText(0 if is_whole else None)
        task = self._begin(self._hear(run, on_text, heard))
        self._runs[task], self._heard[task] = run, heard
        task.add_done_callback(self._forget)
        return stopping(task)

    async def heard(self, run: RunId, turn: int) -> None:
        """Return when whoever listens has heard all of a turn, which has ended; soon in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_SECONDS):
                while any(
                    self._runs[task] == run and not heard.knows(turn)
                    for task, heard in self._heard.items()
                ):
                    self._has_news.clear()
                    await self._has_news.wait()

    async def end(self, runs: Sequence[RunId]) -> None:
        """Return when the last text of these runs, which have ended, was heard; soon in any case."""
        if last := [task for task, run in self._runs.items() if run in runs]:
            await asyncio.wait(last, timeout=_LAST_SECONDS)

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._runs[task], self._heard[task]
        self._has_news.set()

    async def _hear(self, run: RunId, on_text: Callable[[str], None], heard: HeardText) -> None:
        cuts = 0
        while cuts <= MOST_CUTS:
            try:
                after = {} if heard.turn is None else {"after": str(heard.turn)}
                async with self._exchange.stream(LISTEN, {"run": run, **after}) as pieces:
                    async for data in data_of(pieces):
                        document = self._exchange.read_object(data)
                        if document.get("end") is True:
                            return
                        cuts = 0
                        text = heard.new(self._exchange.read_value(PIECE, document))
                        if text and not tell(on_text, text):
                            return
                        self._has_news.set()
            except GatewayUnreachable:
                pass  # it may be starting again; the run continues meanwhile
            except PagentsError as error:
                _log.warning("the text of %s is not heard: %s", run, error.in_a_sentence)
                return
            cuts += 1
            heard.cut_off()
            await asyncio.sleep(pause_after(cuts))
        _log.warning("the text of %s is not heard any more: the gateway is gone", run)


class HeardText:
    """What has been heard of a run, so that a stream that begins anew leaves out nothing and repeats nothing.

    Attributes:
        turn: the last turn of which all was heard; None until the gateway has said which that is.
    """

    def __init__(self, turn: int | None) -> None:
        self.turn = turn
        self._text = ""  # of the call in flight
        self._is_cut_off = False

    def knows(self, turn: int) -> bool:
        """Whether all of a turn was heard, or need not be."""
        return self.turn is not None and self.turn >= turn

    def cut_off(self) -> None:
        """Expect the text of the call in flight from its beginning."""
        self._is_cut_off = True

    def new(self, piece: PieceForm) -> str:
        """What of a piece has not been heard."""
        is_same = piece.start > 0 or self._is_cut_off
        heard, whole = self._text if is_same else "", self._text[: piece.start] + piece.text
        self._is_cut_off = False
        self._text = whole
        if piece.is_last:
            self.turn, self._text = piece.turn, ""
        return whole[len(heard) :] if whole.startswith(heard) else piece.text
