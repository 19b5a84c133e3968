"""Call ids: the labels by which servers pair tool calls with their results, kept apart here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from parallel_agents.core.message import Message, ToolCall


@dataclass(slots=True)
class CallIds:
    """The ids of all calls in a transcript.

    Servers repeat ids, within a reply and in later ones, and refuse a transcript that does.

    Attributes:
        given: the ids of the last reply's calls as the provider gave them.
    """

    given: tuple[str, ...] = ()
    _used: dict[str, int] = field(default_factory=dict[str, int])

    def copy(self) -> CallIds:
        return CallIds(self.given, self._used.copy())

    def apart(self, message: Message) -> Message:
        """The reply with its own id for each call: a second `x` becomes `x_2`."""
        calls = message.tool_calls
        self.given = tuple([call.id for call in calls])
        if not self._used.keys() & self.given and len(calls) < 2:
            self._used.update(dict.fromkeys(self.given, 1))
            return message
        ids = [self._unused(call_id) for call_id in self.given]
        if tuple(ids) == self.given:
            return message
        left = iter(ids)
        parts = [replace(p, id=next(left)) if isinstance(p, ToolCall) else p for p in message.parts]
        return replace(message, parts=tuple(parts))

    def note(self, messages: Iterable[Message]) -> None:
        """Note the ids of messages that came from another transcript."""
        for message in messages:
            for call in message.tool_calls:
                self._used.setdefault(call.id, 1)

    def numbers(self, call_id: str) -> list[int]:
        """The numbers of the last reply's calls that the provider gave this id."""
        return [n for n, given in enumerate(self.given, start=1) if given == call_id]

    def _unused(self, call_id: str) -> str:
        name = call_id
        while name in self._used:
            self._used[call_id] += 1
            name = f"{call_id}_{self._used[call_id]}"
        self._used[name] = 1
        return name
