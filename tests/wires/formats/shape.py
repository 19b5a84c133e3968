"""Shape: what the formats share: an ordinary reply, and server-sent events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

JsonDict: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A reply in the wire's own terms.

    Attributes:
        finish: why it ended.
        indexed: whether a stream of Chat Completions numbers its calls.
    """

    message: Any
    finish: str | None
    usage: Any
    indexed: bool = True

    @property
    def blocks(self) -> list[JsonDict]:
        """The message of a wire whose message is a list of blocks, items or parts."""
        return [dict(block) for block in self.message]


class Format(Protocol):
    """What a module of this package offers."""

    @property
    def FINISH(self) -> str:  # noqa: N802 - a constant of the module
        """Why an ordinary reply ends."""
        ...

    @property
    def CALLS(self) -> str:  # noqa: N802
        """Why a reply with calls ends."""
        ...

    @property
    def USAGE(self) -> JsonDict:  # noqa: N802
        """The usage of an ordinary reply: 11 tokens in, 7 out."""
        ...

    @property
    def BASE(self) -> str:  # noqa: N802
        """The path in a provider's base URL."""
        ...

    def say(self, text: str, calls: Sequence[tuple[str, JsonDict]]) -> Any:
        """The message of an ordinary reply."""
        ...

    def whole(self, reply: Ordinary) -> JsonDict: ...

    def events(self, reply: Ordinary) -> list[Any]:
        """The stream of the same reply: events, and texts that are sent as they are."""
        ...

    def frame(self, event: Mapping[str, Any]) -> str:
        """An event as the text that carries it."""
        ...

    def results(self, body: JsonDict) -> list[str]:
        """What the request tells the model of its calls, in order."""
        ...

    def refusal(self, message: str) -> JsonDict: ...

    def broken_rule(self, body: JsonDict) -> str | None:
        """Why an orderly server refuses the request, or None."""
        ...


def table(value: object) -> JsonDict:
    """A JSON object; empty for anything else."""
    return cast("JsonDict", value) if isinstance(value, dict) else {}


def tables(value: object) -> list[JsonDict]:
    """The objects of a JSON list; none for anything else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [table(item) for item in items]


def halves(text: str) -> list[str]:
    middle = (len(text) + 1) // 2
    return [piece for piece in (text[:middle], text[middle:]) if piece]


def dumps(value: Any) -> str:
    """JSON as most servers write it: in ASCII, also half of a surrogate pair."""
    return json.dumps(value)


def data(event: Mapping[str, Any]) -> str:
    return f"data: {dumps(event)}\n\n"


def named(event: Mapping[str, Any]) -> str:
    return f"event: {event.get('type')}\ndata: {dumps(event)}\n\n"
