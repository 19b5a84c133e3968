"""Parts: what a program passes in, in addition to the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent
from parallel_agents.core.store import Role
from parallel_agents.core.tool import Tool
from parallel_agents.models.local.fetch import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a program passes in, in addition to the settings.

    Attributes:
        agents: definitions that override those of the catalog.
        tools: the tools that agents may name, by name.
        models: model factories by provider, which override the configured providers.
        gates: the functions that agents may name as gates, by name.
        on_fetch: called with the progress of the embedded model's download.
        role: a script, or a worker that executes what others leave.
    """

    agents: Mapping[str, Agent] = field(default_factory=dict[str, Agent])
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])
    models: Mapping[str, ModelFactory] = field(default_factory=dict[str, ModelFactory])
    gates: Mapping[str, Callable[..., object]] = field(
        default_factory=dict[str, Callable[..., object]]
    )
    on_fetch: Callable[[Progress], None] = lambda _: None
    role: Role = Role.SCRIPT
