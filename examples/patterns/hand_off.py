"""A hand-off: a ticket goes to the next agent until an answer is accepted, and to a person in the end."""

from __future__ import annotations

import parallel_agents as pa

FIRST = pa.Agent("first_line", instructions="Answer; say ESCALATE if you cannot.", output=str)
SECOND = pa.Agent("specialist", instructions="You are the specialist. Answer.", output=str)


async def support(flow: pa.Flow, ticket: str) -> str:
    handed = await flow.hand_off(
        pa.Task(FIRST, ticket),
        to=[SECOND],
        accept=lambda result: "ESCALATE" not in result.output,
        person="Nobody could answer this ticket. What do we reply?",
    )
    return handed.answer or handed.result.output


if __name__ == "__main__":
    result = pa.run_flow(support, ticket="My basket is broken.", key="ticket-1")
    print(f"support: {result.status}")
    print(result.output if result.is_done else result.error)
