"""`pagents dlq`: list, retry or drop tasks that failed after all their attempts."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.app.client import Client
from parallel_agents.app.reading import open_reader
from parallel_agents.core.budget import Amount
from parallel_agents.core.dead_letter import DeadLetter, Edits
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.schema import Json
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.usage import NANOUSD_PER_USD, SIMULATED
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.interrupts import run_cancellable
from parallel_agents.sessions.retries import max_cost_of_first_call
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.context import (
    AsJson,
    Home,
    Inputs,
    ModelName,
    Name,
    find_context,
    find_store,
)
from parallel_agents.surfaces.cli.dead_letters import (
    AgentName,
    All,
    Chosen,
    Code,
    Names,
    check_chosen,
    choose,
    print_letter,
    print_letters,
)
from parallel_agents.surfaces.cli.dry_run import money, told_total
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.inputs import given_text, read_inputs
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.since import Since
from parallel_agents.views.documents import letter_json
from parallel_agents.views.estimates import Total, spend_of, total

Afresh = Annotated[
    bool,
    typer.Option("--afresh", help="Forget what the failed runs did; all may be done again."),
]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_letters(
    agent: AgentName = None,
    code: Code = None,
    since: Since = None,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """List tasks that failed after all their attempts, newest first."""
    chosen = Chosen((), agent, code, since)
    letters = _find(chosen, home)
    if json:
        render.envelope("dlq", time.time(), [letter_json(letter) for letter in letters])
    elif letters:
        print_letters(letters, output)
    else:
        render.note(chosen.if_none)
    if letters:
        render.note("Next: pagents dlq show ID · pagents dlq retry ID --dry-run")


@app.command()
def show(name: Name, json: AsJson = False, home: Home = None) -> None:
    """Show how tasks failed, and what a retry would run."""
    letters = _find(Chosen((name,)), home)
    if json:
        render.envelope("dlq", time.time(), [letter_json(letter) for letter in letters])
        return
    for letter in letters:
        print_letter(letter)


class _Edited(NamedTuple):
    """The edits of the command line; inputs are read by each agent's schema."""

    edits: Edits
    inputs: list[str] | None

    def of(self, letter: DeadLetter) -> Edits:
        return replace(
            self.edits, input=read_inputs(self.inputs, letter.session.agent.input_schema)
        )


class _Retry(NamedTuple):
    """What a retry did, or would do: a session, the most it can cost, or a refusal.

    Attributes:
        typed: what a person types for the session, if it is there.
    """

    letter: DeadLetter
    session: SessionKey | None
    is_new: bool = True
    model: str = ""
    amount: Amount | None = None
    refusal: PagentsError | None = None
    typed: str = ""


