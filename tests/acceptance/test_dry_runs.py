"""A dry run agrees with the run: it refuses the same, and prices as many calls as are made then."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from parallel_agents.testing import HttpError

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Document
    from tests.acceptance.support.provider import FakeProvider

WRITER = "content_writer_funny"
HEAD = """\
name: crew
description: A crew.
input: {type: object, properties: {topic: {type: string}}, required: [topic]}
"""
# One call is held or lost: that of the task `bad`.
BAD = "Write about bad"
FILES = {
    "team": """\
  - {agent: AGENT, label: good, text: "Write about good ${topic}."}
  - {agent: AGENT, label: bad, text: "Write about bad ${topic}."}
""",
    "plan": """\
  - {agent: AGENT, label: list, text: "Write about good ${topic}."}
  - {agent: AGENT, label: bad, needs: [list], text: "Write about bad ${topic}."}
  - {flow: inner.yaml, label: inner, needs: [list], input: {topic: "inner ${topic}"}}
""",
}


@dataclass(frozen=True)
class Asked:
    """What is asked for under one name.

    Attributes:
        key: that name.
        options: of the command.
    """

    topic: str = "tea"
    agent: str = WRITER
    key: str = "monday"
    options: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """What a dry run or a run comes to: how many calls, or the code of its refusal."""

    calls: int
    refusal: str


def command(kind: str, pagents: Pagents, asked: Asked) -> tuple[str, ...]:
    """The command line for a kind of work."""
    given = ("--id", asked.key, *asked.options)
    if kind == "spawn":
        text = f"{BAD} {asked.topic}."
        return ("spawn", asked.agent, text, "--wait", "--key", asked.key, *asked.options)
    if kind == "map":
        rows = pagents.file("rows.csv", "what\ngood\nbad\n")
        text = f"Write about {{what}} {asked.topic}."
        reduced = ("--reduce", WRITER, "--reduce-text", "Combine them.")
        return ("map", asked.agent, "--rows", rows, "--text", text, *reduced, *given)
    tasks = FILES[kind].replace("AGENT", asked.agent)
    pagents.file(
        "inner.yaml",
        f"{HEAD}tasks:\n{FILES['team'].replace('bad', 'fine')}".replace("AGENT", WRITER),
    )
    file = pagents.file("crew.yaml", f"{HEAD}tasks:\n{tasks}")
    inputs = ("-i", f"topic={asked.topic}") if asked.topic else ()
    return ("run", file, *inputs, *given)


def dry(kind: str, pagents: Pagents, asked: Asked) -> tuple[Verdict, float]:
    """What a dry run says, and the most that the first calls cost."""
    ended = pagents(*command(kind, pagents, asked), "--dry-run", "--json")
    if ended.code:
        return Verdict(0, code_in(ended.out + ended.err)), 0.0
    document = ended.documents[-1]
    items: list[Document] = document["items"]
    if kind == "map":
        (item,) = items
        return Verdict(item["calls"] + item["reduce_calls"], ""), usd(item["first_calls_at_most"])
    known = document["first_calls_at_most"]["known"]
    return Verdict(sum(item["tasks"] for item in items), ""), usd(known and known["cost"])


def run(kind: str, pagents: Pagents, provider: FakeProvider, asked: Asked) -> tuple[Verdict, float]:
    """What the run comes to, and what its calls cost."""
    calls, before = len(provider.requests), spent(pagents)
    ended = pagents(*command(kind, pagents, asked))
    made = len(provider.requests) - calls
    refusal = (
        ""
        if made or "▶" in ended.err or (kind == "spawn" and not ended.code)
        else code_in(ended.err)
    )
    return Verdict(made, refusal), spent(pagents) - before


def code_in(text: str) -> str:
    found = re.search(r"PA-E\d+", text)
    return found[0] if found else ""


def usd(money: Document | None) -> float:
    return 0.0 if money is None else float(money["amount"])


def spent(pagents: Pagents) -> float:
    ((nanousd,),) = pagents.query("SELECT total(cost_nanousd) FROM runs") or [(0,)]
    return float(str(nanousd)) / 1e9


def cut_off(kind: str, pagents: Pagents, provider: FakeProvider, asked: Asked) -> None:
    """Kill the work while all but one of its calls have an answer."""
    provider.hold(to=BAD)
    others = {"spawn": 0, "map": 1, "team": 1, "plan": 3}[kind]
    running = pagents.start(*command(kind, pagents, asked))
    provider.wait_in_flight(1)
    provider.wait_answered(others)
    pagents.wait_ended(others)
    running.kill()
    provider.begin_again()


# What is asked for after the work was cut off, in this order, and what is then expected of each kind.
NEW = Asked()
CASES: dict[str, tuple[Asked, dict[str, int | str]]] = {
    "the rest": (NEW, {"spawn": 1, "team": 1, "plan": 1, "map": 2}),
    "the same again": (NEW, {"spawn": 0, "team": 0, "plan": 0, "map": 0}),
    "other input": (
        replace(NEW, topic="ink"),
        {"spawn": "PA-E106", "team": "PA-E106", "plan": "PA-E106", "map": "PA-E106"},
    ),
    "another model": (
        replace(NEW, options=("-m", "bench/other")),
        {"spawn": 0, "team": 0, "plan": "PA-E106", "map": 0},
    ),
    "other options": (
        replace(NEW, options=("--cache", "60")),
        {"spawn": 0, "team": 0, "plan": "PA-E106", "map": 0},
    ),
    "an unknown agent": (
        replace(NEW, agent="nobody", key="other"),
        {"spawn": "PA-E102", "team": "PA-E103", "plan": "PA-E103", "map": "PA-E102"},
    ),
    "a wrong input": (
        replace(NEW, topic="", key="other"),
        {"team": "PA-E101", "plan": "PA-E101"},
    ),
}


@pytest.mark.parametrize("kind", ["spawn", "team", "plan", "map"])
def test_a_dry_run_agrees_with_the_run(pagents: Pagents, provider: FakeProvider, kind: str) -> None:
    new, _ = dry(kind, pagents, NEW)
    cut_off(kind, pagents, provider, NEW)

    found: dict[str, int | str] = {"new": new.calls}
    expected: dict[str, int | str] = {"new": {"spawn": 1, "team": 2, "plan": 4, "map": 3}[kind]}
    for name, (asked, wanted) in CASES.items():
        if kind not in wanted:
            continue
        foretold, most = dry(kind, pagents, asked)
        came, cost = run(kind, pagents, provider, asked)

        assert foretold == came, name
        assert cost <= most or foretold.refusal, name
        found[name], expected[name] = foretold.refusal or foretold.calls, wanted[kind]
    assert found == expected


@pytest.mark.parametrize(("kind", "calls"), [("team", 0), ("plan", 1), ("map", 2)])
def test_what_failed_is_priced_only_if_the_run_tries_it_again(
    pagents: Pagents, provider: FakeProvider, kind: str, calls: int
) -> None:
    provider.gives(HttpError(400, "no"), to=BAD, times=1)
    run(kind, pagents, provider, NEW)

    foretold, _ = dry(kind, pagents, NEW)
    came, _ = run(kind, pagents, provider, NEW)

    assert foretold == came == Verdict(calls, "")
