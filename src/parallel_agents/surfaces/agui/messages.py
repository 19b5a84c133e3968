"""Messages: what the events of a run come to as messages of AG-UI, which a snapshot of them all needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NotRequired, cast

from typing_extensions import TypedDict

from parallel_agents.surfaces.agui import events as agui


class FunctionDocument(TypedDict):
    name: str
    arguments: str


class ToolCallDocument(TypedDict):
    id: str
    type: str
    function: FunctionDocument


class MessageDocument(TypedDict):
    """A message of a model, of a tool or of a person."""

    id: str
    role: str
    content: NotRequired[str]
    toolCalls: NotRequired[list[ToolCallDocument]]
    toolCallId: NotRequired[str]
    subagentRunId: NotRequired[str]


@dataclass(slots=True)
class Messages:
    """The messages that a client has which was told these events, as the protocol's own client makes them."""

    _by_id: dict[str, MessageDocument] = field(default_factory=dict[str, MessageDocument])
    _calls: dict[str, ToolCallDocument] = field(default_factory=dict[str, ToolCallDocument])

    def add(self, event: agui.AnyEvent) -> None:
        """Apply the next event; those that are about no message change nothing."""
        match event:
            case agui.TextMessageStart():
                self._assistant(event.message_id, event.subagent_run_id).setdefault("content", "")
            case agui.TextMessageContent():
                message = self._assistant(event.message_id, event.subagent_run_id)
                message["content"] = message.get("content", "") + event.delta
            case agui.ToolCallStart():
                owner = event.parent_message_id or event.tool_call_id
                call: ToolCallDocument = {
                    "id": event.tool_call_id,
                    "type": "function",
                    "function": {"name": event.tool_call_name, "arguments": ""},
                }
                self._calls[event.tool_call_id] = call
                message = self._assistant(owner, event.subagent_run_id)
                message.setdefault("toolCalls", []).append(call)
            case agui.ToolCallArgs():
                self._calls[event.tool_call_id]["function"]["arguments"] += event.delta
            case agui.ToolCallResult():
                self._by_id[event.message_id] = _attributed(
                    {
                        "id": event.message_id,
                        "role": event.role,
                        "toolCallId": event.tool_call_id,
                        "content": event.content,
                    },
                    event.subagent_run_id,
                )
            case _:
                pass

    def say(self, message: str, role: str, text: str) -> None:
        """Add a message that was sent to the agent."""
        self._by_id[message] = {"id": message, "role": role, "content": text}

    def put(self, message: str, text: str, by: str | None) -> None:
        """Set the text of a message, which may be a new one."""
        self._assistant(message, by)["content"] = text

    def documents(self) -> list[MessageDocument]:
        """All of them, in their order."""
        return list(self._by_id.values())

    def _assistant(self, message: str, by: str | None) -> MessageDocument:
        if message not in self._by_id:
            self._by_id[message] = _attributed({"id": message, "role": "assistant"}, by)
        return self._by_id[message]


def _attributed(message: MessageDocument, by: str | None) -> MessageDocument:
    return message if by is None else cast("MessageDocument", {**message, "subagentRunId": by})
