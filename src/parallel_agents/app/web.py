"""Web: what the tools that reach the web are given, by the settings and the environment."""

from __future__ import annotations

from functools import cache, partial

from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.models.certificates import make_context
from parallel_agents.settings import Environment, Settings
from parallel_agents.tools.web.means import WebMeans


def web_means(environment: Environment, settings: Settings) -> WebMeans:
    """What the tools that reach the web are given in this process."""
    return WebMeans(
        private_hosts=PrivateHosts.parse(settings.fetch_private_hosts or ()),
        certificates=cache(partial(make_context, environment.variables)),
    )
