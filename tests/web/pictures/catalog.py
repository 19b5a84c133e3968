"""Catalog: the agents and teams of the home in the pictures, and the code that they work on."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.agent_versions.record import Files, Origin
from parallel_agents.agent_versions.registry import AgentRegistry

BASKET = '''"""A basket of prices."""


def total(prices, discount=0):
    """What all prices come to, in euros."""
    price = sum(prices)
    return price - discount
'''
CHANGED_MEANWHILE = BASKET.replace("return price - discount", "return round(price - discount, 2)")
_AGENTS = {
    "tea_writer": ("Writes about tea for the shop.", "You write about tea, in plain words.", ""),
    "release_writer": ("Writes the notes of a release.", "You write release notes.", ""),
    "ticket_answerer": ("Answers customers' tickets.", "You answer tickets of a tea shop.", ""),
    "log_reader": ("Finds out what went wrong.", "You read logs and name the cause.", ""),
    "price_printer": ("Prints price lists.", "You print prices.", "tools: [ask_human]\n"),
    "fixer": (
        "Mends what a ticket names.",
        "You mend code in your copy of the folder.",
        "tools: [read_file, edit_file, write_file]\npermissions: {allow: [edit_file, write_file]}\n",
    ),
}
_PAGE_REVIEWER = (
    "You review pages of a shop.\nName what a stranger would not find.\nAnswer in at most 80 words.",
    "You review pages of a shop.\nBe strict about what is missing.\nAnswer in at most 120 words.",
)
_TEAMS = {
    "launch": """name: launch
description: Facts, a post and a page about a tea, and a person's yes before they are made ready.
input:
  type: object
  properties:
    topic: {type: string}
    sides: {type: array, items: {type: string}, default: [taste, price, origin]}
  required: [topic]
tasks:
  - {agent: tea_writer, label: facts, for_each: "${sides}", min_done: 2, text: "Explain the tea: ${item}. It is ${topic}."}
  - {agent: tea_writer, label: post, needs: [facts], text: "Write a post from these facts: ${tasks.facts.output}"}
  - {agent: tea_writer, label: outline, needs: [facts], text: "Outline a page from these facts: ${tasks.facts.output}"}
  - {agent: tea_writer, label: page, needs: [outline], text: "Write the page: ${tasks.outline.output}"}
  - {agent: tea_writer, label: summary, needs: [page], when: len(tasks.page.output) > 2000, text: "Sum up: ${tasks.page.output}"}
  - agent: tea_writer
    label: final
    needs: [post, page, summary]
    run_if: any_done
    approve: Shall the texts about ${topic} be made ready?
    text: "Correct the spelling of these texts: ${tasks.post.output} ${tasks.page.output}"
""",
    "nightly": """name: nightly
description: What a stranger would miss on the pages of the shop.
tasks:
  - {agent: page_reviewer, label: front-page, text: Review the front page.}
  - {agent: page_reviewer, label: tea-page, text: Review the page of Uji 100 g.}
  - {agent: page_reviewer, label: basket-page, text: Review the page of the basket.}
  - {agent: release_writer, label: notes, text: Draft the notes of 2.4 for the shop.}
""",
}


def write_catalog(home: Path) -> None:
    for name, (about, does, more) in _AGENTS.items():
        _write(home / "agents" / f"{name}.md", _agent(name, about, does, more))
    for name, text in _TEAMS.items():
        _write(home / "teams" / f"{name}.yaml", text)


async def write_reviewer(home: Path, version: int) -> None:
    """Register a version of the agent that reviews pages, from 1."""
    text = _agent("page_reviewer", "Reviews a page as a stranger.", _PAGE_REVIEWER[version - 1])
    await AgentRegistry(home).register("page_reviewer", Files(text), Origin.REGISTERED)


def _agent(name: str, about: str, does: str, more: str = "") -> str:
    return f"---\nname: {name}\ndescription: {about}\ncategory: shop\n{more}---\n{does}\n"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
