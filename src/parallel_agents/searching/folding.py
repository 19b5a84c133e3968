"""Folding: the words of a text, in the one form in which they are indexed and looked for.

Case, accents and full widths make no difference. A character of a script without blanks between its
words is a word of its own, so that each part of a Chinese or Japanese sentence can be found as a
phrase; so is a symbol such as an emoji. Characters that nobody sees do not split a word.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate

# Which characters are what depends on the version of Unicode that Python knows.
FORM = f"1/{unicodedata.unidata_version}"
_BLANK = " "
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)
_SKIN = re.compile("[\U0001f3fb-\U0001f3ff]")
_WITHOUT_BLANKS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00016fe0-\U00018cff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


class _Folded(dict[int, str]):
    """What stands for each character, found when it is needed first."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _folded(chr(code))
        return folded


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or _MARKS.fullmatch(character):
        return ""
    if category == "So" or _SKIN.fullmatch(character):
        return f" {character} "
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", character.casefold()))
    kept = unicodedata.normalize("NFC", bare)
    parts = [_part(each) for each in kept]
    return "".join(parts) or _BLANK


def _part(character: str) -> str:
    if _WITHOUT_BLANKS.fullmatch(character):
        return f" {character} "
    if character.isalnum() or unicodedata.category(character).startswith("M"):
        return character
    return _BLANK


_TABLE = _Folded()


def fold(text: str) -> str:
    """The words of a text with blanks between them."""
    return text.translate(_TABLE)


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return fold(text).split()


class Places:
    """Where the characters of a folded text come from."""

    def __init__(self, text: str) -> None:
        self._ends = list(accumulate(len(_TABLE[ord(character)]) for character in text))

    def of(self, place: int) -> int:
        """The place in the text of a character of its folded form."""
        return bisect_right(self._ends, place)
