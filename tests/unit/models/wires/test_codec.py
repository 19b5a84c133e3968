"""Files in each wire: as its format has them, once, and never kept with the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.message import File, Message, Role, ToolResult, assistant, user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.dialect import DialectChanges, RoleOrder, SystemRole
from parallel_agents.models.providers import Provider, Wire
from parallel_agents.models.wires.model import encode_request


def file(name: str, media_type: str) -> File:
    id = name[0] * 64
    return File(name=name, artifact=Artifact(id=id, name=name, media_type=media_type, size=3))


CHART, PAPER = file("chart.png", "image/png"), file("paper.pdf", "application/pdf")
FILES = {CHART.id: "Q0hBUlQ=", PAPER.id: "UEFQRVI="}
ASKED = user("Compare.", [CHART, PAPER])


def sent(
    wire: Wire, *messages: Message, system: str = "", changes: DialectChanges | None = None
) -> JsonObject:
    known = (("*", changes),) if changes else ()
    server = Provider(name="acme", wire=wire, base_url="https://h/v1", known=known)
    request = ModelRequest(messages=messages, system=system, files=FILES)
    body: JsonObject = orjson.loads(encode_request("acme/m", server.endpoint("m"), request))
    return body


CHART_URL, PAPER_URL = "data:image/png;base64,Q0hBUlQ=", "data:application/pdf;base64,UEFQRVI="
EXPECTED: Mapping[Wire, tuple[str, Any]] = {
    Wire.CHAT: (
        "messages",
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": CHART_URL}},
                {"type": "file", "file": {"filename": "paper.pdf", "file_data": PAPER_URL}},
                {"type": "text", "text": "Compare."},
            ],
        },
    ),
    Wire.RESPONSES: (
        "input",
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": CHART_URL, "detail": "auto"},
                {"type": "input_file", "filename": "paper.pdf", "file_data": PAPER_URL},
                {"type": "input_text", "text": "Compare."},
            ],
        },
    ),
    Wire.ANTHROPIC: (
        "messages",
        {
            "role": "user",
            "content": [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": "Q0hBUlQ="},
                },
                {
                    "type": "document",
                    "source": {
                        "type": "base64",
                        "media_type": "application/pdf",
                        "data": "UEFQRVI=",
                    },
                    "title": "paper.pdf",
                },
                {"type": "text", "text": "Compare."},
            ],
        },
    ),
    Wire.GEMINI: (
        "contents",
        {
            "role": "user",
            "parts": [
                {"inlineData": {"mimeType": "image/png", "data": "Q0hBUlQ="}},
                {"inlineData": {"mimeType": "application/pdf", "data": "UEFQRVI="}},
                {"text": "Compare."},
            ],
        },
    ),
}


@pytest.mark.parametrize("wire", EXPECTED)
def test_images_and_pdfs_are_sent_as_the_wire_has_them(wire: Wire) -> None:
    name, message = EXPECTED[wire]

    body = sent(wire, ASKED, assistant("Done."), user("Again?"))

    messages = body[name]
    assert isinstance(messages, list)
    assert messages[0] == message
    assert orjson.dumps(body).count(b"Q0hBUlQ=") == 1


@pytest.mark.parametrize("wire", EXPECTED)
def test_a_message_keeps_nothing_of_its_files(wire: Wire) -> None:
    message = user("Compare.", [CHART])

    sent(wire, message)

    assert not hasattr(message, "_encoded")


@pytest.mark.parametrize("roles", [RoleOrder.ALTERNATE, RoleOrder.NO_USER_AFTER_TOOL])
def test_messages_that_are_joined_keep_their_files(roles: RoleOrder) -> None:
    result = Message(Role.TOOL, (ToolResult("c", "look", "x"),))

    body = sent(
        Wire.CHAT,
        user("First.", [CHART]),
        user("Then."),
        assistant(""),
        user("At last.", [PAPER]),
        result,
        ASKED,
        changes={"roles": roles},
    )

    text = orjson.dumps(body).decode()
    assert [text.count(each) for each in ("Q0hBUlQ=", "UEFQRVI=")] == [2, 2]


def test_instructions_in_the_first_message_leave_its_files() -> None:
    body = sent(Wire.CHAT, ASKED, system="Be brief.", changes={"system": SystemRole.USER})

    text = orjson.dumps(body).decode()
    assert "Be brief." in text
    assert text.count("Q0hBUlQ=") == 1
