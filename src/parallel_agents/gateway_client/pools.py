"""Pools: the places of a pool whose sessions are at a distance."""

from __future__ import annotations

import logging
from urllib.parse import quote

from parallel_agents.core.ids import RunId, make_long_name
from parallel_agents.core.schema import JsonObject
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import PooledForm
from parallel_agents.gateway_client.wire import POOLED

_log = logging.getLogger(__name__)


class RemotePools:
    """Starts tasks in places of pools."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def begin(  # noqa: PLR0913 - what a task of a pool can have
        self,
        place: str,
        agent: str,
        text: str,
        values: JsonObject,
        key: str,
        *,
        model: str | None,
        idle_seconds: float | None,
        after: tuple[RunId, int] | None,
    ) -> PooledForm:
        """Start a task; with a key that was used before, find its run.

        Raises:
            Conflict: no session takes it, or the key is that of another task.
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: the task cannot be accepted.
        """
        key = key or make_long_name()
        body: dict[str, object] = {
            "agent": agent,
            "text": text,
            "input": {**values},
            "key": key,
            "model": model,
            "idle_seconds": idle_seconds,
        }
        if after is not None:
            body |= {"after_run": after[0], "after_generation": after[1]}
        path = f"/pools/{quote(place, safe='')}"
        answer = await self._exchange.change(path, body)
        form = self._exchange.read_value(POOLED, answer)
        if form.warning:
            _log.warning("%s", form.warning)
        return form
