"""Calls that a server left in the text are found, in the formats of all model families."""

# ruff: noqa: RUF001 - DeepSeek's tokens have a bar of full width

from __future__ import annotations

import pytest

from parallel_agents.models.reading.text_calls import TextCall, clean_name, find_calls

KNOWN = {"get_weather", "look"}
PARIS = TextCall("get_weather", {"city": "Paris"})
ROME = TextCall("get_weather", {"city": "Rome"})
JSON = '{"name": "get_weather", "arguments": {"city": "Paris"}}'
PARAMETER = '<parameter name="city">Paris</parameter>'
ARGUMENTS = '{"city": "Paris"}'


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>\n{JSON}\n</tool_call>",
        f"<tool_call>\n{JSON}",
        f"<tools>\n{JSON}\n</tools>",
        f"<function_call>{JSON}</function_call>",
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nParis\n</parameter>\n</function>\n</tool_call>",
        f"<function=get_weather>{ARGUMENTS}</function>",
        '<|python_tag|>{"type": "function", "name": "get_weather", "parameters": {"city": "Paris"}}<|eom_id|>',
        '{"name": "get_weather", "parameters": {"city": "Paris"}}',
        f"[TOOL_CALLS][{JSON}]",
        f"[TOOL_CALLS]get_weather[ARGS]{ARGUMENTS}",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{ARGUMENTS}\n```"
        "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{ARGUMENTS}<｜tool▁call▁end｜>"
        "<｜tool▁calls▁end｜>",
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
        f"{ARGUMENTS}<|tool_call_end|><|tool_calls_section_end|>",
        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>",
        f'<minimax:tool_call>\n<invoke name="get_weather">\n{PARAMETER}\n</invoke>\n</minimax:tool_call>',
        f'<function_calls><invoke name="get_weather">{PARAMETER}</invoke></function_calls>',
        f"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{ARGUMENTS}<|call|>",
    ],
)
def test_a_call_is_found_in_each_format(text: str) -> None:
    found = find_calls(text, KNOWN)

    assert list(found.calls) == [PARIS]
    assert found.text == ""


def test_several_calls_are_found_and_the_text_around_them_stays() -> None:
    second = JSON.replace("Paris", "Rome")
    text = f"I will look.\n<tool_call>{JSON}</tool_call>\n<tool_call>{second}</tool_call>"

    found = find_calls(text, KNOWN)

    assert list(found.calls) == [PARIS, ROME]
    assert found.text == "I will look."


@pytest.mark.parametrize(
    "text",
    [
        "plain text with [1] and <b>tags</b>",
        '`<tool_call>{"name": "other", "arguments": {}}</tool_call>`',
        '{"name": "get_weather", "age": 7}',
        '{"city": "Paris"}',
    ],
)
def test_what_only_looks_like_a_call_stays_text(text: str) -> None:
    assert find_calls(text, KNOWN) == ((), text, False)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "other", "arguments": {}}</tool_call>',
        "<tool_call>nonsense</tool_call>",
    ],
)
def test_markup_that_cannot_be_read_is_told(text: str) -> None:
    assert find_calls(text, KNOWN) == ((), text, True)


def test_a_long_text_with_many_tags_is_read_in_a_moment() -> None:
    text = "<tool_call>" * 5_000 + "<arg_key>a</arg_key>" * 2_000

    assert find_calls(text, KNOWN).calls == ()


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("look", "look"),
        ("Look", "look"),
        (" look ", "look"),
        ("functions.look", "look"),
        ("functions.look:0", "look"),
        ("default_api:look", "look"),
        ("look<|channel|>json", "look"),
        ("nobody", "nobody"),
    ],
)
def test_a_name_is_cleaned_if_it_then_names_a_tool(name: str, cleaned: str) -> None:
    assert clean_name(name, KNOWN) == cleaned
