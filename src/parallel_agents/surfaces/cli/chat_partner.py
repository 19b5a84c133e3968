"""Chat partner: whom a chat can be with, and the refusal of what nobody can talk to."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.core.json_example import example_of_input
from parallel_agents.core.object_schema import ways_to_give
from parallel_agents.core.row import Row
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import AnyTask
from parallel_agents.errors import InvalidInput, NotFound, PagentsError
from parallel_agents.surfaces.cli.chat_turns import ChatPlace
from parallel_agents.views import format

_MEANT = "did you mean "


class Partner(NamedTuple):
    """Whom a chat is with.

    Attributes:
        row: the session that is continued; None to begin one.
        model: that of the next answer.
    """

    place: ChatPlace
    row: Row | None
    model: str


def check_talks(agent: str, schema: JsonObject | None) -> None:
    """Refuse an agent that takes more than a text.

    Raises:
        InvalidInput: it does.
    """
    needed = min(ways_to_give(schema or {}), key=len, default=list[str]())
    if needed:
        example = example_of_input(schema or {}, needed[0])
        raise InvalidInput(
            f"nobody can talk to {agent}",
            why=f"it takes the input {', '.join(needed)}",
            hint=f"`pagents spawn {agent} TEXT --input {example.option}` gives it",
        )


def nobody(name: str, *refusals: PagentsError) -> NotFound:
    """The refusal of a name; the hints of those refusals, the last of a session, say what is near it."""
    if "/" in name:  # as no agent's name has
        return NotFound(
            f"there is no session {name!r}", why=refusals[-1].why, hint=refusals[-1].hint
        )
    hints = [each.hint for each in refusals if each.hint.startswith(_MEANT)]
    near = dict.fromkeys(hint.removeprefix(_MEANT).partition("?")[0] for hint in hints)
    meant = f"{_MEANT}{' or '.join(near)}? " if near else ""
    return NotFound(
        f"there is no agent and no session {name!r}",
        hint=f"{meant}`pagents agents list` shows the agents, `pagents list` the sessions",
    )


def check_partner(row: Row, begin: AnyTask) -> None:
    """Refuse a session that cannot be continued with what the chat is begun with.

    Raises:
        InvalidInput: it is a team or a flow, or an option is for a beginning.
    """
    name = begin.agent_name
    if row.run.kind.is_group:
        raise InvalidInput(
            f"{name} is a team or a flow",
            why="a chat is with one agent",
            hint=f"`pagents show {name}` lists its agents; continue one of them by its id",
        )
    if begin.budget.is_bound or begin.label is not None:
        raise InvalidInput(
            "--budget, --budget-tokens and --label are for the beginning of a chat",
            why=f"{format.name(row)} was begun before, and keeps what it began with",
            hint="leave them out, or begin a chat with an agent's name",
        )
