"""Given up: what a command took over from a dead process, and leaves to a worker when it ends."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.app.opening import open_client
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.errors import StoreError
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.views import format


async def leave_to_workers(context: CliContext, given_up: Sequence[Row]) -> None:
    """Have workers continue these runs, and say so; the process that took them over has left the store."""
    if not given_up:
        return
    async with open_client(context.environment, context.settings) as client:
        rows = await client.sessions.rows_of([row.run.id for row in given_up])
        left = [
            row
            for row in rows
            if not row.run.status.is_over and row.owner_state is not OwnerState.LIVE
        ]
        if not left:
            return
        names = ", ".join(dict.fromkeys(map(format.name, left)))
        try:
            await client.workers.ensure(left[0].session.key, left[0].run.id)
        except (OSError, StoreError) as error:
            render.note(
                f"No worker could be started for what a dead process had left, {names} ({error}); "
                "`pagents work` executes it."
            )
            return
    render.note(f"A dead process had left {names}; a background worker continues it now.")
