"""Letter routes: the tasks that failed for good, which can be run again or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from pydantic import Field
from typing_extensions import TypedDict

from parallel_agents.core.budget import Amount
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.pricing import pricing
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, NotFound, PagentsError
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.gateway.bodies import LettersBody, RetryBody
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import (
    PageQuery,
    part_after,
)
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.documents import (
    BriefFailure,
    LetterDocument,
    Money,
    letter_json,
    money_json,
)
from parallel_agents.views.letters import why_none
from parallel_agents.views.since import parse_since

_MOST_RETRIED = 1000


class RetryDocument(TypedDict):
    """What a retry did, or would do; `error` says why it was refused.

    `missing_keys` are not set here, and what would run cannot begin without them.
    """

    id: str
    run_id: RunId
    label: str
    model: str
    session_key: SessionKey | None
    is_new: bool
    first_call_at_most: Money | None
    tokens_at_most: int | None
    missing_keys: list[str]
    error: BriefFailure | None


class RetriedDocument(TypedDict):
    """What retries did, or would do, and the most that the first calls of all can cost.

    `unpriced` counts those of an unknown price, which the sum leaves out.
    """

    dry_run: bool
    first_calls_at_most: Money | None
    unpriced: int
    retries: list[RetryDocument]
    warning: str


class DroppedDocument(TypedDict):
    """How many dead letters were dropped."""

    dropped: int


class LettersQuery(PageQuery):
    """Which dead letters."""

    agent: str = Field(default="", max_length=500)
    """Only tasks of this agent."""
    code: str = Field(default="", max_length=40)
    """Only tasks with this error, such as `PA-E301`."""
    since: str = Field(default="", max_length=40)
    """Only those that failed since then, such as `2h`."""
    within: str = Field(default="", max_length=500, alias="in")
    """Only of this session and everything that it spawned."""


async def dead_letters(call: Call, given: LettersQuery) -> Page:
    """The tasks that failed after all their attempts, newest first."""
    chosen = LettersBody(
        agent=given.agent or None, code=given.code or None, since=given.since or None
    )
    found = await _letters(call, chosen, within=given.within)
    part, last = part_after([each.run.id for each in found], given)
    return Page(
        schema="dlq",
        items=[letter_json(each) for each in found[part]],
        as_of=call.client.now(),
        last=last,
        total=len(found),
    )


async def _letters(
    call: Call,
    given: LettersBody,
    *,
    killed: bool = False,
    within: str = "",
    is_latest: bool = False,
) -> list[DeadLetter]:
    sessions = call.client.sessions
    since = parse_since(given.since, call.client.now(), "since")
    tree = (await sessions.find(within)).session.key if within else None
    every = DeadLetterFilter(
        agent=given.agent, code=given.code, since=since, killed=killed, tree=tree
    )
    if given.runs:
        return await _of_runs(call, given.runs, every, is_latest=is_latest)
    if not given.names:
        return await sessions.dead_letters(every)
    found: dict[RunId, DeadLetter] = {}
    for name in given.names:
        row = await sessions.find(name)
        letters = await sessions.dead_letters(replace(every, tree=row.session.key))
        if not letters:
            raise NotFound(
                f"{name[:80]!r} has no dead letter",
                why=why_none(row.run),
                hint="GET /api/v1/dead-letters lists them",
            )
        found |= {letter.run.id: letter for letter in letters}
    return list(found.values())


async def _of_runs(
    call: Call, runs: Sequence[str], every: DeadLetterFilter, *, is_latest: bool
) -> list[DeadLetter]:
    """The dead letters of these runs, or if `is_latest` those that have replaced them.

    Raises:
        NotFound: one has none.
    """
    by_run = {letter.run.id: letter for letter in await call.client.sessions.dead_letters(every)}
    found: dict[RunId, DeadLetter] = {}
    for run in map(RunId, runs):
        letter = by_run.get(run) or await _replacing(call, run, every, is_latest=is_latest)
        found[letter.run.id] = letter
    return list(found.values())


async def _replacing(
    call: Call, run: RunId, every: DeadLetterFilter, *, is_latest: bool
) -> DeadLetter:
    rows = await call.client.sessions.rows_of([run])
    if rows and is_latest:
        chosen = replace(every, tree=rows[0].session.key)
        if letters := await call.client.sessions.dead_letters(chosen):
            return letters[0]
    raise NotFound(
        f"the run {run[:80]!r} has no dead letter",
        why=why_none(rows[0].run) if rows else "there is no such run",
        hint="list the dead letters again; GET /api/v1/dead-letters does",
    )


async def _selected(
    call: Call, given: LettersBody, *, killed: bool = False, is_latest: bool = False
) -> list[DeadLetter]:
    """The letters to act on; all of them only if that is asked for."""
    if given.is_chosen is given.all:
        raise InvalidInput(
            "nothing says which dead letters are meant, or two things do",
            hint='give names, runs, agent, code or since; or {"all": true}',
        )
    found = await _letters(call, given, killed=killed, is_latest=is_latest)
    if len(found) > _MOST_RETRIED:
        raise InvalidInput(
            f"{len(found):,} dead letters are too many at once",
            why=f"{_MOST_RETRIED:,} are the most",
            hint="select fewer, such as by agent or since",
        )
    return found


class _Retry(NamedTuple):
    """What became of one letter."""

    document: RetryDocument
    amount: Amount | None = None


async def retry(call: Call, given: RetryBody) -> Document:
    """Run failed tasks again, each as a new session, or say what that would be and cost at most."""
    chosen = await _selected(call, given, killed=given.killed, is_latest=True)
    letters = sorted(chosen, key=lambda letter: letter.run.created_at)
    if given.text is not None and len(letters) > 1:
        raise InvalidInput(
            f"text replaces that of one task, and {len(letters)} are selected",
            hint="name one of them",
        )
    retries = [await _retry(call, letter, given) for letter in letters]
    amounts = [each.amount for each in retries if each.amount is not None]
    known = [each.nanousd for each in amounts if each.nanousd is not None]
    value: RetriedDocument = {
        "dry_run": given.dry_run,
        "first_calls_at_most": money_json(sum(known) / NANOUSD_PER_USD) if known else None,
        "unpriced": len(amounts) - len(known),
        "retries": [each.document for each in retries],
        "warning": "" if given.dry_run else await call.client.hand_to_worker(),
    }
    return Document(value=value)


async def _retry(call: Call, letter: DeadLetter, given: RetryBody) -> _Retry:
    client = call.client
    try:
        if not given.dry_run:
            return _Retry(await _found(call, letter, await call.verbs.retry(letter, given.edits)))
        with pricing() as missing:
            planned = await client.sessions.plan_retry(letter, given.edits)
            if isinstance(planned, Spawned):
                return _Retry(await _found(call, letter, planned))
            amount = max_cost_of_first_call(client.models, client.session_tools.as_tools(), planned)
    except PagentsError as error:
        failure: BriefFailure = {"code": error.code, "message": error.message}
        return _Retry({**_blank(letter), "error": failure})
    usd = None if amount.nanousd is None else amount.nanousd / NANOUSD_PER_USD
    return _Retry(
        {
            **_blank(letter),
            "model": planned.model,
            "first_call_at_most": money_json(usd),
            "tokens_at_most": amount.tokens,
            "missing_keys": list(missing.names),
        },
        amount,
    )


async def _found(call: Call, letter: DeadLetter, spawned: Spawned) -> RetryDocument:
    (row,) = await call.client.sessions.rows_of([spawned.run_id])
    return {
        **_blank(letter),
        "model": row.run.model,
        "session_key": spawned.session_key,
        "is_new": spawned.is_new,
    }


def _blank(letter: DeadLetter) -> RetryDocument:
    return {
        "id": letter.session.name,
        "run_id": letter.run.id,
        "label": letter.session.label,
        "model": "",
        "session_key": None,
        "is_new": False,
        "first_call_at_most": None,
        "tokens_at_most": None,
        "missing_keys": [],
        "error": None,
    }


async def drop(call: Call, given: LettersBody) -> Document:
    """Drop dead letters; their sessions and history stay."""
    letters = await _selected(call, given)
    value: DroppedDocument = {"dropped": await call.verbs.drop(letters)}
    return Document(value=value)


ROUTES = (
    Route(
        method="GET",
        path="/dead-letters",
        name="deadLetters",
        does="The tasks that failed after all their attempts, newest first.",
        takes=LettersQuery,
        gives=LetterDocument,
        form=Form.PAGE,
        answer=handled(LettersQuery, dead_letters),
    ),
    Route(
        method="POST",
        path="/dead-letters/retry",
        name="retry",
        does="Run failed tasks again, or with `dry_run` say what that would be and cost at most.",
        takes=RetryBody,
        gives=RetriedDocument,
        form=Form.DOCUMENT,
        answer=handled(RetryBody, retry),
    ),
    Route(
        method="POST",
        path="/dead-letters/drop",
        name="drop",
        does="Drop dead letters; their sessions and history stay.",
        takes=LettersBody,
        gives=DroppedDocument,
        form=Form.DOCUMENT,
        answer=handled(LettersBody, drop),
    ),
)
