"""Dead letters: which of them a command selects, and how they are shown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, NamedTuple

import typer

from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.ids import short
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import InvalidInput, NotFound, RunIsOver
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.docs import full_code
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.views import format
from parallel_agents.views.letters import why_none
from parallel_agents.views.since import parse_since

_TITLES = ("ID", "LABEL", "AGENT", "STATE", "CODE", "WHEN", "COST", "RETRY")


def _check_code(code: str | None) -> str | None:
    return None if code is None else full_code(code)


Names = Annotated[
    list[str] | None,
    typer.Argument(help="Sessions, or teams for all of their tasks.", metavar="[NAME...]"),
]
AgentName = Annotated[
    str | None, typer.Option("--agent", help="Only tasks of this agent.", metavar="NAME")
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        help="Only tasks with this error, such as E301.",
        metavar="CODE",
        callback=_check_code,
    ),
]
All = Annotated[bool, typer.Option("--all", "-a", help="All dead letters.")]


class Chosen(NamedTuple):
    """The dead letters that the command line selects, by session and by filters.

    With `killed`, what somebody killed in these sessions.
    """

    names: Sequence[str]
    agent: str | None = None
    code: str | None = None
    since: str | None = None
    killed: bool = False

    @property
    def is_all(self) -> bool:
        return not (self.names or self.agent or self.code or self.since)

    @property
    def if_none(self) -> str:
        """What to print if there are none."""
        return "No dead letters." if self.is_all else "No dead letters match these filters."


def check_chosen(chosen: Chosen, *, is_all: bool) -> None:
    """Refuse a command that would act on every letter without --all."""
    if chosen.is_all and not is_all:
        raise InvalidInput(
            "no dead letters are selected",
            hint="name some, or use --agent, --code, --since or --all",
        )
    if is_all and not chosen.is_all:
        raise InvalidInput("--all cannot be used with names or filters", hint="leave --all out")


async def choose(sessions: SessionReads, chosen: Chosen) -> list[DeadLetter]:
    """The selected letters, newest first.

    Raises:
        NotFound: a name has no dead letter.
    """
    since = parse_since(chosen.since, time.time())
    every = DeadLetterFilter(
        agent=chosen.agent, code=chosen.code, since=since, killed=chosen.killed
    )
    if not chosen.names:
        return await sessions.dead_letters(every)
    found: dict[str, DeadLetter] = {}
    for name in chosen.names:
        letters = await _named(sessions, name, every)
        found |= {letter.run.id: letter for letter in letters}
    return list(found.values())


async def _named(sessions: SessionReads, name: str, every: DeadLetterFilter) -> list[DeadLetter]:
    row = await sessions.find(name)
    chosen = replace(every, tree=row.session.key)
    is_whole = row.session.killed and row.run.kind.is_group
    if chosen.killed and is_whole:
        raise RunIsOver(
            f"{name!r} was killed as a whole",
            why="no run starts in it",
            hint="begin it again under another id",
        )
    if letters := await sessions.dead_letters(chosen):
        return letters
    if chosen.killed:
        raise NotFound(
            f"nobody killed anything in {name!r} that was not tried again",
            hint=f"`pagents list in:{name}` shows what became of each",
        )
    if not is_whole and await sessions.dead_letters(replace(chosen, killed=True)):
        raise NotFound(
            f"{name!r} has no dead letter",
            why="somebody killed it, and what is killed stays killed",
            hint=f"`pagents retry {name} --killed` runs it again",
        )
    raise NotFound(
        f"{name!r} has no dead letter",
        why=why_none(row.run),
        hint="`pagents dlq list` shows all dead letters",
    )


def print_letters(letters: Sequence[DeadLetter], form: Form | None = None) -> None:
    rows = [
        (
            letter.session.name,
            letter.session.label,
            letter.session.agent.name,
            f"{format.glyph(letter.run.status)} {format.status(letter.run.status)}",
            letter.run.error_code,
            f"{format.seconds(max(0.0, time.time() - letter.at))} ago",
            format.money(letter.run.spend),
            retry_of(letter),
        )
        for letter in letters
    ]
    print_list(form, _TITLES, rows, right=("COST",), flexible="LABEL", shortened=("LABEL",))


def retry_of(letter: DeadLetter) -> str:
    """The id of the last retry, if any; it is not done yet."""
    return "" if letter.retried_by is None else short(letter.retried_by)


def print_letter(letter: DeadLetter) -> None:
    """Everything about one letter: how it failed, and what a retry would run."""
    print_letters([letter])
    if letter.error is not None:
        render.line(f"\n{letter.error.code}  {letter.error.message}", "red")
        for title, text in (("why", letter.error.why), ("hint", letter.error.hint)):
            if text:
                render.line(f"  {title:<5} {text}")
    render.line("\ntask", "bold")
    render.line(letter.queued.text)
    if letter.queued.input:
        render.line("\ninput", "bold")
        render.line(format.output(letter.queued.input))
    render.line("")
    _print_facts(letter)


def _print_facts(letter: DeadLetter) -> None:
    run = letter.run
    render.line(f"model {run.model}  attempts {run.attempts}  calls {run.spend.calls}")
    render.line(letter.session.key, "dim")
