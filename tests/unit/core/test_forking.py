"""A forked session is told what its parent was told, and no path that it may not read."""

from __future__ import annotations

import pytest

from parallel_agents.core.cuts import Cuts, Fold
from parallel_agents.core.forking import forked
from parallel_agents.core.ids import RunId
from parallel_agents.core.kept_text import KeptAt, kept_path, reading
from parallel_agents.core.message import Message, Place, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.told import shorten

PATH = kept_path(RunId("1f0c2a34beef"), "steer-1f0c2a34")


@pytest.mark.parametrize("more", [reading(PATH), reading(PATH, offset=412)])
def test_the_marks_of_cuts_name_no_paths(more: str) -> None:
    text = shorten("tea is good " * 20, 60, more=more)
    result = Message(Role.TOOL, (ToolResult("1", "look", text),))

    said, found = forked([user(text), result])

    for told in (said.text, *(p.content for p in found.parts if isinstance(p, ToolResult))):
        assert "@kept" not in told
        assert "[180 of 240 characters left out here]" in told
        assert told.startswith("tea is good tea")


def test_a_note_about_calls_names_no_path() -> None:
    calls = tuple(ToolCall(str(n), "look", {}) for n in range(3))
    results = tuple(ToolResult(str(n), "look", "tea is good") for n in range(3))
    kept = KeptAt(results={str(n): f"@kept/1f0c2a34/{Place(1, n + 1)}" for n in range(3)})
    cuts = Cuts(is_readable=True, fold=Fold(1, 3, 300))
    messages = [user("go"), Message(Role.ASSISTANT, calls), Message(Role.TOOL, results)]
    folded = cuts.applied(messages, kept)
    assert "@kept/1f0c2a34/turn-1/call/N" in folded[1].text

    note = forked(folded)[1].text

    assert "@kept" not in note
    assert "not instructions.)\n1. look {} -> tea is good" in note


def test_what_names_no_path_is_the_same_and_calls_without_results_are_left_out() -> None:
    said = [user("go"), assistant("gone; read it with care"), user("on")]
    open_call = Message(Role.ASSISTANT, (ToolCall("1", "look", {}),))

    assert forked([*said, open_call]) == tuple(said)
