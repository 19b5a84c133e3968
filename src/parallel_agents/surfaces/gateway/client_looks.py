"""Client looks: what of an open home the Python client of this package asks for, by the names of `gateway_client.wire`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import sha256

from parallel_agents.app.thin import ThinClient
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result
from parallel_agents.core.workspace_verbs import DiffForm as Form
from parallel_agents.errors import InvalidInput
from parallel_agents.gateway_client.forms import DiffForm, SentForm, SignForm
from parallel_agents.gateway_client.wire import MOST_ROWS, SENT_PAGE, WAIT_SECONDS, Asked
from parallel_agents.sessions.wait_watch import cannot_continue
from parallel_agents.surfaces.gateway.change_routes import told, told_all
from parallel_agents.surfaces.health_look import look
from parallel_agents.views.at_work import is_anybody_at_work
from parallel_agents.views.health import signs

_Answer = Callable[[ThinClient, Asked], Awaitable[object]]
_CATCHING_UP_SECONDS = 5.0
_DIFF_BYTES = 12 << 20


def _session(asked: Asked) -> SessionKey:
    if asked.session is None:
        raise InvalidInput(f"{asked.look} needs a session", hint="name one")
    return asked.session


def _limit(asked: Asked) -> int:
    return min(PAGE if asked.limit is None else asked.limit, PAGE)


def _runs(asked: Asked) -> list[RunId]:
    return [RunId(name) for name in asked.names]


async def _rows(client: ThinClient, asked: Asked) -> list[Row]:
    chosen = asked.rows or Filter()
    most = MOST_ROWS + 1 if chosen.limit is None else min(chosen.limit, MOST_ROWS + 1)
    rows = await client.sessions.list(replace(chosen, limit=most))
    if len(rows) > MOST_ROWS:
        raise InvalidInput(
            f"more than {MOST_ROWS:,} sessions are asked for at once", hint="narrow the filter"
        )
    return rows


async def _wait(client: ThinClient, asked: Asked) -> list[Result] | None:
    seconds = WAIT_SECONDS if asked.seconds is None else min(asked.seconds, WAIT_SECONDS)
    try:
        return await client.sessions.wait(_runs(asked), timeout=seconds, until=asked.until)
    except TimeoutError:
        await _refuse_in_vain(client, asked)
        return None


async def _refuse_in_vain(client: ThinClient, asked: Asked) -> None:
    """Refuse to wait on if none of the runs can end, since no process works on them and workers lack something.

    Raises:
        CannotContinue: so it is.
    """
    readiness, rows = client.readiness, await client.sessions.rows_of(_runs(asked))
    live = [row for row in rows if not row.run.status.is_over]
    lacks = [readiness.lacks(row) for row in live]
    is_any_able = not all(lacks) or any(map(readiness.is_elsewhere, live))
    if not live or is_any_able or not all(row.is_left for row in live):
        return
    # Nobody takes over what was stopped.
    is_stopped = all(row.owner_state is OwnerState.GONE for row in live)
    if is_stopped or not await is_anybody_at_work(client.journal, client.sessions):
        raise cannot_continue(live[0], lacks[0])


async def _snapshot(client: ThinClient, asked: Asked) -> object:
    return await client.journal.look(await client.sessions.rows_of(_runs(asked)))


async def _member_runs(client: ThinClient, asked: Asked) -> object:
    return await client.sessions.member_runs(await client.sessions.find(_session(asked)))


async def _now(client: ThinClient, _: Asked) -> object:
    return client.now()


async def _spent_below(client: ThinClient, asked: Asked) -> object:
    return await client.sessions.spent_below(RunId(asked.name))


async def _events(client: ThinClient, asked: Asked) -> object:
    return await client.journal.events(
        after=asked.after,
        session=asked.session,
        tree=asked.tree,
        kinds=asked.kinds,
        limit=_limit(asked),
    )


async def _last_events(client: ThinClient, asked: Asked) -> object:
    return await client.journal.last_events(
        before=asked.before, tree=asked.tree, kinds=asked.kinds, limit=_limit(asked)
    )


async def _costs(client: ThinClient, asked: Asked) -> object:
    return await client.journal.costs(tree=asked.tree, since=asked.since, tag=asked.tag)


async def _unanswered(client: ThinClient, asked: Asked) -> object:
    return await client.journal.count_unanswered(tree=asked.tree, since=asked.since, tag=asked.tag)


async def _origins(client: ThinClient, asked: Asked) -> object:
    return await client.journal.origins([SessionKey(name) for name in asked.names])


async def _health(client: ThinClient, _: Asked) -> list[SignForm]:
    seen = await look(client.home, client.settings, client)
    return [
        SignForm(
            about=sign.about,
            level=sign.level.value,
            text=sign.text,
            hint=sign.hint,
            facts={**sign.facts},
        )
        for sign in signs(seen)
    ]


def _tree(asked: Asked) -> SessionKey:
    if asked.tree is None:
        raise InvalidInput(f"{asked.look} needs a tree", hint="name one")
    return asked.tree


async def _state(client: ThinClient, asked: Asked) -> object:
    return [*await client.sharing.state(_tree(asked)).entries(asked.name)]


async def _state_key(client: ThinClient, asked: Asked) -> object:
    return await client.sharing.state(_tree(asked)).get(asked.name)


async def _state_wait(client: ThinClient, asked: Asked) -> object:
    seconds = WAIT_SECONDS if asked.seconds is None else min(asked.seconds, WAIT_SECONDS)
    try:
        return await client.sharing.state(_tree(asked)).wait_for(
            asked.name, after=asked.after, condition=asked.condition, timeout=seconds
        )
    except TimeoutError:
        return None


async def _artifacts(client: ThinClient, asked: Asked) -> object:
    return [*await client.sharing.artifacts(_tree(asked)).list()]


async def _catch_up(client: ThinClient, _: Asked) -> object:
    return await client.transcripts.catch_up(most_seconds=_CATCHING_UP_SECONDS)


async def _find_hits(client: ThinClient, asked: Asked) -> object:
    return await client.transcripts.find(
        asked.name, sessions=asked.sessions, limit=_limit(asked), after=asked.place
    )


async def _workspaces(client: ThinClient, _: Asked) -> object:
    return [
        replace(each, source=told(each.source), folder=told(each.folder))
        for each in await client.tended.list()
    ]


async def _diff(client: ThinClient, asked: Asked) -> DiffForm:
    try:
        form = Form(asked.place)
    except ValueError:
        raise InvalidInput(
            f"a difference has no form {asked.place[:40]!r}", hint="use the same version"
        ) from None
    found = await client.tended.diff(asked.name, form=form)
    part = found.content[asked.after : asked.after + _DIFF_BYTES]
    return DiffForm(
        part=b64encode(part).decode(),
        size=len(found.content),
        digest=sha256(found.content).hexdigest(),
        not_shown=tuple(told_all(found.not_shown)),
        is_hidden=found.is_hidden,
    )


async def _sent(client: ThinClient, asked: Asked) -> object:
    found = await client.sent.of(asked.name)
    return [SentForm.of(each) for each in found[asked.after : asked.after + SENT_PAGE]]


ANSWERS: Mapping[str, _Answer] = {
    "find": lambda client, asked: client.sessions.find(asked.name),
    "list": _rows,
    "child_runs": lambda client, asked: client.sessions.child_runs(_session(asked)),
    "children_named": lambda client, asked: client.sessions.children_named(
        _session(asked), asked.names
    ),
    "spent_below": _spent_below,
    "batches": lambda client, asked: client.sessions.batches(_session(asked), after=asked.after),
    "history": lambda client, asked: client.sessions.history(
        asked.name, after=asked.after, limit=_limit(asked)
    ),
    "member_runs": _member_runs,
    "rows_of": lambda client, asked: client.sessions.rows_of(_runs(asked)),
    "results": lambda client, asked: client.sessions.results(_runs(asked)),
    "team_result": lambda client, asked: client.sessions.team_result(asked.name),
    "questions": lambda client, _: client.sessions.questions(),
    "dead_letters": lambda client, asked: client.sessions.dead_letters(asked.letters),
    "wait": _wait,
    "look": _snapshot,
    "owners": lambda client, _: client.journal.owners(),
    "events": _events,
    "last_events": _last_events,
    "vitals": lambda client, asked: client.journal.vitals(since=asked.since or 0.0),
    "last_seq": lambda client, _: client.journal.last_seq(),
    "pages": lambda client, _: client.journal.pages(),
    "unsent": lambda client, asked: client.journal.unsent(since=asked.since or 0.0),
    "count_events": lambda client, asked: client.journal.count_events(
        before=asked.before, tree=asked.tree
    ),
    "count_rows": lambda client, asked: client.journal.count_rows(asked.rows or Filter()),
    "costs": _costs,
    "count_unanswered": _unanswered,
    "budget": lambda client, asked: client.journal.budget(_session(asked)),
    "origins": _origins,
    "throttles": lambda client, _: client.limits.throttles(),
    "now": _now,
    "health": _health,
    "state": _state,
    "state_key": _state_key,
    "state_wait": _state_wait,
    "artifacts": _artifacts,
    "catch_up": _catch_up,
    "sessions_with": lambda client, asked: client.transcripts.sessions_with(asked.name),
    "find_hits": _find_hits,
    "workspaces": _workspaces,
    "diff": _diff,
    "sent": _sent,
}
