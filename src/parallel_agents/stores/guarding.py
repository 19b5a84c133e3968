"""Guarding: nothing is written to a database, or looked for in one, with a secret in it.

All that is written passes here, whatever part of the program it is from. What the caller of a
statement knows is not changed: whoever goes on with it must hide it before, as runs do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from parallel_agents.core.json_value import Json
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.database import Value, Values


def guarded(values: Values) -> Values:
    """The values of a statement without secrets; the same object if there are none."""
    if not KNOWN or not values or not _are_secret((values,)):
        return values
    if isinstance(values, Mapping):
        return {name: _hidden(value) for name, value in values.items()}
    return tuple(map(_hidden, values))


def guarded_rows(rows: Sequence[Values]) -> Sequence[Values]:
    """The same for the values of many rows."""
    return [guarded(row) for row in rows] if KNOWN and _are_secret(rows) else rows


def _are_secret(rows: Iterable[Values]) -> bool:
    texts = [
        value.encode(errors="replace") if isinstance(value, str) else value
        for row in rows
        for value in (row.values() if isinstance(row, Mapping) else row)
        if isinstance(value, str | bytes)
    ]
    return bool(texts) and KNOWN.is_in_json(*texts)


def _hidden(value: Value) -> Value:
    if isinstance(value, str):
        return _hidden_text(value)
    if isinstance(value, bytes):
        return _hidden_text(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return value


def _hidden_text(text: str) -> str:
    """A text without secrets; JSON stays JSON, also if it is within JSON."""
    if text.startswith(("{", "[")):
        try:
            value: Json = orjson.loads(text)
        except ValueError:
            pass
        else:
            return orjson.dumps(_hidden_value(value)).decode()
    return KNOWN.hide(text)


def _hidden_value(value: Json) -> Json:
    if isinstance(value, str):
        return _hidden_text(value)
    if isinstance(value, dict):
        return {KNOWN.hide(name): _hidden_value(member) for name, member in value.items()}
    return [_hidden_value(item) for item in value] if isinstance(value, list) else value
