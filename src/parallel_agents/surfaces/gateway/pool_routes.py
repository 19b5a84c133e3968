"""Pool routes: a task for one place of a pool, whose sessions remember their earlier tasks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId
from parallel_agents.sessions.pool import Begun, Idle, StoredPlace
from parallel_agents.surfaces.gateway.bodies import Positive
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled

_Name = Annotated[str, Field(min_length=1, max_length=500)]


class PoolBody(Given):
    """A task for a place of a pool."""

    agent: _Name
    """The agent that works in all of the pool's sessions."""
    text: Annotated[str, Field(max_length=4_000_000)]
    """What to do."""
    key: _Name
    """Names the task: the same key again is the same run."""
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """Values for the agent's input."""
    model: _Name | None = None
    """`provider/model`; by default that of the agent or of the settings."""
    idle_seconds: Positive | None = None
    """How long a session may be without a task before a new one takes its place."""
    after_run: _Name | None = None
    """The run of the same task that failed because its session was full."""
    after_generation: Annotated[int, Field(ge=0)] = 0
    """Which of the sessions of the place that was."""


class PooledDocument(TypedDict):
    """The run of the task, in the session of this generation; `is_first` if it was made for it."""

    run_id: RunId
    generation: int
    is_first: bool
    warning: str


async def begin_in_pool(call: Call, given: PoolBody) -> Document:
    """Start a task in the newest session of a place, or in a new one if none takes messages."""
    call.client.catalog.forget()  # the gateway may be older than the files
    call.client.catalog.agent(given.agent)  # a name of the catalog, of which no path is made
    idle = None if given.idle_seconds is None else Idle(given.idle_seconds, call.client.now)
    place = StoredPlace(call.verbs, given.agent, call.name, given.model, idle)
    after = None
    if given.after_run is not None:
        after = Begun(RunId(given.after_run), given.after_generation, is_first=False)
    begun = await place.begin(given.text, given.input, given.key, after=after)
    value: PooledDocument = {
        "run_id": begun.run,
        "generation": begun.generation,
        "is_first": begun.is_first,
        "warning": await call.client.hand_to_worker(),
    }
    return Document(value=value)


ROUTES = (
    Route(
        method="POST",
        path="/pools/{name}",
        name="beginInPool",
        does="Start a task in a place of a pool, whose sessions remember their earlier tasks.",
        takes=PoolBody,
        gives=PooledDocument,
        form=Form.DOCUMENT,
        answer=handled(PoolBody, begin_in_pool),
    ),
)
