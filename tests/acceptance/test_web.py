"""Agents that reach the web: only what their permissions and the settings allow, redirects included."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orjson
import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing.behaviour import Reply
from tests.integration.web.site import Site, open_site, redirect, response, silent

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Document
    from tests.acceptance.support.provider import FakeProvider

READER = """---
name: reader
description: Reads the web.
tools: [fetch]
permissions: {{{permissions}}}
---
You read pages.
"""


def calls(call: ToolCall) -> Callable[[JsonObject], Reply]:
    """A model that makes the call, and then says what it was told of it."""

    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        return text_at(last, "content") if last.get("role") == "tool" else [call]

    return answer


@contextmanager
def served() -> Generator[Site]:
    """A site in a thread of its own, whose pages can be changed."""
    ready, ended = threading.Event(), threading.Event()
    sites: list[Site] = []

    async def serve() -> None:
        async with open_site() as site:
            sites.append(site)
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    yield sites[0]
    ended.set()
    thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as one:
        yield one


def told(
    pagents: Pagents, provider: FakeProvider, url: str, permissions: str = "allow: [fetch]"
) -> str:
    """What an agent is told of a URL that it fetches."""
    begin(pagents, provider, url, permissions)
    return pagents("spawn", "reader", "Read it.", "--wait").out


def begin(
    pagents: Pagents, provider: FakeProvider, url: str, permissions: str = "allow: [fetch]"
) -> None:
    """Have an agent `reader` that fetches a URL."""
    (pagents.home / "agents").mkdir(mode=0o700, exist_ok=True)
    (pagents.home / "agents" / "reader.md").write_text(READER.format(permissions=permissions))
    provider.answer = calls(ToolCall("c1", "fetch", {"url": url}))


def test_a_page_is_read_where_the_setting_names_its_host(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    site.pages["/"] = response("<title>Tea</title><p>Steep it for <a href=/time>three minutes</a>.")

    refused = told(pagents, provider, site.url)
    pagents.configure(f'fetch_private_hosts = ["127.0.0.1:{site.port}"]')
    read = told(pagents, provider, site.url)

    assert "has no address of the internet" in refused
    assert "fetch_private_hosts" in refused
    assert f"[three minutes]({site.url}/time)" in read
    assert site.paths() == ["/"]


@pytest.mark.parametrize(
    ("permissions", "url"),
    [
        ("allow: [read_file]", "SITE/"),
        ('allow: ["fetch(other.example)"]', "SITE/"),
        ('allow: [fetch], deny: ["fetch(127.0.0.1)"]', "SITE/"),
        ('allow: [fetch], deny: ["fetch(127.0.0.1)"]', "http://0x7f.1:PORT/"),
        ('allow: [fetch], deny: ["fetch(127.0.0.1)"]', "http://[::ffff:127.0.0.1]:PORT/"),
        ('allow: [fetch], deny: ["fetch(127.0.0.1)"]', "http://other.example\\\\@127.0.0.1:PORT/"),
        ('allow: [fetch], deny: ["fetch(localhost)"]', "http://LOCALHOST.:PORT/"),
        ('allow: ["fetch(http://127.0.0.1:*/docs/*)"]', "SITE/docs/%2e%2e/"),
    ],
)
def test_a_url_that_the_permissions_do_not_allow_is_not_fetched(
    pagents: Pagents, provider: FakeProvider, site: Site, permissions: str, url: str
) -> None:
    site.pages["*"] = response("secret")
    pagents.configure('fetch_private_hosts = ["127.0.0.0/8", "localhost"]')
    target = url.replace("SITE", site.url).replace("PORT", str(site.port))

    said = told(pagents, provider, target, permissions)

    assert "The permissions of this session" in said
    assert site.asked == []


@pytest.mark.parametrize(
    "permissions",
    [
        'allow: [fetch], deny: ["fetch(localhost)"]',
        'allow: ["fetch(127.0.0.1)"]',
        'allow: ["fetch(127.0.0.1)"], ask: ["fetch(localhost)"]',
    ],
)
def test_a_redirect_to_what_the_permissions_do_not_allow_is_not_followed(
    pagents: Pagents, provider: FakeProvider, site: Site, permissions: str
) -> None:
    site.pages["/"] = redirect(f"http://localhost:{site.port}/secret")
    pagents.configure('fetch_private_hosts = ["127.0.0.1", "localhost"]')

    said = told(pagents, provider, site.url, permissions)

    assert f"redirects to http://localhost:{site.port}/secret" in said
    assert "do not allow without being asked" in said
    assert site.paths() == ["/"]


def test_a_second_ctrl_c_ends_a_fetch_that_hangs(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    site.pages["/"] = silent(60)
    pagents.configure('fetch_private_hosts = ["127.0.0.1"]')
    begin(pagents, provider, site.url)
    running = pagents.start("spawn", "reader", "Read it.", "--wait")
    pagents.wait_until(lambda: bool(site.asked))
    began = time.monotonic()

    running.interrupt()
    running.wait_for("again")
    running.interrupt()
    ended = running.ended()

    assert ended.code == 130
    assert time.monotonic() - began < 5


def test_a_fetch_of_a_killed_worker_is_made_again(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    site.pages["/"] = silent(60)
    pagents.configure('fetch_private_hosts = ["127.0.0.1"]')
    begin(pagents, provider, site.url)
    pagents("spawn", "reader", "Read it.")
    pagents.wait_until(lambda: bool(site.asked))
    site.pages["/"] = response("<p>Steep it for three minutes.")

    os.kill(pagents.workers()[0], signal.SIGKILL)
    pagents.wait_workers_gone()
    waited = pagents("resume", "@last")
    waited = pagents("wait", "@last")

    assert "Steep it for three minutes." in waited.out
    assert site.paths() == ["/", "/"]


@pytest.mark.parametrize("host", ["*", "http://a/", "10.0.0.1/8", "a:0"])
def test_a_private_host_that_is_none_is_refused_with_its_place(pagents: Pagents, host: str) -> None:
    pagents.configure(f'fetch_private_hosts = ["a", "{host}"]')

    pagents("spawn", "main", "Say hello.").assert_refused(
        "PA-E110", "fetch_private_hosts[1]", str(pagents.home / "config.toml"), exits=10
    )


FOUND = {"results": [{"title": "Tea", "url": "SITE/tea", "content": "Three minutes."}]}


def research(site: Site, *cited: str) -> Callable[[JsonObject], Reply]:
    """A model that searches, reads what it found, and cites these pages, one after the other."""
    answers = list(cited)

    def answer(body: JsonObject) -> Reply:
        told = [
            text_at(m, "content") for m in objects_at(body, "messages") if m.get("role") == "tool"
        ]
        if not told and len(answers) == len(cited):
            return [ToolCall("c1", "web_search", {"query": "how long to steep tea"})]
        if len(told) == 1:
            return [ToolCall("c2", "fetch", {"url": f"{site.url}/tea"})]
        url = answers.pop(0) if len(answers) > 1 else answers[0]
        finding = {"url": url, "quote": "three minutes", "claim": "Tea needs three minutes."}
        return orjson.dumps({"findings": [finding], "answer": "Three.", "open": ""}).decode()

    return answer


def set_up_search(pagents: Pagents, site: Site) -> None:
    """A search engine and the page that it finds."""
    site.pages["/tea"] = response("<p>Steep it for three minutes.")
    found = orjson.dumps(FOUND).decode().replace("SITE", site.url)
    site.pages["/search"] = response(found, "application/json")
    config = pagents.home / "config.toml"
    search = f'[search]\nprovider = "tavily"\nurl = "{site.url}/search"\n'
    config.write_text(f"{config.read_text()}\n{search}")
    pagents.configure(f'fetch_private_hosts = ["127.0.0.1:{site.port}"]')
    pagents.environment["TAVILY_API_KEY"] = "tvly-secret"


def researched(pagents: Pagents, provider: FakeProvider, site: Site, *cited: str) -> Document:
    """The result of a researcher who cites these pages."""
    set_up_search(pagents, site)
    provider.answer = research(site, *(url.replace("SITE", site.url) for url in cited))
    return pagents.items("spawn", "researcher", "How long does tea steep?", "--wait")[0]


def test_a_researcher_cites_what_it_has_read(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    result = researched(pagents, provider, site, "SITE/tea")

    assert result["status"] == "done"
    assert result["output"]["findings"][0]["url"] == f"{site.url}/tea"
    assert site.paths() == ["/search", "/tea"]
    assert "Authorization: Bearer tvly-secret" in site.asked[0]
    assert not any("tvly-secret" in text for text in provider.texts())


def test_a_researcher_that_makes_up_a_page_is_told_and_tries_again(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    result = researched(pagents, provider, site, "https://made-up.example/", "SITE/tea")

    assert result["status"] == "done"
    assert result["output"]["findings"][0]["url"] == f"{site.url}/tea"
    assert any("were not: https://made-up.example/" in text for text in provider.texts())


def test_a_researcher_that_only_makes_up_pages_fails(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    result = researched(pagents, provider, site, "https://made-up.example/")

    assert result["status"] == "failed"


def test_a_search_without_an_engine_says_how_to_have_one(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    provider.answer = calls(ToolCall("c1", "web_search", {"query": "tea"}))

    pagents("spawn", "researcher", "How long does tea steep?", "--wait")

    assert any(
        "no search engine is configured; export BRAVE_API_KEY" in t for t in provider.texts()
    )


def test_doctor_says_which_engine_answers(pagents: Pagents) -> None:
    without = pagents("doctor").out
    brave = pagents("doctor", BRAVE_API_KEY="k").out

    assert "agents can fetch, not search: no search engine is configured" in without
    assert "agents search with brave at api.search.brave.com (BRAVE_API_KEY)" in brave


def test_trust_says_where_a_project_would_send_searches_and_the_key(pagents: Pagents) -> None:
    pagents.file(
        ".parallel-agents/config.toml",
        'fetch_private_hosts = ["10.0.0.0/8"]\n'
        '[search]\nprovider = "exa"\nurl = "http://127.0.0.1:9/"\nkey = "env:AWS_SECRET_ACCESS_KEY"\n',
    )

    shown = pagents("trust").out

    assert "searches of agents go to http://127.0.0.1:9/, which receives them" in shown
    assert "the key in AWS_SECRET_ACCESS_KEY is sent to http://127.0.0.1:9/" in shown
    assert "the setting fetch_private_hosts is ['10.0.0.0/8']" in shown


TEAM = (
    "run",
    "--team",
    "research",
    "-i",
    "topic=tea",
    "-i",
    'questions=["how long"]',
    "--id",
    "tea",
)


def test_the_research_team_states_only_what_a_researcher_quotes(
    pagents: Pagents, provider: FakeProvider, site: Site
) -> None:
    set_up_search(pagents, site)
    page = f"{site.url}/tea"
    by_researcher = research(site, page)

    def answer(body: JsonObject) -> Reply:
        messages = objects_at(body, "messages")
        if "one report" not in text_at(messages[0], "content"):
            return by_researcher(body)
        is_told = "copied from one place" in text_at(messages[-1], "content")
        quote = "three minutes" if is_told else "four minutes"
        statement = {"url": page, "quote": quote, "statement": "Three minutes are enough."}
        return orjson.dumps({"statements": [statement], "contradictions": [], "open": ""}).decode()

    provider.answer = answer

    ended = pagents(*TEAM)

    assert ended.code == 0, ended
    (stated,) = pagents.json("show", "tea")["result"]["output"]["outputs"]["report"]["statements"]
    assert (stated["url"], stated["quote"]) == (page, "three minutes")
    assert any("four minutes" in text for text in provider.texts())


def test_the_research_team_is_refused_where_nothing_can_be_searched(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents(*TEAM).assert_refused("PA-E110", "no search engine is configured", exits=10)

    assert provider.requests == []
