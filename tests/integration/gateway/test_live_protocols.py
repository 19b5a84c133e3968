"""What a model writes arrives while it does, in AG-UI and in OpenAI's Responses, and is not told twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from parallel_agents.core.schema import Json
from parallel_agents.live_text.folder import FOLDER
from parallel_agents.settings import Settings
from parallel_agents.testing import Behaviour, Hold, LoopbackProvider
from tests.integration.gateway.test_agui import EVENT, asked, streaming, told
from tests.integration.gateway.test_responses import client_of
from tests.integration.other_processes import until
from tests.support.agui_client import AguiClient

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

TEXT = "Dear Ana, the tea is ready."
CONVERSATION: list[dict[str, Any]] = [
    {
        "id": "u1",
        "role": "user",
        "content": [{"type": "text", "text": "Is there tea?", "cited": 1}],
    },
    {
        "id": "a1",
        "role": "assistant",
        "toolCalls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ],
    },
    {"id": "t1", "role": "tool", "toolCallId": "c", "content": "yes"},
    {"id": "u2", "role": "user", "name": "ana", "content": "Then write to Ana."},
]
MODEL = {"pagents": {"model": "acme/m"}}


class Paced:
    """Lets a number of chunks pass, of all streams together."""

    def __init__(self, left: int) -> None:
        self.left = left

    def may_pass(self) -> bool:
        self.left -= self.left > 0
        return self.left > 0


@asynccontextmanager
async def served_by(serving: Serving, paced: Paced) -> AsyncGenerator[Served]:
    """A gateway and a worker, with a model that writes as it is let to."""
    behaviour = Behaviour(
        answer=lambda _: TEXT,
        chunk_characters=3,
        fault=lambda _number, _body: Hold(paced.may_pass),
    )
    async with LoopbackProvider(behaviour) as provider:
        acme: dict[str, Json] = {"base_url": provider.base_url, "wire": "chat"}
        settings = Settings(model="acme/m", providers={"acme": acme})
        async with serving(settings) as served, served.worker(), asyncio.timeout(30):
            served.add_greeter()
            yield served


def messages_of(frames: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    client = AguiClient(CONVERSATION)
    for _, event in frames:
        EVENT.validate_python(event)
        client.take(event)
    return client.messages


async def nothing_is_left(served: Served) -> bool:
    folder = served.environment.home / FOLDER
    await until(lambda: not list(folder.iterdir()))
    return True


async def test_agui_tells_a_text_while_it_is_written_also_to_a_client_that_was_cut_off(
    serving: Serving,
) -> None:
    paced = Paced(4)
    before: list[tuple[str, dict[str, Any]]] = []
    async with served_by(serving, paced) as served:
        body = asked(forwardedProps=MODEL, messages=CONVERSATION)
        async with streaming(served, "greeter", body) as frames:
            async for frame in frames:
                before.append(frame)
                if frame[1]["type"] == "TEXT_MESSAGE_CONTENT":
                    break
        written = before[-1][1]["delta"]
        paced.left = 1000
        after = await told(served, "greeter", body, Last_Event_ID=before[-1][0])
        whole = await told(served, "greeter", body)
        await nothing_is_left(served)

    assert TEXT.startswith(written)
    assert written != TEXT
    assert after[0][1]["type"] == "MESSAGES_SNAPSHOT"
    assert messages_of(before + after) == messages_of(whole)
    assert after[0][1]["messages"][:-1] == CONVERSATION
    assert messages_of(whole)[-1]["content"] == TEXT
    assert "~" not in "".join(place for place, _ in whole)


async def test_a_snapshot_has_what_was_said_before_to_a_client_that_sends_only_what_is_new(
    serving: Serving,
) -> None:
    paced = Paced(1000)
    context = [{"description": "page", "value": "5"}]
    rule = {"id": "s", "role": "system", "content": "Be brief."}
    question = {"id": "u", "role": "user", "content": "Is there tea?"}
    news = [{**question, "id": "u2"}]
    before: list[tuple[str, dict[str, Any]]] = []
    async with served_by(serving, paced) as served:
        begins = asked(context=context, forwardedProps=MODEL, messages=[rule, question])
        first = await told(served, "greeter", begins)
        paced.left = 4
        body = asked(run="r2", context=context, forwardedProps=MODEL, messages=news)
        async with streaming(served, "greeter", body) as frames:
            async for frame in frames:
                before.append(frame)
                if frame[1]["type"] == "TEXT_MESSAGE_CONTENT":
                    break
        paced.left = 1000
        after = await told(served, "greeter", body, Last_Event_ID=before[-1][0])

    (begun,) = (each["messageId"] for _, each in first if each["type"] == "TEXT_MESSAGE_START")
    assert after[0][1]["type"] == "MESSAGES_SNAPSHOT"
    *asked_before, answered, news_told, _ = after[0][1]["messages"]
    assert [{**each, "id": ""} for each in asked_before] == [
        {**rule, "id": ""},
        {**question, "id": ""},
    ]
    assert answered == {"id": begun, "role": "assistant", "content": TEXT}
    assert [news_told] == news


async def test_agui_tells_what_the_agents_of_a_team_write(serving: Serving) -> None:
    paced = Paced(6)
    live: list[tuple[str, dict[str, Any]]] = []
    async with served_by(serving, paced) as served:
        body = asked("Tea", forwardedProps=MODEL)
        async with streaming(served, "content", body) as frames:
            async for frame in frames:
                live.append(frame)
                if frame[1]["type"] == "TEXT_MESSAGE_CONTENT":
                    paced.left = 100_000
        whole = await told(served, "content", body)

    first = next(each for _, each in live if each["type"] == "TEXT_MESSAGE_CONTENT")
    assert TEXT.startswith(first["delta"])
    assert first["delta"] != TEXT
    assert first["subagentRunId"] in {each.get("subagentRunId") for _, each in whole}
    by_id = [{each["id"]: each for each in messages_of(frames)} for frames in (live, whole)]
    assert by_id[0] == by_id[1]


async def test_responses_tells_a_text_while_it_is_written(serving: Serving) -> None:
    paced = Paced(4)
    async with served_by(serving, paced) as served, client_of(served) as client:
        written = ""
        async with client.responses.stream(
            model="greeter", input="Hello", extra_body=MODEL
        ) as stream:
            async for event in stream:
                if event.type == "response.output_text.delta":
                    written = written or event.delta
                    paced.left = 1000
            final = await stream.get_final_response()
        again = await client.responses.retrieve(final.id)
        await nothing_is_left(served)

    assert TEXT.startswith(written)
    assert written != TEXT
    assert final.output_text == again.output_text == TEXT
    assert final.output[0].to_dict()["id"] == again.output[0].to_dict()["id"]
