"""The CPU time of calls of the tools for files, beside one of a tool that does nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import parallel_agents as pa
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.permission import Permissions
from parallel_agents.core.schema import JsonObject
from parallel_agents.testing import RepliesWith

_CALLS = 300


def nothing(path: str) -> str:
    return path


def _calls(folder: Path) -> Mapping[str, JsonObject]:
    """A call of each tool, in a folder with a file of 200 lines and a hundred others."""
    (folder / "notes.md").write_text("\n".join(f"line {n}" for n in range(200)))
    for number in range(100):
        (folder / f"{number}.txt").write_text("x" * 500)
    return {
        "nothing": {"path": "notes.md"},
        "read_file": {"path": "notes.md"},
        "write_file": {"path": "new.md", "content": "x" * 5000},
        "edit_file": {"path": "notes.md", "old_text": "line 100\n", "new_text": "line 100\n\n"},
        "list_files": {"path": "."},
        "grep": {"pattern": "line 15.", "path": "notes.md"},
    }


async def cpu_of_a_call(home: Path) -> dict[str, float]:
    """The milliseconds of a turn with one call, for each tool."""
    folder = home / "work"
    folder.mkdir(parents=True)
    figures: dict[str, float] = {}
    for tool, arguments in _calls(folder).items():
        agent = pa.Agent(
            name="clerk",
            description="Works on files.",
            instructions="You work on files.",
            tools=(tool,),
            permissions=Permissions(allow=("*",)),
            limits=pa.Limits(max_turns=_CALLS + 2),
        )
        model = RepliesWith(_calling(tool, arguments))
        async with pa.open(
            model="scripted/m",
            models={"scripted": lambda _, model=model: model},
            home=home / tool,
            tools=[nothing],
        ) as sessions:
            options = pa.SessionOptions(cwd=str(folder))
            began = time.process_time()
            handle = await sessions.spawn(pa.Task(agent, "Go.", options=options))
            result = await handle.wait()
            figures[tool] = (time.process_time() - began) * 1000 / _CALLS
        assert result.is_done, result
    return figures


def _calling(tool: str, arguments: JsonObject) -> Callable[[ModelRequest], ToolCall | str]:
    """A model that makes the call in each of its turns but the last.

    It writes the path in two ways by turns: one that repeats itself to the letter is stopped.
    """
    numbers = iter(range(_CALLS))
    ways = [{**arguments, "path": f"{start}{arguments['path']}"} for start in ("", "./")]

    def answer(_: ModelRequest) -> ToolCall | str:
        number = next(numbers, None)
        return "done" if number is None else ToolCall(str(number), tool, ways[number % 2])

    return answer
