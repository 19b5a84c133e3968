"""AG-UI client: the messages and the checks of the protocol's own client, `@ag-ui/client` 1.0.

From `verify/verify.ts` and `apply/default.ts` of https://github.com/ag-ui-protocol/ag-ui.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class AguiClient:
    """One that checks the order of what it is told, and keeps messages.

    Attributes:
        messages: those that it has, in their order.
        open: the messages that were begun and not ended.
    """

    def __init__(self, messages: Sequence[Mapping[str, Any]] = ()) -> None:
        self.messages = [dict(each) for each in messages]
        self.open: set[str] = set()
        self._calls: set[str] = set()
        self._is_over = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Apply the next event.

        Raises:
            AssertionError: the client would refuse it.
        """
        assert not self._is_over, f"{event['type']} after the end"
        self._verify(event)
        self._apply(event)

    def _verify(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "TEXT_MESSAGE_START":
                assert event["messageId"] not in self.open, "a message is begun twice"
                self.open.add(event["messageId"])
            case "TEXT_MESSAGE_CONTENT":
                assert event["delta"], "a delta is empty"
                assert event["messageId"] in self.open, "a part of no message"
            case "TEXT_MESSAGE_END":
                assert event["messageId"] in self.open, "the end of no message"
                self.open.remove(event["messageId"])
            case "TOOL_CALL_START":
                assert event["toolCallId"] not in self._calls, "a call is begun twice"
                self._calls.add(event["toolCallId"])
            case "TOOL_CALL_END":
                self._calls.remove(event["toolCallId"])
            case "RUN_FINISHED":
                assert not self.open, f"messages are open at the end: {self.open}"
                self._is_over = True
            case "RUN_ERROR":
                self._is_over = True
            case _:
                pass

    def _apply(self, event: Mapping[str, Any]) -> None:
        match event["type"]:
            case "TEXT_MESSAGE_START":
                self._made(event["messageId"]).setdefault("content", "")
            case "TEXT_MESSAGE_CONTENT":
                found = self._found(event["messageId"])
                if found is not None:
                    found["content"] = found.get("content", "") + event["delta"]
            case "TOOL_CALL_START":
                owner = self._made(event.get("parentMessageId") or event["toolCallId"])
                function = {"name": event["toolCallName"], "arguments": ""}
                call = {"id": event["toolCallId"], "type": "function", "function": function}
                owner.setdefault("toolCalls", []).append(call)
            case "TOOL_CALL_ARGS":
                self._call(event["toolCallId"])["function"]["arguments"] += event["delta"]
            case "TOOL_CALL_RESULT":
                self._take_result(event)
            case "MESSAGES_SNAPSHOT":
                given = {each["id"]: each for each in event["messages"]}
                kept = [each["id"] for each in self.messages if each["id"] in given]
                new = [name for name in given if name not in kept]
                self.messages = [dict(given[name]) for name in (*kept, *new)]
            case _:
                pass

    def _take_result(self, event: Mapping[str, Any]) -> None:
        about = event["toolCallId"]
        result = {"id": event["messageId"], "toolCallId": about, "role": "tool"}
        places = [
            place
            for place, each in enumerate(self.messages, 1)
            if any(call["id"] == about for call in each.get("toolCalls", ()))
        ]
        at = places[0] if places else len(self.messages)
        while places and at < len(self.messages) and self.messages[at]["role"] == "tool":
            at += 1
        self.messages.insert(at, {**result, "content": event["content"]})

    def _made(self, name: str) -> dict[str, Any]:
        found = self._found(name)
        if found is None:
            found = {"id": name, "role": "assistant"}
            self.messages.append(found)
        return found

    def _found(self, name: str) -> dict[str, Any] | None:
        return next((each for each in self.messages if each["id"] == name), None)

    def _call(self, name: str) -> dict[str, Any]:
        calls = (call for each in self.messages for call in each.get("toolCalls", ()))
        return next(call for call in calls if call["id"] == name)
