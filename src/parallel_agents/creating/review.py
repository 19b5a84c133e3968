"""Review: what a reviewer of a draft reads, and the score of what it answers, without quotes that are made up."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.gate import MAX_SCORE
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject

_LEAST_SUPPORTED = 0.5
_LEAST_QUOTED = 4
_MOST_CRITIQUE = 4000
_NONE = "it gave no review"


class Review(NamedTuple):
    """What a reviewer found.

    Attributes:
        score: the mean over the criteria whose evidence is in the draft; None if it has none.
        critique: what to change.
        why: why there is no score.
    """

    score: float | None
    critique: str = ""
    why: str = ""


def read_review(result: Result, shown: Sequence[str]) -> Review:
    """A reviewer's answer, with the quotes looked up in the texts that it was shown.

    A criterion counts only if its evidence is there. If most are not, there is no score.
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
    texts = [_squeezed(text) for text in shown]
    supported = [each for each in items if _is_quoted(each.get("evidence"), texts)]
    scores = [score for each in supported if (score := _score(each.get("score"))) is not None]
    if not scores or len(scores) < _LEAST_SUPPORTED * len(items):
        told = f"{len(items) - len(supported)} of its {len(items)} quotes are not in what it read"
        return Review(None, critique, told if items else "it scored no criterion")
    return Review(round(statistics.fmean(scores), 2), critique)


def _objects(value: Json) -> list[JsonObject]:
    listed = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [each for each in listed if isinstance(each, Mapping)]


def _is_quoted(evidence: Json, texts: Sequence[str]) -> bool:
    if not isinstance(evidence, str):
        return False
    parts = [_squeezed(part) for part in evidence.replace("…", "...").split("...")]
    parts = [part for part in parts if len(part) >= _LEAST_QUOTED]
    return bool(parts) and all(any(part in text for text in texts) for part in parts)


def _squeezed(text: str) -> str:
    """A text as quotes are compared: without quotation marks, case and line ends."""
    return " ".join(text.lower().translate(_QUOTES).split()).strip(" .,;:")


_QUOTES = str.maketrans(dict.fromkeys("\"'`\u201c\u201d\u2018\u2019\xab\xbb", None))


def _score(value: Json) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= MAX_SCORE else None
