"""Which hosts fetch reaches: the internet, what the settings name, and nothing by a trick."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from parallel_agents.app.web import web_means
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.tool import ToolError
from parallel_agents.public_hosts import HostRefused, find_addresses
from parallel_agents.settings import Environment, Settings
from parallel_agents.tools.web.fetching import make
from parallel_agents.tools.web.getting import MOST_BYTES
from parallel_agents.tools.web.means import WebMeans
from tests.integration.proxy_servers import HttpProxy, listening
from tests.integration.web.site import (
    Site,
    bomb,
    context,
    fetcher,
    open_site,
    redirect,
    response,
)

TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://localhost./", "http://LOCALHOST:80/",
        "http://0x7f.1/", "http://127.1/", "http://2130706433/", "http://017700000001/", "http://0/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::]/", "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/", "http://10.0.0.1/", "http://192.168.0.1/", "http://224.0.0.1/",
        "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://[fc00::1]/",
        "http://100.100.100.200/", "http://168.63.129.16/", "http://[ff02::1]/",
    ],
)  # fmt: skip
async def test_no_disguise_of_a_private_address_is_fetched_from(url: str) -> None:
    with pytest.raises(ToolError, match=r"no address of the internet|is not found"):
        await fetcher().call({"url": url}, context())


async def test_another_port_than_that_of_the_setting_is_not_fetched_from() -> None:
    async with open_site({"/": response("x", TEXT)}) as site:
        with pytest.raises(ToolError, match=r"fetch_private_hosts"):
            await fetcher(f"127.0.0.1:{site.port + 1}").call({"url": site.url}, context())

        assert site.asked == []


class Names:
    """Finds for each name, at each time, the next addresses of its list."""

    def __init__(self, found: Mapping[str, Sequence[str]]) -> None:
        self._found = {name: list(addresses) for name, addresses in found.items()}
        self.asked: list[str] = []

    async def find(self, host: str, port: int, may_reach: Callable[[str], bool]) -> Sequence[str]:
        self.asked.append(host)
        if host not in self._found:
            return await find_addresses(host, port, may_reach)
        address = self._found[host].pop(0)
        if not may_reach(address):
            raise HostRefused(f"{host} has no address of the internet")
        return [address]


async def test_a_name_is_asked_for_once_and_the_address_that_was_checked_is_used() -> None:
    async with open_site({"/": response("the first", TEXT)}) as site:
        # What the name means a moment later leads nowhere.
        names = Names({"rebound.example": ["127.0.0.1", "10.0.0.1"]})
        fetch = make(
            WebMeans(private_hosts=PrivateHosts.parse(["127.0.0.1"]), find_addresses=names.find)
        )

        told = await fetch.call({"url": f"http://rebound.example:{site.port}/"}, context())

        assert told.endswith("the first")
        assert names.asked == ["rebound.example"]
        assert f"Host: rebound.example:{site.port}" in site.asked[0]


async def test_each_redirect_is_found_and_checked_anew() -> None:
    async with open_site() as site:
        site.pages["/"] = redirect(f"http://inner.example:{site.port}/")
        names = Names({"outer.example": ["127.0.0.1"], "inner.example": ["10.0.0.1"]})
        fetch = make(
            WebMeans(private_hosts=PrivateHosts.parse(["127.0.0.1"]), find_addresses=names.find)
        )

        with pytest.raises(ToolError, match=r"inner.example has no address of the internet"):
            await fetch.call({"url": f"http://outer.example:{site.port}/"}, context())

        assert names.asked == ["outer.example", "inner.example"]


async def test_a_redirect_that_the_rules_do_not_allow_is_not_followed() -> None:
    async with open_site({"/": redirect("/secret"), "/secret": response("x", TEXT)}) as site:
        allowed = context(permits=lambda url: "secret" not in url)

        with pytest.raises(ToolError, match=r"permissions of this session do not allow"):
            await fetcher("127.0.0.1").call({"url": site.url}, allowed)

        assert site.paths() == ["/"]


async def test_nothing_of_the_user_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with open_site({"/": redirect("/b"), "/b": response("x", TEXT)}) as site:
        site.pages["/"] = response(
            status="302 Found", headers={"Location": "/b", "Set-Cookie": "a=b"}
        )

        await fetcher("127.0.0.1").call({"url": f"{site.url}/#here"}, context())

        sent = [line.partition(":")[0].lower() for line in site.asked[1].splitlines()[1:] if line]
        assert sorted(sent) == ["accept", "accept-encoding", "connection", "host", "user-agent"]
        assert "User-Agent: pagents/" in site.asked[0]
        assert "Accept: text/markdown, text/html" in site.asked[0]
        assert site.paths() == ["/", "/b"]


@asynccontextmanager
async def proxied(site: Site) -> AsyncGenerator[tuple[HttpProxy, dict[str, str]]]:
    """A proxy that leads to the site, and the environment that names it."""
    proxy = HttpProxy(to=site.port)
    async with listening(proxy.handle) as port:
        yield proxy, {"HTTP_PROXY": f"http://127.0.0.1:{port}"}


def means_of(variables: Mapping[str, str], *, fetch_through_proxy: bool = False) -> WebMeans:
    environment = Environment(home=Path("/nowhere"), variables=variables)
    return web_means(environment, Settings(fetch_through_proxy=fetch_through_proxy))


async def test_through_a_proxy_only_if_the_setting_says_so() -> None:
    async with open_site({"*": response("x", TEXT)}) as site, proxied(site) as (proxy, variables):
        url = "http://nowhere.invalid/tea"
        with pytest.raises(ToolError, match=r"is not found: .*; the environment names a proxy"):
            await make(means_of(variables)).call({"url": url}, context())
        assert proxy.asked == []

        told = await make(means_of(variables, fetch_through_proxy=True)).call(
            {"url": url}, context()
        )

        assert told.endswith("x")
        assert proxy.asked == ["GET http://nowhere.invalid/tea HTTP/1.1"]


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/", "http://localhost/"]
)
async def test_a_proxy_is_not_asked_for_what_is_in_a_network_of_this_machine(url: str) -> None:
    async with open_site() as site, proxied(site) as (proxy, variables):
        with pytest.raises(ToolError, match=r"no address of the internet"):
            await make(means_of(variables, fetch_through_proxy=True)).call({"url": url}, context())

        assert proxy.asked == []


async def test_a_bomb_is_bounded_through_a_proxy_too() -> None:
    async with open_site({"*": bomb(31)}) as site, proxied(site) as (_, variables):
        fetch = make(means_of(variables, fetch_through_proxy=True))

        assert f"of {MOST_BYTES:,}" in await fetch.call({"url": "http://n.invalid/"}, context())


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)  # pyright: ignore[reportUnknownMemberType]
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)  # pyright: ignore[reportUnknownMemberType]
    return context


async def test_a_certificate_is_checked_by_the_name_though_the_address_is_connected_to(
    authority: trustme.CA,
) -> None:
    tls = server_context(authority, "tea.example")
    async with open_site({"/": response("safe", TEXT)}, tls=tls) as site:
        names = Names({"tea.example": ["127.0.0.1"] * 2, "other.example": ["127.0.0.1"]})
        means = WebMeans(
            private_hosts=PrivateHosts.parse(["127.0.0.1"]),
            find_addresses=names.find,
            certificates=lambda: trusting(authority),
        )

        told = await make(means).call({"url": f"https://tea.example:{site.port}/"}, context())

        assert told.endswith("safe")
        with pytest.raises(ToolError, match=r"certificate of other.example:.* is not valid"):
            await make(means).call({"url": f"https://other.example:{site.port}/"}, context())


async def test_a_certificate_of_nobody_is_refused(authority: trustme.CA) -> None:
    async with open_site(tls=server_context(authority, "127.0.0.1")) as site:
        with pytest.raises(ToolError, match=r"certificate of .* is not valid"):
            await fetcher("127.0.0.1").call({"url": site.url}, context())

        assert site.asked == []


async def test_a_server_that_speaks_no_tls_is_told_of() -> None:
    async with open_site({"/": response("x")}) as site:
        with pytest.raises(ToolError, match=r"does not speak TLS|did not send"):
            await fetcher("127.0.0.1").call(
                {"url": site.url.replace("http:", "https:"), "timeout_seconds": 2}, context()
            )


async def test_a_closed_port_and_an_unknown_name_are_told_of() -> None:
    async with open_site() as site:
        port = site.port
    with pytest.raises(
        ToolError, match=r"cannot be reached: Connect call failed|Connection refused"
    ):
        await fetcher("127.0.0.1").call({"url": f"http://127.0.0.1:{port}/"}, context())
    with pytest.raises(ToolError, match=r"no.such.invalid is not found"):
        await fetcher().call({"url": "http://no.such.invalid/"}, context())
