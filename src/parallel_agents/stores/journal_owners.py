"""Journal of owners: heartbeats, deaths, and the runs that an owner gives up."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.clock import boot_id
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.stores.journal_runs import JournalRuns
from parallel_agents.stores.tables import Tables

_OWNER_KEPT_SECONDS = 7 * 86_400.0
# Of a few runs in tools or gates, the one at which two processes died is to blame. Among many it could
# be any, and a run that only waits for a model kills no process: who dies five times after the same
# step is to blame whatever it did.
_FEW = 4
_MOST_DEATHS_OF_FEW, _MOST_DEATHS = 2, 5


class JournalOwners:
    """The changes of owners; each is part of its caller's transaction."""

    def __init__(self, tables: Tables, runs: JournalRuns) -> None:
        self._tables = tables
        self._runs = runs

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
                "boot": owner.boot,
                "birth": owner.birth,
                "project": owner.project,
            },
        )
        self._tables.database.run(
            "drop_old_owners", (self._tables.least_now() - _OWNER_KEPT_SECONDS,)
        )

    def count_sleep(self, owner: OwnerId, seconds: float) -> None:
        """Leave time for which the machine slept out of the time of the owner's runs."""
        self._tables.database.run("count_sleep", {"owner": owner, "seconds": seconds})

    def mark_dead(self, owner: OwnerId) -> None:
        if not self._tables.database.run_many("mark_dead", [(owner,)]):
            return  # another process has found it dead already
        self._tables.throttles.remove(owner)
        # Whoever continues may have no slot for these runs while others wait for what they reserved.
        runs = [RunId(run) for (run,) in self._tables.database.all("reserving_runs", (owner,))]
        self._tables.accounts.write_off(runs)
        self._set_aside(owner)

    def _set_aside(self, owner: OwnerId) -> None:
        """End the runs at which processes keep dying; a restart of the machine blames none."""
        (boot,) = self._tables.database.one("boot_of_owner", (owner,)) or ("",)
        if boot and boot != boot_id():
            return
        suspects = {run for (run,) in self._tables.database.all("in_code", (owner,))}
        deaths = self._tables.database.all("note_deaths", (owner,))
        for run, session, count in deaths:
            is_one_of_few = run in suspects and len(suspects) <= _FEW
            if count >= (_MOST_DEATHS_OF_FEW if is_one_of_few else _MOST_DEATHS):
                self._runs.set_aside(RunId(run), SessionKey(session), count)

    def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        now = self._tables.now()
        self._tables.database.run_many(
            "release", [{"run": run, "owner": owner, "now": now} for run in runs]
        )
