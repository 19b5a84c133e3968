"""Customer support: a router, specialists, a check of each reply, and a person for what is left.

500 tickets are answered at once, within a limit. A ticket is a flow of its own, so that it has its own
outcome: a reply, or a place in the list for a person. A ticket that fails is for a person, too: the desk
goes on, and says so in a notice. Run again after a crash, only what is not done is paid for; once the desk
is done, its key gives the same outcome again.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

import parallel_agents as pa

KINDS = ("billing", "tech", "other")
ROUTER = pa.Agent("router", instructions=f"Answer with one of {', '.join(KINDS)}.", output=str)
SPECIALISTS = {
    kind: pa.Agent(f"{kind}_support", instructions=f"You answer {kind} questions.", output=str)
    for kind in KINDS
}
CHECKER = pa.Agent(
    "checker", instructions="Say BAD if the reply is rude or wrong, and else FINE.", output=str
)


async def ticket(flow: pa.Flow, text: str) -> str:
    routes = {kind: pa.Task(agent, text) for kind, agent in SPECIALISTS.items()}
    reply = await flow.branch("route", pa.Task(ROUTER, text), routes, default="other")
    checked = await flow.task("check", pa.Task(CHECKER, f"{text}\n\nReply:\n{reply.output}"))
    return "for a person" if "BAD" in checked.output else "answered"


async def desk(flow: pa.Flow, tickets: list[str]) -> dict[str, int]:
    flows = [
        flow.flow(f"ticket-{number}", ticket, text=text, check=False)
        for number, text in enumerate(tickets, start=1)
    ]
    results = await asyncio.gather(*flows)
    return Counter(result.output if result.is_done else "for a person" for result in results)


def main(count: int) -> None:
    tickets = [f"Ticket {number}: my basket is broken." for number in range(1, count + 1)]
    result = pa.run_flow(desk, tickets=tickets, key=f"desk-{count}", max_parallel=50)
    print(f"desk: {result.status}, {result.output if result.is_done else result.error}")
    for notice in result.notices:
        print(f"note: {notice}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
