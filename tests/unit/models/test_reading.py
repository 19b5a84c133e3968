"""Texts of models mean what the table says: calls, an answer, thinking, or a slip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from parallel_agents.core.message import Thinking
from parallel_agents.models.reading.thinking import AnswerFilter
from parallel_agents.models.wires.draft import Draft, Kind


@dataclass(frozen=True)
class Entry:
    says: str
    text: str
    calls: int = 0
    answer: str | None = None
    thinking: str = ""
    slip: bool = False

    @property
    def expected(self) -> str:
        whole = "" if self.calls else self.text
        return whole if self.answer is None else self.answer


TABLE = Path(__file__).parent / "reading" / "texts.yaml"
ENTRIES = [Entry(**fields) for fields in yaml.safe_load(TABLE.read_text("utf-8"))]
each_text = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.says for entry in ENTRIES])


def read(entry: Entry) -> Draft:
    draft = Draft(tools={"get_weather": "get_weather", "look": "look"}, reason="stop")
    draft.add(draft.block("text", Kind.TEXT), entry.text)
    return draft


@each_text
def test_the_calls_of_a_text_are_those_of_the_table(entry: Entry) -> None:
    calls = read(entry).reply("a/b").message.tool_calls

    assert [(call.name, call.arguments) for call in calls] == [
        ("get_weather", {"city": "Paris"})
    ] * entry.calls


@each_text
def test_the_answer_in_a_text_is_that_of_the_table(entry: Entry) -> None:
    assert read(entry).reply("a/b").message.text == entry.expected


@each_text
def test_the_thinking_in_a_text_is_that_of_the_table(entry: Entry) -> None:
    parts = read(entry).reply("a/b").message.parts

    assert "".join([part.text for part in parts if isinstance(part, Thinking)]) == entry.thinking


@each_text
def test_a_call_that_cannot_be_read_is_told(entry: Entry) -> None:
    draft = read(entry)

    draft.reply("a/b")

    assert draft.unread == (entry.text if entry.slip else "")


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.expected == entry.text],
    ids=lambda entry: entry.says,
)
def test_an_answer_that_stays_whole_is_heard_whole(entry: Entry, size: int) -> None:
    shown = AnswerFilter()
    pieces = [shown.feed(entry.text[at : at + size]) for at in range(0, len(entry.text), size)]

    assert "".join(pieces) + shown.close() == entry.text
