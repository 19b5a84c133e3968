"""Work at a distance: teams, goals, tools, retries and limits of another machine, whatever the line does."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

import parallel_agents as pa
from parallel_agents.artifacts import ArtifactFolder
from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.dead_letter import Edits
from parallel_agents.core.ids import RunId, make_name
from parallel_agents.core.question import Answer
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.run import RunStatus
from parallel_agents.errors import (
    Conflict,
    GatewayUnreachable,
    InvalidFile,
    InvalidInput,
    NotAtDistance,
    NotAuthorized,
    OnlyReads,
    UnknownAgent,
)
from parallel_agents.gateway_client.bodies import Goal, NamedTeam
from parallel_agents.gateway_client.following import follow
from parallel_agents.gateway_client.listening import Listening
from parallel_agents.gateway_client.verbs import RemoteSessions
from parallel_agents.gateway_client.wire import FORMAT, WAIT, Asked as AskedOf, encode
from tests.integration.gateway.test_client import KEY, answering
from tests.integration.gateway.test_client_contract import distant_of

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving

INPUT = {"code": "x = 1", "language": "python"}
TASK = pa.Task("code_reviewer", "Look", input=INPUT, model="sim/calm")
TEAM = pa.TeamTask(tasks=(TASK, TASK), name="pair")
HEAD = "name: pair\ndescription: Two.\ninput: {type: object, properties: {topic: {type: string}}}\n"
FILE = HEAD + (
    "tasks:\n  - {agent: main, label: one, text: Tea}\n"
    "  - {agent: main, label: two, text: More, needs: [one]}\n"
)


async def test_two_clients_with_one_key_at_once_have_one_team(serving: Serving) -> None:
    async with (
        serving() as served,
        served.worker(),
        pa.connect(served.url, token=served.tokens.operate) as one,
        pa.connect(served.url, token=served.tokens.operate) as other,
    ):
        handles = await asyncio.gather(
            one.spawn_team(TEAM, key="k"), other.spawn_team(TEAM, key="k")
        )
        result = await one.team_result(handles[0])
        with pytest.raises(Conflict):
            await one.spawn_team(pa.TeamTask(tasks=(TASK,), name="pair"), key="k")
        with pytest.raises(UnknownAgent):
            await one.spawn_team(pa.TeamTask(tasks=(pa.Task("../x", "Go"),)))
        with pytest.raises(NotAtDistance):
            await one.spawn_flow(_flow)
        rows = await one.list()

    assert sorted(handle.is_new for handle in handles) == [False, True]
    assert handles[0].key == handles[1].key
    assert [each.status for each in result.results] == [RunStatus.DONE, RunStatus.DONE]
    assert len(rows) == 3


async def _flow(flow: pa.Flow) -> str:
    return flow.key


GATED = "Tea, gates: [{command: [id]}]"


def _file(text: str) -> NamedTeam:
    return NamedTeam(team="pair.yaml", files={"pair.yaml": text}, key=make_name())


async def test_files_of_another_machine_are_priced_and_run_as_data(serving: Serving) -> None:
    asked = _file(FILE)
    async with serving() as served, served.worker(), distant_of(served) as distant:
        price = await distant.sessions.price(asked)
        with pytest.raises(InvalidFile) as wrong:
            await distant.sessions.price(_file(FILE.replace("agent: main", "agent: mian")))
        with pytest.raises(NotAtDistance):
            await distant.sessions.spawn_named_team(_file(FILE.replace("Tea", GATED)))
        assert await distant.sessions.list() == []
        first = await distant.sessions.spawn_named_team(asked)
        again = await distant.sessions.spawn_named_team(asked)

    assert ([task.agent for task in price.tasks], price.is_sketch) == (["main", "main"], True)
    assert "pair.yaml:5" in wrong.value.message
    assert (first.is_new, again.is_new, again.run_id) == (True, False, first.run_id)


async def test_a_goal_is_priced_there_on_the_model_that_it_names_or_refused(
    serving: Serving,
) -> None:
    goal = Goal(goal="Tea", model="sim/price-change")
    async with serving() as served, distant_of(served) as distant:
        price = await distant.sessions.price_goal(
            replace(goal, plan="p.yaml", files={"p.yaml": FILE})
        )
        with pytest.raises(InvalidInput, match="cannot plan"):
            await distant.sessions.price_goal(goal)
        with pytest.raises(UnknownAgent):
            await distant.sessions.price_goal(replace(goal, agents=["nobody"]))
        assert await distant.sessions.list() == []

    assert price.is_sketch
    assert [task.model for task in price.tasks] == ["sim/price-change"] * 2
    assert [task.first_call_at_most is not None for task in price.tasks] == [True, True]


async def test_a_goal_waits_for_a_yes_from_another_machine(serving: Serving) -> None:
    goal = Goal(goal="Tea", plan="p.yaml", files={"p.yaml": FILE}, is_asked=True, key="g")
    async with serving() as served, served.worker(), distant_of(served) as distant:
        spawned = await distant.sessions.spawn_goal(goal)
        async with asyncio.timeout(30), aclosing(distant.sessions.follow("g")) as events:
            async for event in events:
                if isinstance(event.body, Asked):
                    break
        waiting = await distant.sessions.questions()
        await distant.sessions.answer(waiting[0].id, Answer(allow=False, text="stop"))
        (result,) = await distant.sessions.wait([spawned.run_id], timeout=30)

    assert waiting[0].question.text.startswith("May this plan run?")
    assert result.error is not None
    assert result.error.code == "PA-E341"


async def test_what_failed_there_is_priced_retried_and_dropped_and_limits_are_set(
    serving: Serving,
) -> None:
    async with serving() as served, served.worker(), distant_of(served) as distant:
        sessions = distant.sessions
        gate = pa.ConditionGate(condition="summary == 'no'")
        spawned = await sessions.spawn(replace(TASK, gates=(gate,)))
        await sessions.wait([spawned.run_id], timeout=30)
        (letter,) = await sessions.dead_letters()
        price = await sessions.price_retry(letter)
        lacking = await sessions.price_retry(letter, Edits(model="openai/gpt-5"))
        retried = await sessions.retry(letter)
        await sessions.wait([retried.run_id], timeout=30)
        dropped = await sessions.drop(await sessions.dead_letters())
        signs = await distant.journal.health()
        tool = await distant.tools.call(
            "sessions_list", {}, client="", longest_wait=5.0, allow_answers=False
        )
        limit = await distant.limits.set_limit("openai/gpt-5", RateLimit(requests_per_minute=7))
        reset = await distant.limits.reset_limit("openai/gpt-5")
        with pytest.raises(UnknownAgent, match="codr"):
            await distant.limits.reset_limit("agent:codr")

    assert (price.model, price.first_call_at_most is not None) == ("sim/calm", True)
    assert (price.missing_keys, lacking.missing_keys) == ((), ("OPENAI_API_KEY",))
    assert retried.session_key != spawned.session_key
    assert dropped >= 1
    assert signs
    assert tool["count"] == 2, tool
    assert limit.limit is not None
    assert limit.limit.requests_per_minute == 7
    assert reset.limit is None or not reset.limit.is_bound


async def test_a_name_means_what_failed_last_of_its_task_over_http_too(serving: Serving) -> None:
    task = replace(TASK, limits=pa.Limits(timeout_seconds=0.02))
    async with serving() as served, served.worker(), distant_of(served) as distant:
        sessions = distant.sessions
        failing = await sessions.spawn(task)
        await sessions.wait([failing.run_id], timeout=30)
        (first,) = await sessions.dead_letters()
        second = await sessions.retry(first)
        await sessions.wait([second.run_id], timeout=30)
        retried = await sessions.retry(first)  # which means the one that has replaced it now
        await sessions.wait([retried.run_id], timeout=30)
        chosen = pa.DeadLetterFilter(tree=failing.session_key)
        (letter,) = await sessions.dead_letters(chosen)
        _, listed = await served.get(f"/dead-letters?in={failing.session_key}")
        dropped, _ = await served.post("/dead-letters/drop", {"names": [failing.session_key]})
        left = await sessions.dead_letters()
        _, again = await served.post("/dead-letters/drop", {"names": [failing.session_key]})

    assert letter.session.key == retried.session_key != second.session_key
    assert [each["run_id"] for each in listed["items"]] == [retried.run_id]
    assert (dropped, left) == (200, [])
    assert again["why"] == "what failed of it was dropped, or its retry is done"


async def test_what_somebody_killed_there_is_priced_and_tried_again(serving: Serving) -> None:
    chosen = pa.DeadLetterFilter(killed=True)
    async with serving() as served, distant_of(served) as distant:
        sessions = distant.sessions
        spawned = await sessions.spawn(TASK)
        await sessions.kill(spawned.session_key)
        (letter,) = await sessions.dead_letters(chosen)
        price = await sessions.price_retry(letter)
        retried = await sessions.retry(letter)
        left = await sessions.dead_letters(chosen)

    assert letter.session.key == spawned.session_key
    assert price.model == "sim/calm"
    assert retried.is_new
    assert left == []


async def test_the_journal_is_verified_there_and_contents_of_nobody_are_removed(
    serving: Serving,
) -> None:
    async with serving() as served, distant_of(served) as distant:
        content = ArtifactFolder(served.environment.home).put([b"lost"], 10)
        first = await distant.journal.verify_new()
        again = await distant.journal.verify_new(first.chain.head)
        other = await distant.journal.verify_new("1" * 64)
        async with distant_of(served, served.tokens.read) as reads:
            with pytest.raises(OnlyReads):
                await reads.sharing.clean(everything=True, dry_run=False)
        young = await distant.sharing.clean(everything=False, dry_run=False)
        foreseen = await distant.sharing.clean(everything=True, dry_run=True)
        gone = await distant.sharing.clean(everything=True, dry_run=False)
        left = await distant.sharing.clean(everything=True, dry_run=False)

    assert (first.is_intact, first.earlier) == (True, None)
    assert again.earlier is not None
    assert not other.is_intact
    assert [[each.id for each in part] for part in young] == [[], [content.id]]
    assert [each.id for each in foreseen[0]] == [content.id]
    assert gone == foreseen
    assert left == ((), ())


async def test_a_wait_survives_that_the_gateway_is_started_again() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if 1 < len(asked) < 5:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(
            body=b'{"format": %d, "value": %s}' % (FORMAT, encode([])),
            content_type="application/json",
        )

    async with answering(answer) as exchange:
        await exchange.look(WAIT, AskedOf(look=WAIT.name))
        found = await RemoteSessions(exchange, Listening(exchange)).wait([RunId("r")])

    assert found == []
    assert len(asked) == 5


async def test_a_wait_that_has_a_bound_ends_by_it_while_nobody_answers() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with answering(answer) as exchange, asyncio.timeout(20):
        with pytest.raises(GatewayUnreachable):
            await RemoteSessions(exchange, Listening(exchange)).wait([RunId("r")], timeout=0.5)


async def test_a_stream_whose_token_was_replaced_is_not_asked_for_again() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if len(asked) == 1:
            reply = web.StreamResponse(headers={"content-type": "text/event-stream"})
            await reply.prepare(request)
            return reply
        problem = {"code": NotAuthorized.code, "title": "the token is wrong"}
        return web.json_response(problem, status=401)

    async with answering(answer) as exchange:
        with pytest.raises(NotAuthorized):
            async for _ in follow(exchange, KEY, 0):
                pass

    assert len(asked) == 2
