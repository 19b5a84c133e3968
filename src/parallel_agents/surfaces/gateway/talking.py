"""Talking: an agent or a team as chat clients see it: something with a name that answers messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeAlias

import orjson
from pydantic import ConfigDict, Field, JsonValue, ValidationError

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.team import Team
from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, NotOffered, UnknownAgent
from parallel_agents.surfaces.gateway.bodies import SpawnBody
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given, wrong
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.verb_routes import start

AGENT, TEAM = "agent:", "team:"
NamedId: TypeAlias = Annotated[str, Field(min_length=1, max_length=500)]
_Name = Annotated[str, Field(max_length=500)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_MOST_SHOWN = 80
ON_INPUT = "Work on this input."


class Wishes(Given):
    """What a message of a chat client can have besides its text."""

    input: dict[str, JsonValue] | None = None
    """Values for the input schema of the agent or team; otherwise they are read from the text."""
    model: _Name | None = None
    """`provider/model`; by default that of the agent or of the settings."""
    budget_usd: _Positive | None = None
    """The most that the work may cost."""
    timeout_seconds: _Positive | None = None
    """The time limit."""


class Foreign(Given):
    """What clients of another protocol send, and maybe more than is read here."""

    model_config = ConfigDict(extra="ignore")


class MessagePart(Foreign):
    """A part of a message."""

    type: NamedId
    """Only those of text are read."""
    text: str = ""
    """The text."""


class Listed(NamedTuple):
    """An agent or a team in the list of those that can be talked to."""

    name: str
    kind: Literal["agent", "team"]
    file: Path


def catalog_of(call: Call) -> Catalog:
    """The files as they are now: the gateway may have been started before they were changed."""
    environment = call.gateway.environment
    return Catalog(environment.folders, environment.accept)


def found(catalog: Catalog, name: str) -> Agent | Team:
    """The agent of that name, or else the team; a prefix says which of the two.

    Raises:
        Refusal: there is neither.
    """
    agents, teams = set(catalog.agent_names()), {entry.name for entry in catalog.teams()}
    bare = name.removeprefix(AGENT).removeprefix(TEAM)
    if bare in agents and not name.startswith(TEAM):
        return catalog.agent(bare)
    if bare in teams and not name.startswith(AGENT):
        return catalog.team(bare)
    raise Refusal(
        UnknownAgent(
            f"there is no agent or team {name[:_MOST_SHOWN]!r}",
            hint=did_you_mean(bare, sorted(agents | teams), "GET /v1/models lists all"),
        ),
        HTTPStatus.NOT_FOUND,
    )


def listed(catalog: Catalog) -> Iterator[Listed]:
    """All that can be talked to; a team whose name an agent has too is called `team:NAME`."""
    names = set(catalog.agent_names())
    for entry in catalog.agents():
        if isinstance(entry.content, Agent):
            yield Listed(entry.name, "agent", entry.file)
    for entry in catalog.teams():
        if isinstance(entry.content, Team):
            name = f"{TEAM}{entry.name}" if entry.name in names else entry.name
            yield Listed(name, "team", entry.file)


def check_no_tools(tools: Sequence[JsonValue] | None) -> None:
    """Refuse tools of the client, which nobody could call.

    Raises:
        NotOffered: it has some.
    """
    if tools:
        raise NotOffered(
            "tools of the client cannot be called",
            why="a background worker does the work, also when the client has left",
            hint="leave out tools; agents have their own",
        )


def text_of(content: str | Sequence[MessagePart] | None, types: Set[str]) -> str:
    """What a message says.

    Args:
        content: its text, or its parts.
        types: those of parts that are text.

    Raises:
        NotOffered: there is more in it than text.
    """
    if content is None or isinstance(content, str):
        return content or ""
    odd = next((part.type for part in content if part.type not in types), None)
    if odd is not None:
        raise NotOffered(
            f"a message has a part of the type {odd[:40]!r}",
            why="only text can be said here",
            hint="describe it in words",
        )
    return "\n".join(part.text for part in content)


async def begin(
    call: Call,
    partner: Agent | Team,
    text: str,
    wishes: Wishes,
    *,
    key: str | None = None,
    label: str | None = None,
) -> Spawned:
    """Start the work that a message asks for.

    Raises:
        InvalidInput: it is not what the agent or the team takes.
    """
    named = {"agent": partner.name} if isinstance(partner, Agent) else {"team": partner.name}
    words, values = meant(partner, text, wishes)
    asked: dict[str, object] = {
        **named,
        "key": key,
        "input": values,
        "model": wishes.model,
        "budget_usd": wishes.budget_usd,
        "timeout_seconds": wishes.timeout_seconds,
    }
    if isinstance(partner, Agent):
        asked |= {"text": words, "label": label}
    try:
        body = SpawnBody.model_validate(asked)
    except ValidationError as error:
        raise wrong(error, SpawnBody, "the message") from error
    return await start(call, body, key)


async def check_continues(call: Call, session: SessionKey, wishes: Wishes) -> None:
    """Refuse limits that a later message of a session cannot have: nothing would hold it to them.

    Raises:
        NotOffered: it has them.
    """
    if wishes.timeout_seconds is not None:
        raise NotOffered(
            "a later message cannot have timeout_seconds",
            why="only the first message of a session can",
            hint="leave it out, or begin another conversation",
        )
    if wishes.budget_usd is None:
        return
    stored = await call.client.journal.budget(session)
    if stored is None or stored.account.budget.usd != wishes.budget_usd:
        raise NotOffered(
            "a later message cannot change the budget",
            why="the budget of a session is that of its first message, and holds for all of them",
            hint="leave budget_usd out, or begin another conversation",
        )


async def first_row(call: Call, key: str) -> Row | None:
    """The session that was spawned under a key, with its first run; None if there is none yet."""
    sessions = call.client.sessions
    rows = await sessions.list(Filter(prefix=key, roots_only=True))
    row = next((each for each in rows if each.session.spawn_key == key), None)
    if row is None or row.run.number == 1:
        return row
    runs = await sessions.list(Filter(session=row.session.key, every_run=True))
    return next(each for each in runs if each.run.number == 1)


def meant(partner: Agent | Team, text: str, wishes: Wishes) -> tuple[str, Mapping[str, JsonValue]]:
    """A message as the text of a task and its input.

    A JSON object with names of the schema is the input; any other text is the value of the one text
    that the schema requires, if it requires one alone.

    Raises:
        InvalidInput: a team is to be started, and the message is neither.
    """
    schema = partner.input_schema
    if wishes.input is not None or schema is None:
        return text, wishes.input or {}
    properties = schema.get("properties")
    names = list(properties) if isinstance(properties, Mapping) else []
    given = _object_in(text)
    if given is not None and given and set(given) <= set(names):
        return ON_INPUT, given
    required = schema.get("required")
    if isinstance(required, Sequence) and len(required) == 1 and _is_text(schema, required[0]):
        return text, {str(required[0]): text}
    if isinstance(partner, Agent):
        return text, {}
    raise InvalidInput(
        f"the team {partner.name} takes {', '.join(names) or 'nothing'}, and not one text",
        hint=f'send a JSON object, such as {{"{names[0] if names else "name"}": "…"}}',
    )


def _object_in(text: str) -> dict[str, JsonValue] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _is_text(schema: JsonObject, name: object) -> bool:
    properties = schema.get("properties")
    each = properties.get(str(name)) if isinstance(properties, Mapping) else None
    return isinstance(each, Mapping) and each.get("type") == "string"
