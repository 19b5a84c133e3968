"""Service: the workspaces in a home folder, for runs; what it needs is loaded for the first that has one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path

from parallel_agents.core.session import Session
from parallel_agents.core.workspace import Changes
from parallel_agents.errors import WorkspaceError
from parallel_agents.lock import hold
from parallel_agents.workspaces.limits import LIMITS, Limits
from parallel_agents.workspaces.names import lock_of, room_folder

_log = logging.getLogger("parallel_agents")


class HomeWorkspaces:
    """The workspaces in a home folder.

    Args:
        home: the folder of the store.
        limits: what a workspace may be made of.
        now: seconds since the epoch.
    """

    def __init__(
        self, home: Path, limits: Limits = LIMITS, now: Callable[[], float] = time.time
    ) -> None:
        self._home = home
        self._limits = limits
        self._now = now

    async def folder(self, session: Session) -> str:
        """The folder in which a session works, made if necessary; empty for that of the process.

        Raises:
            WorkspaceError: it cannot be made.
        """
        if session.options.workspace is None:
            return session.options.cwd
        from parallel_agents.workspaces.housing import house  # noqa: PLC0415 - few sessions need it

        async with hold(lock_of(room_folder(self._home, session.key))):
            folder = await asyncio.to_thread(
                house, session, self._home, limits=self._limits, now=self._now
            )
        return str(folder)

    async def changes(self, session: Session) -> Changes | None:
        """What a session has changed in its own copy so far; None if that cannot be told."""
        from parallel_agents.workspaces.housing import changed  # noqa: PLC0415 - as above

        try:
            return await asyncio.to_thread(changed, session, self._home)
        except (WorkspaceError, OSError) as error:
            # The answer is there all the same, and so are the files.
            _log.warning("what %s changed cannot be told: %s", session.label, error)
            return None
