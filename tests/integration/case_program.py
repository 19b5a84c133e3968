"""A process that tests an agent on five cases, one after another; one of its calls may hang for ever.

Each call of the model is a line of the file `calls`; the call that hangs makes the file `hangs`. The
report is printed as JSON.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import orjson
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.cases.request import TestRequest
from parallel_agents.core.case import Case
from parallel_agents.core.gate import CommandGate, RegexGate
from parallel_agents.settings import Environment, Settings
from parallel_agents.testing import RepliesWith

HOME = Path(sys.argv[1])
HANG_AT = int(sys.argv[2])
WRITER = pa.Agent("writer", instructions="Write.", output=str)
CASES = tuple(
    Case(
        id=f"case_{number}",
        text=f"case {number}",
        files={"a.txt": "old"},
        changed={"a.txt": "new"},
        checks=(RegexGate(pattern="done"), CommandGate(command=("grep", "new", "a.txt"))),
    )
    for number in range(5)
)


class Writer(RepliesWith):
    @override
    async def respond(
        self, request: pa.ModelRequest, listener: pa.Listener | None = None
    ) -> pa.ModelReply:
        with (HOME / "calls").open("a+", encoding="utf-8") as file:
            file.write(request.messages[0].text + "\n")
            file.seek(0)
            number = len(file.readlines())
        if number == HANG_AT:
            (HOME / "hangs").touch()
            await asyncio.Event().wait()
        return await super().respond(request, listener)


async def main() -> None:
    (HOME / "pid").write_text(str(os.getpid()), "utf-8")
    parts = Parts(models={"scripted": lambda _name: Writer(lambda r: f"{r.messages[0].text} done")})
    settings = Settings(model="scripted/model")
    task = TestRequest(agent=WRITER, cases=CASES).flow_task(max_parallel=1)
    async with open_app(Environment(home=HOME, variables={}), settings, parts) as app:
        spawned = await app.sessions.spawn_flow(task, key="one")
        app.sessions.limit_parallel(spawned.session_key, 1)
        (result,) = await app.sessions.wait([spawned.run_id])
    sys.stdout.buffer.write(orjson.dumps(result.output_json))


asyncio.run(main())
