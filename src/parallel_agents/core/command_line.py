"""Command line: the programs that a shell's command starts, as far as its text says so.

It reads a part of the POSIX shell's grammar (IEEE Std 1003.1, sections 2.2, 2.3 and 2.10): simple
commands with quoted words, joined by `;`, `&`, `|`, `&&`, `||` and newlines. Of anything else it
says that it cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

Words: TypeAlias = tuple[str, ...]

_BLANKS = " \t"
_JOINTS = ";&|\n"
# What can mean more than itself: outside of quotes, and in double quotes.
_UNREADABLE = frozenset("\0\r")
_OPAQUE = frozenset("`$(){}<>!#~\\\v\f") | _UNREADABLE
_OPAQUE_IN_DOUBLE_QUOTES = frozenset("`$\\!")
_TO_NOWHERE = re.compile(r"(?:[12]?>>?[ \t]*/dev/null|2>&1|1?>&2)(?=[\s;&|]|$)")
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for"}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_SHELLS = frozenset({"sh", "bash", "rbash", "dash", "zsh", "ksh", "ash", "fish"})
# Programs that start the program, or read the command line, that their arguments name.
_STARTERS = frozenset(
    [
        ".",
        "builtin",
        "busybox",
        "chroot",
        "command",
        "coproc",
        "doas",
        "env",
        "eval",
        "exec",
        "flock",
        "ionice",
        "nice",
        "nohup",
        "nsenter",
        "parallel",
        "runuser",
        "script",
        "setsid",
        "source",
        "stdbuf",
        "strace",
        "su",
        "sudo",
        "time",
        "timeout",
        "trap",
        "unshare",
        "watch",
        "xargs",
    ]
)
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_QUOTES = str.maketrans("", "", "'\"\\")
_BACKTICKS = re.compile(r"`([^`]*)`")
# A program's name that braces spell, such as `cur{l,}`.
_SPELT = re.compile(r"(?:^|[;&|\n(`])\s*[^\s{;&|]*\{[^{}\s]*(?:,|\.\.)")
_PARTS = re.compile(r"[;&|\n`(){}<>!]")
_MOST_CHARACTERS = 64_000


class Started(NamedTuple):
    """A command that a line may start: its program and arguments begin at one of some words."""

    words: Words
    at: int

    @property
    def program(self) -> str:
        """The program's name without its folder."""
        return self.words[self.at].rpartition("/")[2] or self.words[self.at]

    @property
    def arguments(self) -> Words:
        return self.words[self.at + 1 :]


def simple_commands(text: str) -> Sequence[Words] | None:
    """The simple commands of a command line, in order; None if its text does not tell them.

    It does not where the shell substitutes, redirects, groups, or where a word is a keyword.
    """
    reader = _Reader()
    try:
        reader.read(text)
    except _NotTold:
        return None
    if any(x[0] in _KEYWORDS or _ASSIGNMENT.match(x[0]) for x in reader.commands):
        return None
    return reader.commands


def started_commands(text: str) -> Sequence[Started] | None:
    """Every command that a line seems to start, even behind `env`, `sh -c` and the like.

    It is for refusing: it finds too much rather than too little, and still not all, since programs
    such as `python` can start anything. None if the line may start any program at all: `$name`
    stands where a program does, a shell reads its commands from its input, or the line is long.
    """
    if len(text) > _MOST_CHARACTERS:
        return None
    try:
        return list(_started(text))
    except _NotTold:
        return None


class _NotTold(Exception):
    """A text does not tell what it starts."""


class _Reader:
    """Reads a command line character by character, as far as each means just itself."""

    def __init__(self) -> None:
        self.commands: list[Words] = []
        self._words: list[str] = []
        self._word: list[str] | None = None

    def read(self, text: str) -> None:
        """Read a whole line.

        Raises:
            _NotTold: a character could mean more than itself, or a quotation does not end.
        """
        at = 0
        while at < len(text):
            at = self._read_one(text, at)
        self._end_command()

    def _read_one(self, text: str, at: int) -> int:
        """Read what begins at a place; gives the place after it."""
        character = text[at]
        if nowhere := _TO_NOWHERE.match(text, at):
            if self._may_redirect(character):
                self._end_word()
                return nowhere.end()
            if character in "12":
                self._add(character)
                return at + 1
        if character in "'\"":
            return self._read_quotation(text, at)
        if character in _OPAQUE:
            raise _NotTold
        if character in _BLANKS:
            self._end_word()
        elif character in _JOINTS:
            self._end_command()
        else:
            self._add(character)
        return at + 1

    def _may_redirect(self, first: str) -> bool:
        """Whether a redirection that begins with this character is not part of a word's text."""
        return self._word is None or (first == ">" and not "".join(self._word).isdigit())

    def _read_quotation(self, text: str, at: int) -> int:
        end = text.find(text[at], at + 1)
        quoted = text[at + 1 : end]
        if end < 0 or (text[at] == '"' and not _OPAQUE_IN_DOUBLE_QUOTES.isdisjoint(quoted)):
            raise _NotTold
        if not _UNREADABLE.isdisjoint(quoted):
            raise _NotTold
        self._add(quoted)
        return end + 1

    def _add(self, characters: str) -> None:
        if self._word is None:
            self._word = []
        self._word.append(characters)

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append("".join(self._word))
            self._word = None

    def _end_command(self) -> None:
        self._end_word()
        if self._words:
            self.commands.append(tuple(self._words))
            self._words = []


def _started(text: str) -> Iterator[Started]:
    commands = simple_commands(text)
    if commands is not None:
        for words in commands:
            yield from _behind(words)
        return
    if _SPELT.search(text):
        raise _NotTold
    joined = text.replace("\\\n", "")
    plain = _BACKTICKS.sub(r"$(\1)", joined).translate(_QUOTES)
    for part in _PARTS.split(plain):
        words = tuple(part.split())
        yield from _behind(words)
        yield from (Started(words, at) for at in range(1, len(words)))


def _behind(words: Words) -> Iterator[Started]:
    """A command, and those that it starts by its arguments."""
    first = next((at for at, word in enumerate(words) if not _comes_before(word)), None)
    if first is None:
        return
    command = Started(words, first)
    if "$" in words[first] or _starts_unknown(command):
        raise _NotTold
    yield command
    for at in range(first + 1, len(words)):
        if command.program in _STARTERS or command.program in _SHELLS:
            yield Started(words, at)
            for script in {words[at], words[at].partition("=")[2]}:
                if len(_PARTS.sub(" ", script).split()) > 1:
                    yield from _started(script)
        elif command.program == "find" and words[at - 1] in _FIND_RUNS:
            yield from _behind(words[at:])


def _starts_unknown(command: Started) -> bool:
    """Whether a command starts what its words do not name."""
    if command.program in _SHELLS:
        given = command.arguments
        return all(word.startswith("-") for word in given) or any("$" in word for word in given)
    if command.program in _STARTERS:
        named = (x for x in command.arguments if x[:1] not in "-0123456789" and "=" not in x)
        return "$" in next(named, "")
    return False


def _comes_before(word: str) -> bool:
    """Whether a word can stand before a program's name."""
    return word in _KEYWORDS or _ASSIGNMENT.match(word) is not None
