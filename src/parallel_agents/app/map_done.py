"""Map done: which rows of a map are done, whatever rows it is asked for next."""

from __future__ import annotations

from parallel_agents.app.client import Client
from parallel_agents.core.ids import SessionKey, make_flow_key
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.run import RunStatus
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.filling import ROW
from parallel_agents.maps.request import MAP


async def rows_done(client: Client, name: str) -> set[str]:
    """The keys of the rows that are done, those of batches that are done included.

    Those that a later run did not have are among them: a row that comes back is not paid for again.
    """
    map = SessionKey(make_flow_key(MAP, name))
    batches = await Batches.stored(client.sessions, map)
    children = await client.sessions.child_runs(map)
    done = {name_of(child.key) for child in children if child.status is RunStatus.DONE}
    alone = {key for key in done if key.startswith(ROW)}
    shared = {row for row, part in batches.items() if part.batch in done}
    return alone | shared
