"""Launch: the two lines that this process and its server child exchange at the start."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TextIO, TypeAlias

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The first line of the child's stdin, which hides the key: other users can list arguments.

    Attributes:
        context_tokens: the limit on prompt plus answer in each slot.
        repack: whether to rearrange the weights, which is faster but takes more memory.
    """

    file: str
    alias: str
    key: str = field(repr=False)
    slots: int
    threads: int
    context_tokens: int
    repack: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The only line of the child's stdout: it serves the OpenAI-compatible API at `base_url`."""

    base_url: str
    load_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReady:
    """The line of a child that cannot serve; `missing` names a package that is not installed."""

    error: str
    missing: str = ""


Answer: TypeAlias = Ready | NotReady
LAUNCH: TypeAdapter[Launch] = TypeAdapter(Launch)
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def take_stdout() -> TextIO:
    """Take over stdout, and redirect to stderr what libraries print there."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def report(answers: TextIO, answer: Answer) -> None:
    """Write the only line of stdout, and close it."""
    with answers:
        answers.write(ANSWER.dump_json(answer).decode() + "\n")
