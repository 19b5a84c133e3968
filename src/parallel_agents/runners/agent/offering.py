"""Offering: which tools an agent is offered, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from parallel_agents.core.model import Capabilities
from parallel_agents.core.session import Session
from parallel_agents.core.tool import Tool
from parallel_agents.runners.agent.children import may_delegate


def offered_names(
    session: Session,
    capabilities: Capabilities,
    session_tools: Collection[str],
    served: Mapping[str, Mapping[str, Tool]],
) -> list[str]:
    """The names of the session's tools in order: its agent's, and the session tools if it may spawn.

    Args:
        session: the session.
        capabilities: those of its model.
        session_tools: the names of the session tools.
        served: the tools behind those names that stand for tools of servers.
    """
    offered = [name for each in session.agent.tools for name in served.get(each, (each,))]
    if may_delegate(session, capabilities):
        offered += [name for name in session_tools if name not in offered]
    return offered
