"""The same calls in LangGraph with its SQLite checkpointer, and in Pydantic AI with its OpenAI model."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path


def langgraph(url: str) -> Callable[[object], Awaitable[object]]:
    """A ReAct agent with one thread per run and a checkpoint before each step."""
    from langchain.agents import create_agent
    from langchain_openai import ChatOpenAI
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    async def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    async def work(size: object) -> None:
        slots = asyncio.Semaphore(size.at_once)
        with tempfile.TemporaryDirectory() as home:
            async with AsyncSqliteSaver.from_conn_string(str(Path(home) / "store.db")) as saver:
                model = ChatOpenAI(model=f"bench-{size.calls}", base_url=url, api_key="none")
                agent = create_agent(
                    model, [add], system_prompt="You add numbers.", checkpointer=saver
                )

                async def one(number: int) -> None:
                    config = {"configurable": {"thread_id": str(number)}, "recursion_limit": 100}
                    async with slots:
                        await agent.ainvoke(
                            {"messages": [("user", f"task {number}")]}, config, durability="sync"
                        )

                async with asyncio.TaskGroup() as group:
                    for number in range(size.runs):
                        group.create_task(one(number))

    return work


def pydantic_ai(url: str) -> Callable[[object], Awaitable[object]]:
    """An agent without durability, because Pydantic AI has none on SQLite."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.usage import UsageLimits

    async def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    async def work(size: object) -> None:
        slots = asyncio.Semaphore(size.at_once)
        provider = OpenAIProvider(base_url=url, api_key="none")
        model = OpenAIChatModel(f"bench-{size.calls}", provider=provider)
        agent = Agent(model, instructions="You add numbers.", tools=[add])

        async def one(number: int) -> None:
            async with slots:
                await agent.run(f"task {number}", usage_limits=UsageLimits(request_limit=100))

        async with asyncio.TaskGroup() as group:
            for number in range(size.runs):
                group.create_task(one(number))

    return work


PEERS = {"langgraph": langgraph, "pydantic-ai": pydantic_ai}
