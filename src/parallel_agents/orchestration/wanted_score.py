"""Wanted score: the score that a goal asks of the agents that are made for it, read by code and not by the model."""

from __future__ import annotations

import re

from parallel_agents.core.gate import MAX_SCORE
from parallel_agents.creating.created import TARGET

_NUMBER = r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?)(?![\d%]|[.,]\d)"
# What is counted is not a score: `score the 9 essays`, `9 out of 10 cases`.
_COUNTED = r"(?!\s+(?!points?\b)[a-z]+s\b)(?!\s*%)"
_AFTER_A_WORD = re.compile(
    rf"\b(?:scor|rat(?:ed|ing)|grade)[a-z]*\b[^.!?\d]{{0,40}}?{_NUMBER}{_COUNTED}", re.IGNORECASE
)
_OF_TEN = re.compile(rf"{_NUMBER}\s*(?:/|out\s+of)\s*10\b{_COUNTED}", re.IGNORECASE)


def wanted_score(goal: str) -> float:
    """The least score of an agent that is made for a goal: the highest that it names, or else the usual one.

    >>> wanted_score("Create 5 agents for a bakery, all of which score 9.2 or more")
    9.2
    """
    found = (
        float(number.replace(",", "."))
        for pattern in (_AFTER_A_WORD, _OF_TEN)
        for number in pattern.findall(goal)
    )
    return max((score for score in found if score <= MAX_SCORE), default=TARGET)
