"""Event JSON: an event as each interface prints it for machines."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from parallel_agents.core.event import Event
from parallel_agents.core.json_value import as_list
from parallel_agents.core.schema import Json
from parallel_agents.views import format


def event_json(event: Event) -> Mapping[str, Json]:
    """An event for machines: its number in the store, its key, and its body as it is stored."""
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
        "event": orjson.loads(orjson.dumps(event.body, default=as_list)),
    }
