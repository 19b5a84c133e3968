"""JSON reading: where in a text each value is, also in JSON5, so that one value can be changed in place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

from parallel_agents.core.json_value import Json

_MOST_LEVELS = 200
_SHOWN = 20
_GAP = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.DOTALL)
_WORD = re.compile(r"[^\s,:\[\]{}\"'/]+")
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]*")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|Infinity|NaN)"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|.))", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}


class JsonMistake(ValueError):
    """A text is not JSON5.

    Attributes:
        at: the character where it is not.
    """

    def __init__(self, why: str, text: str, at: int) -> None:
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__(f"line {line}, column {column}: {why}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number or word; a number that only JSON5 can write is its own text."""

    start: int
    end: int
    value: Json


@dataclass(frozen=True, slots=True)
class Array:
    """Values in brackets."""

    start: int
    end: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A name with its value, and where the comma after it is, if there is one."""

    name: str
    start: int
    value: Node
    comma: int | None


@dataclass(frozen=True, slots=True)
class Object:
    """Members in braces."""

    start: int
    end: int
    members: tuple[Member, ...]

    def named(self, name: str) -> tuple[Member, ...]:
        """The members of that name: more than one is a mistake of whoever wrote it."""
        return tuple(member for member in self.members if member.name == name)


Node: TypeAlias = Scalar | Array | Object


def read(text: str) -> Node:
    """The one value of a text.

    Raises:
        JsonMistake: the text is not JSON5, or too deep.
    """
    reader = _Reader(text)
    value = reader.value(reader.after_gap(0), _MOST_LEVELS)
    rest = reader.after_gap(value.end)
    if rest < len(text):
        raise reader.mistake("more follows the value", rest)
    return value


def plain(node: Node) -> Json:
    """A value without its places; of members with one name the last counts, as in every reader."""
    match node:
        case Scalar():
            return node.value
        case Array():
            return [plain(item) for item in node.items]
        case Object():
            return {member.name: plain(member.value) for member in node.members}


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def mistake(self, why: str, at: int) -> JsonMistake:
        return JsonMistake(why, self._text, at)

    def after_gap(self, at: int) -> int:
        match = _GAP.match(self._text, at)
        return match.end() if match else at

    def value(self, at: int, levels: int) -> Node:
        if not levels:
            raise self.mistake(f"there are more than {_MOST_LEVELS} levels", at)
        match self._text[at : at + 1]:
            case "{":
                return self._object(at, levels)
            case "[":
                return self._array(at, levels)
            case '"' | "'":
                return self._string(at)
            case _:
                return self._word(at)

    def _object(self, start: int, levels: int) -> Object:
        members: list[Member] = []
        at = self.after_gap(start + 1)
        while self._text[at : at + 1] != "}":
            begin = at
            name = self._name(at)
            at = self.after_gap(name.end)
            if self._text[at : at + 1] != ":":
                raise self.mistake("a `:` is missing here", at)
            value = self.value(self.after_gap(at + 1), levels - 1)
            at, comma = self._after_value(value.end, "}")
            members.append(Member(str(name.value), begin, value, comma))
        return Object(start, at + 1, tuple(members))

    def _array(self, start: int, levels: int) -> Array:
        items: list[Node] = []
        at = self.after_gap(start + 1)
        while self._text[at : at + 1] != "]":
            items.append(self.value(at, levels - 1))
            at, _ = self._after_value(items[-1].end, "]")
        return Array(start, at + 1, tuple(items))

    def _after_value(self, end: int, close: str) -> tuple[int, int | None]:
        at = self.after_gap(end)
        if self._text[at : at + 1] == ",":
            return self.after_gap(at + 1), at
        if self._text[at : at + 1] != close:
            raise self.mistake(f"a `,` or `{close}` is missing here", at)
        return at, None

    def _name(self, at: int) -> Scalar:
        if self._text[at : at + 1] in ('"', "'"):
            return self._string(at)
        match = _NAME.match(self._text, at)
        if match is None:
            raise self.mistake("a name or `}` is missing here", at)
        return Scalar(at, match.end(), match.group())

    def _string(self, at: int) -> Scalar:
        match = _STRING.match(self._text, at)
        if match is None:
            raise self.mistake("this string does not end", at)
        return Scalar(at, match.end(), _unescaped(match.group()))

    def _word(self, at: int) -> Scalar:
        match = _WORD.match(self._text, at)
        if match is None:
            raise self.mistake("a value is missing here", at)
        word = match.group()
        if word in _WORDS:
            return Scalar(at, match.end(), _WORDS[word])
        if not _NUMBER.fullmatch(word):
            raise self.mistake(f"{word[:_SHOWN]} is not a value", at)
        return Scalar(at, match.end(), _number(word))


def _number(word: str) -> Json:
    try:
        value: int | float = json.loads(word)
    except ValueError:
        return word
    return word if value != value else value


def _unescaped(token: str) -> str:
    text = _ESCAPE.sub(_escape, token[1:-1])
    # Two escapes may be the halves of one character.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _escape(match: re.Match[str]) -> str:
    digits = match.group(1) or match.group(2)
    if digits:
        return chr(int(digits, 16))
    letter = match.group(3)
    return "" if letter in ("\n", "\r\n") else _ESCAPES.get(letter, letter)
