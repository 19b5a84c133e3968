"""Gateway: what a person does from a terminal, done over HTTP, on a home with a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from multidict import CIMultiDict

from parallel_agents.app.opening import open_client
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.gateway_client.wire import FOLLOW, LISTEN, LOOK
from parallel_agents.settings import Settings
from parallel_agents.surfaces.gateway.routes import Form
from parallel_agents.surfaces.gateway.table import ROUTES
from parallel_agents.testing import Behaviour, Hold, LoopbackProvider
from tests.integration.other_processes import until

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

TASK = {
    "agent": "code_reviewer",
    "text": "Look",
    "input": {"code": "x = 1", "language": "python"},
    "model": "sim/calm",
}


async def test_a_run_is_spawned_once_under_a_key_and_its_result_is_read(serving: Serving) -> None:
    async with serving() as served, served.worker():
        first = await served.post("/runs", TASK, Idempotency_Key="k1")
        again = await served.post("/runs", TASK, Idempotency_Key="k1")
        other = await served.post("/runs", {**TASK, "text": "Else"}, Idempotency_Key="k1")
        two = await served.post("/runs", {**TASK, "key": "k2"}, Idempotency_Key="k3")
        name = first[1]["id"]
        waited = await served.get(f"/wait?names={name}")
        results = await served.get(f"/runs/{name}/results")
        history = await served.get(f"/runs/{name}/history?after=0&limit=2")
        audit = await served.get(f"/audit?in={name}")

    assert (first[0], first[1]["is_new"]) == (201, True)
    assert (again[0], again[1]["is_new"]) == (200, False)
    assert again[1]["run_id"] == first[1]["run_id"]
    assert (other[0], other[1]["code"]) == (409, "PA-E106")
    assert (two[0], two[1]["is_new"]) == (201, True)
    assert waited[1]["live"] == []
    assert results[1]["items"] == waited[1]["results"]
    assert {each["label"] for each in history[1]["items"]} == {"code_reviewer"}
    assert history[1]["next"] == f"/api/v1/runs/{name}/history?after=2&limit=2"
    assert audit[1]["items"][0]["who"] == "ana by gateway (operate token, 127.0.0.1)"


async def test_a_message_takes_effect_once_under_a_key(serving: Serving) -> None:
    async with serving() as served, served.worker():
        _, spawned = await served.post("/runs", TASK)
        path = f"/runs/{spawned['id']}/messages"
        first = await served.post(path, {"text": "more"}, Idempotency_Key="s1")
        again = await served.post(path, {"text": "more"}, Idempotency_Key="s1")
        other = await served.post(path, {"text": "else"}, Idempotency_Key="s1")

    assert (first[0], again[0], other[0]) == (201, 200, 409)
    assert again[1]["run_id"] == first[1]["run_id"]


@pytest.mark.parametrize("keys", [("",), ("k" * 201,), ("k1", "k2")])
async def test_a_key_that_cannot_be_one_is_refused(serving: Serving, keys: tuple[str, ...]) -> None:
    headers = CIMultiDict([("Idempotency-Key", key) for key in keys])
    async with (
        serving() as served,
        served.http.post("/api/v1/runs", json=TASK, headers=headers) as answer,
    ):
        status = answer.status
        listed = await served.get("/runs")

    assert status == 400
    assert listed[1]["items"] == []


async def test_an_empty_key_in_a_body_is_refused_too(serving: Serving) -> None:
    work: dict[str, dict[str, Any]] = {
        "/runs": TASK,
        "/runs/x/fork": {"text": "More"},
        "/goals": {"goal": "Tea"},
        "/maps": {"agent": "greeter", "text": "Say {t}", "rows": [{"t": "tea"}]},
    }
    async with serving() as served:
        answers = [await served.post(path, {**body, "key": ""}) for path, body in work.items()]
        listed = await served.get("/runs")

    assert [(status, answer["title"]) for status, answer in answers] == [
        (422, "the key is empty")
    ] * len(work)
    assert listed[1]["items"] == []


async def test_an_empty_message_is_refused_by_each_route_alike(serving: Serving) -> None:
    paths = ("messages", "steer", "fork")
    async with serving() as served, served.worker():
        _, spawned = await served.post("/runs", TASK)
        await served.get(f"/wait?names={spawned['id']}")
        answers = [
            await served.post(f"/runs/{spawned['id']}/{path}", {"text": " "}) for path in paths
        ]

    assert [(status, answer["title"]) for status, answer in answers] == [
        (422, "the message is empty")
    ] * len(paths)


async def test_a_client_resumes_after_an_event_that_was_pruned_meanwhile(serving: Serving) -> None:
    async with serving() as served, served.worker():
        _, spawned = await served.post("/runs", TASK)
        await served.get(f"/wait?names={spawned['id']}")
        _, before = await served.get("/events?after=0")
        last = before["items"][-1]["seq"]
        async with open_client(served.environment, served.settings) as client:
            pruned = await client.care.prune(
                await client.care.named([spawned["session_key"]]), is_named=True
            )
    async with serving() as served:
        status, after = await served.get(f"/events?after={last}")

    assert pruned.step.trees == 1
    assert (status, after["items"]) == (200, [])


async def queued(served: Served, text: str = "Look", *, id: str | None = None) -> str:
    """A session whose run waits: another client spawned it, and asked for no worker."""
    code = {"code": "x = 1", "language": "python"}
    task = Task("code_reviewer", text, input=code, model="sim/calm", key=id)
    heard = asyncio.Event()
    with served.gateway.hub.listening(lambda _: heard.set()):
        async with open_client(served.environment, served.settings) as client:
            key = (await client.sessions.spawn(task)).session_key
            await heard.wait()
    return key


async def test_a_live_run_is_steered_once_and_killed_after_a_look(serving: Serving) -> None:
    async with serving() as served:
        name = await queued(served)
        receipts = [
            await served.post(f"/runs/{name}/steer", {"text": text}, Idempotency_Key="k")
            for text in ("shorter", "shorter", "longer")
        ]
        seen = await served.post(f"/runs/{name}/kill", {"dry_run": True})
        killed = await served.post(f"/runs/{name}/kill", {})
        late = await served.post(f"/runs/{name}/steer", {"text": "x"})
        events = await served.get("/events?after=0&kinds=steered,finished")

    assert [status for status, _ in receipts] == [200, 200, 409]
    assert receipts[0][1] == receipts[1][1]
    assert seen[1]["runs"] == killed[1]["runs"]
    assert late[0] == 409
    assert [each["event"]["kind"] for each in events[1]["items"]] == ["steered", "finished"]
    assert {each["event"]["by"] for each in events[1]["items"]} == {
        "ana by gateway (operate token, 127.0.0.1)"
    }


async def test_lists_have_pages_and_the_filter_of_the_command_line(serving: Serving) -> None:
    async with serving() as served:
        for text in ("one", "two", "three"):
            await queued(served, text)
        _, page = await served.get("/runs?limit=2")
        _, rest = await served.get(page["next"].removeprefix("/api/v1"))
        _, some = await served.get("/runs?filter=state:queued two")
        status, wrong = await served.get("/runs?filter=stat:queued")
        _, page_again = await served.get(page["next"].removeprefix("/api/v1"))

    assert (page["counts"], page["truncated"]) == ({"items": 2, "total": 3}, True)
    assert (len(rest["items"]), rest["next"]) == (1, None)
    assert len(some["items"]) == 1
    assert (status, wrong["code"]) == (422, "PA-E101")
    assert page_again["items"] == rest["items"]


async def test_a_client_that_has_the_answer_is_told_so(serving: Serving) -> None:
    async with serving() as served:
        name = await queued(served)
        for path in (f"/runs/{name}/history", "/runs"):
            url = f"/api/v1{path}"
            async with served.http.get(url) as answer:
                tag = answer.headers["etag"]
            async with served.http.get(url, headers={"If-None-Match": tag}) as answer:
                assert answer.status == 304
        await served.post(f"/runs/{name}/steer", {"text": "x"})
        async with served.http.get(
            f"/api/v1/runs/{name}/history", headers={"If-None-Match": tag}
        ) as answer:
            assert answer.status == 200


async def pieces(answer: Any, count: int) -> list[tuple[int, dict[str, Any]]]:
    """So many events of a stream, with their ids."""
    found: list[tuple[int, dict[str, Any]]] = []
    number = 0
    async for line in answer.content:
        if line.startswith(b"id: "):
            number = int(line[4:])
        if line.startswith(b"data: "):
            found.append((number, orjson.loads(line[6:])))
        if len(found) == count:
            return found
    return found


async def test_a_stream_of_events_goes_on_where_it_broke(serving: Serving) -> None:
    sse = {"Accept": "text/event-stream"}
    async with serving() as served:
        first = await queued(served)
        async with served.http.get("/api/v1/events?after=0", headers=sse) as answer:
            before = await pieces(answer, 1)
        second = await queued(served)
        last = {**sse, "Last-Event-ID": str(before[0][0])}
        async with served.http.get("/api/v1/events?after=0", headers=last) as answer:
            after = await pieces(answer, 1)
            third = await queued(served)
            live = await pieces(answer, 1)
        async with served.http.get(
            "/api/v1/events", headers={**sse, "Last-Event-ID": "999"}
        ) as answer:
            status = answer.status

    assert [each["session_key"] for _, each in (*before, *after, *live)] == [first, second, third]
    assert [number for number, _ in (*before, *after, *live)] == [1, 2, 3]
    assert all(each["label"] and each["path"] == [] for _, each in (*before, *after, *live))
    assert status == 422


async def told(socket: Any, kind: str, topic: str) -> dict[str, Any]:
    """The next message of a kind and topic; others may come before it, and twice."""
    while True:
        message = await socket.receive_json(timeout=10)
        if (message["kind"], message.get("topic")) == (kind, topic):
            return message


async def test_a_socket_tells_topics_and_resumes_by_number(serving: Serving) -> None:
    async with serving() as served:
        first = await queued(served)
        protocols = ("pagents.v1", f"bearer.{served.tokens.read}")
        async with served.http.ws_connect("/api/v1/live", protocols=protocols) as socket:
            assert socket.protocol == "pagents.v1"
            await socket.send_json({"subscribe": "runs"})
            whole = await told(socket, "snapshot", "runs")
            await socket.send_json({"subscribe": f"session:{first}", "after": 0})
            missed = await told(socket, "delta", f"session:{first}")
            second = await queued(served)
            change = await told(socket, "delta", "runs")
            while second not in (each["session_key"] for each in change["items"]):
                change = await told(socket, "delta", "runs")
            await socket.send_json({"subscribe": "weather"})
            error = await told(socket, "error", "weather")

    assert whole["total"] == 1
    assert [(each["seq"], each["path"]) for each in missed["events"]] == [(1, [])]
    assert missed["events"][0]["label"] == missed["items"][0]["label"]
    assert change["seq"] == 2
    assert error["problem"]["code"] == "PA-E104"


async def test_every_read_answers_on_an_empty_home_and_says_what_is_missing(
    serving: Serving,
) -> None:
    async with serving() as served:
        for route in ROUTES:
            if route.method != "GET" or route.path in (
                "/wait",
                "/search",
                "/compare",
                LOOK,
                FOLLOW,
                LISTEN,
            ):
                continue
            if route.form is Form.TEXT:
                continue
            path = route.whole_path
            for name in ("{name}", "{artifact}", "{id}"):
                path = path.replace(name, "nothing")
            async with served.http.get(path) as answer:
                status, found = answer.status, await answer.json(content_type=None)
            assert status == (404 if "{" in route.path else 200), path
            assert "code" in found or "error" in found or "{" not in route.path


async def test_values_of_no_form_are_never_a_fault_of_ours(serving: Serving) -> None:
    values = ["", "%00", "%ff", "@last", "..%2f..%2fetc%2fpasswd", "x" * 400, "%F0%9F%98%80", "-1"]
    async with serving() as served:
        for route in ROUTES:
            for value in values:
                path = route.whole_path
                for name in ("{name}", "{model}", "{id}", "{artifact}"):
                    path = path.replace(name, value or "%20")
                async with served.http.request(
                    route.method, f"{path}?after={value}&limit={value}", json={"x": value}
                ) as answer:
                    assert answer.status < 500, (route.method, path, await answer.text())


async def test_an_empty_value_of_any_member_is_never_a_fault_of_ours(serving: Serving) -> None:
    async with serving() as served:
        _, described = await served.get("/openapi.json")
        sent = list(bodies_with_an_empty_member(described))
        for path, body in sent:
            async with served.http.post(path.replace("{name}", "@last"), json=body) as answer:
                assert answer.status < 500, (path, body, await answer.text())

    assert ("/api/v1/dead-letters/retry", {"runs": [""]}) in sent


def bodies_with_an_empty_member(described: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each member of each body as an empty value of its type, with what is required beside it."""
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        body = schemas.get(reference.rpartition("/")[2], {})
        needed = {name: empties(body["properties"][name])[0] for name in body.get("required", ())}
        for name, member in body.get("properties", {}).items():
            for value in empties(member):
                yield path, {**needed, name: value}


