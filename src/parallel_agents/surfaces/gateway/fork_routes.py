"""Fork routes: the turns of a session, and a session that takes up its conversation at one of them."""

from __future__ import annotations

from parallel_agents.app.foreseeing import Foresight
from parallel_agents.app.stored_work import foresee_task
from parallel_agents.core.fork import Fork
from parallel_agents.core.turns import Conversation
from parallel_agents.core.verbs import whole_history
from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.gateway.bodies import ForkBody
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import PageQuery
from parallel_agents.surfaces.gateway.price_routes import PriceDocument, price_of
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.verb_routes import SpawnedDocument, check_key_given, started
from parallel_agents.views.forks import TurnDocument, turn_json


async def turns(call: Call, given: PageQuery) -> Page:
    """The turns of a session, oldest first; `next_turn` is the one that nobody has answered, if any."""
    sessions = call.client.sessions
    row = await sessions.find(call.name)
    found = Conversation(await whole_history(sessions, row.session.key))
    first = _first(given.after)
    part = found.turns[first : first + given.limit]
    is_full = first + len(part) < len(found.turns)
    return Page(
        schema="turns",
        items=[turn_json(turn) for turn in part],
        as_of=call.client.now(),
        last=str(part[-1].number) if part and is_full else "",
        total=len(found.turns),
        more={"next_turn": found.next},
    )


def _first(after: str) -> int:
    if after and not (after.isascii() and after.isdigit()):
        raise InvalidInput(f"no page begins after {after[:80]!r}", hint="follow `next`")
    return int(after or 0)


async def fork(call: Call, given: ForkBody) -> Document:
    """Take up the conversation of a session in one of its own, or say what that would cost."""
    check_key_given(given.key)
    asked = given.fork(given.key or call.key or None)
    if given.dry_run:
        return Document(value=await price_of(call, _foreseen(call, asked)))
    spawned = await call.verbs.fork(call.name, asked)
    if given.listen:
        await call.gateway.live.want(spawned.run_id)
    return await started(call, spawned)


async def _foreseen(call: Call, asked: Fork) -> Foresight:
    plan = await call.client.sessions.plan_fork(call.name, asked)
    return await foresee_task(call.client, plan)


ROUTES = (
    Route(
        method="GET",
        path="/runs/{name}/turns",
        name="turns",
        does="The turns of a session, at which its conversation can be forked, oldest first.",
        takes=PageQuery,
        gives=TurnDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, turns),
        by_journal=True,
    ),
    Route(
        method="POST",
        path="/runs/{name}/fork",
        name="fork",
        does="Take up the conversation of a session at one of its turns, in a session of its own.",
        takes=ForkBody,
        gives=SpawnedDocument | PriceDocument,
        form=Form.DOCUMENT,
        begins=True,
        answer=handled(ForkBody, fork),
    ),
)
