"""A typed function as a tool: its signature is the schema, and the model reads its docstring."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

import parallel_agents as pa

STOCK = {"apples": 12, "pears": 0}


@pa.tool(effect="pure")
def count_stock(fruit: Annotated[str, Field(description="plural, lower case")]) -> str:
    """Return how many pieces of a fruit are in stock."""
    if fruit not in STOCK:
        raise ValueError(f"there is no {fruit!r}; there are {', '.join(STOCK)}")
    return f"{STOCK[fruit]} {fruit}"


CLERK = pa.Agent(
    name="clerk",
    description="Answers questions about the stock.",
    instructions="Look the answer up with the tool. Answer in one sentence.",
    tools=("count_stock",),
    limits=pa.Limits(max_turns=5, max_output_tokens=200),
)


def main() -> None:
    team = pa.run([pa.Task(CLERK, "How many apples are in stock?")], tools=[count_stock])
    (result,) = team.results
    print(result.status, result.text or result.error)


if __name__ == "__main__":
    main()
