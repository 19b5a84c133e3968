"""Chat partner: the refusal of a name that is neither an agent's nor a session's."""

from __future__ import annotations

from parallel_agents.errors import NotFound, PagentsError

_MEANT = "did you mean "


def nobody(name: str, *refusals: PagentsError) -> NotFound:
    """The refusal of a name; the hints of those refusals say what is near it among agents and sessions."""
    hints = [each.hint for each in refusals if each.hint.startswith(_MEANT)]
    near = dict.fromkeys(hint.removeprefix(_MEANT).partition("?")[0] for hint in hints)
    meant = f"{_MEANT}{' or '.join(near)}? " if near else ""
    return NotFound(
        f"there is no agent and no session {name!r}",
        hint=f"{meant}`pagents agents list` shows the agents, `pagents list` the sessions",
    )
