"""Hiding: what a run is told is hidden before it is written down, so that its memory and the journal agree.

The store hides the same again in all that it writes; here it is done where a run also goes on with
what it was told.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import orjson
from pydantic import TypeAdapter

from parallel_agents.core.gate import Verdict
from parallel_agents.core.message import Message, ToolCall, ToolResult
from parallel_agents.core.tool import ToolSpec
from parallel_agents.secrets.known import KNOWN

_HIDDEN = re.compile(r"\[redacted:([A-Za-z0-9_.-]+)\]")


@cache
def _messages() -> TypeAdapter[Message]:
    return TypeAdapter(Message)


def hidden_message(message: Message) -> Message:
    """A message without secrets; the same object if it has none."""
    if not KNOWN:
        return message
    encoded = orjson.dumps(message, default=str)
    if not KNOWN.is_in_json(encoded):
        return message
    return _messages().validate_json(KNOWN.hide_json(encoded), strict=True)


def hidden_result(result: ToolResult) -> ToolResult:
    """A result without secrets; the same object if it has none."""
    content = KNOWN.hide(result.content)
    return result if content is result.content else replace(result, content=content)


def hidden_verdict(verdict: Verdict) -> Verdict:
    """A verdict without secrets; the same object if it has none."""
    critique = KNOWN.hide(verdict.critique)
    return verdict if critique is verdict.critique else replace(verdict, critique=critique)


def stands_for_secret(call: ToolCall, spec: ToolSpec) -> str:
    """Why a call is not made in which a secret's place has what stands for it; empty if it is made.

    A file that was read, and is written as it was shown, would lose the secret.
    """
    if spec.access.is_free or not KNOWN:
        return ""
    found = _HIDDEN.findall(orjson.dumps(call.arguments, default=str).decode(errors="replace"))
    name = next((name for name in found if name in KNOWN.names), "")
    if not name:
        return ""
    return (
        f"The arguments have [redacted:{name}], which stands for a secret that is shown to nobody."
        " It would be used as these very characters, so the call was not made. Leave that part of a"
        " file as it is, and in a command use the variable that has the secret, if there is one."
    )
