"""The seam of sessions and journal: what a client looks up at a distance is what the store of the home has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.errors import NotFound
from parallel_agents.settings import TOKEN_VARIABLE, URL_VARIABLE, Environment

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

Look = Callable[[Reader | Distant], Awaitable[object]]


@asynccontextmanager
async def distant_of(served: Served, token: str = "") -> AsyncGenerator[Distant]:
    """A client of the gateway on a machine that has no home."""
    async with open_distant(environment_of(served, token)) as distant:
        yield distant


def environment_of(served: Served, token: str = "") -> Environment:
    given = token or served.tokens.operate
    variables = {URL_VARIABLE: served.url, TOKEN_VARIABLE: given}
    return Environment(home=served.environment.home / "none", variables=variables)


LOOKS: dict[str, Look] = {
    "find": lambda it: it.sessions.find("@last"),
    "list": lambda it: it.sessions.list(),
    "list/first": lambda it: it.sessions.list(Filter(limit=1)),
    "list/states": lambda it: it.sessions.list(Filter(statuses=(RunStatus.DONE,), texts=("Look",))),
    "list/runs": lambda it: it.sessions.list(Filter(every_run=True)),
    "dead_letters": lambda it: it.sessions.dead_letters(DeadLetterFilter(agent="code_reviewer")),
    "questions": lambda it: it.sessions.questions(),
    "owners": lambda it: it.journal.owners(),
    "events": lambda it: it.journal.events(after=1, kinds={"finished", "queued"}),
    "events/none": lambda it: it.journal.events(kinds=()),
    "last_events": lambda it: it.journal.last_events(limit=3),
    "count_events": lambda it: it.journal.count_events(before=4),
    "count_rows": lambda it: it.journal.count_rows(Filter(roots_only=True)),
    "costs": lambda it: it.journal.costs(),
    "count_unanswered": lambda it: it.journal.count_unanswered(),
    "pages": lambda it: it.journal.pages(),
    "verify_all": lambda it: it.journal.verify_all(),
    "last_seq": lambda it: it.journal.last_seq(),
    "unsent": lambda it: it.journal.unsent(since=0.0),
    "vitals": lambda it: it.journal.vitals(since=0.0),
    "throttles": lambda it: it.limits.throttles(),
}


async def _of_one(it: Reader | Distant) -> list[object]:
    """Whatever is asked of a session that was found."""
    row = await it.sessions.find("@last")
    runs = await it.sessions.member_runs(row)
    key = row.session.key
    followed = [event async for event in it.sessions.follow(key, after=1)]
    return [
        row,
        runs,
        await it.sessions.members(row),
        await it.sessions.rows_of(runs),
        await it.sessions.results(runs),
        await it.sessions.team_result(key),
        await it.sessions.history(key),
        await it.sessions.history(key, after=2, limit=1),
        await it.sessions.child_runs(key),
        await it.sessions.children_named(key, ["none"]),
        await it.sessions.spent_below(row.run.id),
        await it.sessions.batches(key),
        await it.journal.budget(key),
        await it.journal.origins([key]),
        [*await it.sharing.state(row.session.root).entries()],
        await it.sharing.state(row.session.root).get("plan"),
        await it.sharing.state(row.session.root).wait_for(
            "plan", condition="value == 1", timeout=0
        ),
        [*await it.sharing.artifacts(row.session.root).list()],
        await it.sharing.artifacts(row.session.root).read(
            await it.sharing.artifacts(row.session.root).find("notes.md")
        ),
        (await it.transcripts.catch_up()).behind,
        await it.transcripts.sessions_with("look"),
        await it.transcripts.find("look", limit=5),
        (await it.journal.look([row])).rows,
        followed,
    ]


async def test_each_look_finds_at_a_distance_what_it_finds_in_the_home(serving: Serving) -> None:
    task = {
        "agent": "code_reviewer",
        "text": "Look",
        "input": {"code": "x = 1", "language": "python"},
        "model": "sim/calm",
        "budget_tokens": 1_000_000,
    }
    async with serving() as served, served.worker():
        spawned: dict[str, Any] = {}
        for _ in range(2):
            _, spawned = await served.post("/runs", task)
            await served.get(f"/wait?names={spawned['id']}")
        sharing, root = served.gateway.client.sharing, SessionKey(spawned["session_key"])
        await sharing.state(root).set("plan", 1)
        await sharing.artifacts(root).put("# Notes", "notes.md")
        async with (
            open_reader(served.environment, served.settings) as here,
            distant_of(served) as distant,
        ):
            for name, look in LOOKS.items():
                assert await look(distant) == await look(here), name
            for found, expected in zip(await _of_one(distant), await _of_one(here), strict=True):
                assert found == expected
            with pytest.raises(NotFound) as refused:
                await distant.sessions.find("nobody")
            with pytest.raises(NotFound) as expected_refusal:
                await here.sessions.find("nobody")
            results = await distant.sessions.wait([(await here.sessions.find("@last")).run.id])

    assert refused.value.message == expected_refusal.value.message
    assert [result.status for result in results] == [RunStatus.DONE]
