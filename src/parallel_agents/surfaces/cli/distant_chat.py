"""Distant chat: a conversation with an agent at a gateway; what was said is kept there."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.core.event_store import OnEvents
from parallel_agents.core.row import Row
from parallel_agents.core.task import AnyTask
from parallel_agents.errors import NotFound, UnknownAgent
from parallel_agents.surfaces.cli.chat_partner import Partner, check_partner, check_talks, nobody
from parallel_agents.surfaces.cli.chat_places import ChatThere
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.distant_spawn import warn_at_distance


@asynccontextmanager
async def partner_there(
    context: CliContext, begin: AnyTask, on_events: OnEvents | None
) -> AsyncGenerator[Partner]:
    """Whom a chat at the gateway is with.

    Raises:
        NotFound, InvalidInput: nobody can talk to what the name means.
        UnknownModel, MissingKey: the gateway cannot use the model.
    """
    del on_events  # those of this process; there are none
    async with open_distant(context.environment) as distant:
        row = await _find(distant, begin)
        model = await _model_of(distant, begin, row)
        warn_at_distance(begin.model or model)
        yield Partner(ChatThere(distant), row, model)


async def _find(distant: Distant, begin: AnyTask) -> Row | None:
    """The session that a name means; None if it is the name of an agent."""
    name = begin.agent_name
    try:
        schema = await distant.sessions.input_schema(name)
    except UnknownAgent as error:
        unknown = error
    else:
        check_talks(name, schema)
        return None
    try:
        row = await distant.sessions.find(name)
    except NotFound as error:
        raise nobody(name, unknown, error) from error
    check_partner(row, begin)
    return row


async def _model_of(distant: Distant, begin: AnyTask, row: Row | None) -> str:
    """The model of the next answer: the one that the gateway would choose, or that of the session before."""
    if row is not None:
        return row.run.model
    (priced,) = (await distant.sessions.price(begin)).tasks
    return priced.model
