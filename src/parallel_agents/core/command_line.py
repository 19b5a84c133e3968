"""Command line: the programs that a shell's command starts, as far as its text says so.

It reads a part of the POSIX shell's grammar (IEEE Std 1003.1, section 2.10): simple commands, joined
by `;`, `&`, `|`, `&&`, `||` and newlines. Of anything else it says that it cannot tell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import TypeAlias

Words: TypeAlias = tuple[str, ...]

_JOINTS = frozenset({";", "&", "|", "&&", "||", "|&", ";;"})
# What runs further programs, or reads and writes files, where no word of the command shows it.
_OPAQUE = re.compile(r"[`$(){}<>!#~\\]|\n\s*\n")
_TO_NOWHERE = re.compile(
    r"(?:\s|(?<=\s)[12&])?>{1,2}\s*/dev/null(?=[\s;&|]|$)|(?<=\s)2>&1(?=[\s;&|]|$)"
)
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for"}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
# Programs that start the program that their arguments name.
_STARTERS = frozenset(
    [
        "builtin",
        "busybox",
        "chroot",
        "command",
        "doas",
        "env",
        "exec",
        "ionice",
        "nice",
        "nohup",
        "setsid",
        "stdbuf",
        "sudo",
        "time",
        "timeout",
        "unshare",
        "xargs",
    ]
)


def simple_commands(text: str) -> Sequence[Words] | None:
    """The simple commands of a command line, in order; None if its text does not tell them.

    It does not where the shell substitutes, redirects, groups, or where a word is a keyword.
    """
    text = _TO_NOWHERE.sub(" ", text)
    if _is_opaque(text):
        return None
    found: list[Words] = []
    words: list[str] = []
    try:
        for token in _tokens(text):
            if token in _JOINTS:
                found.append(tuple(words))
                words = []
            else:
                words.append(token)
    except ValueError:  # a quotation that does not end
        return None
    found.append(tuple(words))
    commands = [command for command in found if command]
    if any(command[0] in _KEYWORDS or _ASSIGNMENT.match(command[0]) for command in commands):
        return None
    return commands


def started_commands(text: str) -> Sequence[Words]:
    """Every command that a command line seems to start, also behind `env`, `sh -c` and the like.

    It is for refusing: it finds too much rather than too little, and does not find all.
    """
    commands = simple_commands(text)
    if commands is None:
        commands = [tuple(part.split()) for part in re.split(r"[;&|\n`(){}]|\$\(", text)]
    return [found for command in commands for found in _behind(command)]


def _is_opaque(text: str) -> bool:
    """Whether a character outside of single quotes could mean more than itself."""
    outside = re.sub(r"'[^']*'", "", text)
    unquoted = re.sub(
        r'"[^"]*"', lambda quoted: "$" if re.search(r"[$`\\!]", quoted[0]) else "", outside
    )
    return _OPAQUE.search(unquoted) is not None or any(mark in text for mark in "\0\r")


def _tokens(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n")):
        if number:
            yield ";"
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        lexer.commenters = ""
        yield from lexer


def _behind(command: Words) -> Iterator[Words]:
    """A command, and those that it starts by its arguments."""
    words = command
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in _KEYWORDS):
        words = words[1:]
    if not words:
        return
    yield (_program(words[0]), *words[1:])
    if _program(words[0]) in _SHELLS:
        for script in words[2:3] if len(words) > 1 and words[1].startswith("-") else ():
            yield from started_commands(script)
    elif _program(words[0]) in _STARTERS:
        for start in range(1, len(words)):
            yield (_program(words[start]), *words[start + 1 :])


def _program(word: str) -> str:
    return word.rpartition("/")[2] or word
