"""Virtual round: all processes of a plan on one loop and one real file, many rounds a second.

A process dies here at one of its changes of the store: nothing of it reaches the file, the model or
a tool from then on. Others learn of a death two seconds later, as from the kernel.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from parallel_agents.core.event import SteerMode
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.message import (
    File,
    Message,
    Role as Speaker,
    ToolCall,
    ToolResult,
    assistant,
)
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.owner import OwnerState, Role
from parallel_agents.core.store import Filter
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import MOST_CALL_TOKENS, Usage
from parallel_agents.errors import (
    CallTimedOut,
    MalformedReply,
    ModelRefused,
    Overloaded,
    PagentsError,
    ProviderError,
    RateLimited,
    StreamCut,
    Unreachable,
)
from parallel_agents.settings import Settings
from parallel_agents.testing import run_virtual
from parallel_agents.testing.rig import Rig, open_rig
from tests.chaos.crew import GATES, STRONG, WEAK, make_agents, make_team, make_tools
from tests.chaos.ledger import Effect, Ledger, Told
from tests.chaos.plan import Life, Meddle, Meddling, Plan, Trouble
from tests.chaos.script import Line, message_text, read, reply
from tests.chaos.virtual_store import VirtualStore

PATIENCE_SECONDS = 6 * 3600.0
NOTICE_SECONDS = 2.0
LOOK_SECONDS = 5.0
HEALED_AFTER_SECONDS = 100.0
MEDDLER, HEALER, KERNEL = 50, 90, 99
KEY = "round"


class Process:
    """A process of the round, and what becomes of it.

    Attributes:
        number: of its life; healers and meddlers have their own.
        stop: set at the first Ctrl-C.
    """

    def __init__(self, world: World, number: int, life: Life | None = None) -> None:
        self.number = number
        self.stop = asyncio.Event()
        self.owner: OwnerId | None = None
        self.store: VirtualStore | None = None
        self.task: asyncio.Task[None] | None = None
        self._world = world
        self._life = life
        self._changes = 0
        self._moves = asyncio.Event()
        self._moves.set()
        self._is_dead = False
        self.is_buried = False
        self.dies_after = False

    async def move(self) -> None:
        while not self._moves.is_set():
            await self._moves.wait()

    def wake(self) -> None:
        self._moves.set()

    def before_change(self) -> bool:
        if self._is_dead:
            return False
        self._changes += 1
        life = self._life
        if life is None or self._changes != life.at_change or self.owner is None:
            return True
        match life.trouble:
            case Trouble.CRASH if life.is_written:
                self.dies_after = True
            case Trouble.CRASH:
                self.die()
                return False
            case Trouble.ZOMBIE:
                self._world.trouble(self)
                self._world.spawn(self._world.call_dead(self, 0.0))
            case Trouble.FREEZE:
                self._world.trouble(self)
                self._moves.clear()
                asyncio.get_running_loop().call_later(life.seconds, self._moves.set)
            case Trouble.STOP:
                self.stop.set()
            case Trouble.ABORT:
                self._world.trouble(self)
                if self.task is not None:
                    self.task.cancel()
            case Trouble.NONE:
                pass
        return True

    def after_change(self) -> None:
        if self.dies_after and not self._is_dead:
            self.die()

    def die(self) -> None:
        self._is_dead = True
        self._moves.clear()
        self._world.trouble(self)
        self._world.spawn(self._world.bury(self))


@dataclass(slots=True)
class World:
    """What a round is made of."""

    plan: Plan
    path: Path
    ledger: Ledger = field(default_factory=Ledger)
    stores: list[VirtualStore] = field(default_factory=list[VirtualStore])
    chance: random.Random = field(init=False)
    asked: Counter[str] = field(default_factory=Counter[str])
    running: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.plan.seed ^ 0xC4A05)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    def trouble(self, process: Process) -> None:
        self.ledger.troubled.add(process.number)

    def tell(self, teller: VirtualStore) -> None:
        for store in self.stores:
            if store is not teller:
                self.spawn(store.hear())

    async def call_dead(self, process: Process, seconds: float) -> None:
        """Somebody finds that the process is gone, rightly or not."""
        await asyncio.sleep(seconds)
        kernel = self.open_store(Process(self, KERNEL))
        if process.owner is not None:
            await kernel.mark_dead(process.owner)
        await self.close_store(kernel)

    async def bury(self, process: Process) -> None:
        """Clear away what is left of a dead process in this one, without any effect."""
        await asyncio.sleep(0)
        process.is_buried = True
        if process.store is not None:
            process.store.bury()
        if process.task is not None:
            process.task.cancel()
        process.wake()
        await self.call_dead(process, NOTICE_SECONDS)

    def open_store(self, process: Process) -> VirtualStore:
        store = VirtualStore(
            self.path,
            process,
            delay=lambda: self.chance.choice((0.0, 0.001, 0.01)),
            tell=self.tell,
        )
        process.store = store
        self.stores.append(store)
        return store

    async def close_store(self, store: VirtualStore) -> None:
        self.stores.remove(store)
        await store.aclose()


class Provider:
    """The model of a process: it says what the script says, late or not at all."""

    capabilities = Capabilities()

    def __init__(self, name: str, world: World, process: Process) -> None:
        self.name = name
        self._world = world
        self._process = process

    async def start(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        del listener
        world, plan = self._world, self._world.plan
        await self._check()
        lines = [Line(message.role, _words(message)) for message in request.messages]
        asked = read(lines, is_strong=self.name == STRONG)
        row = world.ledger.ask(self._process.number, asked.token, asked.heard, asked.paid)
        digest = hashlib.sha256(repr((self.name, lines)).encode()).hexdigest()
        world.asked[digest] += 1
        chance = random.Random(f"{plan.seed} {asked.token} {asked.turn} {world.asked[digest]}")
        await asyncio.sleep(plan.latency_seconds * chance.uniform(0.2, 2))
        await self._check()
        if chance.random() < plan.fault_rate:
            raise _fault(chance)
        said = reply(plan, asked, row.number)
        message = (
            assistant(said) if isinstance(said, str) else Message(Speaker.ASSISTANT, tuple(said))
        )
        row.usage = _count(request, said, chance, lies=plan.lies)
        row.is_answered = True
        finish = Finish.STOP if isinstance(said, str) else Finish.TOOLS
        return ModelReply(message=message, model=self.name, usage=row.usage, finish=finish)

    async def _check(self) -> None:
        await self._process.move()
        if self._process.is_buried:
            raise asyncio.CancelledError


def _words(message: Message) -> str:
    parts: list[str] = []
    for part in message.parts:
        match part:
            case ToolCall():
                parts.append(f"{part.name} {dict(part.arguments)}")
            case ToolResult():
                parts.append(part.content)
            case File():
                parts.append(str(part))
            case _:
                parts.append(part.text)
    return "\n".join(parts)


def _fault(chance: random.Random) -> ProviderError:
    wait = chance.choice((None, 0.0, 3.0, 40.0))
    return chance.choice(
        (
            RateLimited("slow down", retry_after_seconds=wait),
            Overloaded("busy"),
            StreamCut("cut"),
            MalformedReply("no JSON"),
            CallTimedOut("late"),
            Unreachable("nobody there"),
            ModelRefused("I will not") if chance.random() < 0.3 else Overloaded("busy"),
        )
    )


def _count(
    request: ModelRequest, said: str | list[ToolCall], chance: random.Random, *, lies: bool
) -> Usage:
    if lies:
        return chance.choice(
            (
                Usage(),
                Usage(1, 0),
                Usage(10**6, 10**6),
                Usage(0, 1, 10**5),
                Usage(MOST_CALL_TOKENS, 1),
            )
        )
    most = request.most_input_tokens()
    size = sum(len(_words(message)) for message in request.messages) // 4 + 10
    return Usage(min(size, most), min(len(str(said)) // 4 + 1, request.max_output_tokens))


Work: TypeAlias = Callable[[World, Rig], Awaitable[object]]


async def _live(world: World, process: Process, work: Work) -> None:
    """A process from its start to its end, whichever end that is."""
    plan, store = world.plan, world.open_store(process)

    async def write(tool: str, ref: str) -> None:
        await process.move()
        if process.is_buried:
            raise asyncio.CancelledError
        world.ledger.effects.append(Effect(tool, ref, process.number))
        await asyncio.sleep(world.chance.choice((0.0, 0.5, 4.0)))
        await process.move()

    try:
        async with open_rig(
            Provider(STRONG, world, process),
            Provider(WEAK, world, process),
            agents=make_agents(plan, call_seconds=30),
            tools=make_tools(write),
            gates={gate.__name__: gate for gate in GATES},
            settings=Settings(
                model=STRONG,
                max_parallel=plan.max_parallel,
                day_budget_tokens=plan.day_tokens,
                patience_seconds=300,
            ),
            store=store,
            role=Role.WORKER if work is _wait_over else Role.SCRIPT,
        ) as rig:
            process.owner = rig.engine.owner
            await _until_stopped(process, work(world, rig))
    except PagentsError as error:
        if not process.is_buried:
            world.ledger.errors.append(f"process {process.number}: {error.code} {error.message}")
            world.trouble(process)
    finally:
        if store in world.stores:
            world.stores.remove(store)
        await store.aclose()


async def _until_stopped(process: Process, work: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(process.stop.wait()), asyncio.ensure_future(work)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[1].done():
            tasks[1].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _wait_over(world: World, rig: Rig) -> None:
    """A worker does what others left, until the round is over."""
    del rig
    await world.is_over.wait()


async def _run_team(world: World, rig: Rig) -> TeamResult:
    handle = await rig.sessions.spawn_team(make_team(world.plan), key=KEY)
    return await rig.sessions.team_result(handle)


async def _heal(world: World, rig: Rig) -> None:
    """Ask for the team again, and wait until nothing is left that could go on.

    Words from outside whose process has ended wait until somebody resumes their session.
    """
    result = await _run_team(world, rig)
    world.ledger.team = tuple(
        Told(each.label, each.is_done, str(each.output)) for each in result.results
    )
    while rows := await rig.sessions.list(Filter(is_live=True, every_run=True)):
        for row in rows:
            if row.owner_state is OwnerState.GONE:
                await rig.service.resume(row.session.key)
        await asyncio.sleep(LOOK_SECONDS)


def _meddling(meddle: Meddle) -> Work:
    async def work(world: World, rig: Rig) -> None:
        rows = await rig.sessions.list()
        if not rows:
            return
        row = sorted(rows, key=lambda row: row.session.label)[meddle.which % len(rows)]
        name = row.session.key
        match meddle.what:
            case Meddling.KILL:
                await rig.sessions.kill(name)
            case Meddling.STEER:
                await rig.sessions.steer(name, "Mind the note.")
            case Meddling.STEER_NOW:
                await rig.sessions.steer(name, "Mind the note.", mode=SteerMode.NOW)
            case Meddling.SEND:
                await rig.sessions.send(name, message_text(f"M{meddle.which}"))
            case Meddling.RETRY:
                for letter in await rig.sessions.dead_letters():
                    await rig.sessions.retry(letter)

    return work


async def _play(world: World) -> None:
    plan = world.plan
    for number, life in enumerate(plan.lives, start=1):
        process = Process(world, number, life)
        work = _wait_over if life.is_worker else _run_team
        process.task = world.spawn(_later(life.starts_at, _live(world, process, work)))
    for number, meddle in enumerate(plan.meddling, start=MEDDLER):
        process = Process(world, number)
        process.task = world.spawn(_later(meddle.at, _live(world, process, _meddling(meddle))))
    await asyncio.sleep(HEALED_AFTER_SECONDS if plan.lives or plan.meddling else 0)
    await _live(world, Process(world, HEALER), _heal)
    world.is_over.set()
    while world.running:
        done, _ = await asyncio.wait(set(world.running))
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error


async def _later(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    await asyncio.sleep(seconds)
    await work


def play(plan: Plan, path: Path) -> Ledger:
    """Play a round; the store that it leaves is in `path`.

    Raises:
        Deadlock: the work has no end, or nobody takes it over.
    """
    world = World(plan, path)
    run_virtual(_play(world), limit_seconds=PATIENCE_SECONDS)
    return world.ledger
