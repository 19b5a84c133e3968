"""Signs: the one character for each state, the same on the command line, in pictures and on the page."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDS_YOU = "▲"  # of no state: what waits for a person may run, wait or have ended

# By the names of the states in documents. States share a sign only if they mean the same for a person:
# `✖` went wrong, and `■` was ended, or left, before its end.
SIGNS: Mapping[str, str] = MappingProxyType(
    {
        "queued": "◌",
        "running": "▶",
        "retrying": "↻",
        "paused": "‖",
        "done": "✔",
        "partial": "◐",
        "failed": "✖",
        "timed_out": "✖",
        "unreadable": "✖",
        "over_budget": "◆",
        "killed": "■",
        "stopped": "■",
        "interrupted": "■",
        "unknown": "■",
        "withdrawn": "■",
    }
)


def sign_of(state: str) -> str:
    """The sign of a state, as it is called or as documents name it.

    >>> sign_of("over budget"), sign_of("over_budget")
    ('◆', '◆')
    """
    return SIGNS[state.replace(" ", "_")]
