"""Proposals: which settings would make agents run on what a machine has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from parallel_agents.app.local_servers import LocalServer, only_makes_vectors
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.providers import Provider

_MOST_OF_SERVER = 5
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A way to set up.

    Attributes:
        what: what agents would run on.
        settings: the values to write, by the path of each setting.
    """

    what: str
    settings: Mapping[tuple[str, ...], str]


def proposals(
    keyed: Sequence[Provider], servers: Sequence[LocalServer], *, has_embedded: bool
) -> list[Proposal]:
    """What could be set up, the best first: providers with a key, servers, and the embedded model.

    Args:
        keyed: the providers whose key is set.
        servers: those that answered.
        has_embedded: whether the runtime of the embedded model is installed.
    """
    found = [*_of_keys(keyed), *_of_servers(servers)]
    embedded = (Proposal(what="the embedded model", settings={("model",): LOCAL}),)
    return [*found[:_MOST], *(embedded if has_embedded else ())]


def _of_keys(keyed: Sequence[Provider]) -> Iterator[Proposal]:
    for provider in keyed:
        tiers = {
            ("tiers", tier.value): f"{provider.name}/{model}"
            for tier, model in provider.tiers.items()
        }
        if tiers:
            yield Proposal(what=f"{provider.name}, by its key", settings=tiers)


def _of_servers(servers: Sequence[LocalServer]) -> Iterator[Proposal]:
    for server in servers:
        answering = [model for model in server.models if not only_makes_vectors(model)]
        for model in answering[:_MOST_OF_SERVER]:
            name = f"{server.provider.name}/{model}"
            yield Proposal(
                what=f"{server.provider.name} on this machine", settings={("model",): name}
            )
