"""Cases of calls by the contract: the call, what happened before it, and what its answer has."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from parallel_agents.core.schema import Json
from tests.unit.session_tools.world import World, in_world

Fields: TypeAlias = Mapping[str, Any]
Before: TypeAlias = Callable[[World], Awaitable[Fields]]

ANY, PRESENT = object(), object()  # any value but None; any value at all
AGENT = re.compile(r"^agent:[a-z_]+:subagent:[0-9a-f-]{36}$")
RUN = re.compile(r"^[0-9a-f-]{36}$")


class Row(dict[str, object]):
    """An object that has at least these fields; a plain mapping has them and no others."""


def rows(number: int, fields: Sequence[str] = (), **first: object) -> list[Row]:
    """Rows that each have these fields, the first of them with these values."""
    every = dict.fromkeys(fields, PRESENT)
    return [Row({**every, **first} if index == 0 else every) for index in range(number)]


def containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def refused(error: str, status: str = "error", **more: object) -> Fields:
    return {"status": status, "error": containing(error), **more}


def fits(found: object, wanted: object) -> bool:
    match wanted:
        case re.Pattern():
            return isinstance(found, str) and wanted.search(found) is not None
        case Row():
            return isinstance(found, Mapping) and all(
                name in found and fits(found[name], value) for name, value in wanted.items()
            )
        case [Row(), *_]:
            return (
                isinstance(found, list)
                and len(found) == len(wanted)
                and all(map(fits, found, wanted))
            )
        case _:
            return wanted is PRESENT or found == wanted or (wanted is ANY and found is not None)


def check(answer: Fields, wanted: Fields) -> None:
    for name, value in wanted.items():
        assert name in answer, f"{name} is not in {answer}"
        assert fits(answer[name], value), f"{name} is {answer[name]!r}, not {value!r}"


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


class Case(NamedTuple):
    """A call by a script; `$key` and `$run` in its arguments are of the session made before."""

    what: str
    arguments: Mapping[str, Json]
    answer: Fields
    before: Before = nothing

    def __str__(self) -> str:
        return self.what

    def check(self, tool: str) -> None:
        """Make the call, and check its answer."""

        async def play(world: World) -> Fields:
            spawned = await self.before(world)
            return await world.call(tool, filled(self.arguments, spawned))

        check(in_world(play), self.answer)


def filled(value: Json, spawned: Fields) -> Any:
    """The value with the key and the run of a session in its texts."""
    match value:
        case str():
            return value.replace("$key", spawned["childSessionKey"]).replace(
                "$run", spawned["runId"]
            )
        case Mapping():
            return {name: filled(item, spawned) for name, item in value.items()}
        case list():
            return [filled(item, spawned) for item in value]
        case _:
            return value
