"""A call of an earlier attempt is found by what it was, as often as it was made."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.ids import RunId
from parallel_agents.core.kept import (
    ANSWER_NOW,
    NOT_AGAIN,
    UNKNOWN_BEFORE,
    Kept,
    KeptCall,
    KeptReport,
    KeptWork,
    tell,
)
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import Effect


def pay(usd: int, call_id: str = "now") -> ToolCall:
    return ToolCall(call_id, "pay", {"usd": usd, "to": "tea"})


def kept(
    usd: int,
    said: str = "paid",
    *,
    effect: Effect = Effect.ONCE,
    is_error: bool = False,
    is_unknown: bool = False,
) -> KeptCall:
    arguments: JsonObject = {"to": "tea", "usd": usd}
    call = ToolCall("before", "pay", arguments)
    result = ToolResult("before", "pay", said, is_error=is_error)
    return KeptCall(call, effect, result, "turn-1/call/1", is_unknown)


def test_a_call_repeats_one_of_the_same_name_and_arguments_in_any_order() -> None:
    work = KeptWork([kept(3), kept(4, "paid four")])

    found = work.repeated([pay(4)], 1)

    assert found is not None
    assert found.answer(pay(4)) == ToolResult("now", "pay", f"{NOT_AGAIN}\npaid four")
    assert work.repeated([pay(5)], 1) is None


def test_of_equal_calls_as_many_stand_as_were_made() -> None:
    work = KeptWork([kept(3, "first"), kept(3, "second")])
    asked = [pay(3), pay(3), pay(3)]

    found = [work.repeated(asked, number) for number in (1, 2, 3)]

    assert [each and each.result.content for each in found] == ["first", "second", None]


def test_equal_calls_of_earlier_turns_count() -> None:
    work = KeptWork([kept(3, "first"), kept(3, "second")])
    work.count([pay(3)])

    found = work.repeated([pay(3)], 1)

    assert found is not None
    assert found.result.content == "second"


def test_a_call_that_failed_is_made_again_and_one_with_an_unknown_outcome_is_not() -> None:
    failed = KeptWork([kept(3, "no money", is_error=True), kept(3, "paid at last")])
    unknown = KeptWork([kept(3, "no answer", is_error=True, is_unknown=True)])

    found = failed.repeated([pay(3)], 1)
    never = unknown.repeated([pay(3)], 1)

    assert found is not None
    assert found.result.content == "paid at last"
    assert never is not None
    assert never.answer(pay(3)).content == UNKNOWN_BEFORE
    assert never.answer(pay(3)).is_error


def test_an_idempotent_call_keeps_its_name_and_is_made_again() -> None:
    work = KeptWork([kept(3, effect=Effect.IDEMPOTENT)])

    found = work.repeated([pay(3)], 1)

    assert found is not None
    assert not found.stands
    assert found.name == "turn-1/call/1"


def test_what_repeats_a_wait_and_reports_other_runs_leaves_the_earlier_report() -> None:
    wait = replace(kept(3, "the child's text"), runs=(RunId("child"),))
    again = replace(kept(3, "a reply of the child"), runs=(RunId("reply"),))
    work = KeptWork([wait])

    work.add(again, repeats=wait.name)
    work.begin_attempt()

    assert work.earlier == [wait, again]


def test_what_repeats_an_earlier_call_takes_its_place() -> None:
    again = kept(3, "newer", effect=Effect.IDEMPOTENT)
    work = KeptWork([kept(3, "older", effect=Effect.IDEMPOTENT)])

    work.add(again, repeats="turn-1/call/1")
    work.begin_attempt()

    assert work.earlier == [again]


def test_an_attempt_is_told_what_stands_what_failed_and_what_nobody_knows() -> None:
    text = tell(
        [
            kept(3),
            kept(4, "no money", is_error=True),
            kept(5, "", is_unknown=True),
            KeptReport(f"The child said X.\n\n{ANSWER_NOW}"),
        ]
    ).text

    assert 'pay {"to":"tea","usd":3} returned:\npaid' in text
    assert 'pay {"to":"tea","usd":4} failed:\nno money' in text
    assert f'pay {{"to":"tea","usd":5}} returned:\n{UNKNOWN_BEFORE}' in text
    assert "The child said X." in text
    assert ANSWER_NOW not in text


def test_what_an_attempt_is_told_has_a_bound_and_says_what_is_missing() -> None:
    long: list[Kept] = [kept(n, "x" * 20_000) for n in range(100)]

    text = tell(long).text

    assert len(text) < 26_000
    assert "(98 earlier ones are not shown.)" in text
    assert '"usd":99' in text


def test_nothing_is_told_if_nothing_was_done() -> None:
    assert tell([]) == ("", frozenset())


def test_what_is_not_told_whole_is_named_so_that_it_is_told_again() -> None:
    first, second, third = RunId("1"), RunId("2"), RunId("3")
    hidden = KeptReport("x" * 7_900, (first,))
    cut = KeptReport("y" * 11_000, (second,))
    whole = KeptReport("z", (third,))

    retold = tell([hidden, *[KeptReport("w" * 7_000)] * 3, cut, whole])

    assert retold.missing == {first, second}
