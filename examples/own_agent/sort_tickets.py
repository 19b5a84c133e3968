"""Your own agent as a file: `.parallel-agents/agents/ticket_sorter.md`, next to this script.

    cd examples/own_agent && pagents trust && python sort_tickets.py

`pagents trust` shows what the folder defines; without it nothing of a project is used.

It also works on the command line: `pagents spawn ticket_sorter "Sort this" -i ticket="..." --wait`.
"""

from __future__ import annotations

import parallel_agents as pa

TICKETS = (
    "Since this morning I cannot log in, and my team is waiting for me.",
    "Where do I find the invoice for March?",
    "It would be nice to have a dark theme.",
)


def main() -> None:
    tasks = [pa.Task("ticket_sorter", "Sort this ticket", input={"ticket": t}) for t in TICKETS]
    for ticket, result in zip(TICKETS, pa.run(tasks).results, strict=True):
        print(f"{ticket}\n  {result.output if result.is_done else result.error}")


if __name__ == "__main__":
    main()
