"""Map done: which rows of a map are done, whatever rows it is asked for next."""

from __future__ import annotations

from parallel_agents.app.client import Client
from parallel_agents.core.ids import SessionKey, make_flow_key
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.run import RunStatus
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.filling import ROW
from parallel_agents.maps.request import MAP


async def rows_done(client: Client, name: str) -> dict[str, str]:
    """The rows that are done, by their keys, with what identifies the work; empty for one of a batch.

    Those that a later run did not have are among them: a row that comes back is not paid for again.
    """
    map = SessionKey(make_flow_key(MAP, name))
    batches = await Batches.stored(client.sessions, map)
    children = await client.sessions.child_runs(map)
    done = {name_of(each.key): each.digest for each in children if each.status is RunStatus.DONE}
    shared = {row: "" for row, part in batches.items() if part.batch in done}
    return {**shared, **{key: digest for key, digest in done.items() if key.startswith(ROW)}}