def empties(schema: Any) -> list[Any]:
    options = [schema, *schema.get("anyOf", ())]
    by_type: dict[str, list[Any]] = {
        "string": [""],
        "array": [[], [""]],
        "object": [{}, {"": ""}],
        "integer": [schema.get("minimum", 0)],
        "number": [0],
        "boolean": [False, True],
    }
    return [value for each in options for value in by_type.get(each.get("type", ""), [])] or [None]


async def test_a_run_that_waits_for_a_slot_is_handed_over_at_once(serving: Serving) -> None:
    may_end = asyncio.Event()
    behaviour = Behaviour(fault=lambda _number, _body: Hold(may_end.is_set))
    async with LoopbackProvider(behaviour) as provider:
        acme: dict[str, Json] = {"base_url": provider.base_url, "wire": "chat"}
        settings = Settings(model="acme/m", providers={"acme": acme}, max_parallel=1)
        async with serving(settings) as served, served.worker():
            served.add_greeter()
            await served.post("/runs", {"agent": "greeter", "text": "Now"})
            await until(lambda: bool(provider.requests))
            handed = asyncio.ensure_future(
                served.post("/runs", {"agent": "greeter", "text": "Then"})
            )
            # A worker with a free slot would be given a second to claim it.
            late = asyncio.ensure_future(asyncio.sleep(0.9))
            await asyncio.wait((handed, late), return_when=asyncio.FIRST_COMPLETED)
            is_late = late.done()
            may_end.set()
            status, _ = await handed

    assert (is_late, status) == (False, 201)


