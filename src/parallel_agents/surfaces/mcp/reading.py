"""Reading: the tools that change nothing, for clients that may only look."""

from __future__ import annotations

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import OnlyReads
from parallel_agents.surfaces.mcp.about import offers_of, refused
from parallel_agents.surfaces.mcp.client import Answer, Client


def listed_for_reading(client: Client) -> JsonObject:
    """The result of `tools/list` for a client that may only look."""
    return {"tools": list(_reading(client).values())}


def only_reading(answer: Answer, client: Client) -> Answer:
    """The same answers, which refuse calls of all other tools."""
    names = _reading(client)

    async def answer_reading(name: str, arguments: JsonObject) -> JsonObject:
        if name in names:
            return await answer(name, arguments)
        return refused(
            OnlyReads(
                f"{head(name, 80)} would change something, and this access only reads",
                hint=f"its tools are {', '.join(names)}",
            )
        )

    return answer_reading


def _reading(client: Client) -> dict[str, JsonObject]:
    return {name: each for name, each in offers_of(client).items() if _only_reads(each)}


def _only_reads(offer: JsonObject) -> bool:
    annotations = offer["annotations"]
    return isinstance(annotations, dict) and annotations.get("readOnlyHint") is True
