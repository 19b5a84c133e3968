"""Awaited: the verbs of somebody who is going to listen to what is started, so that its first call is told, too."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from parallel_agents.core.runner import OnText
from parallel_agents.core.verbs import Spawned
from parallel_agents.gateway_client.verbs import RemoteSessions

# A plan and a run that is continued have no first call of a single agent.
_FIRST_CALLS = ("/runs", "/messages", "/fork")


class AwaitedSessions(RemoteSessions):
    """As `RemoteSessions`; a gateway keeps what it was told for a client that listens within 20 s."""

    @override
    async def _started(
        self, path: str, body: Mapping[str, object], on_text: OnText | None = None
    ) -> Spawned:
        more = {"listen": True} if path.endswith(_FIRST_CALLS) else {}
        return await super()._started(path, {**body, **more}, on_text)
