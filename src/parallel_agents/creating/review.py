"""Review: what a reviewer of a draft reads, and the score of what it answers, without quotes that are made up."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.gate import MAX_SCORE
from parallel_agents.core.passages import UsedPassages, is_passage
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject

_LEAST_SUPPORTED = 0.5
_LEAST_QUOTED = 4
_MOST_CRITIQUE = 4000
_NONE = "it gave no review"


class Review(NamedTuple):
    """What a reviewer found.

    Attributes:
        score: the mean over the criteria that have evidence of their own; None if most have none.
        critique: what to change.
        why: why there is no score.
    """

    score: float | None
    critique: str = ""
    why: str = ""


def read_review(result: Result, shown: Sequence[str]) -> Review:
    """A reviewer's answer, with the quotes looked up in the texts that it was shown.

    A criterion raises the score only if its evidence is there, says something, and is not that of an
    earlier one. If most are not, there is no score.
    """
    if not result.is_done:
        error = result.error
        return Review(None, why=f"{error.code} {error.message}" if error else _NONE)
    return read_output(result.output_json, shown)


def read_output(output: Json, shown: Sequence[str]) -> Review:
    """The answer of a reviewer that is done, as `read_review` reads it."""
    if not isinstance(output, Mapping):
        return Review(None, why=_NONE)
    critique = head(str(output.get("critique") or ""), _MOST_CRITIQUE)
    items = _objects(output.get("criteria"))
    supported, others = _by_support(items, [_Text.of(text) for text in shown])
    scores = [score for each in supported if (score := _score(each.get("score"))) is not None]
    if not scores or len(scores) < _LEAST_SUPPORTED * len(items):
        told = (
            f"{len(others)} of its {len(items)} quotes are not in what it read, are too short, or "
            "were used for an earlier criterion"
        )
        return Review(None, critique, told if items else "it scored no criterion")
    mean = statistics.fmean(scores)
    # A low score needs no proof: without it, a made-up quote would raise the mean.
    lower = [s for each in others if (s := _score(each.get("score"))) is not None and s < mean]
    return Review(round(statistics.fmean([*scores, *lower]), 2), critique)


class _Text(NamedTuple):
    """A text that was shown, as quotes are compared, and its lines."""

    whole: str
    lines: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Text:
        return cls(_squeezed(text), frozenset(map(_squeezed, text.splitlines())))

    def has(self, quote: str) -> bool:
        return quote in self.lines or is_passage(quote, self.whole)


def _by_support(
    items: Sequence[JsonObject], texts: Sequence[_Text]
) -> tuple[list[JsonObject], list[JsonObject]]:
    """The criteria whose quotes are there and are their own, and the others."""
    used = UsedPassages()
    names: set[str] = set()
    supported: list[JsonObject] = []
    others: list[JsonObject] = []
    for each in items:
        name = str(each.get("name"))
        quotes = _quotes(each.get("evidence"))
        is_there = bool(quotes) and all(any(text.has(q) for text in texts) for q in quotes)
        is_own = name not in names and not all(map(used.has, quotes))
        (supported if is_there and is_own else others).append(each)
        if is_there and is_own:
            names.add(name)
            for quote in quotes:
                used.add(quote)
    return supported, others


def _objects(value: Json) -> list[JsonObject]:
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [each for each in listed if isinstance(each, Mapping)]


def _quotes(evidence: Json) -> list[str]:
    """The parts of the evidence that are quotes."""
    if not isinstance(evidence, str):
        return []
    parts = [_squeezed(part) for part in evidence.replace("…", "...").split("...")]
    return [part for part in parts if len(part) >= _LEAST_QUOTED]


def _squeezed(text: str) -> str:
    """A text as quotes are compared: without quotation marks, case and line ends."""
    return " ".join(text.lower().translate(_QUOTES).split()).strip(" .,;:")


_QUOTES = str.maketrans(dict.fromkeys("\"'`\u201c\u201d\u2018\u2019\xab\xbb", None))


def _score(value: Json) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= MAX_SCORE else None
