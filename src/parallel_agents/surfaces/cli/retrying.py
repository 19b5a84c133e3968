"""Retrying: dead letters are priced or run again, and what came of each is shown."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.app.client import Client
from parallel_agents.app.readiness import Readiness
from parallel_agents.core.budget import Amount
from parallel_agents.core.dead_letter import DeadLetter, Edits
from parallel_agents.core.ids import SessionKey, function_of, short
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.pricing import pricing
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.usage import NANOUSD_PER_USD, SIMULATED
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.maps.request import MAP
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.context import CliContext, find_store
from parallel_agents.surfaces.cli.dead_letters import Chosen, choose
from parallel_agents.surfaces.cli.dry_run import money, note_missing_keys, told_total
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.inputs import read_inputs
from parallel_agents.surfaces.cli.wait import waited_for
from parallel_agents.views.estimates import Total, spend_of, total

ToWait = Annotated[
    bool, typer.Option("--wait", "-w", help="Wait until they have ended, and print their results.")
]


class Edited(NamedTuple):
    """The edits of the command line; inputs are read by each agent's schema."""

    edits: Edits
    inputs: list[str] | None

    def of(self, letter: DeadLetter) -> Edits:
        return replace(
            self.edits, input=read_inputs(self.inputs, letter.session.agent.input_schema)
        )


class Retry(NamedTuple):
    """What a retry did, or would do: a session, the most it can cost, or a refusal.

    Attributes:
        typed: what a person types for the session, if it is there.
        lacks: what no command here has for it, so that it waits for a program that does.
        missing_keys: of what would run, the keys that are not set, and without which it cannot begin.
    """

    letter: DeadLetter
    session: SessionKey | None
    is_new: bool = True
    model: str = ""
    amount: Amount | None = None
    refusal: PagentsError | None = None
    typed: str = ""
    missing_keys: Sequence[str] = ()
    lacks: str = ""


def _asked_at(letter: DeadLetter) -> float:
    return letter.run.created_at


async def retried(
    context: CliContext, chosen: Chosen, asked: Edited, *, is_dry: bool
) -> list[Retry]:
    """What a retry of the chosen letters did, or would do, in the order of their tasks.

    Raises:
        InvalidInput: several tasks would get the same text.
        NotFound: a name has no dead letter.
    """
    async with open_acting(context.environment, context.settings) as client:
        letters = sorted(await choose(client.sessions, chosen), key=_asked_at)
        _check_one(letters, asked.edits.text)
        one = _plan if is_dry else _start
        retries = [await one(client, letter, asked) for letter in letters]
        if is_dry:
            return retries
        started = next((given.session for given in retries if given.session), None)
        if started is not None:
            row = await client.sessions.find(started)
            await client.ensure_worker(started, row.run.id)
        # Only now: a label means one of them for as long as the next is not made.
        return [await _named(client, given) for given in retries]


async def _named(client: Acting, given: Retry) -> Retry:
    if given.session is None:
        return given
    row = await client.sessions.find(given.session)
    return given._replace(typed=await called(client.sessions, row))


def _check_one(letters: Sequence[DeadLetter], text: str | None) -> None:
    """Refuse to give several tasks the same text."""
    if text is not None and len(letters) > 1:
        raise InvalidInput(
            f"--text applies to one task, and {len(letters)} are selected",
            hint="name one of them; `pagents dlq list` shows them",
        )


async def _plan(client: Acting, letter: DeadLetter, asked: Edited) -> Retry:
    """What a retry would do; nothing is stored."""
    if client.here is None:
        return await _priced_there(client, letter, asked)
    try:
        with pricing() as missing:
            planned = await client.here.sessions.plan_retry(letter, asked.of(letter))
            if isinstance(planned, Spawned):
                return await _found(client, letter, planned)
            amount = _price(client.here, planned)
            lack = client.here.readiness.lack(planned.session.agent, planned.session.options.cwd)
    except PagentsError as refusal:
        return Retry(letter, None, refusal=refusal)
    model, keys = planned.model, missing.names
    lacks = "" if lack is None else lack.text
    return Retry(letter, None, model=model, amount=amount, missing_keys=keys, lacks=lacks)


async def _priced_there(client: Acting, letter: DeadLetter, asked: Edited) -> Retry:
    """What a retry would do at a gateway."""
    assert client.distant is not None
    try:
        form = await client.distant.sessions.price_retry(letter, asked.of(letter))
    except PagentsError as refusal:
        return Retry(letter, None, refusal=refusal)
    money, tokens = form.first_call_at_most, form.tokens_at_most
    amount = None if tokens is None else Amount(money and money.nanousd, tokens)
    keys = form.missing_keys
    return Retry(letter, form.session_key, form.is_new, form.model, amount, missing_keys=keys)


async def _start(client: Acting, letter: DeadLetter, asked: Edited) -> Retry:
    try:
        spawned = await client.sessions.retry(letter, asked.of(letter))
    except PagentsError as refusal:
        return Retry(letter, None, refusal=refusal)
    return await _found(client, letter, spawned)


