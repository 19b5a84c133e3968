"""Details: OpenRouter's list of a reasoning's parts, which goes back to it unchanged.

Format: https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.models.shapes import dump

_PREFIX = "details:"
_GROWING = frozenset({"text", "summary", "data"})


def to_signature(details: Iterable[Json]) -> str:
    """The signature under which a reasoning keeps its details; a stream's pieces are put together."""
    whole = _joined(details)
    return _PREFIX + dump(whole).decode() if whole else ""


def is_signature(signature: str) -> bool:
    return signature.startswith(_PREFIX)


def from_signature(signature: str) -> Json:
    """The details that a signature keeps."""
    value: Json = orjson.loads(signature.removeprefix(_PREFIX))
    return value


def _joined(details: Iterable[Json]) -> list[Json]:
    """The details, with the pieces of a stream put together by their index."""
    whole: list[dict[str, Json]] = []
    by_key: dict[Json, dict[str, Json]] = {}
    for detail in details:
        if not isinstance(detail, dict):
            continue
        key = (detail.get("type"), detail.get("index")) if "index" in detail else None
        known = by_key.get(key) if key is not None else None
        if known is None:
            known = dict(detail)
            whole.append(known)
            if key is not None:
                by_key[key] = known
            continue
        for name, value in detail.items():
            if name in _GROWING and isinstance(value, str):
                known[name] = f"{known.get(name) or ''}{value}"
            elif value is not None:
                known[name] = value
    return list(whole)
