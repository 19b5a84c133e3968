"""Arguments as programs write them: type checkers take what is taken when it runs, and refuse what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, assert_type

from pydantic import BaseModel

import parallel_agents as pa
from parallel_agents import testing
from parallel_agents.core.schema import Json, JsonObject


class Finding(BaseModel):
    line: int


class Findings(BaseModel):
    items: list[Finding]


# Variables, whose types a checker infers without knowing what they are for.
SCHEMA = {"type": "object", "properties": {"kind": {"type": "string"}}, "required": ["kind"]}
GATES = [pa.RegexGate(pattern="kind")]
WIDE: dict[str, object] = {"kind": "bug", "line": 3}
TOOLS = ["read_file", "grep"]


def taken() -> Sequence[object]:
    """Values that are what the documentation shows in one place or another."""
    agent = pa.Agent(
        "sorter",
        instructions="Sort it.",
        output_schema=SCHEMA,
        input_schema=SCHEMA,
        examples=[pa.Example("It crashes", {"kind": "bug"}, input=WIDE)],
        tier="small",
        tools=TOOLS,
        limits={"attempts": 2, "timeout_seconds": 60},
        thinking="low",
        needs=["facts", pa.Need.HUMOUR],
        budget=2,
        on_limit="stop",
        on_stuck="ask",
        gates=GATES,
        ladder=["sim/calm", "sim/slow"],
        start="learned",
        policy=pa.Policy(spawns=["poet"], denies=[]),
        permissions=pa.Permissions(allow=["grep"], ask=["shell(*)"], deny=[]),
        sandbox="off",
        with_workspace=pa.WithWorkspace(
            tools=["grep"], limits={"max_turns": 3}, input_schema=SCHEMA
        ),
        mcp_servers=[pa.McpServer(name="files", command="server", args=["--stdio"])],
    )
    assert_type(agent, pa.Agent[Json])
    assert_type(agent.tier, pa.Tier)
    assert_type(agent.tools, tuple[str, ...])
    assert_type(agent.limits, pa.Limits)
    assert_type(agent.budget, pa.Budget)
    assert_type(agent.output_schema, JsonObject | None)
    task = pa.Task(
        agent,
        "Sort it.",
        input={"code": "x", "chart": pa.File("chart.png")},
        files=[pa.File("chart.png"), pa.File(Path("chart.pdf"))],
        limits={"attempts": 2},
        budget={"tokens": 1_000, "on_limit": "ask"},
        gates=[*GATES, pa.ConditionGate(condition="kind == 'bug'")],
        ladder=["sim/calm"],
        sandbox="require",
        tags=["tea"],
        options=pa.SessionOptions(mode="session", cleanup="delete"),
    )
    assert_type(task.files, tuple[pa.File, ...])
    assert_type(task.options.mode, pa.Mode)
    steps = [
        pa.Step(id="one", agent="sorter", text="Go.", input=WIDE, budget=0.5, gates=GATES),
        pa.Step(id="two", agent="sorter", needs=["one"], run_if="any_done", for_each=[1, 2]),
    ]
    return (
        agent,
        task,
        replace(task, input=WIDE, tags=["rain"], limits={"attempts": 1}),
        pa.TeamTask(tasks=[task], budget=1, on_failure="stop_new"),
        pa.Plan(name="verse", steps=steps, input_schema=SCHEMA, on_failure="cancel_siblings"),
        pa.CommandGate(command=["pytest", "-q"]),
        pa.QuotesGate(items="claims", fields=["url"]),
        pa.Filter(statuses=["done", pa.RunStatus.FAILED], labels=["tea"], tree="team:tea:1"),
        pa.DeadLetterFilter(tree="team:tea:1"),
        pa.CreateOptions(tools=TOOLS),
        Defaults(),
    )


@dataclass
class Defaults:
    """What a program keeps of its own."""

    chosen: pa.Filter = field(default_factory=pa.Filter)
    policy: pa.Policy = field(default_factory=pa.Policy)
    limits: pa.Limits = field(default_factory=pa.Limits)


def with_functions(sorter: pa.Agent[Findings], rows: list[dict[str, object]]) -> None:
    """Calls, whose types are what counts here."""
    assert_type(pa.map(sorter, ["tea", {"topic": "rain"}]), list[pa.Result[Findings]])
    assert_type(pa.map(sorter, rows, budget={"usd": 1}), list[pa.Result[Findings]])
    row = next(pa.map_rows(sorter, rows, text="{id}", format="jsonl", row_gates=GATES).results())
    assert_type(row.output, Findings)
    team = pa.run(pa.Task(sorter, "Sort it.", files=[]), on_failure="stop_new", tags=["tea"])
    assert_type(team.results[0].output.items, list[Finding])
    several = [pa.Task(sorter, "Sort it."), pa.Task("poet", "Write.")]
    assert_type(len(pa.run(several).results), int)
    tasks = (pa.Task(sorter, f"Sort {row['id']}.") for row in rows)
    assert_type(pa.run(tasks, agents=iter([sorter]), tags={"tea"}), pa.TeamResult[Findings])


async def with_verbs(rows: list[dict[str, object]]) -> None:
    """Verbs, whose types are what counts here."""
    async with pa.open() as sessions:
        handle = await sessions.spawn(pa.Task("sorter", "Sort it.", input=WIDE))
        await handle.steer("Shorter.", mode="now")
        await sessions.steer("sorter", "Shorter.", mode="after")
        await handle.send("Again.", input=WIDE, files=[pa.File("chart.png")])
        handles = {"one": handle}
        assert_type(await sessions.wait(handles.values(), until="now"), list[pa.Result[Json]])
        await sessions.batch("sorter", (f"Sort {row['id']}." for row in rows))
        await sessions.list(pa.Filter(session=handle.key, sessions=[handle.key]))
        await sessions.answer("q-1", arguments=WIDE)
        await (await sessions.state(handle)).set("rows", rows)
        await sessions.pool("sorter", name="sorters").run("Sort it.", input=WIDE)


async def fetch(place: str) -> Finding:
    return Finding(line=len(place))


def hidden(place: str) -> Any:
    return place


async def with_steps(flow: pa.Flow, rows: list[dict[str, object]]) -> dict[str, int]:
    """Steps of a flow, whose types are what counts here."""
    await flow.map(pa.Task("sorter", "{text}"), rows, by="id")
    assert_type(await flow.step("once", len, rows, effect="pure"), int)
    assert_type(await flow.step("fetch", fetch, place="home"), Finding)
    found = await asyncio.gather(*(flow.step("each", fetch, place) for place in TOOLS))
    assert_type(found, list[Finding])
    assert_type(await flow.step("any", hidden, "home"), Any)
    return await flow.step("made", lambda: {"lines": 3})


# Each is wrong for both checkers: mypy and basedpyright refuse a comment that hides nothing.
REFUSED: Sequence[Callable[[], object]] = (
    lambda: pa.Agent("a", instructions="b", tiers="small"),  # type: ignore[call-arg]
    lambda: pa.Agent("a", instructions="b", tier="huge"),  # type: ignore[arg-type]
    lambda: pa.Agent("a", instructions="b", tools="grep"),  # type: ignore[arg-type]
    lambda: pa.Agent("a", instructions="b", limits={"attempt": 2}),  # type: ignore[arg-type]
    lambda: pa.Agent("a", instructions="b", limits={"attempts": "2"}),  # type: ignore[arg-type]
    lambda: pa.Agent("a", instructions="b", output_schema=["kind"]),  # type: ignore[arg-type]
    lambda: pa.Agent("a", instructions="b", needs="facts"),  # type: ignore[arg-type]
    lambda: pa.Task("a"),  # type: ignore[call-arg]
    lambda: pa.Task("a", "b", budget="two"),  # type: ignore[arg-type]
    lambda: pa.Task("a", "b", tags="tea"),  # type: ignore[arg-type]
    lambda: pa.Task("a", "b", files=["chart.png"]),  # type: ignore[list-item]
    lambda: pa.Task("a", "b", gates=pa.RegexGate(pattern="x")),  # type: ignore[arg-type]
    lambda: pa.Task("a", "b", input="c"),  # type: ignore[arg-type]
    lambda: pa.TeamTask(name="tea"),  # type: ignore[call-arg]
    lambda: pa.TeamTask(tasks=["a"]),  # type: ignore[list-item]
    lambda: pa.CommandGate(command="ls"),  # type: ignore[arg-type]
    lambda: pa.SessionOptions(mode="never"),  # type: ignore[arg-type]
    lambda: pa.Filter(statuses=["finished"]),  # type: ignore[list-item]
    lambda: pa.run([pa.Task("a", "b")], timeot=60),  # type: ignore[call-arg]
    lambda: pa.run([pa.Task("a", "b")], budget="two"),  # type: ignore[arg-type]
    lambda: pa.run([pa.Task("a", "b")], on_failure="give_up"),  # type: ignore[arg-type]
    lambda: pa.run("a"),  # type: ignore[arg-type]
    lambda: pa.map("a", [1, 2]),  # type: ignore[list-item]
    lambda: pa.tool(effect="pur"),  # type: ignore[call-overload]
)

# A name that is not there is one for the checkers too.
ABSENT: Sequence[Callable[[], object]] = (
    lambda: pa.DONE,  # type: ignore[attr-defined]
    lambda: testing.ScriptedModle,  # type: ignore[attr-defined]
)
