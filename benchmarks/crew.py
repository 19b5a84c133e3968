"""Agents that spawn agents: one parent whose model spawns many at once and then waits for them."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import parallel_agents as pa
from benchmarks.ours import PLAIN, options
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.testing import RepliesWith

LEAD = pa.Agent(
    name="lead", description="Leads.", instructions="You lead.", policy=pa.Policy(spawns=("*",))
)


def lead(count: int) -> RepliesWith:
    """A parent's model in this process: it spawns `count` children in one turn, yields, answers."""

    def answer(request: ModelRequest) -> ModelReply | str:
        turn = sum(message.role is Role.ASSISTANT for message in request.messages)
        if turn == 2:
            return "All are done."
        calls = [("sessions_yield", {})]
        if turn == 0:
            task = {"task": "Answer.", "agentId": "plain", "model": "bench/bench-1"}
            calls = [("sessions_spawn", task)] * count
        parts = tuple(ToolCall(f"{turn}-{n}", name, args) for n, (name, args) in enumerate(calls))
        message = Message(Role.ASSISTANT, parts)
        return ModelReply(message=message, model="lead/lead", finish=Finish.TOOLS)

    return RepliesWith(answer, "lead/lead")


async def spawn_children(url: str, home: Path, *, children: int) -> dict[str, float]:
    """Total seconds, and milliseconds from the end of the last child until the parent resumes."""
    more = options(url, home, children + 1)
    more["settings"] |= {"max_children": children, "max_tree_sessions": children + 1}
    more |= {"agents": [LEAD, PLAIN], "models": {"lead": lambda _: lead(children)}}
    async with pa.open(**more) as sessions:
        began = time.perf_counter()
        parent = await sessions.spawn(pa.Task("lead", "Go.", model="lead/lead"))
        result = await parent.wait()
        wall = time.perf_counter() - began
        assert result.is_done, result.error
        events = await sessions.history(parent.key)
        rows = await sessions.list(pa.Filter(parent=parent.key))
    assert len(rows) == children
    assert all(row.run.status is pa.RunStatus.DONE for row in rows)
    yielded = next(e for e in events if e.key == "turn-2/call/1")
    last = max(row.run.finished_at or 0 for row in rows)
    return {"wall_s": wall, "join_ms": (yielded.at - last) * 1000}


async def spawn_latency(url: str, home: Path, *, runs: int) -> float:
    """The median milliseconds of `runs` calls of the tool, one after another."""
    from parallel_agents.app.opening import open_app
    from parallel_agents.app.parts import Parts
    from parallel_agents.session_tools.context import Requester
    from parallel_agents.setting_sources import load
    from parallel_agents.settings import read_environment

    flags = {**options(url, home, 100)["settings"], "max_parallel": 100}
    environment = read_environment(home)
    settings = load(environment, flags).settings
    took: list[float] = []
    async with open_app(environment, settings, Parts(agents={"plain": PLAIN})) as app:
        for _ in range(runs):
            began = time.perf_counter()
            task = {"task": "Answer.", "agentId": "plain", "model": "bench/bench-1"}
            answer = await app.session_tools.call("sessions_spawn", task, Requester())
            took.append((time.perf_counter() - began) * 1000)
            assert answer["status"] == "accepted"
    return statistics.median(took)


def resident_mb() -> float:
    """The resident memory of this process."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024


async def idle(url: str, home: Path, *, sessions: int) -> dict[str, float]:
    """The megabytes that `sessions` idle persistent sessions add, each after one run."""
    persistent = pa.SessionOptions(mode=pa.Mode.SESSION)
    async with pa.open(**options(url, home, 16)) as opened:
        before = resident_mb()
        for first in range(0, sessions, 500):
            handles = [
                await opened.spawn(
                    pa.Task(PLAIN, f"task {number}", model="bench/bench-1", options=persistent)
                )
                for number in range(first, min(first + 500, sessions))
            ]
            await opened.wait(handles)
            if not first:
                before = resident_mb()  # the first runs load what all others share
        return {"idle_mb": resident_mb() - before}
