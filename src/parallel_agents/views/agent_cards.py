"""Agent cards: what the tests of agents say about them, as lines of a terminal and as Markdown pages."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from parallel_agents.cases.card import AgentCard, ModelCard
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.views import format
from parallel_agents.views.case_tests import dollars

TITLES = ("MODEL", "PASSED", "RATE", "95 % INTERVAL", "SECONDS", "COST", "DATE")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+!|~])")
_REASON_CHARACTERS = 240


def row(card: ModelCard) -> tuple[str, ...]:
    """A model's numbers, in the order of `TITLES`."""
    low, high = card.interval
    is_tried = card.tried > 0
    return (
        card.model or "no model",
        f"{card.passed} of {card.tried}",
        f"{card.passed / card.tried:.0%}" if is_tried else "—",
        f"{low:.0%} to {high:.0%}" if is_tried else "—",
        "—" if card.seconds is None else format.seconds(card.seconds),
        cost(card),
        (format.iso(card.at) or "")[:10],
    )


def as_json(card: AgentCard) -> JsonObject:
    """A card as JSON, with the rate and its interval of each model; a rate of nothing is null."""
    models: list[Json] = [
        {
            **_fields(each),
            "rate": each.passed / each.tried if each.tried else None,
            "interval": list(each.interval) if each.tried else None,
            "at": format.iso(each.at),
        }
        for each in card.models
    ]
    return {**_fields(card), "models": models}


def _fields(value: AgentCard | ModelCard) -> JsonObject:
    return orjson.loads(orjson.dumps(value))


def cost(card: ModelCard) -> str:
    """The median cost; an unknown one is a dash, and never nothing."""
    return "simulated" if card.is_simulated else dollars(card.cost_usd)


def verdict(card: AgentCard) -> str:
    """What the card comes to, in one sentence."""
    real = [each for each in card.models if each.tried and not each.is_simulated]
    if not card.cases:
        return "It has no cases, so nothing is known about it."
    if not real:
        return "It was not tested in this version on a real model."
    failing = [each.model for each in real if each.passed < each.tried]
    if not failing:
        return "It passed each case each time."
    return f"It fails cases on {', '.join(failing)}."


def counted(card: AgentCard) -> str:
    """How many cases and examples the agent has."""
    examples = "1 example" if card.examples == 1 else f"{card.examples} examples"
    return f"{card.cases} cases, with {examples}" if card.examples else f"{card.cases} cases"


def told(card: AgentCard) -> str:
    """What a reader must know of cases whose answers the model was shown."""
    if not card.told:
        return ""
    names = ", ".join(card.told)
    return f"The model is shown the answer of {names} as an example: passing proves nothing there."


def remarks(card: ModelCard) -> list[str]:
    """What a reader must know of the numbers of a model."""
    lines: list[str] = []
    if card.is_simulated:
        lines.append("simulated: no model was called, and the numbers say nothing about the agent")
    if card.failing:
        lines.append(f"fails: {', '.join(card.failing)}")
    lines += [f"not tried: {_cut(why)}" for why in card.not_tried]
    lines += [f"rubric not judged: {_cut(why)}" for why in card.not_judged]
    return lines


def page(card: AgentCard, command: str) -> str:
    """The card as a Markdown page, with the command that made its numbers."""
    lines = [f"# {card.agent}", "", _escaped(card.description), "", verdict(card), ""]
    lines += [f"Version `{card.version}` of the agent and its {counted(card)}."]
    if card.told:
        lines += ["", told(card)]
    if card.models:
        lines += ["", *_table(TITLES, [row(each) for each in card.models])]
        lines += ["", "Seconds and cost are medians of one task."]
    for each in card.models:
        lines += ["", *(f"- {_escaped(each.model)}: {_escaped(text)}" for text in remarks(each))]
    lines += ["", "```sh", command, "```", ""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def index(cards: Sequence[AgentCard], date: str) -> str:
    """A Markdown page that lists the cards."""
    rows = [
        (f"[{card.agent}]({card.agent}.md)", *map(_escaped, told))
        for card in cards
        for told in _told(card)
    ]
    lines = ["# Cards", "", f"What the tests of each agent came to, as of {date}.", ""]
    titles = ("AGENT", "MODEL", "PASSED", "95 % INTERVAL", "SECONDS")
    return "\n".join([*lines, *_table(titles, rows, is_raw=True), ""])


def _told(card: AgentCard) -> list[tuple[str, ...]]:
    """A row for each real model; one that says that there is none."""
    shown = [row(each) for each in card.models if each.tried and not each.is_simulated]
    none = "not tested in this version" if card.cases else "no cases"
    return [
        (model, passed, interval, seconds) for model, passed, _, interval, seconds, *_ in shown
    ] or [(none, "—", "—", "—")]


def _table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, is_raw: bool = False
) -> list[str]:
    cells = rows if is_raw else [[_escaped(cell) for cell in each] for each in rows]
    head = [" | ".join(title.capitalize() for title in titles), " | ".join("---" for _ in titles)]
    return [f"| {line} |" for line in (*head, *(" | ".join(each) for each in cells))]


def _escaped(text: str) -> str:
    """Text on one line whose markup has no effect: a model may have written it."""
    return _MARKUP.sub(r"\\\1", format.one_line(format.clean(text)))


def _cut(text: str) -> str:
    return format.cut(format.one_line(text), _REASON_CHARACTERS)
