"""Upcasting: what an older version wrote, converted to the current form as it is read.

Hashes cover the body of each event, so no migration may rewrite one. A migration that renames a
field instead notes, in the table `formats`, the last event that holds the old name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce

import orjson

from parallel_agents.core.schema import Json

# The format that is written now; see `formats` in the schema.
FORMAT = 2

_Change = Callable[[Json], Json]


def upcast_event(body: bytes) -> bytes:
    """Convert an event's body from format 1 to the current format; damaged JSON stays as it is."""
    return _changed(body, _event)


def upcast_agent(body: bytes) -> bytes:
    """Convert an agent definition from format 1 to the current format."""
    return _changed(body, _AGENT)


def _changed(body: bytes, change: _Change) -> bytes:
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body  # whoever decodes it reports the damage
    return orjson.dumps(change(value))


def _event(body: Json) -> Json:
    kind = body.get("kind") if isinstance(body, Mapping) else None
    change = _EVENTS.get(kind) if isinstance(kind, str) else None
    return body if change is None else change(body)


def _all(*changes: _Change) -> _Change:
    return lambda value: reduce(lambda so_far, change: change(so_far), changes, value)


def _at(name: str, change: _Change) -> _Change:
    """Change one member of an object, if it has that member."""

    def apply(value: Json) -> Json:
        if not isinstance(value, Mapping) or name not in value:
            return value
        return {**value, name: change(value[name])}

    return apply


def _each(change: _Change) -> _Change:
    return lambda value: [change(one) for one in value] if isinstance(value, list) else value


def _rename(old: str, new: str) -> _Change:
    def apply(value: Json) -> Json:
        if not isinstance(value, Mapping):
            return value
        return {new if name == old else name: member for name, member in value.items()}

    return apply


def _replace(values: Mapping[str, str], value: Json) -> Json:
    return values.get(value, value) if isinstance(value, str) else value


_GATE_KINDS = {
    "holds": "condition",
    "matches": "regex",
    "approves": "function",
    "passes": "command",
    "scored": "score",
    "judged": "judge",
}
_ERROR = _at("error", _rename("mend", "hint"))
_GATES = _at("gates", _each(_at("kind", partial(_replace, _GATE_KINDS))))
_AGENT = _GATES
_TASK = _all(_GATES, _at("agent", _AGENT), _rename("traits", "options"))
_TEAM = _at("tasks", _each(_TASK))
_EVENTS: Mapping[str, _Change] = {
    "queued": _all(_GATES, _at("team", _TEAM)),
    "attempted": _ERROR,
    "retrying": _ERROR,
    "closing": _ERROR,
    "finished": _at("outcome", _ERROR),
    "refused": _rename("words", "text"),
}
