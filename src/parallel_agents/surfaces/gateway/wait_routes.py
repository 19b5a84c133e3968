"""Wait routes: wait for runs to end, and return their results."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId
from parallel_agents.core.verbs import Until
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.gateway.bodies import UntilName
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.documents import ResultDocument, result_json
from parallel_agents.views.sessions import lines_of

_MOST_WAIT_SECONDS = 60.0
_MOST_WAITED = 100


class WaitDocument(TypedDict):
    """The results of the runs that have ended; `live` are those that have not.

    `asks` are those of them that wait for a person, with what the first question of each says.
    """

    results: list[ResultDocument]
    live: list[RunId]
    asks: dict[RunId, str]


class WaitQuery(Given):
    """Which runs to wait for, and how long."""

    names: str = Field(min_length=1, max_length=20_000)
    """The names of sessions, or run ids, separated by commas."""
    until: UntilName = "all"
    """Wait for all, for any, or for the first that is done."""
    timeout: float = Field(default=30.0, ge=0, le=_MOST_WAIT_SECONDS)
    """After so many seconds, the answer has the results that there are."""


async def wait(call: Call, given: WaitQuery) -> Document:
    """Wait until runs have ended, and return the results that there are then."""
    sessions = call.client.sessions
    names = [name.strip() for name in given.names.split(",")]
    if len(names) > _MOST_WAITED:
        raise InvalidInput(
            f"{len(names)} runs cannot be waited for at once", hint=f"name at most {_MOST_WAITED}"
        )
    runs = [(await sessions.find(name)).run.id for name in names]
    try:
        results = await sessions.wait(runs, timeout=given.timeout, until=Until(given.until))
    except TimeoutError:
        results = await sessions.wait(runs, until=Until.NOW)
    ended = {result.run_id for result in results}
    live = [run for run in runs if run not in ended]
    seen = lines_of(await call.client.journal.look(await sessions.rows_of(live))) if live else ()
    value: WaitDocument = {
        "results": [result_json(result) for result in results],
        "live": live,
        "asks": {line.row.run.id: line.asks for line in seen if line.asks},
    }
    return Document(value=value)


ROUTES = (
    Route(
        method="GET",
        path="/wait",
        name="wait",
        does="Wait at most a minute for runs to end, and return their results.",
        takes=WaitQuery,
        gives=WaitDocument,
        form=Form.DOCUMENT,
        answer=handled(WaitQuery, wait),
    ),
)
