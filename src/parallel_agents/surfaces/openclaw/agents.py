"""Agents: which agent or session a name of the guides means."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from parallel_agents.app.client import App
from parallel_agents.core.agent import Agent
from parallel_agents.core.store import Filter
from parallel_agents.session_tools.clients import nearest_of_client, of_clients

_MOST_NAMESAKES = 50


class Meant(NamedTuple):
    """An agent by name, or None for the default; and a label for the session."""

    agent: str | None
    label: str | None


def names_of(app: App) -> list[str]:
    """The names of the agents in the catalog."""
    entries = app.catalog.agents()
    return [entry.name for entry in entries if isinstance(entry.content, Agent)]


def meant_by(agent_id: str, names: Collection[str]) -> Meant:
    """The agent with that name, else the one whose name is part of it, as in `agent_TYPE_ID`.

    >>> meant_by("agent_code_reviewer_7", ["reviewer", "code_reviewer"])
    Meant(agent='code_reviewer', label='agent_code_reviewer_7')
    """
    if agent_id in names:
        return Meant(agent_id, None)
    contained = [name for name in names if f"_{name}_" in f"_{agent_id}_"]
    return Meant(max(contained, key=len, default=None), agent_id)


async def session_meant(app: App, name: str, client: str) -> str:
    """The key of the session that a script means, which acts as this client; empty for the person.

    If several sessions have a label or task name, or a key that starts like a name ending in `...`,
    it is the newest, of a client's own first: scripts are run more than once. Any other name is
    returned as it is.
    """
    start = name.rstrip(".…") if name.endswith(("...", "…")) else ""
    if client and not start:
        found = await nearest_of_client(app.sessions, name, client)
        return name if found is None else found.session.key
    rows = await app.sessions.list(Filter(prefix=start or name, limit=_MOST_NAMESAKES))
    if client:
        rows = await of_clients(app.sessions, rows)
    if not rows:
        return start or name
    session = rows[0].session
    if start or name in (session.label, session.options.task_name):
        return session.key
    return name