async def test_an_agent_that_was_changed_since_the_start_is_spawned_as_it_is(
    serving: Serving,
) -> None:
    async with serving() as served, served.worker():
        file = served.environment.home / "agents" / "greeter.md"
        file.parent.mkdir(exist_ok=True)
        said: list[str] = []
        for words in ("Say hello.", "Say goodbye."):
            file.write_text(f"---\nname: greeter\ndescription: Greets people.\n---\n{words}\n")
            _, spawned = await served.post(
                "/runs", {"agent": "greeter", "text": "Now", "model": "sim/calm"}
            )
            await served.get(f"/wait?names={spawned['id']}")
            _, sent = await served.get(f"/runs/{spawned['id']}/prompts")
            said.append(sent["items"][0]["request"]["system"])

    assert "Say hello." in said[0]
    assert "Say goodbye." in said[1]


async def test_a_phrase_is_found_in_all_transcripts_page_by_page(serving: Serving) -> None:
    async with serving() as served:
        key = await queued(served, "savannah <b>calendar</b>", id="wild")
        await queued(served, "savannah")
        found = await served.get("/search?q=SAVANNAH%20calendar*")
        pages = [await served.get("/search?q=savannah&limit=1")]
        pages.append(await served.get(pages[0][1]["next"].removeprefix("/api/v1")))
        filtered = await served.get("/search?q=savannah&filter=state:done")
        odd = await served.get("/search?q=NEAR(%22a%00*&filter=agent:x")
        nothing = await served.get("/search?q=***")
        _, listed = await served.get("/runs")
        wrong = await served.get("/search?q=a&after=x")

    (hit,) = found[1]["items"]
    assert (found[1]["schema"], found[1]["not_indexed"]) == ("pagents.search/1", 0)
    assert (hit["session_key"], hit["role"], hit["agent"]) == (key, "task", "code_reviewer")
    assert hit["id"] == "wild"
    assert hit["id"] in [row["id"] for row in listed["items"]]
    assert [piece["text"] for piece in hit["snippet"] if piece["is_hit"]] == [
        "savannah",
        "calendar",
    ]
    assert len({page["items"][0]["seq"] for _, page in pages}) == 2
    assert pages[1][1]["next"] is None
    assert (filtered[0], filtered[1]["items"]) == (200, [])
    assert (odd[0], odd[1]["items"]) == (200, [])
    assert (nothing[0], wrong[0]) == (422, 422)


