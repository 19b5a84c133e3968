"""Crew: the agents of a plan, and the tools and gates that they use, well-behaved and not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from typing_extensions import override

import parallel_agents as pa
from tests.chaos.plan import GateKind, Job, Plan, ToolName
from tests.chaos.script import CRITIQUE, agent_of, task_text

STRONG, WEAK = "chaos/strong", "chaos/weak"
# An effect becomes real when its name is written; returns once that is done.
Write = Callable[[str, str], Awaitable[None]]


def make_agents(plan: Plan, *, call_seconds: float) -> list[pa.Agent]:
    """An agent for each job, none of whose calls may take longer than that."""
    return [_make_agent(job, call_seconds) for job in plan.jobs]


def _make_agent(job: Job, call_seconds: float) -> pa.Agent:
    gates = () if job.gate is GateKind.NONE else (_gate(job),)
    return pa.Agent(
        name=agent_of(job.token),
        description="Does a job of a round.",
        instructions="Do it.",
        tools=tuple(ToolName),
        gates=gates,
        refine=pa.Refine(rounds=job.rounds) if job.rounds else None,
        ladder=(WEAK, STRONG) if job.is_laddered else (),
        cache_seconds=3600 if job.cached else None,
        budget=pa.Budget(tokens=job.budget_tokens),
        limits=pa.Limits(
            attempts=2, timeout_seconds=job.timeout_seconds, call_timeout_seconds=call_seconds
        ),
        policy=pa.Policy(spawns=("*",)) if job.children else pa.Policy(),
    )


def _gate(job: Job) -> pa.FunctionGate | pa.ScoreGate:
    if job.rounds and job.gate is GateKind.REVISED:
        return pa.ScoreGate(function="score", at_least=9)
    return pa.FunctionGate(function=job.gate)


def make_team(plan: Plan) -> pa.TeamTask:
    return pa.TeamTask(
        name=f"round-{plan.seed}",
        tasks=tuple(pa.Task(agent_of(root), task_text(root), label=root) for root in plan.roots),
        budget=pa.Budget(tokens=plan.team_tokens),
        on_failure=pa.OnFailure(plan.on_failure),
    )


def make_tools(write: Write) -> list[pa.Tool]:
    """The tools of all agents, whose effects are written by `write`."""

    @pa.tool(effect="once")
    async def pay(ref: str) -> str:
        """Pay: it must never happen twice."""
        await write("pay", ref)
        return f"paid {ref}"

    @pa.tool(effect="idempotent")
    async def note(ref: str) -> str:
        """Note something down: twice does no harm."""
        await write("note", ref)
        return f"noted {ref}"

    @pa.tool(effect="pure")
    async def look(ref: str) -> str:
        """Look something up."""
        return f"looked at {ref}"

    @pa.tool(effect="once")
    async def break_down(ref: str) -> str:
        """Break down, each time in another way."""
        raise _ERRORS[sum(map(ord, ref)) % len(_ERRORS)]()

    @pa.tool(effect="pure")
    async def hang(ref: str) -> str:
        """Take longer than a call may."""
        await asyncio.sleep(3600)
        return ref

    @pa.tool(effect="pure")
    async def babble(ref: str) -> object:
        """Return what nobody can read."""
        return _NONSENSE[sum(map(ord, ref)) % len(_NONSENSE)]

    return [pay, note, look, break_down, hang, babble]


class _Unprintable(Exception):
    @override
    def __str__(self) -> str:
        raise RuntimeError("this error has no text")


_ERRORS: tuple[type[BaseException], ...] = (
    ValueError,
    SystemExit,
    KeyboardInterrupt,
    asyncio.CancelledError,
    StopAsyncIteration,
    GeneratorExit,
    TimeoutError,
    _Unprintable,
)
_NONSENSE: tuple[object, ...] = (
    object(),
    b"\xff\xfe",
    "caf\udce9",
    "word " * 40_000,
    {1: {2: {3, 4}}},
    float("nan"),
    None,
)


async def wants_revised(answer: object) -> bool | str:
    return True if "revised" in str(answer) else CRITIQUE


async def wants_strong(answer: object) -> bool | str:
    return True if "strong" in str(answer) else CRITIQUE


async def never(answer: object) -> str:
    del answer
    return CRITIQUE


async def broken(answer: object) -> bool:
    raise _ERRORS[len(str(answer)) % len(_ERRORS)]()


async def score(answer: object) -> tuple[float, str]:
    return (10.0 if "revised" in str(answer) else 3.0), CRITIQUE


GATES: tuple[Callable[..., object], ...] = (wants_revised, wants_strong, never, broken, score)
