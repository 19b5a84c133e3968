"""Events: a flow answers tickets as they come; anybody may append one to its state."""

from __future__ import annotations

import asyncio

import parallel_agents as pa

HELPER = pa.Agent("helper", instructions="Answer the customer.", output=str)


async def answer_tickets(flow: pa.Flow, count: int) -> list[str]:
    answers: list[str] = []
    for _ in range(count):
        ticket = await flow.on_event("ticket")
        answers.append((await flow.task("answer", pa.Task(HELPER, f"Ticket: {ticket}"))).output)
    return answers


async def main() -> None:
    async with pa.open() as sessions:
        flow = await sessions.spawn_flow(answer_tickets, key="desk-1", input={"count": 2})
        state = await sessions.state(flow)
        for ticket in ("My basket is broken.", "Where is my tea?"):
            await state.append("events/ticket", ticket)
        result = await flow.wait()
    told = f"{len(result.output)} answers" if result.is_done else result.error
    print(f"desk-1: {result.status}, {told}")


if __name__ == "__main__":
    asyncio.run(main())
