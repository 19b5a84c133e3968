"""Pausing: the verbs of `core.pause` at a distance."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from parallel_agents.core.ids import RunId
from parallel_agents.core.pause import PAUSE, UNPAUSE, Paused
from parallel_agents.gateway_client.reads import RemoteReads
from parallel_agents.gateway_client.wire import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedForm:
    """The runs that are paused now, or go on, and how many were before."""

    runs: tuple[RunId, ...]
    unchanged: int


_PAUSED = Look("paused", PausedForm)


class RemotePausing(RemoteReads):
    """Pauses sessions of a gateway, which says who did."""

    async def pause(self, name: str) -> Paused:
        """Let a session and all below it start nothing until `unpause`."""
        return await self._changed(name, PAUSE)

    async def unpause(self, name: str) -> Paused:
        """Let a session and all below it go on; the gateway has workers take it up."""
        return await self._changed(name, UNPAUSE)

    async def _changed(self, name: str, verb: str) -> Paused:
        path = f"/runs/{quote(name, safe='')}/{verb}"
        form = self._exchange.read_value(_PAUSED, await self._exchange.change(path, {}))
        return Paused([row.run for row in await self.rows_of(form.runs)], form.unchanged)
