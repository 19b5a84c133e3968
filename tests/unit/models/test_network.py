"""A session that cannot be opened here is refused with what to do."""

from __future__ import annotations

from parallel_agents.models.network import Network

TARGET = "https://api.acme.test/v1"


def test_the_proxy_of_a_provider_precedes_the_environment() -> None:
    network = Network({"HTTPS_PROXY": "http://p.test:1", "MINE": "http://me:pw@mine.test:2"})

    proxies = [network.proxy_for(TARGET, chosen) for chosen in ("", "http://q.test:3", "env:MINE")]

    assert [proxy.address for proxy in proxies if proxy] == [
        "http://p.test:1",
        "http://q.test:3",
        "http://mine.test:2",
    ]
    assert network.proxy_for(TARGET, "none") is None
