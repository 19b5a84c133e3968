"""Wording: errors as a model reads them, which has the session tools and no command line."""

from __future__ import annotations

import re

_TOOLS = {
    "list": "sessions_list",
    "list --all": "sessions_list",
    "agents list": "agents_list",
    "teams list": "teams_list",
    "inbox": "questions_list",
    "send": "sessions_send",
    "show": "session_status",
}
_COMMAND = re.compile(rf"`pagents ({'|'.join(sorted(_TOOLS, key=len, reverse=True))})`")


def for_models(text: str) -> str:
    """A text with the tools in the place of the commands that do the same."""
    return _COMMAND.sub(lambda found: _TOOLS[found[1]], text)
