"""A program whose tool kills its process, as one does that runs out of memory."""

from __future__ import annotations

import os
import signal
import sys

import orjson

import parallel_agents as pa
from parallel_agents.testing import RepliesWith

AGENT = pa.Agent(name="worker", description="Works", instructions="Work.", tools=("explode",))


@pa.tool(effect="pure")
def explode() -> str:
    """Does not return."""
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def main() -> None:
    model = RepliesWith(lambda _: pa.ToolCall("c1", "explode", {}))
    result = pa.run(
        [pa.Task(AGENT, "go")],
        key="deadly",
        model="scripted/m",
        models={"scripted": lambda _: model},
        tools=[explode],
        home=sys.argv[1],
    )
    told = [(each.status, each.error and each.error.code) for each in result.results]
    sys.stdout.buffer.write(orjson.dumps(told))


if __name__ == "__main__":
    main()
