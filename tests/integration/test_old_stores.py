"""A store that an older version wrote opens, verifies and is worked on; see `data/`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import orjson
import pytest

import parallel_agents as pa
from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.event import Attempted, Event, Gated, Queued, Refused, Retrying
from parallel_agents.core.filter import Filter
from parallel_agents.core.gate import Gate
from parallel_agents.core.ids import RunId
from parallel_agents.core.owner import Role
from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.engines.ownership import this_process
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.stores.queries import read_migrations
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_connection import DIALECT, migrate
from parallel_agents.testing import Behaviour, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Reply

UNANSWERED = 19  # the migration that has an index of them
NO_PID = 1 << 22  # PID_MAX_LIMIT of Linux: every process has a smaller number
DUMP = Path(__file__).with_name("data") / "store_0006.sql"
EVERY_GATE: tuple[Gate, ...] = (
    pa.ConditionGate(condition="score >= 1"),
    pa.RegexGate(pattern="score"),
    pa.FunctionGate(function="is_short"),
    pa.ScoreGate(function="measure", at_least=2),
    pa.CommandGate(command=("grep", "-q", "score")),
    pa.JudgeGate(rubric="It is a score.", by="referee", at_least=7, model="loop/model"),
)
WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
AGENTS = [
    WRITER,
    pa.Agent(
        name="scorer",
        description="Scores",
        instructions="Score.",
        output_schema={"type": "object"},
        gates=EVERY_GATE,
    ),
    pa.Agent(name="reader", description="Reads", instructions="Read.", tools=("look_up",)),
    pa.Agent(
        name="referee",
        description="Judges",
        instructions="Referee.",
        output_schema={
            "type": "object",
            "properties": {"score": {"type": "number"}, "critique": {"type": "string"}},
            "required": ["score", "critique"],
            "additionalProperties": False,
        },
    ),
]
TASKS = [
    pa.Task("writer", "Be done early.", key="early"),
    pa.Task("scorer", "Be done late.", key="late"),
    pa.Task("reader", "Read late.", key="late-tool"),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of the older version."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as store:
        store.executescript(DUMP.read_text("utf-8"))
        # It was this machine, its process is long dead, and its dead letters are recent.
        here = this_process(Role.SCRIPT).host
        store.execute("UPDATE owners SET beat_at = 0, host = ?, pid = ?", (here, NO_PID))
        store.execute("UPDATE dead_letters SET at = ?", (time.time(),))
        store.commit()
    return tmp_path


@asynccontextmanager
async def open_store(home: Path) -> AsyncGenerator[SqliteStore]:
    store = await SqliteStore.open(home / "store.db")
    try:
        yield store
    finally:
        await store.aclose()


async def row_of(store: SqliteStore, title: str) -> Row:
    return next(r for r in await store.rows(Filter(every_run=True)) if r.run.title == title)


async def failure_of(store: SqliteStore, title: str) -> Failure:
    (result,) = await store.results([(await row_of(store, title)).run.id])
    assert result is not None
    assert result.error is not None
    return result.error


async def events_of(store: SqliteStore, title: str) -> list[Event]:
    row = await row_of(store, title)
    events = await store.events(session=row.session.key)
    return [event for event in events if event.run == row.run.id]


async def test_its_chain_and_its_rows_are_intact(home: Path) -> None:
    async with open_store(home) as store:
        chain = await store.check_chain()
        rows = await store.check_rows()

        assert chain.is_intact, chain.fault
        assert chain.events == len(await store.events()) > 100
        assert rows.faults == ()
        assert rows.runs == 21

    with closing(sqlite3.connect(home / "store.db")) as store:
        (version,) = store.execute("PRAGMA user_version").fetchone()
    assert version == read_migrations(DIALECT)[-1].number > 6


async def test_no_stored_event_was_rewritten(home: Path) -> None:
    def bodies() -> list[tuple[int, bytes]]:
        with closing(sqlite3.connect(home / "store.db")) as store:
            return store.execute("SELECT seq, body FROM events ORDER BY seq").fetchall()

    before = bodies()

    async def open_only(store: SqliteStore) -> None:
        await store.owners()

    async with open_store(home) as store:
        await open_only(store)

    assert bodies() == before
    assert any(b'"mend":' in body for _, body in before)


async def test_its_errors_have_their_hints(home: Path) -> None:
    async with open_store(home) as store:
        failed = await failure_of(store, "Fail it.")
        again = [e.body for e in await events_of(store, "Stumble.") if isinstance(e.body, Retrying)]
        attempts = [
            e.body for e in await events_of(store, "Score it.") if isinstance(e.body, Attempted)
        ]

        assert failed.code == "PA-E210"
        assert failed.hint == "check the model's name, the account and the request's limits"
        assert (await failure_of(store, "Cost too much.")).hint.startswith("raise the budget")
        assert [body.error.code for body in again] == ["PA-E202"]
        assert [body.error.code for body in attempts] == ["PA-E310"]
        assert attempts[0].error.hint.startswith("give it more attempts")


async def test_its_gates_are_those_of_today(home: Path) -> None:
    async with open_store(home) as store:
        scored = await row_of(store, "Score it.")
        written = await events_of(store, "Write it.")
        (team,) = [
            e.body.team
            for e in await events_of(store, "team run: 10 tasks")
            if isinstance(e.body, Queued) and e.body.team
        ]
        verdicts = [
            e.body.verdict.is_accepted
            for e in await events_of(store, "Score it.")
            if isinstance(e.body, Gated)
        ]

        assert scored.session.agent.gates == EVERY_GATE
        assert isinstance(written[0].body, Queued)
        assert written[0].body.gates == (pa.RegexGate(pattern="it"),)
        assert team.tasks[1].gates == (pa.RegexGate(pattern="it"),)
        assert team.tasks[5].options == pa.SessionOptions(task_name="leading", group="g")
        assert verdicts == [False, *[True] * 6]


async def test_a_refused_answer_has_its_text(home: Path) -> None:
    async with open_store(home) as store:
        refused = [
            e.body for e in await events_of(store, "Score it.") if isinstance(e.body, Refused)
        ]

        assert len(refused) == 1
        assert "score" in refused[0].text


async def test_what_an_old_process_wrote_after_the_migration_is_read(home: Path) -> None:
    """It notices only at its next heartbeat that another process has migrated the store."""
    async with open_store(home):
        pass
    with closing(sqlite3.connect(home / "store.db")) as store:
        (run,) = store.execute("SELECT run FROM events WHERE key GLOB '*/refused'").fetchone()
        body = orjson.dumps({"kind": "refused", "turn": 9, "words": "no JSON"})
        late = "INSERT INTO events (at, run, key, body) VALUES (0, ?, 'turn-9/refused', ?)"
        store.execute(late, (run, body))
        store.commit()

    async with open_store(home) as store:
        last = (await store.events())[-1].body

    assert last == Refused(turn=9, text="no JSON")


async def test_its_rows_results_and_accounts_are_read(home: Path) -> None:
    async with open_store(home) as store:
        rows = await store.rows(Filter(every_run=True))
        results = await store.results([row.run.id for row in rows])
        outputs = {
            row.run.title: result.output
            for row, result in zip(rows, results, strict=True)
            if result
        }
        statuses = [row.run.status for row in rows]
        account: BudgetAccountState = max(await store.accounts(), key=lambda a: a.spent.tokens)

        assert outputs["Score it."] == {"score": 9}
        assert outputs["Climb it."] == "by large"
        assert outputs["Refine it."] == "version 2"
        assert outputs["Read it."] == "done: depth: 42"
        assert outputs["Be steered."] == "done: Mind the gap."
        assert outputs["This is late, be done."] is None
        assert statuses.count(RunStatus.RUNNING) == 3
        assert statuses.count(RunStatus.KILLED) == 1
        assert account.account.scope == "session:team:run:team"
        assert account.spent.tokens > 10_000
        assert {row.run.kind.value for row in rows} == {"agent", "team"}
        assert (await row_of(store, "Lead it.")).session.options.task_name == "leading"


def answer(body: JsonObject) -> Reply:
    messages = objects_at(body, "messages")
    if text_at(messages[0], "content").startswith("Referee"):
        return '{"score": 8, "critique": "fine"}'
    if text_at(messages[0], "content").startswith("Score"):
        return '{"score": 9}'
    return f"finished: {text_at(messages[-1], 'content')}"


@asynccontextmanager
async def opened(home: Path, provider: LoopbackProvider) -> AsyncGenerator[pa.OpenSessions]:
    loop = {"wire": "chat", "base_url": provider.base_url}
    async with pa.open(
        model="loop/model",
        home=home,
        agents=AGENTS,
        tools=[look_up],
        gates=[is_short, measure],
        settings={"providers": {"loop": loop}},
    ) as sessions:
        yield sessions


def tasks_asked(provider: LoopbackProvider) -> list[str]:
    """The first line of the task of each request, in alphabetical order."""
    texts = (text_at(objects_at(r.body, "messages")[1], "content") for r in provider.requests)
    return sorted(text.partition("\n")[0] for text in texts)


def look_up(topic: str) -> str:
    """Look a topic up."""
    return f"{topic}: 43"


def is_short(answer: object) -> bool:
    return len(str(answer)) < 200


def measure(answer: object) -> float:
    return 5.0 if answer else 0.0


async def test_its_unfinished_team_is_continued_with_what_it_has(home: Path) -> None:
    async def body(provider: LoopbackProvider) -> pa.TeamResult:
        async with opened(home, provider) as sessions:
            team = await sessions.spawn_team(pa.TeamTask(tasks=tuple(TASKS)), key="unfinished")
            return await sessions.team_result(team)

    with serve(Behaviour(answer=answer)) as provider:
        result = await body(provider)
        asked = tasks_asked(provider)

    assert result.status is RunStatus.DONE
    assert [each.output for each in result.results] == [
        "done: Be done early.",
        {"score": 9},
        "finished: depth: 42",
    ]
    # The task that was done, and the reply and the tool call of another, are not made again.
    assert asked == ["Be done late.", "Judge the work by the rubric.", "Read late."]

    async with open_store(home) as store:
        assert (await store.check_chain()).is_intact
        assert (await store.check_rows()).faults == ()


async def test_spawning_a_key_again_finds_the_old_run(home: Path) -> None:

    with serve(Behaviour(answer=answer)) as provider:
        async with opened(home, provider) as sessions:
            steered = await sessions.spawn(pa.Task("writer", "Be steered.", key="steered"))
            outputs = [(await steered.wait()).output]

        assert outputs == ["done: Mind the gap."]
        assert "Be steered." not in tasks_asked(provider)


async def test_a_reply_that_it_cached_answers_the_same_request(home: Path) -> None:
    task = pa.Task("writer", "Keep this.", key="cached again", cache_seconds=10**9)

    with serve(Behaviour(answer=answer)) as provider:
        async with opened(home, provider) as sessions:
            output = (await (await sessions.spawn(task)).wait()).output

        assert output == "done: Keep this."
        assert "Keep this." not in tasks_asked(provider)


async def test_its_dead_letter_is_retried(home: Path) -> None:

    with serve(Behaviour(answer=answer)) as provider:
        async with opened(home, provider) as sessions:
            letters = await sessions.dead_letters()
            failed = next(letter for letter in letters if letter.queued.text == "Fail it.")
            assert failed.error is not None
            retried = await (await sessions.retry(failed)).wait()
            left = [letter.queued.text for letter in await sessions.dead_letters()]
            outputs = [str(retried.output)]
            hint = failed.error.hint

    assert outputs == ["finished: Fail it."]
    assert hint.startswith("check the model's name")
    assert left == ["Cost too much."]


async def test_events_written_today_are_not_upcast(home: Path) -> None:
    """A value of the user's that looks like an old field stays as it is."""
    task = pa.Task(WRITER, "Write.", input={"error": {"mend": "words"}}, key="today")

    async def body(provider: LoopbackProvider) -> RunId:
        async with opened(home, provider) as sessions:
            handle = await sessions.spawn(task)
            await handle.wait()
            return handle.run_id

    with serve(Behaviour(answer=answer)) as provider:
        run = await body(provider)

    async with open_store(home) as store:
        (queued, *_) = [e.body for e in await store.events() if e.run == run]
        assert isinstance(queued, Queued)
        assert queued.input == {"error": {"mend": "words"}}


async def test_calls_that_an_older_version_saw_unanswered_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    before = [step for step in read_migrations(DIALECT) if step.number < UNANSWERED]
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        migrate(older, before)
        older.execute(
            "INSERT INTO sessions (key, agent, label, parent, spawn_key, digest, root, depth, killed,"
            " created_at) VALUES ('agent:a:b', 'x', 'a', '', 'b', 'x', 'agent:a:b', 0, 0, 1.0)"
        )
        older.execute(
            "INSERT INTO runs (id, session, number, kind, status, title, model, priority, created_at)"
            " VALUES ('r', 'agent:a:b', 1, 'agent', 'done', 't', 'm', 0, 1.0)"
        )
        for seq, key in enumerate(("queued", "turn-1/unanswered-1", "turn-2/unanswered-1"), 1):
            older.execute("INSERT INTO events VALUES (?, 1.0, 'r', ?, '{}')", (seq, key))

    store = await SqliteStore.open(path)
    counted = await store.count_unanswered(), await store.count_unanswered(since=2.0)
    await store.aclose()

    assert counted == (2, 0)
