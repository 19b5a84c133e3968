"""Items that gates accept are done, whatever they say of the others."""

from __future__ import annotations

import orjson

from parallel_agents.core.batch_items import NO_ITEMS, judged_items, verdict_of, whole_answer
from parallel_agents.core.gate import Verdict
from parallel_agents.core.run import AcceptedItem

ANSWER = {"1": "one", "2": "two", "3": "three"}


def verdict(gate: str, critiques: dict[str, str], score: float | None = None) -> Verdict:
    """What a gate says of items; an empty critique accepts one."""
    return verdict_of(
        {
            number: Verdict(gate=gate, is_accepted=not critique, critique=critique, score=score)
            for number, critique in critiques.items()
        }
    )


def test_items_are_rejected_by_the_first_gate_that_rejects_them() -> None:
    verdicts = [
        verdict("short", {"1": "", "2": "too long", "3": ""}),
        verdict("judge", {"1": "", "3": "dull"}, score=9.0),
    ]

    judged = judged_items(ANSWER, verdicts)

    assert judged.accepted == {"1": AcceptedItem("one", 9.0)}
    assert judged.rejected == {"2": "too long", "3": "dull"}
    assert judged.rejected_text == '{"2":"two","3":"three"}'


def test_a_gate_that_rejects_the_answer_as_a_whole_accepts_no_item() -> None:
    whole = Verdict(gate="whole", is_accepted=False, critique="no")

    assert judged_items(ANSWER, [verdict("short", {"1": "", "2": ""}), whole]) == NO_ITEMS


def test_the_whole_answer_has_all_items_in_their_order() -> None:
    before = {"10": AcceptedItem("ten"), "1": AcceptedItem("one", 8.0)}

    whole = whole_answer(before, {"9": "nine"})

    assert orjson.dumps(whole) == b'{"1":"one","9":"nine","10":"ten"}'
