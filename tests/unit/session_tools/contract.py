"""What the contract's tests share: cases of calls, and how their answers are held against them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from parallel_agents.core.schema import Json
from tests.unit.session_tools.world import World, in_world

ANY = object()

Fields = Mapping[str, Any]


class Case(NamedTuple):
    """A call by a script, and what its answer has; a pattern is searched for, ANY is there."""

    what: str
    given: Fields
    answer: Fields


class Words(NamedTuple):
    """A text that is to be in another, as a pattern."""

    pattern: str


AGENT = Words(r"^agent:[a-z_]+:subagent:[0-9a-f-]{36}$")
RUN = Words(r"^[0-9a-f-]{36}$")


def fits(found: object, wanted: object) -> bool:
    if wanted is ANY:
        return found is not None
    if isinstance(wanted, Words):
        return isinstance(found, str) and re.search(wanted.pattern, found) is not None
    return found == wanted


def check(answer: Fields, wanted: Fields) -> None:
    for name, value in wanted.items():
        assert name in answer, f"{name} is not in {answer}"
        assert fits(answer[name], value), f"{name} is {answer[name]!r}, not {value!r}"


def words(text: str) -> Words:
    return Words(re.escape(text))


ACCEPTED: Fields = {
    "status": "accepted",
    "childSessionKey": AGENT,
    "runId": RUN,
    "mode": "run",
    "note": ANY,
    "modelApplied": True,
    "expectsCompletionMessage": True,
    "context": "isolated",
    "resolvedModel": "model",
    "resolvedProvider": "scripted",
}


def refused(text: str, status: str = "error", **more: object) -> Fields:
    return {"status": status, "error": words(text), **more}


class Scene(NamedTuple):
    """A call after something has happened; `$key`, `$run` and `$label` are of what happened."""

    what: str
    tool: str
    before: Callable[[World], Awaitable[Fields]]
    given: Mapping[str, Json]
    answer: Fields


async def nothing(world: World) -> Fields:
    del world
    return {"childSessionKey": "", "runId": ""}


async def one_done(world: World) -> Fields:
    return await world.done(label="research", taskName="part")


async def one_live(world: World) -> Fields:
    return await world.spawn(label="research", taskName="part")


async def one_killed(world: World) -> Fields:
    spawned = await one_live(world)
    await world.call("subagents", {"action": "kill", "target": "research"})
    return spawned


async def one_deleted(world: World) -> Fields:
    return await world.done(label="research", cleanup="delete")


async def one_late(world: World) -> Fields:
    return await world.done(label="research", runTimeoutSeconds=3)


def filled(given: Json, spawned: Fields) -> Any:
    """The arguments with what stands for the session in them."""
    match given:
        case str():
            return given.replace("$key", spawned["childSessionKey"]).replace(
                "$run", spawned["runId"]
            )
        case Mapping():
            return {name: filled(value, spawned) for name, value in given.items()}
        case list():
            return [filled(item, spawned) for item in given]
        case _:
            return given


class Rows(NamedTuple):
    """A list of so many rows, each with these fields, the first with these values."""

    number: int
    fields: Sequence[str] = ()
    first: Fields = MappingProxyType({})

    def check(self, found: list[Fields]) -> None:
        assert len(found) == self.number
        for row in found:
            assert set(self.fields) <= row.keys(), set(self.fields) - row.keys()
        if found:
            check(found[0], self.first)


def check_scene(scene: Scene) -> None:
    """Play a scene, and hold its answer against what it should have."""

    async def play(world: World) -> Fields:
        spawned = await scene.before(world)
        return await world.call(scene.tool, filled(scene.given, spawned))

    answered = in_world(play)

    for name, wanted in scene.answer.items():
        assert name in answered, f"{name} is not in {answered}"
        if isinstance(wanted, Rows):
            wanted.check(answered[name])
        else:
            check(answered, {name: wanted})
