"""Web: what the tools that reach the web are given, by the settings and the environment."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Literal

from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.web_search import SearchChoice
from parallel_agents.errors import ConfigError
from parallel_agents.models.certificates import make_context
from parallel_agents.models.network import Network
from parallel_agents.settings import Environment, Settings
from parallel_agents.tools.web.means import WebMeans

if TYPE_CHECKING:
    import aiohttp

    from parallel_agents.tools.web.engines import Engine


def web_means(environment: Environment, settings: Settings) -> WebMeans:
    """What the tools that reach the web are given in this process."""
    network = Network(environment.variables)

    def open_session(url: str) -> aiohttp.ClientSession:
        return network.open_session(url, network.proxy_for(url))

    def proxy_hint(url: str) -> str:
        with suppress(ConfigError):
            if not settings.fetch_through_proxy and network.proxy_for(url):
                return "; the environment names a proxy, which the setting fetch_through_proxy uses"
        return ""

    def open_proxied(url: str, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession | None:
        proxy = network.proxy_for(url) if settings.fetch_through_proxy else None
        if proxy is None:
            return None
        return network.open_session(url, proxy, timeout=timeout, auto_decompress=False)

    return WebMeans(
        private_hosts=PrivateHosts.parse(settings.fetch_private_hosts or ()),
        certificates=cache(partial(make_context, environment.variables)),
        open_proxied=open_proxied,
        proxy_hint=proxy_hint,
        find_engine=partial(search_engine, environment, settings),
        open_session=open_session,
    )


def search_engine(environment: Environment, settings: Settings) -> Engine:
    """The search engine that the user has.

    Raises:
        ConfigError: none is configured, or what it needs is not set.
    """
    from parallel_agents.tools.web.engines import find_engine  # noqa: PLC0415 - few agents search

    return find_engine(SearchChoice(**settings.search), environment.read_key)


def find_lack(environment: Environment, settings: Settings, need: Literal["web"]) -> str:
    """Why what a task needs is not there; empty if it is."""
    match need:
        case "web":
            try:
                search_engine(environment, settings)
            except ConfigError:
                return "no search engine is set up; `pagents doctor` says how"
            return ""
