"""`pagents agents card`: what the tests of an agent came to, from the store, by model and version."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from parallel_agents.app.reading import open_reader
from parallel_agents.cases.card import AgentCard, EndedTest, card_of
from parallel_agents.cases.request import AGENT_TEST, read_reports
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import make_flow_key
from parallel_agents.errors import InvalidInput
from parallel_agents.files import check_free, make_folders, write_whole
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.catalogs import find_catalog
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.surfaces.cli.out_option import Force
from parallel_agents.views import agent_cards, format

_INDEX = "index"


def card(
    name: Annotated[str | None, typer.Argument(help="An agent.", metavar="NAME")] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Each agent that has cases.")] = False,
    md: Annotated[
        Path | None, typer.Option("--md", help="Write Markdown pages here.", metavar="FOLDER")
    ] = None,
    force: Force = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what an agent passes and costs, by model, from its tests.

    Only tests of the agent and its cases as they are now are counted.
    """
    if is_all == (name is not None):
        raise InvalidInput(
            "name one agent, or write --all", hint="as in `pagents agents card code_reviewer`"
        )
    if json and md is not None:
        raise InvalidInput("--json and --md cannot be used together", hint="leave one of them out")
    catalog = find_catalog(home)
    names = [name] if name is not None else _with_cases(catalog)
    tests = run_cancellable(_tests(find_store(home)))
    cards = [_card(catalog, each, tests) for each in names]
    if json:
        render.envelope("cards", time.time(), [agent_cards.as_json(each) for each in cards])
    elif md is not None:
        _write(cards, md, is_all=is_all, force=force)
    elif is_all:
        _print_all(cards)
    else:
        _print(cards[0])


def _with_cases(catalog: Catalog) -> list[str]:
    agents = [entry.name for entry in catalog.agents() if isinstance(entry.content, Agent)]
    return [name for name in agents if catalog.cases(name)]


def _card(catalog: Catalog, name: str, tests: Sequence[EndedTest]) -> AgentCard:
    return card_of(catalog.agent(name), catalog.cases(name), tests)


async def _tests(context: CliContext) -> list[EndedTest]:
    """The tests of agents in the store that have ended with a report."""
    found: list[EndedTest] = []
    async with open_reader(context.environment, context.settings) as client:
        chosen = Filter(prefix=make_flow_key(AGENT_TEST, ""), is_live=False)
        rows = await client.sessions.list(chosen)
        results = await client.sessions.results([row.run.id for row in rows])
        at = {row.run.id: row.run.finished_at or 0.0 for row in rows}
        for result in results:
            if not result.is_done:
                continue
            try:
                reports = read_reports(result)
            except ValidationError:
                render.note(f"! the test {result.label} is of another version, and is not counted")
                continue
            found += [EndedTest(report, at[result.run_id]) for report in reports]
    return found


def _print_all(cards: Sequence[AgentCard]) -> None:
    """Print a line for each agent and model, and which agents nothing is known about."""
    rows = [(each.agent, *agent_cards.row(model)) for each in cards for model in each.models]
    if rows:
        render.table(("AGENT", *agent_cards.TITLES), rows)
    if untested := [each.agent for each in cards if not each.models]:
        render.note(f"Not tested in this version ({len(untested)}): {', '.join(untested)}")
    render.note("Show what failed with: pagents agents card NAME")


def _print(card: AgentCard) -> None:
    render.line(f"{card.agent} {card.version}   {agent_cards.counted(card)}", "bold")
    render.line(agent_cards.verdict(card))
    if told := agent_cards.told(card):
        render.line(told)
    if card.models:
        render.table(agent_cards.TITLES, [agent_cards.row(each) for each in card.models])
    for each in card.models:
        for text in agent_cards.remarks(each):
            render.line(f"  {each.model}: {text}")
    if card.other_versions:
        render.note(f"{card.other_versions} tests of other versions or of single cases are apart.")
    if not card.cases:
        render.note(f"Write cases/{card.agent}.yaml to test it; `pagents docs library` says how.")
    elif not card.models:
        render.note(f"Test it with: pagents agents test {card.agent}")


def _write(cards: Sequence[AgentCard], folder: Path, *, is_all: bool, force: bool) -> None:
    for name in (*(each.agent for each in cards), *((_INDEX,) if is_all else ())):
        check_free(folder / f"{name}.md", force=force)
    try:
        make_folders(folder)
        for each in cards:
            models = "".join(f" --model {m.model}" for m in each.models if not m.is_simulated)
            command = f"pagents agents test {each.agent}{models}"
            write_whole(folder / f"{each.agent}.md", agent_cards.page(each, command).encode())
        if is_all:
            date = (format.iso(time.time()) or "")[:10]
            write_whole(folder / f"{_INDEX}.md", agent_cards.index(cards, date).encode())
    except OSError as error:
        raise InvalidInput(
            f"the cards cannot be written to {folder}",
            why=error.strerror or str(error),
            hint="name a folder that you can write to",
        ) from error
    render.note(f"{len(cards)} cards are in {folder}")
