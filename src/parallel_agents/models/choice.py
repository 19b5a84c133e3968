"""Choice: which model a task gets when several sources name one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from parallel_agents.core.agent import Agent
from parallel_agents.core.tier import Tier
from parallel_agents.models.providers import Provider

LOCAL = "local"


class Choice:
    """Takes the model from the task, its agent, the settings, or the first provider with a key.

    If none of them names a model, it is `local`.

    Args:
        default: the settings' model for agents that do not name one.
        tiers: the settings' models by strength.
        providers: the providers by name; the first one whose key is set wins.
        read_key: returns the key in an environment variable, or None if it is not set.
    """

    def __init__(
        self,
        *,
        default: str | None,
        tiers: Mapping[Tier, str],
        providers: Mapping[str, Provider],
        read_key: Callable[[str], str | None],
    ) -> None:
        self._default = default
        self._tiers = tiers
        self._providers = providers
        self._read_key = read_key

    def name_for(self, agent: Agent, task_model: str | None = None) -> str:
        """The model, as `provider/model` or `local`."""
        return self.chosen_for(agent, task_model) or LOCAL

    def chosen_for(self, agent: Agent, task_model: str | None = None) -> str | None:
        """The model that somebody chose, if only by setting a provider's key; None for nobody."""
        named = task_model or agent.model or self._default or self._tiers.get(agent.tier)
        return named or self._by_key(agent.tier)

    def _by_key(self, tier: Tier) -> str | None:
        """The tier's model at the first provider whose key is set."""
        for provider in self._providers.values():
            if tier in provider.tiers and provider.find_key(self._read_key):
                return f"{provider.name}/{provider.tiers[tier]}"
        return None
