"""Each search engine is asked as it documents, and its answers and refusals become plain text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import orjson
import pytest

from parallel_agents.core.schema import Json
from parallel_agents.core.tool import Access, SubjectKind, Tool, ToolError
from parallel_agents.core.web_search import SearchChoice, SearchProvider
from parallel_agents.errors import ConfigError
from parallel_agents.tools.web.engines import engine_forms, find_engine
from parallel_agents.tools.web.means import WebMeans
from parallel_agents.tools.web.searching import make
from tests.integration.web.site import (
    Send,
    Site,
    context,
    open_site,
    redirect,
    repeated,
    response,
    silent,
)

REPLIES = Path(__file__).with_name("replies")
KEY = "sk-very-secret"
VARIABLES = {
    "brave": "BRAVE_API_KEY",
    "tavily": "TAVILY_API_KEY",
    "exa": "EXA_API_KEY",
    "serper": "SERPER_API_KEY",
    "searxng": "SEARXNG_URL",
}
JSON = "application/json"


def answer(value: Json, status: str = "200 OK", **headers: str) -> bytes:
    said = {name.replace("_", "-"): text for name, text in headers.items()}
    return response(orjson.dumps(value), JSON, status=status, headers=said)


@asynccontextmanager
async def asking(
    name: str, page: bytes | Send, *more: bytes | Send, seconds: float = 20.0
) -> AsyncGenerator[tuple[Tool, Site]]:
    """The tool web_search and its engine, which sends these pages one after the other."""
    pages = [page, *more]
    async with open_site() as site:

        async def send(writer: asyncio.StreamWriter) -> None:
            each = pages.pop(0) if len(pages) > 1 else pages[0]
            if isinstance(each, bytes):
                writer.write(each)
            else:
                await each(writer)

        site.pages["*"] = send
        url = site.url if name == "searxng" else f"{site.url}/search"
        choice = SearchChoice(provider=SearchProvider(name), url=url)
        variables = {VARIABLES[name]: KEY}
        engine = partial(find_engine, choice, variables.get)
        yield make(WebMeans(find_engine=engine, search_seconds=seconds)), site


async def told(name: str, page: bytes | Send, *more: bytes | Send, **arguments: Json) -> str:
    async with asking(name, page, *more) as (tool, _):
        return await tool.call({"query": "tea", **arguments}, context())


async def refused(name: str, page: bytes | Send, *more: bytes | Send) -> str:
    with pytest.raises(ToolError) as caught:
        await told(name, page, *more)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_each_engine_has_its_name_and_the_other_way_round() -> None:
    assert list(engine_forms()) == [provider.value for provider in SearchProvider]
    assert [form.source[:8] for form in engine_forms().values()] == ["https://"] * 5


@pytest.mark.parametrize("name", VARIABLES)
async def test_the_documented_reply_of_an_engine_is_read(name: str) -> None:
    text = await told(name, answer(orjson.loads((REPLIES / f"{name}.json").read_bytes())))

    first, url, snippet, second, second_url, _, end = text.splitlines()
    assert first.startswith("1. Tea & time  (")
    assert "2025" in first
    assert url == "   https://tea.example/steeping?a=b"
    assert "Steep green tea" in snippet
    assert "for three minutes." in snippet
    assert second in ("2. Cups", "2. cups.example")
    assert second_url == "   https://cups.example/"
    assert end == f"[2 results of {name}]"


@pytest.mark.parametrize(
    ("name", "line", "header", "body"),
    [
        ("brave", "GET /search?q=tea+%26+cake&text_decorations=false&count=3", "x-subscription-token: KEY", ""),
        ("tavily", "POST /search", "authorization: bearer KEY", '{"query": "tea & cake", "max_results": 3}'),
        ("exa", "POST /search", "x-api-key: KEY", '{"query": "tea & cake", "contents": {"highlights": true}, "numResults": 3}'),
        ("serper", "POST /search", "x-api-key: KEY", '{"q": "tea & cake", "num": 3}'),
        ("searxng", "GET /search?q=tea+%26+cake&format=json", "accept: application/json", ""),
    ],
)  # fmt: skip
async def test_an_engine_is_asked_as_it_documents(
    name: str, line: str, header: str, body: str
) -> None:
    reply = answer(orjson.loads((REPLIES / f"{name}.json").read_bytes()))
    async with asking(name, reply) as (tool, site):
        await tool.call({"query": "tea & cake", "count": 3}, context())

        assert site.asked[0].startswith(f"{line} HTTP")
        assert header.replace("KEY", KEY) in site.asked[0].lower()
        assert site.bodies[0] == body
        if name == "searxng":
            assert KEY not in site.asked[0]


RESULTS = [
    {
        "title": "<b>Bold</b> &lt;x&gt;\n\x1b[31m",
        "url": "https://a.example/",
        "content": "y" * 5000,
    },
    {"title": "", "url": "https://b.example/x", "content": None},
    {"title": ["no text"], "url": "https://c.example/", "content": 7, "published_date": 2025},
    {"title": "no url"},
    {"title": "script", "url": "javascript:alert(1)"},
    {"title": "user", "url": "https://u:p@d.example/"},
    {"title": "long", "url": f"https://e.example/{'x' * 3000}"},
    "no object",
]


async def test_results_are_bounded_and_cleaned_and_what_nobody_can_fetch_is_left_out() -> None:
    text = await told("tavily", answer({"results": RESULTS}))

    lines = text.splitlines()
    assert lines[0] == "1. Bold <x>"
    assert lines[2] == f"   {'y' * 599}…"
    assert lines[3:5] == ["2. b.example", "   https://b.example/x"]
    assert lines[5:7] == ["3. no text", "   https://c.example/"]
    assert lines[-1] == "[3 results of tavily]"


async def test_no_more_results_are_told_than_were_asked_for() -> None:
    many = [{"title": str(n), "url": f"https://a.example/{n}", "content": ""} for n in range(50)]

    assert (await told("searxng", answer({"results": many}), count=4)).endswith(
        "[4 results of searxng]"
    )


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("brave", {"type": "search", "query": {"original": "tea"}}),
        ("brave", {"web": {"results": []}}),
        ("tavily", {"results": []}),
        ("serper", {"organic": [], "credits": 1}),
    ],
)
async def test_nothing_found_is_told_as_such(name: str, reply: Json) -> None:
    assert "found nothing for 'tea'" in await told(name, answer(reply))


BRAVE_KEY = {"type": "ErrorResponse", "error": {"code": "SUBSCRIPTION_TOKEN_INVALID", "detail": "The provided subscription token is invalid.", "status": 422}}  # fmt: skip
BRAVE_RATE = {"type": "ErrorResponse", "error": {"code": "RATE_LIMITED", "detail": "Request rate limit exceeded for plan.", "status": 429}}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "page", "said"),
    [
        ("brave", answer(BRAVE_KEY, "422 X"), "brave answered 422: The provided subscription token is invalid.; the key in BRAVE_API_KEY may be wrong"),
        ("tavily", answer({"detail": {"error": "Unauthorized: missing or invalid API key."}}, "401 X"), "tavily answered 401: Unauthorized: missing or invalid API key.; the key in TAVILY_API_KEY"),
        ("exa", answer({"requestId": "r", "error": f"bad key {KEY}", "tag": "INVALID_API_KEY"}, "401 X"), "exa answered 401: bad key ***; the key in EXA_API_KEY"),
        ("serper", answer({"message": "Unauthorized.", "statusCode": 403}, "403 X"), "serper answered 403: Unauthorized.; the key in SERPER_API_KEY"),
        ("searxng", response("<h1>Forbidden</h1>", status="403 X"), "searxng answered 403; add json to search.formats"),
        ("tavily", answer({"detail": {"error": "This request exceeds your plan's limit."}}, "432 X"), "tavily answered 432: This request exceeds"),
        ("tavily", answer({"detail": "down"}, "500 X"), "tavily answered 500: down"),
        ("tavily", answer({"detail": "slow"}, "429 X", Retry_After="60"), "tavily answered 429: slow; it asks to wait 60 s"),
        ("tavily", response("<html>gateway", status="200 OK"), "something that is not JSON: gateway"),
        ("tavily", response(b"\xff\xfe\0", JSON), "something that is not JSON"),
        ("tavily", response(b"[" * 100_000, JSON), "something that is not JSON"),
        ("tavily", response(b"", JSON), "something that is not JSON: nothing"),
        ("tavily", answer([1]), "something that is not JSON"),
        ("tavily", answer({"results": None}), "tavily sent no results"),
        ("tavily", answer({"results": {"a": 1}}), "tavily sent no results"),
        ("tavily", answer({"error": {"message": "quota"}}), "tavily sent no results: quota"),
        ("brave", answer({"web": {"results": "x"}}), "brave sent no results"),
        ("tavily", redirect("https://evil.example/"), "tavily answered 302"),
        ("tavily", repeated(b"x" * 1_000_000, 100, head=b"HTTP/1.1 200 OK\r\n\r\n"), "more than 2,000,000 bytes"),
        ("tavily", b"", "tavily cannot be reached: ServerDisconnectedError"),
        ("tavily", b"rubbish\r\n\r\n", "tavily cannot be reached"),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_with_what_to_do(name: str, page: bytes | Send, said: str) -> None:
    assert said in await refused(name, page)


@pytest.mark.parametrize(
    "first",
    [
        answer(BRAVE_RATE, "429 X", X_RateLimit_Reset="1, 1419704"),
        answer({}, "503 X"),
        b"",
    ],
)
async def test_what_may_pass_is_asked_again_once(first: bytes) -> None:
    good = answer(orjson.loads((REPLIES / "brave.json").read_bytes()))
    async with asking("brave", first, good) as (tool, site):
        assert "Tea & time" in await tool.call({"query": "tea"}, context())
        assert len(site.asked) == 2


async def test_searches_at_once_are_asked_again_one_after_the_other() -> None:
    good = answer(orjson.loads((REPLIES / "brave.json").read_bytes()))
    answered: list[float] = []

    async def one_a_second(writer: asyncio.StreamWriter) -> None:
        now = asyncio.get_running_loop().time()
        is_free = not answered or now - answered[-1] >= 0.95
        if is_free:
            answered.append(now)
        writer.write(good if is_free else answer(BRAVE_RATE, "429 X"))

    async with asking("brave", one_a_second) as (tool, _):
        told = await asyncio.gather(*(tool.call({"query": str(n)}, context()) for n in range(3)))

    assert ["Tea & time" in text for text in told] == [True] * 3


async def test_a_long_wait_is_told_and_not_waited() -> None:
    async with asking("brave", answer({}, "429 X", Retry_After="3600")) as (tool, site):
        with pytest.raises(ToolError, match=r"asks to wait 3600 s"):
            await tool.call({"query": "tea"}, context())

        assert len(site.asked) == 1


async def test_an_engine_that_is_silent_is_left_in_time() -> None:
    async with asking("tavily", silent(30), seconds=0.3) as (tool, _):
        with pytest.raises(ToolError, match=r"tavily did not answer in 0\.3 s"):
            await tool.call({"query": "tea"}, context())


@pytest.mark.parametrize(
    ("variables", "choice", "name"),
    [
        ({"BRAVE_API_KEY": "k"}, SearchChoice(), "brave"),
        ({"SERPER_API_KEY": " 'k' "}, SearchChoice(), "serper"),
        ({"BRAVE_API_KEY": "k", "EXA_API_KEY": "k"}, SearchChoice(), "brave"),
        ({"BRAVE_API_KEY": "", "EXA_API_KEY": "k"}, SearchChoice(), "exa"),
        ({"SEARXNG_URL": "http://127.0.0.1:8888/"}, SearchChoice(), "searxng"),
        (
            {"BRAVE_API_KEY": "k", "EXA_API_KEY": "k"},
            SearchChoice(provider=SearchProvider.EXA),
            "exa",
        ),
        ({"MINE": "k"}, SearchChoice(provider=SearchProvider.EXA, key="env:MINE"), "exa"),
    ],
)
def test_the_engine_is_found(variables: Mapping[str, str], choice: SearchChoice, name: str) -> None:
    engine = find_engine(choice, variables.get)

    assert engine.name == name
    assert engine.key in ("k", "")
    assert "'k'" not in repr(replace(engine, origin=""))


@pytest.mark.parametrize(
    "url", ["http://h:1/sub/", "http://h:1/sub/search", "http://h:1/sub/search?q=<query>"]
)
def test_the_address_of_searxng_is_that_of_its_page_of_results(url: str) -> None:
    found = find_engine(SearchChoice(), {"SEARXNG_URL": url}.get)

    assert found.url == "http://h:1/sub/search"


@pytest.mark.parametrize(
    ("variables", "choice", "said"),
    [
        ({}, SearchChoice(), "no search engine is configured"),
        ({}, SearchChoice(provider=SearchProvider.EXA), "EXA_API_KEY is not set"),
        ({"EXA_API_KEY": "k"}, SearchChoice(provider=SearchProvider.EXA, key="env:MINE"), "MINE is not set"),
        ({}, SearchChoice(provider=SearchProvider.SEARXNG), "SEARXNG_URL is not set"),
        ({"EXA_API_KEY": "k\r\nX: y"}, SearchChoice(), "characters that no key has"),
        ({"EXA_API_KEY": "ключ"}, SearchChoice(), "characters that no key has"),
        ({"SEARXNG_URL": "localhost:8888"}, SearchChoice(), "address of searxng is not valid"),
        ({"SEARXNG_URL": "http://u:p@h/"}, SearchChoice(), "address of searxng is not valid"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_what_to_do(
    variables: Mapping[str, str], choice: SearchChoice, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        find_engine(choice, variables.get)

    assert caught.value.hint


async def test_a_model_is_told_how_an_engine_is_configured() -> None:
    tool = make(WebMeans(find_engine=partial(find_engine, SearchChoice(), dict[str, str]().get)))

    with pytest.raises(ToolError, match=r"no search engine is configured; export BRAVE_API_KEY"):
        await tool.call({"query": "tea"}, context())


def test_the_tool_says_what_it_reaches() -> None:
    spec = make(WebMeans()).spec

    assert spec.access is Access.NETWORK
    assert spec.subject is not None
    assert (spec.subject.argument, spec.subject.kind) == ("query", SubjectKind.TEXT)
