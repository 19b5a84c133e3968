"""Told: how much of a tool's result a model is told, by the size of its context.

The journal keeps the whole result, up to a limit; the event says how much of it was told, so every
process tells the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from parallel_agents.core.cutting import before_cut
from parallel_agents.core.message import ToolResult
from parallel_agents.core.tokens import tokens_in

# A result is kept up to this length: the events of a session are read again for each of its runs.
MOST_KEPT_CHARACTERS = 1_000_000
# Roughly, of English and of code.
BYTES_PER_TOKEN = 4

_USUAL_TOKENS = 10_000
_LEAST_TOKENS = 20
_SHARE_OF_WINDOW = 8
_RESULTS_OF_A_REPLY = 4
_HEAD_SHARE = 2 / 3
# What is longer by less is told whole: the mark of a cut takes room as well.
_MARK_TOKENS = 40
_MARK = re.compile(r"\n\[[0-9,]{1,15} of ([0-9][0-9,]{0,14}) characters left out here[^\n]*\]\n")


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a result is told: its beginning and its end, `characters` together.

    Attributes:
        length: the characters of the whole result.
        more: how the model can read the rest.
    """

    characters: int
    length: int
    more: str = ""

    @property
    def head(self) -> int:
        """The characters of the beginning."""
        return round(self.characters * _HEAD_SHARE)


def most_tokens(window: int | None, most: int | None, *, calls: int = 1) -> int:
    """The most tokens of each result of a reply with several calls.

    A result may fill an eighth of the model's context; if that is not known, 10,000 tokens. All
    results of a reply together may fill half of it.

    Args:
        window: the size of the model's context in tokens, or None.
        most: the most that the user allows, or None.
        calls: the number of calls in the reply.
    """
    one = _USUAL_TOKENS if window is None else window // _SHARE_OF_WINDOW
    one = one if most is None else min(one, most)
    return max(min(one, one * _RESULTS_OF_A_REPLY // max(calls, 1)), _LEAST_TOKENS)


def cut_to(content: str, tokens: int) -> Cut | None:
    """The part of a result that the model is shown; None for all of it."""
    if len(content) <= tokens:
        return None
    estimate = tokens_in(content)
    if estimate <= tokens + _MARK_TOKENS:
        return None
    return Cut(len(content) * tokens // estimate, len(content))


def told(result: ToolResult, cut: Cut | None) -> ToolResult:
    """The result as the model is told it."""
    if cut is None:
        return result
    content = shorten(result.content, cut.characters, length=cut.length, more=cut.more)
    return replace(result, content=content)


def kept(result: ToolResult) -> ToolResult:
    """The result as the journal keeps it."""
    if len(result.content) <= MOST_KEPT_CHARACTERS:
        return result
    return replace(result, content=shorten(result.content, MOST_KEPT_CHARACTERS))


def shorten(text: str, characters: int, *, length: int | None = None, more: str = "") -> str:
    r"""The beginning and the end of a text, with a mark of what is left out between them.

    Args:
        text: the text.
        characters: how many of its characters remain.
        length: the characters of the whole, of which `text` may be a part.
        more: how to read the rest.

    >>> shorten("abcdefghij", 6, more="ask for less")
    'abcd\n[4 of 10 characters left out here; ask for less]\nij'
    """
    if len(text) <= characters:
        return text
    whole = length or len(text)
    if len(text := before_cut(text)) <= characters:
        return text
    head = round(characters * _HEAD_SHARE)
    tail = characters - head
    mark = f"[{whole - characters:,} of {whole:,} characters left out here{more and f'; {more}'}]"
    return f"{text[:head]}\n{mark}\n{text[len(text) - tail :]}"


def whole_length(text: str) -> int:
    """The characters of the whole of a text that `shorten` may have cut."""
    for mark in _MARK.finditer(text):
        if mark.start() == round((len(text) - len(mark[0])) * _HEAD_SHARE):
            return int(mark[1].replace(",", ""))
    return len(text)
