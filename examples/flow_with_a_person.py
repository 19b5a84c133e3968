"""A flow that asks a person in the middle: support tickets are sorted, answered, and sent on a yes.

The question waits in the store: this program answers it itself, so that it runs alone. In earnest,
leave that out, and answer with `pagents inbox` and `pagents answer`.
"""

from __future__ import annotations

import asyncio

import parallel_agents as pa

ROUTER = pa.Agent("router", instructions="Answer with one word: billing, or tech.", output=str)
HELPER = pa.Agent("helper", instructions="Answer the customer kindly.", output=str)


async def support(flow: pa.Flow, ticket: str) -> str:
    routes = {kind: pa.Task(HELPER, f"As {kind} support: {ticket}") for kind in ("billing", "tech")}
    reply = await flow.branch("sort", pa.Task(ROUTER, ticket), routes, default="tech")
    answer = await flow.ask(f"Send this?\n{reply.output}", choices=["yes", "no"], key="approve")
    return "sent" if answer == "yes" else "dropped"


async def main() -> None:
    async with pa.open() as sessions:
        flow = await sessions.spawn_flow(support, key="ticket-7", input={"ticket": "It is broken."})
        async for _ in flow.follow():
            for question in await sessions.questions():
                await sessions.answer(question, "yes")
        result = await flow.wait()
    print(f"ticket-7: {result.output if result.is_done else result.error}")


if __name__ == "__main__":
    asyncio.run(main())
