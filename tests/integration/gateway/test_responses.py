"""OpenAI Responses: OpenAI's own client talks to agents and teams, and reads what went wrong."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import openai
import orjson
import pytest

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

CALM = {"pagents": {"model": "sim/calm"}}


@asynccontextmanager
async def client_of(served: Served, token: str | None = None) -> AsyncGenerator[openai.AsyncOpenAI]:
    key = served.tokens.operate if token is None else token
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key=key) as client:
        yield client


async def test_an_agent_answers_and_remembers_what_was_said_before(serving: Serving) -> None:
    async with serving() as served, served.worker(), client_of(served) as client:
        served.add_greeter()
        first = await client.responses.create(model="greeter", input="Hello", extra_body=CALM)
        stream = await client.responses.create(
            model="greeter",
            input="Goodbye",
            previous_response_id=first.id,
            stream=True,
            extra_body=CALM,
        )
        events = [event async for event in stream]
        last = events[-1]
        assert last.type == "response.completed"
        again = await client.responses.retrieve(last.response.id)
        with pytest.raises(openai.BadRequestError, match="not the last") as branched:
            await client.responses.create(
                model="greeter", input="What?", previous_response_id=first.id, extra_body=CALM
            )
        code = await client.responses.create(
            model="code_reviewer",
            input='{"code": "x = 1", "language": "python"}',
            background=True,
            extra_body=CALM,
        )
        _, runs = await served.get("/runs?filter=agent:greeter")
        _, prompts = await served.get(f"/runs/{runs['items'][0]['id']}/prompts")
        assert len(runs["items"]) == 1

    assert (first.status, first.model, bool(first.output_text)) == ("completed", "greeter", True)
    assert first.usage is not None
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens > 0
    assert [event.type for event in events if event.type != "response.output_text.delta"] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    deltas = "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert deltas == last.response.output_text == again.output_text
    assert again.usage == last.response.usage
    assert branched.value.code == "PA-E326"
    assert (code.status, code.background) == ("queued", True)
    assert "Hello" in str(prompts["items"][-1])


async def test_of_two_that_continue_a_response_at_once_one_does(serving: Serving) -> None:
    async with serving() as served, served.worker(), client_of(served) as client:
        served.add_greeter()
        first = await client.responses.create(model="greeter", input="Hello", extra_body=CALM)

        async def continued(number: int) -> int:
            body = {
                "model": "greeter",
                "input": f"Number {number}",
                "background": True,
                "previous_response_id": first.id,
                **CALM,
            }
            async with served.http.post("/v1/responses", json=body) as answer:
                return answer.status

        found = await asyncio.gather(*(continued(number) for number in range(20)))

    assert found.count(200) == 1


async def test_a_team_is_a_model_and_a_run_continues_when_its_client_has_left(
    serving: Serving,
) -> None:
    async with serving() as served, served.worker(), client_of(served) as client:
        key = {"Idempotency-Key": "once only"}
        stream = await client.responses.create(
            model="content", input="Tea", stream=True, extra_body=CALM, extra_headers=key
        )
        created = await anext(aiter(stream))
        assert created.type == "response.created"
        await stream.close()
        whole = await client.responses.create(
            model="content", input="Tea", extra_body=CALM, extra_headers=key
        )
        first = await client.responses.create(model="content", input="Rain", extra_body=CALM)
        again = await client.responses.create(
            model="content",
            input="Rain",
            extra_body=CALM,
            extra_headers={"X-Stainless-Retry-Count": "1"},
        )
        assert again.id == first.id
        names = [model.id async for model in client.models.list()]
        team = await client.models.retrieve("content")
        async with asyncio.timeout(10):
            while served.gateway.hub.listeners:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)

    assert whole.id == created.response.id
    assert whole.output_text.count("## ") == 5
    assert {"code_reviewer", "content"} <= set(names)
    assert team.owned_by == "team"


async def test_what_goes_wrong_is_an_error_of_openai_with_our_code(serving: Serving) -> None:
    async with serving() as served:
        async with client_of(served) as client:
            ask = client.responses.create
            with pytest.raises(openai.NotFoundError) as unknown:
                await ask(model="code_reviwer", input="x")
            with pytest.raises(openai.NotFoundError) as gone:
                await ask(model="main", input="x", previous_response_id="resp_1")
            with pytest.raises(openai.BadRequestError) as lacking:
                await ask(model="review", input="x")
            with pytest.raises(openai.BadRequestError) as tools:
                await ask(model="main", input="x", tools=[{"type": "web_search"}])
            with pytest.raises(openai.NotFoundError) as path:
                await client.chat.completions.create(model="main", messages=[])
        async with client_of(served, served.tokens.read) as client:
            with pytest.raises(openai.PermissionDeniedError) as reading:
                await client.responses.create(model="main", input="x")
            assert [model.id async for model in client.models.list()]
        async with client_of(served, "wrong-token-0123456789") as client:
            with pytest.raises(openai.AuthenticationError) as wrong:
                await client.models.list()
        _, runs = await served.get("/runs")

    found = (unknown, gone, lacking, tools, path, reading, wrong)
    assert [each.value.code for each in found] == [
        "PA-E102",
        "PA-E104",
        "PA-E101",
        "PA-E326",
        "PA-E388",
        "PA-E384",
        "PA-E383",
    ]
    assert "code_reviewer" in unknown.value.message
    assert runs["items"] == []


BODIES = (
    b"",
    b"[]",
    b"{",
    b'{"model": 1, "input": "x"}',
    b'{"model": "main", "input": []}',
    b'{"model": "main", "input": {}}',
    b'{"model": "main", "input": [{"role": "wizard", "content": "x"}]}',
    b'{"model": "main", "input": [{"type": "function_call_output", "output": "x"}]}',
    b'{"model": "main", "input": [{"role": "user", "content": [{"type": "input_image"}]}]}',
    b'{"model": "main", "input": [{"role": "assistant", "content": "x"}]}',
    b'{"model": "main", "input": "x", "text": {"format": {"type": "json_schema"}}}',
    b'{"model": "main", "input": "x", "pagents": {"folder": "/"}}',
    b'{"model": "main", "input": "x", "stream": "yes"}',
    b'{"model": "../../etc/passwd", "input": "x"}',
    b'{"model": "main", "input": "\\ud800"}',
    b'{"model": "main", "input": "\\u0000"}',
    b'{"model": "main", "input": "x", "previous_response_id": "resp_%s"}' % (b"f" * 400),
    json.dumps({"model": "main", "input": "x" * 4_000_001}).encode(),
)


async def test_a_body_that_cannot_be_one_starts_nothing(serving: Serving) -> None:
    headers = {"Content-Type": "application/json"}
    found: list[tuple[bytes, int, str, str]] = []
    async with serving() as served:
        for body in BODIES:
            given = io.BytesIO(body)
            async with served.http.post("/v1/responses", data=given, headers=headers) as answer:
                error = orjson.loads(await answer.read())["error"]
                retried = answer.headers["x-should-retry"]
                found.append((body[:80], answer.status, error["code"][:4], retried))
        _, runs = await served.get("/runs")

    assert [each for each in found if each[1] not in (400, 404)] == []
    assert {each[2:] for each in found} == {("PA-E", "false")}
    assert runs["items"] == []
