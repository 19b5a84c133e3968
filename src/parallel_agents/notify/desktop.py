"""Desktop: the command that shows a notification on the screen of this machine."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.cutting import head

_MOST_CHARACTERS = 200
_SCRIPT = (
    "-e", "on run argv",
    "-e", "display notification (item 2 of argv) with title (item 1 of argv)",
    "-e", "end run",
)  # fmt: skip


def desktop_command(program: str, facts: Mapping[str, str]) -> tuple[str, ...]:
    """The command that shows what a letter is about; nothing in it is read as an option or as code."""
    event = facts.get("PAGENTS_EVENT", "").replace("_", " ")
    told = [facts.get(name, "") for name in ("PAGENTS_LABEL", "PAGENTS_NAME", "PAGENTS_STATUS")]
    title, text = f"pagents: {event}", head(" ".join(filter(None, told)), _MOST_CHARACTERS)
    if program == "osascript":
        return (program, *_SCRIPT, title, text)
    return (program, "--app-name=pagents", "--", title, text)
