"""What the embedded model costs: a turn that loads it or finds it loaded, and a team on one text.

`python -m benchmarks.local_model FOLDER` measures with the models in a folder, such as
`~/.parallel-agents/models`; it takes several minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import os
import time
from pathlib import Path

from parallel_agents.catalog import catalog as code
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey, make_team_key
from parallel_agents.core.message import task_text, user
from parallel_agents.core.model import ModelReply, ModelRequest
from parallel_agents.models.local.keeping.kept import unload_all
from parallel_agents.models.local.model import LocalModel

_REVIEWERS = (
    "code_reviewer",
    "security_reviewer",
    "performance_reviewer",
    "accessibility_reviewer",
    "test_engineer",
)
_CHARACTERS = 2600  # about 600 tokens of code
_OUTPUT_TOKENS = 200
_TASKS = "Review the code for mistakes.", "Propose tests for the code."


def _request(agent: Agent, text: str, team: SessionKey | None) -> ModelRequest:
    task = _TASKS[agent.name == "test_engineer"]
    return ModelRequest(
        system=agent.instructions,
        messages=(user(task_text(task, {"code": text, "language": "Python"})),),
        output_schema=agent.output_schema,
        max_output_tokens=_OUTPUT_TOKENS,
        temperature=0.0,
        team=team,
    )


async def review(model: LocalModel, text: str, team: SessionKey | None) -> dict[str, float]:
    """Seconds and tokens of five reviewers, as many at once as the model serves."""
    agents = [Catalog(()).agent(name) for name in _REVIEWERS]
    at_once = asyncio.Semaphore(model.capabilities.max_parallel or 1)

    async def call(agent: Agent) -> ModelReply:
        async with at_once:
            return await model.respond(_request(agent, text, team))

    pid = (await model.server()).pid
    used, began = _cpu_seconds(pid), time.monotonic()
    replies = await asyncio.gather(*(call(agent) for agent in agents))
    seconds = time.monotonic() - began
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(_cpu_seconds(pid) - used, 1),
        "input_tokens": sum(reply.usage.all_input_tokens for reply in replies),
        "output_tokens": sum(reply.usage.output_tokens for reply in replies),
    }


def _cpu_seconds(pid: int) -> float:
    """What a process has used, by proc(5): fields 14 and 15, in ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def turns(folder: Path, name: str) -> dict[str, float]:
    """Seconds of a short turn by a new process's model: loaded for it, and found loaded."""
    await unload_all(folder)
    figures: dict[str, float] = {}
    for what in ("loads", "kept"):
        model = LocalModel(name, folder, keep_seconds=60, progress=print, sources=())
        began = time.monotonic()
        await model.respond(ModelRequest(messages=(user("Say hello."),), max_output_tokens=8))
        figures[what] = round(time.monotonic() - began, 2)
        await model.aclose()
    await unload_all(folder)
    return figures


async def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="local")
    chosen = parser.parse_args()
    print(json.dumps({"turn": await turns(chosen.folder, chosen.model)}), flush=True)
    text = inspect.getsource(code)[:_CHARACTERS]
    model = LocalModel(chosen.model, chosen.folder, progress=print, sources=())
    try:
        await model.start()
        apart = await review(model, text, None)
        print(json.dumps({"each_for_itself": apart}), flush=True)
        together = await review(model, text, make_team_key("review", "bench"))
        print(json.dumps({"as_a_team": together}), flush=True)
    finally:
        await model.aclose()
    ratios = {what: round(apart[what] / together[what], 2) for what in ("seconds", "cpu_seconds")}
    print(json.dumps({"ratio": ratios}))


if __name__ == "__main__":
    asyncio.run(main())
