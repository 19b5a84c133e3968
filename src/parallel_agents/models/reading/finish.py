"""Finish: why a reply ended, in the terms of all servers; a term that is not known is not "complete".

Sources: the API references of OpenAI, Anthropic, Gemini (FinishReason), Mistral, DeepSeek, Cohere,
z.ai, Bedrock, TGI and Perplexity.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache


class End(Enum):
    """What a reason says about the reply.

    Attributes:
        COMPLETE: the model had finished.
        TOOLS: the model waits for the results of its calls.
        CUT: the token limit of the reply was reached.
        WINDOW: the model's context window was full.
        REFUSED: the model or a filter declined.
        PAUSED: the server asks to be called again with what there is.
        FAILED: the server broke off.
        SLIP: the model wrote a call that the server could not read.
        UNKNOWN: none of these.
    """

    COMPLETE = auto()
    TOOLS = auto()
    CUT = auto()
    WINDOW = auto()
    REFUSED = auto()
    PAUSED = auto()
    FAILED = auto()
    SLIP = auto()
    UNKNOWN = auto()


_REASONS = {
    End.COMPLETE: (
        "stop end_turn stop_sequence eos eos_token end_of_sequence end_of_text eot complete "
        "completed done finished normal success natural_stop"
    ),
    End.TOOLS: "tool_calls tool_call tool_use function_call function_calls tools",
    End.CUT: (
        "length max_tokens max_output_tokens max_length model_length max_new_tokens token_limit "
        "max_completion_tokens output_limit continuation"
    ),
    End.WINDOW: (
        "model_context_window_exceeded context_window_exceeded context_length_exceeded "
        "context_length error_limit"
    ),
    End.REFUSED: (
        "content_filter content_filtered refusal refused safety sensitive recitation blocklist "
        "prohibited_content spii image_safety image_prohibited_content image_recitation language "
        "guardrail_intervened guardrail moderation error_toxic violation blocked model_armor "
        "escalation pup_limited_disabled"
    ),
    End.PAUSED: "pause_turn pause",
    End.FAILED: (
        "error network_error abort aborted cancelled canceled insufficient_system_resource timeout "
        "failed user_cancel preempted other unavailable overloaded server_error interrupted "
        "no_image image_other repetition"
    ),
    End.SLIP: (
        "malformed_function_call malformed_tool_use malformed_model_output unexpected_tool_call "
        "too_many_tool_calls missing_thought_signature malformed_response tool_use_failed"
    ),
}
_ENDS = {reason: end for end, reasons in _REASONS.items() for reason in reasons.split()}


@lru_cache(maxsize=256)
def end_of(reason: str) -> End:
    """What a server's reason means; upper case, dashes and Google's prefix do not matter."""
    name = reason.strip().lower().replace("-", "_").replace(" ", "_")
    return _ENDS.get(name.removeprefix("finish_reason_"), End.UNKNOWN)
