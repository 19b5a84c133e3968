"""Judge: a provider on loopback that says what the script says, and remembers all that it was asked."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import orjson
from aiohttp import web

from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import objects_at, text_at, to_object
from parallel_agents.testing import Behaviour, Cut, Garbage, HttpError
from parallel_agents.testing.answers import answer
from parallel_agents.testing.behaviour import Fault
from parallel_agents.testing.wires.paths import Asked as AskedFor, find_wire
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Plan
from tests.chaos.script import Line, Reply, read, reply

LIFE_HEADER = "x-life"
_LATENCIES = (0.0, 0.005, 0.02, 0.1)


class Judge:
    """Serves the chat wire; every request is in the ledger before it has any effect.

    Attributes:
        port: where it listens, once it is started.
    """

    def __init__(self, plan: Plan) -> None:
        self.ledger = Ledger()
        self.port = 0
        self._plan = plan
        self._asked: Counter[bytes] = Counter()
        self._runner: web.ServerRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def count(self, life: int) -> int:
        """How many requests a process has made."""
        return sum(request.life == life for request in tuple(self.ledger.requests))

    async def start(self) -> None:
        server = web.Server(self._serve, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        body = to_object(orjson.loads(await request.content.read()), "the request")
        wire = find_wire(request.path, body)
        if wire is None:
            raise web.HTTPNotFound
        return await self._answer(request, body, wire)

    async def _answer(
        self, request: web.BaseRequest, body: JsonObject, wire: AskedFor
    ) -> web.StreamResponse:
        life = int(request.headers[LIFE_HEADER].rpartition("-")[2])
        asked = read(tuple(_lines(body)), is_strong=wire.model == "strong")
        row = self.ledger.ask(life, asked.token, asked.heard, asked.paid)
        messages = orjson.dumps([wire.model, body["messages"]])
        self._asked[messages] += 1
        chance = random.Random(
            f"{self._plan.seed} {asked.token} {asked.turn} {self._asked[messages]}"
        )
        fault = _fault(chance) if chance.random() < self._plan.fault_rate else None
        said = reply(self._plan, asked, row.number)
        usage = _LIES[chance.randrange(len(_LIES))] if self._plan.lies else Usage(5, 5)

        def say(_: JsonObject) -> Reply:
            # Marked before the first byte: whoever reads the last one may be gone at once.
            row.usage, row.is_answered = usage, fault is None
            return said

        behaviour = Behaviour(latency_seconds=chance.choice(_LATENCIES), answer=say, usage=usage)
        return await answer(request, body, behaviour, asked=wire, fault=fault)


_LIES = (Usage(), Usage(1, 0), Usage(10**6, 10**6), Usage(10**15, 1))


def _fault(chance: random.Random) -> Fault:
    return chance.choice(
        (
            HttpError(429, headers={"Retry-After": chance.choice(("0", "0.2"))}),
            HttpError(500),
            HttpError(529),
            Cut(),
            Garbage(),
            Garbage(b'{"choices": [{"message": 5}]}', "application/json"),
        )
    )


def _lines(body: JsonObject) -> Iterator[Line]:
    for message in objects_at(body, "messages"):
        role = text_at(message, "role")
        if role != "system":
            content = message.get("content")
            text = content if isinstance(content, str) else orjson.dumps(message).decode()
            yield Line(role, text)


@contextmanager
def judging(plan: Plan) -> Generator[Judge]:
    """Serve in another thread until the block ends."""
    judge, loop = Judge(plan), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="judge")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(judge.start(), loop).result()
        yield judge
        asyncio.run_coroutine_threadsafe(judge.stop(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
