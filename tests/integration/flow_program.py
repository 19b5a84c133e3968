"""A user's program, as a process of its own, that runs one flow; one of its calls may hang for ever.

Each call of the model and of the step's function is a line of the file `calls`; the call that hangs
makes the file `hangs`. The output of the flow is printed as JSON.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.testing import RepliesWith

HOME = Path(sys.argv[2])
HANG_AT = int(sys.argv[3])
WRITER = pa.Agent("writer", instructions="Write.", output=str)
HELPER = pa.Agent("helper", instructions="Help.", output=str)
LEAD = pa.Agent("lead", instructions="Lead.", output=str)


def note_call(text: str) -> int:
    """The number of this call, which is now in the file."""
    with (HOME / "calls").open("a+", encoding="utf-8") as file:
        file.write(text.replace("\n", " ") + "\n")
        file.seek(0)
        return len(file.readlines())


class Writer(RepliesWith):
    @override
    async def respond(
        self, request: pa.ModelRequest, listener: pa.Listener | None = None
    ) -> pa.ModelReply:
        if note_call(request.messages[-1].text[:60]) == HANG_AT:
            (HOME / "hangs").touch()
            await asyncio.Event().wait()
        return await super().respond(request, listener)


def answer(request: pa.ModelRequest) -> str | pa.ToolCall:
    text = request.messages[0].text
    if "You lead a team" in request.system and len(request.messages) == 1:
        return pa.ToolCall("c1", "sessions_spawn", {"task": "a part", "agentId": "helper"})
    if "Improve" in text:
        return "better"
    return "yes" if text.startswith("vote") else f"{text.split()[0]} done"


def write(text: str) -> pa.Task[str]:
    return pa.Task(WRITER, text)


async def parallel(flow: pa.Flow) -> list[str]:
    return (await flow.parallel([write(f"n{n}") for n in range(3)])).outputs


async def sequence(flow: pa.Flow) -> str:
    return (await flow.sequence([write("one"), lambda before: write(before.output)])).output


async def branch(flow: pa.Flow) -> str:
    return (await flow.branch("sort", write("vote"), {"yes": write("a"), "no": write("b")})).output


async def loop_until(flow: pa.Flow) -> str:
    async def body(number: int, before: str | None) -> str:
        return (await flow.task("draft", write(f"n{number}"))).output

    return await flow.loop_until(body, until=lambda text: text.startswith("n3"))


async def best_of(flow: pa.Flow) -> str:
    return (await flow.best_of(3, write("tea"), score=len)).best.output


async def vote(flow: pa.Flow) -> object:
    return (await flow.vote([write(f"vote {n}") for n in range(3)])).winner


async def refine(flow: pa.Flow) -> str:
    gate = pa.ScoreGate(function="score_of", at_least=1)
    draft = await flow.task("draft", replace(write("tea"), gates=(gate,)))
    return await flow.refine(draft, until=8, rounds=1)


def score_of(text: str) -> float:
    return 9 if text.startswith("better") else 1


async def hand_off(flow: pa.Flow) -> str:
    done = await flow.hand_off(
        write("tea"), to=[HELPER], accept=lambda result: result.agent == "helper"
    )
    return done.result.output


async def manager(flow: pa.Flow) -> str:
    return (await flow.manager("lead", pa.Task(LEAD, "go"), ["helper"])).output


async def nested(flow: pa.Flow) -> list[str]:
    first = await flow.task("first", write("one"))
    inner = await flow.flow("inner", sequence)
    return [first.output, inner.output]


async def step(flow: pa.Flow) -> list[int]:
    one = await flow.step("one", note_call, "one")
    await flow.task("first", write("two"))
    return [one, await flow.step("three", note_call, "three")]


async def on_event(flow: pa.Flow) -> object:
    await flow.task("first", write("one"))
    value = await flow.on_event("ticket")
    await flow.task("second", write("two"))
    return value


FLOWS: dict[str, Callable[[pa.Flow], Awaitable[Any]]] = {
    function.__name__: function
    for function in (
        *(parallel, sequence, branch, loop_until, best_of, vote, refine, hand_off, manager),
        *(nested, step, on_event),
    )
}


async def main(name: str) -> None:
    async with pa.open(
        home=HOME,
        model="fake/model",
        models={"fake": lambda name: Writer(answer, name)},
        agents=[WRITER, HELPER, LEAD],
        gates=[score_of],
    ) as sessions:
        flow = await sessions.spawn_flow(FLOWS[name], key="one")
        if name == "on_event" and flow.is_new:
            await (await sessions.state(flow)).append("events/ticket", 7)
        result = await flow.wait()
    sys.stdout.buffer.write(orjson.dumps([result.status, result.output_json, str(result.error)]))


if __name__ == "__main__":
    (HOME / "pid").write_text(str(os.getpid()), "utf-8")
    asyncio.run(main(sys.argv[1]))
