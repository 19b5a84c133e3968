"""Prompt documents: what was sent to models, for machines, the same in `--json` and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json
from parallel_agents.core.sent import SentRequest
from parallel_agents.views import format


class PromptDocument(TypedDict):
    """A request that a model answered; `body` is null for a model that is behind no wire."""

    run_id: RunId
    turn: int
    at: str | None
    model: str
    request: Json
    body: Mapping[str, Json] | None
    unknown_tools: list[str]


def neutral(request: ModelRequest) -> Json:
    """A request as it is before a wire gives it the form of its provider."""
    found: Json = orjson.loads(
        orjson.dumps(
            {
                "system": request.system,
                "messages": request.messages,
                "tools": request.tools,
                "output_schema": request.output_schema,
                "max_output_tokens": request.max_output_tokens,
                "temperature": request.temperature,
                "thinking": request.thinking,
            }
        )
    )
    return found


def prompt_json(sent: SentRequest) -> PromptDocument:
    """A request for machines; `body` is null for a model that is behind no wire."""
    return {
        "run_id": sent.run,
        "turn": sent.turn,
        "at": format.iso(sent.at),
        "model": sent.model,
        "request": neutral(sent.request),
        "body": sent.body,
        "unknown_tools": list(sent.unknown_tools),
    }