@app.command()
def retry(
    names: Names = None,
    agent: AgentName = None,
    code: Code = None,
    since: Since = None,
    everything: All = False,
    text: Annotated[
        str | None,
        typer.Option(
            help="Replace the task's text; only for a single task.",
            metavar="TEXT",
            callback=given_text,
        ),
    ] = None,
    model: ModelName = None,
    inputs: Inputs = None,
    current: Annotated[
        bool, typer.Option("--current", help="Use the agents as they are defined now.")
    ] = False,
    afresh: Afresh = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only print what would run, and the most that each first call can cost.",
        ),
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Retry failed tasks, each as a new session in the background.

    While a retry is running, retrying the same task again returns that retry.
    """
    chosen = Chosen(names or (), agent, code, since)
    check_chosen(chosen, is_all=everything)
    context = find_context(home)
    asked = _Edited(Edits(text=text, model=model, current=current, afresh=afresh), inputs)

    async def begin() -> list[_Retry]:
        async with open_acting(context.environment, context.settings) as client:
            letters = sorted(await choose(client.sessions, chosen), key=_asked_at)
            _check_one(letters, text)
            one = _plan if dry_run else _start
            retries = [await one(client, letter, asked) for letter in letters]
            started = next((given.session for given in retries if given.session), None)
            if started is not None and not dry_run:
                row = await client.sessions.find(started)
                await client.ensure_worker(started, row.run.id)
            return retries

    retries = run_cancellable(begin())
    if json:
        items = [_retry_json(given) for given in retries]
        render.envelope("retried", time.time(), items, dry_run=dry_run)
    elif retries:
        _print_retries(retries, is_dry=dry_run)
    else:
        render.note(chosen.if_none)
    raise typer.Exit(_exit_of(retries))


def _asked_at(letter: DeadLetter) -> float:
    return letter.run.created_at


def _check_one(letters: Sequence[DeadLetter], text: str | None) -> None:
    """Refuse to give several tasks the same text."""
    if text is not None and len(letters) > 1:
        raise InvalidInput(
            f"--text applies to one task, and {len(letters)} are selected",
            hint="name one of them; `pagents dlq list` shows them",
        )


async def _plan(client: Acting, letter: DeadLetter, asked: _Edited) -> _Retry:
    """What a retry would do; nothing is stored."""
    if client.here is None:
        return await _priced_there(client, letter, asked)
    try:
        planned = await client.here.sessions.plan_retry(letter, asked.of(letter))
    except PagentsError as refusal:
        return _Retry(letter, None, refusal=refusal)
    if isinstance(planned, Spawned):
        return await _found(client, letter, planned)
    amount = _price(client.here, planned)
    return _Retry(letter, None, model=planned.model, amount=amount)


async def _priced_there(client: Acting, letter: DeadLetter, asked: _Edited) -> _Retry:
    """What a retry would do at a gateway."""
    assert client.distant is not None
    try:
        form = await client.distant.sessions.price_retry(letter, asked.of(letter))
    except PagentsError as refusal:
        return _Retry(letter, None, refusal=refusal)
    money, tokens = form.first_call_at_most, form.tokens_at_most
    amount = None if tokens is None else Amount(money and money.nanousd, tokens)
    return _Retry(letter, form.session_key, form.is_new, form.model, amount)


async def _start(client: Acting, letter: DeadLetter, asked: _Edited) -> _Retry:
    try:
        spawned = await client.sessions.retry(letter, asked.of(letter))
    except PagentsError as refusal:
        return _Retry(letter, None, refusal=refusal)
    return await _found(client, letter, spawned)


async def _found(client: Acting, letter: DeadLetter, spawned: Spawned) -> _Retry:
    row = await client.sessions.find(spawned.session_key)
    typed = await called(client.sessions, row)
    return _Retry(letter, spawned.session_key, spawned.is_new, row.run.model, typed=typed)


def _price(client: Client, plan: SessionPlan) -> Amount:
    return max_cost_of_first_call(client.models, client.session_tools.as_tools(), plan)


@app.command()
def drop(
    names: Names = None,
    agent: AgentName = None,
    code: Code = None,
    since: Since = None,
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Drop failed tasks from the list; their sessions and history stay."""
    chosen = Chosen(names or (), agent, code, since)
    check_chosen(chosen, is_all=everything)
    letters = _find(chosen, home)
    if letters and not (yes or json):
        _confirm(letters)
    context = find_store(home)

    async def drop_them() -> int:
        async with open_acting(context.environment, context.settings) as client:
            return await client.sessions.drop(letters)

    dropped = run_cancellable(drop_them())
    if json:
        items = [letter_json(letter) for letter in letters]
        render.envelope("dropped", time.time(), items, dropped=dropped)
        return
    render.line(f"dropped {dropped} of {len(letters)}")


def _find(chosen: Chosen, home: Home) -> list[DeadLetter]:
    context = find_store(home)

    async def look() -> list[DeadLetter]:
        async with open_reader(context.environment, context.settings) as client:
            return await choose(client.sessions, chosen)

    return run_cancellable(look())


def _confirm(letters: Sequence[DeadLetter]) -> None:
    """Ask before several are dropped, if somebody can answer."""
    if len(letters) == 1 or not (sys.stdin.isatty() and render.err().is_terminal):
        return
    if not typer.confirm(f"Drop {len(letters)} dead letters?", err=True):
        render.note("Nothing was dropped.")
        raise typer.Exit(Exit.DONE)


def _print_retries(retries: Sequence[_Retry], *, is_dry: bool) -> None:
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
    if is_dry:
        spends = [spend_of(given.amount, given.model) for given in retries if given.amount]
        render.note(_told(total(spends)) if spends else "Nothing would run.")
    else:
        started = [given.typed for given in retries if given.typed]
        if started:
            render.note(f"Next: pagents wait {' '.join(started)}")


def _describe_retry(given: _Retry) -> str:
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


def _retry_json(given: _Retry) -> Mapping[str, Json]:
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
        "error": None if refusal is None else {"code": refusal.code, "message": refusal.message},
    }


def _exit_of(retries: Sequence[_Retry]) -> Exit:
    refused = sum(given.refusal is not None for given in retries)
    if not refused:
        return Exit.DONE
    return Exit.FAILED if refused == len(retries) else Exit.PARTIAL
