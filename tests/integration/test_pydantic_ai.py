"""Models of Pydantic AI in a run, and in a process where the library is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import parallel_agents as pa

WITHOUT_LIBRARY = """
import asyncio, sys
sys.modules["pydantic_ai"] = None
from parallel_agents.errors import MissingExtra
from parallel_agents.models.foreign.pydantic_ai import PydanticAi
try:
    asyncio.run(PydanticAi("pydantic-ai/test").start())
except MissingExtra as error:
    print(error.message, "|", error.hint)
"""


WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.", tools=("look",))


def look(at: str) -> str:
    return f"seen: {at}"


async def test_a_run_names_a_model_of_the_library_which_calls_tools(tmp_path: Path) -> None:
    team = await pa.arun(
        [pa.Task("writer", "Say something.")],
        model="pydantic-ai/test",
        home=tmp_path,
        agents=[WRITER],
        tools=[look],
    )

    (result,) = team.results
    assert result.status is pa.RunStatus.DONE
    assert result.text == '{"look":"seen: a"}'


def test_without_the_library_the_error_names_the_extra() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBRARY], check=True, capture_output=True, text=True
    )

    message, _, hint = done.stdout.partition("|")
    assert "extra pydantic-ai" in message
    assert hint.strip().endswith("install 'pagents[pydantic-ai]'")
