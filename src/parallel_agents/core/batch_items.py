"""Batch items: what gates say of each answer of a batch, and which items are done although others are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from parallel_agents.core.gate import Verdict
from parallel_agents.core.run import AcceptedItem
from parallel_agents.core.schema import Json


@dataclass(frozen=True, slots=True)
class JudgedItems:
    """The items of an attempt's answer after its gates.

    Attributes:
        accepted: those that no gate has rejected, by number.
        rejected: why the others were, by number.
        rejected_text: the rejected answers, as the next attempt is shown them.
    """

    accepted: Mapping[str, AcceptedItem] = field(default_factory=dict[str, AcceptedItem])
    rejected: Mapping[str, str] = field(default_factory=dict[str, str])
    rejected_text: str = ""


NO_ITEMS = JudgedItems()


def verdict_of(verdicts: Mapping[str, Verdict]) -> Verdict:
    """The verdicts of a gate on each item of an answer as one; the critique names the items."""
    first = next(iter(verdicts.values()))
    refused = {n: verdict for n, verdict in verdicts.items() if not verdict.is_accepted}
    scores = {n: v.score for n, v in verdicts.items() if v.score is not None}
    return Verdict(
        gate=first.gate,
        is_accepted=not refused,
        critique="\n".join(f"Item {n}: {v.critique}" for n, v in refused.items()),
        score=min(scores.values()) if scores else None,
        notice=next((v.notice for v in verdicts.values() if v.notice), ""),
        scores=scores,
        rejected_items={n: verdict.critique for n, verdict in refused.items()},
    )


def judged_items(output: Json, verdicts: Sequence[Verdict]) -> JudgedItems:
    """What the verdicts on an answer say of its items; nothing if one rejects it as a whole."""
    rejected: dict[str, str] = {}
    scores: dict[str, float] = {}
    for verdict in verdicts:
        if not verdict.is_accepted and not verdict.rejected_items:
            return NO_ITEMS
        rejected |= verdict.rejected_items
        scores |= verdict.scores
    if not isinstance(output, Mapping):
        return NO_ITEMS
    left = {number: answer for number, answer in output.items() if number in rejected}
    return JudgedItems(
        {n: AcceptedItem(a, scores.get(n)) for n, a in output.items() if n not in rejected},
        rejected,
        orjson.dumps(left).decode() if left else "",
    )


def whole_answer(accepted: Mapping[str, AcceptedItem], output: Json) -> Json:
    """An answer to the last items of a batch, with those to the items that were done before."""
    if not accepted or not isinstance(output, Mapping):
        return output
    both = {**{number: item.output for number, item in accepted.items()}, **output}
    return {number: both[number] for number in sorted(both, key=int)}
