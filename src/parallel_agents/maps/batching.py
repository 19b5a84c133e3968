"""Batching: rows that are asked in one call, and the task that they make together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

import orjson

from parallel_agents.core.batch import Item, batch_of
from parallel_agents.core.limits import DAY_SECONDS
from parallel_agents.core.task import AnyTask
from parallel_agents.core.task_names import MAX_LABEL_CHARACTERS
from parallel_agents.core.tokens import tokens_in
from parallel_agents.maps.filling import Filled

BATCH = "batch/"
# About 30,000 tokens, which most models can read; a row that is larger has a call of its own.
MOST_CHARACTERS = 120_000
_DIGEST_CHARACTERS = 20
_ANSWER_TOKENS = 64
_MOST_SECONDS = 30 * DAY_SECONDS


class Asked(Protocol):
    """A row that is to be asked."""

    @property
    def filled(self) -> Filled:
        """The row with its task."""
        ...

    @property
    def most(self) -> int:
        """The most rows of a batch that it may be in."""
        ...


A = TypeVar("A", bound=Asked)


class Grouping(Generic[A]):
    """Puts rows into batches, in their order.

    Args:
        size: the most rows of a batch.
        most_tokens: what its rows and their answers may have; None if nobody knows.
    """

    def __init__(self, size: int, most_tokens: int | None = None) -> None:
        self._size = size
        self._most_tokens = most_tokens
        self._open: list[A] = []
        self._characters = 0
        self._tokens = 0

    def add(self, asked: A) -> Iterator[list[A]]:
        """Add a row; gives the batches that are complete."""
        text = _text(asked.filled.task)
        tokens = 0 if self._most_tokens is None else tokens_with_answer(text)
        most = min(self._size, asked.most, *(each.most for each in self._open))
        is_full = (
            len(self._open) >= most
            or self._characters + len(text) > MOST_CHARACTERS
            or (self._most_tokens is not None and self._tokens + tokens > self._most_tokens)
        )
        if self._open and is_full:
            yield self.rest()
        self._open.append(asked)
        self._characters += len(text)
        self._tokens += tokens
        if len(self._open) >= min(self._size, asked.most):
            yield self.rest()

    def rest(self) -> list[A]:
        """The rows of the batch that is not complete, which may be none."""
        rest, self._open, self._characters, self._tokens = self._open, [], 0, 0
        return rest


def _text(task: AnyTask) -> str:
    return f"{task.text}{orjson.dumps(task.values).decode()}"


def tokens_with_answer(text: str) -> int:
    """An estimate of the tokens of a row and of its answer, which is taken to be as long."""
    tokens = tokens_in(text)
    return tokens + max(tokens, _ANSWER_TOKENS)


def batch_key(rows: Sequence[Filled]) -> str:
    """The key of the session that has these rows."""
    digest = hashlib.sha256(orjson.dumps([each.key for each in rows])).hexdigest()
    return f"{BATCH}{digest[:_DIGEST_CHARACTERS]}"


def batch_task(rows: Sequence[Filled]) -> AnyTask:
    """The task of several rows; each has the time that it would have alone."""
    count, first = len(rows), rows[0].task
    asked = batch_of([Item(each.task.text, each.task.values) for each in rows])
    seconds = first.limits.timeout_seconds
    limits = first.limits
    if seconds is not None:
        limits = replace(limits, timeout_seconds=min(seconds * count, _MOST_SECONDS))
    return replace(
        first,
        text=asked.text,
        input=asked.input,
        key=batch_key(rows),
        label=_label([each.row.number for each in rows]),
        limits=limits,
        options=replace(first.options, batch=count),
    )


def _label(numbers: Sequence[int]) -> str:
    """What tables call a batch: the numbers of its rows, as `rows-11-20` or `rows-3,7-9`."""
    label = f"rows-{','.join(_spans(numbers))}"
    if len(label) <= MAX_LABEL_CHARACTERS:
        return label
    return f"{label[:MAX_LABEL_CHARACTERS].rpartition(',')[0]},…"


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield _span(first, last)
            first = number
        last = number
    yield _span(first, last)


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"
