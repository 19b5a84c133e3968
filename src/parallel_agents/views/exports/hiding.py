"""Hiding: secrets in the values of a document, as they are in its texts."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.schema import Json
from parallel_agents.views.exports.tree import Hide

HIDDEN = "[redacted:"


def hidden(value: Json, hide: Hide) -> Json:
    """The value without what is hidden in its texts, and in the names of its objects."""
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, Mapping):
        return {hide(name): hidden(below, hide) for name, below in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(item, hide) for item in value]
    return value
