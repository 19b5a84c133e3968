"""Journal of owners: heartbeats, deaths, and the runs that an owner gives up."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.stores.tables import Tables

_OWNER_KEPT_SECONDS = 7 * 86_400.0


class JournalOwners:
    """The changes of owners; each is part of its caller's transaction."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def heartbeat(self, owner: Owner) -> None:
        if owner.state is not OwnerState.LIVE:
            self._tables.database.run("requeue_owned", (owner.id,))
            self._tables.throttles.remove(owner.id)
        self._tables.database.run(
            "heartbeat",
            {
                "id": owner.id,
                "host": owner.host,
                "pid": owner.pid,
                "role": owner.role,
                "state": owner.state,
                "heartbeat_at": self._tables.now(),
            },
        )
        self._tables.database.run("drop_old_owners", (self._tables.now() - _OWNER_KEPT_SECONDS,))

    def mark_dead(self, owner: OwnerId) -> None:
        self._tables.database.run("mark_dead", (owner,))
        self._tables.throttles.remove(owner)
        # Whoever continues may have no slot for these runs while others wait for what they reserved.
        runs = [RunId(run) for (run,) in self._tables.database.all("reserving_runs", (owner,))]
        self._tables.accounts.forfeit(runs)

    def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        now = self._tables.now()
        self._tables.database.run_many(
            "release", [{"run": run, "owner": owner, "now": now} for run in runs]
        )