async def test_all_lanes_are_one_answer_that_grows_with_the_run(serving: Serving) -> None:
    async with serving() as served, served.worker():
        _, spawned = await served.post("/runs", TASK)
        path = f"/runs/{spawned['id']}"
        _, early = await served.get(f"{path}/lanes")
        await served.get(f"/wait?names={spawned['id']}")
        _, whole = await served.get(f"{path}/lanes")
        _, history = await served.get(f"{path}/history?after=0&limit=500")
        async with served.http.get(f"/api/v1{path}/lanes") as answer:
            tag = answer.headers["etag"]
        status, _ = await served.get(f"{path}/lanes", **{"if-none-match": tag})

    told = [sum(each[0] for each in whole["events"][: n + 1]) for n in range(len(whole["events"]))]
    kinds = [whole["kinds"][each[3]] for each in whole["events"]]
    seen = {each["seq"]: each["event"]["kind"] for each in history["items"]}
    assert early["events"] == whole["events"][: len(early["events"])]
    assert dict(zip(told, kinds, strict=True)) == {
        seq: kind for seq, kind in seen.items() if kind in whole["kinds"]
    }
    assert (whole["left"], whole["seq"], status) == (0, max(seen), 304)


async def test_what_cannot_be_read_gets_a_problem_document_too(serving: Serving) -> None:
    async with serving() as served:
        status, problem = await served.get(f"/runs?filter={'x' * 300_000}")

    assert (status, problem["status"], problem["code"]) == (400, 400, "PA-E386")
