"""A vote: five agents classify a message, and the majority counts."""

from __future__ import annotations

import parallel_agents as pa

VOTER = pa.Agent("voter", instructions="Answer with one word: spam, or fine.", output=str)


async def classify(flow: pa.Flow, message: str) -> str:
    tasks = [pa.Task(VOTER, f"Voter {number}: {message}") for number in range(5)]
    vote = await flow.vote(tasks, of=lambda answer: answer.split()[0])
    return f"{vote.winner} with {vote.share:.0%}"


if __name__ == "__main__":
    result = pa.run_flow(classify, message="You have won a prize", key="message-1")
    print(f"classify: {result.status}, {result.output if result.is_done else result.error}")
