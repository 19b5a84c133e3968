"""Agents that are made by agents: made, registered, compared, reverted, and continued after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.testing.behaviour import last_text
from tests.unit.creating.parts import CASES, DESIGN, INSTRUCTIONS
from tests.unit.creating.test_creator import review

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

PURPOSE = "Sorts tickets."
MADE = 3 + 3 + 1  # the parts of a design, the cases, the review


def make(body: JsonObject) -> str:
    """Plays the agents that make the sorter, and the sorter."""
    text = last_text(body)
    answers: dict[str, Json] = {
        "Design the fields": DESIGN,
        "Write the instructions": {"instructions": INSTRUCTIONS},
        "Write three cases": CASES,
        "Write the next version": {"changes": "x", "instructions": f"Better. {INSTRUCTIONS}"},
        "Review the draft": review(9.0),
    }
    for begins, answer in answers.items():
        if text.startswith(begins):
            return orjson.dumps(answer).decode()
    kind = "bug" if "heating" in text else "question"
    return orjson.dumps({"reason": text[-60:], "kind": kind}).decode()


@pytest.fixture(autouse=True)
def makers(provider: FakeProvider) -> None:
    provider.answer = make


def test_an_agent_is_made_edited_registered_compared_and_reverted(pagents: Pagents) -> None:
    made = pagents("agents", "new", "sorter", PURPOSE)
    assert made.code == 0, made.err
    assert "✔ sorter v1  registered  score 9" in made.out
    assert "sorter: design" in made.err
    assert "Next: pagents agents show sorter" in made.err
    assert pagents("spawn", "sorter", "Sort it.", "-i", "ticket=The heating", "--wait").code == 0
    pagents("agents", "new", "sorter", "Else.").assert_refused("PA-E101", "--replace", exits=2)
    purposeless = pagents("agents", "new", "week_critic")
    purposeless.assert_refused("PA-E101", "pagents agents new week_critic --blank", exits=2)
    blank = pagents("agents", "new", "code_reviewer", "--blank")
    blank.assert_refused("PA-E101", "pagents agents copy code_reviewer", exits=2)
    assert pagents("agents", "new", "poet", "--blank").code == 0
    cases = str(pagents.home / "cases" / "poet.yaml")
    pagents("agents", "test", "poet").assert_refused("PA-E104", f"write {cases} with", exits=4)

    file = pagents.home / "agents" / "sorter.md"
    file.write_text(file.read_text("utf-8").replace("Sort the", "Do sort the"), "utf-8")
    assert "edited, not registered" in pagents("agents", "history", "sorter").err
    assert "+Do sort the ticket." in pagents("agents", "diff", "sorter").out
    assert pagents("agents", "register", "sorter", "--unchecked").code == 0

    reverted = pagents("agents", "revert", "sorter", "v1")
    assert "✔ sorter v3  is v1 again" in reverted.out
    versions = pagents.items("agents", "history", "sorter", "--json")
    assert [each["origin"] for each in versions] == ["created", "registered", "reverted"]
    assert "+Do sort" in pagents("agents", "diff", "sorter", "v1", "v2").out
    assert pagents("agents", "test", "sorter", "--against", "v2").code == 0
    pagents("agents", "revert", "sorter", "v9").assert_refused(
        "PA-E104", "it has v1, v2, v3", exits=4
    )


def test_a_draft_says_why_runs_nowhere_and_is_refined(pagents: Pagents) -> None:
    low = pagents("agents", "new", "sorter", PURPOSE, "--target", "9.5", "--rounds", "2")

    assert low.code == 1
    assert "its score is 9, below 9.5" in low.out
    assert "its score is 9, below 9.5" in pagents("agents", "drafts").out
    pagents("spawn", "sorter", "x").assert_refused("PA-E102", exits=4)
    assert pagents("agents", "refine", "sorter").code == 0
    assert "no drafts" in pagents("agents", "drafts").err


@pytest.mark.parametrize(
    "stage", ["Write the instructions", "How do I log in?", "Review the draft"]
)
def test_after_kill_9_nothing_is_paid_twice_and_it_is_registered_once(
    stage: str, pagents: Pagents, provider: FakeProvider
) -> None:
    provider.hold(to=stage)
    running = pagents.start("agents", "new", "sorter", PURPOSE)
    pagents.wait_until(lambda: any(stage in text for text in provider.texts()))
    provider.wait_in_flight(1)
    running.kill()
    provider.begin_again()

    ended = pagents("agents", "new", "sorter", PURPOSE)
    again = pagents("agents", "new", "sorter", PURPOSE)

    assert (ended.code, again.code) == (0, 0), ended.err
    assert len(pagents.items("agents", "history", "sorter", "--json")) == 1
    in_flight = len(provider.requests) - MADE
    assert 1 <= in_flight <= 3  # only what had no answer was asked again
    assert sum("Design the fields" in text for text in provider.texts()) == 1


def test_cases_that_are_no_text_are_refused_before_anything_is_paid_for(
    pagents: Pagents, provider: FakeProvider
) -> None:
    for folder in ("agents", "cases"):
        (pagents.home / folder).mkdir(mode=0o700)
    front = "name: sorter\ndescription: Sorts.\nlimits: {max_output_tokens: 100}"
    (pagents.home / "agents/sorter.md").write_text(f"---\n{front}\n---\nSort the ticket.\n")
    (pagents.home / "cases/sorter.yaml").write_bytes(b"agent: sorter\ncases: \xff\n")

    refined = pagents("agents", "refine", "sorter")

    refined.assert_refused("PA-E103", "sorter.yaml cannot be read", exits=2)
    assert list(provider.requests) == []


def test_many_are_made_at_once(
    pagents: Pagents, provider: FakeProvider, pytestconfig: pytest.Config
) -> None:
    count = 200 if pytestconfig.getoption("--long") else 20
    lines = [orjson.dumps({"name": f"sorter_{n}", "purpose": PURPOSE}) for n in range(count)]
    file = pagents.file("wanted.jsonl", b"\n".join(lines))

    ended = pagents("agents", "new", "--from", file, "--json")

    assert ended.code == 0, ended.err
    assert len([*Path(pagents.home / "agents").glob("sorter_*.md")]) == count
    texts = provider.texts()
    assert len(texts) == count * MADE
    for number in range(count):
        own = [text for text in texts if f'"sorter_{number}' in text.replace('\\"', '"')]
        is_review = ["Review the draft" in text for text in own]
        assert is_review == sorted(is_review)  # the reviewer comes after the creator


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("wanted.yaml", "agents:\n  - {name: a, purpose: b}\n  - {name: ../x, purpose: b}\n", 3),
        ("wanted.yaml", "agents:\n  - {name: a, purpose: b, tools: [x]}\n", 2),
        ("wanted.jsonl", '{"name": "a", "purpose": "b"}\nno\n', 2),
        ("wanted.jsonl", '{"name": "a", "purpose": "b"}\n\n{"name": "a", "purpose": "c"}\n', 3),
    ],
)
def test_a_file_that_names_no_agents_is_refused_with_its_line(
    name: str, content: str, line: int, pagents: Pagents, provider: FakeProvider
) -> None:
    pagents("agents", "new", "--from", pagents.file(name, content)).assert_refused(
        "PA-E103", f"{name}:{line}:", exits=2
    )

    assert not provider.requests


def test_a_tool_that_is_not_there_is_refused_before_anything_is_paid_for(
    pagents: Pagents, provider: FakeProvider
) -> None:
    pagents("agents", "new", "sorter", PURPOSE, "--tools", "read_fil").assert_refused(
        "PA-E101", "did you mean 'read_file'?", exits=2
    )

    assert not provider.requests
