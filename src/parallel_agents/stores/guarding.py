"""Guarding: nothing is written to a database, or looked for in one, with a secret in it.

All that is written passes here, whatever part of the program it is from. What the caller of a
statement knows is not changed: whoever continues with it must hide it before, as runs do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from parallel_agents.core.json_value import Json, with_texts
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.database import Value, Values

_JSON = ("{", "[")


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
    """Whether there is a secret in texts as they are, or in JSON as it is when it is read."""
    texts: list[str] = []
    like_json: list[str] = []
    encoded: list[bytes] = []
    for row in rows:
        for value in row.values() if isinstance(row, Mapping) else row:
            if not isinstance(value, str | bytes):
                continue
            is_text = isinstance(value, str)
            text = value if is_text else value.decode(errors="surrogateescape")
            if text.startswith(_JSON):
                like_json.append(text)
                encoded.append(value.encode(errors="replace") if is_text else value)
            else:
                texts.append(text)
    return KNOWN.is_in(*texts) or bool(
        encoded and (KNOWN.is_in_json(*encoded) or KNOWN.is_unescaped_in(*like_json))
    )


def _hidden(value: Value) -> Value:
    if isinstance(value, str):
        return _hidden_text(value)
    if isinstance(value, bytes):
        return _hidden_text(value.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    return value


def _hidden_text(text: str) -> str:
    """A text without secrets; JSON stays JSON, even if it is within JSON."""
    if text.startswith(_JSON):
        try:
            value: Json = orjson.loads(KNOWN.hide_numbers(text.encode()))
        except ValueError:
            pass
        else:
            return orjson.dumps(with_texts(value, _hidden_text)).decode()
    return KNOWN.hide(text)
