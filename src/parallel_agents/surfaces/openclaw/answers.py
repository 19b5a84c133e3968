"""Answers: the tools' answers as dictionaries in the shapes that guides for OpenClaw expect.

The guides disagree with the contract, and with each other, on a few shapes: a session list that is
iterated as a list of sessions, a history whose last message is `history[-1]`, a message whose
content is text. All of these work here, in addition to the contract's own keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_jsonable_python
from typing_extensions import override

from parallel_agents.core.schema import Json, JsonObject

# The contract's rows say `done`; the guides look for `completed`.
_STATUS = {"done": "completed"}


class Answer(dict[str, Any]):
    """A tool's answer; the KeyError for a missing key says why the call was refused."""

    def __missing__(self, key: object) -> object:
        reason = self.get("error")
        raise KeyError(f"{key}: {reason}" if reason else key)


class SessionList(Answer):
    """`sessions_list`: the contract's object; iterating it yields the rows.

    Iterated rows say `completed` instead of `done`; the rows under `sessions` are the contract's.
    """

    @override
    def __iter__(self) -> Iterator[Any]:
        for row in self.get("sessions", ()):
            yield {**row, "status": _STATUS.get(row["status"], row["status"])}


class History(Answer):
    """`sessions_history`: the contract's object; its messages by index and by iteration.

    The `content` of a plain text message is the text; its blocks are in `blocks`.
    """

    def __init__(self, answer: JsonObject) -> None:
        super().__init__(answer)
        if "messages" in answer:
            self["messages"] = [_plain(message) for message in self["messages"]]

    @override
    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | slice):
            return super().__getitem__("messages")[key]
        return super().__getitem__(key)

    @override
    def __iter__(self) -> Iterator[Any]:
        return iter(self.get("messages", ()))


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    blocks = message["content"]
    if any(block["type"] != "text" for block in blocks):
        return dict(message)
    return {**message, "content": message["text"], "blocks": blocks}


def as_json(value: object) -> Json:
    """A Python value as JSON; values of other types become strings."""
    return to_jsonable_python(value, fallback=str)
