"""A provider is asked for its models within bounds of time, size and pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from parallel_agents.core.message import user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    MalformedReply,
    ModelNotFound,
    ProviderError,
    RequestRejected,
    Unreachable,
)
from parallel_agents.models.http import Http
from parallel_agents.models.listing import Finder, Listing, list_offers, list_served
from parallel_agents.models.network import Network
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Auth, Endpoint, Secret, Wire
from parallel_agents.models.registry import Registry

KEY = "sk-very-secret-0123456789"
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncGenerator[str]:
    """The origin of a server."""
    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def endpoint_at(
    base_url: str, *, wire: Wire = Wire.CHAT, auth: Auth | None = None, key: str = KEY
) -> Endpoint:
    return Endpoint(provider="acme", wire=wire, base_url=base_url, key=Secret(key), auth=auth)


def ids(listing: Listing) -> list[str]:
    return [offer.id for offer in listing.offers]


async def failure(answer: Answer, *, seconds: float = 10.0) -> ProviderError:
    async with serving(answer) as origin:
        with pytest.raises(ProviderError) as caught:
            await list_offers(endpoint_at(f"{origin}/v1"), Network(), seconds=seconds)
    error = caught.value
    assert KEY not in f"{error!r} {error.why} {error.hint} {error.__cause__!r}"
    return error


@pytest.mark.parametrize(
    ("path", "wire", "auth", "asked", "header"),
    [
        ("/v1", Wire.CHAT, None, "/v1/models", "Authorization"),
        ("/v1/chat/completions", Wire.CHAT, None, "/v1/models", "Authorization"),
        ("", Wire.ANTHROPIC, None, "/v1/models", "x-api-key"),
        ("/v1", Wire.ANTHROPIC, Auth.BEARER, "/v1/models", "Authorization"),
        (
            "/openai/deployments/gpt?api-version=1",
            Wire.CHAT,
            Auth.API_KEY,
            "/openai/models?api-version=1",
            "api-key",
        ),
    ],
)
async def test_the_list_is_where_the_base_url_says_and_the_key_in_its_header(
    path: str, wire: Wire, auth: Auth | None, asked: str, header: str
) -> None:
    requests: list[tuple[str, str]] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        requests.append((request.raw_path, request.headers.get(header, "")))
        return web.json_response({"data": [{"id": "m"}]})

    async with serving(answer) as origin:
        listing = await list_offers(endpoint_at(origin + path, wire=wire, auth=auth), Network())

    assert listing.is_whole
    assert ids(listing) == ["m"]
    assert [path for path, _ in requests] == [asked]
    assert KEY in requests[0][1]


async def test_pages_are_read_to_the_last() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        after = request.query.get("after_id", "")
        page = {"": "a", "a": "b/&", "b/&": "c"}[after]
        return web.json_response({"data": [{"id": page}], "has_more": page != "c", "last_id": page})

    async with serving(answer) as origin:
        listing = await list_offers(endpoint_at(origin, wire=Wire.ANTHROPIC), Network())

    assert listing.is_whole
    assert ids(listing) == ["a", "b/&", "c"]


async def test_a_list_without_an_end_is_left_after_twenty_pages() -> None:
    pages: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        pages.append(request.raw_path)
        return web.json_response({"models": [{"name": "m"}], "nextPageToken": str(len(pages))})

    async with serving(answer) as origin:
        listing = await list_offers(endpoint_at(f"{origin}/v1beta"), Network())

    assert not listing.is_whole
    assert len(pages) == 20


async def test_a_page_that_names_itself_is_asked_for_once() -> None:
    pages: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        pages.append(request.raw_path)
        return web.json_response({"models": [{"name": "m"}], "nextPageToken": "t"})

    async with serving(answer) as origin:
        await list_offers(endpoint_at(origin), Network())

    assert len(pages) == 2


async def test_a_list_of_more_than_16_mib_is_refused() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(body=b" " * (17 << 20), content_type="application/json")

    error = await failure(answer)

    assert type(error) is MalformedReply
    assert "16 MiB" in error.why


async def test_a_server_that_does_not_answer_is_left_in_time() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    assert type(await failure(answer, seconds=0.1)) is CallTimedOut


async def test_another_page_than_a_list_is_refused() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(text="<html>Welcome</html>", content_type="text/html")

    assert type(await failure(answer)) is MalformedReply


async def test_a_redirect_does_not_take_the_key_along() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/")

    assert type(await failure(answer)) is RequestRejected


async def test_an_ollama_with_a_list_of_its_own_only_is_read() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path != "/api/tags":
            return web.Response(status=404, text="404 page not found")
        return web.json_response({"models": [{"name": "llama3:8b"}]})

    async with serving(answer) as origin:
        listing = await list_served(endpoint_at(f"{origin}/v1", key=""), Network(), seconds=5)

    assert ids(listing) == ["llama3:8b"]


async def test_a_server_that_wants_a_key_or_is_not_there_is_asked_once() -> None:
    requests: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        requests.append(request.path)
        return web.Response(status=401)

    async with serving(answer) as origin:
        with pytest.raises(AuthFailed):
            await list_served(endpoint_at(f"{origin}/v1", key=""), Network(), seconds=5)
    with pytest.raises(Unreachable):
        await list_served(endpoint_at("http://127.0.0.1:1/v1"), Network(), seconds=5)

    assert requests == ["/v1/models"]


async def test_runs_that_miss_a_model_ask_once_for_what_is_near_it() -> None:
    requests: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        requests.append(request.path)
        return web.json_response({"data": [{"id": "kimi-k2.6"}]})

    finder = Finder(Network())
    async with serving(answer) as origin:
        endpoint = endpoint_at(f"{origin}/v1")
        hints = await asyncio.gather(*(finder.find_hint(endpoint, "kimi-k2.5") for _ in range(20)))

    assert set(hints) == {"use acme/kimi-k2.6, which it lists now"}
    assert requests == ["/v1/models"]


async def test_a_provider_that_lists_nothing_gives_no_hint() -> None:
    assert not await Finder(Network()).find_hint(endpoint_at("http://127.0.0.1:1/v1"), "kimi-k2.5")


async def test_a_model_that_is_gone_is_reported_with_what_the_provider_lists_now() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path == "/v1/models":
            return web.json_response({"data": [{"id": "kimi-k2.6"}]})
        error = {"code": "model_not_found", "message": "The model kimi-k2.5 does not exist"}
        return web.json_response({"error": error}, status=404)

    async with serving(answer) as origin:
        acme: JsonObject = {"wire": "chat", "base_url": f"{origin}/v1"}
        registry = Registry(read_providers({"acme": acme}), lambda _: None, Http())
        with pytest.raises(ModelNotFound) as caught:
            await registry.get("acme/kimi-k2.5").respond(ModelRequest(messages=(user("Hello."),)))
        await registry.aclose()

    assert "kimi-k2.5 does not exist" in caught.value.message
    assert caught.value.hint == "use acme/kimi-k2.6, which it lists now"
