"""AG-UI: a run is told in events that the protocol's package reads, and again from where a client left."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
from ag_ui.core import Event
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
JSON = {"Content-Type": "application/json"}
MODEL = {"pagents": {"model": "sim/calm"}}


def asked(text: str = "Say hello", run: str = "r1", **more: object) -> dict[str, object]:
    return {
        "threadId": "t1",
        "runId": run,
        "messages": [{"id": "1", "role": "user", "content": text}],
        "tools": [],
        "context": [],
        "state": {},
        "forwardedProps": MODEL,
        **more,
    }


@asynccontextmanager
async def streaming(
    served: Served, name: str, body: Mapping[str, object], **headers: str
) -> AsyncGenerator[AsyncGenerator[tuple[str, dict[str, Any]]]]:
    given = {key.replace("_", "-"): text for key, text in headers.items()}
    async with served.http.post(f"/agui/{name}", json=body, headers=given) as answer:
        assert answer.status == 200, await answer.text()

        async def frames() -> AsyncGenerator[tuple[str, dict[str, Any]]]:
            place = ""
            async for line in answer.content:
                if line.startswith(b"id: "):
                    place = line[4:].decode().strip()
                if line.startswith(b"data: "):
                    yield place, orjson.loads(line[6:])

        yield frames()


async def told(
    served: Served, name: str, body: Mapping[str, object], **headers: str
) -> list[tuple[str, dict[str, Any]]]:
    async with asyncio.timeout(30), streaming(served, name, body, **headers) as frames:
        return [frame async for frame in frames]


def kinds(frames: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    return [each["type"] for _, each in frames]


async def test_a_run_is_told_once_and_its_conversation_is_remembered(serving: Serving) -> None:
    async with serving() as served, served.worker():
        served.add_greeter()
        first = await told(served, "greeter", asked())
        again = await told(served, "greeter", asked())
        second = await told(served, "greeter", asked("Goodbye", "r2"))
        _, runs = await served.get("/runs")
        _, prompts = await served.get(f"/runs/{runs['items'][0]['id']}/prompts")
        other = [
            await refused(served, "greeter", asked("Something else", run)) for run in ("r1", "r2")
        ]

    for _, each in (*first, *second):
        EVENT.validate_python(each)
    assert kinds(first)[:2] == ["RUN_STARTED", "STATE_SNAPSHOT"]
    assert kinds(first)[-1] == "RUN_FINISHED"
    assert first[-1][1]["outcome"] == {"type": "success"}
    assert first[-1][1]["usage"][0]["totalTokens"] > 0
    assert again == first
    assert second[0][1]["runId"] == "r2"
    assert len(runs["items"]) == 1
    assert "Say hello" in str(prompts["items"][-1])
    assert other == [(409, "PA-E106")] * 2


async def test_a_later_message_cannot_have_limits_that_nothing_would_hold_it_to(
    serving: Serving,
) -> None:
    def limited(run: str, thread: str, **limits: float) -> dict[str, object]:
        props = {"pagents": {"model": "sim/calm", **limits}}
        return asked("Say hello", run, threadId=thread, forwardedProps=props)

    async with serving() as served, served.worker():
        served.add_greeter()
        await told(served, "greeter", asked())
        await told(served, "greeter", limited("r1", "t2", budget_usd=5.0))
        found = [
            await refused(served, "greeter", limited("r2", "t1", budget_usd=0.01)),
            await refused(served, "greeter", limited("r2", "t1", timeout_seconds=1)),
            await refused(served, "greeter", limited("r2", "t2", budget_usd=9.0)),
        ]
        same = await told(served, "greeter", limited("r2", "t2", budget_usd=5.0))

    assert [code for _, code in found] == ["PA-E326"] * 3
    assert kinds(same)[-1] == "RUN_FINISHED"


async def test_a_client_that_was_cut_off_gets_the_rest_without_a_loss_or_a_double(
    serving: Serving,
) -> None:
    async with serving() as served, served.worker():
        served.add_greeter()
        before: list[tuple[str, dict[str, Any]]] = []
        async with streaming(served, "greeter", asked()) as frames:
            async for frame in frames:
                before.append(frame)
                if len(before) == 3:
                    break
        after = await told(served, "greeter", asked(), Last_Event_ID=before[-1][0])
        whole = await told(served, "greeter", asked())
        rests = [await told(served, "greeter", asked(), Last_Event_ID=place) for place, _ in whole]
        last = whole[-1][0].partition(".")[0]
        served.add_greeter("Say hello in French.")
        nothing = await told(served, "greeter", asked(), Last_Event_ID=last)
        _, runs = await served.get("/runs")

    assert before + after == whole
    assert rests == [whole[number:] for number in range(1, len(whole) + 1)]
    assert (nothing, len(runs["items"])) == ([], 1)


async def test_a_team_is_a_run_whose_tasks_are_subagents(serving: Serving) -> None:
    async with serving() as served, served.worker():
        frames = await told(served, "content", asked("Tea"))
        again = await told(served, "content", asked("Tea"))

    for _, each in frames:
        EVENT.validate_python(each)
    started = [each for _, each in frames if each["type"] == "SUBAGENT_STARTED"]
    ended = [each for _, each in frames if each["type"] == "SUBAGENT_FINISHED"]
    texts = [each["delta"] for _, each in frames if each["type"] == "TEXT_MESSAGE_CONTENT"]
    assert len(started) == 5
    assert {each["subagentRunId"] for each in ended} == {each["subagentRunId"] for each in started}
    assert len(frames[-1][1]["result"]) == 5
    assert texts[-1].count("## ") >= 5
    assert again == frames


async def refused(served: Served, name: str, body: object, **headers: str) -> tuple[int, str]:
    given = {"Content-Type": "application/json"}
    given |= {key.replace("_", "-"): text for key, text in headers.items()}
    async with served.http.post(
        f"/agui/{name}", data=io.BytesIO(json.dumps(body).encode()), headers=given
    ) as answer:
        return answer.status, orjson.loads(await answer.read())["code"]


async def test_what_cannot_be_done_is_refused_before_anything_is_started(serving: Serving) -> None:
    image = [{"role": "user", "content": [{"type": "image"}]}]
    bodies: dict[str, object] = {
        "PA-E326 tools": asked(tools=[{"name": "x", "description": ""}]),
        "PA-E326 resume": asked(resume=[{"interruptId": "1"}]),
        "PA-E326 version": asked(protocolVersion="2.0"),
        "PA-E326 image": asked(messages=image),
        "PA-E101 state": asked(state=[1]),
        "PA-E101 number": asked(state={"n": 10**30}),
        "PA-E101 nobody": asked(messages=[]),
        "PA-E101 blank": asked("  "),
        "PA-E101 unknown wish": asked(forwardedProps={"pagents": {"command": "rm"}}),
        "PA-E101 types": {"threadId": 1, "runId": [], "messages": "x"},
        "PA-E101 empty": {},
        "PA-E101 no run": asked(run=""),
        "PA-E101 long": asked(run="x" * 501),
        "PA-E386 surrogate": asked("\ud800"),
        "PA-E101 list": [],
        "PA-E101 huge": asked("x" * 4_000_001),
    }
    async with serving() as served:
        found = [(name, await refused(served, "main", body)) for name, body in bodies.items()]
        unknown = [
            await refused(served, name, asked())
            for name in ("nobody_like_this", "team:main", "..%2f..%2fx")
        ]
        team = await refused(served, "review", asked())
        odd = await refused(served, "main", asked(), Last_Event_ID="later")
        future = await refused(served, "main", asked(), Last_Event_ID="99999999.1")
        read = f"Bearer {served.tokens.read}"
        reading = await refused(served, "main", asked(), Authorization=read)
        _, runs = await served.get("/runs")

    assert runs["items"] == []
    assert [(name, code) for name, (_, code) in found if name.split()[0] != code] == []
    assert unknown == [(404, "PA-E102")] * 3
    assert future == (422, "PA-E101")
    assert (team, odd, reading) == ((422, "PA-E101"), (422, "PA-E101"), (403, "PA-E384"))
