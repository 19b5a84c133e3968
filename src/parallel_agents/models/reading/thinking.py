"""Thinking: reasoning that a server left in the answer, because it has no parser for the model.

Formats: the chat templates of DeepSeek R1 and Qwen 3 (`<think>`; templates that end in the opening tag
leave only the closing one), Magistral (`[THINK]`), Kimi (`◁think▷`), and gpt-oss
(https://cookbook.openai.com/articles/openai-harmony).

A tag counts only where a template writes it: at the very start of the reply, or a lone closing tag at
the end of a line. Anywhere else, in code, or within a sentence, the answer is about tags.
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
# The tags with which templates open the reasoning themselves, so that the reply has only the closing one.
_PROMPTED = tuple(
    pair for pair in _TAGS if pair[0] not in {"<thought>", "<thoughts>", "<reasoning>"}
)
_CLOSING = re.compile(
    "|".join(rf"{re.escape(closing)}[ \t]*+(?=\n|\Z)" for _, closing in _PROMPTED)
)
_HARMONY = ("<|channel|>", "<|start|>", "<|message|>")
_FINAL = re.compile(
    r"<\|channel\|>\s*+final\b[^<]{0,40}(?:<\|constrain\|>[^<]{0,40})?<\|message\|>", re.I
)
_CONTROL = re.compile(
    r"<\|start\|>\s*+assistant|<\|channel\|>\s*+\w++|<\|(?:end|message|return|constrain|im_start|im_end)\|>"
)
_MARKS = ("<", "◁", "[THINK]", "assistantfinal")
# What ends a turn in the templates of ChatML, Llama, Mistral, Phi, Gemma, DeepSeek and others.
_END_TOKENS = (
    *(f"<|{name}|>" for name in ("im_end", "eot_id", "eom_id", "end", "endoftext", "end_of_text")),
    *("<|return|>", "<|user|>", "<|assistant|>", "</s>", "<eos>", "<end_of_turn>"),
    "<｜end▁of▁sentence｜>",
)
# A sentence that continues behind a tag speaks about it.
_GOES_ON = re.compile(r"[ \t]+(?:[a-zà-ÿ]|&|/)|[,.;:)'\"`’”]")
_ENDS_SENTENCE = tuple(".!?:…。！？)]}`*\"'”’>|")
_FENCE = re.compile(r"^[ \t]{0,8}```", re.MULTILINE)
_LONGEST_MENTION = 8


class Parted(NamedTuple):
    thinking: str
    answer: str


def part_thinking(text: str) -> Parted:
    """`text` as its reasoning and its answer; reasoning that never ends leaves no answer."""
    if not any(mark in text for mark in _MARKS):
        return Parted("", text)
    start = text.lstrip()
    if (channels := _channels(start)) is not None:
        return channels
    thoughts: list[str] = []
    position = 0
    while (pair := _opening_of(start, position)) is not None:
        begin = position + len(pair[0])
        end = start.find(pair[1], begin)
        if _is_mention(start, begin, end, pair[1]):
            break
        stop = end if end >= 0 else len(start)
        thoughts.append(start[begin:stop].strip())
        position = _after_space(start, min(len(start), stop + len(pair[1])))
    if not thoughts:
        lone = _lone_closing(start)
        if lone is None:
            return Parted("", _without_end_tokens(text))
        thoughts.append(start[: lone.start()].strip())
        position = _after_space(start, lone.end())
    answer = _without_end_tokens(start[position:])
    return Parted("\n\n".join(filter(None, thoughts)), _unwrapped(answer))


def _channels(text: str) -> Parted | None:
    """The channels of gpt-oss, even from a server that drops control tokens but not their words."""
    if text.startswith("analysis") and text[8:9].strip():
        thinking, found, answer = text[8:].partition("assistantfinal")
        is_glued = thinking[-1:].strip() and (answer[:1].strip() or not answer)
        return Parted(thinking.strip(), answer.strip()) if found and is_glued else None
    if not text.startswith(_HARMONY):
        return None
    final = _FINAL.search(text)
    if final is None and (call := text.find(" to=")) >= 0:
        start = max(text.rfind("<|start|>", 0, call), text.rfind("<|channel|>", 0, call))
        before = text[: max(start, 0)]
        return Parted(_CONTROL.sub("", before).strip(), text[len(before) :])
    if final is None or _is_prose(text, final.end()):
        return None
    answer = _CONTROL.split(text[final.end() :], maxsplit=1)[0]
    return Parted(_CONTROL.sub("", text[: final.start()]).strip(), answer.strip())


def _opening_of(text: str, position: int = 0) -> tuple[str, str] | None:
    return next((pair for pair in _TAGS if text.startswith(pair[0], position)), None)


def _after_space(text: str, position: int) -> int:
    rest = text[position:]
    return position + len(rest) - len(rest.lstrip())


def _is_prose(text: str, position: int) -> bool:
    return _GOES_ON.match(text, position) is not None


def _is_mention(text: str, begin: int, end: int, closing: str) -> bool:
    """Whether the tag before `begin` is spoken of: its sentence continues, and no tag closes it.

    Its closing tag is spoken of as well if it stands in code, or if but a word stands between both.
    """
    if end < 0:
        return _is_prose(text, begin)
    after = end + len(closing)
    if end - begin <= _LONGEST_MENTION:
        between = text[begin:end].strip("\"'`’” \t,")
        is_word = between.isalpha() and between.islower() and text[begin] == " "
        is_dots = bool(between) and not any(sign.isalnum() for sign in between)
        if (is_word or is_dots) and _is_prose(text, after):
            return True
    return _is_prose(text, begin) and (text[end - 1] == "`" or text[after : after + 1] == "`")


def _lone_closing(text: str) -> re.Match[str] | None:
    """The closing tag of a reasoning that the template has opened; None if the text is about tags."""
    found = _CLOSING.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    if any(pair[0][:-1] in before for pair in _TAGS) or len(_FENCE.findall(before)) % 2:
        return None
    after = text[found.end() : found.end() + 200]
    is_parted = not after.strip() or after.startswith(("\n\n", "\n \n", "\n\r\n"))
    return found if is_parted or before.rstrip().endswith(_ENDS_SENTENCE) else None


def _without_end_tokens(text: str) -> str:
    """The text without the tokens that end a turn, unless a sentence or an element ends in one."""
    end = _before_space(text, len(text))
    if not text.endswith(_END_TOKENS, 0, end):
        return text
    strikes = "<s>" in text
    kept = len(text)
    while token := next((each for each in _END_TOKENS if text.endswith(each, 0, end)), ""):
        start = end - len(token)
        end = _before_space(text, start)
        is_apart = start > end > 0 and "\n" not in text[end:start]
        if (strikes and token == "</s>") or (  # noqa: S105 - of HTML
            is_apart and not text.endswith(_ENDS_SENTENCE, 0, end)
        ):
            return text[:kept]
        kept = end
    return text[:kept]


def _before_space(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end


def _unwrapped(answer: str) -> str:
    """The answer of Granite, which stands in an element."""
    if not answer.startswith("<response>"):
        return answer
    return answer.removeprefix("<response>").rstrip().removesuffix("</response>").strip()


class AnswerFilter:
    """Passes on the pieces of a streamed answer, without the reasoning that it begins with."""

    __slots__ = ("_closing", "_had_thinking", "_held", "_is_open", "_mention")

    def __init__(self) -> None:
        self._held: str = ""
        self._closing: str = ""
        self._mention: list[str] | None = None
        self._had_thinking = False
        self._is_open = False

    def feed(self, piece: str) -> str:
        """The part of the answer that is certain now."""
        if self._is_open:
            return piece
        if self._mention is not None:
            self._mention.append(piece)  # only the whole text tells
            return ""
        self._held += piece
        while True:
            start = self._held if self._closing else self._held.lstrip()
            if self._closing:
                _, found, rest = start.partition(self._closing)
                if not found:
                    self._held = start[-len(self._closing) :]
                    return ""
                self._held, self._closing = rest, ""
                continue
            pair = _opening_of(start)
            if pair is None:
                break
            if not self._begin(start, pair):
                return ""
        if any(opening.startswith(start) for opening, _ in _TAGS):
            return ""  # it may become a tag
        self._is_open = True
        self._held = start if self._had_thinking else self._held
        return self._close()

    def _begin(self, start: str, pair: tuple[str, str]) -> bool:
        """Go on behind an opening tag, once it is certain that it is not a mention."""
        begin = len(pair[0])
        end = start.find(pair[1], begin)
        if end < 0 and len(start) - begin <= _LONGEST_MENTION + len(pair[1]):
            return False
        if 0 <= end <= begin + _LONGEST_MENTION and len(start) < end + len(pair[1]) + 2:
            return False
        is_short = 0 <= end <= begin + _LONGEST_MENTION
        if _is_prose(start, begin) or (is_short and _is_mention(start, begin, end, pair[1])):
            self._mention = [self._held]
            self._held = ""
            return False
        self._held, self._closing = start[begin:], pair[1]
        self._had_thinking = True
        return True

    def close(self) -> str:
        """What was held back, once the stream has ended."""
        if self._mention is not None:
            return part_thinking("".join(self._mention)).answer
        if self._closing:
            return ""
        if _opening_of(self._held.lstrip()) is not None:
            return part_thinking(self._held).answer
        return self._close()

    def _close(self) -> str:
        held, self._held = self._held, ""
        return held
