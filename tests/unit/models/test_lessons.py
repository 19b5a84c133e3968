"""A refusal teaches what the model does not take, in the words of each provider."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.dialect import PLAIN, Dialect
from parallel_agents.models.lessons import Lesson, lesson_of


def refused(
    text: str, dialect: Dialect = PLAIN, *, param: str = "", status: int = 400
) -> Lesson | None:
    rejection = Rejection(status=status, param=param, message=text, text=text.lower())
    return lesson_of(rejection, lambda change: dialect.changed(change) != dialect)


@pytest.mark.parametrize(
    ("text", "change"),
    [
        (
            "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
            {"omit": ["temperature"]},
        ),
        ("`temperature` is deprecated for this model.", {"omit": ["temperature"]}),
        (
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
            {"omit": ["top_p"]},
        ),
        ("`temperature` may only be set to 1 when thinking is enabled.", {"omit": ["temperature"]}),
        ("invalid temperature: only 0.6 is allowed for this model", {"omit": ["temperature"]}),
        ("Argument not supported on this model: stop", {"omit": ["stop"]}),
        ("Encrypted content is not supported with this model.", {"omit": ["include"]}),
        (
            "The encrypted content gAAA could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
            {"replay": "none"},
        ),
        (
            "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false.",
            {"replay": "none"},
        ),
        (
            "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.",
            {"replay": "required"},
        ),
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            {"max_tokens_field": "max_completion_tokens"},
        ),
        ("Extra inputs are not permitted, field: 'stream_options'", {"asks_for_usage": False}),
        (
            "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions. Please use /v1/responses instead.",
            {"omit": ["reasoning_effort"]},
        ),
        ("Model grok-4-latest does not support parameter reasoningEffort.", {"thinking": "none"}),
        (
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
            {"thinking": "adaptive"},
        ),
        (
            'invalid params, invalid thinking.type: "enabled" (allowed: adaptive, disabled) (2013)',
            {"thinking": "adaptive"},
        ),
        ("adaptive thinking is not supported on this model", {"thinking": "budget"}),
        (
            "The `reasoning_content` in the thinking mode must be passed back to the API.",
            {"replay": "required"},
        ),
        (
            "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
            {"replay": "required"},
        ),
        (
            "messages.2.assistant.reasoning_content: property 'messages.2.assistant.reasoning_content' is unsupported",
            {"replay": "none"},
        ),
        ("Thinking may not be enabled when tool_choice forces tool use.", {"forces_tools": False}),
        ("Thinking mode does not support this tool_choice", {"forces_tools": False}),
        (
            "This response_format type is unavailable now",
            {"structured": "prompt", "structured_with_tools": "prompt"},
        ),
        (
            "This model does not support response format `json_schema`. See supported models at https://console.groq.com",
            {"structured": "prompt", "structured_with_tools": "prompt"},
        ),
        (
            "json mode cannot be combined with tool/function calling",
            {"structured_with_tools": "prompt"},
        ),
        (
            "Function calling with a response mime type: 'application/json' is unsupported",
            {"structured_with_tools": "prompt"},
        ),
        (
            "type: Input should be 'text'",
            {"structured": "prompt", "structured_with_tools": "prompt"},
        ),
        (
            "Invalid schema for response_format 'answer': In context=(), 'additionalProperties' is required to be supplied and to be false.",
            {"strict": False},
        ),
        (
            "Unsupported parameter: 'parallel_tool_calls' is not supported with this model.",
            {"omit": ["parallel_tool_calls"]},
        ),
        ("System role not supported", {"system": "user"}),
        (
            "invalid params, chat content has invalid message role: system (2013)",
            {"system": "user"},
        ),
        (
            "Conversation roles must alternate user/assistant/user/assistant/...",
            {"roles": "alternate"},
        ),
        (
            "After the (optional) system message(s), user or tool message(s) should alternate with assistant message(s).",
            {"roles": "alternate"},
        ),
        ("Unexpected role 'user' after role 'tool'", {"roles": "no_user_after_tool"}),
        ("Tool call id was X but must be a-z, A-Z, 0-9, with a length of 9.", {"call_ids": "nine"}),
        (
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
            {"call_ids": "word"},
        ),
        ("cache_control: Extra inputs are not permitted", {"sends_cache_marks": False}),
    ],
)
def test_a_sentence_teaches_one_change(text: str, change: Json) -> None:
    lesson = refused(text)

    assert lesson is not None
    assert lesson.change == change


def test_efforts_are_taken_from_those_that_the_server_lists() -> None:
    text = "Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model. "
    text += "Supported values are: 'none', 'low', 'medium', and 'high'."

    lesson = refused(text, param="reasoning.effort")

    assert lesson is not None
    assert lesson.change == {
        "efforts": {
            "off": "none",
            "minimal": "low",
            "low": "low",
            "medium": "medium",
            "high": "high",
        }
    }


@pytest.mark.parametrize(
    "text",
    [
        "Invalid value for model.",
        "Incorrect API key provided",
        "messages: at least one message is required",
        "Unsupported parameter: 'messages'",
        '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        "The temperature of the sun is a fine topic",
    ],
)
def test_what_names_nothing_that_can_be_left_out_teaches_nothing(text: str) -> None:
    assert refused(text) is None


def test_nothing_is_learned_twice() -> None:
    text = "Unsupported value: 'temperature' does not support 0 with this model."

    assert refused(text, Dialect(omit=frozenset({"temperature"}))) is None


@pytest.mark.parametrize("status", [401, 402, 403, 429, 503])
def test_only_a_refused_request_teaches(status: int) -> None:
    assert refused("Unsupported parameter: 'temperature'", status=status) is None


def test_a_lesson_says_what_was_done() -> None:
    lesson = refused("Unsupported parameter: 'temperature' is not supported with this model.")

    assert lesson is not None
    assert lesson.text == "without temperature"
