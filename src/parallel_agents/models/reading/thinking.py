"""Thinking: reasoning that a server left in the answer, because it has no parser for the model.

Formats: the chat templates of DeepSeek R1 and Qwen 3 (`<think>`; templates that end in the opening tag
leave only the closing one), Magistral (`[THINK]`), Kimi (`◁think▷`), and gpt-oss
(https://cookbook.openai.com/articles/openai-harmony).
"""

# ruff: noqa: RUF001 - DeepSeek's token has a bar of full width

from __future__ import annotations

import re
from typing import NamedTuple

_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection")
_TAGS = (
    *((f"<{name}>", f"</{name}>") for name in _NAMES),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
)
_LONGEST = max(len(opening) for opening, _ in _TAGS)
_FINAL = re.compile(r"<\|channel\|>\s*final\s*(?:<\|[a-z_]+\|>[^<]*)?<\|message\|>", re.IGNORECASE)
_CONTROL = re.compile(
    r"<\|start\|>\s*assistant|<\|channel\|>\s*\w+|<\|(?:end|message|return|constrain|im_start|im_end)\|>"
)
_MARKS = ("<", "◁", "[THINK]", "assistantfinal")
# The channels of gpt-oss, from a server that drops control tokens but not the words between them.
_CHANNELS = re.compile(r"\s*analysis(.*?)assistantfinal(.*)", re.DOTALL)
# Granite puts its answer between these.
_RESPONSE = re.compile(r"<response>\s*(.*?)\s*(?:</response>\s*)?", re.DOTALL)
# What ends a turn in the templates of ChatML, Llama, Mistral, Phi, Gemma, DeepSeek and others.
_END_TOKENS = re.compile(
    r"\s*(?:<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|return|user|assistant)\|>|</s>|<eos>"
    r"|<end_of_turn>|<｜end▁of▁sentence｜>)+\s*\Z"
)
# A closing tag alone counts only where a template puts it: at the end of a line.
_CLOSING = re.compile("|".join(rf"{re.escape(closing)}[ \t]*(?=\n|\Z)" for _, closing in _TAGS))


class Parted(NamedTuple):
    thinking: str
    answer: str


def part_thinking(text: str) -> Parted:
    """`text` as its reasoning and its answer; reasoning that never ends leaves no answer."""
    if not any(mark in text for mark in _MARKS):
        return Parted("", text)
    if channels := _CHANNELS.fullmatch(text):
        return Parted(channels.group(1).strip(), channels.group(2).strip())
    if final := _FINAL.search(text):
        return Parted(
            _CONTROL.sub("", text[: final.start()]).strip(), _until_control(text[final.end() :])
        )
    thoughts: list[str] = []
    rest = text
    while (pair := _opening_of(rest)) is not None:
        opening, closing = pair
        thought, _, rest = rest.lstrip().removeprefix(opening).partition(closing)
        thoughts.append(thought.strip())
    if not thoughts and (closings := list(_CLOSING.finditer(rest))):
        before = rest[: closings[-1].start()]
        if not any(opening in before for opening, _ in _TAGS):  # or the text is about such tags
            thoughts.append(before.strip())
            rest = rest[closings[-1].end() :]
    if not thoughts:
        return Parted("", _END_TOKENS.sub("", text))
    answer = _END_TOKENS.sub("", rest.lstrip())
    if wrapped := _RESPONSE.fullmatch(answer):
        answer = wrapped.group(1)
    return Parted("\n\n".join(filter(None, thoughts)), answer)


def _opening_of(text: str) -> tuple[str, str] | None:
    start = text.lstrip()[:_LONGEST]
    return next((pair for pair in _TAGS if start.startswith(pair[0])), None)


def _until_control(text: str) -> str:
    return _CONTROL.split(text, maxsplit=1)[0].strip()


class AnswerFilter:
    """Passes on the pieces of a streamed answer, without the reasoning that it begins with."""

    __slots__ = ("_closing", "_had_thinking", "_held", "_is_open")

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""
        self._had_thinking = False
        self._is_open = False

    def feed(self, piece: str) -> str:
        """The part of the answer that is certain now."""
        if self._is_open:
            return piece
        self._held += piece
        while True:
            if self._closing:
                _, found, rest = self._held.partition(self._closing)
                if not found:
                    self._held = self._held[-len(self._closing) :]
                    return ""
                self._held, self._closing = rest, ""
            start = self._held.lstrip()
            pair = _opening_of(start)
            if pair is None:
                break
            self._held, self._closing = start.removeprefix(pair[0]), pair[1]
            self._had_thinking = True
        if any(opening.startswith(start) for opening, _ in _TAGS):
            return ""  # it may become a tag
        self._is_open = True
        self._held = start if self._had_thinking else self._held
        return self._close()

    def close(self) -> str:
        """What was held back, once the stream has ended."""
        return "" if self._closing else self._close()

    def _close(self) -> str:
        held, self._held = self._held, ""
        return held
