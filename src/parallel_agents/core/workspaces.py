"""Workspaces: the seam between runs and the folders that they work in."""

from __future__ import annotations

from typing import Protocol

from parallel_agents.core.session import Session
from parallel_agents.core.workspace import Changes
from parallel_agents.errors import InvalidInput


class Workspaces(Protocol):
    """The workspaces of sessions, as far as runs need them."""

    async def folder(self, session: Session) -> str:
        """The folder in which a session works, made if necessary; empty for that of the process.

        Raises:
            PagentsError: it cannot be made.
        """
        ...

    async def changes(self, session: Session) -> Changes | None:
        """What a session has changed in its own copy so far; None if that cannot be told."""
        ...


class FoldersAsTheyAre:
    """Without copies: sessions work in the folder that their options name."""

    async def folder(self, session: Session) -> str:
        """The session's `cwd`.

        Raises:
            InvalidInput: the session needs a copy.
        """
        if session.options.workspace is not None:
            raise InvalidInput(
                "this process makes no workspaces",
                why="its runner was wired without them",
                hint="leave workspace out, and name the folder by cwd",
            )
        return session.options.cwd

    async def changes(self, session: Session) -> Changes | None:
        del session
        return None


AS_THEY_ARE = FoldersAsTheyAre()
