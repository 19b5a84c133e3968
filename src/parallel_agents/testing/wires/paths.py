"""Paths: the wire that a request is in, by its path."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import text_at
from parallel_agents.testing.wires import chat, gemini, messages, responses
from parallel_agents.testing.wires.format import WireFormat

_GEMINI = re.compile(r"/v1(?:alpha|beta)?/(?:models/)?(?P<model>.+):(?P<method>\w+)")
_GEMINI_METHODS = {"generateContent": False, "streamGenerateContent": True}
_WIRES = {
    "/v1/chat/completions": WireFormat(chat.whole, chat.chunks),
    "/v1/messages": WireFormat(messages.whole, messages.chunks),
    "/v1/responses": WireFormat(responses.whole, responses.chunks),
}
_GEMINI_WIRE = WireFormat(gemini.whole, gemini.chunks, gemini.error_body)


class Asked(NamedTuple):
    """What a request asks for, apart from its content."""

    wire: WireFormat
    model: str
    streams: bool


def find_wire(path: str, body: JsonObject) -> Asked | None:
    """The wire of a path, and what the request says about its model and the form of the reply."""
    if wire := _WIRES.get(path):
        return Asked(wire, text_at(body, "model"), body.get("stream") is True)
    found = _GEMINI.fullmatch(unquote(path))
    if found is None or found["method"] not in _GEMINI_METHODS:
        return None
    return Asked(_GEMINI_WIRE, found["model"], _GEMINI_METHODS[found["method"]])
