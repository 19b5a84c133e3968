"""What the embedded model's server gets for a request: as the small model is asked, tools as a schema."""

from __future__ import annotations

import orjson

from parallel_agents.core.message import user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.local.sent import encode_local_request

LOOK = ToolSpec(name="look", description="Looks.", parameters={"type": "object", "properties": {}})


async def test_an_answer_with_a_schema_is_asked_for_as_compact_json() -> None:
    request = ModelRequest(
        messages=(user("Go."),), system="Write.", output_schema={"type": "object"}
    )

    body = orjson.loads(await encode_local_request("local/small", request))

    assert body["model"] == "small"
    assert body["temperature"] == 0.2
    assert "compact JSON" in body["messages"][0]["content"]


async def test_tools_are_a_schema_of_choices() -> None:
    request = ModelRequest(messages=(user("Go."),), system="Write.", tools=(LOOK,))

    body = await encode_local_request("local/small", request)

    assert b"final_answer" in body
    assert "tools" not in orjson.loads(body)
