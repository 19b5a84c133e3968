"""A pool of persistent agents: each task is done once, even if the process dies in the middle of its work.

The script starts a worker that is killed after its second answer, as by a crash. Then it asks for the
same tickets again: answers that are there are returned, runs in flight are taken over, and the sessions
still remember what they did, unless they had no task for an hour. What all agents share is in the state of one session, the desk.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import parallel_agents as pa

TICKETS = {
    "t-1": "The heating fails.",
    "t-2": "Where is my invoice?",
    "t-3": "The door does not close.",
    "t-4": "Please call me back.",
    "t-5": "The window is broken.",
    "t-6": "Who waters the plants?",
}
CLERK = pa.Agent("clerk", instructions="Answer the ticket in one sentence.", output=str)


async def answer_all(stop_after: int | None = None) -> None:
    async with pa.open(agents=[CLERK]) as sessions:
        desk = await sessions.spawn(pa.Task(CLERK, "Open the desk.", key="desk"))
        state = await sessions.state(desk)
        pool = sessions.pool(CLERK, name="clerks", size=2, idle=3600)

        async def answer(ticket: str, text: str) -> pa.Result[str]:
            result = await pool.run(text, key=ticket)
            await state.set(f"answers/{ticket}", result.text)
            if stop_after is not None and len(await state.entries("answers/")) >= stop_after:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        results = await asyncio.gather(*(answer(*ticket) for ticket in TICKETS.items()))
        runs = {result.run_id for result in results}
        sessions_used = sorted({result.label for result in results})
        answers = await state.entries("answers/")
        calls = sum(result.spend.calls for result in results)
        print(f"{len(answers)} answers in {len(runs)} runs of {', '.join(sessions_used)}")
        print(f"{calls} calls")


def main() -> None:
    if "worker" in sys.argv:
        asyncio.run(answer_all(stop_after=2))
    worker = subprocess.run([sys.executable, __file__, "worker"], check=False)
    print(f"the worker ended with {worker.returncode}")
    asyncio.run(answer_all())


if __name__ == "__main__":
    main()
