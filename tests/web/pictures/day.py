"""Day: a day of work in a home, each hour of it by a gateway and a worker, on a clock that is set back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parallel_agents.app.opening import open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.app.reading import STORE_NAME
from parallel_agents.clock import boot_id, steady, wall
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Workspace
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.sqlite import SqliteStore
from tests.integration.gateway.conftest import Served, serve_home
from tests.web.pictures.catalog import BASKET, CHANGED_MEANWHILE, write_catalog, write_reviewer
from tests.web.pictures.written import ENDLESS, Written

_SETTINGS = Settings(model="sim/calm")
_TICKETS = (
    "Where is my parcel?",
    "The tin came dented",
    "Can I change the address?",
    "Two bags in place of three",
    "The voucher is refused",
    "Do you send to Norway?",
    "The invoice has the wrong name",
    "How long does it keep?",
    "I was charged twice",
)
_STEP_SECONDS = 0.2
_SET_CLOCK = "UPDATE boots SET clock_offset = :offset, least_offset = :offset WHERE id = :id"


@dataclass(frozen=True, slots=True)
class Day:
    """A home that is filled hour by hour."""

    folder: Path

    @property
    def environment(self) -> Environment:
        return Environment(home=self.folder / "home", variables={"USER": "ana"})

    @asynccontextmanager
    async def at(self, hours_ago: float) -> AsyncGenerator[Served]:
        """The home so many hours ago, served and with a worker.

        The last hour is the present: the page of health tells of a clock that differs.
        """
        file = self.environment.home / STORE_NAME
        await _keep_clock(file, OwnerState.LIVE)
        with closing(sqlite3.connect(file)) as store, store:
            offset = wall() - hours_ago * 3600 - steady()
            store.execute(_SET_CLOCK, {"offset": offset, "id": boot_id()})
        parts = Parts(role=Role.WORKER, models={"sim": Written})
        async with (
            serve_home(self.environment, _SETTINGS) as served,
            open_app(self.environment, _SETTINGS, parts),
        ):
            await _keep_clock(file, OwnerState.GONE)
            yield served


async def _keep_clock(file: Path, state: OwnerState) -> None:
    """The clock of a store is not set while one of its processes lives: here, one that is elsewhere."""
    store = await SqliteStore.open(file)
    await store.heartbeat(Owner(id=OwnerId("clock"), host="elsewhere", pid=1, state=state))
    await store.aclose()


async def fill(day: Day) -> dict[str, str]:
    """All that happened until the last hour; the sessions that pictures show, by what they show."""
    shown: dict[str, str] = {}
    home = day.environment.home
    home.mkdir(mode=0o700)
    write_catalog(home)
    await write_reviewer(home, 1)
    async with day.at(26) as served:
        shown["yesterday"] = await done(
            served, team="nightly", tags=["nightly"], model="sim/overload"
        )
        await done(
            served, team="launch", input={"topic": "sencha"}, tags=["shop"], model="sim/overload"
        )
    await write_reviewer(home, 2)
    async with day.at(7.5) as served:
        shown["today"] = await done(served, team="nightly", tags=["nightly"], model="sim/overload")
    async with day.at(5.9) as served:
        code = {"topic": "Friday", "code": BASKET}
        shown["team"] = await done(
            served, team="demo", input=code, model="sim/overload", tags=["friday"]
        )
    async with day.at(4.4) as served:
        shown["tickets"] = await answer_tickets(served)
    async with day.at(3.1) as served:
        shown["talk"] = await talk(served)
    shown["changes"] = await change_code(day)
    return shown


async def done(served: Served, **work: Any) -> str:
    """Start work and wait for its end; whatever it asks is answered with yes."""
    key = await started(served, **work)
    while True:
        _, waited = await served.get(f"/wait?names={key}&timeout=1")
        if not waited["live"]:
            return key
        _, asked = await served.get("/questions")
        for question in asked["items"]:
            await served.post(f"/questions/{question['id']}/answer", {"answer": "yes"})


async def started(served: Served, **work: Any) -> str:
    status, begun = await served.post("/runs", work)
    assert status in (200, 201), begun
    return begun["session_key"]


async def answer_tickets(served: Served) -> str:
    tasks = [
        {"agent": "ticket_answerer", "text": ticket, "label": f"ticket-{number}"}
        for number, ticket in enumerate(_TICKETS, 1041)
    ]
    return await done(served, tasks=tasks, name="tickets", model="sim/refusals", tags=["support"])


async def talk(served: Served) -> str:
    """A conversation of two turns, and a fork of it."""
    key = await done(
        served,
        agent="release_writer",
        text="Draft the notes of 2.4.",
        label="notes-2.4",
        tags=["shop"],
    )
    status, sent = await served.post(f"/runs/{key}/messages", {"text": "Write them for customers."})
    assert status in (200, 201, 202), sent
    await served.get(f"/wait?names={key}")
    asked = {"at": 1, "text": "Write them for developers.", "label": "notes-for-developers"}
    status, forked = await served.post(f"/runs/{key}/fork", asked)
    assert status in (200, 201), forked
    await served.get(f"/wait?names={forked['session_key']}")
    return key


async def change_code(day: Day) -> str:
    """A session that changes a copy of a folder, in which somebody changed the same line meanwhile."""
    source = day.folder / "shop"
    source.mkdir()
    (source / "basket.py").write_text(BASKET)
    async with day.at(1.7) as served:
        task = Task(
            "fixer",
            "Mend the negative total, and add a test.",
            label="fix-basket",
            tags=("shop",),
            workspace=Workspace.own(source),
        )
        async with open_client(day.environment, _SETTINGS) as client:
            key = (await client.sessions.spawn(task)).session_key
        await served.get(f"/wait?names={key}")
    (source / "basket.py").write_text(CHANGED_MEANWHILE)
    return key


async def begin_afternoon(served: Served) -> dict[str, str]:
    """What is under way while the pictures are taken: questions, a wait, and a text that is being written."""
    shown = {
        "graph": await started(served, team="launch", input={"topic": "gyokuro"}, tags=["shop"]),
        "live": await started(
            served,
            agent="log_reader",
            text=f"{ENDLESS}, and say what stood still and why.",
            label="night-errors",
            budget_usd=0.5,
            listen=True,
        ),
    }
    await started(
        served, agent="price_printer", text="Print the price list of June.", label="prices"
    )
    await started(
        served,
        agent="tea_writer",
        text="Shorten the headline of the front page.",
        label="headline",
        budget_tokens=40,
        on_limit="ask",
    )
    await until_asked(served, 3)
    return shown


async def until_asked(served: Served, count: int) -> None:
    while True:
        _, asked = await served.get("/questions")
        if len(asked["items"]) >= count:
            return
        await asyncio.sleep(_STEP_SECONDS)