async def _found(client: Acting, letter: DeadLetter, spawned: Spawned) -> Retry:
    row = await client.sessions.find(spawned.session_key)
    lacks = "" if client.here is None else _lack(client.here.readiness, row)
    return Retry(letter, spawned.session_key, spawned.is_new, row.run.model, lacks=lacks)


def _lack(readiness: Readiness, row: Row) -> str:
    """What a worker lacks for a retry; one that starts in the run's own folder may have it all."""
    is_served = row.run.status.is_over or row.owner_state is OwnerState.LIVE
    return "" if is_served or readiness.is_elsewhere(row) else readiness.lacks(row)


def _price(client: Client, plan: SessionPlan) -> Amount:
    return max_cost_of_first_call(client.models, client.session_tools.as_tools(), plan)


def print_retries(retries: Sequence[Retry], *, is_dry: bool, wait: bool = False) -> None:
    rows = [
        (
            given.letter.session.name,
            given.letter.session.label,
            given.model,
            _describe_retry(given),
            "" if given.amount is None else money(spend_of(given.amount, given.model)),
        )
        for given in retries
    ]
    last = ("FIRST CALL AT MOST",) if is_dry else ()
    shown = rows if is_dry else [row[:-1] for row in rows]
    if not wait or render.out().is_terminal:  # a pipe gets the answers alone
        render.table(
            ("ID", "LABEL", "MODEL", "RETRY", *last),
            shown,
            right=last,
            flexible="LABEL",
            shortened=("LABEL",),
        )
    for given in retries:
        if given.refusal is not None:
            render.error(given.refusal)
    for given in retries:
        if given.lacks:
            render.note(
                f"! {short(given.session) if given.session else given.letter.session.name} cannot begin here: {given.lacks}; it"
                " waits for a process that has it.",
                "yellow",
            )
    if is_dry:
        spends = [spend_of(given.amount, given.model) for given in retries if given.amount]
        render.note(_told(total(spends)) if spends else "Nothing would run.")
        note_missing_keys([*dict.fromkeys(name for each in retries for name in each.missing_keys)])
    else:
        if (started := names_of(retries)) and not wait:
            render.note(f"Next: pagents wait {' '.join(started)}")
        parents = [given.letter.session.parent for given in retries if given.session]
        maps = [key for key in parents if key is not None and function_of(key) == MAP]
        for name in dict.fromkeys(key.split(":", 2)[2] for key in maps):
            render.note(
                f"Once they are done, the same map with --id {name} has their answers in its result and"
                " its file, and calls no model for them."
            )


def _describe_retry(given: Retry) -> str:
    if given.refusal is not None:
        return "refused"
    if given.session is None:
        return "would run"
    return short(given.session) if given.is_new else f"{short(given.session)} (already there)"


def _told(found: Total) -> str:
    """How many would run, and what their first calls cost."""
    count = found.spend.calls + found.unknown
    if not found.spend.calls:
        return f"{count} would run, at an unknown price."
    return f"{count} would run; their first calls cost {told_total(found)} at most."


def retry_json(given: Retry) -> Mapping[str, Json]:
    amount, refusal = given.amount, given.refusal
    nanousd = None if amount is None else amount.nanousd
    most = None if nanousd is None else f"{nanousd / NANOUSD_PER_USD:.9f}"
    return {
        "id": given.letter.session.name,
        "run_id": given.letter.run.id,
        "label": given.letter.session.label,
        "model": given.model,
        "session_key": given.session,
        "is_new": given.is_new and given.session is not None,
        "first_call_at_most": None if most is None else {"amount": most, "currency": "USD"},
        "is_simulated": given.model.startswith(SIMULATED),
        "tokens_at_most": None if amount is None else amount.tokens,
        "missing_keys": [*given.missing_keys],
        "error": None if refusal is None else {"code": refusal.code, "message": refusal.message},
    }


def ended_with(
    retries: Sequence[Retry], home: Path | None, *, wait: bool, is_json: bool, is_dry: bool = False
) -> Exit:
    """Print what programs read, and say how the command ends.

    Args:
        retries: what was done.
        home: as it was given.
        wait: whether to wait until those that began have ended, and to print their results.
        is_json: whether programs read it: the retries, or the results that were waited for.
        is_dry: whether nothing was begun.
    """
    if wait and (started := names_of(retries)):
        ended = waited_for(find_store(home), started, is_json=is_json)
        return exit_of(retries) if ended is Exit.DONE else ended
    if is_json:
        items = [retry_json(each) for each in retries]
        render.envelope("retried", time.time(), items, dry_run=is_dry)
    return exit_of(retries)


def names_of(retries: Sequence[Retry]) -> list[str]:
    """What a person types to wait for those that a process here executes."""
    return [given.typed for given in retries if given.typed and not given.lacks]


def exit_of(retries: Sequence[Retry]) -> Exit:
    refused = sum(given.refusal is not None for given in retries)
    if not refused:
        return Exit.DONE
    return Exit.FAILED if refused == len(retries) else Exit.PARTIAL
