"""Answers keep the contract's keys and also have the guides' shapes."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from parallel_agents.surfaces.openclaw.answers import Answer, History, SessionList, as_json

TEXT: dict[str, object] = {"type": "text", "text": "Hello."}
CALL: dict[str, object] = {"type": "toolCall", "id": "1", "name": "look", "arguments": {}}


def test_a_key_that_a_refused_call_lacks_says_why() -> None:
    refused = Answer(status="error", error="task required")

    with pytest.raises(KeyError, match="childSessionKey: task required"):
        _ = refused["childSessionKey"]
    with pytest.raises(KeyError, match="'childSessionKey'"):
        _ = Answer(status="accepted")["childSessionKey"]


def test_a_walk_through_a_session_list_gives_rows_in_the_guides_words() -> None:
    rows = [{"key": "a", "status": "done"}, {"key": "b", "status": "running"}]
    listed = SessionList({"count": 2, "sessions": rows})

    assert [row["status"] for row in listed] == ["completed", "running"]
    assert [row["status"] for row in listed["sessions"]] == ["done", "running"]
    assert list(SessionList({"status": "error", "error": "no"})) == []


def test_a_history_is_walked_through_and_counted_by_its_messages() -> None:
    answer: dict[str, Any] = {
        "sessionKey": "a",
        "messages": [
            {"content": [TEXT], "text": "Hello."},
            {"content": [TEXT, CALL], "text": "Hello."},
        ],
    }
    history = History(answer)

    assert history[0]["content"] == "Hello."
    assert history[0]["blocks"] == [TEXT]
    assert history[-1]["content"] == [TEXT, CALL]
    assert [message["text"] for message in history] == ["Hello.", "Hello."]
    assert history[:1] == [history[0]]
    assert history["sessionKey"] == "a"


@pytest.mark.parametrize("kind", [SessionList, History])
def test_they_are_dictionaries_to_whoever_writes_them_down(kind: type[Answer]) -> None:
    content: dict[str, Any] = {"sessions": [], "messages": [], "sessionKey": "a"}
    answer = kind(content)

    assert json.loads(json.dumps(answer)) == content
    assert orjson.loads(orjson.dumps(answer)) == content
    assert {**answer} == content
    assert dict(answer.items()) == content


def test_values_that_json_does_not_know_are_told() -> None:
    given = {"folder": Path("a/b"), "when": datetime.date(2026, 3, 1), "tags": {"x"}, 7: None}

    assert as_json(given) == {"folder": "a/b", "when": "2026-03-01", "tags": ["x"], "7": None}
    assert as_json(ValueError("odd")) == "odd"
