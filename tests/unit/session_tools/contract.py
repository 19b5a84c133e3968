"""Cases of calls by the contract: the call, what happened before it, and what its answer has."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from typing_extensions import override

from parallel_agents.core.schema import Json
from tests.unit.session_tools.world import World, open_world

Fields: TypeAlias = Mapping[str, Any]
Before: TypeAlias = Callable[[World], Awaitable[Fields]]

ANY, PRESENT = object(), object()  # any value but None; any value at all


class Matching(NamedTuple):
    """A text in which this pattern is found."""

    pattern: str


class Row(dict[str, object]):
    """An object that has at least these fields; a plain mapping has them and no others."""


class Rows(list[Row]):
    """A list of as many objects, each with the fields of its row."""


AGENT = Matching(r"^agent:[a-z_]+:subagent:[0-9a-f-]{36}$")
RUN = Matching(r"^[0-9a-f-]{36}$")


def rows(number: int, fields: Sequence[str] = (), **first: object) -> Rows:
    """Rows that each have these fields, the first of them with these values."""
    every = dict.fromkeys(fields, PRESENT)
    return Rows(Row({**every, **first} if index == 0 else every) for index in range(number))


def containing(text: str) -> Matching:
    return Matching(re.escape(text))


def refused(error: str, status: str = "error", **more: object) -> Fields:
    return {"status": status, "error": containing(error), **more}


def fits(found: Any, wanted: object) -> bool:
    match wanted:
        case Matching(pattern):
            return isinstance(found, str) and re.search(pattern, found) is not None
        case Row():
            return all(name in found and fits(found[name], value) for name, value in wanted.items())
        case Rows():
            return len(found) == len(wanted) and all(map(fits, found, wanted))
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

    @override
    def __str__(self) -> str:
        return self.what

    async def check(self, tool: str) -> None:
        """Make the call, and check its answer."""

        async with open_world() as world:
            spawned = await self.before(world)
            call = await world.call(tool, filled(self.arguments, spawned))

        check(call, self.answer)


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
