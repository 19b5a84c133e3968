"""People: a tool that asks a person, whose answer may take hours."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parallel_agents.core.tool import Effect, ToolContext, ToolError
from parallel_agents.tools.function import tool


@tool(effect=Effect.IDEMPOTENT)
async def ask_human(
    question: Annotated[str, Field(min_length=1, max_length=4000, description="What to ask.")],
    context: ToolContext,
    choices: Annotated[
        list[str], Field(default_factory=list, max_length=20, description="Answers to choose from.")
    ],
    default: Annotated[str, Field(description="The answer if nobody answers in time.")] = "",
) -> str:
    """Ask the person who started this work, and wait for the answer. Ask only what you cannot find out."""
    if context.caller is None:
        raise ToolError("nobody can be asked from here")
    answer = await context.caller.ask(question, choices=choices, default=default)
    if not answer.allow:
        raise ToolError(f"no answer: {answer.text}" if answer.text else "nobody answered in time")
    return answer.text
