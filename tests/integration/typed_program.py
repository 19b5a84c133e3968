"""A program with typed answers, as its author's type checker sees it; it runs as well."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, assert_type

from pydantic import BaseModel
from typing_extensions import TypedDict

import parallel_agents as pa
from parallel_agents.core.schema import Json
from parallel_agents.testing import RepliesWith


class Finding(BaseModel):
    file: str
    line: int


class Findings(BaseModel):
    items: list[Finding]


@dataclass
class Verdict:
    score: float


class Words(TypedDict):
    words: list[str]


auditor = pa.Agent(
    "auditor",
    instructions="Find what is wrong. Name the line.",
    output=Findings,
    tools=("read_file", "grep", "shell"),
    workspace=pa.Workspace.own("."),
    sandbox="require",
    permissions=pa.Permissions(
        allow=("read_file", "grep", "shell(git *)", "shell(pytest*)"),
        ask=("shell(*)",),
        deny=("shell(curl *)",),
    ),
)
finder = pa.Agent(
    "finder",
    instructions="Find what is wrong.",
    output=Findings,
    examples=(pa.Example("x = 1 / 0", Findings(items=[Finding(file="a.py", line=1)])),),
)
judge = pa.Agent("grader", instructions="Grade it.", output=Verdict)
lister = pa.Agent("lister", instructions="List the words.", output=Words)
# What a form of typing is must be said to mypy.
sorter: pa.Agent[Literal["bug", "question"]] = pa.Agent(
    "sorter", instructions="Sort it.", output=Literal["bug", "question"]
)
counter = pa.Agent("counter", instructions="Count them.", output=list[int])
poet = pa.Agent("poet", instructions="Write.", output=str)
schema = pa.Agent("by_schema", instructions="Answer.", output={"type": "object"})
plain = pa.Agent("plain", instructions="Answer.")

assert_type(auditor, pa.Agent[Findings])
assert_type(judge, pa.Agent[Verdict])
assert_type(lister, pa.Agent[Words])
assert_type(sorter, pa.Agent[Literal["bug", "question"]])
assert_type(counter, pa.Agent[list[int]])
assert_type(poet, pa.Agent[str])
assert_type(schema, pa.Agent[Json])
assert_type(plain, pa.Agent[Json])
assert_type(pa.Task(auditor, "Look."), pa.Task[Findings])
assert_type(pa.Task("code_reviewer", "Look."), pa.Task[Json])


def first_lines(results: Sequence[pa.Result[Findings]]) -> list[int]:
    return [finding.line for result in results for finding in result.output.items]


def any_result(result: pa.Result) -> Json:
    return result.output


async def with_verbs() -> None:
    async with pa.open() as sessions:
        handle = await sessions.spawn(pa.Task(judge, "Grade it."))
        assert_type(handle, pa.SessionHandle[Verdict])
        assert_type((await handle.wait()).output.score, float)
        assert_type(await sessions.wait([handle]), list[pa.Result[Verdict]])
        child = await sessions.spawn(pa.Task(lister, "."), parent=handle)
        assert_type((await child.wait()).output, Words)
        pool = sessions.pool(lister, name="listers")
        assert_type((await pool.run("Rain.")).output["words"], list[str])
        batch = await sessions.batch(judge, ["one", "two"])
        assert_type(batch.items[0].output, Verdict)
        by_name = await sessions.spawn(pa.Task("judge", "Grade it."))
        assert_type((await by_name.wait()).output, Json)
    assert_type((await pa.arun(pa.Task(poet, "Rain."))).results[0].output, str)
    assert_type(await pa.amap(judge, ["one"]), list[pa.Result[Verdict]])
    async for result in pa.stream([pa.Task(judge, "Grade it.")], budget=2):
        assert_type(result.output.score, float)
    assert_type((await pa.arun_flow(count, topic="tea", budget=0.5)).output, list[int])


async def count(flow: pa.Flow, topic: str) -> list[int]:
    found = await flow.task("find", pa.Task(finder, topic))
    assert_type(found.output.items, list[Finding])
    return [finding.line for finding in found.output.items]


def without_async() -> None:
    for result in pa.stream(pa.Task(judge, "Grade it."), progress=True):
        assert_type(result, pa.Result[Verdict])
    assert_type(pa.map(finder, [{"code": "x"}])[0].output.items, list[Finding])
    assert_type(pa.map("code_reviewer", ["x"])[0].output, Json)
    for row in pa.map_rows(finder, [{"code": "x"}], text="{code}", limit=3).results():
        assert_type(row.output, Findings)
    assert_type(pa.run_flow(count, topic="tea").output, list[int])


def answer_and_die(request: pa.ModelRequest) -> str:
    """An answer to the first task; at the second one the process is gone."""
    if request.messages[-1].text == "Die.":
        os.kill(os.getpid(), signal.SIGKILL)
    return '{"items": [{"file": "a.py", "line": 4}]}'


def main(home: Path) -> None:
    team = pa.run(
        [pa.Task(finder, "Look."), pa.Task(finder, "Die.")],
        key="typed",
        home=home,
        max_parallel=1,
        agents=[finder, plain],
        model="scripted/model",
        models={"scripted": lambda _: RepliesWith(answer_and_die)},
    )
    assert_type(team, pa.TeamResult[Findings])
    assert_type(team.results[0], pa.Result[Findings])
    assert_type(team.results[0].output.items, list[Finding])


if __name__ == "__main__":
    asyncio.run(with_verbs()) if sys.argv[1] == "--verbs" else main(Path(sys.argv[1]))
