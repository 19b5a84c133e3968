"""A field by the name that it has in another format is refused with where and how it is written here."""

from __future__ import annotations

import pytest

from parallel_agents.catalog.agent_file import AgentFields
from parallel_agents.catalog.field_words import FIELD_WORDS, field_meant
from parallel_agents.catalog.fields import names_within
from parallel_agents.catalog.plan_file import PlanFields
from parallel_agents.catalog.team_fields import TaskFields

PARTS = (
    *((AgentFields, steps) for steps in [(), ("limits",), ("gates", "0"), ("budget",)]),
    *((PlanFields, steps) for steps in [(), ("tasks", "0")]),
)
FIELDS = {"text": (), "model": (), "limits": ("attempts", "max_turns"), "needs": ()}
TOLD = {"temperature": "it is written in the agent's file"}
# These are of Python alone.
ARGUMENTS = {"home", "progress", "on_text", "key", "tags"}


@pytest.mark.parametrize("word", FIELD_WORDS)
def test_each_word_leads_to_something_that_a_file_can_have(word: str) -> None:
    known = {name for kind, steps in PARTS for name in names_within(kind, steps)}
    told = {*AgentFields.elsewhere, *TaskFields.elsewhere}
    assert {*FIELD_WORDS[word]} & (known | told | ARGUMENTS)
    assert word == word.casefold(), "it would never be found"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prompt", "it is called text here"),
        ("dependsOn", "it is called needs here"),
        ("depends-on", "it is called needs here"),
        ("retries", "it is part of limits: write `limits:` with `attempts: ...` in it"),
        ("max_turns", "it is part of limits: write `limits:` with `max_turns: ...` in it"),
        ("temperature", "it is written in the agent's file"),
        ("modle", "did you mean 'model'?"),
        ("zzz", "use one of: limits, model, needs, text."),
    ],
)
def test_the_hint_says_where_and_how_it_is_written(name: str, hint: str) -> None:
    assert field_meant(name, FIELDS, TOLD) == hint
